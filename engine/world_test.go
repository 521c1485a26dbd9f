package engine

import (
	"math"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
)

// smallCatalog has a cheap, a middling and a strong model of three makers, the strong one with a second home, one model
// that sees and hears, one that nobody knows anything about, and one each of those that auto must not choose.
const smallCatalog = `
providers:
  ash: {name: Ash, base_url: "https://ash.example/v1", key_env: [ASH_KEY], dialect: openai, auth: bearer}
  birch: {name: Birch, base_url: "https://birch.example/v1", key_env: [BIRCH_KEY], dialect: openai, auth: bearer}
  cedar: {name: Cedar, base_url: "https://cedar.example/v1", key_env: [CEDAR_KEY], dialect: openai, auth: bearer}
  relay: {name: Relay, base_url: "https://relay.example/v1", key_env: [RELAY_KEY], dialect: openai, auth: bearer}
models:
  ash/mini: {name: Mini, status: active, context: 32000, max_output: 8000, input: [text], output: [text], can: {tools: no, json: yes, schema: no}, ability: {overall: 0.45}}
  birch/mid: {name: Mid, aliases: [mid], status: active, context: 128000, max_output: 16000, input: [text, image], output: [text], can: {tools: yes, json: yes, schema: yes}, tool_accuracy: 0.7, ability: {overall: 0.65}}
  cedar/max: {name: Max, status: active, context: 200000, max_output: 32000, input: [text, image, pdf], output: [text], can: {tools: yes, json: yes, schema: yes, prefill: yes, logprobs: yes}, tool_accuracy: 0.9, reasoning: {efforts: [low, medium, high], default: medium, on: yes}, ability: {overall: 0.85}}
  birch/eye: {name: Eye, status: active, context: 64000, max_output: 8000, input: [text, image, audio, video], output: [text], can: {tools: yes, json: yes}, ability: {overall: 0.5}}
  cedar/old: {name: Old, status: retired, replaced_by: cedar/max, context: 8000, input: [text], output: [text]}
  cedar/next: {name: Next, status: preview, context: 200000, input: [text], output: [text], ability: {overall: 0.95}}
  ash/ghost: {name: Ghost, status: unlisted, context: 200000, input: [text], output: [text]}
deployments:
  ash/mini: {model: ash/mini, provider: ash, upstream: mini-1, prices: {input: 0.1, output: 0.4, cached_read: 0.02}}
  birch/mid: {model: birch/mid, provider: birch, upstream: mid-1, prices: {input: 1, output: 4, cached_read: 0.1}}
  birch/eye: {model: birch/eye, provider: birch, upstream: eye-1, prices: {input: 0.5, output: 2}}
  cedar/max: {model: cedar/max, provider: cedar, upstream: max-1, prices: {input: 5, output: 25, cached_read: 0.5}}
  relay/cedar-max: {model: cedar/max, provider: relay, upstream: cedar-max, prices: {input: 6, output: 30, cached_read: 0.6}}
  cedar/next: {model: cedar/next, provider: cedar, upstream: next-1, prices: {input: 5, output: 25}}
  cedar/old: {model: cedar/old, provider: cedar, upstream: old-1, prices: {input: 5, output: 25}}
  ash/ghost: {model: ash/ghost, provider: ash, upstream: ghost-1, prices: {input: 0.1, output: 0.1}}
`

func small(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := (&catalog.Catalog{}).Overlay("small.yaml", []byte(smallCatalog))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// setup is what a test decides with: a policy, the profiles, and which providers are connected.
type setup struct {
	catalog  *catalog.Catalog // nil = small
	policy   string
	profiles map[string]*access.Profile
	absent   string // a provider that is not connected
}

func (u setup) snapshot(t testing.TB) *Snapshot {
	t.Helper()
	s, err := u.try(t)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (u setup) try(t testing.TB) (*Snapshot, error) {
	t.Helper()
	if u.catalog == nil {
		u.catalog = small(t)
	}
	scope := policies.Scope{Catalog: u.catalog}
	for name, p := range u.profiles {
		p.Name = name
		scope.Profiles = append(scope.Profiles, name)
	}
	p, err := policies.Parse("test.yaml", []byte(u.policy), scope)
	if err != nil {
		t.Fatalf("policy: %v", err)
	}
	return NewSnapshot(Parts{
		Catalog: u.catalog, Policy: p, Profiles: u.profiles, Version: 1,
		Connected: func(provider string) bool { return provider != u.absent },
		Dialect:   func(string) string { return "openai" },
	})
}

// class is a classifier's answer.
func class(c label.Category, difficulty, confidence float32) *classifiers.Result {
	r := &classifiers.Result{Difficulty: difficulty, Confidence: confidence, CompletionTokens: float32(math.NaN()), Module: "test 1"}
	for i := range r.Category {
		r.Category[i] = .1 / (label.NumCategories - 1)
	}
	r.Category[c] = .9
	r.Domain[label.OtherDomain] = 1
	return r
}

var (
	noon  = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	easy  = class(label.ChatRoleplay, .02, .9)
	light = class(label.Coding, .35, .9)
	hard  = class(label.Math, .9, .9)
)

func read(t testing.TB, body string) *chat.Request {
	t.Helper()
	r, err := chat.Read([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask is a request with one user turn.
func says(model, text, more string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":"` + text + `"}]` + more + `}`
}

func decide(t testing.TB, s *Snapshot, body string, w World) (*Decision, error) {
	t.Helper()
	if w.Now.IsZero() {
		w.Now = noon
	}
	d := new(Decision)
	return d, Decide(s, read(t, body), &w, d)
}

// chain is the deployments of a chain, in order.
func chain(d *Decision) (ids []string) {
	for _, i := range d.Chain {
		ids = append(ids, d.Candidates[i].Deployment.ID)
	}
	return ids
}

func (d *Decision) of(id string) *Candidate {
	for i := range d.Candidates {
		if d.Candidates[i].Deployment.ID == id {
			return &d.Candidates[i]
		}
	}
	return nil
}

package ledger

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// sampler makes records such as a busy server writes.
type sampler struct {
	r      *rand.Rand
	at     time.Time
	step   time.Duration
	health *Health
	n      int
}

var (
	sampleModels     = []string{"anthropic/claude-haiku-4.5", "openai/gpt-5.4", "google/gemini-3.5-flash", "deepseek/v4-flash", "mistral/mistral-small-4", "anthropic/claude-opus-4.8"}
	sampleTiers      = []string{"NANO", "SIMPLE", "LIGHT", "STANDARD", "COMPLEX"}
	sampleCategories = []string{"coding", "math", "reasoning", "knowledge", "closed_qa", "data_analysis", "extract_classify", "summarization",
		"translation", "rewrite", "writing", "brainstorm_plan", "chat_roleplay", "tool_use"}
)

func newSampler(seed uint64, from time.Time, step time.Duration) *sampler {
	return &sampler{r: rand.New(rand.NewPCG(seed, 1)), at: from.UTC(), step: step}
}

func (s *sampler) provider(model string) string { p, _, _ := strings.Cut(model, "/"); return p }

func (s *sampler) word(n int) string {
	const letters = "0123456789abcdefghijklmnopqrstuv"
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[s.r.IntN(len(letters))]
	}
	return string(b)
}

// fill makes the next record.
func (s *sampler) fill(r *Record) *Record {
	if s.n%50 == 0 { // health changes now and then
		s.health = &Health{}
		for _, m := range sampleModels {
			s.health.Deployments = append(s.health.Deployments, DeploymentHealth{Deployment: m, FirstToken: float64(200+s.r.IntN(1000)) / 1000})
		}
		s.health.Deployments[1].State, s.health.Deployments[1].Until = "rate_limited", s.at.Add(12*time.Second)
	}
	s.n++
	s.at = s.at.Add(s.step)
	r.Request, r.Time, r.Dialect, r.Asked, r.Status, r.Outcome = "req_"+s.word(24), s.at, "chat", "auto", 200, "ok"
	r.Stream = s.r.IntN(2) == 0
	k := s.r.IntN(40)
	r.Who.Key, r.Who.Name, r.Who.Team = fmt.Sprintf("key_%08d", k), fmt.Sprintf("app-%d", k), fmt.Sprintf("team-%d", k%7)
	r.Who.Profile, r.Who.Tags = "default", append(r.Who.Tags, "prod")
	f := r.NeedFacts()
	f.N, f.Turns, f.Messages, f.PromptTokens, f.TextBytes, f.HasSystem = 1, 1+s.r.IntN(8), 2+s.r.IntN(16), s.r.IntN(4000), s.r.IntN(16000), true
	f.MaxTokens = 1024
	c := r.NeedClass()
	c.Module, c.Domain, c.Difficulty, c.Confidence, c.Completion = "routor-default 1", "computer_science", s.r.Float32(), s.r.Float32(), s.r.Float32()*800
	best, left := s.r.IntN(len(sampleCategories)), float32(1)
	for i, name := range sampleCategories {
		p := left * s.r.Float32() * .2
		if i == best {
			p = .5 + s.r.Float32()*.3
		}
		left = max(left-p, 0)
		if p >= 1./4096 {
			c.Category = append(c.Category, Share{name, float32(share(p)) / wholeShare})
		}
	}
	w := &r.World
	w.Seed, w.Health = s.r.Uint64(), s.health
	w.Conversation = Conversation{ID: s.word(22)}
	if s.r.IntN(3) == 0 {
		w.Conversation.Model, w.Conversation.Floor, w.Conversation.Cached, w.Conversation.Turns = sampleModels[0], .25, 800, 3
	}
	d := r.NeedDecision()
	d.Method, d.Profile, d.Policy, d.Category, d.Domain = "auto", "default", "default", sampleCategories[best], "computer_science"
	d.Difficulty = s.r.Float64()
	d.Tier = sampleTiers[int(d.Difficulty*5)]
	d.Completion, d.Worth, d.Baseline, d.Looked = 300, .01, Money(s.r.IntN(20_000_000)), 31
	first := s.r.IntN(len(sampleModels))
	for i := range 6 {
		m := sampleModels[(first+i)%len(sampleModels)]
		d.Chain = append(d.Chain, Candidate{Deployment: m, Model: m, Provider: s.provider(m), Quality: s.r.Float32(), Value: s.r.Float32(),
			Cost: Money(s.r.IntN(3_000_000)), Tokens: 300 + i, FirstToken: 400_000, SafetyNet: i == 5})
	}
	d.Fell = append(d.Fell, Fell{"status", "preview", 5}, Fell{"capability", "takes no images", 3}, Fell{"adequacy", "not adequate for the tier", 9})
	d.Rules = append(d.Rules, Rule{Name: "hard code wants tool accuracy", Matched: best == 0}, Rule{Name: "cheap at night"})
	last := 0
	if s.r.IntN(50) == 0 {
		c := &d.Chain[0]
		r.Attempts = append(r.Attempts, Attempt{Deployment: c.Deployment, Model: c.Model, Provider: c.Provider, Class: "overloaded", Status: 529, Took: 80_000})
		r.Fallback, last = true, 1
	}
	won := &d.Chain[last]
	r.Model, r.Provider = won.Model, won.Provider
	r.Tokens = Tokens{Prompt: int64(f.PromptTokens), Completion: int64(s.r.IntN(900))}
	r.Cost, r.Priced, r.Baseline = Money(s.r.IntN(3_000_000)), true, Money(s.r.IntN(30_000_000))
	r.Took = Micros(200_000 + s.r.IntN(5_000_000))
	r.Attempts = append(r.Attempts, Attempt{Deployment: won.Deployment, Model: won.Model, Provider: won.Provider, Status: 200, Took: r.Took / 3, Sent: true,
		Tokens: r.Tokens, Cost: r.Cost, Source: "usage"})
	r.Reading, r.Classifying, r.Deciding = Micros(3+s.r.IntN(5)), Micros(20+s.r.IntN(30)), Micros(5+s.r.IntN(10))
	if r.Stream {
		r.FirstToken = r.Took / 3
	}
	r.Versions = Versions{Snapshot: 12, Policy: "9f8e7d6c5b4a3928", Catalog: "2026-10", Classifier: "routor-default 1", Profiles: "1122aabb"}
	r.Prompt = Prompt{Keep: KeepFeatures, Hash: s.word(16)}
	return r
}

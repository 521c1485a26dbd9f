package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
)

// cheap sends everything to one model, by a rule.
const cheap = "name: cheap\\nrules:\\n  - {name: all the same, when: 'true', use: [google/gemini-3.1-flash-lite]}\\n"

func (r *running) rollout(method, path, body string) map[string]any {
	r.t.Helper()
	got := r.do(method, "/admin/rollout"+path, body, asAdmin)
	if got.status != 200 {
		r.t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	return got.fields(r.t)
}

// asks sends n requests of conversations of their own and gives how many were answered.
func (r *running) asks(from, n int) (answered int) {
	for i := range n {
		if r.do("POST", "/v1/chat/completions", ask(fmt.Sprintf("Say the number %d.", from+i))).status == 200 {
			answered++
		}
	}
	return answered
}

func arm(t *testing.T, card map[string]any, name string) map[string]any {
	t.Helper()
	a, _ := card["current"].(map[string]any)[name].(map[string]any)
	if a == nil {
		t.Fatalf("no figures of %s: %v", name, card["current"])
	}
	return a
}

// TestRollout takes a policy through all stages.
func TestRollout(t *testing.T) {
	r, _, flush := recorded(t, setup{})
	if card := r.rollout("GET", "", ""); card["stage"] != StageNone {
		t.Fatalf("%v", card)
	}
	card := r.rollout("POST", "", `{"stage":"shadow","source":"`+cheap+`","note":"cheaper?"}`)
	if card["stage"] != StageShadow || card["share"] != 1. || card["by"] != "conversation" || card["note"] != "cheaper?" {
		t.Fatalf("%v", card)
	}
	change := card["change"]
	if n := r.asks(0, 5); n != 5 {
		t.Fatalf("%d of 5 were answered", n)
	}
	flush()
	shadow := arm(t, r.rollout("GET", "", ""), ledger.ArmShadow)
	if expected, _ := shadow["expected"].(map[string]any); shadow["requests"] != 5. || expected["requests"] != 5. {
		t.Errorf("the shadow: %v", shadow)
	}
	for _, d := range r.do("GET", "/admin/decisions?full=true", "", asAdmin).fields(t)["decisions"].([]any) {
		if d := d.(map[string]any); d["decision"].(map[string]any)["policy"] == "cheap" || d["trial"].(map[string]any)["model"] != "google/gemini-3.1-flash-lite" {
			t.Errorf("a shadow decides, or does not say what it would: %v", d)
		}
	}
	if got := r.do("POST", "/admin/rollout/promote", `{"version":7}`, asAdmin); got.status != http.StatusConflict {
		t.Errorf("a promotion of another version: %d %s", got.status, got.body)
	}
	card = r.rollout("POST", "/promote", `{"share":0.5,"bounds":{"errors":"+5%"}}`)
	if card["stage"] != StageCanary || card["share"] != .5 || card["change"] != change {
		t.Fatalf("%v", card)
	}
	r.asks(100, 40)
	flush()
	card = r.rollout("GET", "", "")
	canary, control := arm(t, card, ledger.ArmCanary), arm(t, card, ledger.ArmControl)
	if n := canary["requests"].(float64); n < 5 || n > 35 || n+control["requests"].(float64) != 40 {
		t.Errorf("of 40 requests, half: canary %v, control %v", canary, control)
	}
	if canary["cost"].(float64) <= 0 || card["judgment"] != nil {
		t.Errorf("%v", card)
	}
	done := r.rollout("POST", "/promote", `{"note":"it holds"}`)
	if done["version"] != 1. {
		t.Fatalf("%v", done)
	}
	if card := r.rollout("GET", "", ""); card["stage"] != StageNone || card["why"] != "live as version 1 of the policy" || len(card["history"].([]any)) != 3 {
		t.Errorf("%v", card)
	}
	if got := r.do("GET", "/admin/policy", "", asAdmin).fields(t); got["name"] != "cheap" {
		t.Errorf("%v serves", got["name"])
	}
	if r.Engine.Trial() != nil {
		t.Error("it is still being tried")
	}
	if got := r.do("DELETE", "/admin/rollout", "", asAdmin); got.status != 404 {
		t.Errorf("nothing is stopped: %d", got.status)
	}
}

// TestCanaryIsSentBack has a canary send everything to a provider that fails.
func TestCanaryIsSentBack(t *testing.T) {
	r, _, flush := recorded(t, setup{limits: engine.Limits{Wait: -1}})
	if got := r.do("PUT", "/admin/demo/faults/openai", `{"error":"server","rate":1}`, asAdmin); got.status != 200 {
		t.Fatalf("%s", got.body)
	}
	source := "name: bad\\nrules: [{name: one alone, when: 'true', only: 'provider == \\\"openai\\\"'}]\\n"
	r.rollout("POST", "", `{"stage":"canary","share":0.5,"source":"`+source+`","bounds":{"errors":"+5%","cost":"+1000%"}}`)
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() { r.asks(100*k, 12) })
	}
	wg.Wait()
	flush()
	_ = r.judgeRollout(t.Context()) // the server does it by itself, every two seconds
	until(t, "the canary is sent back", func() bool { return r.rollout("GET", "", "")["stage"] == StageNone })
	card := r.rollout("GET", "", "")
	if why, _ := card["why"].(string); !strings.HasPrefix(why, "sent back: ") || card["author"] != "routor" || r.Engine.Trial() != nil {
		t.Errorf("%v", card)
	}
}

// TestRolloutOfAModule tries a classifier, and stops.
func TestRolloutOfAModule(t *testing.T) {
	r, _, flush := recorded(t, setup{})
	wasm := opinion(t, "coder", label.Coding, 0.3)
	if got := r.do("POST", "/admin/documents/policy", `{"source":"name: without tests"}`, asAdmin); got.status != 200 {
		t.Fatalf("%s", got.body)
	}
	got := r.do("POST", "/admin/rollout?stage=shadow&note=smaller", string(wasm), asAdmin, "Content-Type: application/wasm")
	if card := got.fields(t); got.status != 200 || card["kind"] != "classifier" || card["module"] == nil {
		t.Fatalf("%d %s", got.status, got.body)
	}
	r.asks(0, 3)
	flush()
	if shadow := arm(t, r.rollout("GET", "", ""), ledger.ArmShadow); shadow["requests"] != 3. {
		t.Errorf("%v", shadow)
	}
	// What serves changes under it: it is tried on top of that.
	if got := r.do("POST", "/admin/documents/policy", `{"source":"`+cheap+`"}`, asAdmin); got.status != 200 {
		t.Fatalf("%s", got.body)
	}
	if trial := r.Engine.Trial(); trial == nil || trial.Snapshot.Policy.Name != "cheap" {
		t.Errorf("it is not tried on what serves: %+v", trial)
	}
	if card := r.rollout("DELETE", "?note=enough", ""); card["stage"] != StageNone || card["why"] != "stopped: enough" {
		t.Errorf("%v", card)
	}
}

func TestRolloutRefuses(t *testing.T) {
	r := serve(t, setup{})
	for body, want := range map[string]string{
		`{"stage":"canary"}`: "source: missing", `{"stage":"half","source":"name: x"}`: `stage: "half" is none of`, `{"stage":"shadow","source":"name: x","share":2}`: "share: 2 is not",
		`{"stage":"shadow","source":"name: x","by":"team"}`: `by: "team"`, `{"stage":"shadow","source":"nme: x"}`: "nme", `{"stage":"shadow","kind":"catalog","source":"x"}`: `kind: "catalog"`,
		`{"stage":"canary","source":"name: x","bounds":{"cost":"5"}}`: `bounds.cost: "5" is no bound`, `{"stage":"canary","source":"name: x","share":1,"bounds":{"errors":"+1%"}}`: "at most 0.9",
		`{"stage":"canary","source":"name: x","bounds":{"errors":"+1%"}}`: "ledger",
	} {
		if got := r.do("POST", "/admin/rollout", body, asAdmin); got.status/100 == 2 || !strings.Contains(string(got.body), strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s: %d %s, want %s", body, got.status, got.body, want)
		}
	}
	if got := r.do("POST", "/admin/rollout", `{"stage":"shadow","source":"name: x","dry_run":true}`, asAdmin); got.status != 200 || r.Engine.Trial() != nil {
		t.Errorf("a dry run: %d %s", got.status, got.body)
	}
	if got := r.do("POST", "/admin/rollout/promote", "", asAdmin); got.status != 404 {
		t.Errorf("nothing is promoted: %d", got.status)
	}
}

// TestTrialThatNoLongerChecks is tried no longer when what it needs goes away, and says so.
func TestTrialThatNoLongerChecks(t *testing.T) {
	r := serve(t, setup{})
	publish := func(source string) {
		t.Helper()
		if got := r.do("POST", "/admin/documents/profiles", `{"source":"`+source+`"}`, asAdmin); got.status != 200 {
			t.Fatalf("%s", got.body)
		}
	}
	publish("web: {}\\n")
	r.rollout("POST", "", `{"stage":"shadow","source":"name: x\nrules: [{name: a, when: 'key.profile == \"web\"', floor: LIGHT}]\n"}`)
	publish("app: {}\\n")
	if problem, _ := r.rollout("GET", "", "")["problem"].(string); !strings.Contains(problem, "web") || r.Engine.Trial() != nil {
		t.Errorf("problem %q, trial %v", problem, r.Engine.Trial())
	}
	publish("web: {}\\n")
	if card := r.rollout("GET", "", ""); card["problem"] != nil || r.Engine.Trial() == nil {
		t.Errorf("it is not taken up again: %v", card)
	}
}

func TestJudge(t *testing.T) {
	usd := func(n, failed int64, each float64) *ledger.Arm {
		return &ledger.Arm{Requests: n, Failed: failed, Cost: ledger.Money(float64(n) * each * 1e9), Squares: float64(n) * each * each * 2}
	}
	for name, x := range map[string]struct {
		bounds          Bounds
		canary, control *ledger.Arm
		back            bool
	}{
		"nothing heard":          {Bounds{Errors: "+1%"}, nil, usd(100, 0, 1), false},
		"too few":                {Bounds{Errors: "+1%"}, usd(10, 10, 1), usd(100, 0, 1), false},
		"by chance":              {Bounds{Errors: "+1%"}, usd(100, 2, 1), usd(100, 0, 1), false},
		"plainly":                {Bounds{Errors: "+1%"}, usd(100, 12, 1), usd(1000, 2, 1), true},
		"no worse than others":   {Bounds{Errors: "+1%"}, usd(100, 50, 1), usd(100, 50, 1), false},
		"unbounded":              {Bounds{}, usd(100, 100, 9), usd(100, 0, 1), false},
		"dearer, but a few":      {Bounds{Cost: "+10%"}, usd(60, 0, 1.2), usd(60, 0, 1), false},
		"dearer":                 {Bounds{Cost: "+10%"}, usd(5000, 0, 1.2), usd(5000, 0, 1), true},
		"within":                 {Bounds{Cost: "+25%"}, usd(5000, 0, 1.2), usd(5000, 0, 1), false},
		"cheaper is never wrong": {Bounds{Cost: "+0%", Errors: "+0%"}, usd(5000, 0, .5), usd(5000, 0, 1), false},
	} {
		if why := x.bounds.judge(x.canary, x.control); (why != "") != x.back {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func FuzzRollout(f *testing.F) {
	f.Add([]byte("kind: policy\nstage: canary\nshare: 0.05\nby: key\nbounds: {cost: +5%}\nsource: |\n  name: x\n"))
	f.Add([]byte("stage: none\nwhy: stopped\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := parseRollout(src)
		if err != nil {
			return
		}
		if again, err := parseRollout(r.encode()); err != nil || again.Kind != r.Kind || again.Source != r.Source || again.Share != r.Share && r.Share == r.Share {
			t.Errorf("%+v comes back as %+v, %v", r, again, err)
		}
	})
}

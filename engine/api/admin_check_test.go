package api

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/policies"
)

// post sends a value to the admin API and decodes its answer.
func (r *running) post(path string, body, into any) answer {
	r.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := r.do("POST", path, string(b), asAdmin)
	if into != nil {
		if err := json.Unmarshal(a.body, into); err != nil {
			r.t.Fatalf("%s: %v\n%s", path, err, a.body)
		}
	}
	return a
}

func TestCheckPolicy(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	var good policyCheck
	r.post("/admin/check/policy", map[string]any{"source": string(policies.Default())}, &good)
	if !good.OK || len(good.Problems) != 0 || len(good.Rules) == 0 || len(good.Tests) == 0 || len(good.Tests[0].Items) == 0 {
		t.Errorf("the default policy: %+v", good)
	}
	var wrong policyCheck
	r.post("/admin/check/policy", map[string]any{"source": "rules:\n  - name: code\n    when: category == \"codng\"\n    flor: LIGHT\n"}, &wrong)
	if wrong.OK || len(wrong.Problems) < 2 {
		t.Fatalf("%+v", wrong)
	}
	p := wrong.Problems[0]
	if p.Line != 3 || p.Column != 23 || p.EndColumn != 30 || p.Replace != `"coding"` || p.Severity != "error" || !strings.Contains(p.Mend, "did you mean") {
		t.Errorf("%+v", p)
	}
	var failing policyCheck
	r.post("/admin/check/policy", map[string]any{"source": "rules:\n  - {name: a, floor: NANO, stop: true}\n  - {name: b, floor: LIGHT}\ntests:\n  - {name: hard, prompt: hi, expect: [tier == COMPLEX]}\n"}, &failing)
	if failing.OK || len(failing.Problems) != 1 || failing.Problems[0].Severity != "warning" || len(failing.Tests) != 1 || failing.Tests[0].Pass ||
		failing.Tests[0].Line != 5 || failing.Tests[0].Items[0].Actual != "tier = NANO" || failing.Rules[1].Line != 3 {
		t.Errorf("%+v", failing)
	}
	if a := r.post("/admin/check/policy", map[string]any{}, nil); a.status != 400 {
		t.Errorf("no source: %d %s", a.status, a.body)
	}
	if a := r.do("GET", "/admin/policy", "", asAdmin); !strings.Contains(string(a.body), "\"default\"") {
		t.Error("a check has published something")
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{profiles: map[string]*access.Profile{"web": {Name: "web"}}})
	var g policies.Guide
	if err := json.Unmarshal(r.do("GET", "/admin/environment", "", asAdmin).body, &g); err != nil {
		t.Fatal(err)
	}
	for _, v := range g.Variables {
		if v.Name == "key.profile" && strings.Join(v.Values, " ") != "default web" {
			t.Errorf("profiles: %v", v.Values)
		}
	}
	if len(g.Variables) < 50 || len(g.Functions) < 20 || len(g.Keys) < 10 || len(g.Top) < 5 {
		t.Errorf("%d variables, %d functions, %d keys, %d top", len(g.Variables), len(g.Functions), len(g.Keys), len(g.Top))
	}
}

type explained struct {
	Model      string
	Tier       string
	Categories []categoryShare
	ClassifyUS float64 `json:"classify_us"`
	DecideUS   float64 `json:"decide_us"`
	Rules      []struct {
		Rule, Did string
		Line      int
	}
	Candidates []struct{ Provider, Out, By string }
	Refused    *struct{ Code, Rule, Message string }
	Story      struct {
		Record   map[string]any
		Decision map[string]any
		Model    string
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{profiles: map[string]*access.Profile{"web": {Name: "web"}}})
	r.do("POST", "/admin/keys", `{"name":"app"}`, asAdmin)
	request := json.RawMessage(ask("Write a function that sorts a list of dates in Go."))
	var e explained
	r.post("/admin/explain", map[string]any{"request": request}, &e)
	if e.Model == "" || len(e.Categories) != 3 || e.Categories[0].Label != "coding" || e.ClassifyUS <= 0 || e.DecideUS <= 0 || e.Story.Record == nil ||
		e.Story.Decision == nil || e.Story.Model != e.Model || len(e.Rules) == 0 || e.Rules[0].Line == 0 {
		t.Errorf("%+v", e)
	}
	provider, _, _ := strings.Cut(e.Model, "/")
	var down explained
	r.post("/admin/explain", map[string]any{"request": request, "down": []string{provider}}, &down)
	if down.Model == e.Model {
		t.Errorf("%s is used although %s is down", down.Model, provider)
	}
	var best explained
	r.post("/admin/explain", map[string]any{"request": request, "balance": 1, "key": "app", "profile": "web"}, &best)
	if best.Model == e.Model || best.Story.Record["who"].(map[string]any)["name"] != "app" {
		t.Errorf("balance 1: %+v", best)
	}
	var denied explained
	a := r.post("/admin/explain", map[string]any{"request": request, "source": "rules:\n  - {name: no, when: category == coding, deny: not here}\n  - {name: later, floor: LIGHT}\n"}, &denied)
	if a.status != 200 || denied.Refused == nil || denied.Refused.Code != "denied_by_policy" || denied.Refused.Rule != "no" || denied.Rules[0].Did != "fired" || denied.Rules[0].Line != 2 {
		t.Errorf("%s", a.body)
	}
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		want   string
	}{
		"a policy that does not check": {map[string]any{"request": request, "source": "rules:\n  - flor: LIGHT\n"}, 422, `"replace":"floor"`},
		"no request":                   {map[string]any{}, 400, "request: missing"},
		"a request that is none":       {map[string]any{"request": map[string]any{"messages": 1}}, 400, "messages"},
		"an unknown key":               {map[string]any{"request": request, "key": "nobody"}, 400, "no key"},
		"an unknown profile":           {map[string]any{"request": request, "profile": "nobody"}, 400, "default, web"},
		"an unknown provider":          {map[string]any{"request": request, "down": []string{"nobody"}}, 400, "no provider"},
		"too much balance":             {map[string]any{"request": request, "balance": 2}, 400, "from 0 to 1"},
	} {
		if a := r.post("/admin/explain", c.body, nil); a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

package policies

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	p := must(t, `
rules:
  - {name: a, floor: LIGHT, ceiling: COMPLEX}
  - {name: b, floor: STANDARD, ceiling: STANDARD}
  - {name: c, floor: SIMPLE, ceiling: COMPLEX}
  - {name: first, use: [claude-sonnet-4.6, "openai/*", openrouter/openai/gpt-5.4]}
  - {name: second, use: moonshot/kimi-k2.6}
  - {name: third, split: {moonshot/kimi-k2.6: 100%}}
  - {name: shadows, shadow: [openai/gpt-5.5]}
  - {name: not, when: turns > 99, deny: never said}
  - {name: last, when: turns > 1, shadow: [openai/gpt-5.5, openai/gpt-5.4], stop: true}
  - {name: unseen, deny: never said}
`)
	m, _, _ := decide(p, sample())
	if want := (Bound{Set: true, Tier: label.Standard, Rule: 1}); m.Floor != want || m.Ceiling != want || m.Conflict {
		t.Errorf("floor %+v, ceiling %+v", m.Floor, m.Ceiling)
	}
	if want := "anthropic/claude-sonnet-4.6 openai/gpt-5.5 openai/gpt-5.4 openrouter/openai/gpt-5.4"; strings.Join(m.Use, " ") != want || m.UseRule != 3 {
		t.Errorf("use %v by %d, want %s", m.Use, m.UseRule, want)
	}
	if m.Split != "" || m.SplitRule != -1 || m.Deny != "" || m.DenyRule != -1 {
		t.Errorf("split %q by %d, deny %q by %d", m.Split, m.SplitRule, m.Deny, m.DenyRule)
	}
	if want := []string{"openai/gpt-5.5", "openai/gpt-5.4"}; !reflect.DeepEqual(m.Shadow, want) {
		t.Errorf("shadow %v", m.Shadow)
	}
	var skipped []string
	for _, trace := range m.Rules {
		skipped = append(skipped, trace.Skipped)
	}
	want := []string{"", "", "", "", `overridden by rule 4 "first"`, `overridden by rule 4 "first"`, "", "", "", `stopped by rule 9 "last"`}
	if !reflect.DeepEqual(skipped, want) {
		t.Errorf("skipped %q", skipped)
	}
	if m.Rules[7].Matched || !m.Rules[8].Matched || m.Rules[9].Matched {
		t.Errorf("matched: %+v", m.Rules)
	}
}

func TestOnlyIntersectsPreferAdds(t *testing.T) {
	t.Parallel()
	p := must(t, `
rules:
  - {name: a, only: 'model.maker in [openai, anthropic]'}
  - {name: b, only: home, prefer: 'model.maker == anthropic ? 0.3 : 0.1', avoid: 'cost > 0.004 ? 0.05 : 0'}
  - {name: c, never: model.status == retired, prefer: '0.1'}
`)
	m, verdicts, left := decide(p, sample())
	if got := strings.Join(left, " "); got != "openai/gpt-5.4 openai/gpt-5.5 anthropic/claude-opus-4.8 anthropic/claude-sonnet-4.6" || m.Left != 4 || m.Emptied != -1 {
		t.Errorf("left %q: %d, emptied by %d", got, m.Left, m.Emptied)
	}
	sonnet := verdicts[5]
	if math.Abs(sonnet.Bonus-0.35) > 1e-9 || !reflect.DeepEqual(sonnet.Reasons, []Reason{{Rule: 1, Points: 0.3}, {Rule: 1, Points: -0.05}, {Rule: 2, Points: 0.1}}) {
		t.Errorf("sonnet: %+v", sonnet)
	}
	for i, rule := range map[int]int{1: 1, 7: 0, 9: 2} { // openrouter, mistral, the retired one
		if v := verdicts[i]; !v.Out || v.Rule != rule || v.Error != "" {
			t.Errorf("candidate %d: %+v, want out by rule %d", i, v, rule)
		}
	}
}

func TestFloorAboveCeiling(t *testing.T) {
	t.Parallel()
	p := must(t, `rules: [{name: f, floor: COMPLEX}, {name: c, ceiling: LIGHT}]`)
	m, _, _ := decide(p, sample())
	if !m.Conflict || m.Rules[0].Skipped == "" {
		t.Errorf("%+v", m)
	}
	for _, difficulty := range []float64{0, 0.3, 1} {
		got := p.TierOf(p.Clamp(difficulty, m.Floor, m.Ceiling))
		if want := label.Light; got != want {
			t.Errorf("%v: %s, want %s", difficulty, got, want)
		}
	}
}

func TestTiersAndClamp(t *testing.T) {
	t.Parallel()
	p := must(t, `tiers: {nano: 0.1, simple: 0.2, light: 0.5, standard: 0.8}`)
	for d, want := range map[float64]label.Tier{0: 0, 0.1: 0, 0.11: 1, 0.5: 2, 0.8: 3, 0.81: 4, 1: 4} {
		if got := p.TierOf(d); got != want {
			t.Errorf("TierOf(%v) = %s, want %s", d, got, want)
		}
	}
	for floor := label.Nano; floor <= label.Complex; floor++ {
		for ceiling := floor; ceiling <= label.Complex; ceiling++ {
			for d := 0.0; d <= 1; d += 0.01 {
				c := p.Clamp(d, Bound{Set: true, Tier: floor}, Bound{Set: true, Tier: ceiling})
				if c != d {
					c = float64(float32(c)) // as a record may keep it
				}
				if got := p.TierOf(c); got < floor || got > ceiling {
					t.Errorf("%v in %s..%s: %v is %s", d, floor, ceiling, c, got)
				}
				if tier := p.TierOf(d); tier >= floor && tier <= ceiling && c != d {
					t.Errorf("%v was in %s..%s and became %v", d, floor, ceiling, c)
				}
			}
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	p := must(t, `
rules:
  - {name: canary, split: {moonshot/kimi-k2.6: 5%, openai/gpt-5.5: 10.5%}}
  - {name: other, split: {mistral/mistral-large-3: 50%}}
`)
	counts := map[string]int{}
	var m, again Matched
	const n = 20_000
	for seed := range uint64(n) {
		r := sample()
		r.Seed = seed
		p.Match(r, &m)
		p.Match(r, &again)
		if m.Split != again.Split {
			t.Fatalf("seed %d: %q, then %q", seed, m.Split, again.Split)
		}
		counts[m.Split]++
		if m.Split == "moonshot/kimi-k2.6" && (m.SplitRule != 0 || m.Rules[1].Skipped == "") {
			t.Fatalf("%+v", m)
		}
	}
	for model, want := range map[string]float64{"moonshot/kimi-k2.6": 0.05, "openai/gpt-5.5": 0.105, "mistral/mistral-large-3": 0.845 / 2, "": 0.845 / 2} {
		if got := float64(counts[model]) / n; math.Abs(got-want) > 0.01 {
			t.Errorf("%q got %.3f of the traffic, want %.3f", model, got, want)
		}
	}
}

func TestDeny(t *testing.T) {
	t.Parallel()
	p := must(t, `rules: [{name: a, when: turns > 1, deny: no more}, {name: b, deny: not said}]`)
	m, _, _ := decide(p, sample())
	if m.Deny != "no more" || m.DenyRule != 0 {
		t.Errorf("%+v", m)
	}
}

// broken are expressions that compile and can't be evaluated for the sample request: an index that is not there, a
// division by zero.
var broken = map[string]string{
	`key.tags[9] == "x"`:        "index out of range",
	`1 / images > 1`:            "division by zero",
	`images / files > 1`:        "division by zero", // not a number: would compare false
	`turns % images == 0`:       "divide by zero",
	`split(text, "x")[3] == ""`: "index out of range",
}

func TestHardRulesFailClosed(t *testing.T) {
	t.Parallel()
	for x, message := range broken {
		for _, c := range []struct{ part, rest string }{
			{"when", "only: provider == mistral"}, {"when", "never: provider != mistral"},
		} {
			p := must(t, fmt.Sprintf("rules: [{name: eu, %s: %s, %s, prefer: '0.5', stop: true}, {name: next, never: home == false}]", c.part, inQuotes(x), c.rest))
			m, verdicts, left := decide(p, sample())
			if len(left) != 1 || left[0] != "mistral/mistral-large-3" || !m.Rules[0].Matched || !strings.Contains(m.Rules[0].Error, message) || m.Errors != 1 {
				t.Errorf("%s: left %v, %+v", x, left, m.Rules[0])
			}
			if verdicts[7].Bonus != 0 || !m.Rules[1].Matched {
				t.Errorf("%s: the soft parts of a rule that could not be evaluated acted: %+v %+v", x, verdicts[7], m.Rules)
			}
		}
		for _, part := range []string{"only", "never"} {
			for _, suffix := range []string{"", " and provider == mistral"} { // of the request alone, and of the candidate too
				m, verdicts, left := decide(must(t, fmt.Sprintf("rules: [{name: eu, %s: %s}]", part, inQuotes(x+suffix))), sample())
				if len(left) != 0 || m.Emptied != 0 || !strings.Contains(verdicts[0].Error, message) || m.Errors == 0 {
					t.Errorf("%s: %s: left %v, %+v, %+v", part, x, left, m.Rules, verdicts[0])
				}
			}
		}
		p := must(t, fmt.Sprintf("rules: [{name: d, when: %s, deny: no}, {name: c, when: %[1]s, ceiling: LIGHT, floor: LIGHT}]", inQuotes(x)))
		if m, _, _ := decide(p, sample()); m.Deny != "no" || !m.Ceiling.Set || m.Floor.Set {
			t.Errorf("%s: %+v", x, m)
		}
	}
}

func TestSoftRulesSkip(t *testing.T) {
	t.Parallel()
	for x, message := range broken {
		p := must(t, fmt.Sprintf(`
rules:
  - {name: a, when: %s, use: [openai/gpt-5.5], floor: COMPLEX, shadow: openai/gpt-5.5, prefer: '0.5', stop: true}
  - {name: b, prefer: %s, avoid: '0.25'}
  - {name: c, use: [openai/gpt-5.4]}
`, inQuotes(x), inQuotes(x+" ? 1 : 0")))
		m, verdicts, left := decide(p, sample())
		if m.Rules[0].Matched || !strings.Contains(m.Rules[0].Error, message) || m.Rules[0].Skipped == "" || m.Floor.Set || len(m.Shadow) > 0 {
			t.Errorf("%s: %+v", x, m.Rules[0])
		}
		if len(left) != len(verdicts) || verdicts[0].Bonus != -0.25 || verdicts[0].Reasons[0].Error == "" || !strings.Contains(m.Rules[1].Error, message) {
			t.Errorf("%s: left %v, %+v, %+v", x, left, verdicts[0], m.Rules[1])
		}
		if m.Errors != 1+len(verdicts) || m.UseRule != 2 {
			t.Errorf("%s: %d errors, use by rule %d", x, m.Errors, m.UseRule)
		}
	}
}

func TestMemoryBudget(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Text = strings.Repeat("a ", 50_000)
	p := must(t, `rules: [{name: big, never: 'len(map(split(text, " "), lower(#))) < 3'}]`)
	_, verdicts, left := decide(p, r)
	if len(left) != 0 || !strings.Contains(verdicts[0].Error, "memory budget") {
		t.Errorf("left %v, %+v", left, verdicts[0])
	}
}

func TestUnknownFigures(t *testing.T) {
	t.Parallel()
	p := must(t, `
rules:
  - {name: cheap, only: 'cost != 5'}
  - {name: good, never: 'quality == 5'}
  - {name: liked, prefer: 'cost < 1 ? 0.5 : 0'}
`)
	cands := candidates(p)
	cands[0].Cost, cands[1].Quality = math.NaN(), math.NaN()
	var m Matched
	out := make([]Verdict, len(cands))
	p.Match(sample(), &m)
	p.Weigh(sample(), &m, cands, out)
	if !out[0].Out || out[0].Error != "cost is unknown" || !out[1].Out || out[1].Error != "quality is unknown" || out[2].Out {
		t.Errorf("%+v", out[:3])
	}
	p = must(t, `rules: [{name: cheap, only: '(cost ?? 9) < 5 and (known(quality) ? quality > 0.1 : true)'}]`)
	p.Match(sample(), &m)
	p.Weigh(sample(), &m, candidates(p), out)
	if out[1].Out {
		t.Errorf("%+v", out[1])
	}
}

func TestSoftYields(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rules, left, emptied string }{
		{`[{name: s, only: region == eu, soft: true}, {name: h, never: provider == mistral}]`, "9", ""},
		{`[{name: s, only: region == eu, soft: true}]`, "1", ""},
		{`[{name: s, only: cost < 0, soft: true}, {name: t, only: region == eu, soft: true}]`, "1", ""},
		{`[{name: s, never: 'key.tags[7] == "x"', soft: true}]`, "10", ""},
		{`[{name: a, only: region == eu}, {name: b, never: region == eu}]`, "0", "b"},
		{`[{name: a, only: region == eu}, {name: s, only: cost < 0, soft: true}, {name: b, never: turns > 1}]`, "0", "b"},
	} {
		p := must(t, "rules: "+c.rules)
		m, _, left := decide(p, sample())
		if fmt.Sprint(len(left)) != c.left || m.Left != len(left) {
			t.Errorf("%s: left %v", c.rules, left)
		}
		if c.emptied != "" && (m.Emptied < 0 || p.Rules[m.Emptied].Name != c.emptied) || c.emptied == "" && m.Emptied != -1 {
			t.Errorf("%s: emptied by %d, want %q", c.rules, m.Emptied, c.emptied)
		}
	}
	m, _, _ := decide(must(t, `rules: [{name: s, only: cost < 0, soft: true}]`), sample())
	if m.Rules[0].Skipped != "yields: it would leave nothing" {
		t.Errorf("%+v", m.Rules[0])
	}
}

// A deployment that the policy was not compiled against has no folded values. It must not borrow another's.
func TestForeignDeploymentFallsOut(t *testing.T) {
	t.Parallel()
	p := must(t, `rules: [{name: eu, only: provider == openai}, {name: not, never: provider == mistral}]`)
	model := &catalog.Model{ID: "mistral/new"}
	var m Matched
	p.Match(sample(), &m)
	for _, index := range []int{0, 99, -1} {
		out := make([]Verdict, 2)
		p.Weigh(sample(), &m, []Candidate{{Deployment: &catalog.Deployment{Model: model, Provider: "mistral", Index: index}}, {}}, out)
		if !out[0].Out || !out[1].Out || !strings.Contains(out[0].Error, "not in the policy's catalog") {
			t.Errorf("%+v", out)
		}
	}
}

func TestTimezone(t *testing.T) {
	t.Parallel()
	for zone, want := range map[string]bool{"": true, "timezone: Asia/Tokyo": false} {
		p := must(t, zone+"\nrules: [{name: night, when: now.hour == 3 and now.day == 24, floor: NANO}]")
		if m, _, _ := decide(p, sample()); m.Rules[0].Matched != want {
			t.Errorf("%q: %+v", zone, m.Rules[0])
		}
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	p := must(t, `rules: [{when: label.intent == billing, floor: LIGHT}]`)
	if !reflect.DeepEqual(p.HeadsNeeded, []string{"intent"}) {
		t.Errorf("heads %v", p.HeadsNeeded)
	}
	r := sample()
	for _, labels := range []map[string]string{nil, {}, {"intent": ""}, {"other": "billing"}} {
		r.Labels = labels
		if m, _, _ := decide(p, r); m.Rules[0].Matched || m.Rules[0].Error != "" {
			t.Errorf("%v: %+v", labels, m.Rules[0])
		}
	}
	scope := testScope()
	scope.Heads, scope.Profiles = nil, nil
	p, err := Parse("x", []byte(`rules: [{when: 'label.anything in ["goes", here] && key.profile == whatever && key.profile != asked', floor: LIGHT}]`), scope)
	if err != nil || !reflect.DeepEqual(p.HeadsNeeded, []string{"anything"}) {
		t.Errorf("%v %v", p, err)
	}
}

func TestRuleNames(t *testing.T) {
	t.Parallel()
	p := must(t, `rules: [{floor: LIGHT}, {name: b, floor: LIGHT}]`)
	if p.Rules[0].Name != "rule 1" || p.Rules[0].Label() != "rule 1" || p.Rules[1].Label() != `rule 2 "b"` {
		t.Errorf("%+v", p.Rules)
	}
}

func TestInAnotherScope(t *testing.T) {
	t.Parallel()
	p := must(t, `rules: [{only: provider == mistral}]`)
	p.Balance = 0.9
	scope := testScope()
	again, err := p.In(scope)
	if err != nil || again.Balance != 0.9 || again.deployments[0] != scope.Catalog.Deployments[0] || again.File != p.File {
		t.Errorf("%+v %v", again, err)
	}
	scope.Catalog = &catalog.Catalog{}
	if _, err := p.In(scope); err == nil || !strings.Contains(err.Error(), "there are no providers here") {
		t.Errorf("%v", err)
	}
}

// One policy serves many requests at once, and none sees another's values.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	p := must(t, `
rules:
  - {name: eu, when: 'text == "secret" && turns > 1', only: provider == mistral && tier >= LIGHT}
  - {name: other, when: 'text != "secret"', never: provider == mistral || cost > 9}
`)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			r := sample()
			want := len(p.deployments) - 1
			if i%2 == 0 {
				r.Text, want = "secret", 1
			}
			for range 200 {
				if _, _, left := decide(p, r); len(left) != want {
					t.Errorf("left %v, want %d", left, want)
					return
				}
			}
		})
	}
	group.Wait()
}

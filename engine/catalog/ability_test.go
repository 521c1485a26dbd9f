package catalog

import (
	"math"
	"strings"
	"testing"

	"github.com/routor/routor/engine/label"
)

func TestAbilitiesAreProbabilitiesInOrder(t *testing.T) {
	t.Parallel()
	for _, m := range Builtin().Models {
		check := func(what string, a *Ability) {
			for c, v := range a.By {
				if !(v > 0.3 && v < 0.995) {
					t.Errorf("%s %s: %s is %v", m.ID, what, label.Category(c), v)
				}
			}
			if !(a.Overall > 0.3 && a.Overall < 0.995) || len(a.Sources) == 0 {
				t.Errorf("%s %s: overall %v, sources %q", m.ID, what, a.Overall, a.Sources)
			}
			if !a.Known && a.Evidence != [label.NumCategories]uint8{} {
				t.Errorf("%s %s: a guess has evidence", m.ID, what)
			}
		}
		check("default", &m.Ability)
		for i := range m.Efforts {
			if a := m.Efforts[i].Ability; a != nil {
				check(m.Efforts[i].Name, a)
			}
		}
	}
}

func TestFrontierModelsAreAboveSmallOnesEverywhere(t *testing.T) {
	t.Parallel()
	c := Builtin()
	for _, strong := range []string{"openai/gpt-5.5", "anthropic/claude-opus-4.8", "google/gemini-3.1-pro", "anthropic/claude-sonnet-4.6"} {
		for _, small := range []string{
			"openai/gpt-5.4-nano", "anthropic/claude-haiku-4.5", "google/gemini-2.5-flash-lite", "mistral/mistral-small-4",
			"mistral/ministral-3b", "microsoft/phi-4", "nvidia/nemotron-3-super", "openai/gpt-4o-mini",
		} {
			s, w := c.Model(strong), c.Model(small)
			for i := range label.NumCategories {
				if s.Ability.By[i] <= w.Ability.By[i] {
					t.Errorf("%s: %s has %.3f, %s has %.3f", label.Category(i), strong, s.Ability.By[i], small, w.Ability.By[i])
				}
			}
		}
	}
}

func TestMoreEffortIsNoWeaker(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"openai/gpt-5.4", "openai/gpt-5.5", "openai/gpt-5.4-mini", "openai/gpt-5.2", "anthropic/claude-opus-4.8", "xai/grok-4.3", "mistral/mistral-small-4"} {
		last := 0.0
		for _, e := range Builtin().Model(id).Efforts {
			if e.Ability == nil {
				t.Errorf("%s at %s has no ability", id, e.Name)
				continue
			}
			if e.Ability.Overall < last {
				t.Errorf("%s at %s: %.3f, below the effort before it (%.3f)", id, e.Name, e.Ability.Overall, last)
			}
			last = e.Ability.Overall
		}
	}
}

func TestWhatIsGuessedSaysSo(t *testing.T) {
	t.Parallel()
	c := Builtin()
	for id, want := range map[string]string{
		"microsoft/phi-4":          "guessed from price and age",
		"anthropic/claude-opus-5":  "guessed from anthropic/claude-opus-4.8",
		"openai/gpt-5.4":           "estimated from high effort", // known, but by default it does not think
		"openai/gpt-5.5":           "LiveBench 2026-01-08: gpt-5.5-medium",
		"mistral/mistral-large-3":  "guessed from price and age", // the start, moved by the figures that follow
		"moonshot/kimi-k2.6":       "LiveBench 2026-01-08: kimi-k2.6-thinking",
		"deepseek/deepseek-v4-pro": "LiveBench 2026-01-08: deepseek-v4-pro",
	} {
		if got := c.Model(id).Ability.Sources[0]; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	for id, known := range map[string]bool{
		"microsoft/phi-4": false, "anthropic/claude-opus-5": false, "openai/gpt-5.4": true, "mistral/mistral-large-3": true, "xiaomi/mimo-v2.5-pro": true,
	} {
		if got := c.Model(id).Ability.Known; got != known {
			t.Errorf("%s: known %t, want %t", id, got, known)
		}
	}
	if a := c.Model("mistral/mistral-large-3").Ability; a.Evidence[label.Coding] == 0 || a.Evidence[label.Math] != 0 {
		t.Errorf("Mistral Large 3 has figures of code alone: %v", a.Evidence)
	}
	if a, s := c.Model("anthropic/claude-opus-5").Ability, c.Model("anthropic/claude-opus-4.8").Ability; a.Overall >= s.Overall {
		t.Error("a guess must stay below the sibling it is taken from")
	}
}

// The derivation by hand for one model and category; see docs/abilities.md.
func TestDerivationByHand(t *testing.T) {
	t.Parallel()
	table, err := readLiveBench(strings.Join([]string{
		"model,AMPS_Hard,integrals_with_game,math_comp,olympiad,code_generation,code_completion",
		"a,90,90,90,90,50,50",
		"b,50,50,50,50,50,50",
		"c,10,10,10,10,50,50",
		"d,70,,70,70,80,60",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range table.rows {
		if s := table.rows[name]; math.IsNaN(s.overall) || math.IsNaN(s.pull[label.Math]) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// Symmetric logits: a and c stand as far above and below b.
	up, down := table.rows["a"].overall-table.rows["b"].overall, table.rows["b"].overall-table.rows["c"].overall
	if math.Abs(up-down) > 1e-9 || up <= 0 {
		t.Errorf("a is %v above b, b %v above c", up, down)
	}
	s := standing{overall: 0.5}
	s.add(label.Math, 0.6, 2)
	if got, want := s.ability().By[label.Math], 1/(1+math.Exp(-(0.5+0.6*2/3+2.6))); math.Abs(got-want) > 1e-12 {
		t.Errorf("math: got %v, want %v", got, want)
	}
	if got, want := s.ability().By[label.Writing], 1/(1+math.Exp(-3.1)); math.Abs(got-want) > 1e-12 {
		t.Errorf("writing, without a figure: got %v, want %v", got, want)
	}
}

func TestFailedRunsAreLeftOut(t *testing.T) {
	t.Parallel()
	rows := liveBench().rows
	for row := range failedRuns {
		if rows[row] == nil {
			t.Errorf("no row %s", row)
		}
	}
	medium, high := rows["gpt-5.5-medium"], rows["gpt-5.5-high"]
	if gap := high.overall + high.pull[label.Math]/2 - medium.overall - medium.pull[label.Math]/2; gap > 0.6 {
		t.Errorf("mathematics at medium effort is %.2f logits below high: the failed olympiad run counts", gap)
	}
}

func TestBenchmarksNeedSharedModels(t *testing.T) {
	t.Parallel()
	c, err := Builtin().Overlay("mine.yaml", []byte(`
models:
  acme/large:
    sibling: openai/gpt-4.1
    benchmarks: [{name: SWE-Bench Verified, score: 80, metric: resolved, source: acme.example}]
  acme/odd:
    sibling: openai/gpt-4.1
    benchmarks: [{name: SWE-Bench Verified, dataset: of our own, score: 99, metric: resolved, source: acme.example}]
`))
	if err != nil {
		t.Fatal(err)
	}
	large, odd := c.Model("acme/large").Ability, c.Model("acme/odd").Ability
	if !large.Known || large.Evidence[label.Coding] != 1 || large.By[label.Coding] <= odd.By[label.Coding] {
		t.Errorf("a score of a known benchmark counts: %+v", large)
	}
	if odd.Known {
		t.Error("a benchmark that no other model has can't be put on the scale")
	}
}

package policies

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

func TestShippedPoliciesCompile(t *testing.T) {
	scope := Scope{Catalog: catalog.Builtin()}
	p, err := Parse("default.yaml", Default(), scope)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Rules) == 0 || len(p.Tests) == 0 {
		t.Errorf("%d rules, %d tests", len(p.Rules), len(p.Tests))
	}
	for tier := label.Standard; tier <= label.Complex; tier++ {
		if p.Adequate[tier] < 0.9 {
			t.Errorf("%s: adequate is %v", tier, p.Adequate[tier])
		}
	}
	for i := 1; i < label.NumTiers; i++ {
		if p.Worth[i] < 3*p.Worth[i-1] {
			t.Errorf("worth does not rise by half decades at least: %v", p.Worth)
		}
	}
	examples, err := filepath.Glob("examples/*.yaml")
	if err != nil || len(examples) < 4 {
		t.Fatal(examples, err)
	}
	for _, file := range examples {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := Parse(file, src, scope); err != nil {
			t.Error(err)
		} else if len(p.Rules) == 0 || len(p.Tests) == 0 {
			t.Errorf("%s: %d rules, %d tests", file, len(p.Rules), len(p.Tests))
		}
	}
}

// What a newcomer sees first: one of everything.
func TestEveryPartInOneFile(t *testing.T) {
	t.Parallel()
	p, err := Parse("one.yaml", []byte(`
name: one
tiers: {nano: 0.05, simple: 0.2, light: 0.45, standard: 0.7}   # upper bound of difficulty; above is complex
value: {balance: 0.5, baseline: anthropic/claude-opus-4.8}      # worth: per tier, in USD, has defaults
unsure: {below: 0.35, tier: LIGHT}
rules:
  - name: legal stays in Europe
    when: key.team == "legal"
    only: provider == "mistral"
  - name: hard code wants tool accuracy
    when: category == "coding" && tier >= STANDARD
    prefer: (model.tool_accuracy ?? 0.5) * 0.3
  - name: cheap at night
    when: now.hour < 6 && tier <= LIGHT
    prefer: 'cost < 0.002 ? 0.2 : 0.0'
  - name: canary
    when: category == "writing"
    split: {moonshot/kimi-k2.6: 5%}
  - name: incident 42
    when: provider_is_down("openai")
    use: [anthropic/claude-sonnet-4.6, google/gemini-3.1-pro]
tests:
  - prompt: "hi"
    expect: tier == NANO && cost < 0.0001
`), Scope{Catalog: catalog.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Rules) != 5 || len(p.Tests) != 1 || p.Baseline != "anthropic/claude-opus-4.8" || p.Rules[3].Split[0].Part != 0.05 {
		t.Errorf("%+v", p)
	}
}

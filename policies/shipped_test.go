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
		if p.Worth[i] < 9*p.Worth[i-1] {
			t.Errorf("worth does not rise by decades: %v", p.Worth)
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

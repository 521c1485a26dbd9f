package policies

import (
	"slices"
	"testing"
)

// The guide offers exactly what the language takes.
func TestGuideIsTheLanguage(t *testing.T) {
	t.Parallel()
	g := GuideFor(testScope())
	var names []string
	for _, f := range g.Functions {
		names = append(names, f.Name)
		if f.Doc == "" || f.Signature == "" {
			t.Errorf("%s has no signature or meaning", f.Name)
		}
	}
	if want := append([]string{"known", "provider_is_down"}, functions...); !slices.Equal(names, want) {
		t.Errorf("functions %v, want %v", names, want)
	}
	if len(g.Keys) != len(ruleReference) || len(g.Top) != len(fileReference) || len(g.Tests) != len(testReference) {
		t.Error("keys are missing")
	}
	hard := map[string]bool{}
	for _, k := range g.Keys {
		hard[k.Name] = k.Hard
	}
	if !hard["only"] || !hard["never"] || !hard["deny"] || !hard["ceiling"] || hard["prefer"] || hard["when"] {
		t.Errorf("hard: %v", hard)
	}
	s := newSets(testScope())
	for _, v := range g.Variables {
		for _, where := range v.Where {
			at := map[string]site{"when": inWhen, "candidate": inCandidate, "expect": inExpect}[where]
			if _, p := s.lookup(at, v.Name); p != nil {
				t.Errorf("%s in %s: %s", v.Name, where, p.message)
			}
		}
		if v.Name == "category" && !slices.Contains(v.Values, "coding") {
			t.Errorf("category: %v", v.Values)
		}
	}
}

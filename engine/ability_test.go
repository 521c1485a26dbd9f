package engine

import (
	"math"
	"testing"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// Where a catalog states abilities by the labels of a classifier's own head, those labels are what quality is mixed over.
func TestQualityByOwnLabels(t *testing.T) {
	t.Parallel()
	c, err := catalog.Builtin().Overlay("tasks", []byte(`
difficulty: {slope: 2, task.sums: 0.2}
models:
  openai/gpt-5.5:
    ability: {overall: 0.5, task.sums: 0.9, task.poems: 0.3}
    completion_tokens: {task.sums: 100, task.poems: 300}
  openai/gpt-5.4:
    ability: {overall: 0.6}
`))
	if err != nil {
		t.Fatal(err)
	}
	heads := []classifiers.HeadCard{{Name: "category"}, {Name: "urgent", Labels: []string{"no", "yes"}}, {Name: "task", Labels: []string{"poems", "sums"}}}
	m := mixtureOf(c, heads)
	if m.head != "task" || m.at != 1 {
		t.Fatalf("mixture over %q at %d", m.head, m.at)
	}
	r := &classifiers.Result{Heads: []classifiers.Head{{Name: "urgent", P: []float32{1, 0}}, {Name: "task", P: []float32{.25, .75}}}}
	p, usual := m.of(r)
	if want := .25*catalog.ReferenceDifficulty + .75*.2; math.Abs(usual-want) > 1e-6 {
		t.Errorf("usual difficulty %v, want %v", usual, want)
	}
	model, _ := c.Find("openai/gpt-5.5")
	s := skillOf(model, &model.Ability, &m)
	if got, want := s.qualityOf(p, 1), .25*.3+.75*.9; math.Abs(got-want) > 1e-6 {
		t.Errorf("quality %v, want %v", got, want)
	}
	if got := s.qualityOf(p, oddsFactor(c.Difficulty.Slope, .5)); got >= .75 || got <= .4 {
		t.Errorf("quality of a harder request %v", got)
	}
	if got := dot(p, s.tokens); math.Abs(float64(got)-150) > 1e-3 {
		t.Errorf("%v tokens, want 150", got)
	}
	other, _ := c.Find("openai/gpt-5.4")
	// Of sums, which are usually easier, a model without labels gets more right.
	sums := 1 / (1 + math.Exp(-math.Log(.6/.4)-2*(catalog.ReferenceDifficulty-.2)))
	if s := skillOf(other, &other.Ability, &m); s.tokens != nil || math.Abs(s.qualityOf(p, 1)-(.25*.6+.75*sums)) > 1e-6 {
		t.Errorf("a model without labels: %v, tokens %v", s.qualityOf(p, 1), s.tokens)
	}
	// The built-in classifier has answered in place of the one with the head.
	if p, _ := m.of(&classifiers.Result{}); p != nil {
		t.Error("categories must count where the head is missing")
	}
	if m := mixtureOf(c, heads[:2]); m.head != "" {
		t.Errorf("mixture over %q", m.head)
	}
}

// A domain that is stated moves the odds; the others leave them alone.
func TestQualityByDomain(t *testing.T) {
	t.Parallel()
	c, err := catalog.Builtin().Overlay("domains", []byte("models:\n  openai/gpt-5.5:\n    ability: {overall: 0.5, domain.physics: 0.8}\n"))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := c.Find("openai/gpt-5.5")
	s := skillOf(m, &m.Ability, &mixture{})
	r := &classifiers.Result{}
	r.Category[label.Reasoning] = 1
	for name, want := range map[string]float64{"physics": .8, "law": .5} {
		domain, _ := label.ParseDomain(name)
		r.Domain = [label.NumDomains]float32{}
		r.Domain[domain] = 1
		if got := s.quality(r, 1); math.Abs(got-want) > 1e-5 {
			t.Errorf("%s: quality %v, want %v", name, got, want)
		}
	}
}

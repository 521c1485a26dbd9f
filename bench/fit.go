package bench

import (
	"fmt"
	"math"
	"slices"

	"github.com/routor/routor/bench/outcomes"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/fit"
	"github.com/routor/routor/engine/label"
)

// FitAnswers fits what a catalog states of the models that were scored. head is the classifier's own head over whose labels
// abilities are fitted; "" = categories and domains. What the catalog says of a model already is where its fit starts from.
func FitAnswers(list []outcomes.Answered, c *catalog.Catalog, classifier *classifiers.Classifier, head string) (*fit.Fit, error) {
	labels := label.Categories[:]
	if head != "" {
		h := classifier.Card().Head(head)
		if h == nil {
			return nil, fmt.Errorf("the classifier has no head %q", head)
		}
		labels = h.Labels
	}
	o := fit.Options{Head: head, Labels: labels, Reference: c.Difficulty.Reference, Slope: c.Difficulty.Slope}
	at := map[string]int{}
	for _, name := range outcomes.ModelsOf(list) {
		m, _ := c.Find(name)
		if m == nil {
			return nil, fmt.Errorf("model %q is not in the catalog: add it in a file of your own, or name it as `routor catalog list` does", name)
		}
		i := slices.Index(o.Models, m.ID)
		if i < 0 {
			i = len(o.Models)
			o.Models = append(o.Models, m.ID)
		}
		at[name] = i
	}
	o.Prior = func(id string) float64 {
		m, _ := c.Find(id)
		if !m.Ability.Known {
			return math.NaN()
		}
		return m.Ability.Overall
	}
	rows := make([]fit.Row, len(list))
	for i := range list {
		a := &list[i]
		var result classifiers.Result
		r, err := chat.Read(a.AppendBody(nil))
		if err != nil {
			return nil, fmt.Errorf("prompt %q: %w", a.ID, err)
		}
		var in classifiers.Input
		engine.ClassifierInput(r, &in)
		classifier.Classify(&in, &result)
		r.Release()
		rows[i] = fit.Row{Difficulty: float64(result.Difficulty), Estimate: float64(result.CompletionTokens)}
		rows[i].Scores, rows[i].Tokens = unknown(len(o.Models)), unknown(len(o.Models))
		for name, m := range at {
			if s, ok := a.Scores[name]; ok {
				rows[i].Scores[m] = s
			}
			if t := a.Tokens[name]; t > 0 {
				rows[i].Tokens[m] = t
			}
		}
		if head == "" {
			rows[i].P, rows[i].Domain = known(labels, a.Label, result.Category[:]), slices.Clone(result.Domain[:])
			continue
		}
		for _, h := range result.Heads {
			if h.Name == head {
				rows[i].P = known(labels, a.Label, h.P)
			}
		}
	}
	return fit.Abilities(rows, o)
}

func unknown(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}

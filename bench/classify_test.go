package bench

import (
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/label"
)

func TestReportText(t *testing.T) {
	t.Parallel()
	tally := train.NewTally([]train.Head{{Name: "intent", Labels: []string{"billing", "sales"}}})
	for i, lang := range []string{"en", "de"} {
		c, tier := label.Category(i), label.Light
		for range 12 {
			tally.Add(&train.Example{Category: &c, Tier: &tier, Tokens: 100, Lang: lang, Own: map[string]string{"intent": "sales"}},
				&classifiers.Result{Category: [label.NumCategories]float32{1}, Confidence: 0.6, Difficulty: 0.3, CompletionTokens: 50,
					Heads: []classifiers.Head{{Name: "intent", P: []float32{0.2, 0.8}}}})
		}
	}
	set := ClassifySet{Name: "hand labels, test split", Figures: tally.Figures()}
	set.Langs = []ClassifyLang{{"de", set.Figures}, {"en", set.Figures}}
	var b strings.Builder
	if err := (&ClassifyReport{Module: "routor 1", Sets: []ClassifySet{set}}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"module routor 1", set.Name, "category accuracy", "constant", "tier kappa", "coding", "COMPLEX at STANDARD or above", "intent accuracy",
		"completion tokens", "by language", "sure", "coding 1.00",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
}

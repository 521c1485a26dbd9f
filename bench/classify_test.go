package bench

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
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

// The same request in another language gets nearly the same tier, and no language is all one category.
func TestLanguages(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/translations.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	examples, err := prompts.Examples(f, engine.ClassifierInput, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := classifiers.Load(context.Background(), builtin.Module, classifiers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	set, err := classifySet(m, "translations", examples)
	if err != nil {
		t.Fatal(err)
	}
	if tr := set.Translations; tr.Pairs != 8*17*16/2 || tr.WithinOne < 0.97 || tr.SameCategory < 0.65 {
		t.Errorf("%+v", tr)
	}
	if len(set.Langs) < 14 {
		t.Errorf("%d languages", len(set.Langs))
	}
	for _, l := range set.Langs {
		for j, name := range l.Category.Labels {
			answered := 0
			for i := range l.Category.Confusion {
				answered += l.Category.Confusion[i][j]
			}
			if answered > 4 {
				t.Errorf("%s: %d of 8 different requests are %s", l.Lang, answered, name)
			}
		}
	}
}

func TestTranslationsOf(t *testing.T) {
	t.Parallel()
	got := translationsOf(map[string][]translated{
		"a": {{"en", label.Coding, label.Light}, {"de", label.Coding, label.Standard}, {"fr", label.Math, label.Nano}, {"en", label.Coding, label.Light}},
		"b": {{"en", label.Coding, label.Light}},
	})
	// en-de, en-fr, de-fr, and the second en with de and fr; the two en are no pair.
	if got.Pairs != 5 || !near(got.SameCategory, 2./5) || got.SameTier != 0 || !near(got.WithinOne, 2./5) {
		t.Errorf("%+v", got)
	}
}

func near(a, b float64) bool { return max(a-b, b-a) < 1e-9 }

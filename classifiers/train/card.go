package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/label"
)

// Card is the card of a trained module: what the host reads, what it takes to train it again, and what it is worth.
type Card struct {
	classifiers.Card
	Data     map[string]string `json:"data,omitempty"` // sha256 in hex, by file name
	Bits     int               `json:"bits"`
	Epochs   int               `json:"epochs"`
	Rate     float64           `json:"rate"`
	Seed     uint64            `json:"seed"`
	Init     string            `json:"init,omitempty"`  // sha256 in hex of the module that was gone on from
	Refit    bool              `json:"refit,omitempty"` // the figures are from before the splits dev and test were learned from
	Measured *Measured         `json:"measured,omitempty"`
}

// Measured is what a model was worth that had learned from split train alone.
type Measured struct {
	Splits  []NamedFigures         `json:"splits,omitempty"`
	LeftOut *LeftOut               `json:"left_out,omitempty"`
	Own     map[string]ClassFigure `json:"own,omitempty"` // of own heads, on a fifth of their questions that a first fit had not seen
}

// NamedFigures are the figures of one set.
type NamedFigures struct {
	Name string `json:"name"`
	Figures
}

// LeftOut are figures of prompts whose sources were left out of a fit. Of each group the probabilities and tiers are calibrated by
// the nine others.
type LeftOut struct {
	Groups []Group `json:"groups"`
	// Mean is the mean of the groups' figures by name, each over the groups that have it; Constant of the constant predictor's.
	Mean     map[string]float64 `json:"mean"`
	Constant map[string]float64 `json:"constant"`
	All      Figures            `json:"all"` // of all left-out prompts in one heap
	Langs    []NamedFigures     `json:"langs,omitempty"`
}

// Group is one group of sources.
type Group struct {
	Sources []string `json:"sources"`
	Figures
}

func newCard(o *Options, examples []*Example, blob []byte) Card {
	sources, licences, langs := map[string]int{}, map[string]bool{}, map[string]int{}
	for _, e := range examples {
		if e.Source != "" {
			sources[e.Source]++
		}
		if e.Licence != "" {
			licences[e.Licence] = true
		}
		if e.Lang != "" {
			langs[e.Lang]++
		}
	}
	const enough = 20 // prompts, to say that a module knows a language
	sum := sha256.Sum256(blob)
	c := Card{Data: o.Data, Bits: o.Bits, Epochs: o.Epochs, Rate: o.Rate, Seed: o.Seed, Refit: o.Refit}
	if o.Init != nil {
		init := sha256.Sum256(o.Init)
		c.Init = hex.EncodeToString(init[:])
	}
	c.Name, c.Version, c.Description = o.Name, o.Version, o.Description
	c.Heads = []classifiers.HeadCard{
		{Name: "category", Labels: label.Categories[:]},
		{Name: "domain", Labels: label.Domains[:]},
	}
	for _, s := range slices.Sorted(maps.Keys(sources)) {
		c.TrainedOn = append(c.TrainedOn, fmt.Sprintf("%s: %d", s, sources[s]))
	}
	for _, lang := range slices.Sorted(maps.Keys(langs)) {
		if langs[lang] >= enough {
			c.Languages = append(c.Languages, lang)
		}
	}
	c.Licences = slices.Sorted(maps.Keys(licences))
	c.WeightsSHA256 = hex.EncodeToString(sum[:])
	return c
}

func (c *Card) json() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic("BUG: a card has only plain fields: " + err.Error())
	}
	return b
}

// figures are the model's on labelled requests.
func (m *model) figures(requests []*request) Figures {
	t := NewTally(nil)
	var r classifiers.Result
	for _, s := range m.say(requests) {
		m.answer(&s.z, &r)
		t.Add(s.example, &r)
	}
	return t.Figures()
}

// leftOut are the figures of what was said about each group, calibrated by what was said about the others.
func (t *trainer) leftOut(parts [][]said, learns [numHeads]bool) *LeftOut {
	l := &LeftOut{}
	all := NewTally(nil)
	langs := map[string]*Tally{}
	for g, part := range parts {
		var others []said
		for i, p := range parts {
			if i != g {
				others = append(others, p...)
			}
		}
		m := blankOf(8)
		if t.from != nil {
			m.knots = t.from.knots
		}
		temperatures := m.settle(others, learns, t.from != nil)
		tally := NewTally(nil)
		var r classifiers.Result
		sources := map[string]bool{}
		for _, s := range part {
			z := s.z
			for h, span := range headColumns {
				for k := span.from; k < span.to; k++ {
					z[k] /= float32(temperatures[h])
				}
			}
			m.answer(&z, &r)
			tally.Add(s.example, &r)
			all.Add(s.example, &r)
			sources[s.example.Source] = true
			if lang := s.example.Lang; lang != "" {
				if langs[lang] == nil {
					langs[lang] = NewTally(nil)
				}
				langs[lang].Add(s.example, &r)
			}
		}
		figures := tally.Figures()
		figures.bare()
		l.Groups = append(l.Groups, Group{slices.Sorted(maps.Keys(sources)), figures})
	}
	l.All = all.Figures()
	for _, lang := range slices.Sorted(maps.Keys(langs)) {
		f := langs[lang].Figures()
		f.bare()
		l.Langs = append(l.Langs, NamedFigures{lang, f})
	}
	l.mean()
	return l
}

// bare leaves out what would fill a card with counts.
func (f *Figures) bare() {
	for _, c := range []*ClassFigure{&f.Category, &f.Domain} {
		c.Labels, c.Confusion, c.Reliability = nil, nil, nil
	}
}

// mean averages the groups' figures.
func (l *LeftOut) mean() {
	l.Mean, l.Constant = map[string]float64{}, map[string]float64{}
	counts := map[string]float64{}
	for i := range l.Groups {
		g := &l.Groups[i]
		c, d, t := &g.Category, &g.Domain, &g.Tier
		rare := func(tier label.Tier) (n int) {
			for _, k := range t.Confusion[tier] {
				n += k
			}
			return n
		}
		for _, v := range []struct {
			name            string
			n               int
			value, constant float64
		}{
			{"category_accuracy", c.N, c.Accuracy, c.ConstantAccuracy}, {"category_macro_f1", c.N, c.MacroF1, c.ConstantMacroF1}, {"category_ece", c.N, c.ECE, 0},
			{"domain_accuracy", d.N, d.Accuracy, d.ConstantAccuracy}, {"domain_macro_f1", d.N, d.MacroF1, d.ConstantMacroF1},
			{"tier_exact", t.N, t.Exact, t.ConstantExact}, {"tier_within_one", t.N, t.WithinOne, t.ConstantWithinOne},
			{"tier_rank_correlation", t.N, t.Spearman, 0}, {"tier_kappa", t.N, t.Kappa, 0},
			{"complex_at_standard_or_above", rare(label.Complex), t.ComplexHigh, t.ConstantComplexHigh},
			{"nano_at_simple_or_below", rare(label.Nano), t.NanoLow, t.ConstantNanoLow},
		} {
			if v.n > 0 {
				l.Mean[v.name] += v.value
				l.Constant[v.name] += v.constant
				counts[v.name]++
			}
		}
	}
	for name, n := range counts {
		l.Mean[name], l.Constant[name] = rounded(l.Mean[name]/n), rounded(l.Constant[name]/n)
	}
}

// figures are the few that every reader of a card wants.
func (m *Measured) figures() map[string]float64 {
	out := map[string]float64{}
	for i := range m.Splits {
		s := &m.Splits[i]
		for _, v := range []struct {
			name  string
			n     int
			value float64
		}{
			{"category_accuracy", s.Category.N, s.Category.Accuracy}, {"category_macro_f1", s.Category.N, s.Category.MacroF1},
			{"domain_accuracy", s.Domain.N, s.Domain.Accuracy}, {"tier_exact", s.Tier.N, s.Tier.Exact}, {"tier_within_one", s.Tier.N, s.Tier.WithinOne},
		} {
			if v.n > 0 {
				out[s.Name+"_"+v.name] = rounded(v.value)
			}
		}
	}
	if m.LeftOut != nil {
		for name, v := range m.LeftOut.Mean {
			out["left_out_"+name] = v
		}
	}
	for name, f := range m.Own {
		if f.N > 0 {
			out[name+"_accuracy"], out[name+"_macro_f1"] = rounded(f.Accuracy), rounded(f.MacroF1)
		}
	}
	return out
}

func rounded(v float64) float64 { return math.Round(v*1e4) / 1e4 }

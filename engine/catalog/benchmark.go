package catalog

import (
	"math"

	"github.com/routor/routor/engine/label"
)

// benchmarkWeights are the benchmarks besides LiveBench that are read, and what a score of each weighs in our categories.
var benchmarkWeights = map[string]map[label.Category]float64{
	"SWE-Bench Pro":                          {label.Coding: 0.5, label.ToolUse: 0.5},
	"SWE-Bench Verified":                     {label.Coding: 0.5, label.ToolUse: 0.5},
	"SWE-Atlas Codebase QnA":                 {label.Coding: 0.5},
	"SWE-Atlas Refactoring":                  {label.Coding: 0.5},
	"SWE-Atlas Test Writing":                 {label.Coding: 0.5},
	"Artificial Analysis Coding Agent Index": {label.Coding: 0.5, label.ToolUse: 0.5},
	"Artificial Analysis Coding Index":       {label.Coding: 1},
	"Aider Polyglot":                         {label.Coding: 1},
	"SciCode":                                {label.Coding: 1},
	"Terminal-Bench":                         {label.ToolUse: 1},
	"Terminal-Bench Hard":                    {label.ToolUse: 1},
	"Terminal Bench 2.0":                     {label.ToolUse: 1},
}

// leastShared is how many models with a LiveBench row a benchmark must have before its scores say anything.
const leastShared = 3

// key is what makes two scores comparable: the same benchmark, version, question set and measure.
func (b *benchmark) key() string {
	return b.Name + "|" + b.Version + "|" + b.Dataset + "|" + b.Metric
}

// benchmarkDifficulties puts each benchmark on LiveBench's scale as a Rasch model does: it is as much harder as its models
// do worse there, in logits, in the mean over the models that have both.
func (d *deriver) benchmarkDifficulties() map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, m := range d.c.Models {
		counted := map[string]bool{}
		for _, b := range d.doc.Models[m.ID].Benchmarks {
			if theta := d.at(m, b.Effort); !math.IsNaN(theta) && !counted[b.key()] {
				sum[b.key()] += theta - logit(b.Score/100)
				n[b.key()]++
				counted[b.key()] = true
			}
		}
	}
	hard := map[string]float64{}
	for key, total := range sum {
		if n[key] >= leastShared {
			hard[key] = total / n[key]
		}
	}
	return hard
}

// figure is one benchmark's word on a model.
type figure struct {
	theta   float64 // on LiveBench's scale
	effort  string
	weights map[label.Category]float64
	source  string
}

// figuresOf are a model's scores that can be put on the scale, one a benchmark: several harnesses are averaged.
func (d *deriver) figuresOf(m *Model) []figure {
	var all []figure
	at, runs := map[string]int{}, map[string]float64{}
	for _, b := range d.doc.Models[m.ID].Benchmarks {
		hard, ok := d.hard[b.key()]
		if !ok {
			continue
		}
		theta := logit(b.Score/100) + hard
		if i, again := at[b.key()]; again {
			runs[b.key()]++
			all[i].theta += (theta - all[i].theta) / runs[b.key()]
			continue
		}
		at[b.key()], runs[b.key()] = len(all), 1
		all = append(all, figure{theta, b.Effort, benchmarkWeights[b.Name], b.Name + ": " + b.Source})
	}
	return all
}

// count adds the figure to a standing, by how far it is from the overall rank.
func (f *figure) count(s *standing, deviation float64) {
	for c := range label.Category(label.NumCategories) {
		if w := f.weights[c]; w > 0 {
			s.add(c, deviation, w)
		}
	}
	s.sources = append(s.sources, f.source)
}

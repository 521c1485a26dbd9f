package outcomes

import (
	"fmt"
	"slices"
	"strings"
)

// Recipe is what a pool is made of.
type Recipe struct {
	Name       string
	Benchmarks []string
	// OutTokens stands in for completion tokens where the benchmark has none; 0 = it has.
	OutTokens float64
}

// Recipes are the pools by which routers are judged.
var Recipes = []Recipe{
	{Name: "A", Benchmarks: []string{"gsm8k", "math-l5", "bfcl"}},
	{Name: "A2", Benchmarks: []string{"gsm8k", "math-l5"}},
	{Name: "B", Benchmarks: []string{"mmlu-pro"}},
	{Name: "C", Benchmarks: []string{"llmrouter"}, OutTokens: 200},
	{Name: "H", Benchmarks: []string{"alpacaeval2"}}, // held out: nothing was chosen by it
}

// coverage is the least share of each benchmark's prompts that a model of a pool must have been scored on.
const coverage = 0.98

// Pool is a set of models with the outcome of each on every one of a set of prompts.
type Pool struct {
	Recipe
	Models  []Model
	Prompts []*Prompt
	// Quality (0..1) and Cost (USD per 1,000 requests) are by prompt, then model; Tokens are the completion tokens.
	Quality, Cost, Tokens [][]float64
}

// Pool makes a pool of a recipe: its models are those with a list price and outcomes on at least 98 % of the prompts of each
// benchmark, its prompts those with an outcome of every model.
func (d *Data) Pool(r Recipe) (*Pool, error) {
	p := &Pool{Recipe: r}
	total, has := map[string]int{}, map[string]map[string]int{}
	for i := range d.Prompts {
		b := d.Prompts[i].Benchmark
		if !slices.Contains(r.Benchmarks, b) {
			continue
		}
		total[b]++
		for name, s := range d.Scores {
			if s[i].Known {
				if has[name] == nil {
					has[name] = map[string]int{}
				}
				has[name][b]++
			}
		}
	}
	for _, m := range d.Models {
		in := m.Priced
		for _, b := range r.Benchmarks {
			in = in && float64(has[m.Name][b]) >= coverage*float64(total[b])
		}
		if in {
			p.Models = append(p.Models, m)
		}
	}
	if len(p.Models) == 0 {
		return nil, fmt.Errorf("pool %s: no model has a price and outcomes on %s", r.Name, strings.Join(r.Benchmarks, ", "))
	}
	for i := range d.Prompts {
		if slices.Contains(r.Benchmarks, d.Prompts[i].Benchmark) {
			p.take(d, i)
		}
	}
	return p, nil
}

// take adds a prompt if every model has an outcome on it.
func (p *Pool) take(d *Data, i int) {
	prompt := &d.Prompts[i]
	quality, cost, tokens := make([]float64, len(p.Models)), make([]float64, len(p.Models)), make([]float64, len(p.Models))
	for k, m := range p.Models {
		o := d.Of(m.Name, i)
		if !o.Known {
			return
		}
		out := float64(o.Tokens)
		if p.OutTokens > 0 {
			out = p.OutTokens
		}
		quality[k], tokens[k], cost[k] = float64(o.Score), out, (prompt.Tokens*m.In+out*m.Out)/1e3
	}
	p.Prompts = append(p.Prompts, prompt)
	p.Quality, p.Cost, p.Tokens = append(p.Quality, quality), append(p.Cost, cost), append(p.Tokens, tokens)
}

// Split is the pool's prompts of one split.
func (p *Pool) Split(name string) *Pool {
	s := &Pool{Recipe: p.Recipe, Models: p.Models}
	for i, prompt := range p.Prompts {
		if prompt.Split == name {
			s.Prompts = append(s.Prompts, prompt)
			s.Quality, s.Cost, s.Tokens = append(s.Quality, p.Quality[i]), append(s.Cost, p.Cost[i]), append(s.Tokens, p.Tokens[i])
		}
	}
	return s
}

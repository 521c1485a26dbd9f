package outcomes

import (
	"cmp"
	"math"
	"slices"
)

// Point is what a way of choosing comes to: mean cost in USD per 1,000 requests, and mean quality, 0..1.
type Point struct {
	Cost    float64 `json:"cost"`
	Quality float64 `json:"quality"`
	// Setting is what led there: a model's name, a worth in USD; "" = nothing in particular.
	Setting string `json:"setting,omitempty"`
}

// Choose is the point of a choice of one model a prompt.
func (p *Pool) Choose(model func(prompt int) int) Point {
	var at Point
	for i := range p.Prompts {
		k := model(i)
		at.Cost += p.Cost[i][k]
		at.Quality += p.Quality[i][k]
	}
	n := float64(max(len(p.Prompts), 1))
	at.Cost, at.Quality = at.Cost/n, at.Quality/n
	return at
}

// Singles are the pool's models, each asked for everything.
func (p *Pool) Singles() []Point {
	out := make([]Point, len(p.Models))
	for k, m := range p.Models {
		out[k] = p.Choose(func(int) int { return k })
		out[k].Setting = m.Name
	}
	return out
}

// Oracle takes the cheapest of the models with the highest score on each prompt.
func (p *Pool) Oracle() Point {
	at := p.Choose(func(i int) int {
		best := 0
		for k := range p.Models {
			if q, b := p.Quality[i][k], p.Quality[i][best]; q > b || q == b && p.Cost[i][k] < p.Cost[i][best] {
				best = k
			}
		}
		return best
	})
	at.Setting = "oracle"
	return at
}

// Range is what costs are measured over: from the cheapest single model to the best one.
func (p *Pool) Range() (from, to float64) {
	singles := p.Singles()
	cheapest := slices.MinFunc(singles, func(a, b Point) int { return cmp.Compare(a.Cost, b.Cost) })
	best := slices.MaxFunc(singles, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Quality, b.Quality), cmp.Compare(b.Cost, a.Cost))
	})
	return cheapest.Cost, best.Cost
}

// Hull is the upper concave hull of a curve's points, by rising cost: what one gets by mixing them at random.
func Hull(points []Point) []Point {
	sorted := slices.Clone(points)
	slices.SortFunc(sorted, func(a, b Point) int { return cmp.Or(cmp.Compare(a.Cost, b.Cost), -cmp.Compare(a.Quality, b.Quality)) })
	var hull []Point
	for _, p := range sorted {
		if len(hull) > 0 && p.Quality <= hull[len(hull)-1].Quality {
			continue // costs more and is no better
		}
		for len(hull) >= 2 && !bends(hull[len(hull)-2], hull[len(hull)-1], p) {
			hull = hull[:len(hull)-1]
		}
		hull = append(hull, p)
	}
	return hull
}

// bends is whether b lies above the line from a to c.
func bends(a, b, c Point) bool {
	return (b.Quality-a.Quality)*(c.Cost-a.Cost) > (c.Quality-a.Quality)*(b.Cost-a.Cost)
}

// At is a hull's quality at a cost: 0 before its first point, flat after its last.
func At(hull []Point, cost float64) float64 {
	switch n := len(hull); {
	case n == 0 || cost < hull[0].Cost:
		return 0
	case cost >= hull[n-1].Cost:
		return hull[n-1].Quality
	}
	i := 1
	for hull[i].Cost < cost {
		i++
	}
	a, b := hull[i-1], hull[i]
	return a.Quality + (b.Quality-a.Quality)*(cost-a.Cost)/(b.Cost-a.Cost)
}

// startSlack is how late in the range, as a share of it, a curve may begin without being counted as 0 before.
const startSlack = 0.02

// AIQ is the mean quality of a curve's hull over a range of costs, 0..1 (the "average improvement in quality" of
// RouterBench, arXiv 2403.12031, normalised by the range).
func AIQ(points []Point, from, to float64) float64 {
	hull := Hull(points)
	if len(hull) == 0 || to <= from {
		return 0
	}
	if first := hull[0]; first.Cost > from && first.Cost-from <= startSlack*(to-from) {
		hull = slices.Insert(hull, 0, Point{Cost: from, Quality: first.Quality})
	}
	area := 0.0
	edges := []float64{from, to}
	for _, p := range hull {
		if p.Cost > from && p.Cost < to {
			edges = append(edges, p.Cost)
		}
	}
	slices.Sort(edges)
	for i := 1; i < len(edges); i++ {
		a, b := edges[i-1], edges[i]
		if a < hull[0].Cost {
			continue // nothing to be had there
		}
		area += (At(hull, a) + At(hull, b)) / 2 * (b - a)
	}
	return area / (to - from)
}

// CostOf is the least cost at which a hull reaches a quality; NaN = it does not.
func CostOf(hull []Point, quality float64) float64 {
	for i, p := range hull {
		if p.Quality < quality {
			continue
		}
		if i == 0 {
			return p.Cost
		}
		a := hull[i-1]
		return a.Cost + (p.Cost-a.Cost)*(quality-a.Quality)/(p.Quality-a.Quality)
	}
	return math.NaN()
}

// Sweep is the curve of predictions: for each λ the model with the highest quality − λ·cost of each prompt is asked.
func (p *Pool) Sweep(predicted func(prompt, model int) (quality, cost float64)) []Point {
	quality, cost := make([][]float64, len(p.Prompts)), make([][]float64, len(p.Prompts))
	for i := range p.Prompts {
		quality[i], cost[i] = make([]float64, len(p.Models)), make([]float64, len(p.Models))
		for k := range p.Models {
			quality[i][k], cost[i][k] = predicted(i, k)
		}
	}
	var out []Point
	for _, lambda := range Lambdas() {
		out = append(out, p.Choose(func(i int) int {
			best, most := 0, math.Inf(-1)
			for k := range p.Models {
				v := quality[i][k] - lambda*cost[i][k]
				if v > most || v == most && cost[i][k] < cost[i][best] {
					best, most = k, v
				}
			}
			return best
		}))
	}
	return out
}

// Lambdas are the prices of quality that a sweep tries, in quality per USD per 1,000 requests: 0, then 10^-4 to 10^4 in
// twelve steps a decade, which is finer than any pool's choices, and one at which only cost counts.
func Lambdas() []float64 {
	out := []float64{0}
	for e := -48; e <= 48; e++ {
		out = append(out, math.Pow(10, float64(e)/12))
	}
	return append(out, 1e9)
}

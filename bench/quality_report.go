package bench

import (
	"fmt"
	"math"
	"strings"

	"github.com/routor/routor/bench/outcomes"
	"github.com/routor/routor/bench/plot"
)

// Markdown is the report as tables.
func (r *QualityReport) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What routing is worth\n\nClassifier: %s. Abilities fitted on each pool's train split, measured on its test split; costs are USD per 1,000 requests.\n\n", r.Classifier)
	if len(r.Pools) > 0 {
		b.WriteString("| pool | models | prompts | AIQ | singles' hull | 100 nearest | true tasks | best quality of the oracle's | saving at 95 % of the best single | at 99 % |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	}
	for i := range r.Pools {
		p := &r.Pools[i]
		near := "–"
		if p.Neighbours > 0 {
			near = fmt.Sprintf("%.4f", p.Neighbours)
		}
		fmt.Fprintf(&b, "| %s (%s) | %d | %d | **%.4f** | %.4f | %s | %.4f | %.1f %% | %.1f %% | %.1f %% |\n", p.Pool, p.head(), p.Models, p.Prompts, p.AIQ, p.Hull, near,
			p.Tasks, 100*p.OfOracle, 100*p.Saving95, 100*p.Saving99)
	}
	if len(r.Duels) > 0 {
		b.WriteString("\n## RouteLLM's protocol\n\nStrong " + outcomes.Strong + ", weak " + outcomes.Weak + "; contaminated prompts left out; a head learned on four fifths of the questions, judged on the others. Random is .50, the best published .603 (MMLU) and .622 (GSM8K).\n\n" +
			"| benchmark | prompts | weak | strong | APGR | CPT50 | CPT80 |\n|---|--:|--:|--:|--:|--:|--:|\n")
		for _, d := range r.Duels {
			fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | **%.3f** | %.0f %% | %.0f %% |\n", d.Benchmark, d.Prompts, d.Weak, d.Strong, d.APGR, 100*d.CPT50, 100*d.CPT80)
		}
	}
	return b.String()
}

func (p *PoolReport) head() string {
	if p.Head == "" {
		return "categories"
	}
	return "head " + p.Head
}

// HTML is the report as a page of its own, with the curves.
func (r *QualityReport) HTML() string {
	var b strings.Builder
	for i := range r.Pools {
		p := &r.Pools[i]
		curve := func(list []outcomes.Point, labels bool) (out []plot.Point) {
			for _, at := range list {
				q := plot.Point{X: at.Cost, Y: at.Quality}
				if labels {
					q.Label = at.Setting
				}
				out = append(out, q)
			}
			return out
		}
		chart := plot.Chart{
			Title: fmt.Sprintf("Pool %s: %s the single models' hull, AIQ %.4f against %.4f", p.Pool, above(p.AIQ, p.Hull), p.AIQ, p.Hull),
			X:     "USD per 1,000 requests", Y: "quality", LogX: true,
			Series: []plot.Series{
				{Name: "Routor, worth swept", Points: sampled(outcomes.Hull(p.Curve)), Line: true},
				{Name: "single models, mixed at random", Points: sampled(outcomes.Hull(p.Singles)), Line: true, Dashed: true},
				{Name: "single models", Points: curve(p.Singles, true)},
				{Name: "oracle", Points: curve([]outcomes.Point{p.Oracle}, true)},
			},
		}
		if p.Default.Setting != "" {
			chart.Series = append(chart.Series, plot.Series{Name: p.Default.Setting, Points: curve([]outcomes.Point{p.Default}, true)})
		}
		b.WriteString(chart.SVG())
	}
	b.WriteString(plot.Tables(r.Markdown()))
	return plot.Page("What routing is worth", b.String())
}

// sampled is a hull at so many costs that its straight lines are drawn right on an axis that is none.
func sampled(hull []outcomes.Point) (out []plot.Point) {
	const steps = 100
	for i := range hull {
		out = append(out, plot.Point{X: hull[i].Cost, Y: hull[i].Quality})
		if i+1 < len(hull) && hull[i].Cost > 0 {
			for k := 1; k < steps; k++ {
				cost := hull[i].Cost * math.Pow(hull[i+1].Cost/hull[i].Cost, float64(k)/steps)
				out = append(out, plot.Point{X: cost, Y: outcomes.At(hull, cost)})
			}
		}
	}
	return out
}

func above(a, b float64) string {
	if a > b {
		return "above"
	}
	return "not above"
}

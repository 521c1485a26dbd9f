package outcomes

import (
	"cmp"
	"math"
	"slices"
)

// The two models of RouteLLM's protocol (arXiv 2406.18665).
const (
	Strong = "gpt-4-1106-preview"
	Weak   = "mixtral-8x7b-instruct"
)

// DuelBenchmarks are those of RouteLLM's protocol.
var DuelBenchmarks = []string{"routellm-mmlu", "routellm-gsm8k"}

// Duel is how a router between a strong and a weak model does.
type Duel struct {
	Benchmark string  `json:"benchmark"`
	Prompts   int     `json:"prompts"`
	Weak      float64 `json:"weak"` // mean quality
	Strong    float64 `json:"strong"`
	// APGR is the mean share of the gap between weak and strong that is recovered, over sending 0, 1, … 100 % to the strong one.
	APGR float64 `json:"apgr"`
	// CPT50 and CPT80 are the least share sent to the strong model that recovers half and four fifths of the gap, 0..1.
	CPT50 float64 `json:"cpt50"`
	CPT80 float64 `json:"cpt80"`
}

// Contest is a prompt of a duel with both scores and how much it looks as if the strong model were needed.
type Contest struct{ Weak, Strong, Need float64 }

// Contests are the prompts of a RouteLLM benchmark that both models were scored on and that are not contaminated.
func (d *Data) Contests(benchmark string, need func(*Prompt) float64) []Contest {
	var out []Contest
	for i := range d.Prompts {
		p := &d.Prompts[i]
		strong, weak := d.Of(Strong, i), d.Of(Weak, i)
		if p.Benchmark == benchmark && !p.Contaminated && strong.Known && weak.Known {
			out = append(out, Contest{float64(weak.Score), float64(strong.Score), need(p)})
		}
	}
	return out
}

// Judge sends the prompts that need it most to the strong model, share by share. Prompts of equal need keep their order.
func Judge(benchmark string, contests []Contest) Duel {
	d := Duel{Benchmark: benchmark, Prompts: len(contests), CPT50: math.NaN(), CPT80: math.NaN()}
	sorted := slices.Clone(contests)
	slices.SortStableFunc(sorted, func(a, b Contest) int { return -cmp.Compare(a.Need, b.Need) })
	n := float64(max(len(sorted), 1))
	gained := []float64{0}
	for _, c := range sorted {
		d.Weak += c.Weak / n
		d.Strong += c.Strong / n
		gained = append(gained, gained[len(gained)-1]+c.Strong-c.Weak)
	}
	gap := (d.Strong - d.Weak) * n
	if gap == 0 {
		return d
	}
	const steps = 100
	for x := range steps + 1 {
		pgr := gained[int(math.Round(float64(x)/steps*float64(len(sorted))))] / gap
		d.APGR += pgr / (steps + 1)
		share := float64(x) / steps
		if pgr >= .5 && math.IsNaN(d.CPT50) {
			d.CPT50 = share
		}
		if pgr >= .8 && math.IsNaN(d.CPT80) {
			d.CPT80 = share
		}
	}
	return d
}

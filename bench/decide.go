package bench

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// HardShare is the least share of the best candidate's expected quality that a hard prompt's model must have.
const HardShare = 0.9

// DecideReport is what a snapshot makes of labelled prompts: whether cheap tiers are cheap and hard ones good.
type DecideReport struct {
	Policy string       `json:"policy"`
	Tiers  []DecideTier `json:"tiers"` // as decided, easiest first
	// Hard counts prompts of mathematics and coding that are COMPLEX by label or by decision; Weak are those of them whose
	// model's expected quality is under HardShare of the best candidate's.
	Hard int        `json:"hard"`
	Weak []WeakPick `json:"weak"`
	// Failed are prompts for which no model was found, by reason.
	Failed map[string]int `json:"failed,omitempty"`
}

// DecideTier is the prompts of one tier. Means are over its prompts.
type DecideTier struct {
	Tier    label.Tier   `json:"tier"`
	N       int          `json:"n"`
	Quality float64      `json:"quality"` // expected, of the chosen model
	Best    float64      `json:"best"`    // expected, of the best candidate
	CostUSD float64      `json:"cost_usd"`
	Saving  float64      `json:"saving"` // 1 − sum of costs / sum of the baseline's
	Models  []ModelShare `json:"models"` // most chosen first
	spent   float64
	base    float64
	counts  map[string]int
}

// ModelShare is how often a model was chosen.
type ModelShare struct {
	Model string  `json:"model"`
	Share float64 `json:"share"`
}

// WeakPick is a hard prompt that went to a weak model.
type WeakPick struct {
	ID      string  `json:"id"`
	Model   string  `json:"model"`
	Quality float64 `json:"quality"`
	Best    float64 `json:"best"`
}

// Decide puts every example to the snapshot through engine.Decide, as a first turn at a fixed time with all providers healthy.
func Decide(s *engine.Snapshot, examples []train.Example) *DecideReport {
	r := &DecideReport{Policy: s.Policy.Name, Failed: map[string]int{}}
	for t := range label.NumTiers {
		r.Tiers = append(r.Tiers, DecideTier{Tier: label.Tier(t), counts: map[string]int{}})
	}
	world := &engine.World{Now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)}
	var d engine.Decision
	for i := range examples {
		e := &examples[i]
		if err := engine.Decide(s, request(&e.Input), world, &d); err != nil {
			r.Failed[err.Error()]++
			continue
		}
		r.add(e, &d)
	}
	for i := range r.Tiers {
		r.Tiers[i].finish()
	}
	return r
}

// request is a first turn that a classifier would see as in.
func request(in *classifiers.Input) *chat.Request {
	f := chat.Facts{Turns: int(in.Turns), PromptTokens: int(in.Tokens), TextBytes: int(in.Bytes)}
	if in.Flags&classifiers.HasTools != 0 {
		f.Tools = 1
	}
	return &chat.Request{Model: "auto", N: 1, Text: in.Text, System: in.System, Context: in.Context, Facts: f}
}

func (r *DecideReport) add(e *train.Example, d *engine.Decision) {
	chosen, best := d.Best(), 0.0
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out == "" || c.OutBy == "adequacy" {
			best = max(best, c.Quality)
		}
	}
	t := &r.Tiers[d.Tier]
	t.N++
	t.Quality += chosen.Quality
	t.Best += best
	t.spent += chosen.Cost.USD()
	t.base += d.Baseline.USD()
	t.counts[chosen.Deployment.Model.ID]++

	category := d.Category
	if e.Category != nil {
		category = *e.Category
	}
	hard := d.Tier == label.Complex || e.Tier != nil && *e.Tier == label.Complex
	if !hard || category != label.Math && category != label.Coding {
		return
	}
	r.Hard++
	if chosen.Quality < HardShare*best {
		r.Weak = append(r.Weak, WeakPick{e.ID, chosen.Deployment.Model.ID, chosen.Quality, best})
	}
}

func (t *DecideTier) finish() {
	if t.N == 0 {
		return
	}
	n := float64(t.N)
	t.Quality, t.Best, t.CostUSD = t.Quality/n, t.Best/n, t.spent/n
	if t.base > 0 {
		t.Saving = 1 - t.spent/t.base
	}
	for m, k := range t.counts {
		t.Models = append(t.Models, ModelShare{m, float64(k) / n})
	}
	slices.SortFunc(t.Models, func(a, b ModelShare) int {
		return cmp.Or(-cmp.Compare(a.Share, b.Share), cmp.Compare(a.Model, b.Model))
	})
}

// Check is an error if a prompt found no model, or a hard one a weak model.
func (r *DecideReport) Check() error {
	failed := 0
	for _, n := range r.Failed {
		failed += n
	}
	if failed > 0 || len(r.Weak) > 0 {
		return fmt.Errorf("bench decide: %d prompts found no model, and %d hard ones a weak model", failed, len(r.Weak))
	}
	return nil
}

// WriteText writes the report as a table.
func (r *DecideReport) WriteText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "policy %s\ntier\tprompts\tquality\tbest\tUSD per 1,000\tsaving\t models\n", r.Policy)
	for i := range r.Tiers {
		t := &r.Tiers[i]
		fmt.Fprintf(tw, "%s\t%d\t%.3f\t%.3f\t%.4f\t%.1f %%\t", t.Tier, t.N, t.Quality, t.Best, t.CostUSD*1000, t.Saving*100)
		for _, m := range t.Models[:min(3, len(t.Models))] {
			fmt.Fprintf(tw, " %s %.0f %%", m.Model, m.Share*100)
		}
		fmt.Fprintln(tw)
	}
	fmt.Fprintf(tw, "COMPLEX coding and math: %d prompts, %d of them to a model under %.1f of the best candidate's expected quality\n", r.Hard, len(r.Weak), HardShare)
	for _, why := range slices.Sorted(maps.Keys(r.Failed)) {
		fmt.Fprintf(tw, "not decided: %d: %s\n", r.Failed[why], why)
	}
	return tw.Flush()
}

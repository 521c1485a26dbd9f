package api

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/ledger"
)

// adminRollups answers with what happened per minute, hour or day, divided by a dimension where one is asked for.
func (c *call) adminRollups(string) *fault {
	if f := c.needLedger(); f != nil {
		return f
	}
	filter, q, f := c.filter()
	if f != nil {
		return f
	}
	if !filter.BoundsTimeOnly() {
		return failure(codeInvalidType, "rollups are kept for all requests: of the filters only since, from and to count here; by=%s divides them", strings.Join(ledger.Dimensions[:], "|"))
	}
	by := q.Get("by")
	if by != "" && !slices.Contains(ledger.Dimensions[:], by) {
		f := failure(codeInvalidType, "by: %q is none of %s", by, strings.Join(ledger.Dimensions[:], ", "))
		f.param = "by"
		return f
	}
	span := q.Get("span")
	if span == "" {
		span = spanFor(filter.From)
	}
	top, f := limitOf(q, "top", 0, 1000)
	if f != nil {
		return f
	}
	kept := span
	if span == tenMinutes {
		kept = "minute"
	}
	rollups, err := c.s.Ledger.Rollups(kept, filter.From, filter.To)
	if err != nil {
		f := failure(codeInvalidType, "%v", err)
		f.param = "span"
		return f
	}
	if span == tenMinutes {
		rollups = byTen(rollups)
	}
	histograms := q.Get("histograms") == "true"
	var total ledger.Bucket
	list := make([]rollupCard, len(rollups))
	for i := range rollups {
		total.Merge(&rollups[i].Bucket)
	}
	whole := rollupOf(&total, by, histograms)
	names := largest(whole.Groups, top)
	whole.gather(names)
	for i := range rollups {
		list[i] = rollupOf(&rollups[i].Bucket, by, histograms)
		list[i].Time = &rollups[i].Time
		list[i].gather(names)
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"span": span, "by": by, "rollups": list, "total": whole})
	return nil
}

// tenMinutes is a span made of the minutes that are kept: a day of it has 144 points.
const tenMinutes = "10m"

// byTen merges rollups of minutes, oldest first, by ten.
func byTen(minutes []ledger.Rollup) (tens []ledger.Rollup) {
	for i := range minutes {
		at := minutes[i].Time.Truncate(10 * time.Minute)
		if n := len(tens); n == 0 || !tens[n-1].Time.Equal(at) {
			tens = append(tens, ledger.Rollup{Time: at})
		}
		tens[len(tens)-1].Merge(&minutes[i].Bucket)
	}
	return tens
}

// largest are the names of that many groups with the most requests; nil = all.
func largest(groups map[string]sumsCard, top int) map[string]bool {
	if top == 0 || len(groups) <= top {
		return nil
	}
	order := slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		return cmp.Or(cmp.Compare(groups[b].Requests, groups[a].Requests), cmp.Compare(a, b))
	})
	names := map[string]bool{}
	for _, name := range order[:top] {
		names[name] = true
	}
	return names
}

// gather puts the groups that are not named together as "other".
func (r *rollupCard) gather(names map[string]bool) {
	if names == nil {
		return
	}
	var other sumsCard
	for name, g := range r.Groups {
		if names[name] {
			continue
		}
		other.MeanMS = (other.MeanMS*float64(other.Requests) + g.MeanMS*float64(g.Requests)) / float64(max(other.Requests+g.Requests, 1))
		other.Requests, other.Failed, other.Fallback, other.Attempts = other.Requests+g.Requests, other.Failed+g.Failed, other.Fallback+g.Fallback, other.Attempts+g.Attempts
		other.Cost, other.Baseline = other.Cost+g.Cost, other.Baseline+g.Baseline
		other.Prompt, other.Cached, other.Completion, other.Reasoning = other.Prompt+g.Prompt, other.Cached+g.Cached, other.Completion+g.Completion, other.Reasoning+g.Reasoning
		delete(r.Groups, name)
	}
	if other.Requests > 0 {
		r.Groups["other"] = other
	}
}

// spanFor is the span that shows a time since then in 50 to 400 points.
func spanFor(from time.Time) string {
	switch since := time.Since(from); {
	case from.IsZero() || since > 20*24*time.Hour:
		return "day"
	case since > 7*time.Hour:
		return "hour"
	}
	return "minute"
}

// rollupCard is a rollup for people: money in USD, times in milliseconds.
type rollupCard struct {
	Time *time.Time `json:"time,omitempty"`
	sumsCard
	Latency    *quantiles          `json:"latency_ms,omitempty"`
	FirstToken *quantiles          `json:"first_token_ms,omitempty"`
	Added      *quantiles          `json:"added_ms,omitempty"` // by Routor itself
	Groups     map[string]sumsCard `json:"groups,omitempty"`
}

type sumsCard struct {
	Requests   int64    `json:"requests"`
	Failed     int64    `json:"failed"`
	Fallback   int64    `json:"fallback"`
	Attempts   int64    `json:"attempts"`
	Cost       float64  `json:"cost_usd"`
	Baseline   float64  `json:"baseline_usd"`          // of the requests for which it is known
	Savings    *float64 `json:"savings_pct,omitempty"` // of those
	Prompt     int64    `json:"prompt_tokens"`
	Cached     int64    `json:"cached_tokens"`
	Completion int64    `json:"completion_tokens"`
	Reasoning  int64    `json:"reasoning_tokens"`
	MeanMS     float64  `json:"mean_ms"`
	// Of models only.
	Latency    *quantiles `json:"latency_ms,omitempty"`
	FirstToken *quantiles `json:"first_token_ms,omitempty"`
}

// quantiles are of a histogram with steps of an eighth.
type quantiles struct {
	N     int64        `json:"n"`
	P50   float64      `json:"p50"`
	P95   float64      `json:"p95"`
	P99   float64      `json:"p99"`
	Steps [][2]float64 `json:"steps,omitempty"` // end of the step, how many
}

func rollupOf(b *ledger.Bucket, by string, histograms bool) rollupCard {
	card := rollupCard{sumsCard: sumsOf(&b.All.Sums), Latency: quantilesOf(b.All.Latency, histograms), FirstToken: quantilesOf(b.All.FirstToken, histograms),
		Added: quantilesOf(b.Routing, histograms)}
	if by == "" {
		return card
	}
	card.Groups = map[string]sumsCard{}
	for name, s := range b.Groups(by) {
		g := sumsOf(s)
		if m := b.Models[name]; by == "model" && m != nil {
			g.Latency, g.FirstToken = quantilesOf(m.Latency, histograms), quantilesOf(m.FirstToken, histograms)
		}
		card.Groups[name] = g
	}
	return card
}

func sumsOf(s *ledger.Sums) sumsCard {
	card := sumsCard{Requests: s.Requests, Failed: s.Failed, Fallback: s.Fallback, Attempts: s.Attempts, Cost: s.Cost.USD(), Baseline: s.Baseline.USD(),
		Prompt: s.Prompt, Cached: s.Cached, Completion: s.Completion, Reasoning: s.Reasoning}
	if s.Baseline > 0 {
		pct := math.Round(1000*(1-float64(s.Compared)/float64(s.Baseline))) / 10
		card.Savings = &pct
	}
	if s.Requests > 0 {
		card.MeanMS = math.Round(float64(s.Took)/float64(s.Requests)) / 1000
	}
	return card
}

func quantilesOf(h ledger.Histogram, steps bool) *quantiles {
	n := h.Count()
	if n == 0 {
		return nil
	}
	ms := func(m ledger.Micros) float64 { return float64(m) / 1000 }
	q := &quantiles{N: n, P50: ms(h.Quantile(.5)), P95: ms(h.Quantile(.95)), P99: ms(h.Quantile(.99))}
	if steps {
		for _, s := range h.Steps {
			q.Steps = append(q.Steps, [2]float64{ms(s.Upper()), float64(s.N)})
		}
	}
	return q
}

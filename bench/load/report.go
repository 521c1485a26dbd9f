package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routor/routor/bench/plot"
)

// The names of the targets that every comparison has, and that ratios are made to.
const (
	Direct = "direct"
	Bare   = "bare proxy"
	Routor = "routor"
)

// Markdown is the report as tables: medians over the rounds, ratios to the bare proxy of the same round.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Gateways side by side\n\n%s, %s, %s. Medians over the rounds; ratios are to the bare proxy in the same round, with least and most. Added latency is to `direct` in the same round.\n",
		r.Time.Format("2006-01-02 15:04 UTC"), r.Machine, r.Version)
	for i := range r.Cases {
		c := &r.Cases[i]
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", c.Name, c.how())
		b.WriteString("| target | requests/s | ratio | p50 | p99 | p99.9 | added p50 | added p99 | processor time a request | memory, most | errors |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
		for j := range c.Rows {
			row := &c.Rows[j]
			name := row.Target
			if len(row.Rounds) == 0 {
				continue
			}
			median := func(f func(*Result) float64) float64 { m, _, _ := row.Median(f); return m }
			ratio, least, most := c.Ratio(name, Bare, perSecond)
			said := "–"
			if ratio > 0 {
				said = fmt.Sprintf("%.2f (%.2f–%.2f)", ratio, least, most)
			}
			fmt.Fprintf(&b, "| %s | %.0f | %s | %s | %s | %s | %s | %s | %s | %s | %.0f |\n", name, median(perSecond), said,
				micros(median(p50)), micros(median(p99)), micros(median(func(r *Result) float64 { return r.P999 })),
				micros(c.Added(name, Direct, p50)), micros(c.Added(name, Direct, p99)), unknownOr(median(cpu), micros), unknownOr(median(peak), megabytes), median(errorsOf))
		}
		for _, why := range c.reasons() {
			fmt.Fprintf(&b, "\nErrors: %s\n", why)
		}
	}
	return b.String()
}

func (c *CaseReport) how() string {
	kind := "Plain answers"
	if c.Stream {
		kind = "Streams"
	}
	if c.Rate > 0 {
		return fmt.Sprintf("%s over at most %d connections; %.0f requests arrive a second, and latency counts from when each was due.", kind, c.Connections, c.Rate)
	}
	return fmt.Sprintf("%s over %d connections, each asking again as soon as it is answered.", kind, c.Connections)
}

func (c *CaseReport) reasons() (out []string) {
	for i := range c.Rows {
		for _, r := range c.Rows[i].Rounds {
			for why, n := range r.Reasons {
				line := fmt.Sprintf("%s: %s (%d)", c.Rows[i].Target, why, n)
				if len(out) < 8 && !slices.Contains(out, line) {
					out = append(out, line)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func perSecond(r *Result) float64 { return r.PerSec }
func p50(r *Result) float64       { return r.P50 }
func p99(r *Result) float64       { return r.P99 }
func cpu(r *Result) float64       { return r.CPU }
func peak(r *Result) float64      { return float64(r.Peak) }
func errorsOf(r *Result) float64  { return float64(r.Errors) }

func unknownOr(v float64, say func(float64) string) string {
	if v == 0 {
		return "–"
	}
	return say(v)
}

func micros(v float64) string {
	switch {
	case v >= 1e6 || v <= -1e6:
		return fmt.Sprintf("%.2f s", v/1e6)
	case v >= 1e4 || v <= -1e4:
		return fmt.Sprintf("%.1f ms", v/1e3)
	case v >= 1e3 || v <= -1e3:
		return fmt.Sprintf("%.2f ms", v/1e3)
	}
	return fmt.Sprintf("%.0f µs", v)
}

func megabytes(v float64) string { return fmt.Sprintf("%.0f MB", v/(1<<20)) }

// quantiles are where the latency curves are read off.
var quantiles = []float64{0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99}

// HTML is the report as a page of its own, with each case's latencies by quantile.
func (r *Report) HTML() string {
	var b strings.Builder
	for i := range r.Cases {
		c := &r.Cases[i]
		chart := plot.Chart{Title: c.Name + ": latency by how many were slower", X: "one in n was slower", Y: "microseconds, first round", LogX: true}
		for j := range c.Rows {
			s := plot.Series{Name: c.Rows[j].Target, Line: true}
			if len(c.Rows[j].Rounds) > 0 && c.Rows[j].Rounds[0].latency != nil {
				for _, q := range quantiles {
					s.Points = append(s.Points, plot.Point{X: 100 / (100 - q), Y: float64(c.Rows[j].Rounds[0].latency.ValueAtQuantile(q))})
				}
			}
			chart.Series = append(chart.Series, s)
		}
		b.WriteString(chart.SVG())
	}
	b.WriteString(plot.Tables(r.Markdown()))
	return plot.Page("Gateways side by side", b.String())
}

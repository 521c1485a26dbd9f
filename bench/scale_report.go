package bench

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/routor/routor/bench/load"
	"github.com/routor/routor/bench/plot"
)

// ScaleReport is how costs grow.
type ScaleReport struct {
	Curves []Curve `json:"curves"`
	Held   []Held  `json:"held,omitempty"`
}

// Markdown is the report as tables.
func (r *ScaleReport) Markdown() string {
	var b strings.Builder
	b.WriteString("# How cost grows\n\nTimes are of one processor, the least of five batches. An exponent is of the upper half of the sizes: 0 is flat, 1 linear.\n\n")
	if worse := Worse(r.Curves); len(worse) > 0 {
		fmt.Fprintf(&b, "**Worse than linear**: %s.\n", strings.Join(worse, "; "))
	} else {
		b.WriteString("No step is worse than linear.\n")
	}
	for _, c := range r.Curves {
		fmt.Fprintf(&b, "\n## %s\n\n| %s |", c.Name, c.Of)
		for _, s := range c.Steps {
			fmt.Fprintf(&b, " %s, %s |", s, c.Unit)
		}
		b.WriteString("\n|--:|" + strings.Repeat("--:|", len(c.Steps)) + "\n")
		for _, p := range c.Points {
			b.WriteString("| " + strconv.Itoa(p.Size))
			for _, s := range c.Steps {
				b.WriteString(" | " + figure(p.Costs[s]))
			}
			b.WriteString(" |\n")
		}
		b.WriteString("| exponent")
		for _, s := range c.Steps {
			fmt.Fprintf(&b, " | %.2f", c.Exponents[s])
		}
		b.WriteString(" |\n")
	}
	r.held(&b)
	return b.String()
}

func figure(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func (r *ScaleReport) held(b *strings.Builder) {
	if len(r.Held) == 0 {
		return
	}
	b.WriteString("\n## Streams that are open at the same time\n\nEach is slow, over plain TCP. Memory is what the gateway's process has resident while all are open beyond what it had before the first; processor time is the gateway's.\n\n" +
		"| streams | gateway | open at once | memory a stream | by the bare proxy | memory in all | processor time a chunk | whole streams | lost chunks |\n|--:|---|--:|--:|--:|--:|--:|--:|--:|\n")
	bare := map[int]float64{}
	for _, h := range r.Held {
		if h.Target == load.Bare {
			bare[h.Streams] = h.PerStream
		}
		by := "–"
		if bare[h.Streams] > 0 {
			by = fmt.Sprintf("%.2f", h.PerStream/bare[h.Streams])
		}
		fmt.Fprintf(b, "| %d | %s | %d | %.1f KB | %s | %.0f MB | %.1f µs | %d | %d |\n", h.Streams, h.Target, h.Open, h.PerStream/(1<<10), by, float64(h.RSS)/(1<<20), h.CPU, h.Whole, h.Lost)
	}
	for _, h := range r.Held {
		for why, n := range h.Errors {
			fmt.Fprintf(b, "\n%s, %d streams: %s (%d)\n", h.Target, h.Streams, why, n)
		}
	}
}

// HTML is the report as a page of its own.
func (r *ScaleReport) HTML() string {
	var b strings.Builder
	for _, c := range r.Curves {
		chart := plot.Chart{Title: c.Name, X: c.Of, Y: c.Unit, LogX: true, LogY: true}
		for _, s := range c.Steps {
			line := plot.Series{Name: fmt.Sprintf("%s (exponent %.2f)", s, c.Exponents[s]), Line: true}
			for _, p := range c.Points {
				line.Points = append(line.Points, plot.Point{X: float64(p.Size), Y: p.Costs[s]})
			}
			chart.Series = append(chart.Series, line)
		}
		b.WriteString(chart.SVG())
	}
	return plot.Page("How cost grows", b.String()+plot.Tables(r.Markdown()))
}

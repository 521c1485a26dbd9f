// Package plot draws the plain charts of reports as SVG that needs nothing from elsewhere.
package plot

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Chart is a chart of lines and points over two axes.
type Chart struct {
	Title, X, Y string // Title states the finding; X and Y name the units
	LogX, LogY  bool   // values of 0 and less are left out then
	Series      []Series
	// FromY and ToY are the ends of the vertical axis; both 0 = what the points need.
	FromY, ToY float64
}

// Series is what is drawn in one colour.
type Series struct {
	Name   string
	Points []Point
	Line   bool // joined by a line; else marks alone
	Dashed bool
	Labels bool // write each mark's label beside it
}

// Point is a mark.
type Point struct {
	X, Y  float64
	Label string // shown when the pointer rests on it
}

const (
	width, height            = 760, 420
	left, right, top, bottom = 64, 16, 40, 52
)

// colours are those of the UI's series, in order, readable on white and on dark.
var colours = []string{"#0B6B5B", "#7A5BB0", "#B25A00", "#2A7688", "#B0367A", "#8A8883"}

// axis maps values to pixels.
type axis struct {
	from, to float64
	log      bool
	a, b     float64 // pixels of from and to
}

func (x *axis) at(v float64) float64 {
	from, to := x.from, x.to
	if x.log {
		v, from, to = math.Log10(v), math.Log10(from), math.Log10(to)
	}
	if to == from {
		return (x.a + x.b) / 2
	}
	return x.a + (v-from)/(to-from)*(x.b-x.a)
}

// ticks are round values along the axis.
func (x *axis) ticks() (out []float64) {
	if x.log {
		for e := math.Floor(math.Log10(x.from)); e <= math.Ceil(math.Log10(x.to)); e++ {
			for _, m := range []float64{1, 2, 5} {
				if v := m * math.Pow(10, e); v >= x.from*.999 && v <= x.to*1.001 && (m == 1 || x.to/x.from < 100) {
					out = append(out, v)
				}
			}
		}
		return out
	}
	step := math.Pow(10, math.Floor(math.Log10((x.to-x.from)/4)))
	for _, m := range []float64{1, 2, 5, 10} {
		if (x.to-x.from)/(step*m) <= 6 {
			step *= m
			break
		}
	}
	for k := math.Ceil(x.from/step - 1e-9); k*step <= x.to+step*1e-9; k++ {
		out = append(out, k*step)
	}
	return out
}

func (c *Chart) axes() (x, y axis) {
	x = axis{from: math.Inf(1), to: math.Inf(-1), log: c.LogX, a: left, b: width - right}
	y = axis{from: math.Inf(1), to: math.Inf(-1), log: c.LogY, a: height - bottom, b: top}
	for _, s := range c.Series {
		for _, p := range s.Points {
			if c.drawable(p) {
				x.from, x.to = min(x.from, p.X), max(x.to, p.X)
				y.from, y.to = min(y.from, p.Y), max(y.to, p.Y)
			}
		}
	}
	if math.IsInf(x.from, 1) {
		x.from, x.to, y.from, y.to = 0, 1, 0, 1
		x.log, y.log = false, false
	}
	if c.FromY != 0 || c.ToY != 0 {
		y.from, y.to = c.FromY, c.ToY
	} else if y.log {
		y.from, y.to = y.from*.8, y.to*1.25
	} else if pad := (y.to - y.from) * .06; pad > 0 {
		y.from, y.to = y.from-pad, y.to+pad
	} else {
		y.from, y.to = y.from-1, y.to+1
	}
	if x.from == x.to {
		x.from, x.to = x.from*.9, x.to*1.1+1e-9
	}
	return x, y
}

func (c *Chart) drawable(p Point) bool {
	return !math.IsNaN(p.X+p.Y) && !math.IsInf(p.X+p.Y, 0) && (!c.LogX || p.X > 0) && (!c.LogY || p.Y > 0)
}

// SVG draws the chart.
func (c *Chart) SVG() string {
	var b strings.Builder
	x, y := c.axes()
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s" xmlns="http://www.w3.org/2000/svg" font-family="system-ui,sans-serif" font-size="12">`,
		width, height, html.EscapeString(c.Title))
	fmt.Fprintf(&b, `<text x="%d" y="20" font-size="14" font-weight="600" fill="currentColor">%s</text>`, left, html.EscapeString(c.Title))
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="currentColor" stroke-opacity=".15"/><text x="%d" y="%.1f" text-anchor="end" fill="currentColor">%s</text>`,
			left, width-right, y.at(v), y.at(v), left-8, y.at(v)+4, Number(v))
	}
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="currentColor" stroke-opacity=".15"/><text x="%.1f" y="%d" text-anchor="middle" fill="currentColor">%s</text>`,
			x.at(v), x.at(v), top, height-bottom, x.at(v), height-bottom+18, Number(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="currentColor">%s</text>`, width-right, height-12, html.EscapeString(c.X))
	fmt.Fprintf(&b, `<text x="%d" y="%d" fill="currentColor">%s</text>`, left, 34, html.EscapeString(c.Y))
	for i := range c.Series {
		c.series(&b, &c.Series[i], colours[i%len(colours)], &x, &y)
	}
	c.legend(&b)
	b.WriteString("</svg>")
	return b.String()
}

func (c *Chart) series(b *strings.Builder, s *Series, colour string, x, y *axis) {
	points := slices.DeleteFunc(slices.Clone(s.Points), func(p Point) bool { return !c.drawable(p) })
	if s.Line && len(points) > 1 {
		slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
		fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
		for _, p := range points {
			fmt.Fprintf(b, "%.1f,%.1f ", x.at(p.X), y.at(p.Y))
		}
		b.WriteString(`"`)
		if s.Dashed {
			b.WriteString(` stroke-dasharray="5 4"`)
		}
		b.WriteString("/>")
	}
	for _, p := range points {
		if s.Line && p.Label == "" {
			continue
		}
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s: %s, %s</title></circle>`, x.at(p.X), y.at(p.Y), colour,
			html.EscapeString(cmp.Or(p.Label, s.Name)), Number(p.X), Number(p.Y))
		if s.Labels {
			fmt.Fprintf(b, `<text x="%.1f" y="%.1f" font-size="10" fill="currentColor">%s</text>`, x.at(p.X)+5, y.at(p.Y)-4, html.EscapeString(p.Label))
		}
	}
}

func (c *Chart) legend(b *strings.Builder) {
	for i, s := range c.Series {
		at := height - bottom - 12 - 16*(len(c.Series)-1-i)
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="10" height="3" fill="%s"/><text x="%d" y="%d" text-anchor="end" fill="currentColor">%s</text>`,
			width-right-12, at-5, colours[i%len(colours)], width-right-18, at, html.EscapeString(s.Name))
	}
}

// Number is a value with three digits that mean something.
func Number(v float64) string {
	if v == 0 {
		return "0"
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if math.Abs(v) >= unit.size {
			size := unit.size
			if unit.name == "k" {
				size = 1e3
			}
			return strconv.FormatFloat(v/size, 'g', 4, 64) + unit.name
		}
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// Page is a self-contained HTML page; body is HTML already.
func Page(title, body string) string {
	return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>` + html.EscapeString(title) + `</title>
<style>
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;background:light-dark(#FBFBFA,#111314);color:light-dark(#1B1C1E,#ECEDEE)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1rem 0;display:block;overflow-x:auto}
th,td{padding:.25rem .7rem;border-bottom:1px solid light-dark(#E3E2DE,#2A2E31);text-align:right}th:first-child,td:first-child{text-align:left}
svg{width:100%;height:auto;background:light-dark(#fff,#181B1D);border:1px solid light-dark(#E3E2DE,#2A2E31);border-radius:6px;margin:.5rem 0}
code{font-family:ui-monospace,monospace;font-size:13px}
</style><h1>` + html.EscapeString(title) + "</h1>\n" + body + "</html>\n"
}

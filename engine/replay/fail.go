package replay

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/nearest"
)

// Condition is a bound on what a replay finds, such as `cost > +5%`: where it holds, the change is not wanted.
type Condition struct {
	Source string
	figure string
	op     string
	bound  float64
	unit   string // %, points, ms, ""
}

// figures are what conditions speak of, with the units that each takes; the first is meant where one must be named in a message.
var figures = map[string][]string{
	"cost": {"%"}, "quality": {"points", "%"}, "latency": {"%", "ms"}, "impossible": {"", "%"}, "moved": {"%", ""}, "replayed": {"%", ""},
}

var figureNames = []string{"cost", "quality", "latency", "impossible", "moved", "replayed"}

// examples of conditions, for messages.
var examples = map[string]string{
	"cost": "cost > +5%", "quality": "quality < -0.5 points", "latency": "latency > +10%", "impossible": "impossible > 0", "moved": "moved > 20%",
	"replayed": "replayed < 90%",
}

// ParseCondition reads a condition: a figure, one of > >= < <=, and a bound with its unit. cost, quality and latency are changes against
// before: `cost > +5%`, `quality < -0.5 points` (hundredths of quality), `latency > +50ms`. impossible, moved and replayed are counts or
// shares: `impossible > 0`, `moved > 20%` (of those replayed), `replayed < 90%` (of those asked for).
func ParseCondition(source string) (Condition, error) {
	c := Condition{Source: strings.TrimSpace(source)}
	wrong := func(format string, args ...any) (Condition, error) {
		return Condition{}, fmt.Errorf("%q: %s", source, fmt.Sprintf(format, args...))
	}
	at := strings.IndexAny(source, "<>=!")
	if at < 0 {
		return wrong("has no > or <: write for instance %q", examples["cost"])
	}
	c.figure = strings.TrimSpace(source[:at])
	rest := source[at:]
	for _, op := range []string{">=", "<=", ">", "<"} {
		if strings.HasPrefix(rest, op) {
			c.op, rest = op, rest[len(op):]
			break
		}
	}
	units, known := figures[c.figure]
	switch {
	case !known:
		return wrong("there is no figure %q: %s", c.figure, nearest.Hint(c.figure, figureNames))
	case c.op == "" || strings.HasPrefix(rest, "="):
		return wrong("compares with something else than > >= < <=: write for instance %q", examples[c.figure])
	}
	text := strings.TrimSpace(rest)
	for _, unit := range []string{"%", "points", "point", "ms"} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			text, c.unit = strings.TrimSpace(number), unit
			if unit == "point" {
				c.unit = "points"
			}
			break
		}
	}
	bound, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(bound) || math.IsInf(bound, 0) || strings.ContainsAny(text, "xXpP_") {
		return wrong("%q is no bound: write for instance %q", strings.TrimSpace(rest), examples[c.figure])
	}
	c.bound = bound
	for _, unit := range units {
		if unit == c.unit {
			return c, nil
		}
	}
	if c.unit == "" {
		return wrong("the bound has no unit: write for instance %q", examples[c.figure])
	}
	return wrong("%s is not told in %s: write for instance %q", c.figure, c.unit, examples[c.figure])
}

// Holds is whether the condition holds for a result, and the value that it looked at in its own unit. A figure that is unknown, of
// nothing replayed for instance, lets every condition hold: nobody has seen that the change is good.
func (c *Condition) Holds(r *Result) (holds bool, value string) {
	x, known := c.value(r)
	if !known {
		return true, "unknown"
	}
	switch c.op {
	case ">":
		holds = x > c.bound
	case ">=":
		holds = x >= c.bound
	case "<":
		holds = x < c.bound
	case "<=":
		holds = x <= c.bound
	}
	sign := "%+.4g"
	switch c.figure {
	case "impossible", "moved", "replayed":
		sign = "%.4g"
	}
	unit := c.unit
	if unit == "points" {
		unit = " points"
	}
	return holds, fmt.Sprintf(sign, x) + unit
}

func (c *Condition) value(r *Result) (x float64, known bool) {
	share := func(n, of int) (float64, bool) {
		if of == 0 {
			return 0, false
		}
		if c.unit == "%" {
			return 100 * float64(n) / float64(of), true
		}
		return float64(n), true
	}
	switch c.figure {
	case "impossible":
		return share(r.Impossible, r.Replayed)
	case "moved":
		return share(r.Moved, r.Replayed)
	case "replayed":
		return share(r.Replayed, r.Asked)
	}
	f := map[string]Figure{"cost": r.Cost, "quality": r.Quality, "latency": r.Latency}[c.figure]
	if f.Before == nil || f.After == nil {
		return 0, false
	}
	switch c.unit {
	case "points":
		return 100 * (*f.After - *f.Before), true
	case "ms":
		return *f.After - *f.Before, true
	}
	if *f.Before == 0 && *f.After == 0 {
		return 0, true
	}
	change, known := f.Change()
	return 100 * change, known
}

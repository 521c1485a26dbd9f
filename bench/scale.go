package bench

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/routor/routor/bench/cputime"
	"github.com/routor/routor/bench/load"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/policies"
)

// Curve is how the cost of something grows with its size.
type Curve struct {
	Name   string      `json:"name"`
	Of     string      `json:"of"`   // what is counted along it
	Unit   string      `json:"unit"` // of the costs
	Steps  []string    `json:"steps"`
	Points []CurvePart `json:"points"`
	// Exponents are the slopes of each step's cost over size in logarithms, over the upper half of the curve: 0 is flat, 1 linear.
	Exponents map[string]float64 `json:"exponents"`
}

// CurvePart is one size.
type CurvePart struct {
	Size  int                `json:"size"`
	Costs map[string]float64 `json:"costs"` // by step
}

// Sizes are those at which curves are measured.
type Sizes struct {
	Keys, Streams []int
}

// TheSizes are those that figures are stated for, quick ones those of a look in between.
func TheSizes(quick bool) Sizes {
	s := Sizes{Keys: []int{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000}, Streams: []int{1, 10, 100, 1_000, 10_000}}
	if quick {
		s.Keys, s.Streams = s.Keys[:6], s.Streams[:4]
	}
	return s
}

// worseThanLinear is the exponent beyond which a step counts as worse than linear; what is below it is noise.
const worseThanLinear = 1.25

// Worse are the steps that grow faster than their size, as "curve: step".
func Worse(curves []Curve) (out []string) {
	for _, c := range curves {
		for _, s := range c.Steps {
			if e := c.Exponents[s]; e > worseThanLinear {
				out = append(out, fmt.Sprintf("%s: %s grows with exponent %.2f", c.Name, s, e))
			}
		}
	}
	return out
}

// Scale measures how reading, classifying and deciding grow with the length of a prompt, the number of turns, models and rules,
// and finding a key with the number of keys.
func Scale(ctx context.Context, c *classifiers.Classifier, sizes Sizes) ([]Curve, error) {
	var out []Curve
	for _, one := range []struct {
		name, of string
		sizes    []int
		make     func(size int) (models, rules int, body []byte)
	}{
		{"length of the prompt", "bytes", []int{1, 10, 100, 1_000, 10_000, 100_000, 1_000_000}, func(n int) (int, int, []byte) { return 100, 20, asking(n) }},
		{"turns", "turns", []int{1, 3, 10, 30, 100, 300, 1_000}, func(n int) (int, int, []byte) { return 100, 20, turns(n) }},
		{"models", "models", []int{20, 50, 100, 200, 500, 1_000}, func(n int) (int, int, []byte) { return n, 20, asking(200) }},
		{"rules", "rules", []int{1, 5, 20, 50, 100, 200}, func(n int) (int, int, []byte) { return 100, n, asking(200) }},
	} {
		curve := Curve{Name: one.name, Of: one.of, Unit: "µs", Steps: []string{"read", "classify", "decide"}}
		for _, size := range one.sizes {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			models, rules, body := one.make(size)
			costs, err := steps(c, models, rules, body)
			if err != nil {
				return out, fmt.Errorf("%s, %d: %w", one.name, size, err)
			}
			curve.Points = append(curve.Points, CurvePart{size, costs})
		}
		out = append(out, curve.fitted())
	}
	return append(out, keysCurve(sizes.Keys)), ctx.Err()
}

// keysCurve is what it takes to find one of n keys, in the table and by the look-up of the server.
func keysCurve(sizes []int) Curve {
	curve := Curve{Name: "keys", Of: "keys", Unit: "µs", Steps: []string{"look up"}}
	for _, n := range sizes {
		keys, secret := access.Filled(n)
		secrets := make([][]byte, min(n, 1<<16)) // of keys all over the table, so that no cache of the processor has them all
		for i := range secrets {
			secrets[i] = secret(int(uint64(i) * 2654435761 % uint64(n)))
		}
		i := 0
		curve.Points = append(curve.Points, CurvePart{n, map[string]float64{"look up": microseconds(func() {
			if _, err := keys.Lookup(secrets[i%len(secrets)]); err != nil {
				panic("BUG: a key that was made is not found")
			}
			i++
		})}})
	}
	return curve.fitted()
}

// StreamsCurve is the memory of a stream through the bare proxy and through Routor, by the number that is open.
func StreamsCurve(held []Held) Curve {
	curve := Curve{Name: "streams at the same time", Of: "streams", Unit: "KB resident in all", Steps: []string{load.Bare, load.Routor}}
	for _, h := range held {
		if n := len(curve.Points); n == 0 || curve.Points[n-1].Size != h.Open {
			curve.Points = append(curve.Points, CurvePart{h.Open, map[string]float64{}})
		}
		curve.Points[len(curve.Points)-1].Costs[h.Target] = float64(h.RSS) / (1 << 10)
	}
	return curve.fitted()
}

func asking(n int) []byte {
	return chat.Prompt{Text: strings.Repeat(scaleText, n/len(scaleText)+1)[:n]}.AppendBody(nil)
}

const scaleText = "Write a function in Go that merges overlapping intervals, and explain why it is correct. Our checkout service returns 502 about once an hour. "

func turns(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"model":"auto","messages":[`)
	for i := range n {
		if i > 0 {
			b.WriteString(`,{"role":"assistant","content":"It sorts the intervals first, then joins neighbours."},`)
		}
		b.WriteString(`{"role":"user","content":"And what happens if two of them touch at one end?"}`)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}

// manyModels is a catalog of one provider.
func manyModels(n int) (*catalog.Catalog, error) {
	var b strings.Builder
	b.WriteString("providers:\n  many: {name: Many, base_url: \"https://many.invalid/v1\", dialect: openai}\nmodels:\n")
	for i := range n {
		fmt.Fprintf(&b, "  many/m%d: {context: 10000000, input: [text], can: {tools: yes}, ability: {overall: %.3f, coding: %.3f}}\n", i, .4+.5*float64(i)/float64(n), .3+.6*float64(i)/float64(n))
	}
	b.WriteString("deployments:\n")
	for i := range n {
		fmt.Fprintf(&b, "  many/m%d: {model: many/m%d, prices: {input: %.3f, output: %.3f}}\n", i, i, .05+float64(i)/100, .2+float64(i)/20)
	}
	return new(catalog.Catalog).Overlay("many", []byte(b.String()))
}

// manyRules is a policy of rules of four kinds, as large teams have them.
func manyRules(n int) []byte {
	var b strings.Builder
	b.WriteString("name: many\nrules:\n")
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "  - {name: team %d, when: 'key.team == \"team%d\"', never: '(model.context ?? 0) < 1000'}\n", i, i)
		case 1:
			fmt.Fprintf(&b, "  - {name: hard %d, when: 'category == \"coding\" && tier >= STANDARD', prefer: '(model.tool_accuracy ?? 0.5) * 0.0%d'}\n", i, i%9+1)
		case 2:
			fmt.Fprintf(&b, "  - {name: long %d, when: 'prompt_tokens > %d000', floor: LIGHT}\n", i, i+1)
		default:
			fmt.Fprintf(&b, "  - {name: tools %d, when: 'tools > %d', floor: SIMPLE}\n", i, i)
		}
	}
	return []byte(b.String())
}

// steps measures the steps of one request, microseconds each.
func steps(c *classifiers.Classifier, models, rules int, body []byte) (map[string]float64, error) {
	cat, err := manyModels(models)
	if err != nil {
		return nil, err
	}
	policy, err := policies.Parse("many", manyRules(rules), policies.Scope{Catalog: cat})
	if err != nil {
		return nil, err
	}
	s, err := engine.NewSnapshot(engine.Parts{Catalog: cat, Policy: policy, Classifier: c})
	if err != nil {
		return nil, err
	}
	r, err := chat.Read(body)
	if err != nil {
		return nil, err
	}
	var in classifiers.Input
	var result classifiers.Result
	s.Classify(r, &in, &result)
	world := engine.World{Now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), Classification: &result}
	var d engine.Decision
	return map[string]float64{
		"read": microseconds(func() {
			if again, err := chat.Read(body); err == nil {
				again.Release()
			}
		}),
		"classify": microseconds(func() { s.Classify(r, &in, &result) }),
		"decide":   microseconds(func() { err = engine.Decide(s, r, &world, &d) }),
	}, err
}

// microseconds is the least processor time of f over a few batches: what else runs on the machine only ever adds.
func microseconds(f func()) float64 {
	best := math.Inf(1)
	for range 5 {
		n, before := 0, cputime.Used()
		for start := time.Now(); time.Since(start) < 10*time.Millisecond || n == 0; n++ {
			f()
		}
		best = min(best, float64((cputime.Used()-before).Nanoseconds())/1e3/float64(n))
	}
	return best
}

// fitted is the curve with its exponents.
func (c Curve) fitted() Curve {
	c.Exponents = map[string]float64{}
	if len(c.Points) == 0 {
		return c
	}
	first, last := c.Points[len(c.Points)/2], c.Points[len(c.Points)-1]
	for _, s := range c.Steps {
		if first.Size < last.Size && first.Costs[s] > 0 && last.Costs[s] > 0 {
			c.Exponents[s] = math.Log(last.Costs[s]/first.Costs[s]) / math.Log(float64(last.Size)/float64(first.Size))
		}
	}
	return c
}

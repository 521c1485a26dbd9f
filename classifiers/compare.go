package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/label"
)

// Speed is what a module takes for texts of one length.
type Speed struct {
	Bytes int     `json:"bytes"`    // of the text; beyond the host's cut the module sees its head and tail
	Fuel  uint64  `json:"fuel"`     // of one call
	Share float64 `json:"of_limit"` // Fuel as a share of what is allowed
	P50   float64 `json:"p50_us"`   // microseconds through the host
	P99   float64 `json:"p99_us"`
}

// Lengths are the texts that Speeds measures by default, in bytes.
var Lengths = []int{0, 50, 200, 500, 2_000, 8_000, 100_000, 1_000_000}

// sample is prose, code and figures in turn, so that no kind of text alone sets the pace.
const sample = `The committee met on Tuesday to decide which of the three proposals should go forward, and why.
for i := range rows { total += rows[i].Price * rows[i].Count } // then the discount
Revenue rose 12.4 % to 3,218 million; costs fell. ¿Puede explicar la diferencia? Wie hängt das zusammen?
`

// Speeds measures calls one at a time, for about 100 ms a length.
func Speeds(m *classifiers.Module, lengths []int) ([]Speed, error) {
	var out []Speed
	var r classifiers.Result
	for _, n := range lengths {
		in := classifiers.Input{Text: strings.Repeat(sample, n/len(sample)+1)[:n], Turns: 1, Tokens: uint32(n / 4), Bytes: uint32(n)}
		s := Speed{Bytes: n}
		var took []float64
		for end := time.Now().Add(100 * time.Millisecond); len(took) < 20 || time.Now().Before(end); {
			c, err := m.Measure(&in, &r)
			if err != nil {
				return out, fmt.Errorf("a text of %d bytes: %w", n, err)
			}
			took = append(took, float64(c.Took.Nanoseconds())/1e3)
			s.Fuel, s.Share = c.Fuel, float64(c.Fuel)/float64(c.Most)
		}
		slices.Sort(took)
		s.P50, s.P99 = took[len(took)/2], took[len(took)*99/100]
		out = append(out, s)
	}
	return out, nil
}

// Difference is a prompt on which two modules disagree.
type Difference struct {
	ID         string        `json:"id"`
	Text       string        `json:"text"` // its beginning
	Category   [2]string     `json:"category"`
	Tier       [2]label.Tier `json:"tier"`
	Difficulty [2]float32    `json:"difficulty"`
	Confidence [2]float32    `json:"confidence"`
	// Distance is half the sum of the absolute differences of the category probabilities, plus that of difficulty: 0..2.
	Distance float64 `json:"distance"`
}

// Comparison is where two modules differ on the same prompts.
type Comparison struct {
	Modules      [2]string      `json:"modules"`
	Prompts      int            `json:"prompts"`
	SameCategory float64        `json:"same_category"` // shares, 0..1
	SameTier     float64        `json:"same_tier"`
	WithinOne    float64        `json:"within_one_tier"`
	Lower        float64        `json:"lower_tier"` // the second puts it lower …
	Higher       float64        `json:"higher_tier"`
	Difficulty   float64        `json:"difficulty_distance"` // mean absolute difference
	Failed       [2]int         `json:"failed"`              // calls that broke
	Moves        map[string]int `json:"category_moves"`      // "coding → math": n
	Differences  []Difference   `json:"differences"`         // greatest distance first
}

// Prompted is a prompt as classifiers see it.
type Prompted struct {
	ID    string
	Input classifiers.Input
}

// Compare puts the same prompts to two modules, and keeps the most differences of them. tierOf is the policy's.
func Compare(a, b *classifiers.Module, prompts []Prompted, tierOf func(float64) label.Tier, most int) Comparison {
	c := Comparison{Modules: [2]string{a.Card().String(), b.Card().String()}, Prompts: len(prompts), Moves: map[string]int{}, Differences: []Difference{}}
	compared := 0.
	for i := range prompts {
		p := &prompts[i]
		var r [2]classifiers.Result
		failed := false
		for k, m := range [...]*classifiers.Module{a, b} {
			if m.Classify(&p.Input, &r[k]) != nil {
				c.Failed[k]++
				failed = true
			}
		}
		if failed {
			continue
		}
		compared++
		d := differ(p, &r[0], &r[1], tierOf)
		c.count(&d)
		if d.Category[0] != d.Category[1] || d.Tier[0] != d.Tier[1] {
			c.Differences = append(c.Differences, d)
		}
	}
	for _, share := range []*float64{&c.SameCategory, &c.SameTier, &c.WithinOne, &c.Lower, &c.Higher, &c.Difficulty} {
		*share /= max(compared, 1)
	}
	slices.SortStableFunc(c.Differences, func(x, y Difference) int { return cmp.Compare(y.Distance, x.Distance) })
	c.Differences = c.Differences[:min(most, len(c.Differences))]
	return c
}

func differ(p *Prompted, a, b *classifiers.Result, tierOf func(float64) label.Tier) Difference {
	d := Difference{
		ID: p.ID, Text: head(p.Input.Text, 120),
		Category: [2]string{a.Best().String(), b.Best().String()}, Difficulty: [2]float32{a.Difficulty, b.Difficulty},
		Tier:       [2]label.Tier{train.TierOf(float64(a.Difficulty)), train.TierOf(float64(b.Difficulty))},
		Confidence: [2]float32{a.Confidence, b.Confidence},
	}
	for i := range a.Category {
		d.Distance += math.Abs(float64(a.Category[i]-b.Category[i])) / 2
	}
	d.Distance += math.Abs(float64(a.Difficulty - b.Difficulty))
	return d
}

// count adds a prompt to the sums, which become shares at the end.
func (c *Comparison) count(d *Difference) {
	if d.Category[0] == d.Category[1] {
		c.SameCategory++
	} else {
		c.Moves[d.Category[0]+" → "+d.Category[1]]++
	}
	switch by := int(d.Tier[1]) - int(d.Tier[0]); {
	case by == 0:
		c.SameTier++
		c.WithinOne++
	case by < 0:
		c.Lower++
	default:
		c.Higher++
	}
	if by := int(d.Tier[1]) - int(d.Tier[0]); by == 1 || by == -1 {
		c.WithinOne++
	}
	c.Difficulty += math.Abs(float64(d.Difficulty[0] - d.Difficulty[1]))
}

// head is the beginning of a text on one line.
func head(s string, n int) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s[:min(len(s), 4*n)], "�")), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

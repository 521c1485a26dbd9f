package classifiers

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/routor/routor/engine/label"
)

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
	Input Input
}

// Reader is what reads prompts: a module, or what serves.
type Reader interface {
	Card() Card
	Classify(in *Input, out *Result) error
}

// Compare puts the same prompts to two modules, and keeps the most differences of them. tierOf is the policy's.
func Compare(a, b Reader, prompts []Prompted, tierOf func(float64) label.Tier, most int) Comparison {
	c := Comparison{Modules: [2]string{a.Card().String(), b.Card().String()}, Prompts: len(prompts), Moves: map[string]int{}, Differences: []Difference{}}
	compared := 0.
	for i := range prompts {
		p := &prompts[i]
		var r [2]Result
		failed := false
		for k, m := range [...]Reader{a, b} {
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

func differ(p *Prompted, a, b *Result, tierOf func(float64) label.Tier) Difference {
	d := Difference{
		ID: p.ID, Text: head(p.Input.Text, 120),
		Category: [2]string{a.Best().String(), b.Best().String()}, Difficulty: [2]float32{a.Difficulty, b.Difficulty},
		Tier:       [2]label.Tier{tierOf(float64(a.Difficulty)), tierOf(float64(b.Difficulty))},
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

package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/label"
)

// Card is the card of a trained module: what the host reads, and what it takes to train it again.
type Card struct {
	classifiers.Card
	Data   map[string]string `json:"data,omitempty"` // sha256 in hex, by file name
	Bits   int               `json:"bits"`
	Epochs int               `json:"epochs"`
	Rate   float64           `json:"rate"`
	Seed   uint64            `json:"seed"`
}

func newCard(o *Options, examples []*Example, blob []byte) Card {
	sources, licences := map[string]int{}, map[string]bool{}
	for _, e := range examples {
		if e.Source != "" {
			sources[e.Source]++
		}
		if e.Licence != "" {
			licences[e.Licence] = true
		}
	}
	sum := sha256.Sum256(blob)
	c := Card{Data: o.Data, Bits: o.Bits, Epochs: o.Epochs, Rate: o.Rate, Seed: o.Seed}
	c.Name, c.Version, c.Description = o.Name, o.Version, o.Description
	c.Heads = []classifiers.HeadCard{
		{Name: "category", Labels: label.Categories[:]},
		{Name: "domain", Labels: label.Domains[:]},
	}
	for _, s := range slices.Sorted(maps.Keys(sources)) {
		c.TrainedOn = append(c.TrainedOn, fmt.Sprintf("%s: %d", s, sources[s]))
	}
	c.Licences = slices.Sorted(maps.Keys(licences))
	c.WeightsSHA256 = hex.EncodeToString(sum[:])
	return c
}

func (c *Card) json() []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic("BUG: a card has only plain fields: " + err.Error())
	}
	return b
}

// figures are the model's on the examples that calibrated it, so a little too good: bench classify has the test split's.
func (m *model) figures(dev []request) map[string]float64 {
	var right, known, exact, within, tiers, domains, domainRight float64
	for i := range dev {
		e, z := dev[i].example, m.scores(&dev[i])
		if e.Category != nil {
			known++
			right += one(argmax(z[colCategory:colDomain]) == int(*e.Category))
		}
		if e.Domain != nil {
			domains++
			domainRight += one(argmax(z[colDomain:colTier]) == int(*e.Domain))
		}
		if e.Tier != nil {
			tiers++
			tier := 0
			for tier < label.NumTiers-1 && z[colTier] >= m.knots[tier+1] {
				tier++
			}
			off := math.Abs(float64(tier - int(*e.Tier)))
			exact += one(off == 0)
			within += one(off <= 1)
		}
	}
	figures := map[string]float64{}
	add := func(name string, n, of float64) {
		if of > 0 {
			figures[name] = math.Round(n/of*1e4) / 1e4
		}
	}
	add("dev_category_accuracy", right, known)
	add("dev_domain_accuracy", domainRight, domains)
	add("dev_tier_exact", exact, tiers)
	add("dev_tier_within_one", within, tiers)
	return figures
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func argmax(z []float32) int {
	best := 0
	for i, v := range z {
		if v > z[best] {
			best = i
		}
	}
	return best
}

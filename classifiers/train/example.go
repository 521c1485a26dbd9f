// Package train makes a classifier module of labelled prompts. It needs no compiler: what a request's features are is
// said by the C runtime alone, which is asked through the host, and the fitted weights are baked into that runtime.
//
// The same examples, options and seed give the same bytes, on any number of cores and on any CPU: sums are made in a fixed
// order, and float32(a*b) + c keeps compilers from fusing the two operations into one rounding.
package train

import (
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/label"
)

// Example is a labelled request. What is not known of it is nil or zero; each head learns from the examples that carry its
// label.
type Example struct {
	ID    string
	Input classifiers.Input // made by the same code as when serving

	Category *label.Category
	Domain   *label.Domain
	Tier     *label.Tier
	// Soft are category probabilities in the order of label.Categories, from a teacher; they count where Category is nil.
	Soft []float32
	// SoftTier is a teacher's tier, 0 (NANO) to 4 (COMPLEX), between two where it wavers; it counts, a little, where Tier is nil.
	SoftTier *float32
	// Tokens are the completion tokens of an average model; 0 = unknown.
	Tokens float64
	// Own are labels of the user's own heads, by head.
	Own map[string]string
	// Weight is how much the example counts; 1 = as one label read by hand, 0 = 1.
	Weight float64

	Split   string // "train" is learned from, "dev" and "test" are measured on
	Source  string
	Group   string // questions that are the same question share one, and lie in one split
	Licence string // of the source, for the card
	Lang    string // ISO 639, for figures by language; "" = unknown
}

func (e *Example) weight() float32 {
	if e.Weight == 0 {
		return 1
	}
	return float32(e.Weight)
}

// byHand says that the example's tier or category was labelled with full weight, by somebody who read it.
func (e *Example) byHand() bool {
	return (e.Category != nil || e.Tier != nil || e.Domain != nil) && e.weight() >= 1
}

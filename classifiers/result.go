// Package classifiers hosts WASM classifiers: it rewrites a module so that it can't run away, keeps instances of it in a
// pool, puts a request to it as one binary record and reads one back.
package classifiers

import "github.com/routor/routor/engine/label"

// Input is what a classifier sees of a request.
type Input struct {
	Text    string // last human turn, envelopes stripped
	System  string
	Context string // the earlier turns in brief
	Flags   Flags
	Turns   uint32
	Tokens  uint32 // estimate over the whole prompt
	Bytes   uint32 // of all text
}

// Flags are facts about a request, one bit each, as the ABI numbers them.
type Flags uint32

// The flags of ABI v1.
const (
	HasTools Flags = 1 << iota
	HasImages
	HasSystem
	Streams
	WantsJSON
	HasFiles
	HasAudio
)

// Result is a classifier's answer. It holds no pointers into the guest, and a Result that is reused allocates nothing.
type Result struct {
	Category         [label.NumCategories]float32 // probabilities, sum 1
	Domain           [label.NumDomains]float32    // probabilities; all zero if the module has no such head
	Difficulty       float32                      // 0..1, the scale of the tiers
	Confidence       float32                      // 0..1, calibrated chance that the category is right
	CompletionTokens float32                      // expected; NaN = the module does not say
	Heads            []Head                       // heads of the module's own, in the order of its card
	Module           string                       // name and version of the module that answered
	// Fallback is why the built-in module answered in place of the configured one; "" = it did not.
	Fallback string
}

// Head is the answer of one of the module's own heads.
type Head struct {
	Name   string
	Labels []string // shared with the card; do not change
	P      []float32
}

// Best is the most probable category.
func (r *Result) Best() label.Category {
	best := 0
	for i, p := range r.Category {
		if p > r.Category[best] {
			best = i
		}
	}
	return label.Category(best)
}

// BestDomain is the most probable domain, OtherDomain if the module does not say.
func (r *Result) BestDomain() label.Domain {
	best := int(label.OtherDomain)
	for i, p := range r.Domain {
		if p > r.Domain[best] {
			best = i
		}
	}
	return label.Domain(best)
}

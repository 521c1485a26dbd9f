package train

import (
	"maps"
	"math"
	"slices"

	"github.com/routor/routor/engine/label"
)

// The heads, each a span of columns.
const (
	headCategory = iota
	headDomain
	headTier
	headTokens
	numHeads
)

var headColumns = [numHeads]struct {
	from, to int
	pace     float32 // of the learning rate; the tier and the completion tokens, which have few labels and much noise, gain by little steps
}{
	headCategory: {colCategory, colCategory + label.NumCategories, 1},
	headDomain:   {colDomain, colDomain + label.NumDomains, 1},
	headTier:     {colTier, colTier + 1, 0.4},
	headTokens:   {colTokens, colTokens + 1, 0.1},
}

// cuts are the tier scores between one tier and the next.
type cuts [label.NumTiers - 1]float32

// heads are the losses: softmax for category and domain, proportional odds for the tier (McCullagh, 1980: one score and four
// cuts, P(tier > j) = σ(score − cut j)), Huber's loss on the logarithm for completion tokens. Rare classes count more, by the
// root of their rarity: with no weights the small ones vanish, with the whole of it the large ones suffer.
type heads struct {
	category [label.NumCategories]float32 // weights of the classes
	domain   [label.NumDomains]float32
	tier     [label.NumTiers]float32
	cuts     cuts
	cutsSq   cuts // AdaGrad's sums for the cuts
	fixed    bool // the cuts stay where they are
	learns   [numHeads]bool
	tokens   float32            // mean logarithm of completion tokens; NaN = no example has any
	lengths  map[string]float32 // weight of a source's completion tokens: all sources weigh the same, for one benchmark has most
}

// gradient is the derivative of an example's loss, by its scores and by the cuts.
type gradient struct {
	z    [columns]float32
	cuts cuts
}

func newHeads(requests []*request) heads {
	var h heads
	var category [label.NumCategories]float64
	var domain [label.NumDomains]float64
	var tier, softTier [label.NumTiers]float64
	lengths := map[string]int{}
	for _, r := range requests {
		e, w := r.example, float64(r.example.weight())
		switch {
		case e.Category != nil:
			category[*e.Category] += w
			h.learns[headCategory] = true
		case e.Soft != nil:
			for c, p := range e.Soft {
				category[c] += float64(w * float64(p))
			}
			h.learns[headCategory] = true
		}
		if e.Domain != nil {
			domain[*e.Domain] += w
			h.learns[headDomain] = true
		}
		if e.Tier != nil {
			tier[*e.Tier] += w
			h.learns[headTier] = true
		} else if e.SoftTier != nil {
			t := min(max(float64(*e.SoftTier), 0), label.NumTiers-1)
			low := min(int(t), label.NumTiers-2)
			softTier[low] += softTierWeight * (1 - (t - float64(low)))
			softTier[low+1] += softTierWeight * (t - float64(low))
		}
		if e.Tokens > 0 {
			lengths[e.Source]++
			h.learns[headTokens] = true
		}
	}
	if !h.learns[headTier] && softTier != [label.NumTiers]float64{} {
		tier, h.learns[headTier] = softTier, true // scored answers and disliked ones alone say something of difficulty, too
	}
	rarity(category[:], h.category[:])
	rarity(domain[:], h.domain[:])
	rarity(tier[:], h.tier[:])
	all, below := 0.0, 0.0
	for _, n := range tier {
		all += n
	}
	for j := range h.cuts {
		below += tier[j]
		h.cuts[j] = float32(ln((below + 1) / (all - below + 1)))
	}
	h.weighLengths(requests, lengths)
	return h
}

// weighLengths sets the weights of sources' completion tokens, and their mean.
func (h *heads) weighLengths(requests []*request, counts map[string]int) {
	sources := slices.Sorted(maps.Keys(counts))
	total := 0
	for _, s := range sources {
		total += counts[s]
	}
	h.lengths = map[string]float32{}
	for _, s := range sources {
		h.lengths[s] = float32(float64(total) / float64(len(sources)*counts[s]))
	}
	sum, weight := 0.0, 0.0
	for _, r := range requests {
		if e := r.example; e.Tokens > 0 {
			w := float64(h.lengths[e.Source])
			sum += float64(w * ln(e.Tokens))
			weight += w
		}
	}
	h.tokens = float32(sum / weight)
}

// keep takes over what a model that is learned on with has: its cuts, its mean of the completion tokens, and that no class is
// rarer than another, because the classes of a few examples say nothing of how often each will be asked for.
func (h *heads) keep(m *model) {
	copy(h.cuts[:], m.knots[1:5])
	h.fixed = true
	if t := m.main.bias[colTokens]; t == t {
		h.tokens = t
	}
	for _, weights := range [][]float32{h.category[:], h.domain[:], h.tier[:]} {
		for i := range weights {
			weights[i] = 1
		}
	}
}

// rarity sets weights to the roots of the inverse counts, so scaled that the average example weighs 1.
func rarity(counts []float64, weights []float32) {
	total, weighted := 0.0, 0.0
	for _, n := range counts {
		total += n
		weighted += math.Sqrt(n)
	}
	for i, n := range counts {
		if n > 0 {
			weights[i] = float32(total / weighted / math.Sqrt(n))
		}
	}
}

func (h *heads) gradient(e *Example, z *[columns]float32) (g gradient) {
	w := e.weight()
	if e.Category != nil || e.Soft != nil {
		var target [label.NumCategories]float32
		if e.Category != nil {
			target[*e.Category] = 1
		} else {
			copy(target[:], e.Soft)
		}
		softmaxGradient(z[colCategory:colDomain], target[:], h.category[:], w, g.z[colCategory:colDomain])
	}
	if e.Domain != nil {
		var target [label.NumDomains]float32
		target[*e.Domain] = 1
		softmaxGradient(z[colDomain:colTier], target[:], h.domain[:], w, g.z[colDomain:colTier])
	}
	switch {
	case e.Tier != nil:
		h.tierGradient(float32(*e.Tier), w, z[colTier], &g)
	case e.SoftTier != nil && h.learns[headTier]:
		h.tierGradient(*e.SoftTier, softTierWeight, z[colTier], &g)
	}
	if e.Tokens > 0 {
		g.z[colTokens] = w * h.lengths[e.Source] * min(max(z[colTokens]+h.tokens-float32(ln(e.Tokens)), -1), 1)
	}
	return g
}

// softTierWeight is how much a teacher's tier counts beside one that was given by hand.
const softTierWeight = 0.35

// tierGradient is for a tier from 0 to 4; between two it is the one and the other in shares.
func (h *heads) tierGradient(tier, w, z float32, g *gradient) {
	tier = min(max(tier, 0), label.NumTiers-1)
	low := min(int(tier), label.NumTiers-2)
	share := tier - float32(low)
	w *= float32(h.tier[low]*(1-share)) + float32(h.tier[low+1]*share)
	for j, cut := range h.cuts {
		above := float32(0) // chance that the tier is over j
		switch {
		case j < low:
			above = 1
		case j == low:
			above = share
		}
		d := 1/(1+exp(cut-z)) - above
		if !h.fixed {
			g.cuts[j] = -float32(w * d)
		}
		g.z[colTier] += float32(w * d)
	}
}

func softmaxGradient(z, target, classes []float32, w float32, g []float32) {
	softmax(z, g)
	var class float32
	for i, t := range target {
		class += float32(t * classes[i])
	}
	for i := range g {
		g[i] = w * class * (g[i] - target[i])
	}
}

// softmax puts the probabilities of scores z into p.
func softmax(z, p []float32) {
	top := z[0]
	for _, v := range z {
		top = max(top, v)
	}
	var sum float32
	for i, v := range z {
		p[i] = exp(v - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

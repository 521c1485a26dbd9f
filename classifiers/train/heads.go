package train

import (
	"math"

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
	pace     float32 // of the learning rate; the tier, which has few labels and much noise, gains by little steps
}{
	headCategory: {colCategory, colCategory + label.NumCategories, 1},
	headDomain:   {colDomain, colDomain + label.NumDomains, 1},
	headTier:     {colTier, colTier + 1, 0.4},
	headTokens:   {colTokens, colTokens + 1, 1},
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
	cutsSq   cuts    // AdaGrad's sums for the cuts
	tokens   float32 // mean logarithm of completion tokens; NaN = no example has any
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
	var tier [label.NumTiers]float64
	tokens, known := 0.0, 0.0
	for _, r := range requests {
		e, w := r.example, float64(r.example.weight())
		switch {
		case e.Category != nil:
			category[*e.Category] += w
		case e.Soft != nil:
			for c, p := range e.Soft {
				category[c] += float64(w * float64(p))
			}
		}
		if e.Domain != nil {
			domain[*e.Domain] += w
		}
		if e.Tier != nil {
			tier[*e.Tier] += w
		}
		if e.Tokens > 0 {
			tokens += ln(e.Tokens)
			known++
		}
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
	h.tokens = float32(tokens / known)
	return h
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
	if e.Tier != nil {
		w := w * h.tier[*e.Tier]
		for j, cut := range h.cuts {
			d := 1 / (1 + exp(cut-z[colTier]))
			if int(*e.Tier) > j {
				d--
			}
			g.cuts[j] = -float32(w * d)
			g.z[colTier] += float32(w * d)
		}
	}
	if e.Tokens > 0 {
		g.z[colTokens] = w * min(max(z[colTokens]+h.tokens-float32(ln(e.Tokens)), -1), 1)
	}
	return g
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

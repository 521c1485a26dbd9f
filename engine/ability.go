package engine

import (
	"math"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// The item response model of expected quality, one shape for every model (docs/abilities.md):
//
//	quality(m) = sigmoid( logit( Σ_c p(c)·μ[m][c] ) − κ·( g(difficulty) − ḡ ) )
//
// with the inner value clamped to [abilityMin, abilityMax]. It is a one-parameter logistic model (Rasch 1960) over a
// mixture of tasks: μ is what a model gets right at a difficulty of ḡ, and difficulty moves all models by the same number
// of logits. κ and ḡ are those at which the catalog states its abilities, the same for every category; g is the identity,
// because difficulty is already the scale of the tiers.
const (
	abilityMin, abilityMax = 0.01, 0.99

	// guessedAbility stands in for a model of which nothing is known; candidates that use it say so.
	guessedAbility = 0.3
)

// oddsFactor is exp(κ·(g(d) − ḡ)): what a request of that difficulty divides every model's odds of success by.
func oddsFactor(difficulty float64) float64 {
	return math.Exp(catalog.DifficultySlope * (difficulty - catalog.ReferenceDifficulty))
}

// skill is a model's ability per category at one effort, free of unknowns.
type skill struct {
	by      [label.NumCategories]float32
	guessed bool // nothing public is known
}

func skillOf(a *catalog.Ability) skill {
	s := skill{guessed: !a.Known}
	overall := a.Overall
	if math.IsNaN(overall) || overall <= 0 {
		overall, s.guessed = guessedAbility, true
	}
	for c, v := range a.By {
		if math.IsNaN(v) || v <= 0 {
			v = overall
		}
		s.by[c] = float32(v)
	}
	return s
}

// quality is the expected quality, 0..1, of a model with this skill on a request with category probabilities p (sum 1)
// that divides its odds by factor. With odds in the place of logits the model needs neither logarithm nor exponential.
func (s *skill) quality(p *[label.NumCategories]float32, factor float64) float64 {
	var mix float32
	for c := range p {
		mix += p[c] * s.by[c]
	}
	m := min(max(float64(mix), abilityMin), abilityMax)
	return m / (m + (1-m)*factor)
}

package engine

import (
	"math"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// The item response model of expected quality, one shape for every model (docs/abilities.md):
//
//	quality(m) = sigmoid( logit( Σ_c p(c)·μ[m][c] ) − κ·( g(difficulty) − Σ_c p(c)·ḡ[c] ) )
//
// with the inner value clamped to [abilityMin, abilityMax]. It is a one-parameter logistic model (Rasch 1960) over a
// mixture of tasks: μ is what a model gets right at the average difficulty of a category, and difficulty moves all models
// by the same number of logits.
const (
	abilityMin, abilityMax = 0.01, 0.99

	// guessedAbility stands in for a model of which nothing is known; candidates that use it say so.
	guessedAbility = 0.3
)

// itemSlope is κ, in logits per unit of g.
var itemSlope = 3.2

// itemDifficulty is g: identity, because difficulty is already the tier scale, made even by the classifier's training.
func itemDifficulty(d float64) float64 { return d }

// meanDifficulty is ḡ, the mean of g over the items from which a category's abilities were taken. Public benchmarks of
// code and mathematics are harder than what people ask, hence above the middle; talk is below it.
var meanDifficulty = [label.NumCategories]float64{
	label.Coding: .62, label.Math: .62, label.Reasoning: .62, label.Knowledge: .52, label.ClosedQA: .45,
	label.DataAnalysis: .55, label.ExtractClassify: .45, label.Summarization: .45, label.Translation: .45,
	label.Rewrite: .42, label.Writing: .48, label.BrainstormPlan: .48, label.ChatRoleplay: .30, label.ToolUse: .58,
}

// difficultyShift is κ·(g(d) − Σ_c p(c)·ḡ[c]), the logits that a request costs every model.
func difficultyShift(p *[label.NumCategories]float32, difficulty float64) float64 {
	mean, sum := 0.0, 0.0
	for c, pc := range p {
		mean += float64(pc) * meanDifficulty[c]
		sum += float64(pc)
	}
	if sum > 0 {
		mean /= sum
	}
	return itemSlope * (itemDifficulty(difficulty) - mean)
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
// that costs shift logits.
func (s *skill) quality(p *[label.NumCategories]float32, shift float64) float64 {
	var mix float32
	for c := range p {
		mix += p[c] * s.by[c]
	}
	m := min(max(float64(mix), abilityMin), abilityMax)
	return sigmoid(math.Log(m/(1-m)) - shift)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

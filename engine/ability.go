package engine

import (
	"math"
	"strings"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// The item response model of expected quality, one shape for every model (docs/abilities.md):
//
//	quality(m) = sigmoid( logit( Σ_c p(c)·μ[m][c] ) + Σ_d p(d)·δ[m][d] − κ·( g(difficulty) − ḡ ) )
//
// with the inner value clamped to [abilityMin, abilityMax]. It is a one-parameter logistic model (Rasch 1960) over a
// mixture of tasks: μ is what a model gets right at a difficulty of ḡ, and difficulty moves all models by the same number
// of logits. κ and ḡ are those at which the catalog states its abilities, the same for every category; g is the identity,
// because difficulty is already the scale of the tiers. δ is what a domain adds to a model's logits, where it is stated.
const (
	abilityMin, abilityMax = 0.01, 0.99

	// guessedAbility stands in for a model of which nothing is known; candidates that use it say so.
	guessedAbility = 0.3
)

// oddsFactor is exp(κ·(g(d) − ḡ)): what a request of that difficulty divides every model's odds of success by.
func oddsFactor(slope, beyond float64) float64 { return math.Exp(slope * beyond) }

// mixture is over what expected quality is mixed: the categories or, where the catalog states abilities by the labels of one
// of the classifier's own heads, those labels.
type mixture struct {
	head      string // "" = the categories
	at        int    // of the head among a result's own
	labels    []string
	reference []float32 // the difficulty at which the abilities of each label are stated
	usual     []float64 // the logits by which that is easier than where overall abilities are stated
}

// mixtureOf takes the first of the classifier's own heads by whose labels a model states an ability.
func mixtureOf(c *catalog.Catalog, heads []classifiers.HeadCard) mixture {
	stated := map[string]bool{}
	for _, m := range c.Models {
		for key := range m.Ability.Labels {
			head, _, _ := strings.Cut(key, ".")
			stated[head] = true
		}
	}
	at := 0
	for _, h := range heads {
		if h.Name == "category" || h.Name == "domain" {
			continue
		}
		if stated[h.Name] {
			m := mixture{head: h.Name, at: at, labels: h.Labels}
			for _, l := range h.Labels {
				d, ok := c.Difficulty.Labels[h.Name+"."+l]
				if !ok {
					d = c.Difficulty.Reference
				}
				m.reference = append(m.reference, float32(d))
				m.usual = append(m.usual, c.Difficulty.Slope*(c.Difficulty.Reference-d))
			}
			return m
		}
		at++
	}
	return mixture{}
}

// of is the probabilities of a result's labels, and the difficulty that is usual for them; nil = the categories count, as
// when the built-in classifier answered in place of the one that has the head.
func (m *mixture) of(r *classifiers.Result) (p []float32, usual float64) {
	if m.head == "" || m.at >= len(r.Heads) || r.Heads[m.at].Name != m.head || len(r.Heads[m.at].P) != len(m.labels) {
		return nil, 0
	}
	p = r.Heads[m.at].P
	for i, v := range p {
		usual += float64(v * m.reference[i])
	}
	return p, usual
}

// skill is a model's ability at one effort, free of unknowns.
type skill struct {
	by      [label.NumCategories]float32
	labels  []float32 // by the mixture's labels; nil = categories
	domain  []float32 // what a domain adds in logits; nil = nothing is stated of domains
	tokens  []float32 // expected completion tokens by label; nil = the classifier's estimate
	guessed bool      // nothing public is known
}

func skillOf(m *catalog.Model, a *catalog.Ability, mix *mixture) skill {
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
	for d := range label.Domains {
		v, ok := a.Labels["domain."+label.Domains[d]]
		if !ok {
			continue
		}
		if s.domain == nil {
			s.domain = make([]float32, label.NumDomains)
		}
		s.domain[d] = float32(logit(v) - logit(overall))
	}
	tokens := len(m.CompletionTokens) > 0
	for i, l := range mix.labels {
		key := mix.head + "." + l
		v, ok := a.Labels[key]
		if !ok {
			v = 1 / (1 + math.Exp(-logit(overall)-mix.usual[i]))
		}
		s.labels = append(s.labels, float32(v))
		t, ok := m.CompletionTokens[key]
		tokens = tokens && ok
		s.tokens = append(s.tokens, float32(t))
	}
	if !tokens {
		s.tokens = nil
	}
	return s
}

// quality is the expected quality, 0..1, of a model with this skill on a request so classified that divides its odds by
// factor. With odds in the place of logits the model needs neither logarithm nor exponential, unless domains are stated.
func (s *skill) quality(r *classifiers.Result, factor float64) float64 {
	var mix float32
	for c, p := range r.Category {
		mix += p * s.by[c]
	}
	if s.domain != nil {
		factor *= math.Exp(-float64(dot(r.Domain[:], s.domain)))
	}
	return dampened(mix, factor)
}

func logit(p float64) float64 {
	p = min(max(p, abilityMin), abilityMax)
	return math.Log(p / (1 - p))
}

// qualityOf is the same for probabilities of the mixture's labels.
func (s *skill) qualityOf(p []float32, factor float64) float64 {
	return dampened(dot(p, s.labels), factor)
}

func dot(p, v []float32) (sum float32) {
	for i := range p {
		sum += p[i] * v[i]
	}
	return sum
}

func dampened(mix float32, factor float64) float64 {
	m := min(max(float64(mix), abilityMin), abilityMax)
	return m / (m + (1-m)*factor)
}

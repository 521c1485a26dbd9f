// Package policies is the policy language: a YAML file of thresholds, value settings, rules in expr and their own tests,
// parsed with positions, type-checked against a documented environment, and evaluated in two steps. Match sees the request
// and says which rules apply; Weigh sees request and candidates and says who falls out and who gains.
package policies

import (
	_ "embed"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // timezone: must work on a machine that has no zone files

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// Scope is what a policy is checked against: the closed sets that its expressions may name.
type Scope struct {
	Catalog  *catalog.Catalog
	Profiles []string            // besides "default", which always exists; nil = not known, any may be named
	Heads    map[string][]string // the classifier's own heads and their labels; nil = not known, any head may be read
}

// Policy is a policy file, checked and compiled against one catalog. It is immutable: many goroutines may use it.
type Policy struct {
	Name       string
	Thresholds [label.NumTiers - 1]float64 // upper bounds of difficulty, NANO to STANDARD; above the last is COMPLEX
	Balance    float64                     // 0 cheapest … 0.5 … 1 best
	Baseline   string                      // id of the model that savings are counted against
	Worth      [label.NumTiers]float64     // USD that a fully right answer is worth
	Adequate   [label.NumTiers]float64     // least share of the best candidate's expected quality, 0..1
	Unsure     Unsure
	Timezone   *time.Location // of `now`
	Rules      []Rule
	Tests      []Test

	// HeadsNeeded are the classifier's own heads that rules read. A classifier that lacks one can't go live with this
	// policy, nor this policy with such a classifier.
	HeadsNeeded []string
	File        string // as messages name it
	Hash        string // of Source, hexadecimal
	Source      []byte

	deployments []*catalog.Deployment
	requests    []*variable // the values of a request that any rule reads
	evaluators  sync.Pool
}

// Unsure is what becomes of a request whose category the classifier is not sure of.
type Unsure struct {
	Below float64    // confidence, 0..1
	Tier  label.Tier // the tier that such a request gets
}

//go:embed default.yaml
var shipped []byte

// Default is the policy that ships with Routor, as its file.
func Default() []byte { return shipped }

// In is the policy as its source compiles against another scope: another catalog, profiles or classifier. A Balance that
// was set since it was parsed is kept.
func (p *Policy) In(scope Scope) (*Policy, error) {
	again, err := Parse(p.File, p.Source, scope)
	if err != nil {
		return nil, err
	}
	again.Balance = p.Balance
	return again, nil
}

// TierOf is the tier of a difficulty.
func (p *Policy) TierOf(difficulty float64) label.Tier {
	for i, upper := range p.Thresholds {
		if difficulty <= upper {
			return label.Tier(i)
		}
	}
	return label.Complex
}

// margin is how far from a threshold a moved difficulty lies: enough to survive being kept as a float32.
const margin = 1e-6

// Clamp moves a difficulty into the tiers from floor to ceiling. A floor above the ceiling takes the ceiling.
func (p *Policy) Clamp(difficulty float64, floor, ceiling Bound) float64 {
	tier := p.TierOf(difficulty)
	if floor.Set && tier < floor.Tier {
		difficulty = p.Thresholds[floor.Tier-1] + margin
		tier = floor.Tier
	}
	if ceiling.Set && tier > ceiling.Tier {
		difficulty = max(0, p.Thresholds[ceiling.Tier]-margin)
	}
	return difficulty
}

// Reads is whether a rule reads a value of the request: "text", "system", "key.team".
func (p *Policy) Reads(name string) bool {
	return slices.ContainsFunc(p.requests, func(v *variable) bool { return v.Name == name })
}

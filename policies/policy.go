// Package policies is the policy language: a YAML file of thresholds, value settings, rules in expr and their own tests,
// parsed with positions, type-checked against a documented environment, and evaluated in two steps. Match sees the request
// and says which rules apply; Weigh sees request and candidates and says who falls out and who gains.
package policies

import (
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// Scope is what a policy is checked against: the closed sets that its expressions may name.
type Scope struct {
	Catalog  *catalog.Catalog
	Profiles []string
	Heads    map[string][]string // the classifier's own heads and their labels
}

// Request is what `when` sees. It is plain values, boxed for expr by the policy itself.
type Request struct {
	Category   label.Category
	Domain     label.Domain
	Tier       label.Tier // before floors and ceilings
	Difficulty float64
	Confidence float64
	Unsure     bool
	Labels     map[string]string // heads of the classifier's own; nil = none

	Model        string // as asked for: "auto", "openai/gpt-5.5"
	Stream       bool
	PromptTokens int
	// CompletionTokens is expected, MaxTokens what the client asked for (0 = not said).
	CompletionTokens, MaxTokens        int
	Turns, Tools, Images, Files, Audio int
	Structured, Reasoning, HasSystem   bool
	Continuation, Thanks, ToolLoop     bool
	Text, System                       string
	Language                           string // "" = unknown
	Key                                Key
	Now                                time.Time
	ProviderDown                       func(provider string) bool
	ConversationModel                  string // the model that answered last, "" = none
	Seed                               uint64 // of `split`: stable for a conversation
}

// Key is the caller, as rules see it.
type Key struct {
	Name, Team, Owner, Profile string
	Tags                       []string
}

// Candidate is a deployment with a reasoning effort, as `only`, `never`, `prefer` and `avoid` see it.
type Candidate struct {
	Deployment *catalog.Deployment
	Effort     string
	Quality    float64 // expected, 0..1; NaN = unknown
	Cost       float64 // expected USD of this request; NaN = unknown
	Latency    float64 // expected seconds to the first token; NaN = unknown
}

// Matched is which rules apply to a request and what they say about the chain. A reused Matched allocates nothing.
type Matched struct {
	Rules     []Trace // every rule in order, with what became of it
	Floor     Bound
	Ceiling   Bound
	Use       []string // model ids, in order; nil = no `use`
	UseRule   int
	Split     string // the model id that the split's draw chose; "" = none
	SplitRule int
	Deny      string // the message, "" = not denied
	DenyRule  int
	Shadow    []string
	active    []int // rules whose candidate expressions are to be weighed
}

// Bound is a tier floor or ceiling and the rule that set it.
type Bound struct {
	Set  bool
	Tier label.Tier
	Rule int
}

// Trace is what became of one rule.
type Trace struct {
	Rule    int
	Matched bool
	// Skipped is why a rule that matched had no effect: "overridden by …", "stopped by …", an error.
	Skipped string
	Error   string
}

// Verdict is what the rules say about one candidate.
type Verdict struct {
	Out     bool
	Rule    int     // the hard rule that removed it
	Error   string  // why that rule could not be evaluated, "" = it said no
	Bonus   float64 // quality points, -1..1
	Reasons []Reason
}

// Reason is one rule's contribution to a candidate's bonus.
type Reason struct {
	Rule   int
	Points float64
}

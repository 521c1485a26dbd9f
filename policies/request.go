package policies

import (
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// Request is what `when` sees. It is plain values, boxed for expr by the policy itself.
type Request struct {
	Category   label.Category
	Domain     label.Domain
	Tier       label.Tier // before floors and ceilings
	Difficulty float64
	Confidence float64
	Unsure     bool
	Labels     map[string]string // heads of the classifier's own; an absent one reads as ""

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
	ProviderDown                       func(provider string) bool // nil = none is down
	ConversationModel                  string                     // the model that answered last, "" = none
	Seed                               uint64                     // of `split`: stable for a conversation
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

// view is a request as the environment reads it: with the time in the policy's timezone.
type view struct {
	*Request
	now time.Time
}

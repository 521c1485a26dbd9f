// Package catalog is what can be called and what it costs: models, the deployments that serve them, their prices,
// capabilities and abilities. A Catalog is immutable once loaded.
package catalog

import (
	"time"

	"github.com/routor/routor/engine/label"
)

// Status says whether a model may be chosen.
type Status string

// The statuses. `auto` chooses only active models.
const (
	Active   Status = "active"
	Preview  Status = "preview"
	Unlisted Status = "unlisted" // exists, but has no public API or no confirmed figures
	Retired  Status = "retired"
)

// Model is a maker's model, wherever it is served.
type Model struct {
	ID       string   // "anthropic/claude-opus-4.8"
	Maker    string   // "anthropic"
	Name     string   // "Claude Opus 4.8"
	Aliases  []string // other ids that clients use: "claude-opus-4-8"
	Status   Status
	Replaced string // the id of the model that stands in for a retired one
	Released string // YYYY-MM-DD or YYYY-MM, "" = unknown
	Verified bool   // id and figures confirmed by a first-party-derived source
	Source   string // where the figures come from, with date
	Note     string

	Context   int // context window in tokens; 0 = unknown
	MaxInput  int // 0 = as Context
	MaxOutput int // 0 = unknown

	Caps    Caps
	Efforts []Effort // the reasoning efforts that can be asked for, weakest first; empty = no choice
	// DefaultEffort is what the provider uses when none is asked for; "" = unknown or no choice.
	DefaultEffort string
	// Thinks says that the model reasons before it answers unless told not to.
	Thinks bool
	// Patience is how many times as long as the configuration says (timeouts.thinking) a stream may take to its first token
	// while the model reasons: more than 1 for models that are silent for longer than others.
	Patience float64
	// ThinkingSwitch says that thinking can be switched on and off by a parameter of the provider's own.
	ThinkingSwitch Known
	// Adaptive says that it takes thinking that adapts, with an effort, in place of a budget of tokens (Anthropic).
	Adaptive Known

	// Ability is that of the model as it answers when no effort is asked for.
	Ability Ability
	// Thinking is its ability with thinking switched on, where no effort says so; nil = unknown.
	Thinking *Ability
	// Verbosity multiplies the classifier's estimate of completion tokens; 1 = average. ReasoningTokens is expected
	// reasoning tokens per expected completion token at the default effort.
	Verbosity, ReasoningTokens float64
	// CompletionTokens are expected completion tokens by a label of a classifier's own head, "head.label", reasoning
	// included; they go before estimate and Verbosity. nil = none are stated.
	CompletionTokens map[string]float64

	Index int // position in Catalog.Models
}

// Effort is one reasoning effort of a model.
type Effort struct {
	Name string // as the provider spells it: none, minimal, low, medium, high, xhigh, max
	// Ability replaces the model's: from figures of this effort's own (then it has Evidence), or estimated from the
	// model's other efforts. nil = the model's own.
	Ability         *Ability
	ReasoningTokens float64 // expected per completion token
}

// Known is a boolean that may be unknown.
type Known uint8

// The values of Known.
const (
	Unknown Known = iota
	No
	Yes
)

// Caps are what a model can take and give. An Unknown counts as able for what nearly every model does (streaming), and
// as unable for everything else, and is shown as unknown.
type Caps struct {
	Text, Image, PDF, Audio, Video            Known // input modalities
	Tools, ParallelTools, JSONObject, Schema  Known
	Temperature, Reasoning, Logprobs, Prefill Known
	AudioOut, ImageOut                        Known
	ReasoningField                            string // where the reasoning text arrives, "" = nowhere or unknown
	// ToolAccuracy is measured tool-calling accuracy (BFCL), 0..1; NaN = unknown.
	ToolAccuracy float64
}

// Ability is expected quality at average difficulty, 0..1, per category; see docs/abilities.md for how it is derived.
type Ability struct {
	Overall float64 // expected quality over all categories
	By      [label.NumCategories]float64
	// Evidence is how many benchmark figures speak for the category; 0 = shrunk wholly to Overall.
	Evidence [label.NumCategories]uint8
	Sources  []string // the figures used, for people
	// Labels is expected quality by a label of a classifier's own head, "head.label", where it is stated; nil = nowhere.
	Labels map[string]float64
	// Known is false where no public figure of the model was found: everything in it is then a guess. Estimates from
	// figures of another effort are Known, have no Evidence, and Sources says what they are.
	Known bool
}

// Difficulty is how a request's difficulty moves expected quality: by Slope logits for each unit beyond the difficulty at
// which abilities are stated.
type Difficulty struct {
	Slope, Reference float64
	// Labels is the mean difficulty of requests with a label of a classifier's own head, "head.label", where abilities are
	// stated by such labels; those that are missing have Reference.
	Labels map[string]float64
}

// Deployment is a place where a model can be called.
type Deployment struct {
	ID       string // "provider/upstream-id", unique
	Model    *Model
	Provider string // "anthropic", "openrouter"
	Upstream string // the name that the provider knows it by
	Surface  Surface
	// ToolSurface replaces Surface for requests with function tools and reasoning; "" = the same.
	ToolSurface Surface
	Prices      Prices
	Region      string
	Home        bool // the maker's own
	Index       int  // position in Catalog.Deployments
	// Context and MaxOutput are the model's, or this place's own where they are smaller; 0 = unknown.
	Context, MaxOutput int
	Source, Note       string
	// FirstToken and PerToken are typical times where known (seconds); 0 = unknown.
	FirstToken, PerToken float64
}

// Surface is which API of the provider serves the deployment.
type Surface string

// The surfaces.
const (
	ChatCompletions Surface = "chat"
	Responses       Surface = "responses"
	Messages        Surface = "messages"
	GenerateContent Surface = "generate"
	Embeddings      Surface = "embeddings"
	CountTokens     Surface = "count_tokens" // of Messages; never a deployment's own
)

// Prices are a deployment's prices. A Rate below zero is unknown.
type Prices struct {
	Input, Output, CachedRead, CacheWrite5m, CacheWrite1h Rate              // per million tokens
	AudioInput, AudioOutput                               Rate              // per million tokens
	ImageInput                                            Rate              // per million images
	ToolCall                                              map[string]Rate   // hosted tool → per million calls
	Steps                                                 []Step            // by input length, longest last
	Tiers                                                 map[string]Factor // service tier → factor
	ValidFrom                                             time.Time
	Source                                                string
	Verified                                              bool
}

// Step replaces prices when the prompt has more than Above tokens. A Rate below zero leaves the base price.
type Step struct {
	Above                                                 int
	Input, Output, CachedRead, CacheWrite5m, CacheWrite1h Rate
}

// Tokens are what a call used, each token counted once: Input excludes cached and written tokens, Output includes reasoning.
type Tokens struct {
	Input, CachedRead, CacheWrite5m, CacheWrite1h, Output, Reasoning, AudioInput, AudioOutput int64
	Images                                                                                    int64
}

// Provider is who serves deployments.
type Provider struct {
	ID      string // "zai"
	Name    string // "Z.AI"
	BaseURL string
	KeyEnv  []string // environment variables that may hold its key, first wins
	Dialect string   // "openai", "anthropic", "gemini"
	Auth    string   // "bearer", "x-api-key", "api-key", "x-goog-api-key"
	Models  string   // path of the call that validates a key without spending tokens; "" = none known
	Note    string
	Source  string
	Builtin bool // one of the 13

	Surfaces  []Surface // on which all of its models answer, besides each deployment's own
	State     StateNeed
	MediaURLs Known  // whether it fetches media that are given by URL; Unknown counts as yes
	CallIDs   string // the form that ids of tool calls must have: "mistral"; "" = any
	Media     string // how chat completions spell documents there: "mistral"; "" = as OpenAI
	Developer Known  // whether it knows the role developer; Unknown counts as yes
	// HostedTools is whether it runs tools of its own, such as a web search; Unknown counts as yes for those of its dialect.
	HostedTools Known
	Quirks      []Quirk
}

// Catalog is models, deployments and providers with their indexes.
type Catalog struct {
	Models      []*Model
	Deployments []*Deployment
	Providers   []*Provider

	Difficulty Difficulty

	Version string // hash of the content
	byModel map[string]*Model
	byAlias map[string]*Model
	byProv  map[string]*Provider
	byDep   map[string]*Deployment
	homes   map[*Model][]*Deployment
	names   []string // everything that Find knows, sorted
	doc     document // what the catalog was built from, so that an overlay can build it again
}

// Package chat is the request as the client sent it: read once, kept as bytes. What Routor understands of it are facts
// for routing; what it does not know is carried through untouched.
package chat

import "github.com/routor/routor/engine/label"

// Request is a view over the client's own bytes. Strings without JSON escapes point into Body, so a Request is valid only
// as long as Body is. It is not safe for concurrent writes; reading it from several goroutines is.
type Request struct {
	Body []byte // as received; never modified

	Model  string   // "model"
	Models []string // "models": the request's own fallbacks, in order
	Stream bool     // "stream"
	// IncludeUsage is stream_options.include_usage as the client sent it.
	IncludeUsage bool

	MaxTokens      int // max_completion_tokens, else max_tokens; 0 = not said
	N              int // "n"; 1 = not said
	Effort         string
	ServiceTier    string
	Format         Format
	PromptCacheKey string
	User           string
	MetadataUserID string // metadata.user_id

	Facts Facts

	// Text is the last human turn with agent-harness envelopes stripped (system reminders, pasted tool schemas); tool
	// results are never it. System is the system and developer messages. Context is the earlier turns in brief.
	Text, System, Context string
	// FirstUser is the first user turn: with System and the key it identifies a conversation.
	FirstUser string

	Routor Fields // the routor_* fields

	edits []edit // where Routor's own and owned fields lie in Body, in order of offset
}

// Format is the kind of answer that response_format asks for.
type Format uint8

// The formats.
const (
	FormatText Format = iota
	FormatJSONObject
	FormatJSONSchema
)

// Facts are what capability filters and rules need to know of a request without reading it again.
type Facts struct {
	Turns        int // user turns
	Messages     int // messages of any role
	Tools        int // tools offered (functions)
	HostedTools  int // tools that only their provider can run (any type but function and custom)
	ToolNames    []string
	ForcedTool   bool // tool_choice is required or names a function
	Images       int
	Files        int
	Audio        int // input_audio parts, or audio asked for in modalities
	Video        int
	ImageURLs    int // images given by http(s) URL rather than inline
	Logprobs     bool
	EndsInTool   bool // the last message is a tool result
	LastIsAssist bool // the last message is the assistant's: the client wants a prefix continued
	// Continuation: the last human turn is a bare "ok, do it", "go on", "now in Go"; Thanks: it is a bare acknowledgement.
	Continuation, Thanks bool
	PromptTokens         int // estimate over the whole prompt, tool schemas and images included
	TextBytes            int // bytes of all text parts
}

// Fields are the optional routor_* request fields; a nil pointer or empty string was not sent.
type Fields struct {
	Profile                  string
	Mode                     string // auto, tier, direct
	Tier, TierFloor, Ceiling *label.Tier
	MaxCostUSD               *float64
	BFCLMin                  *float64 // 0..1
	CodeQuality, ChatQuality *int     // 0 fast, 1 balanced, 2 best
}

// edit is a span of Body that Routor may replace or remove.
type edit struct {
	kind       editKind
	start, end int // the value's bytes
	from, to   int // the whole member with the comma that goes with it, for removal
}

type editKind uint8

// Package chat is the request as the client sent it: read once, kept as bytes. What Routor understands of it are facts
// for routing; what it does not know is carried through untouched.
package chat

import (
	"strings"
	"sync"

	"github.com/routor/routor/engine/label"
)

// Request is a view over the client's own bytes. Its strings point into Body or into a buffer of the Request's own, so
// they are valid only as long as Body is and until Release: whoever keeps one for longer clones it. It is not safe for
// concurrent writes; reading it from several goroutines is.
type Request struct {
	Body []byte // as received; never modified

	// Client is the dialect in which the client asked, where Body is not what it sent but what that comes to in chat completions.
	Client Dialect

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
	// results are never it. System is the system and developer messages. Context is the turns before Text in brief: at
	// most contextBytes, the newest kept, oldest first, a line break between turns.
	Text, System, Context string
	// FirstUser is the first user turn: with System and the key it identifies a conversation. It is there to be hashed,
	// not read: its JSON escapes are left as they came.
	FirstUser string

	Routor Fields // the routor_* fields

	members  Members   // where the members of Body lie
	messages []message // where each message's content lies in Body
	buf      []byte    // what strings had to be unescaped into
	estimate estimate  // of the prompt's tokens
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
	Hosted       []string // the types of those tools, as the client's dialect names them
	ForcedTool   bool     // tool_choice is required or names a function
	Images       int
	Files        int
	Audio        int // input_audio parts, or audio asked for in modalities
	Video        int
	ImageURLs    int // images given by http(s) URL rather than inline
	Unknown      int // content parts of a type that Routor does not know; they are carried through
	AudioOut     bool
	Logprobs     bool
	EndsInTool   bool // the last message is a tool result
	LastIsAssist bool // the last message is the assistant's: the client wants a prefix continued
	// Continuation: the last human turn is a bare "ok, do it", "go on", "now in Go"; Thanks: it is a bare acknowledgement.
	Continuation, Thanks bool
	PromptTokens         int // estimate over the whole prompt, tool schemas and images included
	TextBytes            int // bytes of all text parts, as they stand in Body
	Calls                int // messages of the assistant that call tools
	Developer            int // messages of the developer's, a role that not every provider knows
	Reasoned             int // messages that bring reasoning back, or state that only its maker understands
	Kept                 Kept
	// Store: the client wants its answer kept at the provider; Stateful is the field that asks for a conversation or an answer
	// kept there ("" = none), and Previous the id in it. Responses alone has them.
	Store              bool
	Stateful, Previous string
}

// Kept is the first thing in a request that lies at one provider alone and that no other can read. The zero Kept is nothing.
type Kept struct {
	What string  // file, container, item, prompt, vector store, cached content
	ID   string  // as the client sent it
	In   Dialect // in which its provider speaks
}

// keptCache is what content that is cached at Google is called.
const keptCache = "cached content"

// KeepCached notes content that a top-level member says is cached at Google.
func (f *Facts) KeepCached(name string, value []byte) {
	id, _ := CachedContent(name, value)
	f.Keep(keptCache, id, Generate)
}

// Keep notes a thing that lies at one provider alone, where none was before. A file's id may be an address in Google's store,
// whatever the dialect it came in.
func (f *Facts) Keep(what, id string, in Dialect) {
	if InGoogleStore(id) {
		in = Generate
	}
	if id != "" && f.Kept.What == "" {
		f.Kept = Kept{what, id, in}
	}
}

// InGoogleStore is whether an address is one of the Gemini API's file store or of Google's cloud storage, which only Google
// reads.
func InGoogleStore(address string) bool {
	return strings.HasPrefix(address, "https://generativelanguage.googleapis.com/") || strings.HasPrefix(address, "gs://")
}

// Fields are the optional routor_* request fields; a nil pointer or empty string was not sent. What the pointers point at
// may be shared: do not change it.
type Fields struct {
	Profile                  string
	Mode                     string // auto, tier, direct
	Tier, TierFloor, Ceiling *label.Tier
	MaxCostUSD               *float64
	BFCLMin                  *float64 // 0..1
	CodeQuality, ChatQuality *int     // 0 fast, 1 balanced, 2 best
}

var requests = sync.Pool{New: func() any { return new(Request) }}

// keepBytes is the largest unescaping buffer that goes back to the pool with its Request.
const keepBytes = 1 << 20

// Release gives the Request back to be read into again. Neither it nor any of its strings may be used afterwards.
func (r *Request) Release() {
	r.reset(nil)
	requests.Put(r)
}

// reset empties the Request for a new body; its slices keep their room.
func (r *Request) reset(body []byte) {
	buf := r.buf[:0]
	if cap(buf) > keepBytes {
		buf = nil
	}
	clear(r.Models)
	clear(r.Facts.ToolNames)
	clear(r.Facts.Hosted)
	clear(r.members.list)
	*r = Request{
		Body: body, N: 1, Models: r.Models[:0], Facts: Facts{ToolNames: r.Facts.ToolNames[:0], Hosted: r.Facts.Hosted[:0]},
		members: Members{list: r.members.list[:0]}, messages: r.messages[:0], buf: buf,
	}
}

package chat

import "encoding/json"

// Dialect is a wire protocol of requests and answers.
type Dialect string

// The dialects. Clients speak the first three, providers all of them.
const (
	Completions Dialect = "completions" // OpenAI POST /chat/completions
	Responses   Dialect = "responses"   // OpenAI POST /responses
	Messages    Dialect = "messages"    // Anthropic POST /v1/messages
	Generate    Dialect = "generate"    // Gemini POST /models/{id}:generateContent and :streamGenerateContent
)

// Conversation is a request in no dialect: all that any of them can say. A codec reads its own dialect into it and writes
// it as its own; what only one dialect knows is in Extra, and is dropped by name where it can't be said.
type Conversation struct {
	From   Dialect
	Model  string
	Stream bool
	// IncludeUsage is whether a stream is to tell its usage; dialects that always tell it read as true.
	IncludeUsage bool
	Messages     []Message // in order; system and developer messages too, wherever they stood
	Tools        []Tool
	Choice       ToolChoice
	Parallel     *bool // whether several tools may be called at once; nil = not said
	Settings     Settings
	Extra        []Member // top-level members of From that have no place here
	// Functions is whether a chat completion came with the functions and function_call of before tools.
	Functions bool
}

// Settings are what a request asks of the answer. Nil, empty: not said.
type Settings struct {
	MaxTokens                         *int64 // reasoning included
	Temperature, TopP, MinP           *float64
	TopK, Seed                        *int64
	Stop                              []string
	N                                 *int64
	FrequencyPenalty, PresencePenalty *float64
	Logprobs                          *bool
	TopLogprobs                       *int64
	LogitBias                         json.RawMessage
	Effort                            string // none, minimal, low, medium, high, xhigh, max
	Thinking                          *Thinking
	Format                            *AnswerFormat
	Verbosity                         string
	ServiceTier                       string
	PromptCacheKey                    string
	PromptCacheRetention              string
	SafetyIdentifier, User            string // the end user, as the client names them
	Metadata                          json.RawMessage
	Store                             *bool
	Modalities                        []string        // of the answer: text, audio, image
	Audio, Prediction                 json.RawMessage // as OpenAI spells them
	Include                           []string        // Responses
}

// Thinking is how a model is to reason, where a dialect says more than an effort.
type Thinking struct {
	Mode     string // enabled, adaptive, disabled; "" = not said
	Budget   *int64 // tokens
	Thoughts *bool  // whether the reasoning, or a summary of it, is to be shown
	Summary  string // Responses: auto, concise, detailed
}

// AnswerFormat is structured output.
type AnswerFormat struct {
	Kind              Format
	Name, Description string
	Schema            json.RawMessage
	Strict            *bool
}

// Role is who speaks. Tool results are parts of user messages; codecs split and merge as their dialect has it.
type Role string

// The roles.
const (
	System    Role = "system"
	Developer Role = "developer"
	User      Role = "user"
	Assistant Role = "assistant"
)

// Message is one turn.
type Message struct {
	Role  Role
	ID    string // Responses: the item's
	Name  string
	Phase string // Responses: commentary, final_answer
	Parts []Part
	Extra []Member
}

// Kind is what a Part is.
type Kind string

// The kinds of parts.
const (
	Text       Kind = "text"        // Text, Annotations
	Refusal    Kind = "refusal"     // Text
	Reasoning  Kind = "reasoning"   // Text, Summary, State; Redacted ones have State alone
	Image      Kind = "image"       // Media
	Audio      Kind = "audio"       // Media, Text = transcript
	File       Kind = "file"        // Media
	Video      Kind = "video"       // Media
	ToolCall   Kind = "tool_call"   // Call
	ToolResult Kind = "tool_result" // Result
	Other      Kind = "other"       // Raw: a part (hosted tool's call, search result, …) that only Dialect can say
)

// Part is a piece of a message or of an answer.
type Part struct {
	Kind        Kind
	ID          string // Responses: the item's
	Text        string
	Summary     []string // Responses: reasoning summaries, where they are apart from Text
	Redacted    bool
	State       *State
	Media       *Media
	Call        *Call
	Result      *Result
	Cache       json.RawMessage // cache_control
	Annotations json.RawMessage // an array, as its dialect spells it
	Dialect     Dialect         // of Raw and Annotations
	Raw         json.RawMessage // of Other, and of parts that came in a spelling of their own, as that dialect may say them again
	Extra       []Member
}

// State is what only its maker understands, and needs back: a thinking block's signature, encrypted reasoning, a thought
// signature, redacted thinking, reasoning details.
type State struct {
	Maker string // the provider's id; "" = the codec could not know, the caller stamps it
	// Form is how it is spelt: signature, encrypted, thought_signature, redacted, details; text and reasoning where the
	// part's own text is what the maker needs back, and Data is empty.
	Form string
	Data string // opaque; JSON text where Form is details
}

// Media is an image, a recording, a document: one of Data, URL and FileID.
type Media struct {
	Type   string // MIME; "" = unknown
	Data   string // base64, no data: prefix
	Text   string // a document given as plain text
	URL    string // http(s)
	FileID string // of the provider's file store: pins to it
	Name   string
	Detail string          // images: low, high, auto, original
	Extra  json.RawMessage // as its dialect spells what has no place here (Anthropic: title, context, citations; Gemini: videoMetadata)
}

// Call is a tool call by the model.
type Call struct {
	ID        string
	Name      string
	Arguments string // JSON text; for a custom tool its free text
	Custom    bool
	Namespace string
}

// Result is a tool's answer.
type Result struct {
	CallID string
	Name   string // Gemini needs it; "" = take it from the call with that id
	Parts  []Part
	Error  bool
	Custom bool
}

// Tool is a function that the model may call, or another kind of tool that only Dialect can say.
type Tool struct {
	Name, Description string
	Parameters        json.RawMessage // JSON schema; nil = none given
	Strict            *bool
	Custom            bool            // free-text input; Raw then has its format
	Hosted            string          // the type of a tool that the provider runs itself; Raw is all of it
	Namespace         *Namespace      // Responses: the group that it is in
	Cache             json.RawMessage // cache_control
	Dialect           Dialect
	Raw               json.RawMessage
	Extra             []Member
}

// Namespace is a named group of tools.
type Namespace struct{ Name, Description string }

// FullName is what a function in a namespace is called in dialects that know none.
func FullName(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "__" + name
}

// Flat is what the tool is called in dialects that know no namespaces.
func (t *Tool) Flat() string {
	if t.Namespace == nil {
		return t.Name
	}
	return FullName(t.Namespace.Name, t.Name)
}

// Flat is Tool.Flat of the tool that a choice names.
func (c *Conversation) Flat(name string) string {
	for i := range c.Tools {
		if t := &c.Tools[i]; t.Name == name && t.Namespace != nil {
			return t.Flat()
		}
	}
	return name
}

// ToolChoice is which tools the model may or must call.
type ToolChoice struct {
	Mode    string   // auto, none, required, or tool = the one named; "" = not said
	Name    string   // for tool
	Allowed []string // narrows the tools to these; nil = all
	Custom  bool     // Name is a custom tool
	Dialect Dialect
	Raw     json.RawMessage // a choice that only Dialect can say (a hosted tool)
}

// Member is one JSON member, kept as it came.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Finish is why an answer ended.
type Finish string

// The reasons; "" = it has not ended.
const (
	Stop          Finish = "stop"
	StopSequence  Finish = "stop_sequence"
	Length        Finish = "length"
	ToolCalls     Finish = "tool_calls"
	ContentFilter Finish = "content_filter"
	Refused       Finish = "refusal"
	Paused        Finish = "pause_turn"
	ContextFull   Finish = "context_full"
)

// Reply is an answer in no dialect.
type Reply struct {
	From        Dialect // whose Extra this is, here, in the choices and in the parts; "" = unknown
	ID, Model   string  // the provider's
	Created     int64   // Unix seconds; 0 = not told
	Choices     []Choice
	Usage       Usage
	ServiceTier string
	Fingerprint string
	Extra       []Member
	Request     *Conversation // what it answers, for dialects whose replies repeat it; nil = unknown
}

// Choice is one of a reply's alternative answers.
type Choice struct {
	Index    int
	ID       string // Responses: the message item's
	Parts    []Part
	Finish   Finish
	Sequence string // the stop sequence that was met
	Logprobs json.RawMessage
	Extra    []Member
}

// EventKind is what an Event tells.
type EventKind uint8

// The events of a streamed reply, in this order: Start, then per part Open, Delta…, Close (parts of one choice come one
// after the other, those of tool calls and of several choices may interleave), a Finish a choice, Usage, End. A decoder
// must open before it tells a delta and should close; Gather and encoders do without a Close.
const (
	EventStart  EventKind = iota + 1 // Reply: ID, Model, Created, ServiceTier, Fingerprint
	EventOpen                        // Part: what is known of it; a Text or Arguments in it counts as its first delta
	EventDelta                       // Text: more of the text, the reasoning or the arguments; Logprobs
	EventState                       // Part.State, Part.Annotations, Part.Media: what completes a part
	EventClose                       // the part is whole
	EventFinish                      // Finish, Sequence; in Reply.Extra the reply's members that are known only now
	EventUsage                       // Usage: all that is known by now, replacing what was told before; Reply.Extra as above
	EventPing                        // a sign of life
	EventError                       // Fault
	EventEnd                         // the stream has come to its proper end
)

// Event is one thing that a stream tells. What it refers to is valid until the next call of the decoder.
type Event struct {
	Kind     EventKind
	Choice   int
	Index    int // of the part within its choice, ascending in the order of Open
	Part     Part
	Text     string
	Logprobs json.RawMessage
	Finish   Finish
	Sequence string
	Usage    Usage
	Reply    Reply
	Fault    Fault
}

// Fault is an error as clients are told it.
type Fault struct {
	Status     int
	Type, Code string // OpenAI's terms; a codec says them in its own
	Message    string
	Param      string
	RequestID  string
}

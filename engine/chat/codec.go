package chat

// Target is for whom a Conversation is written.
type Target struct {
	Provider  string // the provider's id: whose own State may be sent
	Model     string // the name that the provider knows the model by
	MaxOutput int64  // the model's output limit by the catalog, for dialects that require a limit; 0 = unknown
	Thinks    bool   // it reasons before it answers
	// Efforts are the reasoning efforts that the model knows, weakest first; nil = it has no such choice.
	Efforts []string
	// Adaptive is whether the model takes adaptive thinking with an effort rather than a budget of tokens.
	Adaptive bool
	// IncludeUsage makes a stream tell its usage, whatever the client asked for.
	IncludeUsage bool
}

// Codec translates one dialect to and from the hub types. Its methods are safe for concurrent use.
//
// The quirks of single providers (renamed, refused, bounded parameters) are no business of a codec: they are edits of the
// top-level members of what it wrote. What it can't say in its dialect it leaves out and names.
type Codec interface {
	Dialect() Dialect

	// ReadRequest reads a request's body. Its error is an *Error with path and offset. Strings may refer to body.
	ReadRequest(body []byte, c *Conversation) error
	// AppendRequest appends the conversation as a request's body, and gives the names of what could not be said, as the
	// client's dialect spells them (c.From): they go into X-Routor-Dropped.
	AppendRequest(dst []byte, c *Conversation, t *Target) (body []byte, dropped []string, err error)

	// ReadReply reads the whole body of a plain answer that is no error.
	ReadReply(body []byte, r *Reply) error
	// AppendReply appends a plain answer's body. model is what it is called to the client.
	AppendReply(dst []byte, r *Reply) []byte

	// Decoder reads a streamed answer; Encoder writes one.
	Decoder() Decoder
	Encoder(o Encoding) Encoder

	// Inspect says what an event of a stream, or (name "") a whole body, means to a router.
	Inspect(name string, data []byte, c *Chunk)

	// AppendFault appends an error's body.
	AppendFault(dst []byte, f *Fault) []byte
}

// Decoder turns the events of one streamed answer into hub events.
type Decoder interface {
	// Decode tells what one server-sent event holds; name is its "event:" field, "" = none. The error is for what can't be
	// read at all; an error that the provider tells is an EventError.
	Decode(name string, data []byte, tell func(*Event)) error
	// End tells what is still open when the stream's bytes end, with an EventEnd only if the answer was whole.
	End(tell func(*Event))
}

// Encoding is how a client wants its stream.
type Encoding struct {
	IncludeUsage bool // Completions: the client asked for usage
	// Request is what the stream answers, for dialects whose events repeat it (Responses); nil = unknown.
	Request *Conversation
	// Last, if not nil, is called when the last data event before the end mark is written, and gives the members to put into
	// it ("routor"), nil = none.
	Last func() []Member
}

// Encoder turns hub events into the bytes of server-sent events.
type Encoder interface {
	// Append appends what the event comes to in the dialect; nothing, if it has to wait for the next.
	Append(dst []byte, e *Event) []byte
	// Break appends the end of a stream that broke off: an honest error event, and nothing that looks like a proper end.
	Break(dst []byte, f *Fault) []byte
	// Ping appends a sign of life.
	Ping(dst []byte) []byte
}

// Chunk is what an event of a stream, or a whole body, means to a router, whatever its dialect.
type Chunk struct {
	// Content is whether there is anything that the client came for: text, a tool call, a refusal, audio, an image.
	// Delivering it commits.
	Content bool
	// Reasoning is whether there is reasoning in it.
	Reasoning bool
	// Tool is whether there is a part of a tool call in it.
	Tool bool
	// Finish is why the answer ended, if it says so here.
	Finish Finish
	// Usage is what was used, if it is told here. In a stream it may be told in parts: put them together with Usage.Update.
	Usage Usage
	// Error is whether this is an error, whatever the HTTP status said.
	Error bool
	// Done is whether this is the proper end of the stream.
	Done bool
	// Invalid is whether this is not what the dialect's events look like, for example because it was cut.
	Invalid bool
	// Cost is what the provider says that the answer cost, in billionths of a US dollar; 0 = it doesn't say.
	Cost int64
	// Choices is how many choices of an answer there are; -1 = the dialect's member for them is missing or null. Azure's first
	// chunk and the one with the usage have none. Dialects without choices count an answer as one.
	Choices int
	// UsageFrom and UsageTo bound the bytes that go when the usage is taken away, a comma among them; 0 = it can't be.
	UsageFrom, UsageTo int
	// UsageNull is whether those bytes say null.
	UsageNull bool
}

// UsageOnly is whether the chunk tells the usage and nothing else, as stream_options.include_usage adds one at the end.
func (c *Chunk) UsageOnly() bool { return c.UsageTo > 0 && !c.UsageNull && c.Choices <= 0 && !c.Error }

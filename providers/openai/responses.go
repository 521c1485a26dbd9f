package openai

import "github.com/routor/routor/engine/chat"

// ResponsesCodec is the codec of OpenAI's Responses API (POST /responses), without what its server keeps: conversations and
// previous responses are members that it hands on and does not understand.
type ResponsesCodec struct{}

// Responses is the codec of the Responses API.
var Responses chat.Codec = ResponsesCodec{}

// Dialect is chat.Responses.
func (ResponsesCodec) Dialect() chat.Dialect { return chat.Responses }

// AppendFault appends {"error": {…}}.
func (ResponsesCodec) AppendFault(dst []byte, f *chat.Fault) []byte { return appendFault(dst, f) }

package openai

import (
	"bytes"

	"github.com/routor/routor/engine/chat"
)

// ChatCodec is the codec of chat completions (POST /chat/completions), as OpenAI has them and as those who imitate it extend
// them: reasoning_content, reasoning_details, extra_content, content lists with thinking.
type ChatCodec struct{}

// Chat is the codec of chat completions.
var Chat chat.Codec = ChatCodec{}

// Dialect is chat.Completions.
func (ChatCodec) Dialect() chat.Dialect { return chat.Completions }

// Inspect says what a chunk, or a whole body, means. It allocates nothing.
func (ChatCodec) Inspect(_ string, data []byte, c *chat.Chunk) { Inspect(data, c) }

// failure is whether a finish_reason tells of a failure rather than of an end.
func failure(reason []byte) bool {
	switch string(reason) {
	case "error", "network_error", "insufficient_system_resource": // OpenRouter, Mistral; Z.AI; DeepSeek
		return true
	}
	return false
}

// reasonOf is finishOf back again.
func reasonOf(f chat.Finish) string {
	switch f {
	case chat.Length, chat.ContextFull:
		return "length"
	case chat.ToolCalls:
		return "tool_calls"
	case chat.ContentFilter, chat.Refused:
		return "content_filter"
	}
	return "stop"
}

// AppendFault appends {"error": {…}}.
func (ChatCodec) AppendFault(dst []byte, f *chat.Fault) []byte { return appendFault(dst, f) }

func appendFault(dst []byte, f *chat.Fault) []byte {
	dst = putText(append(dst, `{"error":{`...), "message", f.Message)
	kind := f.Type
	if kind == "" {
		kind = "api_error"
	}
	dst = putText(dst, "type", kind)
	dst = nullOr(dst, "param", f.Param)
	return append(nullOr(dst, "code", f.Code), "}}"...)
}

func nullOr(dst []byte, name, value string) []byte {
	if value == "" {
		return putRaw(dst, name, null)
	}
	return putText(dst, name, value)
}

var null = []byte("null")

// readFault reads an error's body in the shapes that there are: {"error": {…}}, {"error": "text", "code": …},
// {"object": "error", "message": …}, {"detail": …}, MiniMax's base_resp.
func readFault(body []byte) chat.Fault {
	var f chat.Fault
	take := func(name string, v []byte) {
		s := own(v)
		switch name {
		case "message", "detail", "status_msg", "error":
			if s == "" && !isNull(v) && v[0] != '"' {
				s = string(v)
			}
			if f.Message == "" || name == "message" {
				f.Message = s
			}
		case "type":
			f.Type = s
		case "param":
			f.Param = s
		case "code", "status_code":
			if s == "" && !isNull(v) && v[0] != '"' {
				s = string(v)
			}
			f.Code = s
		case "request_id":
			f.RequestID = s
		}
	}
	for name, v := range chat.Object(body) {
		switch {
		case (name == "error" || name == "base_resp" || name == "response") && bytes.HasPrefix(v, []byte("{")):
			inner := v
			if name == "response" {
				inner = get(v, "error")
			}
			for n, w := range chat.Object(inner) {
				take(n, w)
			}
		case name == "type" || name == "object":
		default:
			take(name, v)
		}
	}
	if f.Message == "" {
		f.Message = "the provider failed and gave no reason"
	}
	return f
}

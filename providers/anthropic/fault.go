package anthropic

import (
	"encoding/json"

	"github.com/routor/routor/engine/chat"
)

// errorTypes are the dialect's errors with their HTTP status (ErrorResponse; Anthropic's page "Errors").
var errorTypes = []struct {
	status int
	kind   string
}{
	{400, "invalid_request_error"}, {401, "authentication_error"}, {402, "billing_error"}, {403, "permission_error"},
	{404, "not_found_error"}, {413, "request_too_large"}, {429, "rate_limit_error"}, {500, "api_error"},
	{504, "timeout_error"}, {408, "timeout_error"}, {529, "overloaded_error"}, {503, "overloaded_error"},
}

// AppendFault appends an error's body.
func (codec) AppendFault(dst []byte, f *chat.Fault) []byte {
	dst = append(dst, `{"type":"error","error":{`...)
	message := f.Message
	if message == "" {
		message = kindOf(f)
	}
	dst = append(text(text(dst, "type", kindOf(f)), "message", message), '}')
	if f.RequestID == "" {
		return append(dst, `,"request_id":null}`...)
	}
	return append(text(dst, "request_id", f.RequestID), '}')
}

// kindOf is an error's type: the one with its status, or what it is called if it is called as this dialect does.
func kindOf(f *chat.Fault) string {
	for _, e := range errorTypes {
		if e.status == f.Status {
			return e.kind
		}
	}
	for _, e := range errorTypes {
		if f.Status == 0 && (e.kind == f.Code || e.kind == f.Type) {
			return e.kind
		}
	}
	if f.Status >= 400 && f.Status < 500 {
		return "invalid_request_error"
	}
	return "api_error"
}

// readFault reads an error that came in a stream: its status is that which it would have had before the first byte, its code
// what the dialect calls it.
func readFault(event json.RawMessage) chat.Fault {
	f := chat.Fault{Status: 500, Type: "server_error"}
	failed := get(event, "error")
	f.Code, _ = chat.Unquote(get(failed, "type"))
	f.Message, _ = chat.Unquote(get(failed, "message"))
	f.RequestID, _ = chat.Unquote(get(event, "request_id"))
	for _, e := range errorTypes {
		if e.kind == f.Code {
			f.Status = e.status
			break
		}
	}
	switch {
	case f.Status == 429:
		f.Type = "rate_limit_error"
	case f.Status == 401 || f.Status == 403:
		f.Type = f.Code
	case f.Status < 500:
		f.Type = "invalid_request_error"
	}
	return f
}

package gemini

import (
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// faultOf is what an error object says, in OpenAI's terms.
func faultOf(raw []byte) chat.Fault {
	f := chat.Fault{Status: 500}
	if len(raw) > 0 && raw[0] == '"' {
		f.Message = text(raw)
	}
	members, ok := open(raw, '{')
	for ok && members.more() {
		switch name, value := members.member(); string(name) {
		case "code":
			if n, ok := integer(value); ok && n >= 400 && n < 600 {
				f.Status = int(n)
			}
		case "message":
			f.Message = text(value)
		case "status":
			f.Code = strings.ToLower(text(value))
		}
	}
	f.Type = typeOfStatus(f.Status)
	return f
}

func typeOfStatus(status int) string {
	switch {
	case status == 401 || status == 403:
		return "authentication_error"
	case status == 429:
		return "rate_limit_error"
	case status >= 500:
		return "server_error"
	}
	return "invalid_request_error"
}

// failure is a finishReason that is no answer.
func failure(reason, message string) chat.Fault {
	if message == "" {
		message = "the model's answer ended with " + reason
	}
	return chat.Fault{Status: 502, Type: "server_error", Code: strings.ToLower(reason), Message: message}
}

// statuses are the names of google.rpc.Code for the HTTP statuses that stand for them.
var statuses = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 402: "FAILED_PRECONDITION", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	409: "ABORTED", 413: "INVALID_ARGUMENT", 422: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 499: "CANCELLED",
	500: "INTERNAL", 501: "UNIMPLEMENTED", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

// AppendFault appends an error's body (google.rpc.Status).
func (codec) AppendFault(dst []byte, f *chat.Fault) []byte {
	status, ok := statuses[f.Status]
	if !ok {
		status = "UNKNOWN"
	}
	code := f.Status
	if code == 0 {
		code = 500
	}
	dst = append(dst, `{"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = putText(dst, "message", f.Message)
	dst = putText(dst, "status", status)
	if f.Code != "" {
		dst = append(dst, `,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"routor"`...)
		dst = append(putText(dst, "reason", strings.ToUpper(f.Code)), '}', ']')
	}
	return append(dst, '}', '}')
}

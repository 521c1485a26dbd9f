package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Error is what is wrong with a request body: where, and what is expected there.
type Error struct {
	Path    string // "messages[2].content"; "" = the body itself
	Offset  int    // byte of the body
	Message string // what was expected, in a sentence without the path
}

func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("%s (at byte %d)", e.Message, e.Offset)
	}
	return fmt.Sprintf("%s: %s (at byte %d)", e.Path, e.Message, e.Offset)
}

// in puts the path of an enclosing value in front.
func (e *Error) in(parent string) *Error {
	if e.Path == "" || e.Path[0] == '[' {
		e.Path = parent + e.Path
	} else {
		e.Path = parent + "." + e.Path
	}
	return e
}

// invalid says where a body that is no JSON breaks. Only this slow way knows the place.
func invalid(body []byte) *Error {
	var v json.RawMessage
	d := json.NewDecoder(bytes.NewReader(body))
	if len(bytes.TrimSpace(body)) == 0 {
		return &Error{Message: "the body is empty; send a JSON object"}
	}
	err := d.Decode(&v)
	if syntax, ok := err.(*json.SyntaxError); ok {
		return &Error{Offset: int(max(syntax.Offset-1, 0)), Message: "invalid JSON: " + syntax.Error()}
	}
	if err != nil { // the body ends too soon
		return &Error{Offset: len(body), Message: "invalid JSON: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	at := int(d.InputOffset())
	if rest := bytes.TrimLeft(body[at:], " \t\r\n"); len(rest) > 0 {
		return &Error{Offset: len(body) - len(rest), Message: "invalid JSON: something follows the object"}
	}
	return &Error{Message: "invalid JSON: nested too deeply"}
}

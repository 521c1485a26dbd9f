package chat

import (
	"encoding/json"
	"iter"
	"strings"

	"github.com/bytedance/sonic"
)

// Check says whether body is JSON as RFC 8259 has it, strings included. The error is an *Error that has the place.
func Check(body []byte) error {
	if !sonic.Valid(body) {
		return invalid(body)
	}
	if err := strict(body); err != nil {
		return err
	}
	return nil
}

// Object goes over the members of a JSON object, in order, names that come twice included; over nothing if raw is no
// object. Of bytes that are no JSON it gives something, and ends. Names and values are views of raw.
func Object(raw []byte) iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		s := scan{b: raw}
		if s.space(); s.peek() != '{' {
			return
		}
		s.i++
		for s.more('}') {
			name := s.key()
			if in := s.value(); !yield(name, raw[in.from:in.to:in.to]) {
				return
			}
		}
	}
}

// Array goes over the elements of a JSON array; over nothing if raw is none. Elements are views of raw.
func Array(raw []byte) iter.Seq2[int, json.RawMessage] {
	return func(yield func(int, json.RawMessage) bool) {
		s := scan{b: raw}
		if s.space(); s.peek() != '[' {
			return
		}
		s.i++
		for i := 0; s.more(']'); i++ {
			if in := s.value(); !yield(i, raw[in.from:in.to:in.to]) {
				return
			}
		}
	}
}

// View is what a JSON string says, a view of raw where it has no escapes; false = raw is no string.
func View(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	s := scan{b: raw}
	in, escaped := s.quoted()
	if escaped {
		return string(appendUnescaped(nil, raw[in.from:in.to])), true
	}
	return view(raw[in.from:in.to]), true
}

// Unquote is View with a string of its own.
func Unquote(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	s := scan{b: raw}
	in, escaped := s.quoted()
	if escaped {
		return string(appendUnescaped(nil, raw[in.from:in.to])), true
	}
	return string(raw[in.from:in.to]), true
}

// AppendQuoted appends a string as JSON. What is no UTF-8 becomes U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			s = strings.ToValidUTF8(s, "\uFFFD") // no copy where it is valid
			break
		}
	}
	return appendQuoted(dst, s)
}

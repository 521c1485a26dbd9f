package chat

import (
	"bytes"
	"unsafe"
)

// scan walks over JSON that sonic has found valid, so it looks only for where values begin and end. On anything else it
// still ends and stays within its bytes.
type scan struct {
	b []byte
	i int
}

// span is a range of bytes of the body.
type span struct{ from, to int }

// inside is what is between the quotes of a string.
func (s span) inside() span { return span{s.from + 1, s.to - 1} }

func (s *scan) space() {
	for s.i < len(s.b) && s.b[s.i] <= ' ' {
		s.i++
	}
}

// peek is the byte at the cursor, 0 at the end. A value's first byte says its type.
func (s *scan) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

// more goes to the next member or element and says whether there is one; behind the last it takes the closing bracket.
// The caller has taken the opening one.
func (s *scan) more(closing byte) bool {
	s.space()
	if s.peek() == ',' {
		s.i++
		s.space()
	}
	if s.peek() == closing {
		s.i++
		return false
	}
	return s.i < len(s.b)
}

// key takes a member's name and goes to its value.
func (s *scan) key() string {
	start := s.i
	s.i = min(start+1, len(s.b))
	for s.i < len(s.b) && s.b[s.i] != '"' && s.b[s.i] != '\\' { // names are short
		s.i++
	}
	var name string
	if s.peek() == '"' {
		name = view(s.b[start+1 : s.i])
		s.i++
	} else {
		s.i = start
		in := s.string()
		name = string(appendUnescaped(nil, s.b[in.from:in.to]))
	}
	s.space()
	if s.peek() == ':' {
		s.i++
	}
	s.space()
	return name
}

// quoted takes a string and gives what is between its quotes.
func (s *scan) quoted() (in span, escaped bool) {
	in = s.string()
	return in, bytes.IndexByte(s.b[in.from:in.to], '\\') >= 0
}

// string takes a string: a quote ends it when an even number of backslashes stands before it.
func (s *scan) string() (in span) {
	s.i = min(s.i+1, len(s.b))
	in.from = s.i
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.i = len(s.b)
			in.to = s.i
			return in
		}
		in.to = s.i + n
		s.i = in.to + 1
		slash := in.to
		for slash > in.from && s.b[slash-1] == '\\' {
			slash--
		}
		if (in.to-slash)%2 == 0 {
			return in
		}
	}
}

// value takes any value and gives all its bytes.
func (s *scan) value() span {
	from := s.i
	switch s.peek() {
	case '"':
		s.string()
	case '{', '[':
		s.brackets()
	default:
		for s.i < len(s.b) && !ends[s.b[s.i]] {
			s.i++
		}
		if s.i == from && s.i < len(s.b) {
			s.i++ // never stand still on bytes that are no JSON
		}
	}
	return span{from, s.i}
}

// brackets takes an object or array with all that is in it, and says whether it has an end.
func (s *scan) brackets() bool {
	depth := 0
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '"':
			s.string()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.i++
		if depth == 0 {
			return true
		}
	}
	return false
}

// ends are the bytes that end a number or a literal.
var ends = [256]bool{',': true, '}': true, ']': true, ' ': true, '\t': true, '\n': true, '\r': true}

// view is b as a string without a copy.
func view(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(&b[0], len(b))
}

package openai

import "bytes"

// scan walks over JSON without decoding it. Bytes that are no JSON make it bad and end every loop over it; it checks
// only as much as it needs to stay within its bytes.
type scan struct {
	b     []byte
	i     int
	comma int // of the comma that more took; -1 = the first member or element
	bad   bool
}

func (s *scan) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\r' || s.b[s.i] == '\t') {
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

// into takes the opening bracket of an object or array; a value of any other kind is stepped over.
func (s *scan) into(open byte) bool {
	if s.peek() == open {
		s.i++
		return true
	}
	s.skip()
	return false
}

// more goes to the next member or element; behind the last it takes the closing bracket.
func (s *scan) more(closing byte) bool {
	s.space()
	s.comma = -1
	if s.peek() == ',' {
		s.comma = s.i
		s.i++
		s.space()
	}
	switch s.peek() {
	case closing:
		s.i++
		return false
	case 0, ',', ':', '}', ']':
		s.bad = true
	}
	return !s.bad
}

// key takes a member's name, as spelled, and goes to its value.
func (s *scan) key() []byte {
	name := s.text()
	s.space()
	if s.peek() != ':' {
		s.bad = true
		return nil
	}
	s.i++
	s.space()
	return name
}

// text takes a string and is what stands between its quotes, escapes and all; nil and a step over any other value.
func (s *scan) text() []byte {
	if s.peek() != '"' {
		s.skip()
		return nil
	}
	from := s.i + 1
	for at := from; ; {
		n := bytes.IndexByte(s.b[at:], '"')
		if n < 0 {
			s.i, s.bad = len(s.b), true
			return nil
		}
		at += n
		slash := at
		for slash > from && s.b[slash-1] == '\\' {
			slash--
		}
		if at++; (at-slash)%2 == 1 {
			s.i = at
			return s.b[from : at-1 : at-1]
		}
	}
}

// filled takes a value and says whether there is anything in it: not null, false, "", [] or {}.
func (s *scan) filled() bool {
	from := s.i
	s.skip()
	if s.bad {
		return false
	}
	switch v := s.b[from:s.i]; v[0] {
	case 'n', 'f':
		return false
	case '"':
		return len(v) > 2
	case '[', '{':
		return len(bytes.TrimSpace(v[1:len(v)-1])) > 0
	}
	return true
}

// number takes a whole number that is not negative; 0 and a step over any other value. A fraction is cut off.
func (s *scan) number() (n int64) {
	if c := s.peek(); c < '0' || c > '9' {
		s.skip()
		return 0
	}
	const limit = 1 << 50 // so that sums of a few cannot overflow
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		n = min(n*10+int64(c-'0'), limit)
		s.i++
	}
	if c := s.peek(); c == '.' || c == 'e' || c == 'E' {
		s.skip()
	}
	return n
}

// skip takes any value.
func (s *scan) skip() {
	switch s.peek() {
	case '"':
		s.text()
	case '{', '[':
		depth := 0
		for !s.bad {
			switch s.peek() {
			case '"':
				s.text()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			case 0: // it is cut off: not a step further
				s.bad = true
				return
			}
			s.i++
			if depth == 0 {
				return
			}
		}
	default:
		from := s.i
		for s.i < len(s.b) {
			if c := s.b[s.i]; c == ',' || c == '}' || c == ']' || c == ':' || c == '"' || c <= ' ' {
				break
			}
			s.i++
		}
		s.bad = s.bad || s.i == from
	}
}

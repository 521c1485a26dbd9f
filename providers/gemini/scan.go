package gemini

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// cursor walks over the members of an object or the elements of an array, of JSON that is known to be valid. On anything else
// it still ends and stays within its bytes.
type cursor struct {
	b []byte
	i int
}

// open is a cursor within raw, which has to begin with the bracket; ok is whether it does.
func open(raw []byte, bracket byte) (c cursor, ok bool) {
	c.b = raw
	c.space()
	if c.i < len(raw) && raw[c.i] == bracket {
		c.i++
		return c, true
	}
	return c, false
}

func (c *cursor) space() {
	for c.i < len(c.b) && c.b[c.i] <= ' ' {
		c.i++
	}
}

// more goes to the next member or element, and says whether there is one.
func (c *cursor) more() bool {
	c.space()
	if c.i < len(c.b) && c.b[c.i] == ',' {
		c.i++
		c.space()
	}
	return c.i < len(c.b) && c.b[c.i] != '}' && c.b[c.i] != ']'
}

// member is the next member: its name as it stands between the quotes, and its value.
func (c *cursor) member() (name, value []byte) {
	name = c.value()
	if len(name) >= 2 && name[0] == '"' {
		name = name[1 : len(name)-1]
	}
	c.space()
	if c.i < len(c.b) && c.b[c.i] == ':' {
		c.i++
	}
	c.space()
	return name, c.value()
}

// value takes a value and gives its bytes.
func (c *cursor) value() []byte {
	from := c.i
	if c.i >= len(c.b) {
		return nil
	}
	switch c.b[c.i] {
	case '"':
		c.string()
	case '{', '[':
		depth := 0
		for c.i < len(c.b) {
			switch c.b[c.i] {
			case '"':
				c.string()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			c.i++
			if depth == 0 {
				break
			}
		}
	default:
		for c.i < len(c.b) && c.b[c.i] > ' ' && c.b[c.i] != ',' && c.b[c.i] != '}' && c.b[c.i] != ']' && c.b[c.i] != ':' {
			c.i++
		}
		if c.i == from {
			c.i++ // never stand still on bytes that are no JSON
		}
	}
	return c.b[from:c.i]
}

// string takes a string: a quote ends it when an even number of backslashes stands before it.
func (c *cursor) string() {
	for from := c.i + 1; ; {
		n := bytes.IndexByte(c.b[min(c.i+1, len(c.b)):], '"')
		if n < 0 {
			c.i = len(c.b)
			return
		}
		end := c.i + 1 + n
		slash := end
		for slash > from && c.b[slash-1] == '\\' {
			slash--
		}
		if c.i = end; (end-slash)%2 == 0 {
			c.i++
			return
		}
	}
}

// text is what a JSON string says; "" for what is none.
func text(raw []byte) string {
	s, _ := chat.Unquote(raw)
	return s
}

// empty is whether a value is null, "" or nothing.
func empty(raw []byte) bool {
	return len(raw) == 0 || string(raw) == "null" || string(raw) == `""`
}

// integer reads a number, or a string with one, as Google writes its 64-bit integers.
func integer(raw []byte) (int64, bool) {
	raw = bytes.Trim(raw, `"`)
	var n int64
	for i, c := range raw { // counts are short; no string need be made of them
		if c < '0' || c > '9' || i > 17 {
			f, err := strconv.ParseFloat(string(raw), 64)
			return int64(f), err == nil && f > -1e18 && f < 1e18
		}
		n = 10*n + int64(c-'0')
	}
	return n, len(raw) > 0
}

func integerOf(raw []byte) *int64 {
	if n, ok := integer(raw); ok {
		return &n
	}
	return nil
}

func numberOf(raw []byte) *float64 {
	if f, err := strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64); err == nil {
		return &f
	}
	return nil
}

func boolOf(raw []byte) *bool {
	switch string(raw) {
	case "true", "false":
		b := raw[0] == 't'
		return &b
	}
	return nil
}

// camel is a member's name as the documentation spells it: Google takes snake case as well.
func camel(name []byte) string {
	if bytes.IndexByte(name, '_') <= 0 {
		return string(name)
	}
	var b strings.Builder
	up := false
	for _, c := range name {
		switch {
		case c == '_':
			up = true
		case up && c >= 'a' && c <= 'z':
			b.WriteByte(c - 'a' + 'A')
			up = false
		default:
			b.WriteByte(c)
			up = false
		}
	}
	return b.String()
}

// wrong is an error at a value of body.
func wrong(body, at []byte, path, message string) *chat.Error {
	offset := cap(body) - cap(at) // at is a piece of body, so what both can grow to ends in the same place
	if offset < 0 || offset > len(body) {
		offset = 0
	}
	return &chat.Error{Path: path, Offset: offset, Message: message}
}

// key appends a member's name, with the comma before it unless it is the first.
func key(dst []byte, name string) []byte {
	return append(append(append(comma(dst), '"'), name...), '"', ':')
}

// comma appends one unless something has just been opened.
func comma(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' && dst[n-1] != '[' {
		return append(dst, ',')
	}
	return dst
}

// putText, putInteger and putRaw append a member.
func putText(dst []byte, name, value string) []byte { return chat.AppendQuoted(key(dst, name), value) }

func putInteger(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(key(dst, name), value, 10)
}

func putRaw(dst []byte, name string, value []byte) []byte { return append(key(dst, name), value...) }

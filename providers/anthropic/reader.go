package anthropic

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unsafe"

	"github.com/routor/routor/engine/chat"
)

// reader reads the values of a body that is JSON. Its first error stays, and everything after it reads as empty.
type reader struct {
	body   []byte
	err    *chat.Error
	depth  int  // of blocks in blocks
	answer bool // what is read is an answer, which is taken as it is
}

// fail keeps the first error. The path is that within the enclosing value; in puts the rest in front.
func (r *reader) fail(path string, value []byte, message string) {
	if r.err != nil {
		return
	}
	r.err = &chat.Error{Path: path, Message: message}
	if len(value) > 0 && len(r.body) > 0 { // values are views of the body
		at := uintptr(unsafe.Pointer(&value[0])) - uintptr(unsafe.Pointer(&r.body[0]))
		if at < uintptr(len(r.body)) {
			r.err.Offset = int(at)
		}
	}
}

// in puts the path of an enclosing value in front of the error's, and says whether there is one.
func (r *reader) in(parent string, i int) bool {
	if r.err == nil {
		return false
	}
	if i >= 0 {
		parent += "[" + strconv.Itoa(i) + "]"
	}
	if r.err.Path != "" && r.err.Path[0] != '[' {
		parent += "."
	}
	r.err.Path = parent + r.err.Path
	return true
}

func (r *reader) want(path string, value []byte, what string) {
	got := "a number"
	switch {
	case len(value) == 0:
		got = "nothing"
	case value[0] == '"':
		got = "a string"
	case value[0] == '{':
		got = "an object"
	case value[0] == '[':
		got = "an array"
	case value[0] == 't' || value[0] == 'f':
		got = "a boolean"
	case value[0] == 'n':
		got = "null"
	}
	r.fail(path, value, "must be "+what+", not "+got)
}

// text is a string; "" for null.
func (r *reader) text(path string, value []byte) string {
	s, ok := chat.View(value)
	if !ok && !null(value) {
		r.want(path, value, "a string")
	}
	return s
}

func (r *reader) boolean(path string, value []byte) *bool {
	switch {
	case null(value):
		return nil
	case value[0] == 't' || value[0] == 'f':
		b := value[0] == 't'
		return &b
	}
	r.want(path, value, "a boolean")
	return nil
}

func (r *reader) number(path string, value []byte) *float64 {
	if null(value) {
		return nil
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil {
		r.want(path, value, "a number")
		return nil
	}
	return &f
}

func (r *reader) integer(path string, value []byte) *int64 {
	if null(value) {
		return nil
	}
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil { // 1e3 and 100.0 are whole numbers too
		f, err := strconv.ParseFloat(string(value), 64)
		if n = int64(f); err != nil || float64(n) != f || f > 1<<53 || f < -1<<53 {
			r.want(path, value, "a whole number")
			return nil
		}
	}
	return &n
}

func (r *reader) strings(path string, value []byte) (list []string) {
	if null(value) {
		return nil
	}
	if value[0] != '[' {
		r.want(path, value, "an array of strings")
		return nil
	}
	for i, v := range chat.Array(value) {
		s, ok := chat.View(v)
		if !ok {
			r.want(path+"["+strconv.Itoa(i)+"]", v, "a string")
			return nil
		}
		list = append(list, s)
	}
	return list
}

// object is the value if it is an object; nil for null.
func (r *reader) object(path string, value []byte) json.RawMessage {
	if null(value) {
		return nil
	}
	if value[0] != '{' {
		r.want(path, value, "an object")
		return nil
	}
	return value
}

// get is a member's value, nil if there is none; of several the last.
func get(object []byte, name string) (value json.RawMessage) {
	for n, v := range chat.Object(object) {
		if n == name {
			value = v
		}
	}
	return value
}

// others is an object of the members that are not known, nil if there are none.
func others(members []chat.Member) json.RawMessage {
	if len(members) == 0 {
		return nil
	}
	return append(rest([]byte{'{'}, members), '}')
}

// kept is a copy of a value that outlives the bytes it came in.
func kept(value []byte) json.RawMessage { return bytes.Clone(value) }

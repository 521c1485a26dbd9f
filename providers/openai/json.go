package openai

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/routor/routor/engine/chat"
)

// comma appends one unless something has just been opened or named.
func comma(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' && dst[n-1] != '[' && dst[n-1] != ':' {
		return append(dst, ',')
	}
	return dst
}

// key appends the name of a member, which has nothing in it that needs an escape.
func key(dst []byte, name string) []byte {
	return append(append(append(comma(dst), '"'), name...), '"', ':')
}

func putText(dst []byte, name, value string) []byte { return chat.AppendQuoted(key(dst, name), value) }

func putRaw(dst []byte, name string, value []byte) []byte { return append(key(dst, name), value...) }

func putInt(dst []byte, name string, value int64) []byte {
	return strconv.AppendInt(key(dst, name), value, 10)
}

func putBool(dst []byte, name string, value bool) []byte {
	return strconv.AppendBool(key(dst, name), value)
}

// putFloat appends a number as encoding/json spells it; what JSON has no number for is null.
func putFloat(dst []byte, name string, value float64) []byte {
	dst = key(dst, name)
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return append(dst, "null"...)
	}
	if a := math.Abs(value); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, value, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, value, 'f', -1, 64)
}

// The same for what may not be there.

func optText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return putText(dst, name, value)
}

func optRaw(dst []byte, name string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	return putRaw(dst, name, value)
}

func optInt(dst []byte, name string, value *int64) []byte {
	if value == nil {
		return dst
	}
	return putInt(dst, name, *value)
}

func optFloat(dst []byte, name string, value *float64) []byte {
	if value == nil {
		return dst
	}
	return putFloat(dst, name, *value)
}

func optBool(dst []byte, name string, value *bool) []byte {
	if value == nil {
		return dst
	}
	return putBool(dst, name, *value)
}

func putTexts(dst []byte, name string, values []string) []byte {
	dst = append(key(dst, name), '[')
	for _, v := range values {
		dst = chat.AppendQuoted(comma(dst), v)
	}
	return append(dst, ']')
}

// putExtra appends members that have no place of their own.
func putExtra(dst []byte, extra []chat.Member) []byte {
	for _, m := range extra {
		dst = append(chat.AppendQuoted(comma(dst), m.Name), ':')
		dst = append(dst, m.Value...)
	}
	return dst
}

// text is what a JSON string says, as a view of raw where it has no escapes; "" for what is none.
func text(raw []byte) string {
	s, _ := chat.View(raw)
	return s
}

// own is text with a string of its own.
func own(raw []byte) string {
	s, _ := chat.Unquote(raw)
	return s
}

func isNull(raw []byte) bool { return len(raw) == 0 || raw[0] == 'n' }

// empty is whether a value says nothing: null, "", [] or {}.
func empty(raw []byte) bool {
	s := scan{b: raw}
	return isNull(raw) || !s.filled()
}

func integerOf(raw []byte) *int64 {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		f, err := strconv.ParseFloat(string(raw), 64)
		if n = int64(f); err != nil || float64(n) != f || f >= 1<<62 || f <= -(1<<62) {
			return nil
		}
	}
	return &n
}

func floatOf(raw []byte) *float64 {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return nil
	}
	return &f
}

func boolOf(raw []byte) *bool {
	if len(raw) == 0 || raw[0] != 't' && raw[0] != 'f' {
		return nil
	}
	b := raw[0] == 't'
	return &b
}

func textsOf(raw []byte) []string {
	var out []string
	for _, v := range chat.Array(raw) {
		out = append(out, text(v))
	}
	return out
}

// get is a member of an object; nil = there is none, or it is null.
func get(object []byte, name string) json.RawMessage {
	var found json.RawMessage
	for n, v := range chat.Object(object) {
		if n == name && !isNull(v) {
			found = v
		}
	}
	return found
}

// place is at which byte of body a piece of it begins.
func place(body, piece []byte) int {
	if len(body) == 0 || len(piece) == 0 {
		return 0
	}
	from, at := uintptr(unsafe.Pointer(&body[0])), uintptr(unsafe.Pointer(&piece[0]))
	if at < from || at >= from+uintptr(len(body)) {
		return 0
	}
	return int(at - from)
}

// refuse is the error that something else was expected at a piece of the body.
func refuse(body, piece []byte, path, message string) *chat.Error {
	return &chat.Error{Path: path, Offset: place(body, piece), Message: message}
}

// kindOf names a value's type in errors.
func kindOf(raw []byte) string {
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func at(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// ours is whether a member of a request is Routor's own, and no provider's business.
func ours(name string) bool { return name == "models" || strings.HasPrefix(name, "routor_") }

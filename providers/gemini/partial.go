package gemini

import (
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// partial puts a function's arguments together from the pieces of a streamed call (partialArgs): each has the JSON path of a
// value and the value, strings in several pieces. The zero value has no arguments yet.
type partial struct{ root value }

// value is a JSON value that is still growing.
type value struct {
	kind    byte // 0 = nothing yet, '{', '[', '"', or 'v' = raw
	members []member
	items   []*value
	said    []byte // the text of a string, or a raw value
	more    bool   // the string goes on
}

type member struct {
	name string
	v    *value
}

// Bounds on what a path may name: it is foreign.
const (
	mostItems = 10_000
	mostSteps = 64
)

// add takes in a list of pieces.
func (p *partial) add(raw []byte) {
	list, ok := open(raw, '[')
	for ok && list.more() {
		var path string
		var kind byte
		var said []byte
		more := false
		members, ok := open(list.value(), '{')
		for ok && members.more() {
			switch name, v := members.member(); string(name) {
			case "jsonPath":
				path = text(v)
			case "stringValue":
				kind, said = '"', []byte(text(v))
			case "numberValue", "boolValue":
				kind, said = 'v', v
			case "nullValue":
				kind, said = 'v', []byte("null")
			case "willContinue":
				more = string(v) == "true"
			}
		}
		if v := p.root.at(path); v != nil && kind != 0 {
			if v.kind == '"' && kind == '"' && v.more {
				v.said = append(v.said, said...)
			} else {
				*v = value{kind: kind, said: append([]byte(nil), said...)}
			}
			v.more = more
		}
	}
}

// at is the value at a path like $.list[0].name, made if it is not there; nil = no such path.
func (v *value) at(path string) *value {
	path, ok := strings.CutPrefix(path, "$")
	for steps := 0; ok && path != ""; steps++ {
		if steps == mostSteps {
			return nil
		}
		var name string
		index := -1
		switch {
		case path[0] == '.':
			end := strings.IndexAny(path[1:], ".[")
			if end < 0 {
				end = len(path) - 1
			}
			name, path = path[1:1+end], path[1+end:]
		case strings.HasPrefix(path, "['") || strings.HasPrefix(path, `["`):
			end := strings.Index(path, path[1:2]+"]")
			if end < 2 {
				return nil
			}
			name, path = path[2:end], path[end+2:]
		case path[0] == '[':
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return nil
			}
			n, err := strconv.Atoi(path[1:end])
			if err != nil || n < 0 || n >= mostItems {
				return nil
			}
			index, path = n, path[end+1:]
		default:
			return nil
		}
		if index >= 0 {
			v = v.item(index)
		} else {
			v = v.member(name)
		}
	}
	if !ok {
		return nil
	}
	return v
}

func (v *value) item(i int) *value {
	if v.kind != '[' {
		*v = value{kind: '['}
	}
	for len(v.items) <= i {
		v.items = append(v.items, new(value))
	}
	return v.items[i]
}

func (v *value) member(name string) *value {
	if v.kind != '{' {
		*v = value{kind: '{'}
	}
	for i := range v.members {
		if v.members[i].name == name {
			return v.members[i].v
		}
	}
	v.members = append(v.members, member{name, new(value)})
	return v.members[len(v.members)-1].v
}

// json is the arguments as they are now.
func (p *partial) json() string {
	if p.root.kind != '{' {
		return "{}"
	}
	return string(p.root.append(nil))
}

func (v *value) append(dst []byte) []byte {
	switch v.kind {
	case '{':
		dst = append(dst, '{')
		for _, m := range v.members {
			dst = append(chat.AppendQuoted(comma(dst), m.name), ':')
			dst = m.v.append(dst)
		}
		return append(dst, '}')
	case '[':
		dst = append(dst, '[')
		for _, item := range v.items {
			dst = item.append(comma(dst))
		}
		return append(dst, ']')
	case '"':
		return chat.AppendQuoted(dst, string(v.said))
	case 'v':
		return append(dst, v.said...)
	}
	return append(dst, "null"...)
}

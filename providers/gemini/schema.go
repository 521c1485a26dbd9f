package gemini

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// deepest bounds how far schemas are followed: what lies deeper is left as it is.
const deepest = 64

// types are what Gemini's own Schema calls the JSON types, by their numbers.
var types = []string{"TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"}

// fromSchema is one of Gemini's Schema objects (a subset of OpenAPI 3.0's) as a JSON schema.
func fromSchema(raw []byte) json.RawMessage { return appendFromSchema(nil, raw, 0) }

func appendFromSchema(dst, raw []byte, depth int) []byte {
	members, ok := open(raw, '{')
	if !ok || depth > deepest {
		return append(dst, raw...)
	}
	kind, nullable := "", false
	var values []byte // of enum
	dst = append(dst, '{')
	for members.more() {
		name, value := members.member()
		switch n := camel(name); n {
		case "type":
			kind = strings.ToLower(enum(value, types...))
		case "nullable":
			nullable = string(value) == "true"
		case "enum":
			values = value
		case "items":
			dst = appendFromSchema(key(dst, n), value, depth+1)
		case "anyOf":
			dst = append(key(dst, n), '[')
			list, ok := open(value, '[')
			for ok && list.more() {
				dst = appendFromSchema(comma(dst), list.value(), depth+1)
			}
			dst = append(dst, ']')
		case "properties":
			dst = append(key(dst, n), '{')
			inner, ok := open(value, '{')
			for ok && inner.more() {
				name, value := inner.member()
				dst = appendFromSchema(key(dst, string(name)), value, depth+1)
			}
			dst = append(dst, '}')
		case "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties":
			dst = putRaw(dst, n, bytes.Trim(value, `"`)) // 64-bit integers come as strings
		case "propertyOrdering":
		case "example":
			dst = append(append(append(key(dst, "examples"), '['), value...), ']')
		case "format":
			if text(value) != "enum" {
				dst = putRaw(dst, n, value)
			}
		default:
			dst = putRaw(dst, string(name), value)
		}
	}
	if kind == "type_unspecified" {
		kind = ""
	}
	if list, ok := open(values, '['); nullable && ok {
		with := []byte{'['}
		for list.more() {
			with = append(comma(with), list.value()...)
		}
		values = append(append(comma(with), "null"...), ']')
	}
	if values != nil {
		dst = putRaw(dst, "enum", values)
	}
	switch {
	case kind != "" && nullable:
		dst = append(chat.AppendQuoted(append(key(dst, "type"), '['), kind), `,"null"]`...)
	case kind != "":
		dst = putText(dst, "type", kind)
	}
	return append(dst, '}')
}

// Requests that come in other dialects send their schemas as JSON schemas (parametersJsonSchema, responseJsonSchema), not
// as Gemini's Schema: that one knows no $ref, no additionalProperties, no types in a list, and refuses what it does not know,
// where these two pass over it. What must not be passed over, because it changes what is valid, or is refused there as well,
// is said in the words that Google lists for them (ai.google.dev/api/generate-content, responseJsonSchema).

// mendSchema is a JSON schema as Gemini understands it: const as an enum of one, allOf merged into the schema around it,
// a $ref alone in its object, definitions in $defs.
func mendSchema(raw []byte) []byte {
	if _, ok := open(raw, '{'); !ok {
		return []byte("{}") // true: anything
	}
	m := mender{root: raw}
	return m.append(nil, raw, 0)
}

// mendParameters is mendSchema for a function's parameters, which have to be an object's.
func mendParameters(raw []byte) []byte {
	b := mendSchema(raw)
	members, _ := open(b, '{')
	for members.more() {
		if name, _ := members.member(); string(name) == "type" || string(name) == "$ref" || string(name) == "anyOf" {
			return b
		}
	}
	if len(b) == 2 {
		return []byte(`{"type":"object"}`)
	}
	return append([]byte(`{"type":"object",`), b[1:]...)
}

type mender struct {
	root   []byte
	merged int // allOf references followed, bounded for schemas that refer to themselves
}

func membersOf(raw []byte) []chat.Member {
	var out []chat.Member
	members, ok := open(raw, '{')
	for ok && members.more() {
		name, value := members.member()
		out = append(out, chat.Member{Name: string(name), Value: value})
	}
	return out
}

func find(list []chat.Member, name string) json.RawMessage {
	for i := range list {
		if list[i].Name == name {
			return list[i].Value
		}
	}
	return nil
}

func (m *mender) append(dst, raw []byte, depth int) []byte {
	switch {
	case depth > deepest:
		return append(dst, raw...)
	case len(raw) == 0 || raw[0] != '{':
		return append(dst, "{}"...) // true, or no schema at all
	}
	list := m.flatten(membersOf(raw), depth)
	if ref := find(list, "$ref"); ref != nil {
		return m.reference(dst, list, ref, depth)
	}
	dst = append(dst, '{')
	return append(m.members(dst, list, depth), '}')
}

// reference writes a schema with a $ref, beside which only names with a $ may stand.
func (m *mender) reference(dst []byte, list []chat.Member, ref json.RawMessage, depth int) []byte {
	ref = bytes.Replace(ref, []byte(`"#/definitions/`), []byte(`"#/$defs/`), 1)
	alone := !slices.ContainsFunc(list, func(e chat.Member) bool { return e.Name[:min(1, len(e.Name))] != "$" })
	dst = append(dst, '{')
	others := slices.DeleteFunc(slices.Clone(list), func(e chat.Member) bool {
		return e.Name == "$ref" || !alone && e.Name == "anyOf"
	})
	if alone {
		return append(m.members(putRaw(dst, "$ref", ref), others, depth), '}')
	}
	dst = append(putRaw(append(key(dst, "anyOf"), '[', '{'), "$ref", ref), '}', ']')
	return append(m.members(dst, others, depth), '}')
}

func (m *mender) members(dst []byte, list []chat.Member, depth int) []byte {
	for _, e := range list {
		switch e.Name {
		case "$schema", "$comment":
		case "const":
			dst = append(append(append(key(dst, "enum"), '['), e.Value...), ']')
			if kind := kindOfValue(e.Value); find(list, "type") == nil && kind != "" {
				dst = putText(dst, "type", kind)
			}
		case "enum":
			if find(list, "const") == nil {
				dst = putRaw(dst, e.Name, e.Value)
			}
		case "properties", "$defs", "definitions", "patternProperties":
			name := strings.Replace(e.Name, "definitions", "$defs", 1)
			dst = append(key(dst, name), '{')
			for _, p := range membersOf(e.Value) {
				dst = m.append(key(dst, p.Name), p.Value, depth+1)
			}
			dst = append(dst, '}')
		case "anyOf", "oneOf", "prefixItems":
			dst = append(key(dst, e.Name), '[')
			inner, ok := open(e.Value, '[')
			for ok && inner.more() {
				dst = m.append(comma(dst), inner.value(), depth+1)
			}
			dst = append(dst, ']')
		case "items":
			if e.Value[0] == '[' { // a tuple, as older drafts spell it
				dst = m.members(dst, []chat.Member{{Name: "prefixItems", Value: e.Value}}, depth)
				continue
			}
			dst = m.append(key(dst, e.Name), e.Value, depth+1)
		case "additionalProperties":
			if e.Value[0] != '{' {
				dst = putRaw(dst, e.Name, e.Value)
				continue
			}
			dst = m.append(key(dst, e.Name), e.Value, depth+1)
		default:
			dst = putRaw(dst, e.Name, e.Value)
		}
	}
	return dst
}

// maxMerged bounds the references that allOf follows in one schema.
const maxMerged = 200

// flatten merges the schemas of an allOf into the members around it. Properties and what is required add up; of anything
// else the first word counts.
func (m *mender) flatten(list []chat.Member, depth int) []chat.Member {
	all := find(list, "allOf")
	if all == nil || depth > deepest {
		return list
	}
	list = slices.DeleteFunc(slices.Clone(list), func(e chat.Member) bool { return e.Name == "allOf" })
	inner, ok := open(all, '[')
	for ok && inner.more() {
		part := membersOf(inner.value())
		if ref := find(part, "$ref"); ref != nil {
			if m.merged++; m.merged > maxMerged {
				continue
			}
			part = append(membersOf(m.resolve(text(ref))), slices.DeleteFunc(part, func(e chat.Member) bool { return e.Name == "$ref" })...)
		}
		for _, e := range m.flatten(part, depth+1) {
			list = merge(list, e)
		}
	}
	return list
}

func merge(list []chat.Member, e chat.Member) []chat.Member {
	i := slices.IndexFunc(list, func(have chat.Member) bool { return have.Name == e.Name })
	if i < 0 {
		return append(list, e)
	}
	bracket := byte('{')
	switch e.Name {
	case "required":
		bracket = '['
	case "properties", "$defs", "definitions":
	default:
		return list
	}
	a, b := bytes.TrimSpace(list[i].Value), bytes.TrimSpace(e.Value)
	if len(a) < 2 || len(b) < 2 || a[0] != bracket || b[0] != bracket {
		return list
	}
	joined := append(bytes.TrimRight(slices.Clone(a[:len(a)-1]), " \t\r\n"), bytes.TrimLeft(b[1:], " \t\r\n")...)
	if at := len(bytes.TrimRight(a[:len(a)-1], " \t\r\n")); at > 1 && joined[at] != ']' && joined[at] != '}' {
		joined = slices.Insert(joined, at, ',')
	}
	list[i].Value = joined
	return list
}

// resolve is what a reference within the schema refers to; {} where there is nothing.
func (m *mender) resolve(ref string) []byte {
	at := m.root
	for step := range strings.SplitSeq(strings.TrimPrefix(ref, "#"), "/") {
		if step != "" {
			at = find(membersOf(at), strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
		}
	}
	return at
}

func kindOfValue(raw []byte) string {
	switch c := raw[0]; {
	case c == '"':
		return "string"
	case c == 't', c == 'f':
		return "boolean"
	case c == 'n':
		return "null"
	case c == '-' || c >= '0' && c <= '9':
		if bytes.ContainsAny(raw, ".eE") {
			return "number"
		}
		return "integer"
	}
	return ""
}

package anthropic

import (
	"encoding/json"

	"github.com/routor/routor/engine/chat"
)

// appendObjectSchema appends a tool's parameters, which must be the schema of an object: "type" is required here, and
// nowhere else.
func appendObjectSchema(dst []byte, schema json.RawMessage) []byte {
	if null(schema) || schema[0] != '{' {
		return append(dst, `{"type":"object","properties":{}}`...)
	}
	if get(schema, "type") != nil {
		return append(dst, schema...)
	}
	dst = append(dst, `{"type":"object"`...)
	for name, v := range chat.Object(schema) {
		dst = raw(dst, name, v)
	}
	return append(dst, '}')
}

// formats are the formats of strings that strict schemas know.
var formats = map[string]bool{
	"date-time": true, "time": true, "date": true, "duration": true, "email": true, "hostname": true, "uri": true,
	"ipv4": true, "ipv6": true, "uuid": true,
}

// appendStrict appends a schema as strict tools and output_config.format take it (Anthropic's guide to structured outputs,
// "JSON Schema limitations"): objects are closed, oneOf is anyOf, and what can't be enforced (bounds, patterns, other formats)
// is said in the description instead. The order of the members stays, for it is the order in which the model answers.
func appendStrict(dst []byte, schema json.RawMessage) []byte { return strictSchema(dst, schema, 0) }

// maxDepth is how deep a schema is looked into: what lies deeper stays as it is, for the provider to judge.
const maxDepth = 40

func strictSchema(dst []byte, schema json.RawMessage, depth int) []byte {
	if depth > maxDepth {
		return append(dst, schema...)
	}
	if null(schema) || schema[0] != '{' {
		return append(dst, `{"type":"object","properties":{},"additionalProperties":false}`...)
	}
	if ref := get(schema, "$ref"); ref != nil { // nothing may stand beside it but definitions
		dst = raw(append(dst, '{'), "$ref", ref)
		for _, name := range []string{"$defs", "definitions"} {
			if defs := get(schema, name); defs != nil {
				dst = appendEach(member(dst, name), defs, depth)
			}
		}
		return append(dst, '}')
	}
	object := isType(schema, "object")
	dst = append(dst, '{')
	var unsaid []byte
	for name, v := range chat.Object(schema) {
		switch {
		case name == "$schema" || name == "description":
		case object && name == "additionalProperties":
		case name == "type", name == "enum", name == "const", name == "title", name == "required", name == "default":
			dst = raw(dst, name, v)
		case name == "$defs", name == "definitions", object && name == "properties":
			dst = appendEach(member(dst, name), v, depth)
		case name == "oneOf" && get(schema, "anyOf") == nil:
			dst = appendList(member(dst, "anyOf"), v, depth)
		case name == "anyOf", name == "allOf":
			dst = appendList(member(dst, name), v, depth)
		case name == "items" && v[0] == '{':
			dst = strictSchema(member(dst, name), v, depth+1)
		case name == "minItems" && (string(v) == "0" || string(v) == "1"):
			dst = raw(dst, name, v)
		case name == "format" && known(v):
			dst = raw(dst, name, v)
		default:
			if unsaid != nil {
				unsaid = append(unsaid, ", "...)
			}
			unsaid = append(append(append(unsaid, name...), ": "...), v...)
		}
	}
	if object {
		if get(schema, "properties") == nil {
			dst = append(dst, `,"properties":{}`...)
		}
		dst = append(dst, `,"additionalProperties":false`...)
	}
	described, _ := chat.View(get(schema, "description"))
	if unsaid != nil {
		if described != "" {
			described += "\n\n"
		}
		described += "{" + string(unsaid) + "}"
	}
	if described != "" {
		dst = text(dst, "description", described)
	}
	return append(dst, '}')
}

// appendEach appends an object of schemas.
func appendEach(dst []byte, schemas json.RawMessage, depth int) []byte {
	dst = append(dst, '{')
	for name, v := range chat.Object(schemas) {
		dst = appendSub(member(dst, name), v, depth)
	}
	return append(dst, '}')
}

func appendList(dst []byte, schemas json.RawMessage, depth int) []byte {
	dst = append(dst, '[')
	for _, v := range chat.Array(schemas) {
		dst = appendSub(element(dst), v, depth)
	}
	return append(dst, ']')
}

// appendSub appends a schema within another; true and false are schemas too.
func appendSub(dst []byte, v json.RawMessage, depth int) []byte {
	if len(v) > 0 && v[0] == '{' {
		return strictSchema(dst, v, depth+1)
	}
	return append(dst, v...)
}

// isType is whether a schema's type is, or can be, the one named.
func isType(schema json.RawMessage, name string) bool {
	kind := get(schema, "type")
	if s, ok := chat.View(kind); ok {
		return s == name
	}
	for _, v := range chat.Array(kind) {
		if s, _ := chat.View(v); s == name {
			return true
		}
	}
	return false
}

func known(format json.RawMessage) bool {
	s, _ := chat.View(format)
	return formats[s]
}

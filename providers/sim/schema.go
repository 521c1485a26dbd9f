package sim

import (
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/bytedance/sonic"
)

// sample is a JSON value that is valid against a JSON schema, as text. word is used where the schema wants any string.
func sample(schema json.RawMessage, word string) []byte {
	var root any
	if len(schema) == 0 || sonic.Unmarshal(schema, &root) != nil {
		return []byte("{}")
	}
	s := sampler{root: root, word: word}
	b, err := json.Marshal(s.value(root, 0))
	if err != nil {
		return []byte("{}")
	}
	return b
}

type sampler struct {
	root any
	word string
}

// deepest bounds recursive schemas: below it only what is required is made.
const deepest = 6

func (s *sampler) value(schema any, depth int) any {
	m, ok := schema.(map[string]any)
	if !ok || depth > 4*deepest {
		if schema == nil || ok {
			return nil
		}
		return s.word // true: anything will do
	}
	if ref, ok := m["$ref"].(string); ok {
		return s.value(s.resolve(ref), depth+1)
	}
	if v, ok := m["const"]; ok {
		return v
	}
	if list, ok := m["enum"].([]any); ok && len(list) > 0 {
		return list[0]
	}
	for _, key := range []string{"anyOf", "oneOf"} {
		if list, ok := m[key].([]any); ok && len(list) > 0 {
			return s.value(choose(list, depth), depth+1)
		}
	}
	if list, ok := m["allOf"].([]any); ok {
		m = s.merge(m, list)
	}
	switch kind(m) {
	case "string":
		return s.text(m)
	case "integer", "number":
		return number(m)
	case "boolean":
		return true
	case "null":
		return nil
	case "array":
		return s.array(m, depth)
	}
	return s.object(m, depth)
}

// choose takes the first alternative that is not null; deep down null if there is one, to come to an end.
func choose(list []any, depth int) any {
	isNull := func(v any) bool {
		m, _ := v.(map[string]any)
		return m["type"] == "null"
	}
	if i := slices.IndexFunc(list, isNull); i >= 0 && depth > deepest {
		return list[i]
	}
	if i := slices.IndexFunc(list, func(v any) bool { return !isNull(v) }); i >= 0 {
		return list[i]
	}
	return list[0]
}

func kind(m map[string]any) string {
	switch t := m["type"].(type) {
	case string:
		return t
	case []any:
		for _, v := range t {
			if name, _ := v.(string); name != "null" {
				return name
			}
		}
	}
	switch {
	case m["items"] != nil || m["prefixItems"] != nil:
		return "array"
	case m["minLength"] != nil || m["pattern"] != nil || m["format"] != nil:
		return "string"
	case m["minimum"] != nil || m["maximum"] != nil:
		return "number"
	}
	return "object"
}

func (s *sampler) resolve(ref string) any {
	at := s.root
	for _, part := range strings.Split(strings.TrimPrefix(ref, "#"), "/") {
		if part == "" {
			continue
		}
		m, _ := at.(map[string]any)
		at = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return at
}

func (s *sampler) merge(m map[string]any, all []any) map[string]any {
	out, properties, required := map[string]any{}, map[string]any{}, []any{}
	for _, part := range append([]any{m}, all...) {
		p, _ := part.(map[string]any)
		if ref, ok := p["$ref"].(string); ok {
			p, _ = s.resolve(ref).(map[string]any)
		}
		for k, v := range p {
			switch have, _ := v.(map[string]any); k {
			case "allOf":
			case "properties":
				for name, schema := range have {
					properties[name] = schema
				}
			case "required":
				list, _ := v.([]any)
				required = append(required, list...)
			default:
				out[k] = v
			}
		}
	}
	if len(properties) > 0 {
		out["properties"], out["required"] = properties, required
	}
	return out
}

func (s *sampler) object(m map[string]any, depth int) any {
	properties, _ := m["properties"].(map[string]any)
	required, _ := m["required"].([]any)
	out := map[string]any{}
	for name, schema := range properties {
		if depth < deepest || slices.Contains(required, any(name)) {
			out[name] = s.value(schema, depth+1)
		}
	}
	for _, name := range required {
		if n, ok := name.(string); ok {
			if _, ok := out[n]; !ok {
				out[n] = s.word
			}
		}
	}
	return out
}

func (s *sampler) array(m map[string]any, depth int) any {
	out := []any{}
	if fixed, ok := m["prefixItems"].([]any); ok {
		for _, schema := range fixed {
			out = append(out, s.value(schema, depth+1))
		}
	}
	least, given := m["minItems"].(float64)
	if !given && depth < deepest {
		least = 1
	}
	if most, ok := m["maxItems"].(float64); ok {
		least = min(least, most)
	}
	for len(out) < int(least) && len(out) < 100 {
		v := s.value(m["items"], depth+1)
		if m["uniqueItems"] == true {
			v = distinct(v, len(out))
		}
		out = append(out, v)
	}
	return out
}

// distinct is the value changed by its place, where that can be done.
func distinct(v any, i int) any {
	switch v := v.(type) {
	case string:
		if i > 0 {
			return v + strings.Repeat("x", i)
		}
	case float64:
		return v + float64(i)
	}
	return v
}

// formats are examples of the string formats of JSON schema.
var formats = map[string]string{
	"date": "2026-01-15", "time": "12:30:00Z", "date-time": "2026-01-15T12:30:00Z", "duration": "PT1H",
	"email": "ada@example.com", "idn-email": "ada@example.com", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
	"uri": "https://example.com/", "url": "https://example.com/", "uuid": "123e4567-e89b-42d3-a456-426614174000", "byte": "YQ==",
}

func (s *sampler) text(m map[string]any) string {
	format, _ := m["format"].(string)
	if v, ok := formats[format]; ok {
		return v
	}
	v := s.word
	if d, ok := m["default"].(string); ok {
		v = d
	}
	if list, ok := m["examples"].([]any); ok && len(list) > 0 {
		if e, ok := list[0].(string); ok {
			v = e
		}
	}
	runes := []rune(v)
	if least, ok := m["minLength"].(float64); ok && least < 1e4 {
		for len(runes) < int(least) {
			runes = append(runes, 'x')
		}
	}
	if most, ok := m["maxLength"].(float64); ok && len(runes) > int(most) {
		runes = runes[:max(0, int(most))]
	}
	return string(runes)
}

func number(m map[string]any) any {
	get := func(name string, otherwise float64) float64 {
		if v, ok := m[name].(float64); ok {
			return v
		}
		return otherwise
	}
	step := get("multipleOf", 1)
	least := max(get("minimum", math.Inf(-1)), get("exclusiveMinimum", math.Inf(-1))+step)
	most := min(get("maximum", math.Inf(1)), get("exclusiveMaximum", math.Inf(1))-step)
	v := get("default", step)
	if v < least {
		v = math.Ceil(least/step) * step
	}
	if v > most {
		v = math.Floor(most/step) * step
		if v < least { // a range narrower than a step
			v = (least + most) / 2
		}
	}
	return v
}

package spectest

import "fmt"

// mend makes a document's schemas what JSON Schema 2020-12 understands; see Check.
func mend(v any, spec Spec) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = mend(v[i], spec)
		}
		return v
	case map[any]any: // YAML allows keys that are no strings: the status codes of responses
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[fmt.Sprint(k)] = e
		}
		return mend(m, spec)
	case map[string]any:
		for k, e := range v {
			v[k] = mend(e, spec)
		}
		return mendSchema(v, spec)
	}
	return v
}

func mendSchema(m map[string]any, spec Spec) any {
	if list, ok := m["oneOf"].([]any); ok {
		if other, both := m["anyOf"]; both {
			all, _ := m["allOf"].([]any)
			m["allOf"] = append(all, map[string]any{"anyOf": other})
		}
		m["anyOf"] = list
		delete(m, "oneOf")
	}
	if _, is := m["discriminator"].(map[string]any); is {
		delete(m, "discriminator")
	}
	if spec == Gemini {
		mendGemini(m)
	}
	delete(m, "$recursiveAnchor") // of an older draft; what recurs (a filter of filters) is then taken as it is
	delete(m, "$recursiveRef")
	for _, bound := range []string{"Minimum", "Maximum"} { // OpenAPI 3.0 has a flag where JSON Schema has the number
		if on, is := m["exclusive"+bound].(bool); is {
			delete(m, "exclusive"+bound)
			plain := map[string]string{"Minimum": "minimum", "Maximum": "maximum"}[bound]
			if on {
				m["exclusive"+bound] = m[plain]
				delete(m, plain)
			}
		}
	}
	if m["nullable"] == true {
		delete(m, "nullable")
		return map[string]any{"anyOf": []any{m, map[string]any{"type": "null"}}}
	}
	return m
}

func mendGemini(m map[string]any) {
	if m["format"] == "int64" && m["type"] == "string" {
		m["type"] = []any{"string", "integer"}
	}
	properties, ok := m["properties"].(map[string]any)
	if !ok || m["type"] != "object" {
		return
	}
	if _, said := m["additionalProperties"]; !said {
		m["additionalProperties"] = false
	}
	_, contents := properties["contents"]
	if list, _ := m["required"].([]any); contents && len(list) > 0 {
		kept := []any{}
		for _, name := range list {
			if name != "model" {
				kept = append(kept, name)
			}
		}
		m["required"] = kept
	}
}

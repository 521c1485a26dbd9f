package openai

import (
	"encoding/json"

	"github.com/routor/routor/engine/chat"
)

// chatTool reads an element of tools, or of the functions of before.
func (r *reader) chatTool(v json.RawMessage, path string) {
	if !r.expect(v, path, "an object") {
		return
	}
	if r.c.Functions {
		r.function(v, v, path)
		return
	}
	kind := text(get(v, "type"))
	inner := get(v, kind)
	if kind == "" {
		kind, inner = "function", get(v, "function")
	}
	switch {
	case kind == "function" && inner == nil:
		r.refuse(v, path+".function", "missing")
	case kind == "function":
		r.function(inner, v, path+".function")
	case kind == "custom":
		r.custom(inner, path+".custom")
	default: // a tool that its provider runs itself
		r.c.Tools = append(r.c.Tools, chat.Tool{Hosted: kind, Dialect: chat.Completions, Raw: v})
	}
}

// function reads a function tool; whole is what it stands in. Members of it that only this dialect knows keep the whole.
func (r *reader) function(v, whole json.RawMessage, path string) {
	if !r.expect(v, path, "an object") {
		return
	}
	t := chat.Tool{}
	take := func(name string, w json.RawMessage) {
		switch name {
		case "type":
		case "name":
			t.Name = text(w)
		case "description":
			t.Description = text(w)
		case "parameters":
			if !isNull(w) {
				t.Parameters = w
			}
		case "strict":
			t.Strict = boolOf(w)
		case "cache_control":
			t.Cache = w
		default:
			if !isNull(w) {
				t.Extra = append(t.Extra, chat.Member{Name: name, Value: w})
			}
		}
	}
	for name, w := range chat.Object(v) {
		take(name, w)
	}
	if r.c.From == chat.Completions && !r.c.Functions {
		for name, w := range chat.Object(whole) {
			if name != "function" {
				take(name, w)
			}
		}
	}
	if len(t.Extra) > 0 {
		t.Dialect, t.Raw = r.c.From, whole
	}
	if t.Name == "" {
		r.refuse(v, path+".name", "missing")
	}
	r.c.Tools = append(r.c.Tools, t)
}

// custom reads a custom tool, whose input is free text; Raw has its format.
func (r *reader) custom(v json.RawMessage, path string) {
	t := chat.Tool{Custom: true, Dialect: r.c.From}
	for name, w := range chat.Object(v) {
		switch {
		case isNull(w) || name == "type":
		case name == "name":
			t.Name = text(w)
		case name == "description":
			t.Description = text(w)
		case name == "format":
			t.Raw = w
		default:
			t.Extra = append(t.Extra, chat.Member{Name: name, Value: w})
		}
	}
	if t.Name == "" {
		r.refuse(v, path+".name", "missing")
	}
	r.c.Tools = append(r.c.Tools, t)
}

// chatChoice reads tool_choice, or the function_call of before.
func (r *reader) chatChoice(v json.RawMessage, path string) {
	choice := chat.ToolChoice{}
	switch v[0] {
	case '"':
		if choice.Mode = text(v); choice.Mode == "any" { // Mistral
			choice.Mode, choice.Dialect, choice.Raw = "required", chat.Completions, v
		}
	case '{':
		choice = objectChoice(v, chat.Completions)
		if path == "function_call" {
			choice = chat.ToolChoice{Mode: "tool", Name: text(get(v, "name"))}
		}
	default:
		r.refuse(v, path, "must be a string or an object, not "+kindOf(v))
	}
	r.c.Choice = choice
}

// objectChoice reads a choice that is an object, in either dialect's spelling.
func objectChoice(v json.RawMessage, d chat.Dialect) chat.ToolChoice {
	kind := text(get(v, "type"))
	name, nested := text(get(v, "name")), text(get(get(v, kind), "name"))
	usual := nested // chat completions nest the name, Responses do not
	if d == chat.Responses {
		usual = name
	}
	switch kind {
	case "function", "custom":
		choice := chat.ToolChoice{Mode: "tool", Name: usual, Custom: kind == "custom"}
		if usual == "" {
			choice.Name, choice.Dialect, choice.Raw = name+nested, d, v
		}
		return choice
	case "allowed_tools":
		return allowedChoice(v, d)
	case "auto", "none", "required", "any", "tool": // Anthropic's, as some clients send it
		choice := chat.ToolChoice{Mode: kind, Name: name, Dialect: d, Raw: v}
		if kind == "any" {
			choice.Mode = "required"
		}
		return choice
	}
	return chat.ToolChoice{Dialect: d, Raw: v}
}

func allowedChoice(v json.RawMessage, d chat.Dialect) chat.ToolChoice {
	inner := v
	if d == chat.Completions {
		inner = get(v, "allowed_tools")
	}
	choice := chat.ToolChoice{Mode: text(get(inner, "mode")), Allowed: []string{}}
	for _, t := range chat.Array(get(inner, "tools")) {
		kind := text(get(t, "type"))
		name := text(get(t, "name")) + text(get(get(t, kind), "name"))
		if kind != "function" { // a custom or a hosted one, which the names alone don't tell
			choice.Dialect, choice.Raw = d, v
		}
		if name != "" {
			choice.Allowed = append(choice.Allowed, name)
		}
	}
	return choice
}

// appendChoice appends a tool choice; false = it can't be said.
func appendChoice(dst []byte, c *chat.ToolChoice, d chat.Dialect) ([]byte, bool) {
	if c.Raw != nil && c.Dialect == d {
		return append(dst, c.Raw...), true
	}
	nest := d == chat.Completions
	switch {
	case c.Allowed != nil:
		dst = append(dst, `{"type":"allowed_tools"`...)
		if nest {
			dst = append(dst, `,"allowed_tools":{`...)
		}
		mode := c.Mode
		if mode != "required" {
			mode = "auto"
		}
		dst = append(key(putText(dst, "mode", mode), "tools"), '[')
		for _, name := range c.Allowed {
			dst = namedTool(comma(dst), "function", name, nest)
		}
		if dst = append(dst, "]}"...); nest {
			dst = append(dst, '}')
		}
	case c.Mode == "tool":
		kind := "function"
		if c.Custom {
			kind = "custom"
		}
		dst = namedTool(dst, kind, c.Name, nest)
	case c.Mode == "auto" || c.Mode == "none" || c.Mode == "required":
		dst = chat.AppendQuoted(dst, c.Mode)
	default:
		return dst, false
	}
	return dst, true
}

func namedTool(dst []byte, kind, name string, nest bool) []byte {
	dst = putText(append(dst, '{'), "type", kind)
	if nest {
		dst = append(key(dst, kind), '{')
	}
	if dst = append(putText(dst, "name", name), '}'); nest {
		dst = append(dst, '}')
	}
	return dst
}

// putFormat appends a custom tool's format: a grammar stands one level deeper in chat completions.
func putFormat(dst []byte, t *chat.Tool, d chat.Dialect) []byte {
	if len(t.Raw) == 0 {
		return dst
	}
	grammar := get(t.Raw, "grammar")
	switch {
	case t.Dialect == d || text(get(t.Raw, "type")) != "grammar":
		return putRaw(dst, "format", t.Raw)
	case d == chat.Completions:
		dst = append(key(dst, "format"), `{"type":"grammar","grammar":{`...)
		dst = putText(dst, "syntax", text(get(t.Raw, "syntax")))
		return append(putText(dst, "definition", text(get(t.Raw, "definition"))), "}}"...)
	}
	dst = append(key(dst, "format"), `{"type":"grammar"`...)
	dst = putText(dst, "syntax", text(get(grammar, "syntax")))
	return append(putText(dst, "definition", text(get(grammar, "definition"))), '}')
}

// appendTool appends a tool of a chat completion; false = it is one that only another dialect can say.
func appendTool(dst []byte, t *chat.Tool) ([]byte, bool) {
	if t.Raw != nil && t.Dialect == chat.Completions && !t.Custom {
		return append(comma(dst), t.Raw...), true
	}
	if t.Hosted != "" {
		return dst, false
	}
	dst = append(comma(dst), '{')
	name := t.Flat()
	if t.Custom {
		dst = append(append(dst, `"type":"custom","custom":{`...), `"name":`...)
		dst = optText(chat.AppendQuoted(dst, name), "description", t.Description)
		dst = putFormat(dst, t, chat.Completions)
		if t.Dialect == chat.Completions {
			dst = putExtra(dst, t.Extra)
		}
		return append(dst, "}}"...), true
	}
	dst = append(append(dst, `"type":"function","function":{`...), `"name":`...)
	dst = optText(chat.AppendQuoted(dst, name), "description", t.Description)
	dst = optBool(optRaw(dst, "parameters", t.Parameters), "strict", t.Strict)
	return append(dst, "}}"...), true
}

// appendLegacy appends a function of before tools.
func appendLegacy(dst []byte, t *chat.Tool) []byte {
	dst = putText(append(comma(dst), '{'), "name", t.Name)
	dst = optText(dst, "description", t.Description)
	return append(putExtra(optRaw(dst, "parameters", t.Parameters), t.Extra), '}')
}

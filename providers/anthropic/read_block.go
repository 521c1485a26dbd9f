package anthropic

import (
	"strings"

	"github.com/routor/routor/engine/chat"
)

// content reads what a message, the system prompt or a tool's result says: a string or an array of blocks.
func (r *reader) content(path string, value []byte) []chat.Part {
	if s, ok := chat.View(value); ok {
		return []chat.Part{{Kind: chat.Text, Text: s}}
	}
	if len(value) == 0 || value[0] != '[' {
		r.want(path, value, "a string or an array of blocks")
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	parts := []chat.Part{}
	for i, v := range chat.Array(value) {
		p := r.block(v)
		if r.in(path, i) {
			return nil
		}
		parts = append(parts, p)
	}
	return parts
}

// block reads a content block, of a request or of an answer.
func (r *reader) block(value []byte) (p chat.Part) {
	if r.object("", value) == nil {
		r.want("", value, "an object")
		return p
	}
	if r.depth > 3 { // a message, a result in it, a document in that: the dialect goes no deeper
		return other(value)
	}
	kind := r.text("type", get(value, "type"))
	switch kind {
	case "":
		r.fail("type", value, "missing: text, image, document, tool_use, tool_result, …")
	case "text":
		p.Kind = chat.Text
	case "thinking", "redacted_thinking":
		p.Kind, p.Redacted = chat.Reasoning, kind != "thinking"
	case "image":
		p.Kind = chat.Image
	case "document":
		p.Kind = chat.File
	case "tool_use":
		p.Kind, p.Call = chat.ToolCall, &chat.Call{}
	case "tool_result":
		p.Kind, p.Result = chat.ToolResult, &chat.Result{}
	default:
		return other(value)
	}
	if p.Kind == chat.Image || p.Kind == chat.File {
		if p.Media = r.media(value, p.Kind); p.Media == nil {
			return other(value)
		}
	}
	for name, v := range chat.Object(value) {
		if name != "type" && !r.blockMember(&p, name, v) {
			p.Extra = append(p.Extra, chat.Member{Name: name, Value: v})
		}
	}
	switch {
	case r.err != nil || r.answer:
	case p.Call != nil && p.Call.Arguments == "":
		r.fail("input", value, "missing: give an object")
	case p.Call != nil && p.Call.Name == "":
		r.fail("name", value, "missing: name the tool")
	case p.Result != nil && p.Result.CallID == "":
		r.fail("tool_use_id", value, "missing: name the tool_use block that this answers")
	}
	return p
}

// other is a block that only this dialect can say.
func other(value []byte) chat.Part {
	return chat.Part{Kind: chat.Other, Dialect: chat.Messages, Raw: value}
}

// blockMember takes a member that the hub types have a place for.
func (r *reader) blockMember(p *chat.Part, name string, v []byte) bool {
	switch {
	case name == "cache_control":
		if !null(v) {
			p.Cache = v
		}
	case p.Kind == chat.Text && name == "text":
		p.Text = r.text(name, v)
	case p.Kind == chat.Text && name == "citations":
		if len(v) > 0 && v[0] == '[' {
			for range chat.Array(v) { // an empty list says nothing
				p.Annotations, p.Dialect = v, chat.Messages
				break
			}
		}
	case p.Redacted && name == "data":
		p.State = stateOf(Redacted, r.text(name, v))
	case p.Kind == chat.Reasoning && !p.Redacted && name == "thinking":
		p.Text = r.text(name, v)
	case p.Kind == chat.Reasoning && !p.Redacted && name == "signature":
		p.State = stateOf(Signature, r.text(name, v))
	case p.Media != nil: // media and about have read these
		switch name {
		case "source":
		case "title", "context", "citations":
			return p.Kind == chat.File
		default:
			return false
		}
	case p.Call != nil:
		switch name {
		case "id":
			p.Call.ID = r.text(name, v)
		case "name":
			p.Call.Name = r.text(name, v)
		case "input":
			p.Call.Arguments = string(r.object(name, v))
		default:
			return false
		}
	case p.Result != nil:
		switch name {
		case "tool_use_id":
			p.Result.CallID = r.text(name, v)
		case "content":
			if !null(v) {
				p.Result.Parts = r.content(name, v)
			}
		case "is_error":
			if b := r.boolean(name, v); b != nil {
				p.Result.Error = *b
			}
		default:
			return false
		}
	default:
		return false
	}
	return true
}

// media reads the source of an image or a document; nil = one that the hub types can't hold.
func (r *reader) media(block []byte, kind chat.Kind) *chat.Media {
	source := get(block, "source")
	if r.object("source", source) == nil {
		r.want("source", source, "an object")
		return nil
	}
	m := &chat.Media{}
	form, known := "", true
	var unknown []chat.Member
	for name, v := range chat.Object(source) {
		switch name {
		case "type":
			form = r.text(name, v)
		case "media_type":
			m.Type = r.text(name, v)
		case "data":
			m.Data = r.text(name, v)
		case "url":
			m.URL = r.text(name, v)
		case "file_id":
			m.FileID = r.text(name, v)
		case "content":
			if m.Text, known = textOf(r.content(name, v)); known {
				unknown = append(unknown, chat.Member{Name: "source", Value: source})
			}
		default:
			known = false
		}
	}
	if r.in("source", -1) {
		return nil
	}
	switch form {
	case "base64":
		known = known && m.Data != ""
	case "url":
		known = known && m.URL != ""
	case "file":
		known = known && m.FileID != ""
	case "text":
		m.Text, m.Data = m.Data, ""
		known = known && kind == chat.File
	case "content":
		m.Type = "text/plain"
		known = known && kind == chat.File
	default:
		known = false
	}
	if !known {
		return nil
	}
	if kind == chat.File {
		unknown = append(unknown, r.about(block, m)...)
	}
	m.Extra = others(unknown)
	return m
}

// about reads what a document says of itself besides its source.
func (r *reader) about(block []byte, m *chat.Media) (unknown []chat.Member) {
	for name, v := range chat.Object(block) {
		switch name {
		case "title":
			m.Name = r.text(name, v)
		case "context", "citations":
			if !null(v) {
				unknown = append(unknown, chat.Member{Name: name, Value: v})
			}
		}
	}
	return unknown
}

// textOf is the text of parts that are nothing else.
func textOf(parts []chat.Part) (string, bool) {
	var b strings.Builder
	for i := range parts {
		if parts[i].Kind != chat.Text {
			return "", false
		}
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(parts[i].Text)
	}
	return b.String(), true
}

package anthropic

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"github.com/routor/routor/engine/chat"
)

// content writes what a message says: a string where it is nothing but one piece of text.
func (w *writer) content(dst []byte, parts []*chat.Part) []byte {
	if len(parts) == 1 {
		if p := parts[0]; p.Kind == chat.Text && p.Cache == nil && !cited(p) && !(w.same && len(p.Extra) > 0) {
			return chat.AppendQuoted(dst, p.Text)
		}
	}
	dst = append(dst, '[')
	for _, p := range parts {
		dst = w.block(element(dst), p)
	}
	return append(dst, ']')
}

// cited is whether a text has citations as this dialect has them.
func cited(p *chat.Part) bool { return len(p.Annotations) > 2 && p.Dialect == chat.Messages }

// block writes a part that says has let pass.
func (w *writer) block(dst []byte, p *chat.Part) []byte {
	if p.Kind == chat.Other {
		return append(dst, p.Raw...)
	}
	dst = append(dst, '{')
	switch p.Kind {
	case chat.Text, chat.Refusal:
		dst = textBlock(dst, p)
	case chat.Reasoning:
		dst = thinkingBlock(dst, p, p.State.Data) // own has let it pass
	case chat.ToolCall:
		dst = w.call(dst, p.Call)
	case chat.ToolResult:
		dst = w.result(dst, p.Result)
	case chat.Image:
		dst = w.image(dst, p.Media)
	case chat.File:
		if form, source := w.document(p.Media); form == "image" {
			dst = w.image(dst, p.Media)
		} else {
			dst = w.file(dst, p.Media, form, source)
		}
	}
	if p.Cache != nil && p.Kind != chat.Reasoning { // thinking can't be marked
		dst = raw(dst, "cache_control", p.Cache)
	}
	if w.same {
		dst = rest(dst, p.Extra)
	}
	return append(dst, '}')
}

func textBlock(dst []byte, p *chat.Part) []byte {
	dst = text(text(dst, "type", "text"), "text", p.Text)
	if cited(p) {
		dst = raw(dst, "citations", p.Annotations)
	}
	return dst
}

// thinkingBlock writes reasoning with its state as it goes to its maker or, sealed, to a client.
func thinkingBlock(dst []byte, p *chat.Part, state string) []byte {
	if p.Redacted || p.State != nil && p.State.Form == Redacted {
		return text(text(dst, "type", "redacted_thinking"), "data", state)
	}
	return text(text(text(dst, "type", "thinking"), "thinking", thoughts(p)), "signature", state)
}

// thoughts is the text of reasoning; where a dialect tells only summaries, these.
func thoughts(p *chat.Part) string {
	if p.Text == "" {
		return strings.Join(p.Summary, "\n\n")
	}
	return p.Text
}

func (w *writer) call(dst []byte, c *chat.Call) []byte {
	dst = text(dst, "type", "tool_use")
	dst = text(dst, "id", chat.EncodeID(c.ID, chat.AnthropicIDs))
	return input(text(dst, "name", chat.FullName(c.Namespace, c.Name)), c)
}

// input writes a call's arguments, which must be an object here.
func input(dst []byte, c *chat.Call) []byte {
	dst = member(dst, "input")
	arguments := strings.TrimSpace(c.Arguments)
	switch {
	case c.Custom:
		return chat.AppendCustom(dst, c.Arguments)
	case arguments == "":
		return append(dst, '{', '}')
	case arguments[0] == '{' && chat.Check([]byte(arguments)) == nil:
		return append(dst, arguments...)
	}
	return chat.AppendCustom(dst, c.Arguments) // cut off, or no object: the model is to see it as it was
}

func (w *writer) result(dst []byte, r *chat.Result) []byte {
	dst = text(dst, "type", "tool_result")
	dst = text(dst, "tool_use_id", chat.EncodeID(r.CallID, chat.AnthropicIDs))
	var parts []*chat.Part
	for i := range r.Parts {
		switch p := &r.Parts[i]; p.Kind {
		case chat.Text, chat.Refusal, chat.Image, chat.File, chat.Other:
			if w.says(p) {
				parts = append(parts, p)
			}
		default:
			w.dropAs(partName(w.c.From, p))
		}
	}
	if len(parts) > 0 {
		dst = w.content(member(dst, "content"), parts)
	}
	if r.Error {
		dst = append(member(dst, "is_error"), "true"...)
	}
	return dst
}

func (w *writer) image(dst []byte, m *chat.Media) []byte {
	dst = append(member(text(dst, "type", "image"), "source"), '{')
	switch {
	case w.pinned(m):
		dst = text(text(dst, "type", "file"), "file_id", m.FileID)
	case m.Data != "":
		dst = text(text(text(dst, "type", "base64"), "media_type", imageType(m)), "data", m.Data)
	default:
		dst = text(text(dst, "type", "url"), "url", m.URL)
	}
	return append(dst, '}')
}

// imageType is an image's MIME type, where it is not told by how its bytes begin.
func imageType(m *chat.Media) string {
	switch {
	case m.Type == "image/jpg":
		return "image/jpeg"
	case m.Type != "" && m.Type != "application/octet-stream":
		return m.Type
	}
	for begin, kind := range map[string]string{"iVBOR": "image/png", "R0lGOD": "image/gif", "UklGR": "image/webp"} {
		if strings.HasPrefix(m.Data, begin) {
			return kind
		}
	}
	return "image/jpeg"
}

// document says how a file can be sent: "pdf", "text", "url", "file", "content", "image"; "" = it can't. The text is that
// of a text file.
func (w *writer) document(m *chat.Media) (form, content string) {
	switch {
	case w.same && get(m.Extra, "source") != nil:
		return "content", ""
	case w.pinned(m):
		return "file", ""
	case m.Text != "":
		return "text", m.Text
	case strings.HasPrefix(m.Type, "image/") && (m.Data != "" || m.URL != ""):
		return "image", ""
	case m.Data != "" && (m.Type == "application/pdf" || strings.HasPrefix(m.Data, "JVBERi")): // "%PDF-"
		return "pdf", ""
	case m.Data != "" && (m.Type == "" || strings.HasPrefix(m.Type, "text/") || m.Type == "application/json"):
		plain, err := base64.StdEncoding.DecodeString(m.Data)
		if err == nil && utf8.Valid(plain) && len(plain) > 0 {
			return "text", string(plain)
		}
	case m.URL != "":
		return "url", ""
	case w.same && m.Data != "":
		return "pdf", ""
	case w.same: // an empty text
		return "text", ""
	}
	return "", ""
}

func (w *writer) file(dst []byte, m *chat.Media, form, content string) []byte {
	dst = text(dst, "type", "document")
	if form == "content" {
		dst = raw(dst, "source", get(m.Extra, "source"))
	} else {
		dst = append(member(dst, "source"), '{')
		switch form {
		case "pdf":
			kind := "application/pdf"
			if w.same && m.Type != "" {
				kind = m.Type
			}
			dst = text(text(text(dst, "type", "base64"), "media_type", kind), "data", m.Data)
		case "text":
			dst = text(text(text(dst, "type", "text"), "media_type", "text/plain"), "data", content)
		case "url":
			dst = text(text(dst, "type", "url"), "url", m.URL)
		case "file":
			dst = text(text(dst, "type", "file"), "file_id", m.FileID)
		}
		dst = append(dst, '}')
	}
	if m.Name != "" {
		dst = text(dst, "title", m.Name)
	}
	if w.same {
		for name, v := range chat.Object(m.Extra) {
			if name != "source" {
				dst = raw(dst, name, v)
			}
		}
	}
	return dst
}

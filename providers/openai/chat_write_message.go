package openai

import (
	"slices"
	"strings"

	"github.com/routor/routor/engine/chat"
)

func (w *writer) chatMessage(dst []byte, m *chat.Message) []byte {
	if m.Role == chat.Assistant {
		return w.chatAssistant(dst, m)
	}
	rest, media := m.Parts, []chat.Part(nil)
	if slices.ContainsFunc(rest, func(p chat.Part) bool { return p.Kind == chat.ToolResult }) {
		rest = nil
		for i := range m.Parts {
			p := &m.Parts[i]
			if p.Kind != chat.ToolResult {
				rest = append(rest, *p)
				continue
			}
			dst, media = w.chatResult(dst, p, media)
		}
		if rest = append(media, rest...); len(rest) == 0 {
			return dst
		}
	}
	dst = putText(append(comma(dst), '{'), "role", string(m.Role))
	dst = w.chatContent(key(dst, "content"), rest)
	dst = optText(dst, "name", m.Name)
	if w.same {
		dst = putExtra(dst, m.Extra)
	}
	return append(dst, '}')
}

// chatContent appends a content: a string where there is nothing but one text, else a list.
func (w *writer) chatContent(dst []byte, parts []chat.Part) []byte {
	if len(parts) == 0 {
		return append(dst, `""`...)
	}
	if p := &parts[0]; len(parts) == 1 && p.Kind == chat.Text && (!w.same || p.Cache == nil && p.Extra == nil && p.Raw == nil) {
		w.cache(p)
		return chat.AppendQuoted(dst, p.Text)
	}
	from := len(dst)
	dst = append(dst, '[')
	for i := range parts {
		dst = w.chatPart(dst, &parts[i])
	}
	if dst[len(dst)-1] == '[' { // all of it was left out
		return append(dst[:from], `""`...)
	}
	return append(dst, ']')
}

func (w *writer) chatPart(dst []byte, p *chat.Part) []byte {
	if !w.same && p.Kind == chat.Text && p.Text == "" {
		return dst
	}
	dst, ok := appendPart(dst, p)
	switch {
	case !ok:
		w.dropPart(p)
	case w.same && p.Raw == nil:
		dst = closePart(dst, p)
	default:
		w.cache(p)
	}
	return dst
}

func (w *writer) cache(p *chat.Part) {
	if p.Cache != nil && !w.same {
		w.drop("cache_control")
	}
}

// elsewhere stands for a tool's answer that is no text, and follows as the user's.
const elsewhere = "The result follows in the next message."

// chatResult appends a tool's answer. What is no text in it goes into the user's message behind all answers.
func (w *writer) chatResult(dst []byte, p *chat.Part, media []chat.Part) ([]byte, []chat.Part) {
	r := p.Result
	said := r.Parts
	if !w.same {
		said = nil
		for _, part := range r.Parts {
			switch {
			case part.Kind == chat.Text || part.Kind == chat.Refusal:
				said = append(said, chat.Part{Kind: chat.Text, Text: part.Text})
			default:
				media = append(media, part)
			}
		}
		if len(said) > 1 {
			said = []chat.Part{{Kind: chat.Text, Text: lines(said)}}
		}
		if len(said) == 0 && len(media) > 0 {
			said = []chat.Part{{Kind: chat.Text, Text: elsewhere}}
		}
		if r.Error {
			w.drop("tool_result.is_error")
		}
	}
	role := "tool"
	legacy := w.c.Functions && strings.HasPrefix(r.CallID, legacyID)
	if legacy {
		role = "function"
	}
	dst = putText(append(comma(dst), '{'), "role", role)
	if !legacy {
		dst = putText(dst, "tool_call_id", r.CallID)
	}
	if w.same {
		dst = putExtra(optText(dst, "name", r.Name), p.Extra)
	}
	return append(w.chatContent(key(dst, "content"), said), '}'), media
}

func lines(parts []chat.Part) string {
	all := make([]string, len(parts))
	for i := range parts {
		all[i] = parts[i].Text
	}
	return strings.Join(all, "\n")
}

func (w *writer) chatAssistant(dst []byte, m *chat.Message) []byte {
	var content []chat.Part
	var sign *chat.State
	n := 0
	for i := range m.Parts {
		switch p := &m.Parts[i]; p.Kind {
		case chat.ToolCall:
			n++
		case chat.Reasoning:
			if p.State != nil && p.State.Form == formThinking && sendable(p.State, w.t.Provider) {
				content = append(content, mistral(p))
			}
		case chat.Audio:
			if p.ID == "" || p.Media == nil || p.Media.FileID == "" {
				w.dropPart(p)
			}
		case chat.Text:
			if s := p.State; s != nil && s.Form == formThought && sendable(s, w.t.Provider) {
				sign = s
			}
			content = append(content, *p)
		case chat.Image:
			if !w.same {
				w.dropPart(p)
			}
		default:
			content = append(content, *p)
		}
	}
	dst = putText(append(comma(dst), '{'), "role", "assistant")
	dst = w.spokenContent(dst, content, n > 0)
	dst = optText(dst, "name", m.Name)
	dst = putReasoning(dst, m.Parts, true, w.returns)
	if sign != nil {
		dst = putGoogleSignature(dst, sign)
	}
	dst = w.pictures(dst, m.Parts)
	if n > 0 {
		dst = w.chatCalls(dst, m.Parts)
	}
	if w.same {
		dst = putExtra(dst, m.Extra)
	}
	return append(dst, '}')
}

// spokenContent appends content, refusal and annotations. From other dialects all text is one string, which all who speak
// this one take.
func (w *writer) spokenContent(dst []byte, parts []chat.Part, calls bool) []byte {
	refusal := ""
	if !w.same || len(parts) == 1 || !slices.ContainsFunc(parts, func(p chat.Part) bool { return p.Kind == chat.Text }) {
		refusal = joined(parts, chat.Refusal)
		parts = slices.DeleteFunc(slices.Clone(parts), func(p chat.Part) bool { return p.Kind == chat.Refusal })
	}
	if !w.same {
		thinks := false
		for i := range parts {
			p := &parts[i]
			w.cache(p)
			if thinks = thinks || p.Kind == chat.Reasoning; p.Kind != chat.Text && p.Kind != chat.Reasoning {
				w.dropPart(p)
			}
		}
		if thinks {
			return optText(w.chatContent(key(dst, "content"), parts), "refusal", refusal)
		}
		if said := joined(parts, chat.Text); said != "" || !calls && refusal == "" {
			dst = putText(dst, "content", said)
		} else {
			dst = putRaw(dst, "content", null)
		}
		return optText(dst, "refusal", refusal)
	}
	if len(parts) == 0 && (calls || refusal != "") {
		dst = putRaw(dst, "content", null)
	} else {
		dst = w.chatContent(key(dst, "content"), parts)
	}
	for i := range parts {
		if p := &parts[i]; p.Annotations != nil && p.Dialect == chat.Completions && len(parts) == 1 {
			dst = putRaw(dst, "annotations", p.Annotations)
		}
	}
	return optText(dst, "refusal", refusal)
}

// returns is whether reasoning goes back to its maker in a message's own fields.
func (w *writer) returns(p *chat.Part) bool {
	switch s := p.State; {
	case s == nil:
		return w.same
	case s.Form == formThinking || !sendable(s, w.t.Provider):
		return false
	}
	return w.same || plain(p.State)
}

// pictures appends what the model drew and said aloud, as its message had it.
func (w *writer) pictures(dst []byte, parts []chat.Part) []byte {
	n := 0
	for i := range parts {
		p := &parts[i]
		switch {
		case p.Kind == chat.Image && w.same:
			if n++; n == 1 {
				dst = append(key(dst, "images"), '[')
			}
			dst, _ = appendPart(dst, p)
		case p.Kind == chat.Audio && p.ID != "" && p.Media != nil && p.Media.FileID != "":
			dst = append(putText(append(key(dst, "audio"), '{'), "id", p.ID), '}')
		}
	}
	if n > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func (w *writer) chatCalls(dst []byte, parts []chat.Part) []byte {
	if w.c.Functions {
		for i := range parts {
			if p := &parts[i]; p.Kind == chat.ToolCall && strings.HasPrefix(p.Call.ID, legacyID) {
				dst = append(key(dst, "function_call"), '{')
				return append(putText(putText(dst, "name", p.Call.Name), "arguments", p.Call.Arguments), '}')
			}
		}
	}
	dst = append(key(dst, "tool_calls"), '[')
	for i := range parts {
		p := parts[i]
		if p.Kind != chat.ToolCall {
			continue
		}
		if !sendable(p.State, w.t.Provider) {
			p.State = nil
		}
		if dst = putCall(dst, &p, -1); w.same {
			dst = putExtra(dst, p.Extra)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// mistral is reasoning as a part of a content list.
func mistral(p *chat.Part) chat.Part {
	out := *p
	if p.Raw == nil || p.Dialect != chat.Completions {
		out.Dialect = chat.Completions
		out.Raw = append(putText([]byte(`{"type":"thinking","thinking":[{"type":"text"`), "text", p.Text), "}]}"...)
	}
	return out
}

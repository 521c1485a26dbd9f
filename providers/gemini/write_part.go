package gemini

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// part writes anything but a function call.
func (w *requestWriter) part(dst []byte, p *chat.Part) ([]byte, error) {
	if p.Cache != nil {
		w.drop("cache_control")
	}
	signature := w.signature(p.State)
	switch p.Kind {
	case chat.Text, chat.Refusal:
		if p.Text == "" && signature == "" && !w.own {
			return dst, nil
		}
		dst = putText(append(comma(dst), '{'), "text", p.Text)
	case chat.Reasoning:
		if p.State != nil && signature == "" || p.Text == "" && signature == "" { // what another maker thought is none of its business
			return dst, nil
		}
		dst = append(putText(append(comma(dst), '{'), "text", p.Text), `,"thought":true`...)
	case chat.Image, chat.Audio, chat.Video, chat.File:
		var err error
		if dst, err = w.media(append(comma(dst), '{'), p.Media); err != nil {
			return nil, err
		}
	case chat.ToolResult:
		return w.result(dst, p)
	default:
		if p.Dialect != chat.Generate {
			w.drop(kindOfRaw(p))
			return dst, nil
		}
		return append(comma(dst), p.Raw...), nil
	}
	if signature != "" {
		dst = putText(dst, "thoughtSignature", signature)
	}
	return append(w.members(dst, p.Extra), '}'), nil
}

// kindOfRaw is what a part that only its dialect can say calls itself.
func kindOfRaw(p *chat.Part) string {
	if t := text(find(membersOf(p.Raw), "type")); t != "" {
		return t
	}
	return "content"
}

// signature is a state's thought signature, if it is one that this provider made.
func (w *requestWriter) signature(s *chat.State) string {
	if s == nil || s.Form != ThoughtSignature || s.Maker != "" && s.Maker != w.t.Provider {
		return ""
	}
	return s.Data
}

// call writes a function call. first is whether it is the first of its step, which has to have a signature.
func (w *requestWriter) call(dst []byte, p *chat.Part, first bool) []byte {
	dst = append(key(append(comma(dst), '{'), "functionCall"), '{')
	dst = putText(dst, "name", chat.FullName(p.Call.Namespace, p.Call.Name))
	if id := p.Call.ID; id != "" && !strings.HasPrefix(id, madeUp) {
		dst = putText(dst, "id", id)
	}
	dst = append(putRaw(dst, "args", arguments(p.Call)), '}')
	signature := w.signature(p.State)
	if signature == "" && first && !w.own {
		signature = sentinel
	}
	if signature != "" {
		dst = putText(dst, "thoughtSignature", signature)
	}
	return append(w.members(dst, p.Extra), '}')
}

// arguments are a call's, which have to be an object. What is none (a custom tool's text) becomes its "input".
func arguments(c *chat.Call) []byte {
	switch {
	case c.Custom:
	case isObject(c.Arguments):
		return []byte(c.Arguments)
	case strings.TrimSpace(c.Arguments) == "":
		return []byte("{}")
	}
	return chat.AppendCustom(nil, c.Arguments)
}

// media writes an inlineData or a fileData, and leaves the part open.
func (w *requestWriter) media(dst []byte, m *chat.Media) ([]byte, error) {
	switch {
	case m.FileID != "" || m.URL != "" && w.own:
		uri := m.FileID + m.URL
		if !w.own && !strings.HasPrefix(uri, fileStore) && !strings.HasPrefix(uri, "gs://") {
			return nil, fmt.Errorf("file %q: %w", m.FileID, ErrForeignFile)
		}
		dst = append(key(dst, "fileData"), '{')
		if m.Type != "" {
			dst = putText(dst, "mimeType", m.Type)
		}
		dst = putText(dst, "fileUri", uri)
	case m.URL != "":
		return nil, ErrNeedsBytes
	default:
		data := m.Data
		if data == "" && m.Text != "" {
			data = base64.StdEncoding.EncodeToString([]byte(m.Text))
		}
		dst = putText(append(key(dst, "inlineData"), '{'), "mimeType", typeOf(m))
		dst = putText(dst, "data", data)
	}
	if m.Detail != "" && m.Detail != "auto" {
		w.drop("detail")
	}
	if w.own {
		if m.Name != "" {
			dst = putText(dst, "displayName", m.Name)
		}
		for _, e := range membersOf(m.Extra) {
			dst = putRaw(dst, e.Name, e.Value)
		}
	}
	return append(dst, '}'), nil
}

// typeOf is a media's MIME type, looked up in its first bytes where nobody said it.
func typeOf(m *chat.Media) string {
	switch {
	case m.Type != "":
		return m.Type
	case m.Data == "":
		return "text/plain"
	}
	head := m.Data[:min(len(m.Data), 512)]
	b, _ := base64.StdEncoding.DecodeString(head[:len(head)/4*4])
	mime, _, _ := strings.Cut(http.DetectContentType(b), ";")
	return mime
}

// result writes a function's response. Media in it goes with it where the client put it so; else it stands behind it, which
// models before Gemini 3 understand as well.
func (w *requestWriter) result(dst []byte, p *chat.Part) (_ []byte, err error) {
	r := p.Result
	name := r.Name
	if name == "" {
		if i := w.callOf(r.CallID); i >= 0 {
			name = w.calls[i].name
		} else {
			name = "tool" // the call was cut off the conversation; a name there has to be
		}
	}
	dst = append(key(append(comma(dst), '{'), "functionResponse"), '{')
	dst = putText(dst, "name", name)
	if id := r.CallID; id != "" && !strings.HasPrefix(id, madeUp) {
		dst = putText(dst, "id", id)
	}
	dst = putRaw(dst, "response", w.response(r))
	var beside []*chat.Part
	open := false
	for i := range r.Parts {
		inner := &r.Parts[i]
		switch {
		case inner.Media == nil:
		case !w.own:
			beside = append(beside, inner)
		default:
			if !open {
				dst, open = append(key(dst, "parts"), '['), true
			}
			if dst, err = w.media(append(comma(dst), '{'), inner.Media); err != nil {
				return nil, err
			}
			dst = append(w.members(dst, inner.Extra), '}')
		}
	}
	if open {
		dst = append(dst, ']')
	}
	for _, e := range p.Extra { // what the client said within the response, and beside it
		if w.own && e.Name == "functionResponse" {
			for _, e := range membersOf(e.Value) {
				dst = putRaw(dst, e.Name, e.Value)
			}
		}
	}
	dst = append(dst, '}')
	for _, e := range p.Extra {
		if w.own && e.Name != "functionResponse" {
			dst = putRaw(dst, e.Name, e.Value)
		}
	}
	dst = append(dst, '}')
	for _, inner := range beside {
		if dst, err = w.part(dst, inner); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// response is a function's output as an object: itself where it is one, else as Google names it.
func (w *requestWriter) response(r *chat.Result) []byte {
	var b strings.Builder
	for i := range r.Parts {
		p := &r.Parts[i]
		switch {
		case p.Kind == chat.Text:
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(p.Text)
		case p.Kind == chat.Other:
			w.drop(kindOfRaw(p))
		}
	}
	s := b.String()
	object := isObject(s)
	switch {
	case !r.Error && object, object && find(membersOf(json.RawMessage(strings.TrimSpace(s))), "error") != nil:
		return []byte(s)
	case r.Error && object:
		return append(putRaw([]byte{'{'}, "error", []byte(s)), '}')
	case r.Error:
		return append(putText([]byte{'{'}, "error", s), '}')
	}
	return append(putText([]byte{'{'}, "output", s), '}')
}

package openai

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// The forms of reasoning state that makers of OpenAI's dialects have.
const (
	formText      = "text"              // reasoning_content, reasoning_text: the text itself is wanted back
	formReasoning = "reasoning"         // the same in a field "reasoning" (OpenRouter, Groq, vLLM)
	formDetails   = "details"           // reasoning_details: a JSON array
	formThinking  = "thinking"          // Mistral's content part
	formEncrypted = "encrypted"         // Responses: encrypted_content
	formSignature = "signature"         // Anthropic's, as thinking_blocks carry it
	formRedacted  = "redacted"          // the same
	formThought   = "thought_signature" // Google's extra_content
)

// sendable is whether a provider may be sent reasoning with that state: its own, or one whose maker nobody noted.
func sendable(s *chat.State, provider string) bool {
	return s != nil && (s.Maker == "" || provider == "" || s.Maker == provider)
}

// thought is the reasoning fields of an assistant message, as they stand.
type thought struct{ content, reasoning, details, blocks json.RawMessage }

// parts are the reasoning of a message. Entries of reasoning_details that Routor sealed are parts of their own, with the
// text to which their signatures belong; all else is one part, as it came.
func (t *thought) parts() []chat.Part {
	if sealed := unseal(t.details); sealed != nil {
		return sealed
	}
	p := chat.Part{Kind: chat.Reasoning}
	switch {
	case !empty(t.content):
		p.Text, p.State = text(t.content), &chat.State{Form: formText}
	case !empty(t.reasoning):
		p.Text, p.State = text(t.reasoning), &chat.State{Form: formReasoning}
	}
	if !empty(t.details) && t.details[0] == '[' {
		var d details
		d.add(t.details)
		if p.State = d.state(); p.Text == "" {
			p.Text = d.text()
		}
	}
	if p.State == nil {
		return blocks(t.blocks)
	}
	return []chat.Part{p}
}

func unseal(raw []byte) []chat.Part {
	var out []chat.Part
	for _, entry := range chat.Array(raw) {
		var said, sealed, id string
		for name, v := range chat.Object(entry) {
			switch name {
			case "text", "summary":
				said = text(v)
			case "signature", "data":
				sealed = text(v)
			case "id":
				id = text(v)
			}
		}
		if s, ok := chat.Unseal(sealed); ok {
			out = append(out, chat.Part{Kind: chat.Reasoning, ID: id, Text: said, State: &s, Redacted: s.Form == formRedacted})
		}
	}
	return out
}

// blocks reads thinking_blocks, Anthropic's content as some gateways hand it on.
func blocks(raw []byte) []chat.Part {
	var out []chat.Part
	for _, block := range chat.Array(raw) {
		p := chat.Part{Kind: chat.Reasoning}
		for name, v := range chat.Object(block) {
			switch name {
			case "thinking":
				p.Text = text(v)
			case "signature":
				p.State = &chat.State{Form: formSignature, Data: text(v)}
			case "data":
				p.State, p.Redacted = &chat.State{Form: formRedacted, Data: text(v)}, true
			}
		}
		if p.Text != "" || p.State != nil {
			out = append(out, p)
		}
	}
	return out
}

// details puts reasoning_details together from the pieces in which a stream has them: pieces of one type, index and id that
// follow each other are one entry.
type details struct{ list []detail }

type detail struct {
	kind, index, id string
	said            strings.Builder
	name            string // of the member that has the text; "" = none yet
	members         []chat.Member
}

// add takes a list of entries or pieces of entries.
func (d *details) add(list []byte) {
	for _, entry := range chat.Array(list) {
		kind, index, id := own(get(entry, "type")), string(get(entry, "index")), own(get(entry, "id"))
		n := len(d.list) - 1
		if n < 0 || d.list[n].kind != kind || d.list[n].index != index || id != "" && d.list[n].id != "" && d.list[n].id != id {
			d.list = append(d.list, detail{kind: kind, index: index, id: id})
			n++
		}
		e := &d.list[n]
		if e.id == "" {
			e.id = id
		}
		for name, v := range chat.Object(entry) {
			if piece, ok := chat.View(v); ok && (name == "text" || name == "summary" || name == "data") {
				e.name = name
				e.said.WriteString(piece)
				continue
			}
			e.put(name, v)
		}
	}
}

func (e *detail) put(name string, v json.RawMessage) {
	for i := range e.members {
		if e.members[i].Name == name {
			if !isNull(v) {
				e.members[i].Value = append(json.RawMessage(nil), v...)
			}
			return
		}
	}
	e.members = append(e.members, chat.Member{Name: strings.Clone(name), Value: append(json.RawMessage(nil), v...)})
}

func (d *details) state() *chat.State {
	if len(d.list) == 0 {
		return nil
	}
	out := []byte{'['}
	for i := range d.list {
		e := &d.list[i]
		out = putExtra(append(comma(out), '{'), e.members)
		if e.name != "" {
			out = putText(out, e.name, e.said.String())
		}
		out = append(out, '}')
	}
	return &chat.State{Form: formDetails, Data: string(append(out, ']'))}
}

// text is what can be read of them.
func (d *details) text() string {
	var b strings.Builder
	for i := range d.list {
		if e := &d.list[i]; e.name == "text" || e.name == "summary" {
			b.WriteString(e.said.String())
		}
	}
	return b.String()
}

// appendDetail appends the entry of reasoning_details that brings another dialect's state back with the next request.
func appendDetail(dst []byte, index int, id, said string, s *chat.State) []byte {
	dst = append(comma(dst), '{')
	if said == "" {
		dst = putText(putText(dst, "type", "reasoning.encrypted"), "data", s.Seal())
	} else {
		dst = putText(putText(putText(dst, "type", "reasoning.text"), "text", said), "signature", s.Seal())
	}
	dst = putText(optText(dst, "id", id), "format", "routor-v1")
	return append(putInt(dst, "index", int64(index)), '}')
}

// plain is whether a state is told by the text alone, or by a field that this dialect has for it.
func plain(s *chat.State) bool {
	return s == nil || s.Form == formText || s.Form == formReasoning || s.Form == formDetails
}

// googleSignature is the thought signature in extra_content, which Google's OpenAI-compatible surface has; "" = none.
func googleSignature(extraContent []byte) string {
	return text(get(get(extraContent, "google"), "thought_signature"))
}

func putGoogleSignature(dst []byte, s *chat.State) []byte {
	dst = append(key(dst, "extra_content"), `{"google":{"thought_signature":`...)
	return append(chat.AppendQuoted(dst, s.Data), "}}"...)
}

// CarriesState is whether a request brings back state of another maker that Routor sealed into it. Its bytes can't be sent
// to a provider as they are: it has to be read and written, which puts each state where it belongs or leaves it out.
func CarriesState(body []byte) bool { return bytes.Contains(body, sealMark) }

var sealMark = []byte(`"routor:`)

package openai

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// spoken is what a model says, in a message of a request or of an answer, before it is put into parts.
type spoken struct {
	thought
	said, refusal, calls, call, audio, annotations, google, images json.RawMessage
	extra                                                          []chat.Member
}

// take takes a member of the message.
func (a *spoken) take(name string, v json.RawMessage) {
	if isNull(v) {
		return
	}
	switch name {
	case "content":
		a.said = v
	case "refusal":
		a.refusal = v
	case "tool_calls":
		a.calls = v
	case "function_call":
		a.call = v
	case "audio":
		a.audio = v
	case "annotations":
		a.annotations = v
	case "images":
		a.images = v
	case "reasoning_content":
		a.content = v
	case "reasoning":
		a.reasoning = v
	case "reasoning_details":
		a.details = v
	case "thinking_blocks":
		a.blocks = v
	case "extra_content":
		if a.google = v; googleSignature(v) == "" {
			a.extra = append(a.extra, chat.Member{Name: name, Value: v})
		}
	default:
		a.extra = append(a.extra, chat.Member{Name: name, Value: v})
	}
}

// parts puts it into parts: reasoning, content, refusal, pictures, audio, tool calls. made begins the ids of calls that came
// without; the problem has the path within the message, "" = none.
func (a *spoken) parts(made string) (parts []chat.Part, path, problem string) {
	parts = a.thought.parts()
	switch {
	case len(a.said) == 0:
	case a.said[0] == '"':
		if s := text(a.said); s != "" {
			parts = append(parts, chat.Part{Kind: chat.Text, Text: s})
		}
	case a.said[0] == '[':
		for i, raw := range chat.Array(a.said) {
			p := chat.Part{}
			if raw[0] == '"' { // Mistral
				p.Kind, p.Text = chat.Text, text(raw)
			} else if problem = readPart(raw, &p, chat.Completions); problem != "" {
				return nil, at("content", i), problem
			}
			parts = append(parts, p)
		}
	default:
		return nil, "content", "must be a string, an array of parts or null, not " + kindOf(a.said)
	}
	if s := text(a.refusal); s != "" {
		parts = append(parts, chat.Part{Kind: chat.Refusal, Text: s})
	}
	for _, raw := range chat.Array(a.images) {
		p := chat.Part{}
		if readPart(raw, &p, chat.Completions) == "" {
			parts = append(parts, p)
		}
	}
	if !empty(a.audio) {
		parts = append(parts, readAudio(a.audio))
	}
	parts = a.attach(parts)
	for i, raw := range chat.Array(a.calls) {
		parts = append(parts, readCall(raw, made+strconv.Itoa(i)))
	}
	if !empty(a.call) {
		p := chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: legacyID + made, Name: text(get(a.call, "name"))}}
		p.Call.Arguments = arguments(get(a.call, "arguments"))
		parts = append(parts, p)
	}
	return parts, "", ""
}

// attach gives the text what the message says about it.
func (a *spoken) attach(parts []chat.Part) []chat.Part {
	sign := googleSignature(a.google)
	for i := range parts {
		p := &parts[i]
		if p.Kind != chat.Text {
			continue
		}
		if sign != "" {
			p.State, sign = &chat.State{Form: formThought, Data: sign}, ""
		}
		if !empty(a.annotations) {
			p.Annotations, p.Dialect, a.annotations = a.annotations, chat.Completions, nil
		}
	}
	if sign != "" {
		a.extra = append(a.extra, chat.Member{Name: "extra_content", Value: a.google})
	}
	if !empty(a.annotations) {
		a.extra = append(a.extra, chat.Member{Name: "annotations", Value: a.annotations})
	}
	return parts
}

// legacyID begins the ids that function calls of before tools are given here: they have none.
const legacyID = "call_fn_"

// arguments are a call's, as JSON text; some makers send the object itself.
func arguments(raw json.RawMessage) string {
	if s, ok := chat.View(raw); ok {
		return s
	}
	return string(raw)
}

// readCall reads a tool call; made is its id if it has none.
func readCall(raw json.RawMessage, made string) chat.Part {
	call := &chat.Call{}
	p := chat.Part{Kind: chat.ToolCall, Call: call}
	for name, v := range chat.Object(raw) {
		if isNull(v) {
			continue
		}
		switch name {
		case "id":
			call.ID = text(v)
		case "type":
		case "function", "custom":
			call.Custom = name == "custom"
			for n, w := range chat.Object(v) {
				switch n {
				case "name":
					call.Name = text(w)
				case "arguments", "input":
					call.Arguments = arguments(w)
				}
			}
		case "extra_content":
			if s := googleSignature(v); s != "" {
				p.State = &chat.State{Form: formThought, Data: s}
				continue
			}
			p.Extra = append(p.Extra, chat.Member{Name: name, Value: v})
		default:
			p.Extra = append(p.Extra, chat.Member{Name: name, Value: v})
		}
	}
	if call.ID == "" || call.ID == "null" { // Mistral's default
		call.ID = made
	}
	return p
}

// putCall appends a tool call as messages have it. index < 0 = it is not told; more is whether arguments are still to come.
func putCall(dst []byte, p *chat.Part, index int) []byte {
	c := p.Call
	dst = append(comma(dst), '{')
	if index >= 0 {
		dst = putInt(dst, "index", int64(index))
	}
	name := chat.FullName(c.Namespace, c.Name)
	dst = putText(dst, "id", c.ID)
	if c.Custom {
		dst = append(putText(dst, "type", "custom"), `,"custom":{`...)
		dst = putText(putText(dst, "name", name), "input", c.Arguments)
	} else {
		dst = append(putText(dst, "type", "function"), `,"function":{`...)
		dst = putText(putText(dst, "name", name), "arguments", c.Arguments)
	}
	dst = append(dst, '}')
	if s := p.State; s != nil && s.Form == formThought {
		dst = putGoogleSignature(dst, s)
	}
	return dst
}

func readAudio(raw json.RawMessage) chat.Part {
	p := chat.Part{Kind: chat.Audio, Media: &chat.Media{}}
	for name, v := range chat.Object(raw) {
		switch name {
		case "id":
			p.ID = text(v)
		case "data":
			p.Media.Data = text(v)
		case "transcript":
			p.Text = text(v)
		default:
			if !isNull(v) {
				p.Extra = append(p.Extra, chat.Member{Name: name, Value: v})
			}
		}
	}
	if p.Media.Data == "" {
		p.Media.FileID = p.ID
	}
	return p
}

// joined is the text of all parts of a kind.
func joined(parts []chat.Part, kind chat.Kind) string {
	one, n := "", 0
	for i := range parts {
		if parts[i].Kind == kind {
			one, n = parts[i].Text, n+1
		}
	}
	if n < 2 {
		return one
	}
	var b strings.Builder
	for i := range parts {
		if parts[i].Kind == kind {
			b.WriteString(parts[i].Text)
		}
	}
	return b.String()
}

// putReasoning appends the reasoning of a message in the fields of its makers. keep says which parts are told.
// In a request details alone are enough; a client reads the text as well.
func putReasoning(dst []byte, parts []chat.Part, request bool, keep func(*chat.Part) bool) []byte {
	name, n, sealed := "reasoning_content", 0, 0
	var b strings.Builder
	var native string
	for i := range parts {
		p := &parts[i]
		if p.Kind != chat.Reasoning || !keep(p) {
			continue
		}
		n++
		b.WriteString(p.Text)
		switch s := p.State; {
		case s == nil || s.Form == formText:
		case s.Form == formReasoning:
			name = "reasoning"
		case s.Form == formDetails:
			native = s.Data
		default:
			sealed++
		}
	}
	if b.Len() > 0 && (native == "" || !request) {
		dst = putText(dst, name, b.String())
	}
	switch {
	case sealed > 0:
		dst = append(key(dst, "reasoning_details"), '[')
		at := 0
		for i := range parts {
			if p := &parts[i]; p.Kind == chat.Reasoning && keep(p) && !plain(p.State) {
				dst = appendDetail(dst, at, p.ID, p.Text, p.State)
				at++
			}
		}
		dst = append(dst, ']')
	case native != "":
		dst = putRaw(dst, "reasoning_details", []byte(native))
	}
	return dst
}

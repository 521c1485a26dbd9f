package openai

import (
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

func other(v json.RawMessage) chat.Part {
	return chat.Part{Kind: chat.Other, ID: text(get(v, "id")), Dialect: chat.Responses, Raw: v}
}

// readItem reads an item that is no message: reasoning, a call of the client's tools, or another that only Responses know.
func readItem(v json.RawMessage, kind string) chat.Part {
	switch kind {
	case "reasoning":
		return readReasoning(v)
	case "function_call", "custom_tool_call":
		call := &chat.Call{Custom: kind == "custom_tool_call"}
		p := chat.Part{Kind: chat.ToolCall, Call: call}
		for name, w := range chat.Object(v) {
			switch {
			case isNull(w) || name == "type" || name == "status" && text(w) == "completed":
			case name == "id":
				p.ID = text(w)
			case name == "call_id":
				call.ID = text(w)
			case name == "name":
				call.Name = text(w)
			case name == "namespace":
				call.Namespace = text(w)
			case name == "arguments" || name == "input":
				call.Arguments = arguments(w)
			default:
				p.Extra = append(p.Extra, chat.Member{Name: name, Value: w})
			}
		}
		return p
	}
	return other(v)
}

// between separates summaries that are read as one text.
const between = "\n\n"

func readReasoning(v json.RawMessage) chat.Part {
	p := chat.Part{Kind: chat.Reasoning}
	said := ""
	for name, w := range chat.Object(v) {
		switch {
		case isNull(w) || name == "type" || name == "status" && text(w) == "completed":
		case name == "id":
			p.ID = text(w)
		case name == "summary":
			for _, s := range chat.Array(w) {
				p.Summary = append(p.Summary, text(get(s, "text")))
			}
		case name == "content":
			for _, s := range chat.Array(w) {
				said += text(get(s, "text"))
			}
		case name == "encrypted_content":
			p.State = encrypted(text(w))
		default:
			p.Extra = append(p.Extra, chat.Member{Name: name, Value: w})
		}
	}
	return reasoningOf(p, said)
}

// encrypted is the state in encrypted_content: the maker's own, or one that Routor sealed into it.
func encrypted(content string) *chat.State {
	if content == "" {
		return nil
	}
	if s, ok := chat.Unseal(content); ok {
		return &s
	}
	return &chat.State{Form: formEncrypted, Data: content}
}

// reasoningOf sets a part's text: what was thought, else the summaries. With another dialect's state the summary is the very
// text to which it belongs.
func reasoningOf(p chat.Part, said string) chat.Part {
	switch {
	case said != "":
		p.Text = said
		if p.State == nil {
			p.State = &chat.State{Form: formText}
		}
	case len(p.Summary) > 0:
		p.Text = strings.Join(p.Summary, between)
	}
	if p.State != nil && p.State.Form != formEncrypted && said == "" {
		p.Summary, p.Redacted = nil, p.State.Form == formRedacted
	}
	return p
}

// putReasoningItem appends the members of a reasoning item that have its content: summaries, text, state. native is whether the
// text is told as reasoning_text, as its maker does, rather than as a summary.
func putReasoningItem(dst []byte, p *chat.Part, native bool) []byte {
	dst = append(key(dst, "summary"), '[')
	said := p.Text
	switch {
	case len(p.Summary) > 0:
		for _, s := range p.Summary {
			dst = append(putText(append(comma(dst), `{"type":"summary_text"`...), "text", s), '}')
		}
		if said == strings.Join(p.Summary, between) {
			said = ""
		}
	case said != "" && !native:
		dst = append(putText(append(dst, `{"type":"summary_text"`...), "text", said), '}')
		said = ""
	}
	dst = append(dst, ']')
	if said != "" {
		dst = append(putText(append(key(dst, "content"), `[{"type":"reasoning_text"`...), "text", said), "}]"...)
	}
	switch s := p.State; {
	case s == nil || s.Form == formText && native:
	case s.Form == formEncrypted && s.Data != "":
		dst = putText(dst, "encrypted_content", s.Data)
	default:
		dst = putText(dst, "encrypted_content", s.Seal())
	}
	return dst
}

// isNative is whether reasoning is told as reasoning_text: it is the text that its maker wants back.
func isNative(p *chat.Part, same bool) bool {
	return same && p.Summary == nil && (p.State == nil || p.State.Form == formText || p.State.Form == formEncrypted)
}

// putCallItem appends the members of a tool call's item, from its call_id on.
func putCallItem(dst []byte, c *chat.Call, req *chat.Conversation) []byte {
	space, name := c.Namespace, c.Name
	if space == "" && req != nil {
		space, name = spaceOf(c.Name, req)
	}
	dst = optText(putText(putText(dst, "call_id", c.ID), "name", name), "namespace", space)
	if c.Custom {
		return putText(dst, "input", c.Arguments)
	}
	return putText(dst, "arguments", c.Arguments)
}

// spaceOf finds the namespace of a tool that was called by its full name.
func spaceOf(full string, req *chat.Conversation) (space, name string) {
	for i := range req.Tools {
		if s := req.Tools[i].Namespace; s != nil && chat.FullName(s.Name, req.Tools[i].Name) == full {
			return s.Name, req.Tools[i].Name
		}
	}
	return "", full
}

// appendOutputPart appends a part of a message of the model's.
func appendOutputPart(dst []byte, p *chat.Part, logs []byte) []byte {
	if p.Kind == chat.Refusal {
		return append(putText(append(comma(dst), `{"type":"refusal"`...), "refusal", p.Text), '}')
	}
	dst = putText(append(comma(dst), `{"type":"output_text"`...), "text", p.Text)
	dst = append(key(dst, "annotations"), '[')
	for _, a := range chat.Array(p.Annotations) {
		dst = appendAnnotation(dst, a, p.Dialect, chat.Responses)
	}
	dst = append(dst, ']')
	if logs == nil {
		logs = []byte("[]")
	}
	return append(putRaw(dst, "logprobs", logs), '}')
}

// callKind is the type of a tool call's item.
func callKind(c *chat.Call) string {
	if c.Custom {
		return "custom_tool_call"
	}
	return "function_call"
}

// contentLogs are the log probabilities of a text's tokens, out of those of a choice; nil = none.
func contentLogs(logs []byte) []byte {
	if len(logs) == 0 || logs[0] != '{' {
		return nil
	}
	if v := get(logs, "content"); len(v) > 0 && v[0] == '[' {
		return v
	}
	return nil
}

// choiceLogs is contentLogs back again.
func choiceLogs(list []byte) json.RawMessage {
	if empty(list) {
		return nil
	}
	return append(append([]byte(`{"content":`), list...), `,"refusal":null}`...)
}

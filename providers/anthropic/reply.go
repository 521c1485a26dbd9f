package anthropic

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// ReadReply reads the answer to POST /v1/messages.
func (codec) ReadReply(body []byte, reply *chat.Reply) error {
	if err := chat.Check(body); err != nil {
		return fmt.Errorf("messages: the answer: %w", err)
	}
	*reply = chat.Reply{From: chat.Messages, Choices: []chat.Choice{{}}}
	r := &reader{body: body, answer: true}
	c := &reply.Choices[0]
	content := false
	for name, v := range chat.Object(body) {
		switch name {
		case "type":
			if kind, _ := chat.View(v); kind == "error" {
				return errors.New("messages: the answer is an error")
			}
		case "role":
		case "id":
			reply.ID = r.text(name, v)
		case "model":
			reply.Model = r.text(name, v)
		case "content":
			if content = len(v) > 0 && v[0] == '['; content {
				c.Parts = blocks(r.content(name, v))
			}
		case "stop_reason":
			var known bool
			if c.Finish, known = finish(r.text(name, v)); !known {
				reply.Extra = append(reply.Extra, chat.Member{Name: name, Value: v})
			}
		case "stop_sequence":
			c.Sequence = r.text(name, v)
		case "usage":
			reply.Usage = usage(v)
			reply.ServiceTier = r.text("usage.service_tier", get(v, "service_tier"))
			reply.Extra = usageExtra(v, reply.Extra)
		default:
			if !null(v) {
				reply.Extra = append(reply.Extra, chat.Member{Name: name, Value: v})
			}
		}
		if r.err != nil {
			return fmt.Errorf("messages: the answer: %w", r.err)
		}
	}
	if !content {
		return errors.New("messages: the answer has no content")
	}
	return nil
}

// blocks is the parts of an answer without texts that say nothing.
func blocks(parts []chat.Part) []chat.Part {
	kept := parts[:0]
	for _, p := range parts {
		if p.Kind != chat.Text || p.Text != "" || p.Annotations != nil {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// AppendReply appends the answer to POST /v1/messages. The dialect has one choice: the first.
func (codec) AppendReply(dst []byte, r *chat.Reply) []byte {
	var c chat.Choice
	if len(r.Choices) > 0 {
		c = r.Choices[0]
	}
	e := ending{finish: c.Finish, sequence: c.Sequence}
	dst = text(append(dst, '{'), "id", orID(r.ID, "msg_"))
	dst = append(dst, `,"type":"message","role":"assistant"`...)
	dst = append(member(text(dst, "model", r.Model), "content"), '[')
	for i := range c.Parts {
		dst = appendAnswer(dst, &c.Parts[i], &e, r.From)
	}
	dst = append(dst, ']')
	if r.From == chat.Messages {
		e.extra = r.Extra
	}
	dst = e.append(dst)
	dst = appendUsage(member(dst, "usage"), &r.Usage, r.ServiceTier, e.extra, true)
	for _, m := range e.extra {
		if m.Name != "stop_reason" && !strings.HasPrefix(m.Name, usagePrefix) {
			dst = raw(dst, m.Name, m.Value)
		}
	}
	return append(dst, '}')
}

// appendAnswer appends a part of an answer as a block, if the dialect can say it there.
func appendAnswer(dst []byte, p *chat.Part, e *ending, from chat.Dialect) []byte {
	e.saw(p)
	switch {
	case p.Kind == chat.Other && p.Dialect == chat.Messages:
		return append(element(dst), p.Raw...)
	case p.Kind == chat.ToolCall && p.Call != nil:
		dst = text(text(append(element(dst), '{'), "type", "tool_use"), "id", orID(p.Call.ID, "toolu_"))
		dst = input(text(dst, "name", p.Call.Name), p.Call)
	case p.Kind == chat.Reasoning && (thoughts(p) != "" || p.State != nil):
		dst = thinkingBlock(append(element(dst), '{'), p, field(p.State))
	case p.Kind == chat.Image, p.Kind == chat.File, p.Kind == chat.Video, p.Kind == chat.Reasoning, p.Text == "" && !cited(p):
		return dst
	default: // text, a refusal, what was said in a recording
		dst = textBlock(append(element(dst), '{'), p)
	}
	if from == chat.Messages {
		dst = rest(dst, p.Extra)
	}
	return append(dst, '}')
}

// orID is an id, or one made up where there is none.
func orID(id, prefix string) string {
	if id != "" {
		return id
	}
	var b [12]byte
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return prefix + hex.EncodeToString(b[:])
}

// ending is why an answer ended, as far as its parts have to say in it.
type ending struct {
	finish         chat.Finish
	sequence       string
	calls, refused bool
	extra          []chat.Member
}

func (e *ending) saw(p *chat.Part) {
	e.calls = e.calls || p.Kind == chat.ToolCall
	e.refused = e.refused || p.Kind == chat.Refusal
}

// append appends stop_reason and stop_sequence.
func (e *ending) append(dst []byte) []byte {
	dst = member(dst, "stop_reason")
	switch {
	case told(e.extra, "stop_reason"):
		for _, m := range e.extra {
			if m.Name == "stop_reason" {
				dst = append(dst, m.Value...)
				break
			}
		}
	case e.finish == "" && !e.calls:
		dst = append(dst, "null"...)
	default:
		dst = chat.AppendQuoted(dst, e.reason())
	}
	dst = member(dst, "stop_sequence")
	if e.sequence == "" {
		return append(dst, "null"...)
	}
	return chat.AppendQuoted(dst, e.sequence)
}

func (e *ending) reason() string {
	switch e.finish {
	case chat.Length:
		return "max_tokens"
	case chat.ContextFull:
		return "model_context_window_exceeded"
	case chat.Paused:
		return "pause_turn"
	case chat.Refused, chat.ContentFilter:
		return "refusal"
	case chat.StopSequence:
		return "stop_sequence"
	}
	switch {
	case e.calls, e.finish == chat.ToolCalls: // Gemini and OpenAI's forced calls end with stop
		return "tool_use"
	case e.refused: // OpenAI ends refusals with stop
		return "refusal"
	}
	return "end_turn"
}

// finish reads a stop_reason; false = one that came later than this code.
func finish(reason string) (chat.Finish, bool) {
	switch reason {
	case "":
		return "", true
	case "end_turn":
		return chat.Stop, true
	case "stop_sequence":
		return chat.StopSequence, true
	case "max_tokens":
		return chat.Length, true
	case "tool_use":
		return chat.ToolCalls, true
	case "refusal":
		return chat.Refused, true
	case "pause_turn":
		return chat.Paused, true
	case "model_context_window_exceeded":
		return chat.ContextFull, true
	}
	return chat.Stop, false
}

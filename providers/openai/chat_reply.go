package openai

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/routor/routor/engine/chat"
)

// ReadReply reads a plain answer.
func (ChatCodec) ReadReply(body []byte, r *chat.Reply) error {
	if err := chat.Check(body); err != nil {
		return fmt.Errorf("chat completion: %w", err)
	}
	body = bytes.Clone(body) // the reply refers to it
	*r = chat.Reply{From: chat.Completions}
	choices := json.RawMessage(nil)
	for name, v := range chat.Object(body) {
		switch {
		case isNull(v) || name == "object":
		case name == "choices":
			choices = v
		case name == "usage":
			r.Usage = usageOf(v)
		case !head(r, name, v):
			r.Extra = append(r.Extra, chat.Member{Name: name, Value: v})
		}
	}
	if len(choices) == 0 || choices[0] != '[' {
		return errors.New("chat completion: it has no choices")
	}
	for i, v := range chat.Array(choices) {
		if err := readChoice(r, v, i); err != nil {
			return fmt.Errorf("chat completion: choices[%d]: %w", i, err)
		}
	}
	return nil
}

// head takes a member that chunks and bodies have at their top.
func head(r *chat.Reply, name string, v json.RawMessage) bool {
	switch name {
	case "id":
		r.ID = text(v)
	case "model":
		r.Model = text(v)
	case "created", "created_at":
		if n := floatOf(v); n != nil {
			r.Created = int64(*n)
		}
	case "service_tier":
		r.ServiceTier = text(v)
	case "system_fingerprint":
		r.Fingerprint = text(v)
	default:
		return false
	}
	return true
}

func usageOf(v []byte) chat.Usage {
	s := scan{b: v}
	return usage(&s)
}

func readChoice(r *chat.Reply, v json.RawMessage, n int) error {
	c := chat.Choice{Index: n}
	var a spoken
	for name, w := range chat.Object(v) {
		if isNull(w) {
			continue
		}
		switch name {
		case "index":
			if i := integerOf(w); i != nil {
				c.Index = int(*i)
			}
		case "message", "delta":
			for m, x := range chat.Object(w) {
				if m != "role" {
					a.take(m, x)
				}
			}
		case "finish_reason":
			c.Finish = finishOf([]byte(text(w)))
		case "logprobs":
			c.Logprobs = w
		case "usage":
			if !r.Usage.Known {
				r.Usage = usageOf(w)
			}
		case "text": // of old completions
			a.said = w
		default:
			c.Extra = append(c.Extra, chat.Member{Name: name, Value: w})
		}
	}
	parts, path, problem := a.parts(madeID(r.ID, c.Index))
	if problem != "" {
		return fmt.Errorf("message.%s %s", path, problem)
	}
	for i := range parts {
		p := &parts[i]
		if p.Kind == chat.ToolCall {
			p.Extra = callExtra(p.Extra)
		}
		if p.Kind != chat.Other {
			p.Raw = nil // an answer is not sent back as it came
			if p.Kind == chat.Reasoning && p.Dialect == chat.Completions {
				p.Dialect = ""
			}
		}
	}
	if c.Parts = parts; len(a.extra) > 0 {
		c.Parts = append(c.Parts, leftover(a.extra))
	}
	r.Choices = append(r.Choices, c)
	return nil
}

// leftover is what a message says that has no place of its own: a part that only this dialect can say.
func leftover(extra []chat.Member) chat.Part {
	return chat.Part{Kind: chat.Other, Dialect: chat.Completions, Raw: append(putExtra([]byte{'{'}, extra), '}')}
}

// madeID begins the ids of tool calls that came without any: the same for the same answer, others for another.
func madeID(reply string, choice int) string {
	var b strings.Builder
	b.WriteString("call_")
	for i := max(0, len(reply)-24); i < len(reply); i++ {
		if c := reply[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
		}
	}
	return b.String() + "_" + strconv.Itoa(choice) + "_"
}

// AppendReply appends a plain answer.
func (ChatCodec) AppendReply(dst []byte, r *chat.Reply) []byte {
	dst = putText(append(dst, '{'), "id", replyID(r.ID, "chatcmpl-"))
	dst = putInt(putText(dst, "object", "chat.completion"), "created", created(r.Created))
	dst = append(key(putText(dst, "model", r.Model), "choices"), '[')
	same := r.From == chat.Completions
	for i := range r.Choices {
		c := &r.Choices[i]
		dst = putInt(append(comma(dst), '{'), "index", int64(c.Index))
		dst = append(appendMessage(append(key(dst, "message"), '{'), c.Parts, same), '}')
		dst = putRaw(dst, "logprobs", logprobs(c.Logprobs))
		if dst = putText(dst, "finish_reason", reason(c)); same {
			dst = putExtra(dst, c.Extra)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, ']')
	if r.Usage.Known {
		dst = appendUsage(key(dst, "usage"), r.Usage)
	}
	dst = optText(putTier(dst, r.ServiceTier), "system_fingerprint", r.Fingerprint)
	if same {
		dst = putExtra(dst, r.Extra)
	}
	return append(dst, '}')
}

func reason(c *chat.Choice) string {
	if c.Finish == chat.Refused && joined(c.Parts, chat.Refusal) != "" {
		return "stop"
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Kind == chat.ToolCall && strings.HasPrefix(p.Call.ID, legacyID) && c.Finish == chat.ToolCalls {
			return "function_call"
		}
	}
	return reasonOf(c.Finish)
}

// replyID is an answer's id; one is made where its provider gave none.
func replyID(id, prefix string) string {
	if id != "" {
		return id
	}
	return prefix + rand.Text()
}

func created(at int64) int64 {
	if at == 0 {
		return time.Now().Unix()
	}
	return at
}

// logprobs is an object in which both members are said, or null.
func logprobs(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '{' {
		return null
	}
	var m chat.Members
	m.Index(raw)
	if m.Has("content") && m.Has("refusal") {
		return raw
	}
	edits := []chat.Edit{{Kind: chat.Add, Name: "content", Value: null}, {Kind: chat.Add, Name: "refusal", Value: null}}
	return m.Append(nil, raw, edits)
}

// appendMessage appends the members of an answer's message; same is whether the parts' Extra is of this dialect.
func appendMessage(dst []byte, parts []chat.Part, same bool) []byte {
	dst = append(dst, `"role":"assistant"`...)
	said := false
	calls, legacy := 0, false
	for i := range parts {
		switch p := &parts[i]; p.Kind {
		case chat.Text:
			said = true
		case chat.ToolCall:
			calls++
			legacy = legacy || strings.HasPrefix(p.Call.ID, legacyID)
		}
	}
	if said {
		dst = putText(dst, "content", joined(parts, chat.Text))
	} else {
		dst = putRaw(dst, "content", null)
	}
	dst = nullOr(dst, "refusal", joined(parts, chat.Refusal))
	dst = putReasoning(dst, parts, false, func(*chat.Part) bool { return true })
	dst = putMentions(dst, parts)
	dst = putMedia(dst, parts, same)
	if calls > 0 && legacy {
		dst = append(key(dst, "function_call"), '{')
		for i := range parts {
			if c := parts[i].Call; c != nil {
				dst = append(putText(putText(dst, "name", c.Name), "arguments", c.Arguments), '}')
				break
			}
		}
	} else if calls > 0 {
		dst = append(key(dst, "tool_calls"), '[')
		for i := range parts {
			if p := &parts[i]; p.Kind == chat.ToolCall {
				if dst = putCall(dst, p, -1); same {
					dst = putExtra(dst, p.Extra)
				}
				dst = append(dst, '}')
			}
		}
		dst = append(dst, ']')
	}
	for i := range parts {
		if p := &parts[i]; p.Kind == chat.Other && p.Dialect == chat.Completions {
			for name, v := range chat.Object(p.Raw) {
				dst = append(append(chat.AppendQuoted(comma(dst), name), ':'), v...)
			}
		}
	}
	return dst
}

// putMentions appends annotations, and the signature that Google puts beside a text.
func putMentions(dst []byte, parts []chat.Part) []byte {
	from := len(dst)
	dst = append(key(dst, "annotations"), '[')
	for i := range parts {
		if p := &parts[i]; p.Kind == chat.Text {
			for _, a := range chat.Array(p.Annotations) {
				dst = appendAnnotation(dst, a, p.Dialect, chat.Completions)
			}
		}
	}
	if dst[len(dst)-1] == '[' {
		dst = dst[:from]
	} else {
		dst = append(dst, ']')
	}
	for i := range parts {
		if p := &parts[i]; p.Kind == chat.Text && p.State != nil && p.State.Form == formThought {
			return putGoogleSignature(dst, p.State)
		}
	}
	return dst
}

// putMedia appends pictures and audio.
func putMedia(dst []byte, parts []chat.Part, same bool) []byte {
	n := 0
	for i := range parts {
		if p := &parts[i]; p.Kind == chat.Image && p.Media != nil && urlOf(p.Media) != "" {
			if n++; n == 1 {
				dst = append(key(dst, "images"), '[')
			}
			dst, _ = appendPart(dst, p)
		}
	}
	if n > 0 {
		dst = append(dst, ']')
	}
	for i := range parts {
		if p := &parts[i]; p.Kind == chat.Audio && p.Media != nil {
			dst = append(key(dst, "audio"), '{')
			dst = putText(putText(putText(dst, "id", p.ID), "data", p.Media.Data), "transcript", p.Text)
			return append(putExpiry(dst, p.Extra, same), '}')
		}
	}
	return dst
}

// putExpiry appends what audio has besides; when it expires has to be told.
func putExpiry(dst []byte, extra []chat.Member, same bool) []byte {
	if !same {
		extra = nil
	}
	for _, m := range extra {
		if m.Name == "expires_at" {
			return putExtra(dst, extra)
		}
	}
	return putExtra(putInt(dst, "expires_at", 0), extra)
}

// appendUsage appends a usage object of chat completions.
func appendUsage(dst []byte, u chat.Usage) []byte {
	dst = putInt(append(dst, '{'), "prompt_tokens", u.Prompt())
	dst = putInt(dst, "completion_tokens", u.Completion())
	dst = putInt(dst, "total_tokens", u.Prompt()+u.Completion())
	dst = putInt(append(key(dst, "prompt_tokens_details"), '{'), "cached_tokens", u.CachedRead)
	if w := u.CacheWrite5m + u.CacheWrite1h; w > 0 {
		dst = putInt(dst, "cache_write_tokens", w)
	}
	dst = append(putInt(dst, "audio_tokens", u.AudioInput), '}')
	dst = putInt(append(key(dst, "completion_tokens_details"), '{'), "reasoning_tokens", u.Reasoning)
	dst = putInt(dst, "audio_tokens", u.AudioOutput)
	return append(dst, `,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`...)
}

// callExtra is what a tool call has besides, without the index by which some makers number the calls of a message.
func callExtra(extra []chat.Member) []chat.Member {
	return slices.DeleteFunc(extra, func(m chat.Member) bool { return m.Name == "index" })
}

// putTier appends the service tier, if it is one that OpenAI knows: its SDKs take no others.
func putTier(dst []byte, tier string) []byte {
	switch tier {
	case "auto", "default", "flex", "scale", "priority", "fast":
		return putText(dst, "service_tier", tier)
	}
	return dst
}

package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// ReadReply reads a plain answer. It has one choice, whose parts are the items of the output in their order, each with its id.
func (ResponsesCodec) ReadReply(body []byte, r *chat.Reply) error {
	if err := chat.Check(body); err != nil {
		return fmt.Errorf("response: %w", err)
	}
	return readResponse(bytes.Clone(body), r)
}

func readResponse(body []byte, r *chat.Reply) error {
	*r = chat.Reply{From: chat.Responses}
	c := chat.Choice{}
	var output json.RawMessage
	status, cut := "", ""
	for name, v := range chat.Object(body) {
		switch {
		case isNull(v) || name == "object" || name == "output_text":
		case name == "output":
			output = v
		case name == "usage":
			r.Usage = usageOf(v)
		case name == "status":
			status = text(v)
		case name == "incomplete_details":
			cut = text(get(v, "reason"))
		case name == "error":
			f := readFault(v)
			return errors.New("response: it failed: " + f.Message)
		case !head(r, name, v):
			r.Extra = append(r.Extra, chat.Member{Name: name, Value: v})
		}
	}
	if len(output) == 0 || output[0] != '[' {
		return errors.New("response: it has no output")
	}
	for _, item := range chat.Array(output) {
		readOutput(&c, item)
	}
	c.Finish = finishOfResponse(status, cut, c.Parts)
	r.Choices = []chat.Choice{c}
	return nil
}

func finishOfResponse(status, cut string, parts []chat.Part) chat.Finish {
	switch {
	case status == "incomplete" && cut == "content_filter":
		return chat.ContentFilter
	case status == "incomplete":
		return chat.Length
	case status == "failed" || status == "cancelled":
		return ""
	case calls(parts):
		return chat.ToolCalls
	}
	return chat.Stop
}

// readOutput adds the parts of an item.
func readOutput(c *chat.Choice, item json.RawMessage) {
	kind := text(get(item, "type"))
	if kind != "message" {
		c.Parts = append(c.Parts, readItem(item, kind))
		return
	}
	id := text(get(item, "id"))
	if c.ID == "" {
		c.ID = id
	}
	extra := itemExtra(item)
	n := len(c.Parts)
	for _, raw := range chat.Array(get(item, "content")) {
		p, logs := readOutputPart(raw, id)
		if logs != nil {
			c.Logprobs = joinLogs(c.Logprobs, logs)
		}
		c.Parts = append(c.Parts, p)
	}
	if len(c.Parts) == n {
		c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, ID: id})
	}
	c.Parts[n].Extra = append(c.Parts[n].Extra, extra...)
}

// itemExtra is what a message item has besides: its phase, a status other than completed.
func itemExtra(item json.RawMessage) (extra []chat.Member) {
	for name, v := range chat.Object(item) {
		switch {
		case isNull(v) || name == "type" || name == "id" || name == "role" || name == "content" || name == "status":
		default:
			extra = append(extra, chat.Member{Name: name, Value: v})
		}
	}
	return extra
}

func readOutputPart(raw json.RawMessage, id string) (chat.Part, json.RawMessage) {
	p := chat.Part{ID: id}
	if readPart(raw, &p, chat.Responses) != "" {
		return other(raw), nil
	}
	logs := choiceLogs(partLogs(&p))
	p.Extra = nil
	return p, logs
}

// joinLogs puts the log probabilities of two texts together.
func joinLogs(a, b json.RawMessage) json.RawMessage {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	x, y := contentLogs(a), contentLogs(b)
	list := append(append(append([]byte(nil), x[:len(x)-1]...), ','), y[1:]...)
	return choiceLogs(list)
}

// AppendReply appends a plain answer. What it answers, r.Request, is repeated in it.
func (ResponsesCodec) AppendReply(dst []byte, r *chat.Reply) []byte {
	w := newResponse(r, r.Request)
	c := chat.Choice{}
	for i := len(r.Choices) - 1; i >= 0; i-- {
		if r.Choices[i].Index == 0 || i == 0 && c.Parts == nil {
			c = r.Choices[i]
		}
	}
	output := []byte{'['}
	for i := 0; i < len(c.Parts); {
		var n int
		output, n = w.item(output, c.Parts[i:], contentLogs(c.Logprobs), len(w.ids))
		i += n
	}
	refuses := slices.ContainsFunc(c.Parts, func(p chat.Part) bool { return p.Kind == chat.Refusal })
	return w.append(dst, ending(c.Finish, refuses), append(output, ']'), r.Usage, nil)
}

// ending is how a response ends. Who refuses says so in a part of the message; where there is none, as from Anthropic, a response
// that counts as completed would hide it.
func ending(f chat.Finish, refuses bool) chat.Finish {
	if f == chat.Refused && !refuses {
		return chat.ContentFilter
	}
	return f
}

// response writes a response object.
type response struct {
	id, model, tier string
	created         int64
	same            bool // the answer came in this dialect
	extra           []chat.Member
	req             *chat.Conversation
	ids             []string // of the items written
}

func newResponse(r *chat.Reply, req *chat.Conversation) *response {
	w := &response{id: r.ID, model: r.Model, tier: r.ServiceTier, created: created(r.Created), req: req}
	if w.same = r.From == chat.Responses; w.same {
		w.extra = r.Extra
	}
	if !w.same && !strings.HasPrefix(w.id, "resp_") {
		w.id = "resp_" + replyID(plainID(r.ID), "")
	} else {
		w.id = replyID(w.id, "resp_")
	}
	return w
}

// plainID is an id without what OpenAI's have no place for.
func plainID(id string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' {
			return c
		}
		return -1
	}, id)
}

// itemID is the id of an item: the one that it came with, else one made of the response's.
func (w *response) itemID(prefix, id string, n int) string {
	if id == "" || !w.same && !strings.HasPrefix(id, prefix) {
		id = prefix + strings.TrimPrefix(w.id, "resp_") + "_" + strconv.Itoa(n)
	}
	w.ids = append(w.ids, id)
	return id
}

// item appends the item that the parts begin with, and tells how many parts it took: the texts of a message are one item. A part
// that Responses can't say makes none.
func (w *response) item(dst []byte, parts []chat.Part, logs []byte, at int) ([]byte, int) {
	p := &parts[0]
	switch p.Kind {
	case chat.Text, chat.Refusal:
		n := 1
		for n < len(parts) && (parts[n].Kind == chat.Text || parts[n].Kind == chat.Refusal) && parts[n].ID == p.ID {
			n++
		}
		dst = w.openMessage(dst, p, w.itemID("msg_", p.ID, at), "completed")
		for i := range parts[:n] {
			if dst = appendOutputPart(dst, &parts[i], logs); parts[i].Kind == chat.Text {
				logs = nil
			}
		}
		return append(dst, "]}"...), n
	case chat.Reasoning:
		dst = w.openItem(dst, "reasoning", w.itemID("rs_", p.ID, at))
		dst = putReasoningItem(dst, p, isNative(p, w.same))
	case chat.ToolCall:
		dst = w.openItem(dst, callKind(p.Call), w.itemID(callPrefix(p.Call), p.ID, at))
		dst = putCallItem(putText(dst, "status", "completed"), p.Call, w.req)
	case chat.Image:
		if p.Media == nil || p.Media.Data == "" {
			return dst, 1
		}
		dst = w.openItem(dst, "image_generation_call", w.itemID("ig_", p.ID, at))
		dst = putText(putText(dst, "status", "completed"), "result", p.Media.Data)
	case chat.Other:
		if p.Dialect == chat.Responses {
			w.ids = append(w.ids, p.ID)
			dst = append(comma(dst), p.Raw...)
		}
		return dst, 1
	default:
		return dst, 1
	}
	if w.same {
		dst = putExtra(dst, p.Extra)
	}
	return append(dst, '}'), 1
}

func callPrefix(c *chat.Call) string {
	if c.Custom {
		return "ctc_"
	}
	return "fc_"
}

func (w *response) openItem(dst []byte, kind, id string) []byte {
	return putText(putText(append(comma(dst), '{'), "type", kind), "id", id)
}

// openMessage appends a message item up to its content.
func (w *response) openMessage(dst []byte, p *chat.Part, id, status string) []byte {
	dst = putText(w.openItem(dst, "message", id), "status", status)
	if dst = putText(dst, "role", "assistant"); w.same {
		dst = putExtra(dst, p.Extra)
	}
	return append(key(dst, "content"), '[')
}

// append appends the object with the output so far. f is why it ended, "" = it goes on; fault is why it failed.
func (w *response) append(dst []byte, f chat.Finish, output []byte, use chat.Usage, fault *chat.Fault) []byte {
	dst = putText(append(dst, '{'), "id", w.id)
	dst = putInt(putText(dst, "object", "response"), "created_at", w.created)
	cut := ""
	status := "completed"
	switch {
	case fault != nil:
		status = "failed"
	case f == "":
		status = "in_progress"
	case f == chat.Length || f == chat.ContextFull:
		status, cut = "incomplete", "max_output_tokens"
	case f == chat.ContentFilter:
		status, cut = "incomplete", "content_filter"
	}
	dst = putText(dst, "status", status)
	if fault != nil {
		dst = append(key(dst, "error"), '{')
		dst = append(putText(putText(dst, "code", failureCode(fault.Code)), "message", fault.Message), '}')
	} else {
		dst = putRaw(dst, "error", null)
	}
	if cut != "" {
		dst = append(putText(append(key(dst, "incomplete_details"), '{'), "reason", cut), '}')
	} else {
		dst = putRaw(dst, "incomplete_details", null)
	}
	dst = putRaw(putText(dst, "model", w.model), "output", output)
	if use.Known {
		dst = appendResponseUsage(key(dst, "usage"), use)
	}
	dst = optText(dst, "service_tier", w.tier)
	return append(w.echo(dst), '}')
}

// failureCode is one of the codes that a failed response may have.
func failureCode(code string) string {
	switch code {
	case "rate_limit_exceeded", "invalid_prompt", "bio_policy", "vector_store_timeout", "invalid_image", "image_content_policy_violation":
		return code
	}
	return "server_error"
}

func appendResponseUsage(dst []byte, u chat.Usage) []byte {
	dst = putInt(append(dst, '{'), "input_tokens", u.Prompt())
	dst = putInt(append(key(dst, "input_tokens_details"), '{'), "cached_tokens", u.CachedRead)
	dst = append(putInt(dst, "cache_write_tokens", u.CacheWrite5m+u.CacheWrite1h), '}')
	dst = putInt(dst, "output_tokens", u.Completion())
	dst = append(putInt(append(key(dst, "output_tokens_details"), '{'), "reasoning_tokens", u.Reasoning), '}')
	return append(putInt(dst, "total_tokens", u.Prompt()+u.Completion()), '}')
}

// echo appends the settings of the request: as the provider repeated them, else as the client said them, else what they are by
// default.
func (w *response) echo(dst []byte) []byte {
	for _, m := range w.extra {
		if !isNull(m.Value) {
			dst = append(append(chat.AppendQuoted(comma(dst), m.Name), ':'), m.Value...)
		}
	}
	req := w.req
	if req == nil {
		req = &chat.Conversation{}
	}
	s := &req.Settings
	missing := func(name string) bool {
		for _, m := range w.extra {
			if m.Name == name && !isNull(m.Value) {
				return false
			}
		}
		return true
	}
	if missing("instructions") {
		if len(req.Messages) > 0 && req.From == chat.Responses && isInstructions(&req.Messages[0]) {
			dst = putText(dst, "instructions", req.Messages[0].Parts[0].Text)
		} else {
			dst = putRaw(dst, "instructions", null)
		}
	}
	if missing("metadata") {
		if dst = optRaw(dst, "metadata", s.Metadata); s.Metadata == nil {
			dst = append(dst, `,"metadata":{}`...)
		}
	}
	if missing("parallel_tool_calls") {
		dst = putBool(dst, "parallel_tool_calls", req.Parallel == nil || *req.Parallel)
	}
	for _, n := range []struct {
		name string
		said *float64
	}{{"temperature", s.Temperature}, {"top_p", s.TopP}} {
		if missing(n.name) {
			one := 1.0
			if n.said != nil {
				one = *n.said
			}
			dst = putFloat(dst, n.name, one)
		}
	}
	if missing("tool_choice") {
		from := len(dst)
		var ok bool
		if dst, ok = appendChoice(key(dst, "tool_choice"), &req.Choice, chat.Responses); !ok {
			dst = append(dst[:from], `,"tool_choice":"auto"`...)
		}
	}
	if missing("tools") {
		rw := &responsesWriter{writer: &writer{c: req, same: true, t: &chat.Target{}}}
		if req.Tools == nil {
			dst = append(dst, `,"tools":[]`...)
		} else {
			tools := chat.Conversation{From: chat.Responses, Tools: req.Tools}
			rw.c = &tools
			dst = rw.tools(dst)
		}
	}
	if w.same {
		return dst
	}
	if s.MaxTokens != nil {
		dst = optInt(dst, "max_output_tokens", s.MaxTokens)
	} else {
		dst = putRaw(dst, "max_output_tokens", null)
	}
	summary := ""
	if s.Thinking != nil {
		summary = s.Thinking.Summary
	}
	dst = nullOr(nullOr(append(key(dst, "reasoning"), '{'), "effort", s.Effort), "summary", summary)
	dst = append(dst, `},"text":{"format":`...)
	fw := &responsesWriter{writer: &writer{c: req, same: true, t: &chat.Target{}}}
	if f := fw.format(nil); f != nil && s.Format != nil {
		dst = append(dst, get(f[len(`"text":`):], "format")...)
	} else {
		dst = append(dst, `{"type":"text"}`...)
	}
	dst = optText(dst, "verbosity", s.Verbosity)
	dst = append(dst, `},"previous_response_id":null,"store":false,"truncation":"disabled","background":false`...)
	dst = optText(optText(dst, "prompt_cache_key", s.PromptCacheKey), "safety_identifier", s.SafetyIdentifier)
	return optText(dst, "user", s.User)
}

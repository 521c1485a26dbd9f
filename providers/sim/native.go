package sim

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/routor/routor/engine/chat"
)

// question is a request in the dialect that it came in.
type question struct {
	s    surface
	body []byte
	said *chat.Conversation // nil = a chat completion
	r    *request           // what the model makes of it
}

// readNative reads a request of another dialect than chat completions. The refusal is nil if it could be read.
func (p *provider) readNative(s surface, body []byte) (*question, *refusal) {
	q := &question{s: s, body: body, said: new(chat.Conversation)}
	if err := s.codec.ReadRequest(body, q.said); err != nil {
		return nil, s.fault(400, err.Error())
	}
	if own := routorField(body); own != "" {
		return nil, s.fault(400, own+": Extra inputs are not permitted")
	}
	if s.model != "" {
		q.said.Model = s.model
	}
	q.said.Stream = q.said.Stream || s.stream
	if len(q.said.Messages) == 0 {
		return nil, s.fault(400, "messages: at least one message is required")
	}
	q.r = fromConversation(q.said)
	return q, nil
}

// fromConversation is a conversation as a chat completion would ask it: the same models answer all dialects.
func fromConversation(c *chat.Conversation) *request {
	r := &request{Model: c.Model, Stream: c.Stream, N: 1, Effort: c.Settings.Effort, Parallel: c.Parallel}
	for i := range c.Messages {
		r.Messages = append(r.Messages, fromMessage(&c.Messages[i])...)
	}
	for _, t := range c.Tools {
		if t.Hosted == "" {
			var offered tool
			offered.Function.Name, offered.Function.Parameters = t.Name, t.Parameters
			r.Tools = append(r.Tools, offered)
		}
	}
	switch choice := c.Choice; choice.Mode {
	case "none", "required":
		r.ToolChoice = appendString(nil, choice.Mode)
	case "tool":
		r.ToolChoice = append(appendString([]byte(`{"function":{"name":`), choice.Name), '}', '}')
	}
	s := &c.Settings
	if s.Format != nil {
		r.Format.Schema.Schema = s.Format.Schema
		switch s.Format.Kind {
		case chat.FormatJSONObject:
			r.Format.Type = "json_object"
		case chat.FormatJSONSchema:
			r.Format.Type = "json_schema"
		}
	}
	if s.MaxTokens != nil {
		r.MaxTokens = int(min(*s.MaxTokens, 1<<30))
	}
	if s.N != nil {
		r.N = int(min(max(*s.N, 1), 8))
	}
	r.Stop, _ = json.Marshal(s.Stop)
	t := s.Thinking
	r.aloud = t != nil && (t.Mode == "enabled" || t.Mode == "adaptive")
	// Anthropic's models reason only where they are told to.
	r.quiet = t != nil && t.Mode == "disabled" || s.Effort == "none" || c.From == chat.Messages && !r.aloud
	return r
}

// fromMessage is a turn: its tool results as messages of their own, then what else there is.
func fromMessage(m *chat.Message) (out []message) {
	role := string(m.Role)
	var rest []byte
	for i := range m.Parts {
		switch p := &m.Parts[i]; {
		case p.Result != nil:
			out = append(out, message{Role: "tool", Content: content(p.Result.Parts)})
		case p.Kind != chat.Reasoning:
			rest = appendContent(rest, p)
		}
	}
	if rest != nil || out == nil {
		out = append(out, message{Role: role, Content: append(orOpen(rest), ']')})
	}
	return out
}

func content(parts []chat.Part) json.RawMessage {
	var b []byte
	for i := range parts {
		b = appendContent(b, &parts[i])
	}
	return append(orOpen(b), ']')
}

func orOpen(b []byte) []byte {
	if b == nil {
		return []byte{'['}
	}
	return b
}

func appendContent(b []byte, p *chat.Part) []byte {
	if b == nil {
		b = []byte{'['}
	} else {
		b = append(b, ',')
	}
	switch p.Kind {
	case chat.Text, chat.Refusal:
		return append(appendString(append(b, `{"type":"text","text":`...), p.Text), '}')
	case chat.Image:
		return append(b, `{"type":"image_url"}`...)
	case chat.ToolCall:
		return append(appendString(append(b, `{"type":"text","text":`...), p.Call.Name), '}')
	}
	return append(b, `{"type":"file"}`...)
}

// speaker puts a reply on the wire in another dialect than chat completions, by its codec.
type speaker struct {
	p *provider
	q *question
	n *reply
	c chance
}

// reply is what the model says, in no dialect.
func (w *speaker) reply() *chat.Reply {
	d := w.q.s.codec.Dialect()
	r := &chat.Reply{From: d, ID: w.id(d), Model: w.n.model.id, Created: time.Now().Unix(), Usage: w.usage(), Request: w.q.said}
	for i := range w.q.r.N {
		c := chat.Choice{Index: i, Finish: chat.Finish(w.n.finish)}
		if w.n.reasoning != "" && w.shown(d) {
			c.Parts = append(c.Parts, w.thought(d))
		}
		if w.n.calls == nil {
			c.Parts = append(c.Parts, chat.Part{Kind: chat.Text, Text: w.n.text})
			if d == chat.Generate && w.n.reasoning != "" {
				c.Parts[len(c.Parts)-1].State = w.p.stateOf(d, w.n.text)
			}
		}
		for j := range w.n.calls {
			call := &w.n.calls[j]
			p := chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: w.callID(d, call.id), Name: call.name, Arguments: call.arguments}}
			if d == chat.Generate && j == 0 { // parallel calls share the first one's
				p.State = w.p.stateOf(d, call.name)
			}
			c.Parts = append(c.Parts, p)
		}
		r.Choices = append(r.Choices, c)
	}
	return r
}

// thought is the reasoning as a part. Google's thoughts are signed where they lead to; Responses have the text only as a
// summary, and its state, only where they were asked for.
func (w *speaker) thought(d chat.Dialect) chat.Part {
	p := chat.Part{Kind: chat.Reasoning, Text: w.n.reasoning, State: w.p.stateOf(d, w.n.reasoning)}
	s := &w.q.said.Settings
	switch d {
	case chat.Generate:
		p.State = nil
	case chat.Responses:
		if s.Thinking == nil || s.Thinking.Summary == "" {
			p.Text = ""
		}
		if !slices.Contains(s.Include, "reasoning.encrypted_content") {
			p.State = nil
		}
	}
	return p
}

func (w *speaker) id(d chat.Dialect) string {
	id := w.n.id[len("chatcmpl-"):]
	switch d {
	case chat.Messages:
		return "msg_" + id
	case chat.Responses:
		return "resp_" + id
	}
	return id
}

// callID is a call's id as the provider makes it; Google makes none.
func (w *speaker) callID(d chat.Dialect, id string) string {
	switch d {
	case chat.Messages:
		return "toolu_" + id
	case chat.Generate:
		return ""
	}
	return "call_" + id
}

// shown is whether the reasoning, or a summary of it, is part of the answer.
func (w *speaker) shown(d chat.Dialect) bool {
	s := &w.q.said.Settings
	switch d {
	case chat.Generate:
		return s.Thinking != nil && s.Thinking.Thoughts != nil && *s.Thinking.Thoughts
	case chat.Responses:
		return s.Thinking != nil && s.Thinking.Summary != "" || slices.Contains(s.Include, "reasoning.encrypted_content")
	}
	return true
}

func (w *speaker) usage() chat.Usage {
	t := w.n.count
	return chat.Usage{
		Input: int64(t.prompt - t.cached), CachedRead: int64(t.cached),
		Output: int64(t.completion*w.q.r.N + t.reasoning), Reasoning: int64(t.reasoning), Known: true,
	}
}

func (w *speaker) body(dst []byte) []byte { return w.q.s.codec.AppendReply(dst, w.reply()) }

// stream is the answer as the events of the dialect.
func (w *speaker) stream() *script {
	s := &script{bytes: make([]byte, 0, 4096)}
	codec, m := w.q.s.codec, w.n.model
	enc := codec.Encoder(chat.Encoding{IncludeUsage: true, Request: w.q.said})
	jitter := func(d time.Duration) time.Duration { return time.Duration(float64(d) * (0.7 + 0.6*w.c.share())) }
	say := func(pause time.Duration, e chat.Event) {
		s.add(jitter(pause), func(dst []byte) []byte { return enc.Append(dst, &e) })
	}
	r := w.reply()
	head := *r
	head.Choices = nil
	head.Usage.Output, head.Usage.Reasoning = 0, 0
	hidden := time.Duration(w.n.count.reasoning) * m.each
	if w.n.reasoning != "" && w.shown(codec.Dialect()) {
		hidden = 0
	}
	say(m.first+hidden, chat.Event{Kind: chat.EventStart, Reply: head})
	for i := range r.Choices {
		c := &r.Choices[i]
		for j := range c.Parts {
			w.part(say, c.Index, j, c.Parts[j])
		}
		say(0, chat.Event{Kind: chat.EventFinish, Choice: c.Index, Finish: c.Finish})
	}
	say(0, chat.Event{Kind: chat.EventUsage, Usage: r.Usage})
	say(0, chat.Event{Kind: chat.EventEnd})
	return s
}

// part tells a part in pieces.
func (w *speaker) part(say func(time.Duration, chat.Event), choice, index int, p chat.Part) {
	each := w.n.model.each
	at := chat.Event{Choice: choice, Index: index}
	open, delta, state, end := at, at, at, at
	open.Kind, delta.Kind, state.Kind, end.Kind = chat.EventOpen, chat.EventDelta, chat.EventState, chat.EventClose
	open.Part, state.Part.State = p, p.State
	rest := words(p.Text)
	if p.Call != nil {
		call := *p.Call
		rest, call.Arguments, open.Part.Call = pieces(call.Arguments), "", &call
	} else {
		open.Part.Text, open.Part.State = "", nil
	}
	say(0, open)
	for piece := range rest {
		delta.Text = piece
		say(each, delta)
	}
	if p.Call == nil && p.State != nil {
		say(0, state)
	}
	say(0, end)
}

// wrong is an error as an event of the dialect's stream.
func (w *speaker) wrong(dst []byte, body string) []byte {
	switch w.q.s.codec.Dialect() {
	case chat.Messages, chat.Responses:
		dst = append(dst, "event: error\n"...)
	}
	return append(append(append(dst, "data: "...), body...), "\n\n"...)
}

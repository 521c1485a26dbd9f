package openai

import (
	"slices"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// Encoder writes a streamed chat completion: for each choice a chunk with the role, its deltas, and one with the
// finish_reason; then the usage, if it was asked for, and [DONE].
func (ChatCodec) Encoder(o chat.Encoding) chat.Encoder { return &chatEncoder{o: o} }

type chatEncoder struct {
	o       chat.Encoding
	head    []byte // what every chunk begins with, up to its choices
	first   []byte // members of the first chunk alone
	same    bool   // the answer came in this dialect
	choices []chatWritten
	usage   chat.Usage
	late    []chat.Member
	held    []byte // the last chunk so far, without its end, if it may have to take members
	done    bool
}

// chatWritten is what has been written of one choice.
type chatWritten struct {
	index    int
	role     bool
	parts    []writtenPart
	calls    int
	details  int
	finished bool
}

type writtenPart struct {
	index, call  int
	kind         chat.Kind
	custom       bool
	legacy       bool
	said         []byte // reasoning, until its state is told
	id           string
	state        *chat.State
	told, closed bool
}

// Append appends what the event comes to.
func (e *chatEncoder) Append(dst []byte, ev *chat.Event) []byte {
	if ev.Kind == chat.EventPing {
		return e.Ping(dst)
	}
	if e.held != nil && ev.Kind != chat.EventUsage && ev.Kind != chat.EventEnd {
		dst = e.release(dst, nil)
	}
	switch ev.Kind {
	case chat.EventStart:
		e.start(&ev.Reply)
	case chat.EventOpen:
		dst = e.open(dst, ev)
	case chat.EventDelta:
		dst = e.delta(dst, ev)
	case chat.EventState:
		dst = e.state(dst, ev)
	case chat.EventClose:
		if c, p := e.part(ev); p != nil {
			dst = e.detail(dst, c, p)
		}
	case chat.EventFinish:
		e.came(ev.Reply.Extra)
		dst = e.finish(dst, ev)
	case chat.EventUsage:
		e.usage = ev.Usage
		e.came(ev.Reply.Extra)
	case chat.EventError:
		dst = e.Break(dst, &ev.Fault)
	case chat.EventEnd:
		dst = e.end(dst)
	}
	return dst
}

// start keeps what the chunks begin with. A second start is another model that takes over: to the client it is one answer, but
// the parts are counted anew.
func (e *chatEncoder) start(r *chat.Reply) {
	for i := range e.choices {
		e.choices[i].parts = e.choices[i].parts[:0]
	}
	if e.head != nil {
		return
	}
	b := putText([]byte(`data: {`), "id", replyID(r.ID, "chatcmpl-"))
	b = putText(putInt(putText(b, "object", "chat.completion.chunk"), "created", created(r.Created)), "model", r.Model)
	b = optText(putTier(b, r.ServiceTier), "system_fingerprint", r.Fingerprint)
	e.head = append(b, `,"choices":[`...)
	if e.same = r.From == chat.Completions; e.same {
		e.first = putExtra([]byte{'{'}, r.Extra)[1:]
	}
}

// came keeps members of the reply that came late, for the last chunk. What is told again replaces what was told.
func (e *chatEncoder) came(late []chat.Member) {
	if !e.same {
		return
	}
	for _, m := range late {
		e.late = append(slices.DeleteFunc(e.late, func(was chat.Member) bool { return was.Name == m.Name }), m)
	}
}

// begin opens a chunk up to the members of a choice's delta; before the first it puts one with the role.
func (e *chatEncoder) begin(dst []byte, c *chatWritten) []byte {
	if e.head == nil {
		e.start(&chat.Reply{})
	}
	if !c.role {
		c.role = true
		dst = e.choice(dst, c.index)
		dst = append(dst, `"role":"assistant","content":"","refusal":null`...)
		dst = e.endChoice(dst, nil)
	}
	return e.choice(dst, c.index)
}

func (e *chatEncoder) choice(dst []byte, index int) []byte {
	dst = append(append(dst, e.head...), '{')
	return append(putInt(dst, "index", int64(index)), `,"delta":{`...)
}

// endChoice closes the delta, the choice and the chunk.
func (e *chatEncoder) endChoice(dst, logs []byte) []byte {
	dst = append(dst, '}')
	if logs != nil {
		dst = putRaw(dst, "logprobs", logprobs(logs))
	}
	return e.endChunk(append(dst, `,"finish_reason":null}`...))
}

func (e *chatEncoder) endChunk(dst []byte) []byte {
	dst = append(dst, ']')
	if e.o.IncludeUsage {
		dst = append(dst, `,"usage":null`...)
	}
	if len(e.first) > 0 {
		dst = append(append(dst, ','), e.first...)
		e.first = nil
	}
	return append(dst, "}\n\n"...)
}

func (e *chatEncoder) of(index int) *chatWritten {
	for i := range e.choices {
		if e.choices[i].index == index {
			return &e.choices[i]
		}
	}
	e.choices = append(e.choices, chatWritten{index: index})
	return &e.choices[len(e.choices)-1]
}

func (e *chatEncoder) part(ev *chat.Event) (*chatWritten, *writtenPart) {
	c := e.of(ev.Choice)
	for i := len(c.parts) - 1; i >= 0; i-- { // what is under way is near the end
		if c.parts[i].index == ev.Index {
			return c, &c.parts[i]
		}
	}
	return c, nil
}

func (e *chatEncoder) open(dst []byte, ev *chat.Event) []byte {
	c := e.of(ev.Choice)
	if n := len(c.parts); n > 0 {
		dst = e.detail(dst, c, &c.parts[n-1])
	}
	p := &ev.Part
	w := writtenPart{index: ev.Index, kind: p.Kind, id: p.ID, call: -1}
	switch p.Kind {
	case chat.Text, chat.Refusal, chat.Reasoning:
		w.state = p.State
		c.parts = append(c.parts, w)
		at := &c.parts[len(c.parts)-1]
		if p.Text != "" {
			dst = e.text(dst, c, at, p.Text, nil)
		}
		if p.Kind == chat.Text {
			dst = e.mentions(dst, c, p)
		}
		return dst
	case chat.ToolCall:
		return e.call(dst, c, ev, w)
	case chat.Audio:
		if p.Media != nil {
			dst = append(append(e.begin(dst, c), `"audio":{`...), `"id":`...)
			dst = putText(putText(chat.AppendQuoted(dst, p.ID), "data", p.Media.Data), "transcript", p.Text)
			if e.same {
				dst = putExtra(dst, p.Extra)
			}
			dst = e.endChoice(append(dst, '}'), nil)
		}
	case chat.Image:
		if p.Media != nil && urlOf(p.Media) != "" {
			dst, _ = appendPart(append(e.begin(dst, c), `"images":[`...), p)
			dst = e.endChoice(append(dst, ']'), nil)
		}
	case chat.Other:
		if p.Dialect == chat.Completions && len(p.Raw) > 2 {
			dst = e.endChoice(append(e.begin(dst, c), p.Raw[1:len(p.Raw)-1]...), nil)
		}
	}
	c.parts = append(c.parts, w)
	return dst
}

func (e *chatEncoder) call(dst []byte, c *chatWritten, ev *chat.Event, w writtenPart) []byte {
	p := ev.Part
	call := *p.Call
	dst = e.begin(dst, c)
	if w.legacy = strings.HasPrefix(call.ID, legacyID); w.legacy {
		dst = putText(append(dst, `"function_call":{`...), "name", call.Name)
		dst = append(putText(dst, "arguments", call.Arguments), '}')
	} else {
		w.call, w.custom = c.calls, call.Custom
		dst = append(dst, `"tool_calls":[`...)
		if dst = putCall(dst, &p, c.calls); e.same {
			dst = putExtra(dst, p.Extra)
		}
		dst = append(dst, "}]"...)
		c.calls++
	}
	c.parts = append(c.parts, w)
	return e.endChoice(dst, nil)
}

func (e *chatEncoder) delta(dst []byte, ev *chat.Event) []byte {
	c, p := e.part(ev)
	switch {
	case p == nil:
		if ev.Logprobs == nil {
			return dst
		}
		return e.endChoice(e.begin(dst, c), ev.Logprobs)
	case p.kind == chat.ToolCall:
		if p.legacy {
			dst = putText(append(e.begin(dst, c), `"function_call":{`...), "arguments", ev.Text)
			return e.endChoice(append(dst, '}'), ev.Logprobs)
		}
		dst = putInt(append(e.begin(dst, c), `"tool_calls":[{`...), "index", int64(p.call))
		if p.custom {
			dst = putText(append(dst, `,"custom":{`...), "input", ev.Text)
		} else {
			dst = putText(append(dst, `,"function":{`...), "arguments", ev.Text)
		}
		return e.endChoice(append(dst, "}}]"...), ev.Logprobs)
	case p.kind == chat.Audio:
		dst = append(e.begin(dst, c), `"audio":{`...)
		if m := ev.Part.Media; m != nil && m.Data != "" {
			dst = putText(dst, "data", m.Data)
		}
		return e.endChoice(append(optText(dst, "transcript", ev.Text), '}'), ev.Logprobs)
	case p.kind == chat.Text || p.kind == chat.Refusal || p.kind == chat.Reasoning:
		if ev.Text == "" && ev.Logprobs == nil {
			return dst
		}
		return e.text(dst, c, p, ev.Text, ev.Logprobs)
	}
	return dst
}

// text appends a chunk with more of a text.
func (e *chatEncoder) text(dst []byte, c *chatWritten, p *writtenPart, said string, logs []byte) []byte {
	name := "content"
	switch {
	case p.kind == chat.Refusal:
		name = "refusal"
	case p.kind == chat.Reasoning && p.state != nil && p.state.Form == formReasoning:
		name = "reasoning"
	case p.kind == chat.Reasoning:
		name = "reasoning_content"
	}
	if p.kind == chat.Reasoning && (p.state == nil || !plain(p.state)) {
		p.said = append(p.said, said...)
	}
	dst = e.begin(dst, c)
	if said != "" || logs == nil {
		dst = putText(dst, name, said)
	}
	return e.endChoice(dst, logs)
}

// mentions appends what a text cites, and the signature beside it.
func (e *chatEncoder) mentions(dst []byte, c *chatWritten, p *chat.Part) []byte {
	said := putMentions([]byte{'{'}, []chat.Part{{Kind: chat.Text, Annotations: p.Annotations, Dialect: p.Dialect, State: p.State}})
	if len(said) == 1 {
		return dst
	}
	return e.endChoice(append(e.begin(dst, c), said[1:]...), nil)
}

func (e *chatEncoder) state(dst []byte, ev *chat.Event) []byte {
	c, p := e.part(ev)
	if p == nil {
		return dst
	}
	s := ev.Part.State
	switch p.kind {
	case chat.Text:
		return e.mentions(dst, c, &ev.Part)
	case chat.Reasoning:
		if s != nil {
			p.state, p.told = s, false
			if p.closed {
				return e.detail(dst, c, p)
			}
		}
	case chat.ToolCall:
		if s != nil && s.Form == formThought && p.call >= 0 {
			dst = putInt(append(e.begin(dst, c), `"tool_calls":[{`...), "index", int64(p.call))
			return e.endChoice(append(putGoogleSignature(dst, s), "}]"...), nil)
		}
	case chat.Audio:
		if len(ev.Part.Extra) > 0 && e.same {
			dst = append(putExtra(append(e.begin(dst, c), `"audio":{`...), ev.Part.Extra), '}')
			return e.endChoice(dst, nil)
		}
	}
	return dst
}

// detail tells the state of reasoning that has come to its end.
func (e *chatEncoder) detail(dst []byte, c *chatWritten, p *writtenPart) []byte {
	if p.kind != chat.Reasoning {
		return dst
	}
	p.closed = true
	s := p.state
	if p.told || s == nil || s.Form == formText || s.Form == formReasoning {
		return dst
	}
	p.told = true
	dst = e.begin(dst, c)
	if s.Form == formDetails {
		return e.endChoice(putRaw(dst, "reasoning_details", []byte(s.Data)), nil)
	}
	dst = appendDetail(append(dst, `"reasoning_details":[`...), c.details, p.id, string(p.said), s)
	c.details++
	return e.endChoice(append(dst, ']'), nil)
}

func (e *chatEncoder) finish(dst []byte, ev *chat.Event) []byte {
	c := e.of(ev.Choice)
	if c.finished {
		return dst
	}
	c.finished = true
	reason, refused := reasonOf(ev.Finish), false
	for i := range c.parts {
		p := &c.parts[i]
		dst = e.detail(dst, c, p)
		refused = refused || p.kind == chat.Refusal
		if p.legacy && ev.Finish == chat.ToolCalls {
			reason = "function_call"
		}
	}
	if refused && ev.Finish == chat.Refused {
		reason = "stop"
	}
	if dst = e.begin(dst, c); e.o.IncludeUsage {
		dst = append(putText(append(dst, `},"logprobs":null`...), "finish_reason", reason), '}')
		return e.endChunk(dst)
	}
	// The last chunk may have to take members: wait for what follows.
	from := len(dst) - len(e.choice(nil, c.index))
	e.held = append(e.held[:0], dst[from:]...)
	e.held = append(putText(append(e.held, `},"logprobs":null`...), "finish_reason", reason), "}]"...)
	return dst[:from]
}

// release appends the chunk that was held back, with members if it is the last.
func (e *chatEncoder) release(dst []byte, last []chat.Member) []byte {
	dst = putExtra(append(dst, e.held...), last)
	if len(e.first) > 0 {
		dst = append(append(dst, ','), e.first...)
		e.first = nil
	}
	e.held = nil
	return append(dst, "}\n\n"...)
}

func (e *chatEncoder) end(dst []byte) []byte {
	if e.done {
		return dst
	}
	e.done = true
	if e.head == nil {
		e.start(&chat.Reply{})
	}
	var last []chat.Member
	if e.o.Last != nil {
		last = e.o.Last()
	}
	last = append(e.late, last...)
	switch {
	case e.o.IncludeUsage:
		dst = append(append(dst, e.head...), `],"usage":`...)
		if e.usage.Known {
			dst = appendUsage(dst, e.usage)
		} else {
			dst = append(dst, "null"...)
		}
		dst = append(putExtra(dst, last), "}\n\n"...)
	case e.held != nil:
		dst = e.release(dst, last)
	}
	return append(dst, "data: [DONE]\n\n"...)
}

// Break appends an error; no [DONE] follows.
func (e *chatEncoder) Break(dst []byte, f *chat.Fault) []byte {
	if e.held != nil {
		dst = e.release(dst, nil)
	}
	if e.done {
		return dst
	}
	e.done = true
	return append(appendFault(append(dst, "data: "...), f), "\n\n"...)
}

// Ping appends a comment.
func (e *chatEncoder) Ping(dst []byte) []byte { return append(dst, ": ping\n\n"...) }

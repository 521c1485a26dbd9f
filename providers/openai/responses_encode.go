package openai

import (
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// Encoder writes a streamed response: each item is announced, told piece by piece and repeated whole, and the last event repeats
// all of them. There is no [DONE].
func (ResponsesCodec) Encoder(o chat.Encoding) chat.Encoder { return &responsesEncoder{o: o} }

type responsesEncoder struct {
	o       chat.Encoding
	w       *response
	seq     int64
	items   [][]byte // by output index; nil = still open
	message *streamedMessage
	parts   []streamedPart
	finish  chat.Finish
	usage   chat.Usage
	done    bool
}

// streamedMessage is the message item that is open.
type streamedMessage struct {
	output int
	parts  []chat.Part // those that are whole
	logs   []byte
	open   int // how many parts were opened
}

// streamedPart is a part under way, or a whole one whose state may still come.
type streamedPart struct {
	index, output, content int
	part                   chat.Part // Text and Arguments are in said until it is closed
	said                   []byte
	logs                   []byte
	native                 bool // reasoning that is told as such, not as a summary
	pieces                 []string
	piece                  int // where the summary that is open begins in said; -1 = none is
	closed                 bool
}

// begin opens an event.
func (e *responsesEncoder) begin(dst []byte, name string) []byte {
	dst = append(append(append(dst, "event: "...), name...), "\ndata: {\"type\":\""...)
	dst = append(append(dst, name...), '"')
	dst = putInt(dst, "sequence_number", e.seq)
	e.seq++
	return dst
}

func end(dst []byte) []byte { return append(dst, "}\n\n"...) }

// of opens an event about an item.
func (e *responsesEncoder) of(dst []byte, name string, output int) []byte {
	dst = putText(e.begin(dst, name), "item_id", e.w.ids[output])
	return putInt(dst, "output_index", int64(output))
}

// Append appends what the event comes to.
func (e *responsesEncoder) Append(dst []byte, ev *chat.Event) []byte {
	if e.done || ev.Choice != 0 {
		return dst
	}
	if e.w == nil && ev.Kind != chat.EventStart && ev.Kind != chat.EventPing && ev.Kind != chat.EventError {
		dst = e.start(dst, &chat.Reply{})
	}
	switch ev.Kind {
	case chat.EventStart:
		if e.w == nil {
			dst = e.start(dst, &ev.Reply)
		}
	case chat.EventOpen:
		dst = e.open(dst, ev)
	case chat.EventDelta:
		if p := e.part(ev.Index); p != nil {
			dst = e.delta(dst, p, ev)
		}
	case chat.EventState:
		if p := e.part(ev.Index); p != nil {
			dst = e.state(dst, p, &ev.Part)
		}
	case chat.EventClose:
		if p := e.part(ev.Index); p != nil {
			dst = e.close(dst, p)
		}
	case chat.EventFinish:
		dst = e.closeAll(dst)
		e.finish = ev.Finish
	case chat.EventUsage:
		e.usage = ev.Usage
	case chat.EventPing:
		dst = e.Ping(dst)
	case chat.EventError:
		dst = e.Break(dst, &ev.Fault)
	case chat.EventEnd:
		dst = e.end(dst)
	}
	return dst
}

func (e *responsesEncoder) part(index int) *streamedPart {
	for i := len(e.parts) - 1; i >= 0; i-- {
		if e.parts[i].index == index {
			return &e.parts[i]
		}
	}
	return nil
}

func (e *responsesEncoder) start(dst []byte, r *chat.Reply) []byte {
	req := e.o.Request
	if req == nil {
		req = r.Request
	}
	e.w = newResponse(r, req)
	for _, name := range []string{"response.created", "response.in_progress"} {
		dst = e.w.append(key(e.begin(dst, name), "response"), "", []byte("[]"), chat.Usage{}, nil)
		dst = end(dst)
	}
	return dst
}

// announce begins an item, of which render appends the object as it is so far.
func (e *responsesEncoder) announce(dst []byte, prefix, id string, render func([]byte, string) []byte) ([]byte, int) {
	output := len(e.items)
	id = e.w.itemID(prefix, id, output)
	e.items = append(e.items, nil)
	dst = putInt(e.begin(dst, "response.output_item.added"), "output_index", int64(output))
	return end(render(key(dst, "item"), id)), output
}

// whole ends an item.
func (e *responsesEncoder) whole(dst []byte, output int, item []byte) []byte {
	e.items[output] = item
	dst = putInt(e.begin(dst, "response.output_item.done"), "output_index", int64(output))
	return end(putRaw(dst, "item", item))
}

// render is an item as it ends up.
func (e *responsesEncoder) render(parts []chat.Part, logs []byte) []byte {
	n := len(e.w.ids)
	item, _ := e.w.item(nil, parts, logs, 0)
	e.w.ids = e.w.ids[:n]
	return item
}

func (e *responsesEncoder) open(dst []byte, ev *chat.Event) []byte {
	p := streamedPart{index: ev.Index, part: ev.Part, piece: -1}
	switch ev.Part.Kind {
	case chat.Text, chat.Refusal:
		dst = e.openText(e.closeTold(dst), &p)
	case chat.Reasoning:
		dst = e.closeMessage(e.closeTold(dst))
		p.native = isNative(&ev.Part, e.w.same)
		dst, p.output = e.announce(dst, "rs_", ev.Part.ID, func(dst []byte, id string) []byte {
			return append(e.w.openItem(dst, "reasoning", id), `,"summary":[]}`...)
		})
		p.part.ID = e.w.ids[p.output]
		if p.native {
			dst = putInt(e.of(dst, "response.content_part.added", p.output), "content_index", 0)
			dst = end(append(dst, `,"part":{"type":"reasoning_text","text":""}`...))
		}
	case chat.ToolCall:
		dst = e.openCall(e.closeMessage(e.closeTold(dst)), &p)
	default:
		return e.piece(dst, &ev.Part)
	}
	pieces := ev.Part.Summary
	p.part.Text = ""
	e.parts = append(e.parts, p)
	at := &e.parts[len(e.parts)-1]
	switch {
	case ev.Part.Call != nil:
		if said := ev.Part.Call.Arguments; said != "" {
			dst = e.more(dst, at, said, nil)
		}
	case len(pieces) > 0 && ev.Part.Text == strings.Join(pieces, between):
		for i, s := range pieces {
			if i > 0 {
				dst = e.nextSummary(dst, at)
			}
			dst = e.more(dst, at, s, nil)
		}
	case ev.Part.Text != "":
		dst = e.more(dst, at, ev.Part.Text, nil)
	}
	if ev.Part.Kind == chat.Text && ev.Part.Annotations != nil {
		at.part.Annotations = nil
		dst = e.cite(dst, at, ev.Part.Annotations, ev.Part.Dialect)
	}
	return dst
}

func (e *responsesEncoder) openText(dst []byte, p *streamedPart) []byte {
	id := p.part.ID
	if m := e.message; m == nil || id != "" && e.w.same && id != e.w.ids[m.output] {
		dst = e.closeMessage(dst)
		m = &streamedMessage{}
		dst, m.output = e.announce(dst, "msg_", id, func(dst []byte, id string) []byte {
			return append(e.w.openMessage(dst, &p.part, id, "in_progress"), "]}"...)
		})
		e.message = m
	}
	m := e.message
	p.output, p.content, p.part.ID = m.output, m.open, e.w.ids[m.output]
	m.open++
	dst = putInt(e.of(dst, "response.content_part.added", p.output), "content_index", int64(p.content))
	if p.part.Kind == chat.Refusal {
		return end(append(dst, `,"part":{"type":"refusal","refusal":""}`...))
	}
	return end(append(dst, `,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}`...))
}

func (e *responsesEncoder) openCall(dst []byte, p *streamedPart) []byte {
	call := *p.part.Call
	call.Arguments = ""
	p.part.Call = &call
	dst, p.output = e.announce(dst, callPrefix(&call), p.part.ID, func(dst []byte, id string) []byte {
		dst = putText(e.w.openItem(dst, callKind(&call), id), "status", "in_progress")
		return append(putCallItem(dst, &call, e.w.req), '}')
	})
	p.part.ID = e.w.ids[p.output]
	return dst
}

// piece tells a part that comes in one piece: an item that only Responses know, a picture.
func (e *responsesEncoder) piece(dst []byte, p *chat.Part) []byte {
	item := e.render([]chat.Part{*p}, nil)
	if item == nil {
		return dst
	}
	dst = e.closeMessage(e.closeTold(dst))
	id := text(get(item, "id"))
	e.w.ids = append(e.w.ids, id)
	output := len(e.items)
	e.items = append(e.items, nil)
	if p.Kind == chat.Image {
		part := *p
		part.ID = "ig_" + strings.TrimPrefix(e.w.id, "resp_") + "_" + strconv.Itoa(output)
		item = e.render([]chat.Part{part}, nil)
		e.w.ids[output] = part.ID
	}
	dst = putInt(e.begin(dst, "response.output_item.added"), "output_index", int64(output))
	return e.whole(end(putRaw(dst, "item", item)), output, item)
}

func (e *responsesEncoder) delta(dst []byte, p *streamedPart, ev *chat.Event) []byte {
	if p.part.Kind == chat.Reasoning && ev.Part.Summary != nil {
		return e.nextSummary(dst, p)
	}
	if logs := contentLogs(ev.Logprobs); ev.Text != "" || logs != nil {
		return e.more(dst, p, ev.Text, logs)
	}
	return dst
}

// more tells more of a part.
func (e *responsesEncoder) more(dst []byte, p *streamedPart, said string, logs []byte) []byte {
	name, index, at := "", "content_index", p.content
	switch k := p.part.Kind; {
	case p.closed:
		return dst
	case k == chat.Refusal:
		name = "response.refusal.delta"
	case k == chat.Text:
		name = "response.output_text.delta"
	case k == chat.ToolCall && p.part.Call.Custom:
		name, index = "response.custom_tool_call_input.delta", ""
	case k == chat.ToolCall:
		name, index = "response.function_call_arguments.delta", ""
	case p.native:
		name = "response.reasoning_text.delta"
	default:
		if p.piece < 0 {
			p.piece = len(p.said)
			dst = putInt(e.of(dst, "response.reasoning_summary_part.added", p.output), "summary_index", int64(len(p.pieces)))
			dst = end(append(dst, `,"part":{"type":"summary_text","text":""}`...))
		}
		name, index, at = "response.reasoning_summary_text.delta", "summary_index", len(p.pieces)
	}
	p.said = append(p.said, said...)
	dst = e.of(dst, name, p.output)
	if index != "" {
		dst = putInt(dst, index, int64(at))
	}
	dst = putText(dst, "delta", said)
	if p.part.Kind == chat.Text {
		if logs == nil {
			return end(append(dst, `,"logprobs":[]`...))
		}
		dst = putRaw(dst, "logprobs", logs)
		p.logs = contentLogs(joinLogs(choiceLogs(p.logs), choiceLogs(logs)))
	}
	return end(dst)
}

// nextSummary ends a summary, behind which another begins.
func (e *responsesEncoder) nextSummary(dst []byte, p *streamedPart) []byte {
	if dst = e.endSummary(dst, p); !p.native {
		p.said = append(p.said, between...)
	}
	return dst
}

func (e *responsesEncoder) endSummary(dst []byte, p *streamedPart) []byte {
	if p.piece < 0 {
		return dst
	}
	said, at := string(p.said[p.piece:]), int64(len(p.pieces))
	p.pieces, p.piece = append(p.pieces, said), -1
	dst = putInt(e.of(dst, "response.reasoning_summary_text.done", p.output), "summary_index", at)
	dst = end(putText(dst, "text", said))
	dst = putInt(e.of(dst, "response.reasoning_summary_part.done", p.output), "summary_index", at)
	dst = putText(append(dst, `,"part":{"type":"summary_text"`...), "text", said)
	return end(append(dst, '}'))
}

func (e *responsesEncoder) state(dst []byte, p *streamedPart, s *chat.Part) []byte {
	switch p.part.Kind {
	case chat.Text:
		if s.Annotations != nil && !p.closed {
			dst = e.cite(dst, p, s.Annotations, s.Dialect)
		}
	case chat.Reasoning:
		if s.State != nil {
			p.part.State = s.State
		}
		if s.Summary != nil {
			p.part.Summary = s.Summary
		}
		if p.part.Extra = append(p.part.Extra, s.Extra...); p.closed { // too late for its item, not for the whole
			e.items[p.output] = e.render([]chat.Part{p.part}, nil)
		}
	}
	return dst
}

// cite tells what a text cites.
func (e *responsesEncoder) cite(dst []byte, p *streamedPart, list []byte, d chat.Dialect) []byte {
	n := 0
	for range chat.Array(p.part.Annotations) {
		n++
	}
	all := []byte{'['}
	if n > 0 {
		all = append(all[:0], p.part.Annotations[:len(p.part.Annotations)-1]...)
	}
	for _, a := range chat.Array(list) {
		one := appendAnnotation(nil, a, d, chat.Responses)
		if len(one) == 0 {
			continue
		}
		all = append(comma(all), one...)
		dst = putInt(e.of(dst, "response.output_text.annotation.added", p.output), "content_index", int64(p.content))
		dst = end(putRaw(putInt(dst, "annotation_index", int64(n)), "annotation", one))
		n++
	}
	if n > 0 {
		p.part.Annotations, p.part.Dialect = append(all, ']'), chat.Responses
	}
	return dst
}

// closeTold ends the text or the reasoning that is open: only calls may go on beside others.
func (e *responsesEncoder) closeTold(dst []byte) []byte {
	for i := range e.parts {
		if e.parts[i].part.Kind != chat.ToolCall {
			dst = e.close(dst, &e.parts[i])
		}
	}
	return dst
}

func (e *responsesEncoder) close(dst []byte, p *streamedPart) []byte {
	if p.closed {
		return dst
	}
	p.closed = true
	switch p.part.Kind {
	case chat.Text, chat.Refusal:
		return e.closeText(dst, p)
	case chat.Reasoning:
		if dst = e.endSummary(dst, p); p.native {
			p.part.Text = string(p.said)
			dst = putInt(e.of(dst, "response.reasoning_text.done", p.output), "content_index", 0)
			dst = end(putText(dst, "text", p.part.Text))
			dst = putInt(e.of(dst, "response.content_part.done", p.output), "content_index", 0)
			dst = end(append(putText(append(dst, `,"part":{"type":"reasoning_text"`...), "text", p.part.Text), '}'))
		} else {
			p.part.Text = string(p.said)
			if len(p.pieces) > 1 || p.part.Summary != nil {
				p.part.Summary = p.pieces
			}
		}
		return e.whole(dst, p.output, e.render([]chat.Part{p.part}, nil))
	}
	c := p.part.Call
	c.Arguments = string(p.said)
	if c.Custom {
		dst = putText(e.of(dst, "response.custom_tool_call_input.done", p.output), "input", c.Arguments)
	} else {
		dst = e.of(dst, "response.function_call_arguments.done", p.output)
		dst = putText(putText(dst, "name", c.Name), "arguments", c.Arguments)
	}
	return e.whole(end(dst), p.output, e.render([]chat.Part{p.part}, nil))
}

func (e *responsesEncoder) closeText(dst []byte, p *streamedPart) []byte {
	p.part.Text = string(p.said)
	if p.part.Kind == chat.Refusal {
		dst = putInt(e.of(dst, "response.refusal.done", p.output), "content_index", int64(p.content))
		dst = end(putText(dst, "refusal", p.part.Text))
	} else {
		dst = putInt(e.of(dst, "response.output_text.done", p.output), "content_index", int64(p.content))
		if dst = putText(dst, "text", p.part.Text); p.logs == nil {
			dst = append(dst, `,"logprobs":[]`...)
		} else {
			dst = putRaw(dst, "logprobs", p.logs)
		}
		dst = end(dst)
	}
	dst = putInt(e.of(dst, "response.content_part.done", p.output), "content_index", int64(p.content))
	dst = end(appendOutputPart(append(dst, `,"part":`...), &p.part, p.logs))
	if m := e.message; m != nil {
		m.parts = append(m.parts, p.part)
		if p.logs != nil {
			m.logs = contentLogs(joinLogs(choiceLogs(m.logs), choiceLogs(p.logs)))
		}
	}
	return dst
}

func (e *responsesEncoder) closeMessage(dst []byte) []byte {
	m := e.message
	if m == nil {
		return dst
	}
	e.message = nil
	return e.whole(dst, m.output, e.render(m.parts, m.logs))
}

func (e *responsesEncoder) closeAll(dst []byte) []byte {
	for i := range e.parts {
		dst = e.close(dst, &e.parts[i])
	}
	return e.closeMessage(dst)
}

// output is the list of the items that are whole.
func (e *responsesEncoder) output() []byte {
	out := []byte{'['}
	for _, item := range e.items {
		if item != nil {
			out = append(comma(out), item...)
		}
	}
	return append(out, ']')
}

func (e *responsesEncoder) end(dst []byte) []byte {
	dst = e.closeAll(dst)
	e.done = true
	f := ending(e.finish, slices.ContainsFunc(e.parts, func(p streamedPart) bool { return p.part.Kind == chat.Refusal }))
	if f == "" {
		f = chat.Stop
	}
	name := "response.completed"
	if f == chat.Length || f == chat.ContextFull || f == chat.ContentFilter {
		name = "response.incomplete"
	}
	dst = e.w.append(key(e.begin(dst, name), "response"), f, e.output(), e.usage, nil)
	if e.o.Last != nil {
		dst = putExtra(dst, e.o.Last())
	}
	return end(dst)
}

// Break appends response.failed with the items that were whole; error, if nothing was told yet.
func (e *responsesEncoder) Break(dst []byte, f *chat.Fault) []byte {
	if e.done {
		return dst
	}
	e.done = true
	if e.w == nil {
		dst = putText(nullOr(e.begin(dst, "error"), "code", f.Code), "message", f.Message)
		return end(nullOr(dst, "param", f.Param))
	}
	dst = e.w.append(key(e.begin(dst, "response.failed"), "response"), "", e.output(), e.usage, f)
	return end(dst)
}

// Ping appends a comment.
func (e *responsesEncoder) Ping(dst []byte) []byte { return append(dst, ": ping\n\n"...) }

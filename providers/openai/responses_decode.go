package openai

import (
	"bytes"
	"errors"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// Decoder reads a streamed response.
func (ResponsesCodec) Decoder() chat.Decoder { return &responsesDecoder{} }

type responsesDecoder struct {
	started, ended, tools bool
	next                  int
	items                 []streamedItem
	event                 chat.Event // reused
	seen                  int        // items whose parts were told
}

// streamedItem is an item under way.
type streamedItem struct {
	output int64
	id     string
	kind   string
	call   *chat.Call
	extra  []chat.Member
	part   int // the open part; -1 = none
	parts  int // how many there were
	part0  int64
	said   bool // arguments, text or summaries came in pieces
	logged bool
	piece  int64 // the summary that is being told
	done   bool
}

// fields are the members of an event.
type fields struct {
	kind, delta, item, part, response, logprobs, arguments []byte
	output, content, summary                               int64
}

func (f *fields) read(data []byte) bool {
	s := scan{b: data}
	s.space()
	if s.peek() != '{' {
		return false
	}
	s.i++
	for s.more('}') {
		member := s.key()
		from := s.i
		s.skip()
		v := data[from:s.i]
		n := scan{b: v}
		switch string(member) {
		case "type":
			f.kind = v
		case "delta":
			f.delta = v
		case "item":
			f.item = v
		case "part":
			f.part = v
		case "response":
			f.response = v
		case "logprobs":
			f.logprobs = v
		case "arguments", "input":
			f.arguments = v
		case "output_index":
			f.output = n.number()
		case "content_index":
			f.content = n.number()
		case "summary_index":
			f.summary = n.number()
		}
	}
	return !s.bad
}

// Decode tells what an event holds.
func (d *responsesDecoder) Decode(name string, data []byte, tell func(*chat.Event)) error {
	var f fields
	if !f.read(data) {
		if bytes.Equal(bytes.TrimSpace(data), done) { // some gateways send one
			return nil
		}
		return errors.New("response event: it is cut or no JSON")
	}
	kind := text(f.kind)
	if kind == "" {
		kind = name
	}
	switch kind {
	case "response.created":
		d.start(f.response, tell)
	case "response.output_item.added":
		d.added(&f)
	case "response.content_part.added":
		d.partAdded(&f, tell)
	case "response.output_text.delta":
		d.text(&f, chat.Text, tell)
	case "response.refusal.delta":
		d.text(&f, chat.Refusal, tell)
	case "response.reasoning_text.delta":
		d.reason(&f, false, tell)
	case "response.reasoning_summary_text.delta":
		d.reason(&f, true, tell)
	case "response.content_part.done":
		d.partDone(&f, tell)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		d.arguments(&f, tell)
	case "response.output_item.done":
		d.itemDone(&f, tell)
	case "response.completed", "response.incomplete":
		d.finish(f.response, tell)
	case "response.failed", "error":
		d.fault(data, tell)
	case "":
		if !empty(get(data, "error")) {
			d.fault(data, tell)
		}
	}
	return nil
}

func (d *responsesDecoder) fault(data []byte, tell func(*chat.Event)) {
	d.ended = true
	d.event = chat.Event{Kind: chat.EventError, Fault: readFault(data)}
	tell(&d.event)
}

// start tells the head of the response, with the settings that it repeats.
func (d *responsesDecoder) start(response []byte, tell func(*chat.Event)) {
	if d.started {
		return
	}
	d.started = true
	r := chat.Reply{From: chat.Responses}
	for name, v := range chat.Object(bytes.Clone(response)) {
		switch {
		case isNull(v) || name == "object" || name == "output" || name == "usage" || name == "status" || name == "error" ||
			name == "incomplete_details" || name == "output_text":
		case !head(&r, name, v):
			r.Extra = append(r.Extra, chat.Member{Name: name, Value: v})
		}
	}
	d.event = chat.Event{Kind: chat.EventStart, Reply: r}
	tell(&d.event)
}

// of is the item at an index; it is begun if nobody announced it.
func (d *responsesDecoder) of(output int64) *streamedItem {
	for i := len(d.items) - 1; i >= 0; i-- {
		if d.items[i].output == output {
			return &d.items[i]
		}
	}
	d.items = append(d.items, streamedItem{output: output, part: -1})
	return &d.items[len(d.items)-1]
}

func (d *responsesDecoder) added(f *fields) {
	it := d.of(f.output)
	item := bytes.Clone(f.item)
	it.kind, it.id = text(get(item, "type")), text(get(item, "id"))
	switch it.kind {
	case "message":
		it.extra = itemExtra(item)
	case "function_call", "custom_tool_call":
		p := readItem(item, it.kind)
		it.call, it.extra = p.Call, nil
		for _, m := range p.Extra {
			if m.Name != "status" {
				it.extra = append(it.extra, m)
			}
		}
	}
}

func (d *responsesDecoder) open(it *streamedItem, p chat.Part, tell func(*chat.Event)) {
	if p.ID = it.id; it.parts == 0 {
		p.Extra = it.extra
	}
	it.part, it.parts = d.next, it.parts+1
	d.event = chat.Event{Kind: chat.EventOpen, Index: d.next, Part: p}
	d.next++
	d.seen++
	tell(&d.event)
}

func (d *responsesDecoder) close(it *streamedItem, tell func(*chat.Event)) {
	if it.part < 0 {
		return
	}
	d.event = chat.Event{Kind: chat.EventClose, Index: it.part}
	it.part = -1
	tell(&d.event)
}

func (d *responsesDecoder) partAdded(f *fields, tell func(*chat.Event)) {
	it := d.of(f.output)
	kind := chat.Text
	switch text(get1(f.part, "type")) {
	case "refusal":
		kind = chat.Refusal
	case "output_text":
	default:
		return // reasoning, which opens with its first piece
	}
	d.close(it, tell)
	it.said, it.logged, it.part0 = false, false, f.content
	d.open(it, chat.Part{Kind: kind, Text: own(get1(f.part, "text")) + own(get1(f.part, "refusal"))}, tell)
}

func (d *responsesDecoder) text(f *fields, kind chat.Kind, tell func(*chat.Event)) {
	it := d.of(f.output)
	if it.part >= 0 && it.part0 != f.content {
		d.close(it, tell)
	}
	if it.part < 0 {
		it.part0, it.said, it.logged = f.content, false, false
		d.open(it, chat.Part{Kind: kind}, tell)
	}
	it.said = true
	d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Text: own(f.delta)}
	if !empty(f.logprobs) {
		it.logged = true
		d.event.Logprobs = choiceLogs(f.logprobs)
	}
	tell(&d.event)
}

// partDone completes a text: what it cites, and what did not come in pieces.
func (d *responsesDecoder) partDone(f *fields, tell func(*chat.Event)) {
	it := d.of(f.output)
	if it.part < 0 || it.kind == "reasoning" {
		return
	}
	d.complete(it, bytes.Clone(f.part), tell)
	d.close(it, tell)
}

func (d *responsesDecoder) complete(it *streamedItem, part []byte, tell func(*chat.Event)) {
	p, logs := readOutputPart(part, it.id)
	if it.said {
		p.Text = ""
	}
	if it.logged {
		logs = nil
	}
	if p.Text != "" || logs != nil {
		d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Text: p.Text, Logprobs: logs}
		tell(&d.event)
	}
	if p.Annotations != nil {
		d.event = chat.Event{Kind: chat.EventState, Index: it.part, Part: chat.Part{Annotations: p.Annotations, Dialect: chat.Responses}}
		tell(&d.event)
	}
}

// reason tells reasoning; between two summaries, which are one text, it puts an empty line, marked by a Summary that is not nil.
func (d *responsesDecoder) reason(f *fields, summary bool, tell func(*chat.Event)) {
	it := d.of(f.output)
	said := own(f.delta)
	if it.part < 0 {
		p := chat.Part{Kind: chat.Reasoning, Text: said}
		if it.piece = f.summary; summary {
			p.Summary = []string{}
		} else {
			p.State = &chat.State{Form: formText}
		}
		it.said = true
		d.open(it, p, tell)
		return
	}
	if summary && it.piece != f.summary {
		it.piece = f.summary
		d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Text: between, Part: chat.Part{Summary: []string{}}}
		tell(&d.event)
	}
	d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Text: said}
	tell(&d.event)
}

// arguments tells a piece of a call, which opens with the first.
func (d *responsesDecoder) arguments(f *fields, tell func(*chat.Event)) {
	it := d.of(f.output)
	if it.call == nil {
		return // it would be a call without a name; the item tells it when it is done
	}
	said := own(f.delta)
	it.said = it.said || said != ""
	d.openCall(it, tell)
	if said != "" {
		d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Text: said}
		tell(&d.event)
	}
}

func (d *responsesDecoder) openCall(it *streamedItem, tell func(*chat.Event)) {
	if it.part < 0 {
		d.tools = true
		call := *it.call
		d.open(it, chat.Part{Kind: chat.ToolCall, Call: &call}, tell)
	}
}

func (d *responsesDecoder) itemDone(f *fields, tell func(*chat.Event)) {
	it := d.of(f.output)
	if it.done {
		return
	}
	it.done = true
	item := bytes.Clone(f.item)
	it.kind, it.id = text(get(item, "type")), text(get(item, "id"))
	switch it.kind {
	case "message":
		d.messageDone(it, item, tell)
	case "reasoning":
		d.reasoningDone(it, readReasoning(item), tell)
	case "function_call", "custom_tool_call":
		p := readItem(item, it.kind)
		if it.call == nil {
			it.call, it.extra = p.Call, p.Extra
		}
		said := it.said || it.call.Arguments != ""
		if d.openCall(it, tell); !said && p.Call.Arguments != "" {
			d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Text: p.Call.Arguments}
			tell(&d.event)
		}
	default:
		p := other(item)
		d.open(it, p, tell)
	}
	d.close(it, tell)
}

// messageDone tells what of a message was not told yet.
func (d *responsesDecoder) messageDone(it *streamedItem, item []byte, tell func(*chat.Event)) {
	n := 0
	for _, raw := range chat.Array(get(item, "content")) {
		n++
		switch {
		case n < it.parts || n == it.parts && it.part < 0: // it was told and closed
		case n == it.parts:
			d.complete(it, raw, tell)
		default:
			p, logs := readOutputPart(raw, it.id)
			d.close(it, tell)
			d.open(it, p, tell)
			if logs != nil {
				d.event = chat.Event{Kind: chat.EventDelta, Index: it.part, Logprobs: logs}
				tell(&d.event)
			}
		}
	}
	if it.parts == 0 {
		it.extra = itemExtra(item)
		d.open(it, chat.Part{Kind: chat.Text}, tell)
	}
}

// reasoningDone tells the state, and the summaries one by one.
func (d *responsesDecoder) reasoningDone(it *streamedItem, p chat.Part, tell func(*chat.Event)) {
	if it.part < 0 {
		it.extra = p.Extra
		d.open(it, p, tell)
		return
	}
	state := chat.Part{State: p.State, Summary: p.Summary, Extra: p.Extra}
	if p.Summary == nil && p.State != nil && p.State.Form != formEncrypted {
		state.Summary = []string{} // the summary was the text itself
	}
	d.event = chat.Event{Kind: chat.EventState, Index: it.part, Part: state}
	tell(&d.event)
}

func (d *responsesDecoder) finish(response []byte, tell func(*chat.Event)) {
	if d.ended {
		return
	}
	d.start(response, tell)
	for i := range d.items {
		d.close(&d.items[i], tell)
	}
	var r chat.Reply
	if err := readResponse(bytes.Clone(response), &r); err != nil {
		d.ended = true
		d.event = chat.Event{Kind: chat.EventError, Fault: chat.Fault{Type: "server_error", Message: strings.TrimPrefix(err.Error(), "response: ")}}
		tell(&d.event)
		return
	}
	c := &r.Choices[0]
	if d.seen == 0 { // a stream that told nothing but its end
		for _, p := range c.Parts {
			d.event = chat.Event{Kind: chat.EventOpen, Index: d.next, Part: p}
			tell(&d.event)
			d.event = chat.Event{Kind: chat.EventClose, Index: d.next}
			d.next++
			tell(&d.event)
		}
	}
	f := c.Finish
	if f == chat.Stop && d.tools {
		f = chat.ToolCalls
	}
	d.event = chat.Event{Kind: chat.EventFinish, Finish: f}
	tell(&d.event)
	if r.Usage.Known {
		d.event = chat.Event{Kind: chat.EventUsage, Usage: r.Usage}
		tell(&d.event)
	}
	d.ended = true
	d.event = chat.Event{Kind: chat.EventEnd}
	tell(&d.event)
}

// End ends a stream: without response.completed it was not whole.
func (d *responsesDecoder) End(tell func(*chat.Event)) {
	if d.ended {
		return
	}
	d.ended = true
	for i := range d.items {
		d.close(&d.items[i], tell)
	}
}

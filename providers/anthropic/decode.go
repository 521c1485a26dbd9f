package anthropic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// Decoder reads a streamed answer.
func (codec) Decoder() chat.Decoder { return new(decoder) }

// decoder turns the events of one stream into hub events. Blocks come one after the other, so that a block's number in the
// hub is how many came before it.
type decoder struct {
	open   []block
	next   int // number of the next part
	usage  chat.Usage
	event  chat.Event // told; reused
	id     string
	begun  bool
	ended  bool
	finish bool // why it ended has been told
}

// block is a block that has begun and not stopped.
type block struct {
	wire   int64
	part   int
	kind   chat.Kind
	input  []byte // Other: the input so far. ToolCall: the input that stood in the start
	filled bool   // a part of the input was told
	start  []byte // Other: the block as it began, with what deltas of unknown kinds have added
}

// Decode tells what one event holds.
func (d *decoder) Decode(name string, data []byte, tell func(*chat.Event)) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || d.ended {
		return nil
	}
	if err := chat.Check(data); err != nil {
		return fmt.Errorf("messages: event %q: %w", name, err)
	}
	e := split(name, data)
	switch e.kind {
	case "message_start":
		d.begin(&e, tell)
	case "content_block_start":
		d.openBlock(&e, tell)
	case "content_block_delta":
		d.delta(&e, tell)
	case "content_block_stop":
		d.stop(e.index, tell)
	case "message_delta":
		d.messageDelta(&e, tell)
	case "message_stop":
		d.end(tell)
	case "error":
		d.ended = true
		d.say(chat.EventError, 0).Fault = readFault(data)
		tell(&d.event)
	default: // ping, and what came later than this code
		d.say(chat.EventPing, 0)
		tell(&d.event)
	}
	return nil
}

// End tells an end where the bytes end: a proper one if all of the answer was there, the mark alone missing.
func (d *decoder) End(tell func(*chat.Event)) {
	if d.ended {
		return
	}
	if d.finish {
		d.end(tell)
		return
	}
	for len(d.open) > 0 {
		d.stop(d.open[0].wire, tell)
	}
	d.ended = true
}

// say makes the event ready that is told next; part is 0 where it is about none.
func (d *decoder) say(kind chat.EventKind, part int) *chat.Event {
	d.event = chat.Event{Kind: kind, Index: part}
	return &d.event
}

func (d *decoder) begin(e *event, tell func(*chat.Event)) {
	if d.begun {
		d.again(e, tell)
		return
	}
	d.begun = true
	r := &d.say(chat.EventStart, 0).Reply
	r.From = chat.Messages
	var use json.RawMessage
	for name, v := range chat.Object(e.message) {
		switch name {
		case "id":
			r.ID, _ = chat.Unquote(v)
		case "model":
			r.Model, _ = chat.Unquote(v)
		case "usage":
			use = v
		case "type", "role", "content", "stop_reason", "stop_sequence":
		default:
			if !null(v) {
				r.Extra = append(r.Extra, chat.Member{Name: strings.Clone(name), Value: kept(v)})
			}
		}
	}
	r.ServiceTier, _ = chat.Unquote(get(use, "service_tier"))
	r.Extra = usageExtra(use, r.Extra)
	d.usage.Update(usage(use))
	r.Usage = d.usage
	d.id = r.ID
	tell(&d.event)
	if d.usage.Known {
		d.say(chat.EventUsage, 0).Usage = d.usage
		tell(&d.event)
	}
}

// again is a second message_start. Some gateways send it twice; with another id something on the way has lost the answer and
// asked anew, and what came before can't be taken back: the stream is broken.
func (d *decoder) again(e *event, tell func(*chat.Event)) {
	if id, _ := chat.View(get(e.message, "id")); id == d.id {
		d.say(chat.EventPing, 0)
		tell(&d.event)
		return
	}
	d.ended = true
	d.say(chat.EventError, 0).Fault = chat.Fault{
		Status: 502, Type: "server_error", Code: "api_error", Message: "the provider's stream broke off, and another answer began in it",
	}
	tell(&d.event)
}

func (d *decoder) openBlock(e *event, tell func(*chat.Event)) {
	if len(e.block) == 0 || e.block[0] != '{' {
		return
	}
	if d.find(e.index) != nil { // begun again without a stop
		d.stop(e.index, tell)
	}
	whole := kept(e.block) // parts are views of the copy, and outlive the event
	r := reader{body: whole, answer: true}
	p := r.block(whole)
	b := block{wire: e.index, kind: p.Kind, part: d.next}
	switch {
	case r.err != nil || p.Kind == chat.Other:
		b.kind, b.start = chat.Other, whole
	case p.Kind == chat.ToolCall:
		if a := p.Call.Arguments; a != "{}" && a != "" {
			b.input = []byte(p.Call.Arguments) // all of it, of those who don't send it in parts
		}
		p.Call.Arguments = ""
	}
	d.open = append(d.open, b)
	d.next++
	if b.kind != chat.Other { // those are told when they are whole
		d.say(chat.EventOpen, b.part).Part = p
		tell(&d.event)
	}
}

func (d *decoder) find(wire int64) *block {
	for i := range d.open {
		if d.open[i].wire == wire {
			return &d.open[i]
		}
	}
	return nil
}

func (d *decoder) delta(e *event, tell func(*chat.Event)) {
	var kind string
	var text, signature, citation json.RawMessage
	for name, v := range chat.Object(e.delta) {
		switch name {
		case "type":
			kind, _ = chat.View(v)
		case "text", "thinking", "partial_json":
			text = v
		case "signature":
			signature = v
		case "citation":
			citation = v
		}
	}
	b := d.find(e.index)
	if b == nil {
		if b = d.implied(e.index, kind, tell); b == nil {
			return
		}
	}
	if b.kind == chat.Other {
		b.add(kind, text, e.delta)
		return
	}
	switch kind {
	case "text_delta", "thinking_delta", "input_json_delta":
		s, _ := chat.Unquote(text)
		if s == "" {
			return
		}
		b.filled = true
		d.say(chat.EventDelta, b.part).Text = s
	case "signature_delta":
		s, _ := chat.Unquote(signature)
		if s == "" {
			return
		}
		d.say(chat.EventState, b.part).Part = chat.Part{Kind: b.kind, State: stateOf(Signature, s)}
	case "citations_delta":
		list := append(append([]byte{'['}, citation...), ']')
		d.say(chat.EventState, b.part).Part = chat.Part{Kind: b.kind, Annotations: list, Dialect: chat.Messages}
	default:
		return
	}
	tell(&d.event)
}

// implied opens a block of text or thinking whose start was left out.
func (d *decoder) implied(wire int64, kind string, tell func(*chat.Event)) *block {
	p := chat.Part{Kind: chat.Text}
	switch kind {
	case "text_delta":
	case "thinking_delta":
		p.Kind = chat.Reasoning
	default:
		return nil
	}
	d.open = append(d.open, block{wire: wire, kind: p.Kind, part: d.next})
	d.next++
	d.say(chat.EventOpen, d.next-1).Part = p
	tell(&d.event)
	return &d.open[len(d.open)-1]
}

// add takes in a delta of a block that only this dialect knows: a part of its input, or members that go into it, texts as
// more of the text.
func (b *block) add(kind string, text, delta json.RawMessage) {
	if kind == "input_json_delta" {
		s, _ := chat.View(text)
		b.input, b.filled = append(b.input, s...), true
		return
	}
	for name, v := range chat.Object(delta) {
		if name == "type" {
			continue
		}
		old, was := chat.View(get(b.start, name))
		more, is := chat.View(v)
		edit := chat.Edit{Kind: chat.Set, Name: name, Value: v}
		if was && is {
			edit.Value, edit.Text = nil, old+more
		}
		b.start = chat.EditMembers(nil, b.start, edit)
	}
}

func (d *decoder) stop(wire int64, tell func(*chat.Event)) {
	b := d.find(wire)
	if b == nil {
		return
	}
	switch {
	case b.kind == chat.Other:
		if b.filled && chat.Check(b.input) == nil {
			b.start = chat.EditMembers(nil, b.start, chat.Edit{Kind: chat.Set, Name: "input", Value: b.input})
		}
		d.say(chat.EventOpen, b.part).Part = other(b.start)
		tell(&d.event)
	case b.kind == chat.ToolCall && !b.filled: // a tool without arguments
		if b.input == nil {
			b.input = []byte("{}")
		}
		d.say(chat.EventDelta, b.part).Text = string(b.input)
		tell(&d.event)
	}
	d.say(chat.EventClose, b.part)
	for i := range d.open {
		if d.open[i].wire == wire {
			d.open = append(d.open[:i], d.open[i+1:]...)
			break
		}
	}
	tell(&d.event)
}

func (d *decoder) messageDelta(e *event, tell func(*chat.Event)) {
	var late []chat.Member
	var reason, sequence string
	var unknown json.RawMessage
	for name, v := range chat.Object(e.delta) {
		switch {
		case null(v):
		case name == "stop_reason":
			reason, _ = chat.View(v)
			unknown = v
		case name == "stop_sequence":
			sequence, _ = chat.Unquote(v)
		default:
			late = append(late, chat.Member{Name: strings.Clone(name), Value: kept(v)})
		}
	}
	if !null(e.context) {
		late = append(late, chat.Member{Name: "context_management", Value: kept(e.context)})
	}
	if reason != "" {
		why, known := finish(reason)
		if !known {
			late = append(late, chat.Member{Name: "stop_reason", Value: kept(unknown)})
		}
		d.finish = true
		f := d.say(chat.EventFinish, 0)
		f.Finish, f.Sequence, f.Reply.Extra = why, sequence, late
		tell(&d.event)
		late = nil
	}
	late = usageExtra(e.usage, late)
	if d.usage.Update(usage(e.usage)); d.usage.Known || late != nil {
		u := d.say(chat.EventUsage, 0)
		u.Usage, u.Reply.Extra = d.usage, late
		tell(&d.event)
	}
}

func (d *decoder) end(tell func(*chat.Event)) {
	for len(d.open) > 0 {
		d.stop(d.open[0].wire, tell)
	}
	d.ended = true
	d.say(chat.EventEnd, 0)
	tell(&d.event)
}

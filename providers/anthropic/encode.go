package anthropic

import (
	"encoding/json"
	"strings"
	"unsafe"

	"github.com/routor/routor/engine/chat"
)

// Encoder writes a streamed answer.
func (codec) Encoder(o chat.Encoding) chat.Encoder { return &encoder{options: o} }

// encoder writes the events of one stream: message_start, a ping, the blocks one after the other, message_delta,
// message_stop. What the hub tells of one part while the block of another stands open waits until that one is closed.
type encoder struct {
	options chat.Encoding
	ending  ending
	reply   chat.Reply // the head
	usage   chat.Usage
	parts   []*part // in the order in which they were opened, those that are done left out
	done    []*part // what was written whole: more of their text becomes another block
	blocks  int64   // how many blocks have begun
	begun   bool
	over    bool
}

// part is a part of the answer on its way to becoming a block.
type part struct {
	index  int
	head   chat.Part
	block  int64 // its number; -1 = not begun
	text   []byte
	cites  []json.RawMessage
	closed bool
	silent bool // it can't be said
}

// Append appends what an event comes to.
func (e *encoder) Append(dst []byte, ev *chat.Event) []byte {
	if e.over {
		return dst
	}
	if !e.begun && ev.Kind != chat.EventStart && ev.Kind != chat.EventPing && ev.Kind != chat.EventError {
		dst = e.start(dst, &chat.Reply{})
	}
	switch ev.Kind {
	case chat.EventStart:
		if !e.begun {
			dst = e.start(dst, &ev.Reply)
		}
	case chat.EventPing:
		return e.Ping(dst)
	case chat.EventError:
		return e.Break(dst, &ev.Fault)
	case chat.EventUsage:
		e.usage = ev.Usage
		e.late(ev.Reply.Extra)
	case chat.EventEnd:
		return e.end(dst)
	default:
		if ev.Choice == 0 { // the dialect has one
			dst = e.tell(dst, ev)
		}
	}
	return dst
}

// Ping appends a sign of life.
func (e *encoder) Ping(dst []byte) []byte {
	return append(dst, "event: ping\ndata: {\"type\":\"ping\"}\n\n"...)
}

// Break appends the end of a stream that broke off: an error, and no message_stop.
func (e *encoder) Break(dst []byte, f *chat.Fault) []byte {
	if e.over {
		return dst
	}
	e.over = true
	dst = codec{}.AppendFault(append(dst, "event: error\ndata: "...), f)
	return append(dst, "\n\n"...)
}

// late keeps members of the answer that are known only at its end.
func (e *encoder) late(extra []chat.Member) {
	if e.reply.From == chat.Messages {
		e.ending.extra = append(e.ending.extra, extra...)
	}
}

// atEnd is whether a member of the answer belongs into message_delta.
func atEnd(name string) bool {
	switch name {
	case "stop_reason", "stop_details", "container", "context_management", usagePrefix + "server_tool_use", usagePrefix + "output_tokens_details":
		return true
	}
	return false
}

func (e *encoder) start(dst []byte, r *chat.Reply) []byte {
	e.begun = true
	e.reply = *r
	e.reply.ID = orID(r.ID, "msg_")
	e.usage = r.Usage
	var early []chat.Member
	if r.From == chat.Messages {
		for _, m := range r.Extra {
			if atEnd(m.Name) {
				e.ending.extra = append(e.ending.extra, m)
			} else {
				early = append(early, m)
			}
		}
	}
	dst = append(dst, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{"...)
	dst = text(dst, "id", e.reply.ID)
	dst = text(append(dst, `,"type":"message","role":"assistant"`...), "model", r.Model)
	dst = append(dst, `,"content":[],"stop_reason":null,"stop_sequence":null`...)
	dst = appendUsage(member(dst, "usage"), &r.Usage, r.ServiceTier, early, true)
	for _, m := range early {
		if !strings.HasPrefix(m.Name, usagePrefix) {
			dst = raw(dst, m.Name, m.Value)
		}
	}
	return e.Ping(append(dst, "}}\n\n"...))
}

// tell takes in what is told of a part, and writes as much as can be written now.
func (e *encoder) tell(dst []byte, ev *chat.Event) []byte {
	switch ev.Kind {
	case chat.EventOpen:
		e.open(ev)
	case chat.EventDelta:
		if p := e.find(ev.Index); p != nil {
			p.text = append(p.text, ev.Text...)
		}
	case chat.EventState:
		if p := e.find(ev.Index); p != nil {
			p.complete(&ev.Part)
		}
	case chat.EventClose:
		for _, p := range e.parts {
			if p.index == ev.Index {
				p.closed = true
			}
		}
	case chat.EventFinish:
		e.ending.finish, e.ending.sequence = ev.Finish, ev.Sequence
		e.late(ev.Reply.Extra)
		for _, p := range e.parts {
			p.closed = true
		}
	}
	return e.pump(dst)
}

func (e *encoder) open(ev *chat.Event) {
	for _, p := range e.parts { // of these no two stand open at a time
		p.closed = p.closed || p.head.Kind != chat.ToolCall
	}
	p := &part{index: ev.Index, head: ev.Part, block: -1}
	e.ending.saw(&p.head)
	switch p.head.Kind {
	case chat.ToolCall:
		if ev.Part.Call == nil {
			p.silent = true
			break
		}
		call := *ev.Part.Call
		p.text, call.Arguments = []byte(call.Arguments), ""
		p.head.Call = &call
	case chat.Other:
		p.silent = p.head.Dialect != chat.Messages
	case chat.Image, chat.File, chat.Video:
		p.silent = true
	default:
		p.text, p.head.Text = []byte(thoughts(&ev.Part)), ""
		p.head.Summary = nil
		p.cite(&ev.Part)
	}
	e.parts = append(e.parts, p)
}

// find is the part with a number. More of a text that was written whole begins another block.
func (e *encoder) find(index int) *part {
	for i := len(e.parts) - 1; i >= 0; i-- {
		if e.parts[i].index == index {
			return e.parts[i]
		}
	}
	for _, p := range e.done {
		if p.index == index && (p.head.Kind == chat.Text || p.head.Kind == chat.Reasoning && !p.head.Redacted) {
			again := &part{index: index, head: chat.Part{Kind: p.head.Kind}, block: -1}
			e.parts = append(e.parts, again)
			return again
		}
	}
	return nil
}

func (p *part) complete(more *chat.Part) {
	if more.State != nil {
		p.head.State = more.State
	}
	if len(p.text) == 0 && p.block < 0 && len(more.Summary) > 0 {
		p.text = []byte(thoughts(more))
	}
	p.cite(more)
}

func (p *part) cite(from *chat.Part) {
	if cited(from) {
		for _, c := range chat.Array(from.Annotations) {
			p.cites = append(p.cites, kept(c))
		}
	}
}

// ready is whether there is something to begin a block with. A text that stays empty never becomes a block.
func (p *part) ready() bool {
	switch {
	case p.silent:
		return false
	case p.head.Kind == chat.ToolCall, p.head.Kind == chat.Other:
		return true
	case p.head.Redacted:
		return p.head.State != nil
	}
	return len(p.text) > 0 || len(p.cites) > 0 || p.head.Kind == chat.Reasoning && p.head.State != nil && p.closed
}

// pump writes what can be written: the open block, and after it, once it is closed, the next that has something to say.
func (e *encoder) pump(dst []byte) []byte {
	for {
		at := e.current()
		if at < 0 {
			return dst
		}
		p := e.parts[at]
		if p.block < 0 {
			dst = e.begin(dst, p)
		}
		dst = p.flush(dst)
		if !p.closed {
			return dst
		}
		dst = p.end(dst)
		e.parts = append(e.parts[:at], e.parts[at+1:]...)
		e.done = append(e.done, p)
	}
}

// current is the part whose block stands open, else the first that is ready; closed ones that have nothing to say go.
func (e *encoder) current() int {
	for i, p := range e.parts {
		if p.block >= 0 {
			return i
		}
	}
	for i := 0; i < len(e.parts); i++ {
		p := e.parts[i]
		if p.ready() {
			return i
		}
		if p.closed {
			e.parts = append(e.parts[:i], e.parts[i+1:]...)
			e.done = append(e.done, p)
			i--
		}
	}
	return -1
}

func (e *encoder) begin(dst []byte, p *part) []byte {
	p.block = e.blocks
	e.blocks++
	dst = append(dst, "event: content_block_start\ndata: {\"type\":\"content_block_start\""...)
	dst = append(member(number(dst, "index", p.block), "content_block"), '{')
	switch h := &p.head; {
	case h.Kind == chat.ToolCall:
		dst = text(text(dst, "type", "tool_use"), "id", orID(h.Call.ID, "toolu_"))
		dst = append(text(dst, "name", h.Call.Name), `,"input":{}`...)
	case h.Kind == chat.Other:
		dst = p.beginOther(dst[:len(dst)-1])
		return append(dst, "}\n\n"...)
	case h.Kind == chat.Reasoning && (h.Redacted || h.State != nil && h.State.Form == Redacted && len(p.text) == 0):
		h.Redacted = true
		dst = thinkingBlock(dst, h, field(h.State))
	case h.Kind == chat.Reasoning:
		dst = append(dst, `"type":"thinking","thinking":"","signature":""`...)
	default:
		dst = append(dst, `"type":"text","text":""`...)
		if len(p.cites) > 0 {
			dst = append(dst, `,"citations":[]`...)
		}
	}
	if e.reply.From == chat.Messages {
		dst = rest(dst, p.head.Extra)
	}
	return append(dst, "}}\n\n"...)
}

// beginOther begins a block that only this dialect has: results come whole, the input of a call as its delta.
func (p *part) beginOther(dst []byte) []byte {
	kind, _ := chat.View(get(p.head.Raw, "type"))
	input := get(p.head.Raw, "input")
	if !strings.HasSuffix(kind, "tool_use") || len(input) == 0 || input[0] != '{' {
		return append(dst, p.head.Raw...)
	}
	if string(input) != "{}" {
		p.text = append(p.text, input...)
	}
	return chat.EditMembers(dst, p.head.Raw, chat.Edit{Kind: chat.Set, Name: "input", Value: []byte("{}")})
}

// flush writes what a block has got since the last time.
func (p *part) flush(dst []byte) []byte {
	for _, c := range p.cites {
		dst = append(raw(p.delta(dst, "citations_delta"), "citation", c), "}}\n\n"...)
	}
	p.cites = p.cites[:0]
	if len(p.text) == 0 {
		return dst
	}
	kind, name := "text_delta", "text"
	said := unsafe.String(&p.text[0], len(p.text)) // written before the bytes are used again
	switch {
	case p.head.Kind == chat.Reasoning:
		kind, name = "thinking_delta", "thinking"
	case p.head.Kind == chat.Other:
		kind, name = "input_json_delta", "partial_json"
	case p.head.Kind == chat.ToolCall:
		kind, name = "input_json_delta", "partial_json"
		if p.head.Call.Custom { // free text is an object here, in one piece
			if !p.closed {
				return dst
			}
			said = string(chat.AppendCustom(nil, said))
		}
	}
	p.text = p.text[:0]
	return append(text(p.delta(dst, kind), name, said), "}}\n\n"...)
}

func (p *part) delta(dst []byte, kind string) []byte {
	dst = append(dst, "event: content_block_delta\ndata: {\"type\":\"content_block_delta\""...)
	return text(append(member(number(dst, "index", p.block), "delta"), '{'), "type", kind)
}

// end closes a block; the signature of thinking comes last.
func (p *part) end(dst []byte) []byte {
	if p.head.Kind == chat.Reasoning && !p.head.Redacted && p.head.State != nil {
		dst = append(text(p.delta(dst, "signature_delta"), "signature", field(p.head.State)), "}}\n\n"...)
	}
	dst = append(dst, "event: content_block_stop\ndata: {\"type\":\"content_block_stop\""...)
	return append(number(dst, "index", p.block), "}\n\n"...)
}

// end closes all that is open and writes how the answer ended.
func (e *encoder) end(dst []byte) []byte {
	for _, p := range e.parts {
		p.closed = true
	}
	dst = e.pump(dst)
	e.over = true
	dst = append(dst, "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{"...)
	if e.ending.finish == "" {
		e.ending.finish = chat.Stop
	}
	dst = e.ending.append(dst)
	for i, m := range e.ending.extra {
		if m.Name != "stop_reason" && m.Name != "context_management" && !strings.HasPrefix(m.Name, usagePrefix) && !told(e.ending.extra[i+1:], m.Name) {
			dst = raw(dst, m.Name, m.Value)
		}
	}
	dst = append(dst, '}')
	for _, m := range e.ending.extra {
		if m.Name == "context_management" {
			dst = raw(dst, m.Name, m.Value)
		}
	}
	dst = appendUsage(member(dst, "usage"), &e.usage, "", e.ending.extra, false)
	if e.options.Last != nil {
		dst = rest(dst, e.options.Last())
	}
	return append(dst, "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"...)
}

package gemini

import (
	"slices"

	"github.com/routor/routor/engine/chat"
)

// Encoder writes a streamed answer, with CRLF as Google has it. Function calls go out whole; why the candidates ended comes in
// the last chunk, with the usage.
func (codec) Encoder(o chat.Encoding) chat.Encoder { return &encoder{o: o} }

type encoder struct {
	o      chat.Encoding
	head   chat.Reply
	usage  chat.Usage
	calls  []call // open ones
	ended  []ending
	opened []opened
}

// opened is what a part is, for its deltas.
type opened struct {
	choice, index int
	kind          chat.Kind
}

type call struct {
	choice, index int
	part          chat.Part
	call          chat.Call
	arguments     []byte
}

type ending struct {
	choice int
	finish chat.Finish
}

// Append appends what an event comes to.
func (w *encoder) Append(dst []byte, e *chat.Event) []byte {
	switch e.Kind {
	case chat.EventStart:
		w.head, w.usage = e.Reply, e.Reply.Usage
	case chat.EventOpen:
		return w.open(dst, e)
	case chat.EventDelta:
		return w.delta(dst, e)
	case chat.EventState:
		return w.state(dst, e)
	case chat.EventClose:
		return w.flush(dst, e.Choice, e.Index)
	case chat.EventFinish:
		dst = w.flush(dst, e.Choice, -1)
		w.ended = append(w.ended, ending{e.Choice, e.Finish})
	case chat.EventUsage:
		w.usage = e.Usage
	case chat.EventPing:
		return w.Ping(dst)
	case chat.EventError:
		return w.Break(dst, &e.Fault)
	case chat.EventEnd:
		return w.last(dst)
	}
	return dst
}

// kindOf is what the part of an event is; "" = it was not opened.
func (w *encoder) kindOf(e *chat.Event) chat.Kind {
	for i := len(w.opened) - 1; i >= 0; i-- {
		if o := &w.opened[i]; o.choice == e.Choice && o.index == e.Index {
			return o.kind
		}
	}
	return ""
}

func (w *encoder) open(dst []byte, e *chat.Event) []byte {
	w.opened = append(w.opened, opened{e.Choice, e.Index, e.Part.Kind})
	switch p := &e.Part; {
	case p.Kind == chat.ToolCall && p.Call != nil:
		w.calls = append(w.calls, call{choice: e.Choice, index: e.Index, part: e.Part, call: *p.Call, arguments: []byte(p.Call.Arguments)})
		return dst
	case (p.Kind == chat.Text || p.Kind == chat.Refusal || p.Kind == chat.Reasoning) && p.Text == "" && signatureOf(p) == "":
		return dst
	}
	return w.part(dst, e.Choice, &e.Part)
}

func (w *encoder) delta(dst []byte, e *chat.Event) []byte {
	for i := range w.calls {
		if c := &w.calls[i]; c.choice == e.Choice && c.index == e.Index {
			c.arguments = append(c.arguments, e.Text...)
			return dst
		}
	}
	kind := w.kindOf(e)
	switch {
	case kind == chat.Audio && e.Part.Media != nil:
		return w.part(dst, e.Choice, &chat.Part{Kind: chat.Audio, Media: e.Part.Media})
	case e.Text == "" || kind != chat.Text && kind != chat.Refusal && kind != chat.Reasoning:
		return dst
	}
	return w.part(dst, e.Choice, &chat.Part{Kind: kind, Text: e.Text})
}

// state writes a signature: of a call within it, of a text in a part without text.
func (w *encoder) state(dst []byte, e *chat.Event) []byte {
	if e.Part.State == nil {
		return dst
	}
	for i := range w.calls {
		if c := &w.calls[i]; c.choice == e.Choice && c.index == e.Index {
			c.part.State = e.Part.State
			return dst
		}
	}
	p := chat.Part{Kind: w.kindOf(e), State: e.Part.State}
	if signatureOf(&p) == "" || p.Kind != chat.Text && p.Kind != chat.Reasoning {
		return dst
	}
	return w.part(dst, e.Choice, &p)
}

// flush writes a choice's open calls, or the one with an index.
func (w *encoder) flush(dst []byte, choice, index int) []byte {
	for i := 0; i < len(w.calls); i++ {
		c := w.calls[i]
		if c.choice != choice || index >= 0 && c.index != index {
			continue
		}
		c.call.Arguments = string(c.arguments)
		c.part.Call = &c.call
		dst = w.part(dst, choice, &c.part)
		w.calls = slices.Delete(w.calls, i, i+1)
		i--
	}
	return dst
}

// part writes a chunk with one part.
func (w *encoder) part(dst []byte, choice int, p *chat.Part) []byte {
	start := len(dst)
	dst = append(dst, `data: {"candidates":[{"content":{"parts":[`...)
	from := len(dst)
	if dst = appendPart(dst, p); len(dst) == from {
		return dst[:start]
	}
	for i, c := range dst[from:] { // arguments come as they were spelt; a line end would end the event
		if c == '\n' || c == '\r' {
			dst[from+i] = ' '
		}
	}
	dst = append(dst, `],"role":"model"}`...)
	dst = append(putInteger(dst, "index", int64(choice)), '}', ']')
	return w.close(dst)
}

// close writes the members that every chunk has, and its end.
func (w *encoder) close(dst []byte) []byte {
	if w.usage.Known {
		dst = appendUsage(key(dst, "usageMetadata"), &w.usage, w.head.ServiceTier)
	}
	if w.head.Model != "" {
		dst = putText(dst, "modelVersion", w.head.Model)
	}
	if w.head.ID != "" {
		dst = putText(dst, "responseId", w.head.ID)
	}
	return append(dst, "}\r\n\r\n"...)
}

// last writes why the candidates ended, and the usage.
func (w *encoder) last(dst []byte) []byte {
	dst = append(dst, `data: {"candidates":[`...)
	for _, e := range w.ended {
		dst = append(comma(dst), `{"content":{"parts":[{"text":""}],"role":"model"}`...)
		dst = putText(dst, "finishReason", reasonOf(e.finish))
		dst = append(putInteger(dst, "index", int64(e.choice)), '}')
	}
	dst = append(dst, ']')
	if w.o.Last != nil {
		for _, m := range w.o.Last() {
			dst = putRaw(dst, m.Name, m.Value)
		}
	}
	return w.close(dst)
}

// Break appends an error as the stream's last event: no candidate has said that it ended.
func (w *encoder) Break(dst []byte, f *chat.Fault) []byte {
	dst = append(dst, "data: "...)
	return append(Generate.AppendFault(dst, f), "\r\n\r\n"...)
}

// Ping appends a comment.
func (w *encoder) Ping(dst []byte) []byte { return append(dst, ": ping\r\n\r\n"...) }

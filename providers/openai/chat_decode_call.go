package openai

import (
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// call tells a piece of a tool call. A call is known by its index; those who number none begin a new one with a new id, or
// with a name after arguments that are whole.
func (d *chatDecoder) call(c *chatStream, raw json.RawMessage, n int, tell func(*chat.Event)) {
	index, id, name, said, custom := n, "", "", "", false
	var google json.RawMessage
	for member, v := range chat.Object(raw) {
		if isNull(v) {
			continue
		}
		switch member {
		case "index":
			if i := integerOf(v); i != nil {
				index = int(*i)
			}
		case "id":
			id = own(v)
		case "extra_content":
			google = v
		case "function", "custom":
			custom = member == "custom"
			for m, w := range chat.Object(v) {
				switch m {
				case "name":
					name = own(w)
				case "arguments", "input":
					said = strings.Clone(arguments(w))
				}
			}
		}
	}
	if said == "null" {
		said = ""
	}
	var call *streamedCall
	for i := range c.calls {
		if c.calls[i].index == index {
			call = &c.calls[i]
		}
	}
	if call == nil || name != "" && (id != "" && id != call.id || id == "" && json.Valid(call.arguments)) {
		d.close(c, tell)
		if id == "" || id == "null" {
			id = madeID(d.reply.ID, c.index) + at("", len(c.calls))[1:]
			id = id[:len(id)-1]
		}
		p := chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: id, Name: name, Arguments: said, Custom: custom}}
		if s := googleSignature(google); s != "" {
			p.State = &chat.State{Form: formThought, Data: strings.Clone(s)}
		}
		c.calls = append(c.calls, streamedCall{index: index, part: c.next, id: id, arguments: []byte(said)})
		d.opened(c, p, tell)
		return
	}
	if s := googleSignature(google); s != "" {
		d.state(c, call.part, chat.Part{State: &chat.State{Form: formThought, Data: strings.Clone(s)}}, tell)
	}
	if said == "" {
		return
	}
	call.arguments = append(call.arguments, said...)
	d.event = chat.Event{Kind: chat.EventDelta, Choice: c.index, Index: call.part, Text: said}
	tell(&d.event)
}

// legacy tells a piece of a function call of before tools.
func (d *chatDecoder) legacy(c *chatStream, raw json.RawMessage, tell func(*chat.Event)) {
	said := own(get(raw, "arguments"))
	if len(c.calls) > 0 {
		d.event = chat.Event{Kind: chat.EventDelta, Choice: c.index, Index: c.calls[0].part, Text: said}
		tell(&d.event)
		return
	}
	d.close(c, tell)
	call := &chat.Call{ID: legacyID + madeID(d.reply.ID, c.index), Name: own(get(raw, "name")), Arguments: said}
	c.calls = append(c.calls, streamedCall{part: c.next, id: call.ID})
	d.opened(c, chat.Part{Kind: chat.ToolCall, Call: call}, tell)
}

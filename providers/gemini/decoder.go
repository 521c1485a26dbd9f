package gemini

import (
	"bytes"
	"fmt"

	"github.com/routor/routor/engine/chat"
)

// Decoder reads a streamed answer. Gemini has no end mark: a stream is whole if every candidate has said why it ended by the
// time that the bytes end. Older servers say so in every chunk, so it counts only then, and is told then.
func (codec) Decoder() chat.Decoder { return new(decoder) }

type decoder struct {
	started, blocked, failed bool
	content                  bool // anything was told that is an answer
	ids                      callIDs
	counts                   counts
	voices                   []voice // the candidates so far
	event                    chat.Event
}

// say tells an event in the one place that events are told from.
func (d *decoder) say(tell func(*chat.Event), e chat.Event) {
	d.event = e
	tell(&d.event)
}

// voice is one candidate while it is told.
type voice struct {
	index     int
	next      int       // index of its next part
	open      chat.Kind // the text or the reasoning that is still open, as its last part; "" = none
	signed    bool      // that part has its signature
	call      *partial  // a call whose arguments are still coming, as its last part
	calls     bool
	reason    string
	message   string
	said      []byte // the text that is open, for where its sources stand
	grounding []byte
	citations []byte
}

// Decode reads one chunk, or an array of them, as the API streams without alt=sse.
func (d *decoder) Decode(_ string, data []byte, tell func(*chat.Event)) error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 || string(data) == "[DONE]" { // no part of the protocol, but some gateways add it
		return nil
	}
	if chat.Check(data) != nil {
		return d.lines(data, tell)
	}
	if list, ok := open(data, '['); ok {
		for list.more() {
			if err := d.chunk(list.value(), tell); err != nil {
				return err
			}
		}
		return nil
	}
	return d.chunk(data, tell)
}

// lines reads chunks that came as the lines of one event, for want of empty lines between them.
func (d *decoder) lines(data []byte, tell func(*chat.Event)) error {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); chat.Check(line) != nil {
			return fmt.Errorf("gemini: a chunk of the stream is no JSON: %.100q", data)
		}
	}
	for line := range bytes.Lines(data) {
		if err := d.chunk(bytes.TrimSpace(line), tell); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) chunk(data []byte, tell func(*chat.Event)) error {
	var c chunk
	if !c.read(data) {
		return fmt.Errorf("gemini: a chunk of the stream is no object: %.100q", data)
	}
	if c.failure != nil {
		d.failed = true
		d.say(tell, chat.Event{Kind: chat.EventError, Fault: faultOf(c.failure)})
		return nil
	}
	if !d.started {
		d.started = true
		head := c.head()
		d.ids.response = head.ID
		d.say(tell, chat.Event{Kind: chat.EventStart, Reply: head})
	}
	if c.counts.known {
		d.counts = c.counts
	}
	d.blocked = d.blocked || c.blocked
	list, ok := open(c.candidates, '[')
	for i := 0; ok && list.more(); i++ {
		var cand candidate
		if !cand.read(list.value()) {
			return fmt.Errorf("gemini: a candidate is no object: %.100q", data)
		}
		if cand.index < 0 {
			cand.index = i
		}
		d.candidate(&cand, tell)
	}
	return nil
}

func (d *decoder) voice(index int) *voice {
	for i := range d.voices {
		if d.voices[i].index == index {
			return &d.voices[i]
		}
	}
	d.voices = append(d.voices, voice{index: index})
	return &d.voices[len(d.voices)-1]
}

func (d *decoder) candidate(c *candidate, tell func(*chat.Event)) {
	v := d.voice(c.index)
	list, ok := open(c.parts, '[')
	for ok && list.more() {
		var p part
		if p.read(list.value()) == "" && p.Kind != "" {
			d.part(v, &p, tell)
		}
	}
	if c.logprobs != nil && v.next > 0 {
		d.say(tell, chat.Event{Kind: chat.EventDelta, Choice: v.index, Index: v.next - 1, Logprobs: fromLogprobs(c.logprobs)})
	}
	if c.grounding != nil {
		v.grounding = append(v.grounding[:0], c.grounding...)
	}
	if c.citations != nil {
		v.citations = append(v.citations[:0], c.citations...)
	}
	if c.reason != "" {
		v.reason = c.reason
	}
	if c.message != nil {
		v.message = text(c.message)
	}
}

func (d *decoder) part(v *voice, p *part, tell func(*chat.Event)) {
	switch p.Kind {
	case chat.Text, chat.Reasoning:
		d.text(v, p, tell)
		return
	case chat.ToolCall:
		d.call(v, p, tell)
		return
	}
	d.close(v, tell)
	d.content = true
	d.tell(v, p, tell)
	d.say(tell, chat.Event{Kind: chat.EventClose, Choice: v.index, Index: v.next - 1})
}

// tell opens a part. Whoever gathers it keeps it for longer than the chunk lasts.
func (d *decoder) tell(v *voice, p *part, tell func(*chat.Event)) {
	p.Raw = bytes.Clone(p.Raw)
	for i := range p.Extra {
		p.Extra[i].Value = bytes.Clone(p.Extra[i].Value)
	}
	if p.Media != nil {
		p.Media.Extra = bytes.Clone(p.Media.Extra)
	}
	d.say(tell, chat.Event{Kind: chat.EventOpen, Choice: v.index, Index: v.next, Part: p.Part})
	v.next++
}

// text tells of text and reasoning: more of what is open, or a new part where it is of the other kind or the one before has
// its signature. A signature that comes with no text belongs to what is open.
func (d *decoder) text(v *voice, p *part, tell func(*chat.Event)) {
	if p.Text == "" && p.State == nil {
		return
	}
	d.content = d.content || p.Kind == chat.Text && p.Text != ""
	if v.open != "" && !v.signed && (p.Text == "" || v.open == p.Kind) {
		at := v.next - 1
		if p.Text != "" {
			d.say(tell, chat.Event{Kind: chat.EventDelta, Choice: v.index, Index: at, Text: p.Text})
			v.said = append(v.said, p.Text...)
		}
		if p.State != nil {
			d.say(tell, chat.Event{Kind: chat.EventState, Choice: v.index, Index: at, Part: chat.Part{State: p.State}})
			v.signed = true
		}
		return
	}
	d.close(v, tell)
	if p.Text == "" {
		p.Kind = chat.Reasoning // nobody can show it
	}
	v.open, v.signed, v.said = p.Kind, p.State != nil, append(v.said[:0], p.Text...)
	d.tell(v, p, tell)
}

func (d *decoder) call(v *voice, p *part, tell func(*chat.Event)) {
	if p.named {
		d.close(v, tell)
		d.content, v.calls = true, true
		if p.Call.ID == "" {
			p.Call.ID = d.ids.next()
		}
		pieces := p.more || p.partial != nil
		if pieces {
			v.call, p.Call.Arguments = new(partial), ""
		}
		d.tell(v, p, tell)
		if !pieces {
			d.say(tell, chat.Event{Kind: chat.EventClose, Choice: v.index, Index: v.next - 1})
		}
	}
	if v.call == nil {
		return
	}
	v.call.add(p.partial)
	if !p.more {
		d.close(v, tell)
	}
}

// close ends the part that is open.
func (d *decoder) close(v *voice, tell func(*chat.Event)) {
	at := v.next - 1
	switch {
	case v.call != nil:
		d.say(tell, chat.Event{Kind: chat.EventDelta, Choice: v.index, Index: at, Text: v.call.json()})
		v.call = nil
	case v.open == "":
		return
	case v.open == chat.Text:
		if sources := annotations(string(v.said), v.grounding, v.citations); sources != nil {
			d.say(tell, chat.Event{Kind: chat.EventState, Choice: v.index, Index: at, Part: chat.Part{Annotations: sources, Dialect: chat.Completions}})
		}
	}
	v.open = ""
	d.say(tell, chat.Event{Kind: chat.EventClose, Choice: v.index, Index: at})
}

// End tells how the candidates ended, the usage, and the end if there is one.
func (d *decoder) End(tell func(*chat.Event)) {
	whole := len(d.voices) > 0 && !d.failed
	for i := range d.voices {
		v := &d.voices[i]
		d.close(v, tell)
		switch o := outcomeOf(v.reason); {
		case o == going:
			whole = false
		case o == failed, o == vague && !d.content:
			whole = false
			d.say(tell, chat.Event{Kind: chat.EventError, Choice: v.index, Fault: failure(v.reason, v.message)})
		default:
			d.say(tell, chat.Event{Kind: chat.EventFinish, Choice: v.index, Finish: o.finish(v.calls)})
		}
	}
	if d.blocked && len(d.voices) == 0 && !d.failed {
		d.say(tell, chat.Event{Kind: chat.EventFinish, Finish: chat.ContentFilter})
		whole = true
	}
	if d.counts.known {
		d.say(tell, chat.Event{Kind: chat.EventUsage, Usage: d.counts.usage()})
	}
	if whole {
		d.say(tell, chat.Event{Kind: chat.EventEnd})
	}
}

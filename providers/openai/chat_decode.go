package openai

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unsafe"

	"github.com/routor/routor/engine/chat"
)

// Decoder reads a streamed chat completion.
func (ChatCodec) Decoder() chat.Decoder { return &chatDecoder{} }

type chatDecoder struct {
	started, ended, failed bool
	reply                  chat.Reply // what is told at the start
	choices                []chatStream
	late                   []chat.Member // of the reply, not told yet
	used                   chat.Usage
	event                  chat.Event // reused
	said                   spoken     // reused
}

// chatStream is what is under way in one choice.
type chatStream struct {
	index    int
	next     int       // the index of the next part
	open     int       // of the part that text goes to; -1 = none
	kind     chat.Kind // of that part
	thought  int       // the part that reasoning_details belong to; -1 = none
	details  details
	untold   bool // there are details that were not told yet
	worded   bool // reasoning has a field of its own for its text
	audio    int  // the part; -1 = none
	cited    int  // the text that annotations belong to; -1 = none
	calls    []streamedCall
	finished bool
}

type streamedCall struct {
	index, part int
	id          string
	arguments   []byte // as far as they tell whether they are whole, for makers that number no calls
}

// Decode tells what a chunk holds.
func (d *chatDecoder) Decode(_ string, data []byte, tell func(*chat.Event)) error {
	s := scan{b: data}
	s.space()
	if s.peek() != '{' {
		if bytes.Equal(bytes.TrimSpace(data), done) {
			d.end(tell, true)
			return nil
		}
		return errors.New("chat completion chunk: it is no JSON object")
	}
	s.i++
	var choices, use, choiceUse, fault []byte
	loose := false
	for s.more('}') {
		name := s.key()
		from := s.i
		s.skip()
		v := data[from:s.i]
		switch string(name) {
		case "choices":
			choices = v
		case "usage":
			use = v
		case "error":
			fault = v
		case "x_groq":
			if u := get(v, "usage"); u != nil {
				choiceUse = u
			}
			d.head(name, v)
		case "base_resp", "message", "detail", "status_code":
			loose = true
		case "object", "obfuscation", "p":
		default:
			d.head(name, v)
		}
	}
	if s.bad {
		return errors.New("chat completion chunk: it is cut or no JSON")
	}
	if !empty(fault) || loose && d.isError(data) {
		d.fail(tell, readFault(data))
		return nil
	}
	if !d.started && (!empty(choices) || d.reply.ID != "") {
		d.start(tell)
	}
	if !empty(choices) {
		if u := d.each(choices, tell); u != nil {
			choiceUse = u
		}
	}
	d.usage(use, choiceUse, tell)
	return nil
}

func (d *chatDecoder) isError(data []byte) bool {
	var c chat.Chunk
	Inspect(data, &c)
	return c.Error
}

// isLate is whether a member that comes after the start is of the reply and was not told.
func (d *chatDecoder) isLate(name, v []byte) bool {
	switch string(name) {
	case "id", "model", "created", "created_at", "service_tier", "system_fingerprint", "x_groq": // Groq tells its usage there, too
		return false
	}
	for i := range d.reply.Extra {
		if m := &d.reply.Extra[i]; m.Name == string(name) {
			return !bytes.Equal(m.Value, v)
		}
	}
	return true
}

// usage tells the usage, and with it what came late.
func (d *chatDecoder) usage(use, other []byte, tell func(*chat.Event)) {
	if isNull(use) {
		use = other
	}
	u := chat.Usage{}
	if !isNull(use) {
		u = usageOf(use)
	}
	if u.Known {
		d.used = u
	}
	if u.Known || d.late != nil {
		d.event = chat.Event{Kind: chat.EventUsage, Usage: d.used, Reply: chat.Reply{Extra: d.late}}
		tell(&d.event)
		d.late = nil
	}
}

// head takes a member of the chunks: before the start it belongs to the start; later it is the same again, or it came late.
func (d *chatDecoder) head(name, v []byte) {
	if empty(v) || d.started && !d.isLate(name, v) {
		return
	}
	n := string(name)
	if d.started {
		d.reply.Extra = slices.DeleteFunc(slices.Clone(d.reply.Extra), func(m chat.Member) bool { return m.Name == n })
		late := chat.Member{Name: n, Value: bytes.Clone(v)}
		d.reply.Extra, d.late = append(d.reply.Extra, late), append(d.late, late)
		return
	}
	if !head(&d.reply, n, bytes.Clone(v)) {
		d.reply.Extra = append(slices.DeleteFunc(d.reply.Extra, func(m chat.Member) bool { return m.Name == n }),
			chat.Member{Name: n, Value: bytes.Clone(v)})
	}
}

func (d *chatDecoder) start(tell func(*chat.Event)) {
	d.started = true
	d.reply.From = chat.Completions
	d.event = chat.Event{Kind: chat.EventStart, Reply: d.reply}
	tell(&d.event)
}

func (d *chatDecoder) fail(tell func(*chat.Event), f chat.Fault) {
	d.failed = true
	d.event = chat.Event{Kind: chat.EventError, Fault: f}
	tell(&d.event)
}

// each reads the choices of a chunk, and gives the usage that Moonshot tells in one of them.
func (d *chatDecoder) each(choices []byte, tell func(*chat.Event)) (use []byte) {
	s := scan{b: choices}
	if !s.into('[') {
		return nil
	}
	for n := 0; s.more(']'); n++ {
		var delta, reason, logs []byte
		index := n
		if !s.into('{') {
			continue
		}
		for s.more('}') {
			name := s.key()
			from := s.i
			s.skip()
			v := choices[from:s.i]
			switch string(name) {
			case "index":
				if i := (&scan{b: v}); !isNull(v) {
					index = int(i.number())
				}
			case "delta", "message":
				delta = v
			case "finish_reason":
				reason = v
			case "logprobs":
				if logs = nil; !isNull(v) {
					logs = bytes.Clone(v)
				}
			case "usage":
				use = v
			}
		}
		c := d.choice(index)
		d.delta(c, delta, logs, tell)
		if said := text(reason); said != "" {
			d.finish(c, said, tell)
		}
	}
	return use
}

func (d *chatDecoder) choice(index int) *chatStream {
	for i := range d.choices {
		if d.choices[i].index == index {
			return &d.choices[i]
		}
	}
	d.choices = append(d.choices, chatStream{index: index, open: -1, thought: -1, audio: -1, cited: -1})
	return &d.choices[len(d.choices)-1]
}

// delta tells what a delta adds: reasoning before text, whichever stands first.
func (d *chatDecoder) delta(c *chatStream, delta, logs []byte, tell func(*chat.Event)) {
	a := &d.said
	*a = spoken{extra: a.extra[:0]}
	s := scan{b: delta}
	if len(delta) > 0 && s.into('{') {
		for s.more('}') {
			name := s.key()
			from := s.i
			s.skip()
			if v := delta[from:s.i]; !isNull(v) && string(name) != "role" && len(name) > 0 {
				a.take(unsafe.String(&name[0], len(name)), v)
			}
		}
	}
	d.reason(c, a, tell)
	switch {
	case len(a.said) == 0:
	case a.said[0] == '"':
		if said := own(a.said); said != "" {
			d.say(c, chat.Text, "", said, logs, tell)
			logs = nil
		}
	case a.said[0] == '[':
		d.list(c, a.said, tell)
	}
	if said := own(a.refusal); said != "" {
		d.say(c, chat.Refusal, "", said, logs, tell)
		logs = nil
	}
	d.media(c, a, tell)
	if sign := googleSignature(a.google); sign != "" && c.cited >= 0 && empty(a.calls) {
		d.state(c, c.cited, chat.Part{State: &chat.State{Form: formThought, Data: strings.Clone(sign)}}, tell)
	}
	if !empty(a.annotations) && c.cited >= 0 {
		d.state(c, c.cited, chat.Part{Annotations: bytes.Clone(a.annotations), Dialect: chat.Completions}, tell)
	}
	for i, v := range chat.Array(a.calls) {
		d.call(c, v, i, tell)
	}
	if !empty(a.call) {
		d.legacy(c, a.call, tell)
	}
	d.leftover(c, a.extra, tell)
	if logs != nil {
		d.event = chat.Event{Kind: chat.EventDelta, Choice: c.index, Index: max(c.next-1, 0), Logprobs: logs}
		tell(&d.event)
	}
}

// reason tells reasoning, in whichever fields it came.
func (d *chatDecoder) reason(c *chatStream, a *spoken, tell func(*chat.Event)) {
	form, said := formText, own(a.content)
	if said == "" {
		if said = own(a.reasoning); said != "" {
			form = formReasoning
		}
	}
	c.worded = c.worded || said != ""
	var native []byte
	if !empty(a.details) && a.details[0] == '[' {
		native = a.details
		if !c.worded && !bytes.Contains(native, sealMark) {
			var piece details
			piece.add(native)
			said = piece.text()
		}
	}
	if said != "" {
		d.say(c, chat.Reasoning, form, said, nil, tell)
		c.thought = c.open
	}
	if native == nil {
		return
	}
	if bytes.Contains(native, sealMark) {
		d.sealed(c, native, tell)
		return
	}
	c.details.add(native)
	c.untold = true
}

// sealed tells the states of other makers that Routor sealed into reasoning_details.
func (d *chatDecoder) sealed(c *chatStream, list []byte, tell func(*chat.Event)) {
	for _, p := range unseal(bytes.Clone(list)) {
		if p.Text != "" && c.open >= 0 && c.kind == chat.Reasoning {
			d.state(c, c.open, chat.Part{State: p.State}, tell)
			d.close(c, tell)
			continue
		}
		d.close(c, tell)
		d.opened(c, p, tell)
		d.event = chat.Event{Kind: chat.EventClose, Choice: c.index, Index: c.next - 1}
		tell(&d.event)
	}
}

// say adds to the text that is open, or opens one.
func (d *chatDecoder) say(c *chatStream, kind chat.Kind, form, said string, logs []byte, tell func(*chat.Event)) {
	if c.open < 0 || c.kind != kind {
		d.close(c, tell)
		p := chat.Part{Kind: kind, Text: said}
		if logs != nil {
			p.Text = ""
		}
		if form != "" {
			p.State = &chat.State{Form: form}
		}
		d.opened(c, p, tell)
		c.open, c.kind = c.next-1, kind
		if kind == chat.Text {
			c.cited = c.open
		}
		if logs == nil {
			return
		}
	}
	d.event = chat.Event{Kind: chat.EventDelta, Choice: c.index, Index: c.open, Text: said, Logprobs: logs}
	tell(&d.event)
}

func (d *chatDecoder) opened(c *chatStream, p chat.Part, tell func(*chat.Event)) {
	d.event = chat.Event{Kind: chat.EventOpen, Choice: c.index, Index: c.next, Part: p}
	c.next++
	tell(&d.event)
}

func (d *chatDecoder) state(c *chatStream, part int, p chat.Part, tell func(*chat.Event)) {
	d.event = chat.Event{Kind: chat.EventState, Choice: c.index, Index: part, Part: p}
	tell(&d.event)
}

// close ends the text that is open.
func (d *chatDecoder) close(c *chatStream, tell func(*chat.Event)) {
	if c.open < 0 {
		return
	}
	if c.kind == chat.Reasoning {
		d.tellDetails(c, tell)
	}
	d.event = chat.Event{Kind: chat.EventClose, Choice: c.index, Index: c.open}
	c.open = -1
	tell(&d.event)
}

func (d *chatDecoder) tellDetails(c *chatStream, tell func(*chat.Event)) {
	if !c.untold {
		return
	}
	c.untold = false
	if c.thought >= 0 {
		d.state(c, c.thought, chat.Part{State: c.details.state()}, tell)
		return
	}
	d.close(c, tell)
	d.opened(c, chat.Part{Kind: chat.Reasoning, State: c.details.state()}, tell)
	c.thought = c.next - 1
	d.event = chat.Event{Kind: chat.EventClose, Choice: c.index, Index: c.thought}
	tell(&d.event)
}

// list tells content that came as a list of parts, in which Mistral puts its thinking.
func (d *chatDecoder) list(c *chatStream, list []byte, tell func(*chat.Event)) {
	for _, raw := range chat.Array(bytes.Clone(list)) {
		var p chat.Part
		switch {
		case raw[0] == '"':
			p = chat.Part{Kind: chat.Text, Text: text(raw)}
		case readPart(raw, &p, chat.Completions) != "":
			continue
		}
		switch {
		case p.Kind == chat.Reasoning && p.Text != "":
			d.say(c, chat.Reasoning, formThinking, p.Text, nil, tell)
		case p.Kind == chat.Text && p.Text != "" || p.Kind == chat.Refusal && p.Text != "":
			d.say(c, p.Kind, "", p.Text, nil, tell)
		case p.Kind != chat.Text && p.Kind != chat.Reasoning && p.Kind != chat.Refusal:
			d.whole(c, p, tell)
		}
	}
}

// whole tells a part that comes in one piece.
func (d *chatDecoder) whole(c *chatStream, p chat.Part, tell func(*chat.Event)) {
	d.close(c, tell)
	if p.Kind != chat.Other {
		p.Raw, p.Dialect = nil, ""
	}
	d.opened(c, p, tell)
	d.event = chat.Event{Kind: chat.EventClose, Choice: c.index, Index: c.next - 1}
	tell(&d.event)
}

func (d *chatDecoder) media(c *chatStream, a *spoken, tell func(*chat.Event)) {
	if !empty(a.images) {
		for _, raw := range chat.Array(bytes.Clone(a.images)) {
			var p chat.Part
			if readPart(raw, &p, chat.Completions) == "" {
				d.whole(c, p, tell)
			}
		}
	}
	if empty(a.audio) {
		return
	}
	p := readAudio(bytes.Clone(a.audio))
	if p.Media.FileID != "" {
		p.Media.FileID = ""
	}
	if c.audio < 0 {
		d.close(c, tell)
		d.opened(c, p, tell)
		c.audio = c.next - 1
		return
	}
	d.event = chat.Event{Kind: chat.EventDelta, Choice: c.index, Index: c.audio, Text: p.Text, Part: chat.Part{Media: p.Media}}
	tell(&d.event)
	if len(p.Extra) > 0 {
		d.state(c, c.audio, chat.Part{Extra: p.Extra}, tell)
	}
}

// leftover tells what else a delta holds, as far as it is more than a label.
func (d *chatDecoder) leftover(c *chatStream, extra []chat.Member, tell func(*chat.Event)) {
	var kept []chat.Member
	for _, m := range extra {
		if (m.Value[0] == '[' || m.Value[0] == '{') && !empty(m.Value) {
			kept = append(kept, m)
		}
	}
	if kept != nil {
		d.whole(c, leftover(kept), tell)
	}
}

func (d *chatDecoder) finish(c *chatStream, reason string, tell func(*chat.Event)) {
	if failure([]byte(reason)) {
		d.fail(tell, chat.Fault{Type: "server_error", Code: reason, Message: "the provider ended the answer with " + reason})
		return
	}
	if c.finished {
		return
	}
	d.wrapUp(c, tell)
	c.finished = true
	d.event = chat.Event{Kind: chat.EventFinish, Choice: c.index, Finish: finishOf([]byte(reason))}
	tell(&d.event)
}

// wrapUp ends what is open in a choice.
func (d *chatDecoder) wrapUp(c *chatStream, tell func(*chat.Event)) {
	d.close(c, tell)
	d.tellDetails(c, tell)
	if c.audio >= 0 && !c.finished {
		d.event = chat.Event{Kind: chat.EventClose, Choice: c.index, Index: c.audio}
		tell(&d.event)
	}
	for i := range c.calls {
		if !c.finished {
			d.event = chat.Event{Kind: chat.EventClose, Choice: c.index, Index: c.calls[i].part}
			tell(&d.event)
		}
	}
}

// End ends a stream without an end mark, which is whole if each choice has told why it ended.
func (d *chatDecoder) End(tell func(*chat.Event)) {
	whole := len(d.choices) > 0
	for i := range d.choices {
		whole = whole && d.choices[i].finished
	}
	d.end(tell, whole)
}

func (d *chatDecoder) end(tell func(*chat.Event), whole bool) {
	if d.ended {
		return
	}
	d.ended = true
	for i := range d.choices {
		d.wrapUp(&d.choices[i], tell)
	}
	if whole && !d.failed {
		d.event = chat.Event{Kind: chat.EventEnd}
		tell(&d.event)
	}
}

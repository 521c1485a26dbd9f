package engine

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sse"
)

const (
	// mostSeams bounds how often one stream is gone on with.
	mostSeams = 2
	// seamBack bounds how much of what was said may be said again at a seam, in bytes.
	seamBack = 400
)

// mayGoOn is whether a stream of this request may be gone on with by another model after it broke: the profile says so, there is
// one answer of plain text, and the client's events can be gone on with. Of Responses that is so only where they were written
// here: the items of the upstream's own events have ids and numbers that no other can go on with.
func (x *exchange) mayGoOn() bool {
	r := x.rt.Request
	b := x.rt.Snapshot.bounds[x.rt.Decision.Profile]
	return b != nil && b.Continue && r.N <= 1 && r.Format == chat.FormatText && r.Facts.HostedTools == 0 && !r.Facts.Logprobs &&
		(x.rt.dialect() != chat.Responses || !x.sent.spliced())
}

// seams is a stream that can be gone on with: what was said so far, and from the first seam on how it goes on.
type seams struct {
	said   chat.Gather
	enc    chat.Encoder // after a seam: what the client gets
	index  int          // of the text that is gone on with
	usage  chat.Usage   // of the attempts that broke
	number int          // of seams so far

	before string // at the seam: the text until there
	fresh  string // what came after it, until it is clear what of it was said before
	joined bool
	only   bool // what comes is not text, and can't be told
}

// text is what was said so far; ok = it can be gone on with: it is open text, and nothing but text and reasoning before it.
func (s *seams) text() (text string, ok bool) {
	if len(s.said.Reply.Choices) != 1 {
		return "", false
	}
	c := &s.said.Reply.Choices[0]
	if c.Finish != "" || len(c.Parts) == 0 || c.Logprobs != nil {
		return "", false
	}
	for i := range c.Parts {
		p := &c.Parts[i]
		last := i == len(c.Parts)-1
		if last != (p.Kind == chat.Text) || !last && p.Kind != chat.Reasoning || p.Annotations != nil {
			return "", false
		}
		text = p.Text
	}
	return text, strings.TrimSpace(text) != ""
}

// goOn asks others to go on with a stream that broke; false = nobody can.
func (s *AnswerStream) goOn(err *providers.Error) bool {
	g := s.via.seams
	if g.number >= mostSeams {
		return false
	}
	text, ok := g.text()
	if !ok {
		return false
	}
	a := s.a
	at := len(a.Attempts) - 1
	broke := &a.Attempts[at]
	broke.Class, broke.Message, broke.Usage = err.Class, err.Message, s.events.Usage()
	a.reckon(broke, broke.Usage, s.events.Cost())
	usage := broke.Usage
	if !usage.Known { // it broke before it told: what was said is known at least
		usage = chat.Usage{Input: int64(a.rt.Request.Facts.PromptTokens), Output: int64(len(text)+3) / 4, Known: true}
	}
	from, old := broke.Candidate, a.reply.Closer
	a.way.ticket.leave()
	for _, c := range a.continuers(from) {
		if len(a.Attempts) >= a.e.Limits.Attempts || a.ctx.Err() != nil {
			break
		}
		if !a.admit(c) {
			continue
		}
		a.prefix = strings.TrimRightFunc(text, unicode.IsSpace)
		why := a.write(c)
		a.prefix = ""
		if why != "" {
			a.way.ticket.leave()
			continue
		}
		a.e.Metrics.failedOver(err.Class)
		if s.takeOver(c, text) {
			g.usage.Add(usage)
			a.rt.Decision.note(fmt.Sprintf("%s broke off after %d bytes of text, and %s went on from there", from.Deployment.ID, len(text), c.Deployment.ID))
			a.Attempts[len(a.Attempts)-1].Seam = len(text)
			old.Close()
			return true
		}
	}
	// Nobody goes on: the one that broke is the one that answered, as without any of this.
	b := a.Attempts[at]
	b.Class = ""
	a.Attempts, a.current = append(slices.Delete(a.Attempts, at, at+1), b), from
	return false
}

// continuers are those that passed all that binds this request, rules included, and can go on with a text: the chain's first.
func (x *exchange) continuers(broke *Candidate) (list []*Candidate) {
	d := x.rt.Decision
	able := func(c *Candidate) bool {
		return c != broke && c.Out == "" && c.Deployment.Model.Caps.Prefill == catalog.Yes && x.e.upstreams[c.Deployment.Provider] != nil &&
			!x.isDead(c.Deployment.Provider) && !slices.Contains(list, c)
	}
	for _, i := range d.Chain {
		if c := &d.Candidates[i]; able(c) {
			list = append(list, c)
		}
	}
	chained := len(list)
	for i := range d.Candidates {
		if c := &d.Candidates[i]; able(c) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list[chained:], func(a, b *Candidate) int {
		switch {
		case a.Value > b.Value:
			return -1
		case a.Value < b.Value:
			return 1
		}
		return 0
	})
	return list
}

// takeOver asks a candidate to go on, and waits until it says something.
func (s *AnswerStream) takeOver(c *Candidate, text string) bool {
	a, g := s.a, s.via.seams
	reply, err := a.ask(c)
	if err == nil && reply.Events == nil {
		reply.Closer.Close()
		err = &providers.Error{Class: providers.InBand, Provider: c.Deployment.Provider, Status: reply.Status, Sent: true, Message: "answered a request for a stream with a plain body"}
	}
	if err != nil {
		_ = a.failed(err)
		return false
	}
	codec := providers.CodecOf(a.sent.speaks)
	g.begin(&s.via, a, text, s.last)
	s.via.same, s.via.dec, s.via.tell = false, codec.Decoder(), func(e *chat.Event) { g.tell(e, &s.via) }
	for {
		e, broke := reply.Events.Next()
		chunk := reply.Events.Chunk()
		if broke != nil || chunk.Tool || chunk.Done && !chunk.Content {
			reply.Closer.Close()
			_ = a.failed(upstreamError(broke, c))
			return false
		}
		s.via.seam = s.take(s.via.seam[:0], &e, chunk)
		s.out = append(s.out, s.via.seam...)
		if chunk.Content || chunk.Finish != "" {
			break
		}
	}
	a.succeeded(&reply)
	a.replied = reply
	a.reply, a.Header, s.events = &a.replied, reply.Header, reply.Events
	g.number++
	return true
}

// begin readies the client's side for another model's text: an encoder that has said all that was said until here.
func (g *seams) begin(r *relay, a *Answer, text string, last func() []chat.Member) {
	g.before, g.fresh, g.joined = text, "", false
	c := &g.said.Reply.Choices[0]
	g.index = len(c.Parts) - 1
	if g.enc != nil {
		return
	}
	if g.enc = r.enc; g.enc == nil {
		conv, _ := a.rt.conversation()
		g.enc = providers.CodecOf(r.client).Encoder(chat.Encoding{IncludeUsage: r.usage, Request: conv, Last: last})
		head := g.said.Reply
		head.Choices = nil
		unheard := func(e chat.Event) { r.seam = g.enc.Append(r.seam[:0], &e) }
		unheard(chat.Event{Kind: chat.EventStart, Reply: head})
		for i := range c.Parts {
			unheard(chat.Event{Kind: chat.EventOpen, Index: i, Part: c.Parts[i]})
			if i < g.index {
				unheard(chat.Event{Kind: chat.EventClose, Index: i})
			}
		}
	}
	r.enc = g.enc
}

// tell takes in what the other model says, and gives on what of it is new text. Its reasoning stays unsaid.
func (g *seams) tell(e *chat.Event, r *relay) {
	switch e.Kind {
	case chat.EventOpen:
		if e.Part.Kind == chat.Text && e.Part.Text != "" {
			g.add(e.Part.Text, r)
		}
		g.only = e.Part.Kind != chat.Text
	case chat.EventDelta:
		if !g.only {
			g.add(e.Text, r)
		}
	case chat.EventFinish, chat.EventEnd:
		if !g.joined {
			g.join(r)
		}
		r.write(g.enc, e)
		r.ended = r.ended || e.Kind == chat.EventEnd
	case chat.EventUsage:
		whole := *e
		whole.Usage.Add(g.usage)
		r.write(g.enc, &whole)
	case chat.EventPing:
		r.write(g.enc, e)
	}
}

func (g *seams) add(text string, r *relay) {
	if g.joined {
		g.say(text, r)
		return
	}
	if g.fresh += text; !overlaps(g.before, g.fresh) {
		g.join(r)
	}
}

// join says what came after the seam without what had been said before it.
func (g *seams) join(r *relay) {
	g.joined = true
	g.say(g.fresh[overlap(g.before, g.fresh):], r)
}

func (g *seams) say(text string, r *relay) {
	if text == "" {
		return
	}
	e := chat.Event{Kind: chat.EventDelta, Index: g.index, Text: text}
	g.said.Reply.Choices[0].Parts[g.index].Text += text
	r.write(g.enc, &e)
}

// write appends what an event comes to.
func (r *relay) write(enc chat.Encoder, e *chat.Event) { r.out = enc.Append(r.out, e) }

// starts are the places in the end of a text where a word begins.
func starts(said string) func(func(int) bool) {
	return func(yield func(int) bool) {
		before := utf8.RuneError
		for i, c := range said {
			if !unicode.IsSpace(c) && (i == 0 || unicode.IsSpace(before)) && len(said)-i <= seamBack && !yield(i) {
				return
			}
			before = c
		}
	}
}

// overlaps is whether more text may show that a model says again what was said.
func overlaps(said, fresh string) bool {
	for i := range starts(said) {
		if len(said)-i > len(fresh) && strings.HasPrefix(said[i:], fresh) {
			return true
		}
	}
	return strings.TrimSpace(fresh) == ""
}

// overlap is how many bytes of what a model says after the seam were said before it: whole words, and the space between.
func overlap(said, fresh string) int {
	bare := strings.TrimRightFunc(said, unicode.IsSpace)
	space := len(said) - len(bare)
	for i := range starts(said) {
		if strings.HasPrefix(fresh, said[i:]) {
			return len(said) - i
		}
		if i < len(bare) && space > 0 && strings.HasPrefix(fresh, bare[i:]) {
			n := len(bare) - i
			return n + leading(fresh[n:], space)
		}
	}
	return leading(fresh, space)
}

// leading is how much white space a text begins with, at most so many bytes.
func leading(s string, most int) int {
	return min(len(s)-len(strings.TrimLeftFunc(s, unicode.IsSpace)), most)
}

// prefixed makes the last message of a body one to be gone on with, for providers that want to be told so.
func prefixed(provider string, in *chat.Members, body []byte) []chat.Edit {
	messages := in.Get(body, "messages")
	if provider != "mistral" || len(messages) < 2 {
		return nil
	}
	n := strings.LastIndexByte(string(messages), '}')
	value := append(append(append([]byte(nil), messages[:n]...), `,"prefix":true`...), messages[n:]...)
	return []chat.Edit{{Kind: chat.Set, Name: "messages", Value: value}}
}

// heard takes an event in, for the case that the stream breaks. It changes nothing.
func (g *seams) heard(dec chat.Decoder, e *sse.Event) {
	if e.Data != nil {
		_ = dec.Decode(string(e.Name), e.Data, g.said.Tell)
	}
}

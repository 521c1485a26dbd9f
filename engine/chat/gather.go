package chat

// Gather puts a reply together from the events of a stream. The zero value is ready; what it was told may be reused by the
// teller, for it keeps copies of the values and Go strings are immutable.
type Gather struct {
	Reply Reply
	Fault *Fault // told by an EventError
	Ended bool

	at map[[2]int]int // where the part with a choice and an index lies in its choice
}

// Tell takes in an event.
func (g *Gather) Tell(e *Event) {
	switch e.Kind {
	case EventStart:
		choices, usage := g.Reply.Choices, g.Reply.Usage
		g.Reply = e.Reply
		g.Reply.Choices, g.Reply.Usage = choices, usage
	case EventOpen:
		c := g.choice(e.Choice)
		if g.at == nil {
			g.at = map[[2]int]int{}
		}
		g.at[[2]int{e.Choice, e.Index}] = len(c.Parts)
		part := e.Part
		if part.Call != nil {
			call := *part.Call
			part.Call = &call
		}
		if part.Media != nil {
			media := *part.Media
			part.Media = &media
		}
		c.Parts = append(c.Parts, part)
	case EventDelta:
		c := g.choice(e.Choice)
		if e.Logprobs != nil {
			c.Logprobs = joinLists(c.Logprobs, e.Logprobs)
		}
		if p := g.part(e); p != nil {
			switch {
			case p.Call != nil:
				p.Call.Arguments += e.Text
			case p.Kind == Audio && p.Media != nil && e.Part.Media != nil:
				p.Media.Data += e.Part.Media.Data
				p.Text += e.Text
			default:
				p.Text += e.Text
			}
		}
	case EventState:
		if p := g.part(e); p != nil {
			if e.Part.State != nil {
				p.State = e.Part.State
			}
			if e.Part.Annotations != nil {
				p.Annotations, p.Dialect = joinLists(p.Annotations, e.Part.Annotations), e.Part.Dialect
			}
			if e.Part.Media != nil {
				p.Media = e.Part.Media
			}
			if e.Part.Summary != nil {
				p.Summary = e.Part.Summary
			}
			p.Extra = append(p.Extra, e.Part.Extra...)
		}
	case EventFinish:
		c := g.choice(e.Choice)
		c.Finish, c.Sequence = e.Finish, e.Sequence
		g.Reply.take(e.Reply.Extra)
	case EventUsage:
		g.Reply.Usage = e.Usage
		g.Reply.take(e.Reply.Extra)
	case EventError:
		fault := e.Fault
		g.Fault = &fault
	case EventEnd:
		g.Ended = true
	}
}

// take adds members of the reply that came late; what is told again replaces what was told.
func (r *Reply) take(late []Member) {
next:
	for _, m := range late {
		for i := range r.Extra {
			if r.Extra[i].Name == m.Name {
				r.Extra[i].Value = m.Value
				continue next
			}
		}
		r.Extra = append(r.Extra, m)
	}
}

func (g *Gather) choice(index int) *Choice {
	for i := range g.Reply.Choices {
		if g.Reply.Choices[i].Index == index {
			return &g.Reply.Choices[i]
		}
	}
	g.Reply.Choices = append(g.Reply.Choices, Choice{Index: index})
	return &g.Reply.Choices[len(g.Reply.Choices)-1]
}

func (g *Gather) part(e *Event) *Part {
	i, ok := g.at[[2]int{e.Choice, e.Index}]
	if !ok {
		return nil
	}
	return &g.choice(e.Choice).Parts[i]
}

// joinLists joins two JSON arrays, or the arrays in two objects (OpenAI's logprobs: {"content": […], "refusal": […]}), or
// replaces what is neither.
func joinLists(a, b []byte) []byte {
	if len(a) < 2 || len(b) < 2 || a[0] != b[0] || a[0] != '[' && a[0] != '{' {
		return append([]byte(nil), b...)
	}
	if a[0] == '{' {
		return joinMembers(a, b)
	}
	if len(a) == 2 {
		return append([]byte(nil), b...)
	}
	if len(b) == 2 {
		return a
	}
	out := append(append([]byte(nil), a[:len(a)-1]...), ',')
	return append(out, b[1:]...)
}

// joinMembers joins each list in a with the one of its name in b; what only one of them has, or is null in the other, is
// taken from there.
func joinMembers(a, b []byte) []byte {
	out := []byte{'{'}
	put := func(name string, value []byte) {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(appendQuoted(out, name), ':'), value...)
	}
	var had, more Members
	had.Index(a)
	more.Index(b)
	for name, value := range Object(a) {
		other := more.Get(b, name)
		switch {
		case other == nil || string(other) == "null":
			put(name, value)
		default:
			put(name, joinLists(value, other))
		}
	}
	for name, value := range Object(b) {
		if !had.Has(name) {
			put(name, value)
		}
	}
	return append(out, '}')
}

// Events tells a whole reply as the events of a stream, each part in one piece.
func (r *Reply) Events(tell func(*Event)) {
	head := *r
	head.Choices, head.Usage = nil, Usage{}
	tell(&Event{Kind: EventStart, Reply: head})
	for i := range r.Choices {
		c := &r.Choices[i]
		for j := range c.Parts {
			tell(&Event{Kind: EventOpen, Choice: c.Index, Index: j, Part: c.Parts[j]})
			if j == 0 && c.Logprobs != nil {
				tell(&Event{Kind: EventDelta, Choice: c.Index, Index: j, Logprobs: c.Logprobs})
			}
			tell(&Event{Kind: EventClose, Choice: c.Index, Index: j})
		}
		tell(&Event{Kind: EventFinish, Choice: c.Index, Finish: c.Finish, Sequence: c.Sequence})
	}
	if r.Usage.Known {
		tell(&Event{Kind: EventUsage, Usage: r.Usage})
	}
	tell(&Event{Kind: EventEnd})
}

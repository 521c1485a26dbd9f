package chat

import (
	"maps"
	"slices"
)

// CustomSchema is the parameters of a function that stands for a custom tool, one that takes free text, where a dialect has
// functions only.
const CustomSchema = `{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}`

// AppendCustom appends free text as the arguments of such a function.
func AppendCustom(dst []byte, text string) []byte {
	return append(AppendQuoted(append(dst, `{"input":`...), text), '}')
}

// CustomText is the free text in such arguments; what does not look like them is the text itself.
func CustomText(arguments string) string {
	text, n := arguments, 0
	for name, value := range Object([]byte(arguments)) {
		n++
		if s, ok := Unquote(value); ok && name == "input" {
			text = s
			continue
		}
		return arguments
	}
	if n != 1 || Check([]byte(arguments)) != nil {
		return arguments
	}
	return text
}

// CustomTools are the names of the custom tools that a conversation has.
func (c *Conversation) CustomTools() []string {
	var names []string
	for i := range c.Tools {
		if c.Tools[i].Custom {
			names = append(names, c.Tools[i].Flat())
		}
	}
	return names
}

// RestoreCustom turns the calls of custom tools, which a provider answered as calls of functions, back into what the client
// asked for. names are the custom tools' names.
func (r *Reply) RestoreCustom(names []string) {
	for i := range r.Choices {
		for j := range r.Choices[i].Parts {
			if call := r.Choices[i].Parts[j].Call; call != nil && !call.Custom && slices.Contains(names, call.Name) {
				call.Custom, call.Arguments = true, CustomText(call.Arguments)
			}
		}
	}
}

// RestoreCustom is Reply.RestoreCustom for a stream: what tells events is to tell them to the function it gives. The text of
// such a call is told in one piece when the call is whole.
func RestoreCustom(names []string, tell func(*Event)) func(*Event) {
	if len(names) == 0 {
		return tell
	}
	held := map[[2]int]*Event{} // deltas of open calls
	return func(e *Event) {
		at := [2]int{e.Choice, e.Index}
		h := held[at]
		switch e.Kind {
		case EventOpen:
			if call := e.Part.Call; call != nil && !call.Custom && slices.Contains(names, call.Name) {
				open := *e
				custom := *call
				h = &Event{Kind: EventDelta, Choice: e.Choice, Index: e.Index, Text: call.Arguments}
				custom.Custom, custom.Arguments = true, ""
				open.Part.Call = &custom
				held[at] = h
				e = &open
			}
		case EventDelta:
			if h != nil {
				h.Text += e.Text
				return
			}
		case EventClose:
			if h != nil {
				release(held, at, tell)
			}
		case EventFinish, EventEnd:
			// The teller does not close.
			for _, at := range slices.SortedFunc(maps.Keys(held), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
				release(held, at, tell)
			}
		}
		tell(e)
	}
}

func release(held map[[2]int]*Event, at [2]int, tell func(*Event)) {
	h := held[at]
	delete(held, at)
	h.Text = CustomText(h.Text)
	tell(h)
}

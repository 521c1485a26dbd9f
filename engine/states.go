package engine

import (
	"slices"
	"time"

	"github.com/routor/routor/engine/chat"
)

// States remembers what only its maker understands and needs back on the next turn (thinking with its signature, a thought
// signature, reasoning text), by the tool call that it led to: many clients drop the fields in which a dialect carries it, but
// none can drop a tool call's id. What is remembered is bounded in number, size and time; what is gone is replaced as if
// another model had made it.
type States struct{ *shelf[*turn] }

// turn is an answer that called tools.
type turn struct {
	maker     string      // the provider that made the state
	reasoning []chat.Part // before the calls, in order
	call      *chat.State // the call's own
	size      int
}

const (
	stateTurns = 50_000
	stateBytes = 256 << 20
	stateKeep  = 6 * time.Hour
)

// NewStates makes an empty table.
func NewStates() *States { return &States{newShelf[*turn](stateTurns, stateBytes, stateKeep)} }

// Keep remembers what an answer of a provider needs back, under its tool calls. key is the caller's.
func (s *States) Keep(key, maker string, parts []chat.Part) {
	var reasoning []chat.Part
	size := 0
	for i := range parts {
		p := &parts[i]
		if p.Kind == chat.Reasoning {
			if p.State != nil && p.State.Maker == "" {
				state := *p.State
				state.Maker = maker
				p.State = &state
			}
			reasoning = append(reasoning, *p)
			size += sizeOf(p)
		}
	}
	for i := range parts {
		p := &parts[i]
		if p.Kind != chat.ToolCall || p.Call == nil || p.Call.ID == "" {
			continue
		}
		t := &turn{maker: maker, reasoning: reasoning, size: size + len(p.Call.ID) + 200}
		if p.State != nil {
			state := *p.State
			if state.Maker == "" {
				state.Maker = maker
			}
			t.call = &state
			t.size += len(state.Data)
		}
		if len(reasoning) > 0 || t.call != nil {
			s.put(ownedKey{key, p.Call.ID}, t, t.size)
		}
	}
}

func sizeOf(p *chat.Part) int {
	n := len(p.Text) + 200
	for _, text := range p.Summary {
		n += len(text)
	}
	if p.State != nil {
		n += len(p.State.Data)
	}
	return n
}

// of is what is remembered of a call; nil = nothing.
func (s *States) of(key, call string) *turn { return s.get(ownedKey{key, call}) }

// Restore puts back what was remembered of a conversation's tool calls where the client has dropped it, and says of all state
// whose it is. The messages are a copy where anything changes.
func (s *States) Restore(key string, messages []chat.Message) []chat.Message {
	out := messages
	for i := range messages {
		m := &messages[i]
		if m.Role != chat.Assistant {
			continue
		}
		if parts := s.restored(key, m.Parts); parts != nil {
			if &out[0] == &messages[0] {
				out = slices.Clone(messages)
			}
			out[i].Parts = parts
		}
	}
	return out
}

// restored is the parts of a message with what was remembered; nil = there is nothing to add.
func (s *States) restored(key string, parts []chat.Part) (out []chat.Part) {
	reasons := slices.ContainsFunc(parts, func(p chat.Part) bool { return p.Kind == chat.Reasoning })
	for i := range parts {
		p := &parts[i]
		if p.Kind != chat.ToolCall || p.Call == nil {
			continue
		}
		t := s.of(key, p.Call.ID)
		if t == nil {
			continue
		}
		if out == nil {
			out = slices.Clone(parts)
		}
		at := i + len(out) - len(parts)
		if t.call != nil && out[at].State == nil {
			out[at].State = t.call
		}
		switch {
		case !reasons && len(t.reasoning) > 0:
			first := slices.IndexFunc(out, func(p chat.Part) bool { return p.Kind == chat.ToolCall })
			out = slices.Insert(out, first, t.reasoning...)
		case reasons:
			own(out, t.maker)
		}
		reasons = true
	}
	return out
}

// own says of state without a maker whose it is.
func own(parts []chat.Part, maker string) {
	for i := range parts {
		p := &parts[i]
		switch {
		case p.State != nil && p.State.Maker == "":
			state := *p.State
			state.Maker = maker
			p.State = &state
		case p.State == nil && p.Kind == chat.Reasoning:
			p.State = &chat.State{Maker: maker}
		}
	}
}

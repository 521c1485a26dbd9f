package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// atOnce is how soon after an answer the same question counts as asked again because of it.
const atOnce = 2 * time.Minute

// rest stands for the voters of whom there are too many to count each.
var rest = voter{"(others)", ""}

// learns is whether a profile learns from its requests, and is decided by what was learned.
func (s *Snapshot) learns(profile string) bool {
	b := s.bounds[profile]
	return b != nil && b.Learn
}

// learn tells the learner what Routor saw of an answer and, by this request, of the one before it in the conversation. It is
// called once an answer has ended, for profiles that learn alone.
func (a *Answer) learn(c *Candidate) {
	l, rt := a.e.Learner, a.rt
	d := rt.Decision
	who := voter{key: rt.keyID()}
	who.user = HashUser(who.key, cmp.Or(rt.Request.User, rt.Request.MetadataUserID))
	now := l.o.Clock()
	sum := sha256.Sum256([]byte(rt.Request.Text))
	next := lastAnswer{key: seenKey{l.today(), spot{c.Deployment.Model.ID, d.Category}, who}, at: now}
	copy(next.prompt[:], sum[:])
	if before, ok := l.last.Get(rt.Conversation); ok && rt.Conversation != (ConversationID{}) {
		var late Seen
		if rt.Request.Facts.EndsInTool {
			if rt.toolFailed() {
				late = SeenToolError
			}
		} else if before.prompt == next.prompt && now.Sub(before.at) <= atOnce {
			late = SeenRetried
		}
		if late != 0 {
			l.saw(before.key, late, 0)
		}
	}
	l.saw(next.key, a.seen, 1)
	if rt.Conversation != (ConversationID{}) {
		l.last.Add(rt.Conversation, next)
	}
}

// saw counts an answer, or something that turned out of one that was counted.
func (l *Learner) saw(k seenKey, s Seen, answers int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.own[k]
	if r == nil {
		if len(l.own) >= mostSeenRows {
			k.voter = rest
		}
		if r = l.own[k]; r == nil {
			r = &seenRow{Model: k.model, Category: k.category.String(), Key: k.key, User: k.user}
			l.own[k] = r
		}
	}
	r.Answers += answers
	if s != 0 {
		r.Wrong = min(r.Wrong+1, r.Answers)
	}
	for i := range r.Counts {
		if s&(1<<i) != 0 {
			r.Counts[i]++
		}
	}
	l.unsent = true
}

// note takes what the end of an answer says of it.
func (a *Answer) note(f chat.Finish) {
	switch f {
	case chat.Refused, chat.ContentFilter:
		a.seen |= SeenRefused
	case chat.Length, chat.ContextFull:
		a.seen |= SeenCut
	}
}

// inspect looks into a plain answer for structured output that is none and tool calls that can't be made.
func (a *Answer) inspect(body []byte) {
	rt := a.rt
	if a.e.Learner == nil || !rt.Snapshot.learns(rt.Decision.Profile) {
		return
	}
	structured := rt.Request.Format != chat.FormatText
	if !structured && rt.Request.Facts.Tools == 0 {
		return
	}
	var reply chat.Reply
	if providers.CodecOf(a.sent.speaks).ReadReply(body, &reply) != nil {
		return
	}
	for i := range reply.Choices {
		a.seen |= defects(reply.Choices[i].Parts, structured && reply.Choices[i].Finish == chat.Stop)
	}
}

func defects(parts []chat.Part, structured bool) (s Seen) {
	text, calls := "", false
	for i := range parts {
		switch p := &parts[i]; p.Kind {
		case chat.Text:
			text += p.Text
		case chat.ToolCall:
			calls = true
			if p.Call != nil && !p.Call.Custom && p.Call.Arguments != "" && !json.Valid([]byte(p.Call.Arguments)) {
				s |= SeenToolError
			}
		}
	}
	if structured && !calls && !json.Valid([]byte(text)) {
		s |= SeenInvalid
	}
	return s
}

// toolFailed is whether a tool says that the call which the answer before made has failed.
func (rt *Routed) toolFailed() bool {
	conv, err := rt.conversation()
	if err != nil {
		return false
	}
	for i := len(conv.Messages) - 1; i >= 0; i-- {
		m := &conv.Messages[i]
		found := false
		for k := range m.Parts {
			if p := &m.Parts[k]; p.Kind == chat.ToolResult && p.Result != nil {
				if found = true; p.Result.Error {
					return true
				}
			}
		}
		if !found {
			return false
		}
	}
	return false
}

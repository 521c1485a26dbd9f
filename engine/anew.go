package engine

import (
	"slices"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

// writesAnew is whether a deployment's answers on a surface are ever written anew: see catalog.Quirk.Anew.
func (o *option) writesAnew(d *catalog.Deployment, on catalog.Surface) bool {
	return o.provider != nil && slices.ContainsFunc(o.provider.Quirks, func(q catalog.Quirk) bool { return q.Anew && q.Covers(d, on) })
}

// withoutTold takes reasoning out of earlier turns that is in the fields in which the client was told it, where the provider
// has it elsewhere and refuses fields that it doesn't know. What came with its state, or was kept, stays.
func withoutTold(messages []chat.Message) []chat.Message {
	told := func(p chat.Part) bool {
		return p.Kind == chat.Reasoning && (p.State == nil || p.State.Form == "text" || p.State.Form == "reasoning")
	}
	for i := range messages {
		if m := &messages[i]; slices.ContainsFunc(m.Parts, told) {
			m.Parts = slices.DeleteFunc(slices.Clone(m.Parts), told)
		}
	}
	return messages
}

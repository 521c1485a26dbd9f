package engine

import (
	"cmp"
	"slices"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/openai"
)

// anotherThought stands for the reasoning of a turn that another model made, or that nobody kept, where a provider refuses
// turns with tool calls and no reasoning.
const anotherThought = "(not available)"

// adapt is a conversation's messages as a provider is to see them: with the state of earlier turns that is its own, without
// what only others understand, with ids and roles that it takes. The messages are a copy where anything changes.
func (x *exchange) adapt(messages []chat.Message, o *option, p *plan) []chat.Message {
	rt := x.rt
	if f := &rt.Request.Facts; f.Calls > 0 || f.Reasoned > 0 {
		messages = x.e.States.Restore(rt.keyID(), messages)
	}
	if o.provider == nil {
		return messages
	}
	provider, last := o.provider, x.lastProvider()
	out := slices.Clone(messages)
	for i := range out {
		m := &out[i]
		if m.Role == chat.Developer && provider.Developer == catalog.No {
			m.Role = chat.System
		}
		if m.Role == chat.Assistant {
			m.Parts = stamped(m.Parts, last)
			if provider.State == catalog.ReasoningMust && p.thinking {
				m.Parts = reasoned(m.Parts, provider.ID)
			}
		}
		if provider.Media == "mistral" && x.sent.speaks == chat.Completions {
			m.Parts = respelt(m.Parts)
		}
		if provider.CallIDs == "mistral" {
			m.Parts = encoded(m.Parts, chat.MistralIDs)
		}
	}
	return out
}

// nobodyKnown is the maker of state in a conversation that several providers have answered in: it could be any of them.
const nobodyKnown = "?"

// lastProvider is who answered in the conversation so far, as far as that is known; "" = it is not.
func (x *exchange) lastProvider() string {
	if x.e.Conversations.Mixed(x.rt.Conversation) {
		return nobodyKnown
	}
	if dep := x.rt.Snapshot.Catalog.Deployment(x.rt.World.Conversation.Model); dep != nil {
		return dep.Provider
	}
	return ""
}

// stamped says of state whose maker nobody noted whose it is: clients bring back what they got.
func stamped(parts []chat.Part, last string) []chat.Part {
	if last == "" || !slices.ContainsFunc(parts, func(p chat.Part) bool { return p.State != nil && p.State.Maker == "" }) {
		return parts
	}
	parts = slices.Clone(parts)
	for i := range parts {
		if s := parts[i].State; s != nil && s.Maker == "" {
			state := *s
			state.Maker = last
			parts[i].State = &state
		}
	}
	return parts
}

// reasoned is a turn with tool calls that has reasoning of the provider's own, if only a placeholder.
func reasoned(parts []chat.Part, provider string) []chat.Part {
	call := slices.IndexFunc(parts, func(p chat.Part) bool { return p.Kind == chat.ToolCall })
	has := slices.ContainsFunc(parts, func(p chat.Part) bool {
		return p.Kind == chat.Reasoning && p.Text != "" && p.State != nil && (p.State.Maker == "" || p.State.Maker == provider)
	})
	if call < 0 || has {
		return parts
	}
	out := slices.DeleteFunc(slices.Clone(parts), func(p chat.Part) bool { return p.Kind == chat.Reasoning })
	stand := chat.Part{Kind: chat.Reasoning, Text: anotherThought, State: &chat.State{Maker: provider, Form: "text"}}
	return slices.Insert(out, 0, stand)
}

// encoded is parts whose tool-call ids have a form.
func encoded(parts []chat.Part, form chat.IDForm) []chat.Part {
	if !slices.ContainsFunc(parts, func(p chat.Part) bool { return p.Call != nil || p.Result != nil }) {
		return parts
	}
	parts = slices.Clone(parts)
	for i := range parts {
		p := &parts[i]
		if p.Call != nil {
			call := *p.Call
			call.ID = chat.EncodeID(call.ID, form)
			p.Call = &call
		}
		if p.Result != nil {
			result := *p.Result
			result.CallID = chat.EncodeID(result.CallID, form)
			p.Result = &result
		}
	}
	return parts
}

// respelt is parts with documents as Mistral's chat completions spell them (its OpenAPI document: DocumentURLChunk). Audio it takes
// in OpenAI's spelling too. What the client spelt so itself stays as it is.
func respelt(parts []chat.Part) []chat.Part {
	out := parts
	for i := range parts {
		raw := mistralDocument(&parts[i])
		if raw == nil {
			continue
		}
		if &out[0] == &parts[0] {
			out = slices.Clone(parts)
		}
		out[i].Raw, out[i].Dialect = raw, chat.Completions
	}
	return out
}

// mistralDocument is a part with a document in Mistral's spelling; nil = it is none, or is spelt so.
func mistralDocument(p *chat.Part) []byte {
	m := p.Media
	if p.Kind != chat.File || m == nil || m.Text != "" || m.Data == "" && m.URL == "" || p.Raw != nil && p.Dialect == chat.Completions {
		return nil
	}
	url := m.URL
	if m.Data != "" {
		url = "data:" + cmp.Or(m.Type, "application/pdf") + ";base64," + m.Data
	}
	raw := appendString([]byte(`{"type":"document_url","document_url":`), url)
	if m.Name != "" {
		raw = appendMember(raw, "document_name", m.Name)
	}
	return append(raw, '}')
}

// foreign is whether the client's own bytes would give a provider state that is not its own, or leave out state that it
// needs: then the request has to be written anew.
func (x *exchange) foreign(provider string, o *option) bool {
	rt := x.rt
	f := &rt.Request.Facts
	if _, body := rt.indexed(); openai.CarriesState(body) {
		return true
	}
	if f.Reasoned > 0 || rt.dialect() != chat.Completions {
		last := x.lastProvider()
		return last != "" && last != provider
	}
	// Tools were called and no reasoning came back: the client drops it, or there was none.
	return o.provider.State != catalog.NoState
}

// keyID is whose request it is.
func (rt *Routed) keyID() string {
	if rt.World.Key == nil {
		return ""
	}
	return rt.World.Key.ID
}

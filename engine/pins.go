package engine

import (
	"fmt"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// pins tie a request to those who can have it: to who speaks the dialect of its hosted tools, to the provider that keeps its
// files, containers and earlier answers. The zero pins tie nothing.
type pins struct {
	client         chat.Dialect
	tools          bool
	hosted, stored string       // why those of another dialect fall out; "" = there is nothing of the kind
	kept           string       // why those fall out who can't have what is kept
	in             chat.Dialect // in which that came
	wide           bool         // chat completions and Responses of a provider share it
	owner, owned   string       // the only provider that has it, "" = unknown; why others fall out
}

// dialectNames are the dialects, for people.
var dialectNames = map[chat.Dialect]string{
	chat.Completions: "OpenAI chat completions", chat.Responses: "OpenAI Responses", chat.Messages: "Anthropic Messages", chat.Generate: "Gemini",
}

// keepers made the dialects: what came in one, and nobody knows whose it is, is taken to be theirs where they are connected.
var keepers = map[chat.Dialect]string{
	chat.Completions: "openai", chat.Responses: "openai", chat.Messages: "anthropic", chat.Generate: "google",
}

// pins are those of a request.
func (s *Snapshot) pins(r *chat.Request, w *World, a *ask) (p pins) {
	f := &r.Facts
	if len(f.Hosted) == 0 && f.Kept.What == "" && f.Stateful == "" && !(f.Store && a.bound.stores()) {
		return p
	}
	p.client, p.tools = clientOf(r), f.Tools > 0
	if len(f.Hosted) > 0 {
		p.hosted = fmt.Sprintf("has no such tool: hosted tool %s runs only at providers that speak %s and have it", f.Hosted[0], dialectNames[p.client])
	}
	if f.Store && a.bound.stores() || f.Stateful != "" {
		p.stored = "keeps no answers: " + dialectNames[chat.Responses] + " alone have them stored"
	}
	switch k := &f.Kept; {
	case f.Previous != "":
		p.owner = s.keeperOf(w)
		p.owned = fmt.Sprintf("can't go on from %.60q, which %s keeps", f.Previous, p.owner)
	case k.What != "":
		p.in, p.wide = k.In, k.What == "file"
		p.kept = fmt.Sprintf("can't read the %s %.60q, which lies at a provider that speaks %s", k.What, k.ID, dialectNames[k.In])
		if p.owner = s.ownerOf(&p, w, a); p.owner != "" {
			p.owned = fmt.Sprintf("can't read the %s %.60q, which lies at %s", k.What, k.ID, p.owner)
		}
	}
	return p
}

// clientOf is the dialect in which a request was asked.
func clientOf(r *chat.Request) chat.Dialect {
	if r.Client == "" {
		return chat.Completions
	}
	return r.Client
}

// out is why a candidate can't have the request; "" = it can.
func (p *pins) out(o *option) string {
	if p.client == "" {
		return ""
	}
	speaks := providers.DialectOn(o.surfaceOf(p.client, p.tools))
	switch {
	case p.hosted != "" && (speaks != p.client || o.provider != nil && o.provider.HostedTools == catalog.No):
		return p.hosted
	case p.stored != "" && speaks != chat.Responses:
		return p.stored
	case p.owner != "" && o.dep.Provider != p.owner:
		return p.owned
	case p.kept != "" && !p.shares(speaks):
		return p.kept
	}
	return ""
}

// shares is whether what is kept can be had in a dialect.
func (p *pins) shares(d chat.Dialect) bool {
	if d == p.in {
		return true
	}
	return p.wide && (d == chat.Completions || d == chat.Responses) && (p.in == chat.Completions || p.in == chat.Responses)
}

// keeperOf is the provider that keeps what the request goes on from: the one that was remembered with it, else the one that
// answered last in the conversation, if it keeps answers at all; "" = nobody knows.
func (s *Snapshot) keeperOf(w *World) string {
	if w.Keeper != "" {
		return w.Keeper
	}
	dep := s.Catalog.Deployment(w.Conversation.Model)
	if dep == nil || providers.DialectOn(s.options[dep.Index].surfaceOf(chat.Responses, false)) != chat.Responses {
		return ""
	}
	return dep.Provider
}

// ownerOf is the provider that has what is kept: the one that answered last in the conversation, else the first one of the
// model named, else the maker of the dialect; "" = nobody knows.
func (s *Snapshot) ownerOf(p *pins, w *World, a *ask) string {
	direct := a.method == MethodDirect
	has := func(dep *catalog.Deployment) bool {
		return p.shares(providers.DialectOn(s.options[dep.Index].surfaceOf(p.client, p.tools)))
	}
	serves := func(provider string) bool {
		for i := range s.options {
			o := &s.options[i]
			if o.dep.Provider == provider && o.connected && has(o.dep) && (!direct || o.dep.Model == a.named[0]) {
				return true
			}
		}
		return false
	}
	if dep := s.Catalog.Deployment(w.Conversation.Model); dep != nil && serves(dep.Provider) {
		return dep.Provider
	}
	if a.pin != nil && has(a.pin) {
		return a.pin.Provider
	}
	if keeper := keepers[p.in]; serves(keeper) {
		return keeper
	}
	if direct {
		for _, dep := range s.Catalog.DeploymentsOf(a.named[0]) {
			if s.options[dep.Index].connected && has(dep) {
				return dep.Provider
			}
		}
	}
	return ""
}

// stores is whether the profile lets answers be kept at the provider.
func (b *bound) stores() bool { return b.Store == "allow" }

// mayGoOn is why a request can't have what it asks of a provider's memory; nil = it can, or asks for nothing.
func (s *Snapshot) mayGoOn(r *chat.Request, w *World, b *bound) error {
	f := &r.Facts
	switch {
	case f.Stateful == "":
		return nil
	case !b.stores():
		return &DecideError{Status: 400, Code: CodeUnsupported, Param: f.Stateful, Message: fmt.Sprintf(
			"%s is not supported: this server keeps no responses; send the whole conversation as input, or set store: allow in profile %q", f.Stateful, b.Name)}
	case f.Previous != "" && s.keeperOf(w) == "":
		return &DecideError{Status: 400, Code: CodeInvalidField, Param: f.Stateful, Message: fmt.Sprintf(
			"%s: nobody here knows which provider keeps %.60q: send the whole conversation as input, or the X-Routor-Conversation that it was answered in", f.Stateful, f.Previous)}
	}
	return nil
}

package engine

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// sent is what was made of the request for the candidate that is being asked.
type sent struct {
	surface catalog.Surface
	speaks  chat.Dialect
	same    bool     // in the client's own dialect: its bytes were spliced, and so is the answer unless it is written anew
	thinks  bool     // it was asked to reason before it answers
	anew    bool     // the answer is written anew, whatever the request was
	dropped []string // parameters that the candidate does not get, as the client spells them
}

// spliced is whether the answer's bytes are passed on.
func (s *sent) spliced() bool { return s.same && !s.anew }

// smallLimit is a limit of tokens that reasoning may well use up, and headroom what is added to one for it.
const smallLimit, headroom = 1024, 4096

// write makes the body that a candidate gets, in rt.body. unfit is why it can't be asked; "" = it can.
func (x *exchange) write(c *Candidate) (unfit string) {
	rt, o := x.rt, &x.rt.Snapshot.options[c.Deployment.Index]
	client := rt.dialect()
	x.sent = sent{surface: o.surfaceOf(client, rt.Request.Facts.Tools > 0)}
	x.sent.speaks = providers.DialectOn(x.sent.surface)
	x.sent.same = x.sent.speaks == client && x.prefix == "" && !x.rewrites(c, o)
	plan := x.plan(c, o)
	x.sent.thinks = plan.thinking || rt.Request.Effort != "" && rt.Request.Effort != "none" && !plan.noEffort
	plan.edits = rt.edits[:0]
	plan.dropped = append(plan.dropped, rt.source.Dropped...)
	if rt.Request.Facts.Store && !rt.stores() {
		plan.dropped = append(plan.dropped, "store")
	}
	defer func() { rt.edits = plan.edits }()
	if x.sent.same {
		x.splice(c, o, &plan)
	} else if unfit = x.translate(c, o, &plan); unfit != "" {
		return unfit
	}
	x.sent.anew = plan.anew
	for _, name := range plan.dropped {
		if name = chat.Spell(client, name); !slices.Contains(x.sent.dropped, name) {
			x.sent.dropped = append(x.sent.dropped, name)
		}
	}
	if b := rt.Snapshot.bounds[rt.Decision.Profile]; len(x.sent.dropped) > 0 && b != nil && b.Strict {
		x.strictly = x.sent.dropped
		return "takes no " + strings.Join(x.sent.dropped, ", ") + ", and the profile is strict"
	}
	return ""
}

// plan is how a candidate is to think, and what follows from it.
type plan struct {
	mending
	effort   string // "" = as the client sent it
	noEffort bool   // the client's effort is left out
	limit    int    // of tokens in place of the client's; 0 = that one
}

func (x *exchange) plan(c *Candidate, o *option) plan {
	r, m := x.rt.Request, c.Deployment.Model
	direct := x.rt.Decision.Method == MethodDirect
	p := plan{effort: c.Effort, noEffort: x.drops(c)}
	switchable := o.provider != nil && switches(o.provider.Quirks, c.Deployment, x.sent.surface)
	wanted := r.Effort
	if wanted == "" && !direct {
		wanted = tierEffort[x.rt.Decision.Tier]
	}
	hasNone := slices.ContainsFunc(m.Efforts, func(e catalog.Effort) bool { return e.Name == "none" })
	switch {
	case !switchable || hasNone || wanted == "":
	case wanted == "none" && (m.Thinks || r.Effort != ""):
		p.think, p.effort = thinkOff, ""
		p.noEffort = r.Effort != ""
	case r.Effort != "" && len(m.Efforts) == 0 && m.ThinkingSwitch == catalog.Yes:
		p.think = thinkOn
	}
	p.thinking = p.think == thinkOn || p.think == thinkAsIs && (p.effort != "" && p.effort != "none" || p.effort == "" && m.Thinks)
	if !p.thinking || r.Effort != "" || direct {
		return p
	}
	// Nobody asked it to think so much that it would be at the cost of what was asked for.
	small := r.MaxTokens > 0 && r.MaxTokens < smallLimit
	switch {
	case hasNone && (small || x.clashes(c, o)):
		p.effort, p.thinking = "none", false
	case small && switchable:
		p.think, p.effort, p.thinking = thinkOff, "", false
	case small:
		p.limit = r.MaxTokens + headroom
		if most := c.Deployment.MaxOutput; most > 0 {
			p.limit = min(p.limit, most)
		}
	}
	return p
}

// clashes is whether the client has sent a parameter that the model does not take while it reasons.
func (x *exchange) clashes(c *Candidate, o *option) bool {
	if o.provider == nil {
		return false
	}
	in, body := x.rt.Request.Members(), x.rt.Request.Body
	for i := range o.provider.Quirks {
		q := &o.provider.Quirks[i]
		if q.Thinking != catalog.Yes || !q.Covers(c.Deployment, x.sent.surface) {
			continue
		}
		var m mending
		for _, name := range q.Refuse {
			m.refuse(name, in.Get(body, name))
		}
		if len(m.dropped) > 0 {
			return true
		}
	}
	return false
}

// dropsEffort notes that the client's wish for an effort is left out; a switch that says the same stands for it.
func (p *plan) dropsEffort() bool { return p.noEffort && p.think == thinkAsIs }

// splice writes the client's own bytes with what is Routor's changed.
func (x *exchange) splice(c *Candidate, o *option, p *plan) {
	rt := x.rt
	in, body := rt.indexed()
	effort := p.effort
	if p.noEffort {
		effort = ""
		p.edits = append(p.edits, chat.Edit{Kind: chat.Remove, Name: "reasoning_effort"})
	}
	if p.dropsEffort() {
		p.dropped = append(p.dropped, "reasoning_effort")
	}
	if p.limit > 0 {
		limit := strconv.AppendInt(nil, int64(p.limit), 10)
		for _, name := range [...]string{"max_tokens", "max_completion_tokens", "max_output_tokens"} {
			p.edits = append(p.edits, chat.Edit{Kind: chat.Replace, Name: name, Value: limit})
		}
	}
	if o.provider != nil {
		p.mend(o.provider.Quirks, c.Deployment, x.sent.surface, in, body)
	}
	if x.sent.speaks == chat.Completions {
		rt.body = rt.Request.AppendUpstream(rt.body[:0], chat.Upstream{
			Model: c.Deployment.Upstream, IncludeUsage: rt.Request.Stream, Effort: effort, Edits: p.edits,
		})
		return
	}
	edits := []chat.Edit{
		{Kind: chat.Strip, Name: "routor_"}, {Kind: chat.Remove, Name: "models"}, {Kind: chat.Replace, Name: "model", Text: c.Deployment.Upstream},
	}
	switch x.sent.speaks {
	case chat.Responses:
		store := chat.Edit{Kind: chat.Set, Name: "store", Value: []byte("false")}
		if rt.stores() {
			store.Kind = chat.Add
		}
		edits = append(edits, store)
		if effort != "" {
			edits = append(edits, chat.Edit{Kind: chat.Within, Name: "reasoning", Edits: []chat.Edit{{Kind: chat.Set, Name: "effort", Text: effort}}})
		}
		if include := included(in.Get(body, "include")); include != nil && p.thinking {
			edits = append(edits, chat.Edit{Kind: chat.Set, Name: "include", Value: include})
		}
	case chat.Messages:
		if effort != "" && rt.Request.Effort == "" && !in.Has("thinking") {
			edits = append(edits, chat.Edit{Kind: chat.Within, Name: "output_config", Edits: []chat.Edit{{Kind: chat.Add, Name: "effort", Text: effort}}})
		}
	}
	rt.body = in.Append(rt.body[:0], body, append(edits, p.edits...))
}

const encrypted = `"reasoning.encrypted_content"`

// included is an include list with the encrypted reasoning in it, without which what a model thought would be lost between
// turns, as nothing is stored; nil = it is there already.
func included(list []byte) []byte {
	switch {
	case bytes.Contains(list, []byte(encrypted)):
		return nil
	case len(list) < 2 || list[0] != '[' || len(bytes.TrimSpace(list[1:len(list)-1])) == 0:
		return []byte("[" + encrypted + "]")
	}
	return append(append([]byte("["+encrypted+","), list[1:len(list)-1]...), ']')
}

// translate writes what the client said in another dialect than its own.
func (x *exchange) translate(c *Candidate, o *option, p *plan) (unfit string) {
	rt, d := x.rt, c.Deployment
	codec := providers.CodecOf(x.sent.speaks)
	if codec == nil {
		return "is served in a dialect that is not spoken"
	}
	whole, err := rt.conversation()
	if err != nil {
		return "can't be told the request: " + err.Error()
	}
	conv := *whole
	conv.Stream = rt.Request.Stream
	if x.prefix != "" {
		conv.Messages = append(slices.Clip(conv.Messages), chat.Message{Role: chat.Assistant, Parts: []chat.Part{{Kind: chat.Text, Text: x.prefix}}})
	}
	if unfit = x.media(&conv, o); unfit != "" {
		return unfit
	}
	conv.Messages = x.adapt(conv.Messages, o, p)
	if o.writesAnew(d, x.sent.surface) {
		conv.Messages = withoutTold(conv.Messages)
	}
	switch {
	case x.prefix != "": // nobody thinks in the middle of a sentence
		conv.Settings.Effort, conv.Settings.Thinking = "", nil
	case p.noEffort || p.think == thinkOff:
		conv.Settings.Effort, conv.Settings.Thinking = "", nil
		if p.dropsEffort() {
			p.dropped = append(p.dropped, "reasoning_effort")
		}
	case p.effort != "":
		conv.Settings.Effort = p.effort
		if p.effort == "none" {
			conv.Settings.Thinking = nil
		}
	}
	if p.limit > 0 {
		limit := int64(p.limit)
		conv.Settings.MaxTokens = &limit
	}
	wants := conv.Settings.Store != nil && *conv.Settings.Store
	switch {
	case x.sent.speaks != chat.Responses:
		if rt.dialect() == chat.Responses {
			conv.Settings.Store = nil
		}
	case !wants || !rt.stores():
		if wants && rt.dialect() != chat.Responses {
			p.dropped = append(p.dropped, "store")
		}
		conv.Settings.Store = new(false)
	}
	target := chat.Target{
		Provider: d.Provider, Model: d.Upstream, MaxOutput: int64(d.MaxOutput), Thinks: p.thinking, Adaptive: d.Model.Adaptive == catalog.Yes,
		IncludeUsage: conv.Stream,
	}
	for _, e := range d.Model.Efforts {
		target.Efforts = append(target.Efforts, e.Name)
	}
	body, dropped, err := codec.AppendRequest(rt.body[:0], &conv, &target)
	if err != nil {
		return "can't be told the request: " + err.Error()
	}
	rt.body, x.sent.dropped = body, append(x.sent.dropped, dropped...)
	x.mendWritten(c, o, p)
	return ""
}

// mendWritten makes the quirks' edits in a body that a codec wrote.
func (x *exchange) mendWritten(c *Candidate, o *option, p *plan) {
	rt := x.rt
	var in chat.Members
	in.Index(rt.body)
	switch {
	case o.provider == nil:
	case len(o.provider.Quirks) == 0 && !o.provider.Builtin && x.sent.speaks == chat.Completions:
		// The older name is the one that every endpoint of somebody's own knows.
		p.edits = append(p.edits, chat.Edit{Kind: chat.Rename, Name: "max_completion_tokens", As: "max_tokens"})
	default:
		p.mend(o.provider.Quirks, c.Deployment, x.sent.surface, &in, rt.body)
	}
	if x.sent.speaks == chat.Responses && p.thinking {
		if include := included(in.Get(rt.body, "include")); include != nil {
			p.edits = append(p.edits, chat.Edit{Kind: chat.Set, Name: "include", Value: include})
		}
	}
	if x.prefix != "" {
		p.edits = append(p.edits, prefixed(c.Deployment.Provider, &in, rt.body)...)
	}
	if len(p.edits) > 0 {
		rt.spare = in.Append(rt.spare[:0], rt.body, p.edits)
		rt.body, rt.spare = rt.spare, rt.body
	}
}

// indexed is the client's body in its own dialect, with its members.
func (rt *Routed) indexed() (*chat.Members, []byte) {
	if rt.source.Dialect == "" || rt.source.Dialect == chat.Completions {
		return rt.Request.Members(), rt.Request.Body
	}
	rt.members.Index(rt.source.Body)
	return &rt.members, rt.source.Body
}

// rewrites is whether a request has to be written anew though its dialect fits: what is inside its messages has to change for
// this provider, and only members at the top can be changed in the client's bytes.
func (x *exchange) rewrites(c *Candidate, o *option) bool {
	r, p := x.rt.Request, o.provider
	if p == nil || providers.CodecOf(x.sent.speaks) == nil {
		return false
	}
	f := &r.Facts
	switch {
	case p.Developer == catalog.No && x.sent.speaks == chat.Completions && f.Developer > 0:
		return true
	case o.bytesOnly() && f.ImageURLs > 0:
		return true
	case p.Media != "" && x.sent.speaks == chat.Completions && f.Files > 0:
		return true
	case f.Calls == 0 && f.Reasoned == 0:
		return false
	case f.Reasoned > 0 && o.writesAnew(c.Deployment, x.sent.surface):
		return true
	case p.CallIDs != "" && f.Calls > 0:
		return true
	}
	return x.foreign(p.ID, o)
}

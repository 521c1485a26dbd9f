package engine

import (
	"fmt"
	"math"
	"strings"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// Decide chooses the chain of candidates for a request: it classifies, filters by capability, profile and health, puts the
// rules of the policy and the fields of the request to what is left, weighs quality against cost, and lines up the best
// with their fallbacks. It does no I/O, keeps no state, and writes the same into d for the same arguments; d's memory is
// reused. The error is a *DecideError, and d then shows how far it came. The strings in d may point into the request.
func Decide(s *Snapshot, r *chat.Request, w *World, d *Decision) error {
	d.reset()
	d.snapshot, d.world, d.policy = s, w, s.Policy
	d.Asked, d.Policy, d.Snapshot = r.Model, s.Policy.Name, s.Version
	a, err := s.ask(r, w, d)
	if err != nil {
		return err
	}
	d.Method, d.Profile = a.method, a.bound.Name
	if err := s.mayGoOn(r, w, a.bound); err != nil {
		return err
	}
	d.classify(s, r, w)
	lim, err := limitsOf(a.bound, r, d.Category)
	if err != nil {
		return err
	}
	if a.method == MethodTier {
		d.Tier, d.Difficulty, d.Unsure = *r.Routor.Tier, s.middle(*r.Routor.Tier), false
	}
	d.Completion = completion(d.Class.CompletionTokens, d.Tier)
	if err := d.match(s, r, w); err != nil {
		return err
	}
	if err := d.settle(s, &a, &lim.tiers); err != nil {
		return err
	}
	d.warmCache(s, r, w)
	if err := d.gather(s, r, w, &a); err != nil {
		return err
	}
	if err := d.rule(s, w); err != nil {
		return err
	}
	if err := d.limit(&lim); err != nil {
		return err
	}
	d.weigh(s, &a, &lim)
	d.line(s, r, w, &a)
	d.price0(s, r)
	return nil
}

// match puts the request to the rules' conditions.
func (d *Decision) match(s *Snapshot, r *chat.Request, w *World) error {
	f := &r.Facts
	labels := d.req.Labels
	clear(labels)
	for i := range d.Class.Heads {
		if labels == nil {
			labels = map[string]string{}
		}
		h := &d.Class.Heads[i]
		labels[h.Name] = mostLikely(h.Labels, h.P)
	}
	if d.down == nil {
		d.down = d.providerDown
	}
	d.req = policies.Request{
		Category: d.Category, Domain: d.Domain, Tier: d.Tier, Difficulty: d.Difficulty,
		Confidence: float64(d.Class.Confidence), Unsure: d.Unsure, Labels: labels,
		Model: r.Model, Stream: r.Stream, PromptTokens: f.PromptTokens, CompletionTokens: d.Completion, MaxTokens: r.MaxTokens,
		Turns: f.Turns, Tools: f.Tools + f.HostedTools, Images: f.Images, Files: f.Files, Audio: f.Audio,
		Structured: r.Format != chat.FormatText, Reasoning: reasons(r, d), HasSystem: r.System != "",
		Continuation: f.Continuation, Thanks: f.Thanks, ToolLoop: f.EndsInTool,
		Text: r.Text, System: r.System, Now: w.Now, ProviderDown: d.down, Seed: w.Seed,
	}
	if k := w.Key; k != nil {
		d.req.Key = policies.Key{Name: k.Name, Team: k.Team, Owner: k.Owner, Tags: k.Tags}
	}
	d.req.Key.Profile = d.Profile
	if dep := s.Catalog.Deployment(w.Conversation.Model); dep != nil {
		d.req.ConversationModel = dep.Model.ID
	}
	s.Policy.Match(&d.req, &d.matched)
	d.Rules = d.matched.Rules
	if d.matched.Deny != "" {
		rule := &s.Policy.Rules[d.matched.DenyRule]
		return &DecideError{Status: 403, Code: CodeDenied, Rule: rule.Name, Message: fmt.Sprintf("%s (%s of policy %q)", d.matched.Deny, rule.Label(), s.Policy.Name)}
	}
	return nil
}

// reasons is whether the request needs a chain of thought: the client asks for one, or it is hard mathematics or logic.
func reasons(r *chat.Request, d *Decision) bool {
	if r.Effort != "" {
		return rankEffort(r.Effort) > effortOrder["minimal"]
	}
	return d.Tier >= label.Standard && d.Class.Category[label.Math]+d.Class.Category[label.Reasoning] > .5
}

func mostLikely(labels []string, p []float32) string {
	best := 0
	for i := range p {
		if p[i] > p[best] {
			best = i
		}
	}
	if best >= len(labels) {
		return ""
	}
	return labels[best]
}

// providerDown is whether none of a provider's deployments can be used now.
func (d *Decision) providerDown(provider string) bool {
	s, w := d.snapshot, d.world
	if s == nil || w == nil {
		return false
	}
	for i := range s.options {
		o := &s.options[i]
		if o.dep.Provider == provider && o.connected && (w.Health == nil || w.Health[i].sick(w.Now) == "") {
			return false
		}
	}
	return true
}

// bounded says where a tier bound came from, for people.
type bounded struct {
	set  bool
	tier label.Tier
	from string // routor_tier_floor, `profile cheap`, `the floor of rule 2 "night"`
}

// settle clamps the difficulty by the floors and ceilings of profile and request, which already agree, and of the rules,
// and sets the tier. The highest floor and the lowest ceiling count; a floor above a ceiling yields, unless the client
// asked for it.
func (d *Decision) settle(s *Snapshot, a *ask, b *access.Bounds) error {
	floor := bounded{b.Floor != nil, 0, b.FloorBy}
	if floor.set {
		floor.tier = *b.Floor
	}
	ceiling := bounded{b.Ceiling != nil, 0, b.CeilingBy}
	if ceiling.set {
		ceiling.tier = *b.Ceiling
	}
	m := &d.matched
	if m.Ceiling.Set && (!ceiling.set || m.Ceiling.Tier < ceiling.tier) {
		ceiling = bounded{true, m.Ceiling.Tier, "the ceiling of " + s.Policy.Rules[m.Ceiling.Rule].Label()}
		if floor.set && floor.tier > ceiling.tier && m.Ceiling.Soft {
			d.note(ceiling.from + " " + ceiling.tier.String() + " is soft and yields to " + floor.from)
			ceiling.set = false
		} else if floor.set && floor.tier > ceiling.tier && strings.HasPrefix(floor.from, "routor_") {
			return &DecideError{Status: 400, Code: CodeBoundsConflict, Param: floor.from, Rule: s.Policy.Rules[m.Ceiling.Rule].Name, Message: fmt.Sprintf(
				"%s %s is above %s %s: lower it, or leave it out", floor.from, floor.tier, ceiling.from, ceiling.tier)}
		}
	}
	if m.Floor.Set && a.method != MethodDirect && (!floor.set || m.Floor.Tier > floor.tier) {
		floor = bounded{true, m.Floor.Tier, "the floor of " + s.Policy.Rules[m.Floor.Rule].Label()}
	}
	if floor.set && ceiling.set && floor.tier > ceiling.tier {
		d.note(floor.from + " (" + floor.tier.String() + ") is above " + ceiling.from + " (" + ceiling.tier.String() + "): the ceiling counts")
		floor.set = false
	}
	was := d.Tier
	d.Difficulty = s.Policy.Clamp(d.Difficulty, policies.Bound{Set: floor.set, Tier: floor.tier}, policies.Bound{Set: ceiling.set, Tier: ceiling.tier})
	switch d.Tier = s.Policy.TierOf(d.Difficulty); {
	case d.Tier > was:
		d.note("lifted to " + d.Tier.String() + " by " + floor.from)
	case d.Tier < was:
		d.capped = true
		d.note("lowered to " + d.Tier.String() + " by " + ceiling.from)
	}
	return nil
}

// rule puts the healthy candidates to the rules. Where none is left, the sick ones are put to them as well, to tell a
// policy that forbids from a provider that is away.
func (d *Decision) rule(s *Snapshot, w *World) error {
	last, left := d.consult(s, "")
	if left > 0 {
		d.spares(s, w)
		return nil
	}
	sickLast, sickLeft := d.consult(s, byHealth)
	if sickLeft == 0 {
		if last < 0 {
			last = sickLast
		}
		if last < 0 {
			return d.noneHealthy(w)
		}
		rule := &s.Policy.Rules[last]
		return &DecideError{Status: 422, Code: CodeNoEligible, Rule: rule.Name,
			Message: fmt.Sprintf("no model is left after %s of policy %q", rule.Label(), s.Policy.Name)}
	}
	// A model's last deployment is never parked for good: what is down but may be back is asked all the same.
	probed := 0
	for _, i := range d.index {
		if c := &d.Candidates[i]; c.OutBy == byHealth && w.mayReturn(c) {
			c.Out, c.OutBy = "", ""
			probed++
		}
	}
	if probed == 0 {
		return d.noneHealthy(w)
	}
	d.note("every candidate is cooling down: they are asked all the same, after a short wait where their provider said for how long")
	return nil
}

// mayReturn is whether a candidate that is out is worth asking when there is no other: it is down, and may be back, or it
// cools down for no longer than a request may wait.
func (w *World) mayReturn(c *Candidate) bool {
	if w.Health == nil {
		return false
	}
	h := &w.Health[c.Deployment.Index]
	return h.State == providers.Down || h.State == providers.Limited && c.Left > 0 && c.Left <= w.Patience
}

// spares keeps candidates that are down for the end of the chain where all healthy ones are of one provider: if that one
// fails as well, what was down may be back.
func (d *Decision) spares(s *Snapshot, w *World) {
	if w.Health == nil {
		return
	}
	provider, down := "", false
	for i := range d.Candidates {
		switch c := &d.Candidates[i]; {
		case c.Out == "" && provider != "" && provider != c.Deployment.Provider:
			return
		case c.Out == "":
			provider = c.Deployment.Provider
		case c.OutBy == byHealth:
			down = down || w.Health[c.Deployment.Index].State == providers.Down
		}
	}
	if !down {
		return
	}
	d.consult(s, byHealth)
	for _, i := range d.index {
		c := &d.Candidates[i]
		if c.OutBy == byHealth && c.Deployment.Provider != provider && w.Health[c.Deployment.Index].State == providers.Down {
			c.Out, c.OutBy, c.spare = "", "", true
		}
	}
}

// consult puts the candidates that are out by a stage ("" = in) to the rules and counts those left. last is the rule that
// removed the last one, -1 = none was removed.
func (d *Decision) consult(s *Snapshot, out string) (last, left int) {
	d.cands, d.index = d.cands[:0], d.index[:0]
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.OutBy != out || !s.options[c.Deployment.Index].connected {
			continue
		}
		pc := policies.Candidate{Deployment: c.Deployment, Effort: c.Effort, Quality: c.Quality, Cost: c.Spend().USD(), Latency: c.FirstToken}
		if c.Guessed {
			pc.Quality = math.NaN()
		}
		if c.Estimated {
			pc.Cost = math.NaN()
		}
		if c.FirstToken <= 0 {
			pc.Latency = math.NaN()
		}
		d.cands, d.index = append(d.cands, pc), append(d.index, i)
	}
	for len(d.verdicts) < len(d.cands) {
		d.verdicts = append(d.verdicts, policies.Verdict{})
	}
	verdicts := d.verdicts[:len(d.cands)]
	if len(d.cands) == 0 {
		return -1, 0
	}
	s.Policy.Weigh(&d.req, &d.matched, d.cands, verdicts)
	d.Rules = d.matched.Rules
	for k := range verdicts {
		v, c := &verdicts[k], &d.Candidates[d.index[k]]
		if v.Out {
			c.Out, c.OutBy = s.ruledOut[v.Rule], byRule
			if v.Error != "" {
				c.Out += ", which could not be evaluated: " + v.Error
			}
			continue
		}
		c.Bonus, c.Reasons = v.Bonus, v.Reasons
	}
	return d.matched.Emptied, d.matched.Left
}

// noneHealthy is the error where all that is left is cooling down: 429 if a provider's limit is the reason, else 503.
func (d *Decision) noneHealthy(w *World) error {
	e := &DecideError{Status: 503, Code: CodeNoHealthy, Message: "every model that could answer is unavailable now"}
	named := 0
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.OutBy != byHealth || w.Health == nil {
			continue
		}
		h := &w.Health[c.Deployment.Index]
		if h.State == providers.Limited {
			e.Status = 429
		}
		if wait := h.Until.Sub(w.Now); wait > 0 && (e.RetryAfter == 0 || wait < e.RetryAfter) {
			e.RetryAfter = wait
		}
		if named < 3 {
			e.Message += []string{": ", "; "}[min(named, 1)] + c.Deployment.ID + " is out: " + c.Out
		}
		named++
	}
	if named > 3 {
		e.Message += fmt.Sprintf("; and %d more", named-3)
	}
	return e
}

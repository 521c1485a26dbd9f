package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
)

// remember writes into the ledger's record who asked, what the request is like and what was decided. What comes from the
// prompt is written as far as the profile allows.
func (rt *Routed) remember(r *ledger.Record) {
	d, s := rt.Decision, rt.Snapshot
	req := rt.Request
	rememberKey(&r.Who, rt.World.Key)
	r.Asked, r.Stream = word(req.Model), req.Stream
	r.Versions = ledger.Versions{Snapshot: s.Version, Policy: s.Policy.Hash, Catalog: s.Catalog.Version, Profiles: s.profilesHash}
	r.Reading, r.Classifying, r.Deciding = ledger.Since(d.Reading), ledger.Since(d.Classifying), ledger.Since(d.Deciding)
	f := &req.Routor
	r.Fields = ledger.Fields{Profile: word(f.Profile), Mode: word(f.Mode), Tier: tierName(f.Tier), Floor: tierName(f.TierFloor), Ceiling: tierName(f.Ceiling),
		MaxCostUSD: f.MaxCostUSD, BFCLMin: f.BFCLMin, CodeQuality: f.CodeQuality, ChatQuality: f.ChatQuality}
	level := keeps(s.Profile(d.Profile))
	r.KeepPrompt(level, req.Text, req.System, req.Context)
	r.World.Seed, r.World.Patience, r.World.Health = rt.World.Seed, ledger.Since(rt.World.Patience), rt.healthRecord()
	c := &rt.World.Conversation
	r.World.Conversation = ledger.Conversation{Model: c.Model, Floor: c.Floor, Cached: c.Cached, Turns: c.Turns}
	r.Trial = rt.part()
	if d.Method == "" {
		return // refused before anything was decided
	}
	if level == ledger.KeepFeatures || level == ledger.KeepText {
		r.World.Conversation.ID = rt.Conversation.String()
		rt.rememberFacts(r.NeedFacts())
		r.Tied = tiedOf(req, rt.World.Keeper)
		if d.Class.Module != "" || s.Classifier == nil {
			rememberClass(r.NeedClass(), &d.Class)
		}
	}
	r.Versions.Classifier, r.World.Learned = d.Class.Module, d.Learned
	d.remember(r.NeedDecision())
}

// keeps is what a profile lets be kept of a prompt, this time.
func keeps(p *access.Profile) string {
	if p == nil || p.Prompts == "" {
		return ledger.KeepFeatures
	}
	if p.Prompts == ledger.KeepText && p.PromptSample != nil && rand.Float64() >= *p.PromptSample {
		return ledger.KeepFeatures
	}
	return p.Prompts
}

func rememberKey(w *ledger.Who, k *access.Key) {
	if k == nil {
		return
	}
	w.Key, w.Name, w.Team, w.Owner, w.Profile = k.ID, k.Name, k.Team, k.Owner, k.ProfileName()
	w.Tags, w.Also = append(w.Tags[:0], k.Tags...), append(w.Also[:0], k.Also...)
}

// word is a copy of a request's string, which points into its body. The usual ones need no copy.
func word(s string) string {
	switch s {
	case "":
		return ""
	case auto:
		return auto
	}
	return strings.Clone(s)
}

func tierName(t *label.Tier) string {
	if t == nil {
		return ""
	}
	return t.String()
}

func (rt *Routed) rememberFacts(f *ledger.Facts) {
	r, x := rt.Request, &rt.Request.Facts
	f.MaxTokens, f.N, f.Effort, f.ServiceTier, f.Format = r.MaxTokens, r.N, word(r.Effort), word(r.ServiceTier), int(r.Format)
	for _, m := range r.Models {
		f.Models = append(f.Models, word(m))
	}
	f.Turns, f.Messages, f.Tools, f.HostedTools = x.Turns, x.Messages, x.Tools, x.HostedTools
	f.Images, f.Files, f.Audio, f.Video, f.ImageURLs, f.Unknown = x.Images, x.Files, x.Audio, x.Video, x.ImageURLs, x.Unknown
	f.PromptTokens, f.TextBytes = x.PromptTokens, x.TextBytes
	f.ForcedTool, f.AudioOut, f.Logprobs, f.EndsInTool, f.LastIsAssist = x.ForcedTool, x.AudioOut, x.Logprobs, x.EndsInTool, x.LastIsAssist
	f.Continuation, f.Thanks, f.HasSystem = x.Continuation, x.Thanks, r.System != ""
}

// tiedOf is what ties a request to those who can have it, without ids; nil = nothing does.
func tiedOf(r *chat.Request, keeper string) *ledger.Tied {
	f := &r.Facts
	if len(f.Hosted) == 0 && f.Kept.What == "" && f.Stateful == "" && !f.Store {
		return nil
	}
	t := &ledger.Tied{Client: string(clientOf(r)), Kept: f.Kept.What, In: string(f.Kept.In), Stateful: f.Stateful, GoesOn: f.Previous != "", Store: f.Store, Keeper: keeper}
	for _, h := range f.Hosted {
		t.Hosted = append(t.Hosted, word(h))
	}
	return t
}

// leastShare is the least probability that is kept: what is smaller moves no decision.
const leastShare = 1. / 4096

func rememberClass(c *ledger.Class, x *classifiers.Result) {
	c.Module, c.Fallback, c.Domain = x.Module, x.Fallback, x.BestDomain().String()
	c.Difficulty, c.Confidence = x.Difficulty, x.Confidence
	if n := x.CompletionTokens; n > 0 && !math.IsInf(float64(n), 0) {
		c.Completion = n
	}
	for i, p := range x.Category {
		if p >= leastShare {
			c.Category = append(c.Category, ledger.Share{Label: label.Categories[i], P: p})
		}
	}
	for i := range x.Heads {
		h := ledger.Head{Name: x.Heads[i].Name}
		for k, p := range x.Heads[i].P {
			if p >= leastShare && k < len(x.Heads[i].Labels) {
				h.Labels = append(h.Labels, ledger.Share{Label: x.Heads[i].Labels[k], P: p})
			}
		}
		c.Heads = append(c.Heads, h)
	}
}

// remember writes the decision in brief: the chain with its terms, and the others by reason.
func (d *Decision) remember(r *ledger.Decision) {
	r.Method, r.Profile, r.Policy = d.Method, d.Profile, d.Policy
	r.Category, r.Domain, r.Tier = d.Category.String(), d.Domain.String(), d.Tier.String()
	r.Difficulty, r.History, r.Completion, r.Worth = d.Difficulty, d.History, d.Completion, finite(d.Worth)
	r.Unsure, r.HistoryFloor, r.ToolLoop, r.Affinity = d.Unsure, d.HistoryFloor, d.ToolLoop, d.Affinity
	r.Baseline, r.Looked = ledger.Money(max(d.Baseline, 0)), len(d.Candidates)+len(d.Idle)
	for _, i := range d.Chain {
		c := &d.Candidates[i]
		dep := c.Deployment
		r.Chain = append(r.Chain, ledger.Candidate{Deployment: dep.ID, Model: dep.Model.ID, Provider: dep.Provider, Effort: c.Effort,
			Quality: float32(finite(c.Quality)), Value: float32(finite(c.Value)), Bonus: float32(finite(c.Bonus)), Cost: ledger.Money(c.Cost), CacheLoss: ledger.Money(c.CacheLoss),
			Tokens: c.Tokens, FirstToken: ledger.Micros(c.FirstToken * 1e6), SafetyNet: c.SafetyNet, Guessed: c.Guessed, Estimated: c.Estimated})
	}
	d.rememberFallen(r)
	for i := range d.Rules {
		t := &d.Rules[i]
		r.Rules = append(r.Rules, ledger.Rule{Name: d.ruleName(t.Rule), Matched: t.Matched, Skipped: t.Skipped, Error: t.Error})
	}
	r.Notes = append(r.Notes, d.Notes...)
}

// rememberFallen counts those that are not in the chain by reason. There are some hundred of them and a handful of reasons,
// which nearly always are the same strings: where one lies tells it faster than what it says.
func (d *Decision) rememberFallen(r *ledger.Decision) {
	var reasons [12]struct {
		why *byte
		c   *Candidate
		n   int
	}
	met, behind := 0, 0
next:
	for i := range d.Candidates {
		c := &d.Candidates[i]
		switch {
		case c.chained:
			continue
		case c.Out == "":
			behind++
			continue
		}
		why := unsafe.StringData(c.Out)
		for k := range met {
			if x := &reasons[k]; x.why == why && len(x.c.Out) == len(c.Out) {
				x.n++
				continue next
			}
		}
		if met == len(reasons) {
			r.Fall(c.OutBy, c.Out, 1)
			continue
		}
		reasons[met].why, reasons[met].c, reasons[met].n = why, c, 1
		met++
	}
	for k := range met {
		r.Fall(reasons[k].c.OutBy, reasons[k].c.Out, reasons[k].n)
	}
	if len(d.Idle) > 0 {
		for _, f := range d.snapshot.idleBy {
			r.Fall(f.by, f.why, f.n)
		}
	}
	if behind > 0 {
		r.Fall("place", "behind those in the chain", behind)
	}
}

func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// healthRecords remembers the last state of health that was written down: it is the same for very many requests.
var healthRecords atomic.Pointer[healthRecord]

type healthRecord struct {
	of     *Health // the first of the view
	record *ledger.Health
}

// healthRecord is the state of health that the request was decided by, for the ledger; nil = nothing was known.
func (rt *Routed) healthRecord() *ledger.Health {
	view := rt.World.Health
	if len(view) == 0 {
		return nil
	}
	if last := healthRecords.Load(); last != nil && last.of == &view[0] {
		return last.record
	}
	h := &ledger.Health{}
	for i, dep := range rt.Snapshot.Catalog.Deployments {
		if i >= len(view) || view[i] == (Health{}) {
			continue
		}
		v := &view[i]
		h.Deployments = append(h.Deployments, ledger.DeploymentHealth{Deployment: dep.ID, State: string(v.State), Since: v.Since, Until: v.Until, Why: v.Why,
			FirstToken: math.Round(finite(v.FirstToken)*1e6) / 1e6})
	}
	healthRecords.Store(&healthRecord{&view[0], h})
	return h
}

// remember writes what became of the request.
func (a *Answer) remember(r *ledger.Record) {
	a.rt.remember(r)
	r.Seen = append(r.Seen[:0], a.seen.Names()...)
	c := a.Winner()
	if r.Fallback = a.Fallback(); c == nil {
		c = a.rt.Decision.Best()
	}
	if c != nil {
		r.Model, r.Provider = c.Deployment.Model.ID, c.Deployment.Provider
	}
	for i := range a.Attempts {
		x := &a.Attempts[i]
		dep := x.Candidate.Deployment
		t := ledger.Attempt{Deployment: dep.ID, Model: dep.Model.ID, Provider: dep.Provider, Class: string(x.Class), Status: x.Status, Took: ledger.Since(x.Took),
			Sent: x.Sent, Cost: ledger.Money(max(x.Cost, 0)), RetryAfter: ledger.Since(x.RetryAfter)}
		t.Source = x.CostSource
		switch u := &x.Usage; {
		case u.Known:
			t.Tokens = ledger.Tokens{Prompt: u.Prompt(), Cached: u.CachedRead, Completion: u.Completion(), Reasoning: u.Reasoning}
			r.Tokens.Prompt += t.Tokens.Prompt
			r.Tokens.Cached += t.Tokens.Cached
			r.Tokens.Completion += t.Tokens.Completion
			r.Tokens.Reasoning += t.Tokens.Reasoning
		case x.Sent && t.Source == "":
			t.Source = "unknown"
		}
		r.Attempts = append(r.Attempts, t)
	}
	if a.known {
		r.Cost, r.Priced = ledger.Money(a.cost), true
	}
	r.Baseline = ledger.Money(a.baseline)
	if n := len(a.Attempts); a.Stream != nil && n > 0 && a.Attempts[n-1].Class == "" {
		d := a.rt.Decision
		before := d.Reading + d.Classifying + d.Deciding + a.began.Sub(a.start)
		r.FirstToken = ledger.Since(max(before, 0) + a.Attempts[n-1].Took)
	}
}

// hashOf tells sets of profiles apart.
func hashOf(profiles map[string]*access.Profile) string {
	src, err := json.Marshal(profiles)
	if err != nil {
		panic("BUG: encode profiles: " + err.Error())
	}
	sum := sha256.Sum256(src)
	return hex.EncodeToString(sum[:8])
}

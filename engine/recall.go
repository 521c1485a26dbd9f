package engine

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/providers"
)

// ErrNotKept is a record that does not hold enough to decide it again: its profile keeps no features of prompts, or the request
// was refused before it was classified.
var ErrNotKept = errors.New("the record does not hold what the decision followed from")

// Recaller makes requests and worlds of records again, for one snapshot. It uses its memory again and again: what Recall gives
// is valid until the next call. It is for one goroutine.
type Recaller struct {
	Request chat.Request
	World   World

	s      *Snapshot
	class  classifiers.Result
	key    access.Key
	of     *ledger.Health
	health []Health
}

// NewRecaller makes a Recaller that recalls requests as a snapshot can decide them.
func NewRecaller(s *Snapshot) *Recaller { return &Recaller{s: s} }

// Recall puts the request and the world of a record into r.Request and r.World, for Decide. The classification is that of the
// record: probabilities in steps of 1/65,535. Words that are not kept are missing, so a rule that reads text or system sees
// none. The error is ErrNotKept.
func (r *Recaller) Recall(rec *ledger.Record) error {
	if rec.Facts == nil || rec.Class == nil || rec.Decision == nil {
		return ErrNotKept
	}
	f := rec.Facts
	r.Request = chat.Request{
		Model: rec.Asked, Models: f.Models, Stream: rec.Stream, MaxTokens: f.MaxTokens, N: max(f.N, 1), Effort: f.Effort, ServiceTier: f.ServiceTier,
		Format: chat.Format(min(max(f.Format, 0), int(chat.FormatJSONSchema))), Text: rec.Prompt.Text, System: rec.Prompt.System, Context: rec.Prompt.Context,
		Facts: chat.Facts{
			Turns: f.Turns, Messages: f.Messages, Tools: f.Tools, HostedTools: f.HostedTools, ForcedTool: f.ForcedTool, Images: f.Images, Files: f.Files,
			Audio: f.Audio, Video: f.Video, ImageURLs: f.ImageURLs, Unknown: f.Unknown, AudioOut: f.AudioOut, Logprobs: f.Logprobs, EndsInTool: f.EndsInTool,
			LastIsAssist: f.LastIsAssist, Continuation: f.Continuation, Thanks: f.Thanks, PromptTokens: f.PromptTokens, TextBytes: f.TextBytes,
		},
	}
	keeper := recallTied(&r.Request, rec.Tied)
	if f.HasSystem && r.Request.System == "" {
		r.Request.System = " " // rules may ask whether there was one
	}
	if err := recallFields(&r.Request.Routor, &rec.Fields); err != nil {
		return err
	}
	r.recallClass(rec.Class)
	w := &rec.World
	r.World = World{
		Now: rec.Time, Seed: w.Seed, Patience: w.Patience.Duration(), Health: r.recallHealth(w.Health), Classification: &r.class,
		Conversation: Conversation{ID: w.Conversation.ID, Model: w.Conversation.Model, Floor: w.Conversation.Floor, Cached: w.Conversation.Cached, Turns: w.Conversation.Turns},
	}
	r.World.Keeper = keeper
	if w.Learned != "" && r.s.Learned != nil {
		r.World.Learned = r.s.Learned(w.Learned)
	}
	if h := rec.Decision.History; h > 0 {
		// The floor that counted may have been read from turns that are not kept.
		r.World.Conversation.Floor = h
	}
	r.Request.Context = "" // so that it is not read again
	if k := &rec.Who; k.Key != "" {
		r.key = access.Key{ID: k.Key, Name: k.Name, Team: k.Team, Owner: k.Owner, Tags: k.Tags, Profile: k.Profile, Also: k.Also}
		r.World.Key = &r.key
	}
	return nil
}

// unkept stands for ids, which records have not.
const unkept = "(not kept)"

// recallTied makes what ties a request again, and says who keeps what it goes on from.
func recallTied(r *chat.Request, t *ledger.Tied) (keeper string) {
	if t == nil {
		return ""
	}
	f := &r.Facts
	r.Client, f.Hosted, f.Stateful, f.Store = chat.Dialect(t.Client), t.Hosted, t.Stateful, t.Store
	if t.Kept != "" {
		f.Kept = chat.Kept{What: t.Kept, ID: unkept, In: chat.Dialect(t.In)}
	}
	if t.GoesOn {
		f.Previous = unkept
	}
	return t.Keeper
}

func recallFields(to *chat.Fields, f *ledger.Fields) error {
	*to = chat.Fields{Profile: f.Profile, Mode: f.Mode, MaxCostUSD: f.MaxCostUSD, BFCLMin: f.BFCLMin, CodeQuality: f.CodeQuality, ChatQuality: f.ChatQuality}
	for _, x := range [...]struct {
		name string
		to   **label.Tier
	}{{f.Tier, &to.Tier}, {f.Floor, &to.TierFloor}, {f.Ceiling, &to.Ceiling}} {
		if x.name == "" {
			continue
		}
		t, ok := label.ParseTier(x.name)
		if !ok {
			return fmt.Errorf("%w: %q is no tier", ErrNotKept, x.name)
		}
		*x.to = &t
	}
	return nil
}

func (r *Recaller) recallClass(c *ledger.Class) {
	heads := r.class.Heads[:0]
	r.class = classifiers.Result{Difficulty: c.Difficulty, Confidence: c.Confidence, CompletionTokens: c.Completion, Module: c.Module, Fallback: c.Fallback}
	if c.Completion <= 0 {
		r.class.CompletionTokens = float32(math.NaN())
	}
	sum := float32(0)
	for _, s := range c.Category {
		if i, ok := label.ParseCategory(s.Label); ok {
			r.class.Category[i] = s.P
			sum += s.P
		}
	}
	for i := range r.class.Category {
		if sum > 0 {
			r.class.Category[i] /= sum
		}
	}
	if d, ok := label.ParseDomain(c.Domain); ok {
		r.class.Domain[d] = 1
	}
	for i := range c.Heads {
		h := classifiers.Head{Name: c.Heads[i].Name, Labels: r.s.Heads[c.Heads[i].Name]}
		h.P = make([]float32, len(h.Labels))
		for _, s := range c.Heads[i].Labels {
			for k, l := range h.Labels {
				if l == s.Label {
					h.P[k] = s.P
				}
			}
		}
		heads = append(heads, h)
	}
	r.class.Heads = heads
}

// recallHealth gives the deployments of the snapshot's catalog the health of the record's. One state of health serves many
// records.
func (r *Recaller) recallHealth(h *ledger.Health) []Health {
	if h == nil {
		return nil
	}
	if h == r.of {
		return r.health
	}
	r.of, r.health = h, make([]Health, len(r.s.Catalog.Deployments))
	for i := range h.Deployments {
		d := &h.Deployments[i]
		if dep := r.s.Catalog.Deployment(d.Deployment); dep != nil {
			r.health[dep.Index] = Health{State: providers.State(d.State), Since: d.Since, Until: d.Until, Why: d.Why, FirstToken: d.FirstToken}
		}
	}
	return r.health
}

// Again decides a record again under a snapshot, at the record's time and by its health. same is whether the same chain comes
// out, in the same order.
func Again(s *Snapshot, rec *ledger.Record, d *Decision) (same bool, err error) {
	r := NewRecaller(s)
	if err := r.Recall(rec); err != nil {
		return false, err
	}
	began := time.Now()
	if err := Decide(s, &r.Request, &r.World, d); err != nil {
		return false, err
	}
	d.Deciding = time.Since(began)
	if len(d.Chain) != len(rec.Decision.Chain) {
		return false, nil
	}
	for k, i := range d.Chain {
		if c := &rec.Decision.Chain[k]; d.Candidates[i].Deployment.ID != c.Deployment || d.Candidates[i].Effort != c.Effort {
			return false, nil
		}
	}
	return true, nil
}

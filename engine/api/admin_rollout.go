package api

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/store"
)

// rolloutCard is what is being tried and how it fares.
type rolloutCard struct {
	*Rollout
	Version  uint64    `json:"version"`
	Author   string    `json:"author,omitempty"`
	Note     string    `json:"note,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Module   string    `json:"module,omitempty"`   // of a classifier: its name and version
	Live     uint64    `json:"live_version"`       // of the kind that is tried, now
	Problem  string    `json:"problem,omitempty"`  // why it is not tried, although it should be
	Judgment string    `json:"judgment,omitempty"` // why it is about to be sent back
	// Current are the arms' figures since this stage began, those of all replicas.
	Current map[string]*armCard `json:"current,omitempty"`
	History []*store.Version    `json:"history"`
}

// armCard is the figures of an arm, as rates.
type armCard struct {
	Requests   int64       `json:"requests"`
	Failed     int64       `json:"failed"`
	Errors     float64     `json:"errors"` // share of requests that failed
	Cost       float64     `json:"cost"`   // USD of a request, billed
	Moved      int64       `json:"moved,omitempty"`
	Impossible int64       `json:"impossible,omitempty"`
	Expected   *comparison `json:"expected,omitempty"` // of a shadow
}

// comparison is what the first candidate of each side was expected to cost (USD) and to be worth (0..1), a request.
type comparison struct {
	Requests int64 `json:"requests"`
	Cost     pair  `json:"cost"`
	Quality  pair  `json:"quality"`
}

type pair struct {
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

func cardOf(a *ledger.Arm) *armCard {
	n := float64(max(a.Requests, 1))
	card := &armCard{Requests: a.Requests, Failed: a.Failed, Errors: float64(a.Failed) / n, Cost: a.Cost.USD() / n, Moved: a.Moved, Impossible: a.Impossible}
	if a.Compared > 0 {
		k := float64(a.Compared)
		card.Expected = &comparison{Requests: a.Compared, Cost: pair{a.Before.USD() / k, a.After.USD() / k}, Quality: pair{a.BeforeIs / k, a.AfterIs / k}}
	}
	return card
}

// rolloutNow is the rollout as it stands.
func (s *Server) rolloutNow(ctx context.Context) (*rolloutCard, error) {
	d := s.Documents
	r, v := d.Rollout()
	card := &rolloutCard{Rollout: r, History: []*store.Version{}}
	if r == nil {
		card.Rollout = &Rollout{Stage: StageNone}
		return card, nil
	}
	card.Version, card.Author, card.Note, card.Since = v.Number, v.Author, v.Note, v.Time
	if r.Kind != "" {
		if live := d.Live(r.Kind); live != nil {
			card.Live = live.Number
		}
	}
	if t := s.Engine.Trial(); t != nil && r.Kind == store.Classifier {
		c := t.Snapshot.Classifier.Card()
		card.Module = c.Name + " " + c.Version
	}
	if err := d.Publisher.Tried(); err != nil {
		card.Problem = err.Error()
	}
	if s.Ledger != nil && r.Stage != StageNone {
		card.Current = map[string]*armCard{}
		arms := s.Ledger.Trial(trialID(v), v.Time)
		for name, a := range arms {
			card.Current[name] = cardOf(a)
		}
		card.Judgment = r.Bounds.judge(arms[ledger.ArmCanary], arms[ledger.ArmControl])
	}
	if h := d.History(); h != nil {
		list, err := h.List(ctx, store.Rollout, store.Live, 0, 20)
		if err != nil {
			return nil, err
		}
		card.History = list
	}
	return card, nil
}

// rolloutChange is the body of a call that begins, changes or promotes a rollout.
type rolloutChange struct {
	Kind    store.Kind `json:"kind"`
	Stage   string     `json:"stage"`
	Source  string     `json:"source"`
	Share   float64    `json:"share"`
	By      string     `json:"by"`
	Bounds  Bounds     `json:"bounds"`
	Base    *uint64    `json:"base_version"` // nil = what is live
	Version *uint64    `json:"version"`      // of the rollout that was looked at; nil = whatever is there
	To      string     `json:"to"`           // of a promotion: canary or live
	Note    string     `json:"note"`
	Author  string     `json:"author"`
	DryRun  bool       `json:"dry_run"`
}

func (c *call) adminRollout(string) *fault {
	if c.s.Documents == nil {
		return failure(codeNotSupported, "this server keeps no versions")
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	switch string(c.Method()) {
	case "POST":
		return c.beginRollout(ctx)
	case "DELETE":
		return c.stopRollout(ctx)
	}
	return c.showRollout(ctx)
}

func (c *call) showRollout(ctx context.Context) *fault {
	card, err := c.s.rolloutNow(ctx)
	if err != nil {
		return c.refused(err)
	}
	writeJSON(c.RequestCtx, 200, card)
	return nil
}

// stopRollout ends what is tried.
func (c *call) stopRollout(ctx context.Context) *fault {
	r, v := c.s.Documents.Rollout()
	if r == nil || r.Stage == StageNone {
		return failure(codeNotFound, "nothing is being tried")
	}
	on := v.Number
	if len(c.QueryArgs().Peek("version")) > 0 {
		asked, f := c.number("version")
		if f != nil {
			return f
		}
		on = asked
	}
	why := "stopped"
	if note := string(c.QueryArgs().Peek("note")); note != "" {
		why += ": " + note
	}
	if _, err := c.s.endRollout(ctx, on, c.author(string(c.QueryArgs().Peek("author"))), why); err != nil {
		return c.refused(err)
	}
	return c.showRollout(ctx)
}

// beginRollout begins with something new, or goes on with what is there at another stage, share or within other bounds.
func (c *call) beginRollout(ctx context.Context) *fault {
	var change rolloutChange
	r := &Rollout{}
	if hasType(c.RequestCtx, "application/wasm") {
		f := c.rolloutArgs(&change)
		if f != nil {
			return f
		}
		change.Kind, r.Module = store.Classifier, base64.StdEncoding.EncodeToString(c.PostBody())
	} else if f := readJSON(c.RequestCtx, &change); f != nil {
		return f
	}
	r.Kind, r.Stage, r.Source, r.Share, r.By, r.Bounds = change.Kind, change.Stage, change.Source, change.Share, change.By, change.Bounds
	now, v := c.s.Documents.Rollout()
	running := now != nil && now.Stage != StageNone
	if running && (r.Kind == "" || r.Kind == now.Kind) && r.Source == "" && r.Module == "" {
		r.from(now)
	} else {
		if r.Kind == "" {
			r.Kind = store.Policy
		}
		if live := c.s.Documents.Live(r.Kind); live != nil {
			r.Base = live.Number
		}
		r.Change = "change_" + rand.Text()[:12]
	}
	if change.Base != nil {
		r.Base = *change.Base
	}
	if r.By == "" {
		r.By = "conversation"
	}
	if r.Share == 0 {
		r.Share = map[string]float64{StageShadow: 1, StageCanary: .05}[r.Stage]
	}
	on := change.Version
	if on == nil && v != nil {
		on = &v.Number
	}
	return c.publishRollout(ctx, r, &change, on)
}

// from takes over what a change does not say from what is tried now.
func (r *Rollout) from(now *Rollout) {
	r.Kind, r.Source, r.Module, r.Base, r.Change = now.Kind, now.Source, now.Module, now.Base, now.Change
	if r.Stage == "" {
		r.Stage = now.Stage
	}
	if r.By == "" {
		r.By = now.By
	}
	if r.Share == 0 && r.Stage == now.Stage {
		r.Share = now.Share
	}
	if r.Bounds == (Bounds{}) {
		r.Bounds = now.Bounds
	}
}

func (c *call) publishRollout(ctx context.Context, r *Rollout, change *rolloutChange, on *uint64) *fault {
	if err := r.check(); err != nil {
		return c.refuse(err)
	}
	if r.Bounds != (Bounds{}) && c.s.Ledger == nil {
		return failure(codeNotSupported, "bounds need the ledger, which is off")
	}
	_, err := c.s.Documents.Publish(ctx, Publication{Kind: store.Rollout, Content: r.encode(), Author: c.author(change.Author), Note: change.Note, On: on, DryRun: change.DryRun})
	if err != nil {
		return c.refused(err)
	}
	return c.showRollout(ctx)
}

// rolloutArgs reads what goes with a module: it is in the query.
func (c *call) rolloutArgs(change *rolloutChange) *fault {
	args := c.QueryArgs()
	text := func(name string) string { return string(args.Peek(name)) }
	change.Stage, change.By, change.Note, change.Author, change.DryRun = text("stage"), text("by"), text("note"), text("author"), args.GetBool("dry_run")
	change.Bounds = Bounds{Cost: text("max_cost"), Errors: text("max_errors")}
	if share := text("share"); share != "" {
		x, err := strconv.ParseFloat(share, 64)
		if err != nil {
			return failure(codeInvalidType, "share: must be a number above 0 and up to 1, not %q", share)
		}
		change.Share = x
	}
	if text("version") != "" {
		n, f := c.number("version")
		if f != nil {
			return f
		}
		change.Version = &n
	}
	return nil
}

// adminPromote takes what is tried a stage further: from shadow to a canary, or live for all.
func (c *call) adminPromote(string) *fault {
	if c.s.Documents == nil {
		return failure(codeNotSupported, "this server keeps no versions")
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	var change rolloutChange
	if len(c.PostBody()) > 0 {
		if f := readJSON(c.RequestCtx, &change); f != nil {
			return f
		}
	}
	now, v := c.s.Documents.Rollout()
	if now == nil || now.Stage == StageNone {
		return failure(codeNotFound, "nothing is being tried: begin with POST /admin/rollout")
	}
	if change.Version == nil {
		change.Version = &v.Number
	}
	if change.To == "" {
		change.To = map[string]string{StageShadow: StageCanary, StageCanary: "live"}[now.Stage]
	}
	switch {
	case change.To == "live":
		return c.promoteLive(ctx, now, v, &change)
	case !above(change.To, now.Stage):
		f := failure(codeInvalidType, "to: %q does not follow %s: canary or live", change.To, now.Stage)
		f.param = "to"
		return f
	}
	r := &Rollout{Stage: change.To, Share: change.Share, By: change.By, Bounds: change.Bounds}
	if r.from(now); r.Share == 0 {
		r.Share = .05
	}
	return c.publishRollout(ctx, r, &change, change.Version)
}

// promoteLive publishes what was tried, on the version that it was made to, and ends the trial.
func (c *call) promoteLive(ctx context.Context, r *Rollout, v *store.Version, change *rolloutChange) *fault {
	if *change.Version != v.Number {
		return c.refused(&store.ErrConflict{On: *change.Version, Other: v})
	}
	p := Publication{Kind: r.Kind, Author: c.author(change.Author), Note: change.Note, On: &r.Base, Content: []byte(r.Source)}
	if p.Note == "" {
		p.Note = fmt.Sprintf("after a %s of %s", r.Stage, percentage(r.Share))
	}
	if r.Kind == store.Classifier {
		wasm, err := base64.StdEncoding.DecodeString(r.Module)
		if err != nil {
			return c.refused(err)
		}
		p.Content = wasm
	}
	done, err := c.s.Documents.Publish(ctx, p)
	if err != nil {
		return c.refused(err)
	}
	var conflict *store.ErrConflict
	if _, err := c.s.endRollout(ctx, v.Number, p.Author, fmt.Sprintf("live as version %d of the %s", done.Version.Number, r.Kind)); err != nil && !errors.As(err, &conflict) {
		return c.refused(err)
	}
	return c.published(done, nil)
}

package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/store"
)

// judgeEvery is how often a canary is held against its bounds.
const judgeEvery = 2 * time.Second

// What it takes before a canary is sent back: so many requests of it and of the others, and a difference beyond the bound that chance
// alone makes in one of twenty cases (one-sided, normal approximation).
const (
	fewestErrors = 20
	fewestCosts  = 50
	sure         = 1.645
)

// judge says why a canary leaves its bounds; "" = it does not, or it is too early to say.
func (b Bounds) judge(canary, control *ledger.Arm) string {
	if canary == nil || control == nil {
		return ""
	}
	n, m := float64(canary.Requests), float64(control.Requests)
	if bound, err := percent("errors", b.Errors); b.Errors != "" && err == nil && n >= fewestErrors && m >= fewestErrors {
		p, q := float64(canary.Failed)/n, float64(control.Failed)/m
		// One failure and one success more on each side (Agresti and Caffo 2000), so that no spread is zero.
		ps, qs := (float64(canary.Failed)+1)/(n+2), (float64(control.Failed)+1)/(m+2)
		if p-q-bound > sure*math.Sqrt(ps*(1-ps)/(n+2)+qs*(1-qs)/(m+2)) {
			return fmt.Sprintf("%s of its requests fail, of the others %s: more than %s above", percentage(p), percentage(q), b.Errors)
		}
	}
	if bound, err := percent("cost", b.Cost); b.Cost != "" && err == nil && n >= fewestCosts && m >= fewestCosts {
		c, spread := mean(canary)
		o, other := mean(control)
		if c-(1+bound)*o > sure*math.Sqrt(spread/n+(1+bound)*(1+bound)*other/m) {
			return fmt.Sprintf("a request costs $%.6f, of the others $%.6f: more than %s above", c, o, b.Cost)
		}
	}
	return ""
}

// mean is what a request of an arm costs in USD, and the variance of that.
func mean(a *ledger.Arm) (mean, variance float64) {
	n := float64(a.Requests)
	mean = a.Cost.USD() / n
	return mean, max(a.Squares/n-mean*mean, 0)
}

func percentage(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) }

// judgeRollouts sends canaries back that leave their bounds, until ctx ends. Every replica adds up the same ledger, and one of them is
// the first.
func (s *Server) judgeRollouts(ctx context.Context) {
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.judgeRollout(ctx); err != nil && !errors.Is(err, ErrAway) {
				s.Documents.Log("warning: a canary could not be sent back: %v", err)
			}
		}
	}
}

func (s *Server) judgeRollout(ctx context.Context) error {
	r, v := s.Documents.Rollout()
	if r == nil || r.Stage != StageCanary || s.Ledger == nil || r.Bounds == (Bounds{}) {
		return nil
	}
	arms := s.Ledger.Trial(trialID(v), v.Time)
	why := r.Bounds.judge(arms[ledger.ArmCanary], arms[ledger.ArmControl])
	if why == "" {
		return nil
	}
	_, err := s.endRollout(ctx, v.Number, "routor", "sent back: "+why)
	var conflict *store.ErrConflict
	if errors.As(err, &conflict) { // somebody else was first
		return nil
	}
	return err
}

// endRollout publishes that nothing is tried any more.
func (s *Server) endRollout(ctx context.Context, on uint64, author, why string) (*Published, error) {
	r := Rollout{Stage: StageNone, Why: why}
	return s.Documents.Publish(ctx, Publication{Kind: store.Rollout, Content: r.encode(), Author: author, Note: why, On: &on})
}

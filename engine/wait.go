package engine

import (
	"math/rand/v2"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// way is how a request gets through its chain besides the plain order: the place that it has taken, what was passed over
// and why, and how long it has waited.
type way struct {
	ticket  ticket
	waited  time.Duration
	passed  [8]pass // by place in the chain, as far as chains go as a rule
	refused bool    // the retry budget of a provider was used up
	// filtered is the answer of the content filter that refused the request first, where the profile goes on after one.
	filtered *providers.Error
}

// pass is why a candidate was not asked when its turn came.
type pass struct {
	why  refusal
	left time.Duration // of its cooldown
}

const (
	backoffFirst = 250 * time.Millisecond
	backoffMost  = 4 * time.Second
	inPlace      = 2 // times that one candidate is asked again before the chain goes on to a worse one
)

// admit takes a place for the next call at a candidate, in its turn.
func (x *exchange) admit(c *Candidate) bool {
	now := time.Now()
	if len(x.Attempts) > 0 && !x.affords(c, now) {
		x.pass(c, spent, now)
		return false
	}
	return x.take(c, now, false)
}

// take takes a place. What is passed over keeps its reason.
func (x *exchange) take(c *Candidate, now time.Time, last bool) bool {
	if x.late(now) {
		return false
	}
	t, no := x.e.Monitor.admit(c.Deployment, now, last)
	if no != admitted {
		x.pass(c, no, now)
		return false
	}
	x.way.ticket = t
	return true
}

// late is whether the request's deadline has passed, even if nobody has been told yet.
func (x *exchange) late(now time.Time) bool {
	deadline, ok := x.ctx.Deadline()
	return ok && !now.Before(deadline)
}

func (x *exchange) pass(c *Candidate, why refusal, now time.Time) {
	left := time.Duration(0)
	if at, ok := x.e.Monitor.readyAt(c.Deployment, now); ok && why == cooling {
		left = at.Sub(now)
	}
	for k, i := range x.rt.Decision.Chain {
		if c == &x.rt.Decision.Candidates[i] && k < len(x.way.passed) {
			x.way.passed[k] = pass{why, left}
		}
	}
	x.way.refused = x.way.refused || why == spent
}

// affords is whether one more call of this request to a candidate's provider fits into that provider's retry budget. A
// failover to a provider that is well costs nothing.
func (x *exchange) affords(c *Candidate, now time.Time) bool {
	asked := false
	for i := range x.Attempts {
		asked = asked || x.Attempts[i].Candidate.Deployment.Provider == c.Deployment.Provider
	}
	if !asked && !x.e.Monitor.struggling(c.Deployment, now) {
		return true
	}
	if x.e.Monitor.of(c.Deployment).host.budget.retry(now, x.e.Limits.RetryShare) {
		return true
	}
	x.e.Metrics.spared(c.Deployment.Provider)
	return false
}

// asked is how often a candidate has been asked by this request, and its last attempt; nil = never.
func (x *exchange) asked(c *Candidate) (n int, last *Attempt) {
	for i := range x.Attempts {
		if x.Attempts[i].Candidate == c {
			n, last = n+1, &x.Attempts[i]
		}
	}
	return n, last
}

// sameAgain is a candidate that was asked and is best asked once more: the last one with another of its provider's keys at
// once, or one that asked for a short wait, when nothing as good is left. nil = on down the chain.
func (x *exchange) sameAgain() *Candidate {
	if len(x.Attempts) == 0 || len(x.Attempts) >= x.e.Limits.Attempts {
		return nil
	}
	now := time.Now()
	if last := &x.Attempts[len(x.Attempts)-1]; last.otherKeys {
		if x.take(last.Candidate, now, true) {
			return last.Candidate
		}
		return nil
	}
	for i := range x.Attempts {
		a := &x.Attempts[i]
		c := a.Candidate
		if a.RetryAfter <= 0 || a.RetryAfter > x.e.Limits.RetryInPlace || a.move != again || x.refusal != nil || x.isDead(c.Deployment.Provider) {
			continue
		}
		at, ok := x.e.Monitor.readyAt(c.Deployment, now)
		wait := at.Sub(now)
		if n, _ := x.asked(c); n > inPlace || !ok || wait > x.e.Limits.RetryInPlace || x.asGood(c, now) || !x.affords(c, now) {
			continue
		}
		if x.sleep(spread(wait)) && x.take(c, time.Now(), true) {
			return c
		}
	}
	return nil
}

// asGood is whether a candidate that was not asked yet is as good as c: another home of the same model, or in a routed
// request any that is adequate for the tier.
func (x *exchange) asGood(c *Candidate, now time.Time) bool {
	d := x.rt.Decision
	for _, i := range d.Chain[min(x.pos, len(d.Chain)):] {
		o := &d.Candidates[i]
		good := o.Deployment.Model == c.Deployment.Model || d.Method != MethodDirect && (o.rank <= rankFree || c.rank > rankFree)
		if !good || x.e.upstreams[o.Deployment.Provider] == nil || x.isDead(o.Deployment.Provider) || o.spare {
			continue
		}
		if at, ok := x.e.Monitor.readyAt(o.Deployment, now); ok && !at.After(now) {
			return true
		}
	}
	return false
}

// resort is what is left when the chain has ended without an answer: the candidate that can be asked soonest, after a wait
// of Limits.Wait in all at most. nil = nothing is worth waiting for.
func (x *exchange) resort() *Candidate {
	d := x.rt.Decision
	for len(x.Attempts) < x.e.Limits.Attempts && x.ctx.Err() == nil {
		now := time.Now()
		if x.late(now) {
			return nil
		}
		best, bestAt, crowded := (*Candidate)(nil), time.Time{}, false
		for _, i := range d.Chain {
			c := &d.Candidates[i]
			at, isFull, ok := x.soonest(c, now)
			if isFull { // one that needs no waiting goes before
				at = at.Add(time.Millisecond)
			}
			if ok && (best == nil || at.Before(bestAt)) {
				best, bestAt, crowded = c, at, isFull
			}
		}
		if best == nil {
			return nil
		}
		wait := bestAt.Sub(now)
		if crowded {
			wait = 0
		}
		if left := max(x.e.Limits.Wait-x.way.waited, 0); wait > left || crowded && left == 0 {
			return nil
		}
		if deadline, ok := x.ctx.Deadline(); ok && bestAt.After(deadline) {
			return nil
		}
		if wait > 0 && !x.sleep(spread(wait)) {
			return nil
		}
		if crowded && wait <= 0 && !x.place(best.Deployment) {
			return nil
		}
		now = time.Now()
		if n, _ := x.asked(best); n > 0 && !x.affords(best, now) {
			x.pass(best, spent, now)
			return nil
		}
		if x.take(best, now, true) {
			return best
		}
	}
	return nil
}

// soonest is when a candidate can be asked by a request with nothing else left, and whether only a place is wanting. ok is
// false for those that would fail again.
func (x *exchange) soonest(c *Candidate, now time.Time) (at time.Time, isFull, ok bool) {
	dep := c.Deployment
	if x.e.upstreams[dep.Provider] == nil || x.isDead(dep.Provider) || x.refusal != nil ||
		x.tooLong > 0 && dep.Model.Context > 0 && dep.Model.Context <= x.tooLong {
		return at, false, false
	}
	n, last := x.asked(c)
	at, ok = x.e.Monitor.readyAt(dep, now)
	switch {
	case !ok:
		return at, false, false
	case last == nil:
		if why := x.passedFor(c); why == spent {
			return at, false, false
		} else if why == full {
			return at, true, true
		}
		if x.e.Monitor.down(dep, now) {
			at = now // a breaker does not keep live traffic from the last hope
		}
		return at, false, true
	case last.move != again:
		return at, false, false
	}
	if back := now.Add(min(backoffFirst<<min(n-1, 5), backoffMost)); back.After(at) {
		at = back
	}
	return at, false, true
}

func (x *exchange) passedFor(c *Candidate) refusal {
	for k, i := range x.rt.Decision.Chain {
		if c == &x.rt.Decision.Candidates[i] && k < len(x.way.passed) {
			return x.way.passed[k].why
		}
	}
	return admitted
}

// down is whether a breaker, rather than the provider's word, keeps a deployment out.
func (m *Monitor) down(dep *catalog.Deployment, now time.Time) bool {
	w := m.of(dep)
	for _, b := range [...]*breaker{&w.host.breaker, &w.breaker} {
		if t := b.trouble.Load(); t != nil && t.Until.After(now) && t.State != providers.Down {
			return false
		}
	}
	return true
}

// passesFilters is whether the request's profile says that it goes on to other providers when a content filter refuses it.
func (x *exchange) passesFilters() bool {
	own := x.rt.Snapshot.bounds[x.rt.Decision.Profile]
	return own != nil && own.OnFilter == "next"
}

// emptied is the failure of an answer of which a content filter left nothing (Gemini says so with a status of success), where
// the profile goes on then; nil = it counts as an answer, and says itself why it is empty.
func (x *exchange) emptied(c *chat.Chunk) *providers.Error {
	if c.Finish != chat.ContentFilter || c.Content || x.rt.Request.N > 1 || !x.passesFilters() {
		return nil
	}
	return &providers.Error{Class: providers.ContentFiltered, Provider: x.current.Deployment.Provider, Status: 200, Sent: true,
		Message: "a content filter left nothing of the answer"}
}

// goesOn is whether a request that a content filter refused goes on to other providers.
func (x *exchange) goesOn(e *providers.Error) bool {
	if !x.passesFilters() {
		return false
	}
	if x.way.filtered == nil {
		x.way.filtered = e
	}
	x.dead = append(x.dead, x.current.Deployment.Provider) // its other models have the same filter
	return true
}

// spread lengthens a wait by up to a tenth, so that those who wait for one end do not all come back in the same moment.
func spread(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(min(d/10, 500*time.Millisecond))+1))
}

// sleep waits; false = the request has ended meanwhile. Its place has been given back by then.
func (x *exchange) sleep(d time.Duration) bool {
	if d <= 0 {
		return x.ctx.Err() == nil
	}
	x.e.Metrics.waits.Inc()
	start := time.Now()
	defer func() { x.way.waited += time.Since(start) }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-x.ctx.Done():
		return false
	}
}

// place waits until a place at a provider may be free; false = not within Limits.Wait, or the request has ended.
func (x *exchange) place(dep *catalog.Deployment) bool {
	p := x.e.Monitor.of(dep).host
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	start := time.Now()
	defer func() { x.way.waited += time.Since(start) }()
	timer := time.NewTimer(x.e.Limits.Wait - x.way.waited)
	defer timer.Stop()
	for {
		if !p.isFull(x.e.Monitor.of(dep)) {
			p.next() // there may be more than one free place, and each wakes one only
			return true
		}
		select {
		case <-p.freed:
		case <-timer.C:
			return false
		case <-x.ctx.Done():
			return false
		}
	}
}

// isFull is whether a deployment has no place now.
func (p *host) isFull(w *watched) bool {
	return p.most.Provider > 0 && p.inFlight.Load() >= int64(p.most.Provider) ||
		p.most.Deployment > 0 && w.inFlight.Load() >= int64(p.most.Deployment)
}

// next wakes one of those who wait.
func (p *host) next() {
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

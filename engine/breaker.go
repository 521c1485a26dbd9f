package engine

import (
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// ticket is a call's place at a deployment. It is taken before the call and given back when its answer has ended.
type ticket struct {
	w     *watched
	began time.Time
	probe *breaker // the half-open one whose permit it holds; nil = none
}

// refusal is why a deployment takes no call now.
type refusal uint8

const (
	admitted refusal = iota
	cooling          // until Health.Until
	probed           // half-open, and another call is the probe
	full             // as many calls as max_concurrency allows
	spent            // the provider's retry budget is used up
)

// admit takes a place at a deployment. last says that the request has nowhere else to go: a breaker that has tripped does
// not stop it then, because live traffic probes a model's last deployment; a provider that says until when it takes no
// calls does.
func (m *Monitor) admit(dep *catalog.Deployment, now time.Time, last bool) (ticket, refusal) {
	w := m.of(dep)
	var probe *breaker
	for _, b := range [...]*breaker{&w.host.breaker, &w.breaker} {
		t := b.trouble.Load()
		if t == nil {
			continue
		}
		switch open := t.Until.After(now); {
		case open && (!last || t.State != providers.Down):
			probe.free()
			return ticket{}, cooling
		case t.tripped && !open && probe == nil:
			if b.probing.CompareAndSwap(false, true) {
				probe = b
			} else if !last {
				return ticket{}, probed
			}
		}
	}
	p := w.host
	if n := p.inFlight.Add(1); p.most.Provider > 0 && n > int64(p.most.Provider) {
		p.leave()
		probe.free()
		return ticket{}, full
	}
	if n := w.inFlight.Add(1); p.most.Deployment > 0 && n > int64(p.most.Deployment) {
		w.inFlight.Add(-1)
		p.leave()
		probe.free()
		return ticket{}, full
	}
	p.budget.called(now)
	return ticket{w, now, probe}, admitted
}

// free gives the permit of a half-open breaker back.
func (b *breaker) free() {
	if b != nil {
		b.probing.Store(false)
	}
}

// leave frees a place at the provider and tells one of those who wait for one.
func (p *host) leave() {
	p.inFlight.Add(-1)
	if p.waiting.Load() > 0 {
		p.next()
	}
}

// leave gives the place back, once.
func (t *ticket) leave() {
	if t.w == nil {
		return
	}
	t.w.inFlight.Add(-1)
	t.probe.free()
	t.w.host.leave()
	*t = ticket{}
}

// readyAt is when a deployment may be asked by a request that has nowhere else to go; ok is false where that is not known.
func (m *Monitor) readyAt(dep *catalog.Deployment, now time.Time) (at time.Time, ok bool) {
	w := m.of(dep)
	at = now
	for _, b := range [...]*breaker{&w.host.breaker, &w.breaker} {
		if t := b.trouble.Load(); t != nil && t.Until.After(at) {
			at = t.Until
		}
	}
	if w.host.sick.Load() {
		m.mu.Lock()
		defer m.mu.Unlock()
		h := &w.host.account
		if h.Until.IsZero() || h.State != providers.Limited {
			return at, false // nobody knows when somebody pays the bill
		}
		if h.Until.After(at) {
			at = h.Until
		}
	}
	return at, true
}

// struggling is whether a provider's last calls give reason to spare it.
func (m *Monitor) struggling(dep *catalog.Deployment, now time.Time) bool {
	w := m.of(dep)
	return w.trouble.Load() != nil || w.host.trouble.Load() != nil || w.weak(now) || w.host.weak(now)
}

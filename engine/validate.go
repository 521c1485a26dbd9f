package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// How often Watch looks at the accounts, and how long it leaves those in trouble alone before it asks them again: from
// probeFirst on twice as long each time.
const (
	recheck    = 15 * time.Second
	probeFirst = 15 * time.Second
	probeMost  = 5 * time.Minute
)

// Watch validates every connection, then keeps an eye on them until ctx ends: those in trouble are asked again, less and
// less often, and a key that was changed counts as unchecked. validated, if not nil, is told once after the first round.
func (e *Engine) Watch(ctx context.Context, validated func(map[string]providers.Account)) {
	accounts := e.Validate(ctx)
	if validated != nil {
		validated(accounts)
	}
	tick := time.NewTicker(recheck)
	defer tick.Stop()
	probes := map[string]*probe{}
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			var all sync.WaitGroup
			for id, c := range e.connections {
				p := probes[id]
				if p == nil {
					p = &probe{}
					probes[id] = p
				}
				if p.due(c.Account(), e.Monitor.unreachable(id), now) {
					all.Go(func() { e.validate(ctx, id, c) })
				} else {
					e.observe(id, c.Account())
				}
			}
			all.Wait()
		}
	}
}

// probe is when a provider in trouble is asked next.
type probe struct {
	next time.Time
	wait time.Duration
}

// due is whether a provider is to be validated now. An account without credit lists its models all the same: what its
// calls said counts until it is worth another try.
func (p *probe) due(a providers.Account, unreachable bool, now time.Time) bool {
	switch {
	case a.State == providers.Unchecked && a.CheckedAt.IsZero(): // a new key
	case a.State == providers.NotConfigured, a.State.Usable() && !unreachable && a.State != providers.Degraded:
		*p = probe{}
		return false
	case a.State == providers.OutOfCredit && now.Sub(a.Since) < accountFor:
		return false
	case now.Before(p.next):
		return false
	}
	p.wait = min(max(2*p.wait, probeFirst), probeMost)
	p.next = now.Add(p.wait - time.Duration(rand.Int64N(int64(p.wait/10)))) // not all replicas in the same second
	return true
}

// unreachable is whether a provider's breaker has tripped.
func (m *Monitor) unreachable(provider string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.host(provider).trouble.Load() != nil
}

// Validate validates every connection at once, without spending tokens.
func (e *Engine) Validate(ctx context.Context) map[string]providers.Account {
	var mu sync.Mutex
	var all sync.WaitGroup
	out := map[string]providers.Account{}
	for id, c := range e.connections {
		all.Go(func() {
			a := e.validate(ctx, id, c)
			mu.Lock()
			out[id] = a
			mu.Unlock()
		})
	}
	all.Wait()
	return out
}

func (e *Engine) validate(ctx context.Context, id string, c *providers.Connection) providers.Account {
	a := c.Validate(ctx)
	e.observe(id, a)
	e.Monitor.Missing(e.missing(id, c), time.Now())
	return a
}

// missing are the active deployments that a provider's list of models does not name. A list that names none of them is in
// other words than the catalog, and says nothing.
func (e *Engine) missing(id string, c *providers.Connection) (gone []*catalog.Deployment) {
	var names []string
	for _, k := range c.Keys() {
		if k.Models == nil && k.State.Usable() {
			return nil // one of the keys did not say what it may use
		}
		names = append(names, k.Models...)
	}
	s := e.Live.Acquire()
	defer s.Release()
	found := false
	for _, dep := range s.Catalog.Deployments {
		if dep.Provider != id || dep.Model.Status != catalog.Active {
			continue
		}
		if providers.Lists(names, dep.Upstream) {
			found = true
		} else {
			gone = append(gone, dep)
		}
	}
	if !found {
		return nil
	}
	return gone
}

// MissingModels are the deployments of a provider that its list of models does not name, by id, sorted.
func (e *Engine) MissingModels(provider string) (ids []string) {
	if c := e.connections[provider]; c != nil {
		for _, dep := range e.missing(provider, c) {
			ids = append(ids, dep.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// observe takes over what is known of an account. One that is down or limited for an unknown time is looked at again soon.
func (e *Engine) observe(id string, a providers.Account) {
	if a.Until.IsZero() && (a.State == providers.Down || a.State == providers.Limited) {
		since := a.CheckedAt
		if since.IsZero() {
			since = time.Now()
		}
		a.Until = since.Add(probeMost + recheck)
	}
	e.Monitor.Account(id, a)
}

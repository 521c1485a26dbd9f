package engine

import (
	"time"

	"github.com/routor/routor/providers"
)

// Fact is something about an account that holds for the whole fleet: a key that is rejected or out of credit, a rate limit
// with its end, a model that is not there. It names a key by its id, never by the key.
type Fact struct {
	Provider   string
	Key        string // providers.KeyAccount.ID; "" = the provider's only one
	Deployment string // "" = of all of the account's deployments
	Health
}

// Shared carries account facts between the replicas of a fleet. Publish must not block: what cannot be sent at once may be
// dropped, since every replica finds out by itself as well. Facts that come in are given to Monitor.Learn.
type Shared interface{ Publish(Fact) }

// Share begins to publish account facts.
func (m *Monitor) Share(s Shared) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shared = s
}

// publish tells the fleet. The caller holds the lock.
func (m *Monitor) publish(f Fact) {
	if m.shared != nil {
		m.shared.Publish(f)
	}
}

// Learn takes over a fact from another replica. What is known here to last longer stays; nothing that has ended counts, and
// nothing but account facts does: network trips are everybody's own.
func (e *Engine) Learn(f Fact, now time.Time) {
	switch f.State {
	case providers.Limited, providers.OutOfCredit, providers.KeyRejected:
	case providers.Down:
		if f.Deployment == "" {
			return
		}
	default:
		return
	}
	if f.Until.IsZero() || !f.Until.After(now) {
		return
	}
	f.Until = earlierOf(f.Until, now.Add(longest))
	if c := e.connections[f.Provider]; c != nil && f.Deployment == "" {
		keys := c.Keys()
		c.Learn(f.Key, providers.Account{State: f.State, Until: f.Until, Detail: f.Why + ", as another replica found out"})
		if len(keys) > 1 || len(keys) == 1 && keys[0].ID != f.Key {
			e.observe(f.Provider, c.Account()) // one key of several, or one that we do not have
			return
		}
	}
	m := e.Monitor
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.host(f.Provider)
	if f.Deployment == "" {
		if !p.sick.Load() || f.outlasts(&p.account) {
			p.note(f.Health, true)
			m.version.Add(1)
		}
		return
	}
	w := (*m.deployments.Load())[f.Deployment]
	if w == nil {
		dep := e.Live.current.Load().Catalog.Deployment(f.Deployment)
		if dep == nil {
			return
		}
		w = m.add(dep)
	}
	if t := w.trouble.Load(); t == nil || f.outlasts(&t.Health) {
		w.trouble.Store(&trouble{Health: f.Health, at: now})
		m.version.Add(1)
	}
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

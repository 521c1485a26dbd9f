package engine

import (
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// How long things cool down after a failed call, unless the provider says otherwise (Retry-After).
const (
	limitedFor  = 5 * time.Second
	overloadFor = 3 * time.Second
	missingFor  = 10 * time.Minute // the model is not found there
	accountFor  = 5 * time.Minute  // key rejected, out of credit: looked at again after that
	longest     = 15 * time.Minute // whatever the provider says
	// A breaker opens for strikeFor; from then on each failure in a row doubles the time, up to strikeMost.
	strikeFor  = 2 * time.Second
	strikeMost = time.Minute
	// jitter is the least change of a time to first token, in seconds, that could matter to anyone.
	jitter = 0.01
)

// Monitor knows which deployments and which provider accounts are in trouble, from the calls that went through them and
// from what validation found. Facts about an account (key rejected, out of credit) hold for all of its deployments and are
// shared with the fleet; network trips stay local. A call that succeeds takes no lock.
type Monitor struct {
	deployments atomic.Pointer[map[string]*watched] // by id; replaced when a deployment is met
	version     atomic.Uint64
	view        atomic.Pointer[healthView]

	mu     sync.Mutex
	hosts  map[string]*host // by provider
	most   map[string]Concurrency
	shared Shared // nil = there is no fleet
}

// healthView is the state of all deployments of a catalog, made anew when something changed.
type healthView struct {
	catalog *catalog.Catalog
	version uint64
	health  []Health
}

// NewMonitor knows of no trouble.
func NewMonitor() *Monitor {
	m := &Monitor{hosts: map[string]*host{}}
	m.deployments.Store(&map[string]*watched{})
	return m
}

// View is the health of a catalog's deployments, by Deployment.Index; nil = all healthy. It is shared: do not change it.
// What cools down until a time is still in it after that time; Health.Until tells.
func (m *Monitor) View(c *catalog.Catalog) []Health {
	version := m.version.Load()
	if v := m.view.Load(); v != nil && v.catalog == c && v.version == version {
		return v.health
	}
	if version == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	known := *m.deployments.Load()
	v := &healthView{catalog: c, version: m.version.Load(), health: make([]Health, len(c.Deployments))}
	for i, dep := range c.Deployments {
		h := &v.health[i]
		first := 0.
		if w := known[dep.ID]; w != nil {
			first = w.first()
			if t := w.trouble.Load(); t != nil {
				*h = t.Health
			}
		}
		// What is wrong with the whole provider counts where it lasts longer.
		if p := m.hosts[dep.Provider]; p != nil {
			if t := p.trouble.Load(); t != nil && t.outlasts(h) {
				*h = t.Health
			}
			if p.sick.Load() && p.account.outlasts(h) {
				*h = p.account
			}
		}
		h.FirstToken = first
	}
	m.view.Store(v)
	return v.health
}

// outlasts is whether h is trouble for longer than o is.
func (h *Health) outlasts(o *Health) bool {
	return o.State == "" || o.State.Usable() || h.Until.IsZero() || !o.Until.IsZero() && h.Until.After(o.Until)
}

// Account takes what is known of a provider's account, from validation or from its calls. What is older than what is known
// here changes nothing.
func (m *Monitor) Account(provider string, a providers.Account) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.host(provider)
	if a.State.Usable() {
		if p.sick.Load() && !a.CheckedAt.Before(p.account.Since) {
			p.note(Health{}, false)
			m.version.Add(1)
		}
		if t := p.trouble.Load(); t != nil && a.State == providers.Healthy && a.CheckedAt.After(t.at) { // it can be reached again
			p.clear()
			m.version.Add(1)
		}
		return
	}
	h := Health{State: a.State, Until: a.Until, Since: a.Since, Why: sickness[a.State]}
	if a.KeyLast4 != "" && (a.State == providers.KeyRejected || a.State == providers.OutOfCredit) {
		h.Why += " (key …" + a.KeyLast4 + ")"
	}
	if p.account == h || p.learned && p.account.outlasts(&h) {
		return
	}
	p.note(h, false)
	m.version.Add(1)
}

// clear closes a breaker.
func (b *breaker) clear() {
	b.outcomes.Store(0)
	b.trouble.Store(nil)
	b.probing.Store(false)
}

// Missing takes the deployments that their provider's list of models does not name: they cool down as if they had been
// asked and not been found.
func (m *Monitor) Missing(deps []*catalog.Deployment, now time.Time) {
	for _, dep := range deps {
		w := m.of(dep)
		if t := w.trouble.Load(); t != nil && t.Until.After(now) {
			continue
		}
		w.trouble.Store(&trouble{at: now, Health: Health{State: providers.Down, Since: now, Until: now.Add(missingFor), Why: "not in its provider's list of models"}})
		m.version.Add(1)
	}
}

// Accounts are the states of the providers of which something is known.
func (m *Monitor) Accounts() map[string]Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string]Health, len(m.hosts))
	for id, p := range m.hosts {
		h := p.account
		if t := p.trouble.Load(); t != nil && t.outlasts(&h) {
			h = t.Health
		}
		if h.State != "" {
			out[id] = h
		}
	}
	return out
}

// Succeeded takes a call that was answered. took is the time to the first text of a stream, to the whole of a plain answer;
// began is when it was sent: trouble that came up after that is not over with it.
func (m *Monitor) Succeeded(dep *catalog.Deployment, took time.Duration, stream bool, began time.Time) {
	w := m.of(dep)
	w.counts[0].Add(1)
	w.latency.note(took)
	if w.outcomes.Load() != 0 {
		w.shift(0)
	}
	p := w.host
	if p.outcomes.Load() != 0 {
		p.shift(0)
	}
	if stream && w.timed(took.Seconds()) {
		m.version.Add(1)
	}
	if w.trouble.Load() != nil || p.trouble.Load() != nil || p.sick.Load() {
		m.recovered(w, began)
	}
}

// recovered ends the trouble that a call which began at a time has disproved.
func (m *Monitor) recovered(w *watched, began time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := false
	for _, b := range [...]*breaker{&w.breaker, &w.host.breaker} {
		if t := b.trouble.Load(); t != nil && !began.Before(t.at) {
			b.clear()
			changed = true
		}
	}
	p := w.host
	if p.sick.Load() && !began.Before(p.account.Since) {
		p.note(Health{}, false)
		changed = true
	}
	if changed {
		m.version.Add(1)
	}
}

// Failed takes a call that failed: the class of the error says what cools down and for how long.
func (m *Monitor) Failed(dep *catalog.Deployment, e *providers.Error, now time.Time) {
	w, a := m.of(dep), actionFor(e)
	w.counts[classIndex(e.Class)].Add(1)
	if a.scope == ofNobody || e.OtherKeys {
		return // nothing cools down for what is wrong with the request; a key among others cools alone, in the connection
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	h := Health{State: a.state, Since: now, Why: why(a, e)}
	until := func(d time.Duration) time.Time {
		if e.RetryAfter > 0 {
			d = e.RetryAfter
		}
		return now.Add(min(d, longest))
	}
	if a.scope == ofAccount {
		h.Until = until(a.cool)
		w.host.note(h, false)
		m.version.Add(1)
		m.publish(Fact{Provider: dep.Provider, Key: e.KeyID, Health: h})
		return
	}
	b := &w.breaker
	if a.scope == ofProvider {
		b = &w.host.breaker
	}
	cool, tripped := a.cool, false
	if a.cool == 0 || e.Class == providers.Overloaded {
		d := b.failed(now)
		if a.cool == 0 && d == 0 {
			return
		}
		cool, tripped = max(cool, d), d > 0
	}
	if old := b.trouble.Load(); old != nil && old.State == h.State {
		h.Since = old.Since
	}
	h.Until = until(cool)
	b.trouble.Store(&trouble{h, now, tripped})
	b.probing.Store(false)
	m.version.Add(1)
	if e.Class == providers.RateLimited && e.RetryAfter > 0 || e.Class == providers.ModelNotFound {
		m.publish(Fact{Provider: dep.Provider, Key: e.KeyID, Deployment: dep.ID, Health: h})
	}
}

// why is an error in short, for people: "rate-limited (HTTP 429)".
func why(a *action, e *providers.Error) string {
	s := sickness[a.state]
	switch e.Class {
	case providers.Overloaded:
		s = "overloaded"
	case providers.ModelNotFound:
		s = "its provider does not know the model"
	case providers.Timeout:
		s = "down after time-outs"
	case providers.Network:
		s = "down after broken connections"
		if a.scope == ofProvider {
			s = "its provider cannot be reached"
		}
	case providers.InBand:
		s = "down after broken answers"
	case providers.Server:
		s = "down after server errors"
	}
	if e.Status >= 400 {
		s += " (HTTP " + strconv.Itoa(e.Status) + ")"
	}
	return s
}

// sickness is why a deployment in that state is no candidate.
var sickness = map[providers.State]string{
	providers.NotConfigured: "its provider is not configured",
	providers.Limited:       "rate-limited",
	providers.OutOfCredit:   "its provider's account is out of credit",
	providers.KeyRejected:   "its provider rejects the key",
	providers.Down:          "down",
}

// sick is why a deployment is no candidate now; "" = it is one.
func (h *Health) sick(now time.Time) string {
	if h.State == "" || h.State.Usable() || !h.Until.IsZero() && !h.Until.After(now) {
		return ""
	}
	if h.Why != "" {
		return h.Why
	}
	if s := sickness[h.State]; s != "" {
		return s
	}
	return "not usable"
}

// left is how long a deployment that is out stays so; 0 = unknown.
func (h *Health) left(now time.Time) time.Duration { return max(h.Until.Sub(now), 0) }

// first is the smoothed time to a first token in seconds, as decisions see it; 0 = unknown.
func (w *watched) first() float64 { return math.Float64frombits(w.shown.Load()) }

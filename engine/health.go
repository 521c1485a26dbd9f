package engine

import (
	"math"
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
	// strikes is how many failures in a row of a server, network or time-out kind cool a deployment down; from then on each
	// doubles the time, from strikeFor to strikeMost.
	strikes    = 3
	strikeFor  = 2 * time.Second
	strikeMost = time.Minute
	// jitter is the least change of a time to first token, in seconds, that could matter to anyone.
	jitter = 0.01
)

// Monitor knows which deployments and which provider accounts are in trouble, from the calls that went through them. Facts
// about an account (key rejected, out of credit) hold for all of its deployments; the rest for one.
type Monitor struct {
	mu          sync.Mutex
	accounts    map[string]Health // by provider
	deployments map[string]*watched
	version     atomic.Uint64
	view        atomic.Pointer[healthView]
}

type watched struct {
	Health
	failures   int
	firstToken float64 // seconds, smoothed; Health has it as it was when a view was last worth making
}

// healthView is the state of all deployments of a catalog, made anew when something changed.
type healthView struct {
	catalog *catalog.Catalog
	version uint64
	health  []Health
}

// NewMonitor knows of no trouble.
func NewMonitor() *Monitor {
	return &Monitor{accounts: map[string]Health{}, deployments: map[string]*watched{}}
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
	v := &healthView{catalog: c, version: m.version.Load(), health: make([]Health, len(c.Deployments))}
	for i, dep := range c.Deployments {
		if w := m.deployments[dep.ID]; w != nil {
			v.health[i] = w.Health
		}
		if a, ok := m.accounts[dep.Provider]; ok && !a.State.Usable() {
			a.FirstToken = v.health[i].FirstToken
			v.health[i] = a
		}
	}
	m.view.Store(v)
	return v.health
}

// Account takes what validation found out about a provider's account.
func (m *Monitor) Account(provider string, a providers.Account) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := Health{State: a.State, Until: a.Until}
	if old, ok := m.accounts[provider]; ok && old == h || !ok && a.State.Usable() {
		return
	}
	m.accounts[provider] = h
	m.version.Add(1)
}

// Accounts are the states of the providers of which something is known.
func (m *Monitor) Accounts() map[string]Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string]Health, len(m.accounts))
	for p, h := range m.accounts {
		out[p] = h
	}
	return out
}

// Succeeded takes a call that was answered, after that many seconds to its first token (0 = not measured).
func (m *Monitor) Succeeded(dep *catalog.Deployment, firstToken float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, ok := m.accounts[dep.Provider]; ok && !a.State.Usable() {
		delete(m.accounts, dep.Provider)
		m.version.Add(1)
	}
	w := m.deployments[dep.ID]
	if w == nil {
		w = &watched{}
		m.deployments[dep.ID] = w
	}
	if w.failures > 0 || w.State != "" {
		w.failures, w.State, w.Until = 0, "", time.Time{}
		m.version.Add(1)
	}
	if firstToken <= 0 {
		return
	}
	if w.firstToken == 0 {
		w.firstToken = firstToken
	}
	w.firstToken += (firstToken - w.firstToken) / 8
	// A view is made anew only for a change that a decision could see.
	if w.FirstToken == 0 || math.Abs(w.firstToken-w.FirstToken) > max(w.FirstToken/10, jitter) {
		w.FirstToken = w.firstToken
		m.version.Add(1)
	}
}

// Failed takes a call that failed: the class of the error says what cools down and for how long.
func (m *Monitor) Failed(dep *catalog.Deployment, e *providers.Error, now time.Time) {
	h, account := Health{}, false
	until := func(d time.Duration) time.Time {
		if e.RetryAfter > 0 {
			d = e.RetryAfter
		}
		return now.Add(min(d, longest))
	}
	switch e.Class {
	case providers.Auth:
		if e.Status == 403 { // may be about this model alone
			h = Health{State: providers.Down, Until: until(accountFor)}
			break
		}
		h, account = Health{State: providers.KeyRejected, Until: until(accountFor)}, true
	case providers.Quota:
		h, account = Health{State: providers.OutOfCredit, Until: until(accountFor)}, true
	case providers.RateLimited:
		h = Health{State: providers.Limited, Until: until(limitedFor)}
	case providers.Overloaded:
		h = Health{State: providers.Down, Until: until(overloadFor)}
	case providers.ModelNotFound:
		h = Health{State: providers.Down, Until: until(missingFor)}
	case providers.Server, providers.Network, providers.Timeout, providers.InBand:
	default:
		return // nothing cools down for what is wrong with the request
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if account {
		m.accounts[dep.Provider] = h
		m.version.Add(1)
		return
	}
	w := m.deployments[dep.ID]
	if w == nil {
		w = &watched{}
		m.deployments[dep.ID] = w
	}
	w.failures++
	if h.State == "" {
		if w.failures < strikes {
			return
		}
		h = Health{State: providers.Down, Until: until(min(strikeFor<<min(w.failures-strikes, 10), strikeMost))}
	}
	w.State, w.Until = h.State, h.Until
	m.version.Add(1)
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
	if s := sickness[h.State]; s != "" {
		return s
	}
	return "not usable"
}

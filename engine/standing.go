package engine

import (
	"sort"
	"time"

	"github.com/routor/routor/providers"
)

// Standing is how things stand with a provider, for people: what its account may do, its keys, its deployments that were
// asked, and how the calls went.
type Standing struct {
	Provider string
	providers.Account
	Keys        []providers.KeyAccount
	Deployments []DeploymentStanding
	Calls
	Most           Concurrency
	Retries, Asked uint32 // in the window of the retry budget
}

// DeploymentStanding is how things stand with a deployment that was asked, or that is missing at its provider.
type DeploymentStanding struct {
	Deployment string
	Health
	Breaker string // closed, open, half-open
	Calls
}

// Calls are how the calls went since the start.
type Calls struct {
	InFlight int
	Counts   map[string]uint64 // by class of error; "ok" = answered
	// P50 and P95 are of the time to the first text of a stream, or to the whole of a plain answer, of the last calls.
	P50, P95 time.Duration
}

// Standings are those of all providers that are connected, by name.
func (e *Engine) Standings() []Standing {
	now := time.Now()
	known := *e.Monitor.deployments.Load()
	by := map[string][]DeploymentStanding{}
	times := map[string][]uint32{}
	for id, w := range known {
		d := DeploymentStanding{Deployment: id, Breaker: w.phase(now), Calls: Calls{InFlight: int(w.inFlight.Load()), Counts: map[string]uint64{}}}
		if t := w.trouble.Load(); t != nil {
			d.Health = t.Health
		}
		switch out := d.sick(now) != ""; {
		case out:
		case w.weak(now), w.phase(now) == "half-open":
			d.State = providers.Degraded
		default:
			d.Health = Health{State: providers.Healthy}
		}
		d.FirstToken = w.first()
		for i := range w.counts {
			if n := w.counts[i].Load(); n > 0 {
				d.Counts[string(classes[i])] = n
			}
		}
		list := w.latency.appendTo(nil)
		times[w.host.id] = append(times[w.host.id], list...)
		d.P50, d.P95 = quantile(list, .5), quantile(list, .95)
		by[w.host.id] = append(by[w.host.id], d)
	}
	var out []Standing
	for _, id := range sorted(e.upstreams) {
		s := Standing{Provider: id, Account: providers.Account{State: providers.Unchecked}, Deployments: by[id]}
		if c := e.connections[id]; c != nil {
			s.Account, s.Keys = c.Account(), c.Keys()
		}
		sort.Slice(s.Deployments, func(i, j int) bool { return s.Deployments[i].Deployment < s.Deployments[j].Deployment })
		s.Counts = map[string]uint64{}
		for _, d := range s.Deployments {
			for class, n := range d.Counts {
				s.Counts[class] += n
			}
		}
		s.P50, s.P95 = quantile(times[id], .5), quantile(times[id], .95)
		e.Monitor.stand(&s, now)
		out = append(out, s)
	}
	return out
}

// stand adds what the Monitor knows of a provider.
func (m *Monitor) stand(s *Standing, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.host(s.Provider)
	s.InFlight, s.Most = int(p.inFlight.Load()), p.most
	s.Asked, s.Retries = p.budget.window(now)
	h := p.account
	if t := p.trouble.Load(); t != nil && t.outlasts(&h) {
		h = t.Health
	}
	if h.sick(now) != "" {
		s.State, s.Until, s.Since = h.State, h.Until, h.Since
		if s.Detail == "" || p.account != h {
			s.Detail = h.Why
		}
		return
	}
	if !s.State.Usable() || len(s.Deployments) == 0 {
		return
	}
	for i := range s.Deployments {
		if s.Deployments[i].State == providers.Healthy {
			if p.weak(now) {
				s.State = providers.Degraded
			}
			return
		}
	}
	s.State = providers.Degraded // nothing of it that was asked is well
}

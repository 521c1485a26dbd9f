package engine

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/routor/routor/engine/catalog"
)

// watched is what is known of a deployment: its breaker, how many calls it has now, and how its calls went. It outlives the
// catalogs in which the deployment stands. Everything that a call touches is atomic.
type watched struct {
	host     *host
	inFlight atomic.Int64
	breaker
	latency    latencies
	firstToken atomic.Uint64 // seconds, smoothed, as bits
	shown      atomic.Uint64 // firstToken as it was when a view was last worth making
	counts     [len(classes)]atomic.Uint64
}

// host is what is known of a provider besides its deployments.
type host struct {
	id       string
	inFlight atomic.Int64
	most     Concurrency
	breaker  // trips when the provider's address cannot be reached
	budget   budget
	account  Health      // the Monitor's lock guards it
	learned  bool        // the account's state is another replica's word
	sick     atomic.Bool // the account cannot be used
	waiting  atomic.Int64
	freed    chan struct{} // tells one of those who wait that a place may be free
}

// Concurrency is how many calls there may be at the same time; 0 = any number.
type Concurrency struct {
	Provider   int // to the provider
	Deployment int // to each of its deployments
}

// breaker is a circuit breaker: closed while trouble is nil, open until trouble.Until, and half-open from then on until a
// probe has succeeded.
type breaker struct {
	// outcomes are the last 32 calls, the latest in the lowest bit; 1 = it failed in a way that counts.
	outcomes atomic.Uint32
	trouble  atomic.Pointer[trouble]
	probing  atomic.Bool  // the one permit of the half-open state is taken
	lastBad  atomic.Int64 // Unix seconds
}

// trouble is why something is out.
type trouble struct {
	Health
	at      time.Time // of the failure that was the last so far; Since is that of the first
	tripped bool      // by failures in a row: ends only with a call that succeeds
}

// When a breaker trips: so many failures in a row, or so many among the last 32.
const (
	strikes   = 3
	tripShare = 16
	// weakShare of failures among the last 32 is called degraded, as long as the last of them is not older than weakFor.
	weakShare = 4
	weakFor   = time.Minute
)

// failed notes a failure that counts, and says for how long the breaker opens; 0 = it stays closed.
func (b *breaker) failed(now time.Time) time.Duration {
	b.lastBad.Store(now.Unix())
	o := b.shift(1)
	row := bits.TrailingZeros32(^o)
	switch {
	case row >= strikes:
		return min(strikeFor<<min(row-strikes, 10), strikeMost)
	case bits.OnesCount32(o) >= tripShare:
		return strikeFor
	}
	if t := b.trouble.Load(); t != nil && t.tripped { // a probe that fails opens it again
		return strikeFor
	}
	return 0
}

// shift notes an outcome. A success after nothing but successes writes nothing.
func (b *breaker) shift(bad uint32) uint32 {
	for {
		o := b.outcomes.Load()
		next := o<<1 | bad
		if next == o || b.outcomes.CompareAndSwap(o, next) {
			return next
		}
	}
}

// weak is whether many of the last calls have failed, and lately.
func (b *breaker) weak(now time.Time) bool {
	return bits.OnesCount32(b.outcomes.Load()) >= weakShare && now.Unix()-b.lastBad.Load() < int64(weakFor/time.Second)
}

// phase is the breaker's state for people.
func (b *breaker) phase(now time.Time) string {
	switch t := b.trouble.Load(); {
	case t == nil || !t.tripped:
		return "closed"
	case t.Until.After(now):
		return "open"
	}
	return "half-open"
}

// timed smooths the time to a first token; true = it has changed by as much as a decision could see.
func (w *watched) timed(seconds float64) bool {
	for {
		was := w.firstToken.Load()
		now := seconds
		if old := math.Float64frombits(was); old > 0 {
			now = old + (seconds-old)/8
		}
		if !w.firstToken.CompareAndSwap(was, math.Float64bits(now)) {
			continue
		}
		shown := math.Float64frombits(w.shown.Load())
		if shown == 0 || math.Abs(now-shown) > max(shown/10, jitter) {
			w.shown.Store(math.Float64bits(now))
			return true
		}
		return false
	}
}

// note takes what is known of a provider's account. The caller holds the Monitor's lock.
func (p *host) note(h Health, learned bool) {
	p.account, p.learned = h, learned
	p.sick.Store(h.State != "" && !h.State.Usable())
}

// of is what is known of a deployment.
func (m *Monitor) of(dep *catalog.Deployment) *watched {
	if w := (*m.deployments.Load())[dep.ID]; w != nil {
		return w
	}
	return m.meet(dep)
}

// meet makes room for a deployment that was never asked.
func (m *Monitor) meet(dep *catalog.Deployment) *watched {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w := (*m.deployments.Load())[dep.ID]; w != nil {
		return w
	}
	return m.add(dep)
}

// add makes room for a deployment. The caller holds the lock.
func (m *Monitor) add(dep *catalog.Deployment) *watched {
	old := *m.deployments.Load()
	w := &watched{host: m.host(dep.Provider)}
	next := make(map[string]*watched, len(old)+1)
	for id, o := range old {
		next[id] = o
	}
	next[dep.ID] = w
	m.deployments.Store(&next)
	return w
}

// host is what is known of a provider. The caller holds the lock.
func (m *Monitor) host(provider string) *host {
	h := m.hosts[provider]
	if h == nil {
		h = &host{id: provider, most: m.most[provider], freed: make(chan struct{}, 1)}
		m.hosts[provider] = h
	}
	return h
}

// health is what is known of a deployment now.
func (m *Monitor) health(dep *catalog.Deployment) Health {
	w := m.of(dep)
	m.mu.Lock()
	defer m.mu.Unlock()
	h := Health{}
	if t := w.trouble.Load(); t != nil {
		h = t.Health
	}
	if t := w.host.trouble.Load(); t != nil && t.outlasts(&h) {
		h = t.Health
	}
	if w.host.sick.Load() && w.host.account.outlasts(&h) {
		h = w.host.account
	}
	h.FirstToken = w.first()
	return h
}

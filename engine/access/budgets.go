package access

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/routor/routor/engine/catalog"
)

// meter measures one key or one profile in this process. Requests touch its atomics only; what it has from the state, and what
// it tells the state, is changed by one goroutine at a time under mu.
type meter struct {
	scope, id        string
	requests, tokens gcra
	limits           atomic.Pointer[Limits] // as the last request saw them

	left    atomic.Int64 // of the lease, not reserved: nano-dollars
	granted atomic.Int64 // the lease, as it was last granted
	until   atomic.Int64 // its end, less a margin: Unix ns
	dry     atomic.Int64 // until then (Unix ns) nothing is to be had for requests that need as much as needs
	needs   atomic.Int64
	away    atomic.Bool          // because the state could not be asked
	view    atomic.Pointer[view] // of what is below, as of the last change; nil = not asked for yet

	used   [2]counters     // not told to the state yet, by parity of the day
	shared [2]atomic.Int64 // requests and tokens that the fleet was not told yet
	last   atomic.Int64    // use, Unix ns
	open   atomic.Int64    // requests under way that hold on to it
	queued atomic.Bool     // among those that the next round looks at
	urgent atomic.Bool     // a lease is being renewed

	mu       sync.Mutex
	loaded   bool // account and revision are the state's
	account  account
	revision uint64
	amount   catalog.Money // of the lease, less what was told
	change   uint64        // of this process's entry in the account
	doubtful *attempt      // a write of which nobody knows whether it came through
	synced   time.Time
}

// view is what a meter has from the state.
type view struct {
	account
	amount catalog.Money // of the lease, less what was told
	asOf   time.Time
}

// attempt is a write of the account under way.
type attempt struct {
	change       uint64
	told         [2]Tally // taken out of used
	today        int64    // the day that told[today&1] is of
	grant, taken catalog.Money
	amount       catalog.Money
	until        time.Time
	account      account
}

// Need is what a request takes, or took.
type Need struct {
	Tokens int64
	Cost   catalog.Money
}

// margin is how much earlier a replica stops to spend its lease than others take it for ended: clocks differ.
const margin = 5 * time.Second

// reserve takes money out of the lease; false = it has not so much.
func (m *meter) reserve(cost catalog.Money, now int64) bool {
	if now >= m.until.Load() {
		return false
	}
	for {
		left := m.left.Load()
		if left < int64(cost) || left < 0 {
			return false
		}
		if m.left.CompareAndSwap(left, left-int64(cost)) {
			return true
		}
	}
}

// pending is what the state was not told yet.
func (m *meter) pending() Tally {
	t := m.used[0].read()
	t.add(m.used[1].read())
	return t
}

// known is what is known here to be used, and what requests under way here may still cost.
func (m *meter) known(now time.Time) (u Use, reserved catalog.Money) {
	v := m.view.Load()
	if v == nil {
		v = &view{}
	}
	a, today := v.account, dayNumber(now)
	a.turn(dayName(today))
	a.book(dayName(today-1), m.used[(today+1)&1].read())
	a.book(dayName(today), m.used[today&1].read())
	return Use{a.Today, a.Month}, max(v.amount-catalog.Money(m.left.Load())-m.pending().Spent, 0)
}

// part is a limit that a request is under: its meter, and what is allowed.
type part struct {
	meter  *meter
	limits *Limits
	name   string
}

// Hold is what a request has reserved, from Admit to Settle or Release. It is made to be part of something that is reused.
type Hold struct {
	meters *Meters
	parts  [2]part
	n      int
	need   Need
}

// Open is whether something is held.
func (h *Hold) Open() bool { return h.n > 0 }

// Admit reserves for a request what it is expected to take, from its key (nil = none) and its profile (nil = none): all or
// nothing. h must be empty. It waits only where this process holds no part of a budget yet, or has used it up. A Refusal says
// whose limit is in the way; else h must be settled or released.
func (ms *Meters) Admit(h *Hold, now time.Time, key *Key, profile *Profile, need Need) *Refusal {
	need.Cost, need.Tokens = max(need.Cost, 0), max(need.Tokens, 0)
	h.meters, h.need = ms, need
	if key != nil {
		h.parts[h.n] = part{ms.hold(&ms.keys, ScopeKey, key.ID), key.Limits, key.Name}
		h.n++
	}
	if profile != nil {
		h.parts[h.n] = part{ms.hold(&ms.profiles, ScopeProfile, profile.Name), profile.Limits, profile.Name}
		h.n++
	}
	for i := range h.n {
		if r := ms.admit(&h.parts[i], now, need); r != nil {
			for _, p := range h.parts[:i] {
				ms.undo(p, now, need)
			}
			h.clear()
			return r
		}
	}
	for _, p := range h.parts[:h.n] {
		if p.limits.rated() {
			p.meter.shared[0].Add(1)
			p.meter.shared[1].Add(min(need.Tokens, max(p.limits.Tokens, 0)))
		}
		p.meter.used[dayNumber(now)&1].requests.Add(1)
		ms.touch(p.meter)
	}
	return nil
}

// admit takes what a request needs of one meter, or nothing.
func (ms *Meters) admit(p *part, now time.Time, need Need) *Refusal {
	m, l := p.meter, p.limits
	m.last.Store(now.UnixNano())
	if m.limits.Load() != l {
		m.limits.Store(l)
	}
	if l == nil {
		return nil
	}
	at := ms.at(now)
	if l.Requests > 0 {
		if wait := m.requests.take(at, 1, l.Requests); wait > 0 {
			return rateRefusal(p, LimitRequests, l.Requests, 1, now, wait)
		}
	}
	if l.Tokens > 0 {
		if wait := m.tokens.take(at, need.Tokens, l.Tokens); wait > 0 {
			if l.Requests > 0 {
				m.requests.charge(at, -1, l.Requests)
			}
			return rateRefusal(p, LimitTokens, l.Tokens, need.Tokens, now, wait)
		}
	}
	if !l.budgeted() {
		return nil
	}
	if !m.reserve(need.Cost, now.UnixNano()) {
		if r := ms.wait(p, now, need); r != nil {
			p.rates(at, -1, -need.Tokens)
			return r
		}
	}
	if left := m.left.Load(); left < m.granted.Load()/2 {
		ms.renew(m)
	}
	return nil
}

func rateRefusal(p *part, limit string, value, needs int64, now time.Time, wait time.Duration) *Refusal {
	return &Refusal{Limit: limit, Scope: p.meter.scope, Name: p.name, Value: float64(value), Needs: float64(needs), Resets: now.Add(wait), After: wait}
}

// rates moves the limits a minute.
func (p *part) rates(at, requests, tokens int64) {
	if p.limits == nil {
		return
	}
	if n := p.limits.Requests; n > 0 && requests != 0 {
		p.meter.requests.charge(at, requests, n)
	}
	if n := p.limits.Tokens; n > 0 && tokens != 0 {
		p.meter.tokens.charge(at, tokens, n)
	}
}

// undo gives back what admit took.
func (ms *Meters) undo(p part, now time.Time, need Need) {
	p.rates(ms.at(now), -1, -need.Tokens)
	if p.limits.budgeted() {
		p.meter.left.Add(int64(need.Cost))
	}
}

// Settle puts what the request really took in the place of what was reserved.
func (h *Hold) Settle(now time.Time, used Need) {
	used.Cost, used.Tokens = max(used.Cost, 0), max(used.Tokens, 0)
	for _, p := range h.parts[:h.n] {
		m, back := p.meter, -used.Cost
		if p.limits.budgeted() {
			back += h.need.Cost
		}
		if back != 0 {
			m.left.Add(int64(back))
		}
		if l := p.limits; l.rated() && l.Tokens > 0 {
			if more := used.Tokens - min(h.need.Tokens, l.Tokens); more != 0 {
				p.rates(h.meters.at(now), 0, more)
				m.shared[1].Add(more)
			}
		}
		if used != (Need{}) {
			m.used[dayNumber(now)&1].add(Tally{Tokens: used.Tokens, Spent: used.Cost})
			m.last.Store(now.UnixNano())
			h.meters.touch(m)
		}
	}
	h.clear()
}

// Release gives back what a request reserved that never was sent anywhere. It still counts as a request.
func (h *Hold) Release(now time.Time) { h.Settle(now, Need{}) }

func (h *Hold) clear() {
	for i := range h.n {
		h.parts[i].meter.open.Add(-1)
	}
	*h = Hold{}
}

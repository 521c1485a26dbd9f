package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/store"
)

const (
	// usageBucket is where accounts are, by "key.ID" and "profile.NAME"; those that nobody touches are forgotten after
	// usageKept, when neither day nor month counts any more.
	usageBucket = "usage"
	usageKept   = 62 * 24 * time.Hour

	// leaseTime is how long a lease lasts that its holder does not renew: what a killed process held is given back after it.
	// A replica that is cut off may spend it for as long. A server inside the process is never cut off from it.
	leaseTime         = 10 * time.Minute
	embeddedLeaseTime = time.Minute
	// idleTime is after how long without use a replica of a fleet gives its lease back to the others.
	idleTime = 10 * time.Second

	askTime = 2 * time.Second        // how long a request waits for a lease
	dryTime = 500 * time.Millisecond // for how long an answer that nothing is left holds
)

// wait gets a lease for a request that the one at hand is too small for.
func (ms *Meters) wait(p *part, now time.Time, need Need) *Refusal {
	m := p.meter
	if m.isDry(now, need.Cost) {
		return ms.spent(p, now, need)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// Somebody else may have waited for the same.
	if later := ms.now(now); m.isDry(later, need.Cost) {
		return ms.spent(p, later, need)
	} else if m.reserve(need.Cost, later.UnixNano()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	m.loaded = false // others may have given something back
	err := ms.sync(ctx, m, now, need.Cost, false)
	now = ms.now(now)
	if err == nil && m.reserve(need.Cost, now.UnixNano()) {
		return nil
	}
	m.away.Store(err != nil)
	m.needs.Store(int64(need.Cost))
	m.dry.Store(now.Add(dryTime).UnixNano())
	return ms.spent(p, now, need)
}

func (m *meter) isDry(now time.Time, cost catalog.Money) bool {
	return now.UnixNano() < m.dry.Load() && int64(cost) >= m.needs.Load()
}

// spent is the refusal of a request that no budget is left for.
func (ms *Meters) spent(p *part, now time.Time, need Need) *Refusal {
	m, l := p.meter, p.limits
	u, reserved := m.known(now)
	r := &Refusal{Scope: m.scope, Name: p.name, Reserved: reserved.USD(), Needs: need.Cost.USD()}
	day := l.DayUSD != nil && (l.MonthUSD == nil || nano(*l.DayUSD)-u.Day.Spent < nano(*l.MonthUSD)-u.Month.Spent)
	used := u.Month.Spent
	if day {
		r.Limit, r.Value, r.Resets, used = LimitDay, *l.DayUSD, nextDay(now), u.Day.Spent
	} else {
		r.Limit, r.Value, r.Resets = LimitMonth, *l.MonthUSD, nextMonth(now)
	}
	r.Spent, r.After = used.USD(), r.Resets.Sub(now)
	switch v := m.view.Load(); {
	case m.away.Load():
		r.Err, r.After = ErrBudgetUnknown, 5*time.Second
	case v != nil && used+reserved+need.Cost <= nano(r.Value):
		if others, _ := v.held(ms.id, now); others > 0 {
			r.Held, r.After = true, idleTime
		}
	}
	return r
}

// renew has the lease renewed in the background, before it is used up.
func (ms *Meters) renew(m *meter) {
	if m.urgent.CompareAndSwap(false, true) {
		select {
		case ms.renewals <- m:
		default: // the next round does it
			m.urgent.Store(false)
		}
	}
}

// sync tells the state what was used, and gets or gives back what is to be spent next; need is what a request waits for, below 0 =
// none does. The caller holds m.mu.
func (ms *Meters) sync(ctx context.Context, m *meter, now time.Time, need catalog.Money, leave bool) error {
	kv, err := ms.bucket(ctx)
	if err != nil {
		return err
	}
	for range 50 {
		if !m.loaded {
			if err := ms.load(ctx, kv, m); err != nil {
				return err
			}
		}
		a := ms.propose(m, now, need, leave)
		if a == nil {
			return nil // nothing to tell
		}
		revision, err := ms.write(ctx, kv, m, a)
		if err == nil {
			m.account, m.revision, m.doubtful = a.account, revision, nil
			m.done(a)
			m.show(now)
			return nil
		}
		var api *jetstream.APIError
		if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || errors.Is(err, jetstream.ErrKeyExists) {
			m.loaded = false // another replica was first
			m.undone(a)
			continue
		}
		m.loaded, m.doubtful = false, a
		return fmt.Errorf("state: account of %s %s: %w", m.scope, m.id, err)
	}
	return fmt.Errorf("state: account of %s %s: others change it all the time", m.scope, m.id)
}

// load reads the account. A write of which nobody knew whether it came through is known by its number.
func (ms *Meters) load(ctx context.Context, kv jetstream.KeyValue, m *meter) error {
	m.account, m.revision = account{}, 0
	e, err := kv.Get(ctx, m.subject())
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
	case err != nil:
		return fmt.Errorf("state: account of %s %s: %w", m.scope, m.id, err)
	default:
		m.revision = e.Revision()
		if m.account, err = parseAccount(e.Value()); err != nil {
			return fmt.Errorf("state: account of %s %s: %w", m.scope, m.id, err)
		}
	}
	m.loaded = true
	if d := m.doubtful; d != nil {
		m.doubtful = nil
		if m.account.Leases[ms.id].Change == d.change {
			m.done(d)
		} else {
			m.undone(d)
		}
	}
	return nil
}

// subject is the account's key in the bucket.
func (m *meter) subject() string { return m.scope + "." + store.Escape(m.id) }

// propose is the account as it should be next; nil = it is well as it is.
func (ms *Meters) propose(m *meter, now time.Time, need catalog.Money, leave bool) *attempt {
	today := dayNumber(now)
	a := &attempt{today: today, account: m.account}
	for i := range a.told {
		a.told[i] = m.used[i].take()
	}
	a.account.turn(dayName(today))
	a.account.book(dayName(today-1), a.told[(today+1)&1])
	a.account.book(dayName(today), a.told[today&1])
	base := m.amount - a.told[0].Spent - a.told[1].Spent

	l := m.limits.Load()
	held, holders := a.account.held(ms.id, now)
	free := l.free(a.account.Today.Spent, a.account.Month.Spent) - held // this lease included
	waits, idle := need >= 0, idleTime
	if ms.embedded {
		idle = ms.leaseTime // nobody else wants it
	}
	target := max(base, 0)
	switch {
	case !l.budgeted(), leave, !waits && now.Sub(time.Unix(0, m.last.Load())) > idle:
		target = 0
	default:
		// A replica's share of what is left, smaller near the limit; what is reserved; and room for a few requests like the one
		// that waits.
		need, reserved := max(need, 0), max(base-catalog.Money(m.left.Load())-m.pending().Spent, 0)
		share := max(free/catalog.Money(2*(holders+1)), min(8*need, free/2), min(reserved+need, free))
		if waits || base < share/2 {
			target = max(target, share)
		}
	}
	target = max(min(target, free), 0)
	if a.grant = target - base; a.grant < 0 && base > 0 {
		a.taken = m.withhold(-a.grant) // what requests have reserved can't be given back
		target, a.grant = base-a.taken, 0
	}
	a.amount, a.until = target, now.Add(ms.leaseTime)

	old := a.account.Leases[ms.id]
	fresh := old.Amount == target && (old.Until.Sub(now) > ms.leaseTime/2 || target == 0 && !waits)
	if a.told == [2]Tally{} && a.grant == 0 && a.taken == 0 && fresh {
		m.show(now)
		return nil
	}
	m.change++
	a.change = m.change
	leases := maps.Clone(a.account.Leases)
	maps.DeleteFunc(leases, func(_ string, l lease) bool { return !now.Before(l.Until) })
	if leases == nil {
		leases = map[string]lease{}
	}
	// An entry without an amount stays until its end: it tells whether this write came through.
	leases[ms.id] = lease{Amount: target, Until: a.until.UTC().Truncate(time.Millisecond), Change: a.change}
	a.account.Leases = leases
	return a
}

// withhold takes money out of the lease that nobody has reserved, as much as there is up to so much.
func (m *meter) withhold(most catalog.Money) catalog.Money {
	for {
		left := m.left.Load()
		n := min(left, int64(most))
		if n <= 0 {
			return 0
		}
		if m.left.CompareAndSwap(left, left-n) {
			return catalog.Money(n)
		}
	}
}

func (ms *Meters) write(ctx context.Context, kv jetstream.KeyValue, m *meter, a *attempt) (uint64, error) {
	src, err := json.Marshal(a.account)
	if err != nil {
		panic("BUG: encode an account: " + err.Error())
	}
	if m.revision == 0 {
		return kv.Create(ctx, m.subject(), src)
	}
	return kv.Update(ctx, m.subject(), src, m.revision)
}

// done takes over what came through.
func (m *meter) done(a *attempt) {
	m.amount = a.amount
	m.left.Add(int64(a.grant))
	m.granted.Store(int64(a.amount))
	m.until.Store(a.until.Add(-margin).UnixNano())
	if a.grant > 0 {
		m.dry.Store(0)
	}
}

// undone takes back what did not.
func (m *meter) undone(a *attempt) {
	for i := range a.told {
		m.used[i].add(a.told[i])
	}
	m.left.Add(int64(a.taken))
}

// show lets everybody see what is known.
func (m *meter) show(now time.Time) {
	m.synced = now
	m.view.Store(&view{m.account, m.amount, now})
}

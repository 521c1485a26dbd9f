package access

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/store"
)

// Meters measure what keys and profiles use, and hold them to their limits. Admission looks at memory only; what is told to
// the state and to other replicas goes by rounds in the background.
type Meters struct {
	state     *store.Store
	id        string // of this process
	embedded  bool
	leaseTime time.Duration
	start     time.Time
	clock     func() time.Time

	keys, profiles meters

	mu    sync.Mutex
	kv    jetstream.KeyValue // nil = not opened yet
	queue []*meter           // used since the last round, or holding a lease

	telling atomic.Bool // the state is being told

	renewals chan *meter
	heard    *nats.Subscription
	stop     chan struct{}
	ended    sync.WaitGroup
}

// meters are found by id. They are sharded so that a new one holds up few requests.
type meters struct{ shards [64]meterShard }

type meterShard struct {
	sync.RWMutex
	m map[string]*meter
}

const (
	roundTime  = 200 * time.Millisecond // between rounds: how soon replicas hear of each other's requests and tokens
	tellTime   = time.Second            // after which the state is told what was used of a budget
	relaxed    = 10 * time.Second       // the same where there is no budget
	workers    = 8
	forgetTime = 2 * time.Hour // after which a meter that nobody uses is let go
)

// OpenMeters begins to measure. A cluster that is away is waited for in the background: until then there are no budgets to be
// had.
func OpenMeters(state *store.Store) (*Meters, error) { return openMeters(state, time.Now) }

func openMeters(state *store.Store, clock func() time.Time) (*Meters, error) {
	ms := &Meters{state: state, id: randomWord(10), embedded: state.Embedded(), leaseTime: leaseTime, start: clock(), clock: clock,
		renewals: make(chan *meter, 1024), stop: make(chan struct{})}
	if ms.embedded {
		ms.leaseTime = embeddedLeaseTime
	} else {
		var err error
		if ms.heard, err = state.Conn().Subscribe(usedSubject, ms.hear); err != nil {
			return nil, fmt.Errorf("listen to what other replicas use: %w", err)
		}
	}
	ms.ended.Go(ms.rounds)
	for range workers {
		ms.ended.Go(func() {
			for {
				select {
				case m := <-ms.renewals:
					ms.settle(m, ms.clock(), false)
					m.urgent.Store(false)
				case <-ms.stop:
					return
				}
			}
		})
	}
	return ms, nil
}

// Close tells the state the rest and gives leases back.
func (ms *Meters) Close() {
	if ms.heard != nil {
		_ = ms.heard.Unsubscribe()
	}
	close(ms.stop)
	ms.ended.Wait() // before leases are given back: nobody takes one again
	ms.settleAll(ms.drain(), ms.clock(), true)
}

func (ms *Meters) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	if ok, _ := ms.state.Connected(); !ok {
		return nil, ErrBudgetUnknown
	}
	ms.mu.Lock()
	kv := ms.kv
	ms.mu.Unlock()
	if kv != nil {
		return kv, nil
	}
	kv, err := ms.state.KV(ctx, store.KVConfig{Name: usageBucket, Description: "what keys and profiles have used, and who holds what of their budgets", TTL: usageKept})
	if err != nil {
		return nil, err
	}
	ms.mu.Lock()
	ms.kv = kv
	ms.mu.Unlock()
	return kv, nil
}

// at is a time as ns since the meters' start, by the monotonic clock where it has one.
func (ms *Meters) at(now time.Time) int64 { return int64(now.Sub(ms.start)) }

// now is the time after a wait, at least then.
func (ms *Meters) now(then time.Time) time.Time {
	if now := ms.clock(); now.After(then) {
		return now
	}
	return then
}

// hold is the meter of a key or profile, made when first used, and kept at least until open goes back.
func (ms *Meters) hold(in *meters, scope, id string) *meter {
	s := &in.shards[shardOf(id)]
	s.RLock()
	m := s.m[id]
	if m != nil {
		m.open.Add(1)
	}
	s.RUnlock()
	if m != nil {
		return m
	}
	s.Lock()
	defer s.Unlock()
	if m = s.m[id]; m == nil {
		m = &meter{scope: scope, id: id}
		if s.m == nil {
			s.m = map[string]*meter{}
		}
		s.m[id] = m
	}
	m.open.Add(1)
	return m
}

// shardOf is FNV-1a of the name.
func shardOf(id string) uint32 {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h % 64
}

// touch notes that a meter was used, for the next round.
func (ms *Meters) touch(m *meter) {
	if !m.queued.Load() && m.queued.CompareAndSwap(false, true) {
		ms.mu.Lock()
		ms.queue = append(ms.queue, m)
		ms.mu.Unlock()
	}
}

func (ms *Meters) rounds() {
	tick := time.NewTicker(roundTime)
	defer tick.Stop()
	swept := ms.clock()
	for {
		select {
		case <-ms.stop:
			return
		case <-tick.C:
			now := ms.clock()
			ms.round(now)
			if now.Sub(swept) > forgetTime/4 {
				swept = now
				ms.sweep(now)
			}
		}
	}
}

// round tells the fleet what was used since the last one, and has the state told, unless it is being told still.
func (ms *Meters) round(now time.Time) {
	queue := ms.drain()
	if !ms.embedded {
		ms.tell(queue)
	}
	var due, rest []*meter
	free := ms.telling.CompareAndSwap(false, true)
	for _, m := range queue {
		m.queued.Store(false) // what is used from here on queues it again
		if free && ms.due(m, now, len(queue)) {
			due = append(due, m)
		}
		if ms.unfinished(m) && m.queued.CompareAndSwap(false, true) {
			rest = append(rest, m)
		}
	}
	ms.mu.Lock()
	ms.queue = append(ms.queue, rest...)
	ms.mu.Unlock()
	if free {
		ms.ended.Go(func() {
			ms.settleAll(due, now, false)
			ms.telling.Store(false)
		})
	}
}

func (ms *Meters) drain() []*meter {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	queue := ms.queue
	ms.queue = nil
	return queue
}

func (ms *Meters) settleAll(list []*meter, now time.Time, leave bool) {
	todo := make(chan *meter)
	var wg sync.WaitGroup
	for range min(workers, len(list)) {
		wg.Go(func() {
			for m := range todo {
				ms.settle(m, now, leave)
			}
		})
	}
	for _, m := range list {
		todo <- m
	}
	close(todo)
	wg.Wait()
}

// due is whether it is time to tell the state of a meter, one of so many. Without a budget that is told the less often the more
// there are, about a hundred a second.
func (ms *Meters) due(m *meter, now time.Time, of int) bool {
	if !m.mu.TryLock() {
		return false // it is being told right now
	}
	defer m.mu.Unlock()
	every := max(relaxed, time.Duration(of/100)*time.Second)
	if m.limits.Load().budgeted() || m.amount > 0 {
		every = tellTime
	}
	return now.Sub(m.synced) >= every
}

// unfinished is whether a later round has to look at a meter even if nobody uses it.
func (ms *Meters) unfinished(m *meter) bool {
	return m.pending() != Tally{} || m.granted.Load() > 0
}

// settle brings a meter and its account together.
func (ms *Meters) settle(m *meter, now time.Time, leave bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	if ms.sync(ctx, m, now, -1, leave) != nil {
		m.synced = now // not at once again
	}
}

// sweep lets go of meters that nobody has used for long.
func (ms *Meters) sweep(now time.Time) {
	for _, all := range [...]*meters{&ms.keys, &ms.profiles} {
		for i := range all.shards {
			s := &all.shards[i]
			s.Lock()
			for id, m := range s.m {
				if m.open.Load() == 0 && !m.queued.Load() && now.Sub(time.Unix(0, m.last.Load())) > forgetTime {
					delete(s.m, id)
				}
			}
			s.Unlock()
		}
	}
}

package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/store"
)

// meter1 is the meters of a replica. Their clock is given so that no midnight comes in between; nil = the real one.
func meter1(t testing.TB, st *store.Store, clock func() time.Time) *Meters {
	t.Helper()
	if clock == nil {
		clock = time.Now
	}
	ms, err := openMeters(st, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ms.Close)
	return ms
}

func usd(f float64) *float64 { return &f }

const cent = catalog.Money(1e7)

// clock stands still until it is moved.
type clock struct{ at atomic.Int64 }

// noon is a time far from midnight.
func noon() *clock {
	c := &clock{}
	c.at.Store(time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) move(d time.Duration) time.Time {
	c.at.Add(int64(d))
	return c.now()
}

// tellAll has everything told at once.
func tellAll(ms *Meters) {
	for _, all := range []*meters{&ms.keys, &ms.profiles} {
		for i := range all.shards {
			for _, m := range all.shards[i].m {
				ms.settle(m, ms.clock(), false)
			}
		}
	}
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	c := noon()
	ms, now := meter1(t, state(t, t.TempDir()), c.now), c.now()
	for name, c := range map[string]struct {
		key, profile *Limits
		need         Need
		passes       int
		limit, scope string
		after        time.Duration
		says         []string
	}{
		"no limits":                           {nil, nil, Need{1e6, 1e12}, 50, "", "", 0, nil},
		"requests of the key":                 {&Limits{Requests: 2}, &Limits{Requests: 5}, Need{}, 2, LimitRequests, ScopeKey, 30 * time.Second, []string{"key", "2 requests a minute", "requests_per_minute", "not a provider's", "in 30s"}},
		"of the profile, if that is stricter": {&Limits{Requests: 20}, &Limits{Requests: 5}, Need{}, 5, LimitRequests, ScopeProfile, 12 * time.Second, []string{"profile"}},
		"tokens":                              {&Limits{Tokens: 1000}, nil, Need{Tokens: 300}, 3, LimitTokens, ScopeKey, 12 * time.Second, []string{"1000 tokens a minute", "needs about 300"}},
		"tokens of the profile":               {&Limits{Requests: 9}, &Limits{Tokens: 1000}, Need{Tokens: 300}, 3, LimitTokens, ScopeProfile, 12 * time.Second, nil},
		"a day's budget":                      {&Limits{DayUSD: usd(1), MonthUSD: usd(9)}, nil, Need{Cost: 30 * cent}, 3, LimitDay, ScopeKey, 12 * time.Hour, []string{"$1 a day", "usd_per_day", "$0.9 reserved", "expected to cost $0.3", "resets at"}},
		"a month's budget":                    {&Limits{DayUSD: usd(9), MonthUSD: usd(1)}, nil, Need{Cost: 50 * cent}, 2, LimitMonth, ScopeKey, nextMonth(now).Sub(now), []string{"$1 a month"}},
		"a profile's budget":                  {&Limits{DayUSD: usd(9)}, &Limits{DayUSD: usd(1)}, Need{Cost: 60 * cent}, 1, LimitDay, ScopeProfile, 12 * time.Hour, nil},
		"nothing may be spent":                {&Limits{DayUSD: usd(0)}, nil, Need{Cost: 1}, 0, LimitDay, ScopeKey, 12 * time.Hour, nil},
		"but what costs nothing goes":         {&Limits{DayUSD: usd(0)}, nil, Need{}, 50, "", "", 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := &Key{ID: "key_" + store.Escape(name), Name: name, Limits: c.key}
			profile := &Profile{Name: name, Limits: c.profile}
			for i := range c.passes {
				if r := ms.Admit(new(Hold), now, key, profile, c.need); r != nil {
					t.Fatalf("request %d: %v", i+1, r)
				}
			}
			if c.limit == "" {
				return
			}
			var h Hold
			r := ms.Admit(&h, now, key, profile, c.need)
			if r == nil || r.Limit != c.limit || r.Scope != c.scope || r.After != c.after || h.Open() {
				t.Fatalf("%+v", r)
			}
			for _, part := range append(c.says, fmt.Sprintf("%q", name)) {
				if !strings.Contains(r.Error(), part) {
					t.Errorf("%q does not say %q", r.Error(), part)
				}
			}
			// What was refused took nothing: one that comes when it was told to is let in.
			if r.Budget() {
				return
			}
			if ms.Admit(&h, now.Add(r.After), key, profile, c.need) != nil {
				t.Errorf("refused still after %v", r.After)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	c := noon()
	ms, now := meter1(t, state(t, t.TempDir()), c.now), c.now()
	key := &Key{ID: "key_1", Name: "app", Limits: &Limits{Tokens: 1000, DayUSD: usd(1)}}
	var h Hold
	admit := func(cost catalog.Money, tokens int64) *Refusal {
		return ms.Admit(&h, now, key, nil, Need{tokens, cost})
	}
	remaining := func() (tokens, dollars float64) {
		use, all := ms.OfKey(t.Context(), now, key)
		if got := use.Day.Spent.USD() + all[1].Reserved + all[1].Remaining; got < 0.999999 && all[1].Used < 1 {
			t.Errorf("%v of the budget are gone: %+v", 1-got, all)
		}
		return all[0].Remaining, all[1].Remaining
	}
	if r := admit(80*cent, 900); r != nil {
		t.Fatal(r)
	}
	if tokens, dollars := remaining(); tokens != 100 || dollars != 0.2 {
		t.Errorf("reserved: %v tokens, $%v", tokens, dollars)
	}
	h.Settle(now, Need{400, 10 * cent}) // less than was expected
	if tokens, dollars := remaining(); tokens != 600 || dollars != 0.9 {
		t.Errorf("settled: %v tokens, $%v", tokens, dollars)
	}
	if r := admit(90*cent, 600); r != nil {
		t.Fatal(r)
	}
	h.Release(now)
	if tokens, dollars := remaining(); tokens != 600 || dollars != 0.9 {
		t.Errorf("released: %v tokens, $%v", tokens, dollars)
	}
	if r := admit(10*cent, 100); r != nil {
		t.Fatal(r)
	}
	h.Settle(now, Need{900, 150 * cent}) // far more than was expected
	if tokens, dollars := remaining(); tokens != 0 || dollars != 0 {
		t.Errorf("overspent: %v tokens, $%v", tokens, dollars)
	}
	if r := admit(0, 0); r == nil {
		t.Error("a request passes though more than the budget is spent")
	}
	use, _ := ms.OfKey(t.Context(), now, key)
	if want := (Tally{3, 1300, 160 * cent}); use.Day != want || use.Month != want {
		t.Errorf("%+v", use)
	}
	now = c.move(12*time.Hour + time.Second)
	if r := admit(100*cent, 100); r != nil {
		t.Errorf("on the next day: %v", r)
	}
}

// TestRestart shows what a process leaves to the next one: what it spent; and if it was killed, what it held counts as spent
// until its lease ends.
func TestRestart(t *testing.T) {
	t.Parallel()
	st := state(t, t.TempDir())
	key := &Key{ID: "key_1", Name: "app", Limits: &Limits{DayUSD: usd(1)}}
	spend := func(ms *Meters, now time.Time, cost catalog.Money) *Refusal {
		var h Hold
		r := ms.Admit(&h, now, key, nil, Need{10, cost})
		if r == nil {
			h.Settle(now, Need{10, cost})
		}
		return r
	}
	c := noon()
	now := c.now()
	first, err := openMeters(st, c.now)
	if err != nil {
		t.Fatal(err)
	}
	if r := spend(first, now, 40*cent); r != nil {
		t.Fatal(r)
	}
	first.Close()
	second := meter1(t, st, c.now)
	use, all := second.OfKey(t.Context(), now, key)
	if use.Day != (Tally{1, 10, 40 * cent}) || all[0].Remaining != 0.6 {
		t.Errorf("after a stop: %+v, %+v", use, all)
	}
	if r := spend(second, now, 20*cent); r != nil {
		t.Fatal(r)
	}
	second.settle(second.keys.find("key_1"), now, false) // the last that it told before it is killed
	held := second.keys.find("key_1").amount
	if held < 10*cent {
		t.Fatalf("it holds %v", held)
	}
	third := meter1(t, st, c.now)
	if r := spend(third, now, 40*cent); r == nil || !r.Held {
		t.Errorf("what a killed process held was spent: %v", r)
	}
	if r := spend(third, c.move(embeddedLeaseTime+time.Second), 40*cent); r != nil {
		t.Errorf("after its lease: %v", r)
	}
}

// cluster is a NATS server with a port.
func cluster(t testing.TB) string {
	t.Helper()
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server is not ready")
	}
	return ns.ClientURL()
}

// cable is a connection to a server that can be pulled out.
type cable struct {
	net.Listener
	to  string
	mu  sync.Mutex
	out bool
	all []net.Conn
}

func plug(t testing.TB, url string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l, to: strings.TrimPrefix(url, "nats://")}
	t.Cleanup(func() { l.Close(); c.pull() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", c.to)
			c.mu.Lock()
			if err != nil || c.out {
				conn.Close()
			} else {
				c.all = append(c.all, conn, far)
				go func() { _, _ = io.Copy(far, conn); far.Close() }()
				go func() { _, _ = io.Copy(conn, far); conn.Close() }()
			}
			c.mu.Unlock()
		}
	}()
	return c
}

func (c *cable) pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = true
	for _, conn := range c.all {
		conn.Close()
	}
	c.all = nil
}

func (c *cable) put() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = false
}

func connect(t testing.TB, url string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

// TestFleetBudget spends one key's hard limit at three replicas at once, one of which is cut off in the middle: never more is
// spent than the limit.
func TestFleetBudget(t *testing.T) {
	t.Parallel()
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprintf("cut off %v", cut), func(t *testing.T) {
			t.Parallel()
			url := cluster(t)
			cord := plug(t, url)
			replicas := []*Meters{meter1(t, connect(t, url), nil), meter1(t, connect(t, url), nil), meter1(t, connect(t, "nats://"+cord.Addr().String()), nil)}
			key := &Key{ID: "key_1", Name: "app", Limits: &Limits{DayUSD: usd(1)}}
			var spent, lonely atomic.Int64 // lonely is what the one that is cut off spends of it
			spend := func(enough func() bool) {
				var wg sync.WaitGroup
				for i, ms := range replicas {
					for w := range 4 {
						wg.Go(func() {
							r := rand.New(rand.NewPCG(uint64(i), uint64(w)))
							for refused := 0; refused < 3 && !enough(); {
								cost := catalog.Money(r.Int64N(2e6)) // $0.001 at the mean
								var h Hold
								if ms.Admit(&h, time.Now(), key, nil, Need{1, 2e6}) != nil {
									refused++
									time.Sleep(50 * time.Millisecond) // what others hold may come back
									continue
								}
								h.Settle(time.Now(), Need{1, cost})
								spent.Add(int64(cost))
								if !ms.connected() {
									lonely.Add(int64(cost))
								}
							}
						})
					}
				}
				wg.Wait()
			}
			if cut {
				spend(func() bool { return spent.Load() > 3e8 })
				cord.pull()
				until(t, "the end of the connection", func() bool { return !replicas[2].connected() })
			}
			spend(func() bool { return false })
			limit := nano(1)
			t.Logf("$%.6f of $%.6f were spent, $%.6f of it while cut off", float64(spent.Load())/1e9, limit.USD(), float64(lonely.Load())/1e9)
			if spent.Load() > int64(limit) {
				t.Errorf("overspent")
			}
			if cut && lonely.Load() == 0 {
				t.Error("the one that was cut off spent nothing of its lease")
			}
			if !cut && spent.Load() < int64(limit)*9/10 {
				t.Error("far from all was spent")
			}
			cord.put()
			for _, ms := range replicas {
				until(t, "the whole account", func() bool {
					use, _ := ms.OfKey(t.Context(), time.Now(), key)
					m := ms.keys.find("key_1")
					m.mu.Lock()
					m.loaded = false
					m.mu.Unlock()
					m.view.Store(nil)
					return int64(use.Day.Spent) == spent.Load()
				})
			}
		})
	}
}

// TestFleetOvershoot lets every request cost more than was expected: what goes beyond the limit is no more than what the
// requests under way had been underestimated by.
func TestFleetOvershoot(t *testing.T) {
	t.Parallel()
	url := cluster(t)
	key := &Key{ID: "key_1", Name: "app", Limits: &Limits{DayUSD: usd(0.5)}}
	var spent atomic.Int64
	var wg sync.WaitGroup
	const each, expected, real = 4, catalog.Money(1e6), catalog.Money(3e6)
	for range 3 {
		ms := meter1(t, connect(t, url), nil)
		for range each {
			wg.Go(func() {
				for refused := 0; refused < 2; {
					var h Hold
					if ms.Admit(&h, time.Now(), key, nil, Need{1, expected}) != nil {
						refused++
						time.Sleep(50 * time.Millisecond)
						continue
					}
					h.Settle(time.Now(), Need{1, real})
					spent.Add(int64(real))
				}
			})
		}
	}
	wg.Wait()
	over := catalog.Money(spent.Load()) - nano(0.5)
	t.Logf("%v beyond the limit", over)
	if over > 3*each*(real-expected) {
		t.Errorf("%v beyond the limit", over)
	}
}

func (ms *Meters) connected() bool { ok, _ := ms.state.Connected(); return ok }

// TestCutOffFromTheStart asks for a budget that nobody can tell.
func TestCutOffFromTheStart(t *testing.T) {
	t.Parallel()
	ms := meter1(t, connect(t, "nats://127.0.0.1:1"), nil)
	key := &Key{ID: "key_1", Name: "app", Limits: &Limits{DayUSD: usd(1)}}
	r := ms.Admit(new(Hold), time.Now(), key, nil, Need{1, cent})
	if !errors.Is(r, ErrBudgetUnknown) || !strings.Contains(r.Error(), "NATS") {
		t.Errorf("%v", r)
	}
	if r := ms.Admit(new(Hold), time.Now(), &Key{ID: "key_2", Limits: &Limits{Requests: 5}}, nil, Need{1, cent}); r != nil {
		t.Errorf("a key without a budget: %v", r)
	}
}

func TestFleetRates(t *testing.T) {
	t.Parallel()
	url := cluster(t)
	a, b := meter1(t, connect(t, url), nil), meter1(t, connect(t, url), nil)
	key := &Key{ID: "key_1", Name: "app", Limits: &Limits{Requests: 10, Tokens: 1000}}
	profile := &Profile{Name: "cheap", Limits: &Limits{Requests: 12}}
	for range 8 {
		var h Hold
		if r := a.Admit(&h, time.Now(), key, profile, Need{100, 0}); r != nil {
			t.Fatal(r)
		}
		h.Settle(time.Now(), Need{50, 0})
	}
	until(t, "what the other replica took", func() bool {
		requests, tokens := b.RatesOf(time.Now(), key, nil)
		of, _ := b.RatesOf(time.Now(), nil, profile)
		return requests.Remaining >= 2 && requests.Remaining <= 4 && tokens.Remaining >= 600 && tokens.Remaining < 800 && of.Remaining >= 4 && of.Remaining < 7
	})
}

// faulty is a bucket whose answers get lost, before or after it did what it was asked.
type faulty struct {
	jetstream.KeyValue
	r *rand.Rand
}

var errLost = errors.New("the answer was lost")

func (f *faulty) fate(do func() (uint64, error)) (uint64, error) {
	switch f.r.IntN(4) {
	case 0:
		return 0, errLost
	case 1:
		_, _ = do()
		return 0, errLost
	}
	return do()
}

func (f *faulty) Create(ctx context.Context, key string, value []byte, opts ...jetstream.KVCreateOpt) (uint64, error) {
	return f.fate(func() (uint64, error) { return f.KeyValue.Create(ctx, key, value, opts...) })
}

func (f *faulty) Update(ctx context.Context, key string, value []byte, revision uint64) (uint64, error) {
	return f.fate(func() (uint64, error) { return f.KeyValue.Update(ctx, key, value, revision) })
}

// TestLostAnswers loses every other answer of the state: everything is told once all the same.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	st := state(t, t.TempDir())
	var all []*Meters
	c := noon()
	for i := range 2 {
		ms := meter1(t, st, c.now)
		kv, err := ms.bucket(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ms.mu.Lock()
		ms.kv = &faulty{kv, rand.New(rand.NewPCG(uint64(i), 7))}
		ms.mu.Unlock()
		all = append(all, ms)
	}
	key := &Key{ID: "key_1", Name: "app", Limits: &Limits{DayUSD: usd(100)}}
	want, now := Tally{}, c.now()
	for i := range 300 {
		ms := all[i%2]
		var h Hold
		for ms.Admit(&h, now, key, nil, Need{5, cent}) != nil {
			m := ms.keys.find("key_1")
			m.dry.Store(0)
		}
		h.Settle(now, Need{7, cent})
		want.add(Tally{1, 7, cent})
		m := ms.keys.find("key_1")
		m.mu.Lock()
		_ = ms.sync(t.Context(), m, now, -1, false)
		m.mu.Unlock()
	}
	for _, ms := range all {
		m := ms.keys.find("key_1")
		m.mu.Lock()
		for ms.sync(t.Context(), m, now, -1, false) != nil {
		}
		if reserved := m.amount - catalog.Money(m.left.Load()); reserved != m.pending().Spent {
			t.Errorf("%v of a lease of %v are left, %v is not told: the rest got lost", catalog.Money(m.left.Load()), m.amount, m.pending().Spent)
		}
		m.mu.Unlock()
	}
	fresh := meter1(t, st, c.now)
	if use, _ := fresh.OfKey(t.Context(), now, key); use.Day != want {
		t.Errorf("%+v, not %+v", use.Day, want)
	}
}

func TestAllUse(t *testing.T) {
	t.Parallel()
	st := state(t, t.TempDir())
	c := noon()
	ms, now := meter1(t, st, c.now), c.now()
	if keys, profiles, err := ms.All(t.Context(), now); err != nil || len(keys)+len(profiles) > 0 {
		t.Fatalf("%v, %v, %v", keys, profiles, err)
	}
	for i := range 3 {
		var h Hold
		if r := ms.Admit(&h, now, &Key{ID: fmt.Sprint("key_", i)}, &Profile{Name: "v1.2"}, Need{1, cent}); r != nil {
			t.Fatal(r)
		}
		h.Settle(now, Need{10, cent})
	}
	told := func() bool {
		keys, profiles, err := ms.All(t.Context(), now)
		return err == nil && len(keys) == 3 && keys["key_1"].Day == Tally{1, 10, cent} && profiles["v1.2"].Month == Tally{3, 30, 3 * cent}
	}
	tellAll(ms)
	if !told() {
		t.Error("not all was told")
	}
	fresh := meter1(t, st, c.now)
	if keys, profiles, err := fresh.All(t.Context(), nextDay(now)); err != nil || keys["key_2"].Day != (Tally{}) || profiles["v1.2"].Month.Requests != 3 {
		t.Errorf("on the next day: %v, %v, %v", keys, profiles, err)
	}
}

func TestAccountTurns(t *testing.T) {
	t.Parallel()
	one := Tally{1, 10, cent}
	a := account{}
	a.turn("2026-01-30")
	a.book("2026-01-30", one)
	a.turn("2026-01-31")
	a.book("2026-01-31", one)
	a.book("2026-01-30", one) // late: the month's still
	if a.Today != one || a.Month != (Tally{3, 30, 3 * cent}) {
		t.Errorf("%+v", a)
	}
	a.turn("2026-02-01")
	a.book("2026-01-31", one) // too late
	a.book("2026-02-01", one)
	a.turn("2026-01-31") // a clock that is behind
	if a.Today != one || a.Month != one || a.Day != "2026-02-01" {
		t.Errorf("%+v", a)
	}
}

func TestLimitsCheck(t *testing.T) {
	t.Parallel()
	for part, l := range map[string]*Limits{"requests_per_minute is -1": {Requests: -1}, "tokens_per_minute is 2000000000": {Tokens: 2e9}, "usd_per_day": {DayUSD: usd(-1)}, "usd_per_month": {MonthUSD: usd(1e10)}} {
		if err := l.Check(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v", err)
		}
	}
	if err := (*Limits)(nil).Check(); err != nil {
		t.Error(err)
	}
}

func FuzzParseAccount(f *testing.F) {
	f.Add([]byte(`{"day":"2026-01-31","today":{"requests":1,"tokens":2,"nano_usd":3},"month":{},"leases":{"x":{"nano_usd":5,"until":"2026-01-31T00:00:00Z","change":4}}}`))
	f.Add([]byte(`{"day":"x"}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		a, err := parseAccount(src)
		if err != nil {
			return
		}
		a.turn("2026-05-05")
		a.book("2026-05-05", Tally{1, 1, 1})
		a.held("x", time.Now())
	})
}

func FuzzParseUsage(f *testing.F) {
	f.Add([]byte(`{"from":"a","used":[{"scope":"key","id":"key_1","rpm":60,"requests":3,"tpm":1000,"tokens":-20}]}`))
	ms := &Meters{start: time.Now(), clock: time.Now}
	f.Fuzz(func(t *testing.T, src []byte) {
		u, err := parseUsage(src)
		if err != nil {
			return
		}
		for i := range u.Used {
			ms.learn(&u.Used[i], time.Now())
		}
	})
}

func BenchmarkAdmission(b *testing.B) {
	st := state(b, b.TempDir())
	for name, l := range map[string]*Limits{"unlimited": nil, "all limits": {Requests: 1e9, Tokens: 1e9, DayUSD: usd(1e6), MonthUSD: usd(1e7)}} {
		ms := meter1(b, st, nil)
		key, profile := &Key{ID: "key_" + store.Escape(name), Limits: l}, &Profile{Name: name, Limits: l}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				var h Hold
				for pb.Next() {
					now := time.Now()
					if r := ms.Admit(&h, now, key, profile, Need{1, 1000}); r != nil {
						b.Error(r)
						return
					}
					h.Settle(now, Need{1, 900})
				}
			})
		})
	}
}

func TestWithLimits(t *testing.T) {
	t.Parallel()
	l := &Limits{Requests: 60, DayUSD: usd(0.5)}
	for name, c := range map[string]struct {
		src, profile string
		limits       *Limits
		want         string
	}{
		"anew":            {"# who\ncheap:\n  ceiling: LIGHT # no more\nbest: {}\n", "cheap", l, "# who\ncheap:\n  ceiling: LIGHT # no more\n  limits: {requests_per_minute: 60, usd_per_day: 0.5}\nbest: {}\n"},
		"in place of old": {"cheap:\n  limits: {tokens_per_minute: 5}\n  ceiling: LIGHT\n", "cheap", l, "cheap:\n  ceiling: LIGHT\n  limits: {requests_per_minute: 60, usd_per_day: 0.5}\n"},
		"no more":         {"cheap:\n  limits: {tokens_per_minute: 5}\n  ceiling: LIGHT\n", "cheap", nil, "cheap:\n  ceiling: LIGHT\n"},
		"the default one": {"", "default", l, "default:\n  limits: {requests_per_minute: 60, usd_per_day: 0.5}\n"},
		"an empty one":    {"cheap:\n", "cheap", &Limits{Tokens: 9, MonthUSD: usd(3)}, "cheap:\n  limits: {tokens_per_minute: 9, usd_per_month: 3}\n"},
		"a misspelt one":  {"cheap: {}", "chaep", l, `there is no profile "chaep": did you mean cheap?`},
		"no mapping":      {"[]", "cheap", l, "line 1"},
		"no YAML":         {"{", "cheap", l, "read the profiles"},
	} {
		out, err := WithLimits([]byte(c.src), c.profile, c.limits)
		if got := string(out); err == nil && got != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
		if err == nil {
			if _, err := ParseProfiles("p", out); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestSetLimits(t *testing.T) {
	t.Parallel()
	st := state(t, t.TempDir())
	a, b := replica(t, st, t.TempDir()), replica(t, st, t.TempDir())
	secret, made := create(t, a, Key{Name: "app", Limits: &Limits{Requests: 5}})
	until(t, "the key", func() bool { k, err := b.Lookup([]byte(secret)); return err == nil && k.Limits.Requests == 5 })
	if k, err := b.SetLimits("app", &Limits{DayUSD: usd(3)}, "ann"); err != nil || k.Limits.Requests != 0 || *k.Limits.DayUSD != 3 {
		t.Errorf("%+v, %v", k, err)
	}
	until(t, "its limits", func() bool { k, err := a.Lookup([]byte(secret)); return err == nil && k.Limits.budgeted() })
	if k, err := a.SetLimits(made.ID, &Limits{}, "ann"); err != nil || k.Limits != nil {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := a.SetLimits("app", &Limits{Tokens: -1}, "ann"); err == nil {
		t.Error("less than nothing")
	}
	if _, err := a.SetLimits("nobody", nil, "ann"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := a.Revoke("app", "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SetLimits("app", &Limits{Tokens: 1}, "ann"); !errors.Is(err, ErrRevoked) {
		t.Error(err)
	}
}

func TestAdmissionAllocatesNothing(t *testing.T) { // not parallel: it counts allocations
	ms := meter1(t, state(t, t.TempDir()), noon().now)
	l := &Limits{Requests: 1e9, Tokens: 1e9, DayUSD: usd(1e6), MonthUSD: usd(1e7)}
	key, profile := &Key{ID: "key_1", Limits: l}, &Profile{Name: "p", Limits: l}
	var h Hold
	now := ms.clock()
	if n := testing.AllocsPerRun(1000, func() {
		if ms.Admit(&h, now, key, profile, Need{100, cent}) == nil {
			h.Rates(now)
			h.Settle(now, Need{90, cent / 2})
		}
	}); n > 0.1 { // leases are renewed meanwhile
		t.Errorf("%v allocations", n)
	}
}

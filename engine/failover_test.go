package engine

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers"
)

// limited is an upstream's 429 that says for how long.
func limited(d time.Duration) act {
	return act{fail: &providers.Error{Class: providers.RateLimited, Provider: "fake", Status: 429, Message: "slow down", RetryAfter: d, Sent: true}}
}

var fine = act{body: plainBody}

// TestActions is the table of what follows from each class, as a person reads it.
func TestActions(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		err  providers.Error
		want string
	}{
		{providers.Error{Class: providers.Auth, Status: 401, Sent: true}, "account key_rejected 5m0s onward"},
		{providers.Error{Class: providers.Auth, Status: 403, Sent: true}, "deployment down 5m0s onward"},
		{providers.Error{Class: providers.Quota, Status: 429, Sent: true}, "account out_of_credit 5m0s onward"},
		{providers.Error{Class: providers.RateLimited, Status: 429, Sent: true}, "deployment rate_limited 5s again"},
		{providers.Error{Class: providers.Overloaded, Status: 529, Sent: true}, "deployment down 3s again"},
		{providers.Error{Class: providers.ModelNotFound, Status: 404, Sent: true}, "deployment down 10m0s onward"},
		{providers.Error{Class: providers.ContextTooLong, Status: 400, Sent: true}, "nobody  0s larger"},
		{providers.Error{Class: providers.ContentFiltered, Status: 400, Sent: true}, "nobody  0s choice"},
		{providers.Error{Class: providers.BadRequest, Status: 400, Sent: true}, "nobody  0s opinion"},
		{providers.Error{Class: providers.Server, Status: 500, Sent: true}, "deployment down 0s again"},
		{providers.Error{Class: providers.InBand, Status: 200, Sent: true}, "deployment down 0s again"},
		{providers.Error{Class: providers.Network, Sent: true}, "deployment down 0s again"},
		{providers.Error{Class: providers.Network}, "provider down 0s again"},
		{providers.Error{Class: providers.Timeout, Sent: true}, "deployment down 0s onward"},
		{providers.Error{Class: providers.Timeout}, "provider down 0s again"},
		{providers.Error{Class: providers.Canceled}, "nobody  0s end"},
		{providers.Error{Class: "unheard of"}, "nobody  0s end"},
	} {
		a := actionFor(&x.err)
		if got := fmt.Sprintf("%s %s %s %s", a.scope, a.state, a.cool, a.move); got != x.want {
			t.Errorf("%s %d: %s, want %s", x.err.Class, x.err.Status, got, x.want)
		}
	}
	used := map[*action]bool{}
	for _, c := range classes[1:] {
		for _, status := range []int{0, 403} {
			for _, sent := range []bool{true, false} {
				used[actionFor(&providers.Error{Class: c, Status: status, Sent: sent})] = true
			}
		}
	}
	for i := range actions {
		if !used[&actions[i]] {
			t.Errorf("row %d is hidden by another: %+v", i, actions[i])
		}
	}
}

// TestFailover plays what becomes of a request, call by call.
func TestFailover(t *testing.T) {
	t.Parallel()
	plain, direct := says("auto", "prove it", ""), says("ash/mini", "x", "")
	for name, x := range map[string]struct {
		acts   map[string][]act
		limits Limits
		body   string
		want   []string
		not    []string
		calls  string
		took   [2]time.Duration // from, to
	}{
		"a lone provider's blip": {acts: map[string][]act{"ash": {failing(providers.Server, 500)[0], fine}}, body: direct,
			want: []string{`"content":"42"`, `"attempts":2`}, calls: "ash 2", took: [2]time.Duration{backoffFirst, backoffFirst + time.Second}},
		"a lone provider's limit, as short as it says": {acts: map[string][]act{"ash": {limited(4 * time.Second), fine}}, body: direct,
			want: []string{`"content":"42"`}, calls: "ash 2", took: [2]time.Duration{4 * time.Second, 4500 * time.Millisecond}},
		"too long a limit to wait for": {acts: map[string][]act{"ash": {limited(30 * time.Second)}}, body: direct,
			want: []string{"429 rate_limit_exceeded"}, calls: "ash 1", took: [2]time.Duration{0, time.Millisecond}},
		"nobody waits who must not": {acts: map[string][]act{"ash": {limited(2 * time.Second)}}, limits: Limits{Wait: -1}, body: direct,
			want: []string{"429"}, calls: "ash 1", took: [2]time.Duration{0, time.Millisecond}},
		"the deadline is nearer than the end of the limit": {acts: map[string][]act{"ash": {limited(5 * time.Second)}}, limits: Limits{Deadline: 3 * time.Second}, body: direct,
			want: []string{"429"}, calls: "ash 1", took: [2]time.Duration{0, time.Millisecond}},
		"in place, when only worse is left": {acts: map[string][]act{"cedar": {limited(300 * time.Millisecond), fine}, "relay": failing(providers.Server, 500), "*": {fine}}, body: says("cedar/max", "x", `,"models":["ash/mini"]`),
			want: []string{`"model":"cedar/max"`}, calls: "cedar 2, relay 1"},
		"not in place, when another is as good": {acts: map[string][]act{"cedar": {limited(300 * time.Millisecond), fine}, "*": {fine}}, body: says("cedar/max", "x", ""),
			calls: "cedar 1, relay 1", took: [2]time.Duration{0, time.Millisecond}},
		"a key of several": {acts: map[string][]act{"ash": {{fail: &providers.Error{Class: providers.Auth, Provider: "fake", Status: 401, OtherKeys: true, Sent: true}}, fine}}, body: direct,
			want: []string{`"content":"42"`}, calls: "ash 2", took: [2]time.Duration{0, time.Millisecond}},
		"time-outs are not repeated": {acts: map[string][]act{"ash": failing(providers.Timeout, 0)}, body: direct, want: []string{"502"}, calls: "ash 1"},
		"nor what is refused":        {acts: map[string][]act{"ash": failing(providers.ModelNotFound, 404)}, body: direct, want: []string{"404 model_not_found"}, calls: "ash 1"},
		"a filter ends it": {acts: map[string][]act{"cedar": failing(providers.ContentFiltered, 400), "*": {fine}}, body: plain,
			want: []string{"400 content_filter"}, calls: "cedar 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := engineOf(t, x.acts, x.limits)
				start := time.Now()
				got := outcomeOf(w.send(t, t.Context(), x.body))
				took := time.Since(start)
				for _, s := range x.want {
					if !strings.Contains(got, s) {
						t.Errorf("%q is not in\n%s", s, got)
					}
				}
				if calls := w.calls(); x.calls != "" && calls != x.calls {
					t.Errorf("calls: %s, want %s", calls, x.calls)
				}
				if x.took[1] > 0 && (took < x.took[0] || took > x.took[1]) {
					t.Errorf("took %s, not %s to %s", took, x.took[0], x.took[1])
				}
				w.idle(t)
			})
		})
	}
}

// idle checks that every place and permit was given back.
func (w *world) idle(t *testing.T) {
	t.Helper()
	for id, d := range *w.e.Monitor.deployments.Load() {
		if d.inFlight.Load() != 0 || d.host.inFlight.Load() != 0 || d.probing.Load() || d.host.probing.Load() {
			t.Errorf("%s: %d calls in flight, %d at its provider, probing %v %v", id, d.inFlight.Load(), d.host.inFlight.Load(), d.probing.Load(), d.host.probing.Load())
		}
	}
}

// TestFilterGoesOn asks the next provider after a content filter, where the profile says so.
func TestFilterGoesOn(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		acts map[string][]act
		want string
	}{
		"the next one answers": {map[string][]act{"cedar": failing(providers.ContentFiltered, 400), "*": {fine}}, `"model":"birch/mid"`},
		"all refuse":           {map[string][]act{"*": failing(providers.ContentFiltered, 400)}, "400 content_filter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := engineOf(t, x.acts, Limits{})
				w.e.Live.current.Load().bounds[defaultProfile] = &bound{Profile: &access.Profile{Name: defaultProfile, OnFilter: "next"}}
				if got := outcomeOf(w.send(t, t.Context(), says("auto", "prove it", ""))); !strings.Contains(got, x.want) {
					t.Errorf("%s", got)
				}
				if view := w.e.Monitor.View(w.e.Live.current.Load().Catalog); view != nil {
					for _, h := range view {
						if h.State != "" {
							t.Errorf("a filter cooled something down: %+v", h)
						}
					}
				}
			})
		})
	}
}

// TestAllCoolingDown: a request that comes when everything is limited waits for the first to be back; a stream gets its
// comments meanwhile; and when the wait would be too long, the error says for how long and who is out.
func TestAllCoolingDown(t *testing.T) {
	t.Parallel()
	t.Run("a short while", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := engineOf(t, map[string][]act{"*": {{steps: good("x")[0].steps}}}, Limits{})
			for _, dep := range w.e.Live.current.Load().Catalog.Deployments {
				w.e.Monitor.Failed(dep, limited(8*time.Second).fail, time.Now())
			}
			start := time.Now()
			got := outcomeOf(w.send(t, t.Context(), streamed))
			if took := time.Since(start); took < 8*time.Second || took > 9*time.Second {
				t.Errorf("took %s", took)
			}
			if !strings.Contains(got, ": routor is waiting") || !strings.HasSuffix(got, "data: [DONE]\n\n") {
				t.Errorf("%s", got)
			}
		})
	})
	t.Run("too long", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := engineOf(t, map[string][]act{"*": {fine}}, Limits{})
			for i, dep := range w.e.Live.current.Load().Catalog.Deployments {
				w.e.Monitor.Failed(dep, limited(time.Duration(40+i)*time.Second).fail, time.Now())
			}
			_, err := w.e.Route(read(t, says("auto", "prove it", "")), Caller{})
			e, ok := err.(*DecideError)
			if !ok || e.Status != 429 || e.RetryAfter < 39*time.Second || e.RetryAfter > 41*time.Second || !strings.Contains(e.Message, "rate-limited (HTTP 429)") {
				t.Errorf("%+v", err)
			}
		})
	})
}

// TestTried: the body of a failure names who was asked and who was passed over.
func TestTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := engineOf(t, map[string][]act{"cedar": {limited(time.Minute)}, "*": failing(providers.Overloaded, 529)}, Limits{Wait: -1})
		dep := w.e.Live.current.Load().Catalog.Deployment("ash/mini")
		a := w.send(t, t.Context(), says("auto", "prove it", "")) // decided before ash was at its limit
		a.Close()
		rt := w.route(t, says("cedar/max", "x", `,"models":["ash/mini"]`), hard)
		w.e.Monitor.Failed(dep, limited(20*time.Second).fail, time.Now())
		a = w.e.Dispatch(t.Context(), rt, nil)
		defer a.Close()
		if a.Failure == nil {
			t.Fatal("answered")
		}
		got := string(a.Failure.AppendJSON(nil))
		for _, s := range []string{`"tried":[{"deployment":"`, `"class":"skipped","message":"rate-limited (HTTP 429)","retry_after":20`} {
			if !strings.Contains(got, s) {
				t.Errorf("%q is not in\n%s", s, got)
			}
		}
	})
}

// TestBreaker opens after failures in a row, lets one probe through when its time is over, opens for longer when that
// fails, and closes when it succeeds.
func TestBreaker(t *testing.T) {
	t.Parallel()
	m, c := NewMonitor(), small(t)
	dep, now := c.Deployment("cedar/max"), noon
	fail := &providers.Error{Class: providers.Server, Status: 500, Sent: true}
	for range strikes {
		m.Failed(dep, fail, now)
	}
	phase := func(want string) {
		t.Helper()
		if got := m.of(dep).phase(now); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	phase("open")
	if _, no := m.admit(dep, now, false); no != cooling {
		t.Errorf("an open breaker says %d", no)
	}
	if last, no := m.admit(dep, now, true); no != admitted {
		t.Errorf("the last hope is refused: %d", no)
	} else {
		last.leave()
	}
	now = now.Add(strikeFor)
	phase("half-open")
	probe, no := m.admit(dep, now, false)
	if no != admitted || probe.probe == nil {
		t.Fatalf("no probe: %d", no)
	}
	if _, no := m.admit(dep, now, false); no != probed {
		t.Errorf("a second probe: %d", no)
	}
	m.Failed(dep, fail, now)
	probe.leave()
	if h := m.View(c)[dep.Index]; h.Until != now.Add(2*strikeFor) {
		t.Errorf("opens until %s, want twice as long", h.Until.Sub(now))
	}
	now = now.Add(2 * strikeFor)
	probe, no = m.admit(dep, now, false)
	if no != admitted {
		t.Fatal(no)
	}
	m.Succeeded(dep, time.Second, true, now.Add(-time.Hour)) // of a call before the trouble: proves nothing
	phase("half-open")
	m.Succeeded(dep, time.Second, true, now)
	probe.leave()
	phase("closed")
	for range 3 {
		if tk, no := m.admit(dep, now, false); no != admitted || tk.probe != nil {
			t.Errorf("%d %+v", no, tk)
		}
	}
	flaky, tripped := c.Deployment("birch/mid"), 0
	for i := range 60 { // every other call fails, never two in a row
		if i%2 == 0 {
			m.Failed(flaky, fail, now)
			if m.of(flaky).phase(now) == "open" {
				tripped++
			}
			now = now.Add(strikeFor)
		} else {
			m.Succeeded(flaky, time.Second, false, now)
		}
	}
	if tripped == 0 {
		t.Error("half of the calls fail, and the breaker never opens")
	}
}

// TestUnreachable: an address that cannot be reached takes all of a provider's models out at once, and no other provider's.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	m, c := NewMonitor(), small(t)
	mid, eye, max := c.Deployment("birch/mid"), c.Deployment("birch/eye"), c.Deployment("cedar/max")
	for range strikes {
		m.Failed(mid, &providers.Error{Class: providers.Network}, noon)
	}
	view := m.View(c)
	if view[mid.Index].State != providers.Down || view[eye.Index].State != providers.Down || view[max.Index].State != "" {
		t.Errorf("%+v", view)
	}
	m.Succeeded(eye, time.Second, false, noon.Add(time.Second))
	if view := m.View(c); view[mid.Index].State != "" {
		t.Errorf("%+v", view[mid.Index])
	}
}

// TestConcurrency: what is over a provider's cap goes elsewhere, and waits where there is nothing else.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := []act{{wait: time.Second, body: plainBody}}
		w := engineOf(t, map[string][]act{"*": slow}, Limits{Concurrency: map[string]Concurrency{"cedar": {Provider: 2}, "ash": {Deployment: 1}}})
		var all sync.WaitGroup
		send := func(body string, want string, from, to time.Duration) {
			all.Go(func() {
				start := time.Now()
				got := outcomeOf(w.send(t, t.Context(), body))
				if took := time.Since(start); !strings.Contains(got, want) || took < from || took > to {
					t.Errorf("took %s: %s", took, got)
				}
			})
		}
		for range 2 {
			send(says("auto", "prove it", ""), "cedar/max", 0, time.Second)
		}
		synctest.Wait()
		send(says("auto", "prove it", ""), "birch/mid", 0, time.Second)
		for range 3 { // one after the other
			send(says("ash/mini", "x", ""), "ash/mini", 0, 3*time.Second)
		}
		all.Wait()
		w.idle(t)
	})
}

// TestConcurrencyFull: who waits for a place gives up in time, and says why.
func TestConcurrencyFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := engineOf(t, map[string][]act{"*": {{wait: time.Minute, body: plainBody}}}, Limits{Concurrency: map[string]Concurrency{"ash": {Provider: 1}}, Wait: 2 * time.Second})
		var all sync.WaitGroup
		all.Go(func() { outcomeOf(w.send(t, t.Context(), says("ash/mini", "x", ""))) })
		synctest.Wait()
		start := time.Now()
		a := w.send(t, t.Context(), says("ash/mini", "x", ""))
		if a.Failure == nil || a.Failure.Status != 429 || a.Failure.RetryAfter <= 0 || !strings.Contains(a.Failure.Message, "max_concurrency") || time.Since(start) != 2*time.Second {
			t.Errorf("after %s: %+v", time.Since(start), a.Failure)
		}
		a.Close()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if got := outcomeOf(w.send(t, ctx, says("ash/mini", "x", ""))); !strings.Contains(got, CodeClientGone) {
			t.Errorf("%s", got)
		}
		all.Wait()
		w.idle(t)
	})
}

// TestRetryBudget: a provider in trouble gets no more retries than its share, and failing over to one that is well is not
// held up by that.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		acts []act
		told bool
	}{
		"down":                      {acts: failing(providers.Server, 500)},
		"limited, for a short time": {acts: []act{limited(time.Second)}, told: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := engineOf(t, map[string][]act{"ash": x.acts, "*": {fine}}, Limits{})
				var all sync.WaitGroup
				var told atomic.Int32
				for range 200 {
					all.Go(func() {
						if strings.Contains(outcomeOf(w.send(t, t.Context(), says("ash/mini", "x", ""))), "retry budget") {
							told.Add(1)
						}
					})
				}
				all.Wait()
				if calls := w.fakes["ash"].calls; calls > 200+200*2/10+budgetLeast || x.told != (told.Load() > 0) {
					t.Errorf("%d calls for 200 requests, %d of them told of the budget", calls, told.Load())
				}
				for range 50 {
					if got := outcomeOf(w.send(t, t.Context(), says("ash/mini", "x", `,"models":["cedar/max"]`))); !strings.Contains(got, "cedar/max") {
						t.Fatalf("no failover: %s", got)
					}
				}
				w.idle(t)
			})
		})
	}
}

// TestBudgetWindow slides.
func TestBudgetWindow(t *testing.T) {
	t.Parallel()
	b, now := &budget{}, noon
	for range 100 {
		b.called(now)
	}
	took := 0
	for b.retry(now, .2) {
		took++
	}
	if took != 20 {
		t.Errorf("%d retries of 100 calls", took)
	}
	now = now.Add(budgetWindow * time.Second)
	if calls, retries := b.window(now); calls != 0 || retries != 0 {
		t.Errorf("%d %d after the window", calls, retries)
	}
	took = 0
	for b.retry(now, .2) {
		took++
	}
	if took != budgetLeast {
		t.Errorf("%d retries of a quiet server", took)
	}
}

// TestTimeouts: profile before model before provider before general, and the client's own limit over all.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := engineOf(t, map[string][]act{"*": {{wait: time.Hour, body: plainBody}}}, Limits{Wait: -1,
			Timeouts:  providers.Timeouts{FirstToken: 20 * time.Second, Idle: 7 * time.Second},
			Providers: map[string]providers.Timeouts{"cedar": {FirstToken: 9 * time.Second, Thinking: 40 * time.Second}}})
		at := func(c *Candidate, r *Routed) providers.Timeouts {
			x := &exchange{e: w.e, rt: r, ctx: lifeOf(t.Context())}
			return x.timeouts(c)
		}
		rt := w.route(t, streamed, hard)
		defer rt.Release()
		cedar, ash := rt.Decision.of("cedar/max"), rt.Decision.of("ash/mini")
		if a, b := at(cedar, rt), at(ash, rt); a.FirstToken != 40*time.Second || a.Idle != 7*time.Second || b.FirstToken != 20*time.Second {
			t.Errorf("%+v %+v", a, b)
		}
		w.e.Live.current.Load().bounds[defaultProfile] = &bound{Profile: &access.Profile{Name: defaultProfile, Timeouts: &config.Timeouts{FirstToken: 3 * time.Second, Total: time.Minute}}}
		if a := at(cedar, rt); a.FirstToken != 3*time.Second || a.Idle != 7*time.Second {
			t.Errorf("%+v", a)
		}
		if d := w.e.deadline(rt); d != time.Minute {
			t.Errorf("deadline %s", d)
		}
		own := w.e.gather(read(t, says("ash/mini", "x", "")), Caller{Timeout: 5 * time.Second})
		own.World.Classification = hard
		if err := Decide(own.Snapshot, own.Request, &own.World, own.Decision); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if got := outcomeOf(w.e.Dispatch(t.Context(), own, nil)); time.Since(start) > 5*time.Second {
			t.Errorf("after %s: %s", time.Since(start), got)
		}
	})
}

// TestLastDeploymentIsProbed: a model's only deployment is asked by live traffic while its breaker is open, and comes back
// with the first answer.
func TestLastDeploymentIsProbed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := engineOf(t, map[string][]act{"ash": {fine}}, Limits{})
		dep := w.e.Live.current.Load().Catalog.Deployment("ash/mini")
		for range 20 {
			w.e.Monitor.Failed(dep, failing(providers.Server, 500)[0].fail, time.Now())
		}
		start := time.Now()
		if got := outcomeOf(w.send(t, t.Context(), says("ash/mini", "x", ""))); !strings.Contains(got, `"content":"42"`) || time.Since(start) > 0 {
			t.Errorf("after %s: %s", time.Since(start), got)
		}
		if phase := w.e.Monitor.of(dep).phase(time.Now()); phase != "closed" {
			t.Errorf("the breaker is %s", phase)
		}
	})
}

// fleet keeps what a replica tells the others.
type fleet struct{ facts []Fact }

func (f *fleet) Publish(x Fact) { f.facts = append(f.facts, x) }

// TestShared: account facts go to the fleet, network trips do not; what comes in counts until its end.
func TestShared(t *testing.T) {
	t.Parallel()
	f, c := &fleet{}, small(t)
	w, other := engineOf(t, nil, Limits{}), engineOf(t, nil, Limits{})
	w.e.Monitor.Share(f)
	dep := c.Deployment("birch/mid")
	for _, e := range []*providers.Error{
		failing(providers.Server, 500)[0].fail, failing(providers.Network, 0)[0].fail, failing(providers.Timeout, 0)[0].fail, failing(providers.BadRequest, 400)[0].fail,
		failing(providers.RateLimited, 429)[0].fail, // without a time: a guess, and not a fact
	} {
		for range 5 {
			w.e.Monitor.Failed(dep, e, noon)
		}
	}
	if len(f.facts) != 0 {
		t.Fatalf("%+v", f.facts)
	}
	w.e.Monitor.Failed(dep, limited(30*time.Second).fail, noon)
	w.e.Monitor.Failed(c.Deployment("cedar/max"), failing(providers.Quota, 402)[0].fail, noon)
	w.e.Monitor.Failed(c.Deployment("ash/mini"), failing(providers.ModelNotFound, 404)[0].fail, noon)
	if len(f.facts) != 3 {
		t.Fatalf("%+v", f.facts)
	}
	for _, x := range append(f.facts, Fact{Provider: "relay", Health: Health{State: providers.Down, Until: noon.Add(time.Hour)}},
		Fact{Provider: "relay", Health: Health{State: providers.KeyRejected, Until: noon.Add(-time.Hour)}}, Fact{Deployment: "no/such", Health: Health{State: providers.Limited, Until: noon.Add(time.Hour)}}) {
		other.e.Learn(x, noon.Add(time.Second))
	}
	view := other.e.Monitor.View(other.e.Live.current.Load().Catalog)
	for id, want := range map[string]providers.State{"birch/mid": providers.Limited, "birch/eye": "", "cedar/max": providers.OutOfCredit, "ash/mini": providers.Down, "relay/cedar-max": ""} {
		if h := view[c.Deployment(id).Index]; h.State != want {
			t.Errorf("%s: %+v, want %s", id, h, want)
		}
	}
}

// TestQuantile is by nearest rank.
func TestQuantile(t *testing.T) {
	t.Parallel()
	var l latencies
	for i := range 1000 {
		l.note(time.Duration(i%100+1) * time.Millisecond)
	}
	list := l.appendTo(nil)
	if len(list) != 256 {
		t.Fatal(len(list))
	}
	if p50, p95 := quantile(list, .5), quantile(list, .95); p50 < 45*time.Millisecond || p50 > 65*time.Millisecond || p95 < 90*time.Millisecond {
		t.Errorf("%s %s", p50, p95)
	}
	if quantile(nil, .5) != 0 {
		t.Error("of nothing")
	}
	l.note(time.Duration(math.MaxInt64))
}

package access

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestGCRA(t *testing.T) {
	t.Parallel()
	at := func(seconds float64) int64 { return int64(seconds * 1e9) }
	for name, c := range map[string]struct {
		limit int64
		takes []struct {
			at   float64 // seconds
			n    int64
			wait time.Duration
		}
	}{
		"a whole minute's worth at once, then one by one": {2, []struct {
			at   float64
			n    int64
			wait time.Duration
		}{{0, 1, 0}, {0, 1, 0}, {0, 1, 30 * time.Second}, {29, 1, time.Second}, {30, 1, 0}, {30, 1, 30 * time.Second}, {200, 2, 0}, {200, 1, 30 * time.Second}}},
		"several units": {600, []struct {
			at   float64
			n    int64
			wait time.Duration
		}{{0, 500, 0}, {0, 200, 10 * time.Second}, {0, 100, 0}, {10, 100, 0}, {10, 1, 100 * time.Millisecond}}},
		"more than a minute's worth passes alone, after a rest": {100, []struct {
			at   float64
			n    int64
			wait time.Duration
		}{{0, 5000, 0}, {0, 1, 600 * time.Millisecond}, {30, 5000, 30 * time.Second}, {60, 5000, 0}}},
	} {
		var g gcra
		for i, x := range c.takes {
			if wait := g.take(at(x.at), x.n, c.limit); wait != x.wait {
				t.Errorf("%s: take %d: wait %v, not %v", name, i+1, wait, x.wait)
			}
		}
	}
}

func TestGCRAGivesBack(t *testing.T) {
	t.Parallel()
	var g gcra
	if g.take(0, 100, 100) != 0 || g.take(0, 40, 100) == 0 {
		t.Fatal("the first hundred, and no more")
	}
	g.charge(0, -40, 100)
	if n, reset := g.left(0, 100); n != 40 || reset != 36*time.Second {
		t.Errorf("%d left, whole in %v", n, reset)
	}
	g.charge(0, 90, 100) // more was used than had been taken
	if n, reset := g.left(0, 100); n != 0 || reset != 90*time.Second {
		t.Errorf("%d left, whole in %v", n, reset)
	}
	g.charge(int64(10*time.Minute), -100, 100) // what is given back after a rest does not pile up
	if n, _ := g.left(int64(10*time.Minute), 100); n != 100 {
		t.Errorf("%d left", n)
	}
}

// TestGCRAAgainstWindow puts random traffic to the limiter and to two slow ones: a bucket that is filled step by step, which
// must agree on every request, and a count of every window.
func TestGCRAAgainstWindow(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		// Limits that divide a minute: a unit's time is then exact, and so must be the verdicts.
		limit := []int64{1, 2, 3, 5, 6, 10, 12, 60, 600, 6000, 1_000_000, 60_000_000}[r.IntN(12)]
		var g gcra
		type taken struct{ at, n int64 }
		var all []taken
		bucket, filled, now := float64(limit), int64(0), int64(0)
		for range 300 {
			now += r.Int64N(2 * int64(time.Minute) / max(min(limit, 100), 1))
			n := 1 + r.Int64N(max(limit/4, 1))
			bucket = min(bucket+float64(now-filled)*float64(limit)/float64(window), float64(limit))
			filled = now
			want := bucket >= float64(n)
			if close := bucket - float64(n); close < 1e-6*float64(limit) && close > -1e-6*float64(limit) {
				want = g.take(now, n, limit) == 0 // too close for floating point to tell
			} else if got := g.take(now, n, limit) == 0; got != want {
				t.Fatalf("seed %d, limit %d, at %v: %d of %.3f: %v", seed, limit, time.Duration(now), n, bucket, got)
			}
			if want {
				bucket -= float64(n)
				all = append(all, taken{now, n})
			}
		}
		for i := range all {
			sum := int64(0)
			for j := i; j < len(all); j++ {
				sum += all[j].n
				// Within any span: what may come at once, and what comes back meanwhile.
				if most := limit + units(min(all[j].at-all[i].at, window*1000), limit) + 1; sum > most && all[j].at-all[i].at < window {
					t.Fatalf("seed %d: %d units of %d within %v", seed, sum, limit, time.Duration(all[j].at-all[i].at))
				}
			}
		}
	}
}

func TestGCRAConcurrent(t *testing.T) {
	t.Parallel()
	var g gcra
	var n atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				if g.take(0, 1, 500) == 0 {
					n.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if n.Load() != 500 {
		t.Errorf("%d passed", n.Load())
	}
}

func FuzzGCRA(f *testing.F) {
	f.Add(int64(0), int64(1), int64(60))
	f.Add(int64(1e18), int64(1e9), int64(1e9))
	f.Fuzz(func(t *testing.T, now, n, limit int64) {
		if now < 0 || now > 1e18 || n < 1 || n > 1e12 || limit < 1 || limit > mostRate {
			t.Skip()
		}
		var g gcra
		if g.take(now, n, limit) != 0 {
			t.Fatal("a request is refused after a rest")
		}
		before, _ := g.left(now, limit)
		if left := max(limit-n, 0); before < left || before > left+1 {
			t.Fatalf("%d of %d left after %d", before, limit, n)
		}
		if wait := g.take(now, n, limit); wait > 0 && g.take(now+int64(wait), n, limit) != 0 {
			t.Fatalf("the wait of %v was too short", wait)
		}
	})
}

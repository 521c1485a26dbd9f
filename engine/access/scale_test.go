package access

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/routor/routor/engine/store"
)

// fill puts n keys into the bucket, a thousand at a time; what is not acknowledged is sent again.
func fill(t testing.TB, st *store.Store, h *hasher, n int) {
	t.Helper()
	js := st.JetStream()
	for from := 0; from < n; from += 1000 {
		for tries, all := 0, false; !all; tries++ {
			if tries == 10 {
				t.Fatal("the keys are not acknowledged")
			}
			for i := from; i < min(from+1000, n); i++ {
				k := &Key{ID: fmt.Sprintf("key_%09d", i), Name: fmt.Sprint("app-", i), Created: time.Now().UTC(), Limits: &Limits{Requests: 60}}
				k.hash = h.digest([]byte(fmt.Sprint("secret-", i)))
				if _, err := js.PublishAsync("$KV."+bucket+"."+k.ID, encode(k, "test")); err != nil {
					t.Fatal(err)
				}
			}
			select {
			case <-js.PublishAsyncComplete():
				all = true
			case <-time.After(30 * time.Second):
			}
		}
	}
}

// live adds and revokes keys at the first replica and says how long it takes until all replicas know, sorted.
func live(t testing.TB, replicas []*Store, rounds int) (added, revoked []time.Duration) {
	t.Helper()
	everywhere := func(is func(*Store) bool) time.Duration {
		start := time.Now()
		until(t, "a change of the keys", func() bool { return !slices.ContainsFunc(replicas, func(s *Store) bool { return !is(s) }) })
		return time.Since(start)
	}
	for i := range rounds {
		start := time.Now()
		secret, made, err := replicas[0].Create(Key{Name: fmt.Sprint("new-", i)}, "ann")
		if err != nil {
			t.Fatal(err)
		}
		took := time.Since(start)
		added = append(added, took+everywhere(func(s *Store) bool { _, err := s.Lookup([]byte(secret)); return err == nil }))
		start = time.Now()
		if _, err := replicas[0].Revoke(made.ID, "ann"); err != nil {
			t.Fatal(err)
		}
		took = time.Since(start)
		revoked = append(revoked, took+everywhere(func(s *Store) bool { _, err := s.Lookup([]byte(secret)); return errors.Is(err, ErrRevoked) }))
	}
	slices.Sort(added)
	slices.Sort(revoked)
	return added, revoked
}

// keyScale makes three replicas over one NATS server on loopback, with n keys.
func keyScale(t testing.TB, n int) (replicas []*Store, start time.Duration) {
	t.Helper()
	url := cluster(t)
	maker, err := Open(t.Context(), connect(t, url), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	maker.Close()
	fill(t, connect(t, url), maker.hasher.Load(), n)
	all := func(s *Store) {
		for end := time.Now().Add(10 * time.Minute); s.count() < n; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("not all keys came")
			}
		}
	}
	first := replica(t, connect(t, url), t.TempDir())
	all(first)
	began := time.Now()
	second := replica(t, connect(t, url), t.TempDir())
	all(second)
	start = time.Since(began)
	third := replica(t, connect(t, url), t.TempDir())
	all(third)
	return []*Store{first, second, third}, start
}

func (s *Store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.keys)
}

// TestHundredThousandKeys adds and revokes a key among 100,000: three replicas know it within 100 ms.
func TestHundredThousandKeys(t *testing.T) {
	if testing.Short() {
		t.Skip("it fills a store with 100,000 keys")
	}
	replicas, took := keyScale(t, 100_000)
	added, revoked := live(t, replicas, 20)
	t.Logf("a new replica knows all in %v; added: median %v, worst %v; revoked: median %v, worst %v", took, added[10], added[19], revoked[10], revoked[19])
	if added[10] > 100*time.Millisecond || revoked[10] > 100*time.Millisecond {
		t.Error("not within 100 ms")
	}
}

// BenchmarkKeys is the same as a curve up to a million keys.
func BenchmarkKeys(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000, 1_000_000} {
		if testing.Short() && n > 10_000 {
			continue
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			replicas, took := keyScale(b, n)
			b.ResetTimer()
			var added, revoked []time.Duration
			for b.Loop() {
				a, r := live(b, replicas, 10)
				added, revoked = append(added, a...), append(revoked, r...)
			}
			slices.Sort(added)
			slices.Sort(revoked)
			b.ReportMetric(float64(took.Milliseconds()), "start-ms")
			b.ReportMetric(float64(added[len(added)/2].Microseconds())/1000, "add-ms")
			b.ReportMetric(float64(revoked[len(revoked)/2].Microseconds())/1000, "revoke-ms")
		})
	}
}

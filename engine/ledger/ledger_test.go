package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/store"
)

// opening is a ledger over a real server in a folder of its own.
func opening(t testing.TB, dir string, o Options) *Ledger {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	o.Store, o.Dir = s, dir
	if o.Log == nil {
		o.Log = t.Logf
	}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func closing(t testing.TB, l *Ledger) {
	t.Helper()
	if err := l.Close(soon(t)); err != nil {
		t.Fatal(err)
	}
	l.options.Store.Close()
}

// put puts n sampled records and gives what was put, as it was.
func put(t testing.TB, l *Ledger, s *sampler, n int, change func(int, *Record)) (all []*Record) {
	t.Helper()
	for i := range n {
		r := s.fill(NewRecord())
		if change != nil {
			change(i, r)
		}
		all = append(all, r.Cloned())
		l.Put(r)
	}
	if err := l.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRecordsComeBack(t *testing.T) {
	t.Parallel()
	l := opening(t, t.TempDir(), Options{})
	defer closing(t, l)
	all := put(t, l, newSampler(1, noon, time.Millisecond), 700, nil)
	if l.Len() != 700 {
		t.Errorf("%d records are known", l.Len())
	}
	page, err := l.List(t.Context(), Filter{}, "", 50)
	if err != nil || len(page.Records) != 50 || page.Next == "" {
		t.Fatalf("%d records, next %q, %v", len(page.Records), page.Next, err)
	}
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		p, err := l.List(t.Context(), Filter{}, cursor, 64)
		if err != nil || pages > 20 {
			t.Fatal(pages, err)
		}
		for _, r := range p.Records {
			if seen[r.Request] {
				t.Fatalf("%s comes twice", r.Request)
			}
			seen[r.Request] = true
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 700 {
		t.Errorf("page by page there are %d records", len(seen))
	}
	for _, want := range []*Record{all[0], all[300], all[699]} {
		byRequest, err := l.Get(t.Context(), want.Request)
		if err != nil {
			t.Fatal(err)
		}
		byID, err := l.Get(t.Context(), byRequest.ID)
		if err != nil || byID.Request != want.Request || byID.Took != want.Took || !byID.Time.Equal(want.Time) {
			t.Errorf("%s: %+v, %v", byRequest.ID, byID, err)
		}
	}
	for _, id := range []string{"nope", "dec_1_zz", "dec_zzz_0", "dec_1", "dec_"} {
		if _, err := l.Get(t.Context(), id); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	l := opening(t, t.TempDir(), Options{})
	defer closing(t, l)
	all := put(t, l, newSampler(2, noon, time.Second), 900, func(i int, r *Record) {
		if i == 400 {
			const words = "How do I season a cast-iron PAN?"
			r.KeepPrompt(KeepText, words, "", "")
			r.Prompt.Text = words
		}
		if i%100 == 7 {
			r.Status, r.Outcome, r.Model, r.Provider = 503, "no_healthy_model", "", ""
		}
	})
	for name, f := range map[string]Filter{
		"all": {}, "time": {From: noon.Add(2 * time.Minute), To: noon.Add(5 * time.Minute)}, "request": {Request: all[5].Request},
		"key id": {Key: "key_00000003"}, "key name": {Key: "app-3"}, "team": {Team: "team-2"}, "profile": {Profile: "default"}, "no such": {Team: "x"},
		"model": {Model: sampleModels[1]}, "provider": {Provider: "google"}, "attempted": {Attempted: "openai"}, "tier": {Tier: "LIGHT"},
		"category": {Category: "math"}, "outcome": {Outcome: "no_healthy_model"}, "failed": {Failed: true}, "fallback": {Fallback: true},
		"cost": {MinCostUSD: .0029}, "slow": {MinTook: 5 * time.Second}, "text": {Text: "cast-iron pan"},
		"conversation": {Conversation: all[8].World.Conversation.ID}, "two": {Tier: "NANO", Provider: "mistral"},
	} {
		want := map[string]bool{}
		for _, r := range all {
			if f.Match(r) {
				want[r.Request] = true
			}
		}
		if (len(want) == 0) != (name == "no such") {
			t.Errorf("%s: the sample has %d", name, len(want))
		}
		p, err := l.List(t.Context(), f, "", 10_000)
		if err != nil || len(p.Records) != len(want) {
			t.Errorf("%s: listed %d of %d, %v", name, len(p.Records), len(want), err)
		}
		last := time.Time{}
		found := 0
		var at Progress
		err = l.Scan(t.Context(), f, func(r *Record) error {
			if !want[r.Request] || r.Time.Before(last) && r.Time.Sub(last) < -10*time.Second {
				t.Errorf("%s: %s is not wanted, or comes too late", name, r.Request)
			}
			last = r.Time
			found++
			return nil
		}, func(p Progress) { at = p })
		if err != nil || found != len(want) || at.Found != found || at.Looked > at.Total {
			t.Errorf("%s: scanned %d of %d, %+v, %v", name, found, len(want), at, err)
		}
	}
	stop := errors.New("enough")
	if err := l.Scan(t.Context(), Filter{}, func(*Record) error { return stop }, nil); err != stop {
		t.Errorf("a scan that is stopped says %v", err)
	}
}

func TestRollupsAddUp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := opening(t, dir, Options{})
	all := put(t, l, newSampler(3, noon, 700*time.Millisecond), 1000, nil)
	check := func(l *Ledger) {
		t.Helper()
		for _, span := range Spans() {
			rollups, err := l.Rollups(span, time.Time{}, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			var got Bucket
			for i := range rollups {
				got.Merge(&rollups[i].Bucket)
			}
			var want Bucket
			for _, r := range all {
				want.add(r)
			}
			if got.All.Sums != want.All.Sums || got.All.Latency.Count() != 1000 || got.Routing.Count() != 1000 {
				t.Errorf("%s: %+v, want %+v", span, got.All.Sums, want.All.Sums)
			}
			for _, d := range Dimensions {
				n := int64(0)
				for name, s := range got.Groups(d) {
					n += s.Requests
					if *s != *want.Groups(d)[name] {
						t.Errorf("%s by %s: %s is %+v", span, d, name, s)
					}
				}
				if n != 1000 {
					t.Errorf("%s by %s: %d requests", span, d, n)
				}
			}
			if p := got.All.Latency.Quantile(.5); p < 2_000_000 || p > 3_400_000 {
				t.Errorf("the median latency is %v", p.Duration())
			}
		}
		part, _ := l.Rollups("minute", noon.Add(time.Minute), noon.Add(3*time.Minute))
		if len(part) != 2 || !part[0].Time.Equal(noon.Add(time.Minute)) {
			t.Errorf("two minutes are %d rollups", len(part))
		}
	}
	check(l)
	closing(t, l)
	l = opening(t, dir, Options{}) // from the checkpoint
	if !l.caught {
		t.Error("a ledger that was closed well has to catch up")
	}
	check(l)
	closing(t, l)
	if err := os.Remove(filepath.Join(dir, checkpointFile)); err != nil {
		t.Fatal(err)
	}
	l = opening(t, dir, Options{}) // from the blocks
	if err := l.CaughtUp(soon(t)); err != nil {
		t.Fatal(err)
	}
	check(l)
	closing(t, l)
	if err := os.WriteFile(filepath.Join(dir, checkpointFile), []byte("RLI\x01 damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	l = opening(t, dir, Options{})
	if err := l.CaughtUp(soon(t)); err != nil {
		t.Fatal(err)
	}
	check(l)
	if _, err := l.Rollups("week", time.Time{}, time.Time{}); err == nil {
		t.Error("weeks are kept")
	}
	closing(t, l)
}

func TestPublishedTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	l := opening(t, t.TempDir(), Options{})
	defer closing(t, l)
	put(t, l, newSampler(4, noon, time.Millisecond), 10, nil)
	js := l.options.Store.JetStream()
	b, _ := sampleBlock(t, 9, 20)
	// The second time without the message id: as after an outage that was longer than the stream remembers ids.
	for range 2 {
		if _, err := js.Publish(t.Context(), StreamName+".other", b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := js.Publish(t.Context(), StreamName+".other", []byte("no block")); err != nil {
		t.Fatal(err)
	}
	put(t, l, newSampler(5, noon, time.Millisecond), 1, nil)
	sums, _ := l.Rollups("day", time.Time{}, time.Time{})
	if l.Len() != 31 || len(sums) != 1 || sums[0].All.Requests != 31 {
		t.Errorf("%d records, %+v", l.Len(), sums)
	}
	if l.counts.damaged.Get() == 0 {
		t.Error("the message that is no block is not counted")
	}
	if _, err := js.Publish(t.Context(), StreamName+".x", b, jetstream.WithMsgID("x")); err != nil {
		t.Fatal(err)
	}
}

func TestTwoLedgersSeeEachOther(t *testing.T) {
	t.Parallel()
	a := opening(t, t.TempDir(), Options{Replica: "a"})
	defer closing(t, a)
	b, err := Open(t.Context(), Options{Store: a.options.Store, Replica: "b.2"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(soon(t))
	now := time.Now().UTC() // what is old is no news
	w := b.Watch(Filter{})
	defer w.End()
	put(t, a, newSampler(6, now, time.Millisecond), 300, nil)
	put(t, b, newSampler(7, now, time.Millisecond), 200, nil)
	if err := b.wait(soon(t), func() bool { return b.index.records == 500 }); err != nil {
		t.Fatal(err)
	}
	p, err := b.List(t.Context(), Filter{}, "", 500)
	if err != nil || len(p.Records) != 500 {
		t.Fatal(len(p.Records), err)
	}
	by := map[string]int{}
	for _, r := range p.Records {
		by[r.Replica]++
	}
	if by["a"] != 300 || by["b.2"] != 200 {
		t.Errorf("by replica: %v", by)
	}
	total, rows := 0, 0
	for total < 500 {
		select {
		case e := <-w.Events:
			total, rows = total+e.Total, rows+len(e.Records)
		case <-time.After(time.Second):
			w.Beat()
		}
	}
	if rows == 0 || rows > 100 {
		t.Errorf("the live view shows %d rows of %d", rows, total)
	}
}

func TestFullBufferDropsAndCounts(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), store.Options{URL: "nats://127.0.0.1:1", Wait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	set := metrics.NewSet()
	l, err := Open(t.Context(), Options{Store: s, Buffer: 1 << 20, Metrics: set})
	if err != nil {
		t.Fatal(err)
	}
	sampler := newSampler(8, noon, time.Millisecond)
	for range 20_000 {
		l.Put(sampler.fill(NewRecord()))
	}
	away := set.GetOrCreateCounter(`routor_ledger_dropped_total{reason="state_away"}`).Get()
	kept := l.intake.waiting()
	if away == 0 || uint64(kept)+away != 20_000 || l.intake.used.Load() > 1<<20 {
		t.Errorf("%d kept in %d bytes, %d dropped", kept, l.intake.used.Load(), away)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := l.Close(ctx); err == nil {
		t.Error("closing says that all was written")
	}
	l.Put(NewRecord())
	if n := set.GetOrCreateCounter(`routor_ledger_dropped_total{reason="closed"}`).Get(); n != uint64(kept)+1 {
		t.Errorf("%d of %d lost at the end are counted", n, kept+1)
	}
}

func TestRetentionForgets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := opening(t, dir, Options{MaxBytes: 256 << 10})
	s := newSampler(9, noon, time.Millisecond)
	for range 8 {
		put(t, l, s, 512, nil)
	}
	closing(t, l)
	l = opening(t, dir, Options{MaxBytes: 256 << 10})
	defer closing(t, l)
	p, err := l.List(t.Context(), Filter{}, "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	sums, _ := l.Rollups("day", time.Time{}, time.Time{})
	if n := len(p.Records); n == 0 || n > 1500 || l.Len() != n || sums[0].All.Requests != 8*512 {
		t.Errorf("%d records are listed, %d known, %d in the rollups", n, l.Len(), sums[0].All.Requests)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	l := opening(t, t.TempDir(), Options{})
	defer closing(t, l)
	put(t, l, newSampler(10, noon, time.Millisecond), 300, nil)
	s := l.Status(t.Context())
	if s.Records != 300 || s.Blocks < 2 || s.Bytes == 0 || !s.Connected || s.Waiting != 0 || s.Latest.IsZero() {
		t.Errorf("%+v", s)
	}
	if fmt.Sprint(s.Dropped) != "0" {
		t.Error(s.Dropped)
	}
}

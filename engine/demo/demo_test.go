package demo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers/sim"
)

func TestPrompts(t *testing.T) {
	t.Parallel()
	list := Prompts()
	if len(list) < 150 {
		t.Errorf("%d prompts", len(list))
	}
	seen, keys := map[string]bool{}, map[string]int{}
	for i := range list {
		p := &list[i]
		r, err := chat.Read(p.Body)
		if err != nil {
			t.Fatalf("%s: %v: %s", p.Group, err, p.Body)
		}
		if r.Text == "" || r.Stream != p.Stream || seen[string(p.Body)] {
			t.Errorf("%s: empty, or there twice: %s", p.Group, p.Body)
		}
		seen[string(p.Body)] = true
		keys[p.Key]++
		r.Release()
	}
	for _, key := range []string{"", "web-app", "coding-agents", "nightly-batch"} {
		if keys[key] == 0 {
			t.Errorf("no prompt comes with key %q", key)
		}
	}
}

func FuzzPrompts(f *testing.F) {
	f.Add(source)
	f.Add([]byte("- {name: a, weight: 1, prompts: [x], turns: [[user, y]]}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		list, err := parse(src)
		for i := range list {
			if err != nil || !json.Valid(list[i].Body) {
				t.Errorf("%v: %s", err, list[i].Body)
			}
		}
	})
}

var module = sync.OnceValues(func() (*classifiers.Module, error) {
	return classifiers.Load(context.Background(), builtin.Module, classifiers.Options{Instances: 1})
})

func snapshot(t testing.TB) *engine.Snapshot {
	t.Helper()
	m, err := module()
	if err != nil {
		t.Fatal(err)
	}
	cat := catalog.Builtin()
	policy, err := policies.Parse("default.yaml", policies.Default(), policies.Scope{Catalog: cat, Heads: map[string][]string{}})
	if err != nil {
		t.Fatal(err)
	}
	connected := map[string]bool{}
	for _, id := range sim.Providers() {
		connected[id] = true
	}
	s, err := engine.NewSnapshot(engine.Parts{Catalog: cat, Policy: policy, Classifier: classifiers.New(nil, m), Heads: map[string][]string{},
		Profiles: map[string]*access.Profile{"default": {Name: "default", Prompts: ledger.KeepText}}, Connected: func(id string) bool { return connected[id] }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPast(t *testing.T) {
	t.Parallel()
	s := snapshot(t)
	to := time.Date(2026, 10, 3, 15, 4, 5, 0, time.UTC)
	tiers, categories, outcomes := map[string]int{}, map[string]int{}, map[string]int{}
	last, n, fallbacks := time.Time{}, 0, 0
	var tried, tried2 int
	p := Past{Eras: []Era{{Snapshot: s}}, To: to, Over: 24 * time.Hour, N: 3000, Seed: 1}
	var outage Outage
	p.Put = func(r *ledger.Record) {
		n++
		if r.Time.Before(last) || r.Time.Before(to.Add(-24*time.Hour)) || r.Time.After(to) {
			t.Errorf("%s comes after %s", r.Time, last)
		}
		if last = r.Time; !r.Demo || r.Decision == nil || r.Request == "" {
			t.Errorf("%+v", r)
		}
		tiers[r.Decision.Tier]++
		categories[r.Decision.Category]++
		outcomes[r.Outcome]++
		if r.Fallback {
			fallbacks++
		}
		if r.Outcome == "ok" && (r.Status != 200 || r.Took <= 0 || r.Tokens.Completion <= 0 || !r.Priced || r.Baseline <= 0 || r.Stream != (r.FirstToken > 0)) {
			t.Errorf("%+v", r)
		}
		if len(r.Attempts) > 1 {
			tried++
			if at := to.Sub(r.Time); at < 26*time.Minute && at > 8*time.Minute {
				tried2++
			}
		}
		r.Release()
	}
	outage, err := p.Make(t.Context())
	if err != nil || n != p.N || outage.Provider == "" {
		t.Fatal(n, outage, err)
	}
	for _, tier := range []string{"NANO", "SIMPLE", "LIGHT", "STANDARD"} {
		if tiers[tier] < n/100 {
			t.Errorf("tier %s: %d of %d", tier, tiers[tier], n)
		}
	}
	if len(categories) < 8 || outcomes["ok"] < n*99/100 || fallbacks == 0 || tried2 == 0 {
		t.Errorf("categories %v, outcomes %v, %d fallbacks, %d tried again, %d of them in the outage", categories, outcomes, fallbacks, tried, tried2)
	}
}

func TestPastIsInTheRollups(t *testing.T) {
	t.Parallel()
	state, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	l, err := ledger.Open(t.Context(), ledger.Options{Store: state})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	defer l.Close(ctx)
	to := time.Now()
	cost, byHour := ledger.Money(0), map[int64]int64{}
	p := Past{Eras: []Era{{Snapshot: snapshot(t)}}, To: to, Over: 24 * time.Hour, N: 2000, Seed: 2, Put: func(r *ledger.Record) {
		cost += r.Cost
		byHour[r.Time.Unix()/3600]++
		l.Put(r)
	}}
	if _, err := p.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	list, err := l.Rollups("hour", to.Add(-25*time.Hour), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	sum, n := ledger.Money(0), int64(0)
	for i := range list {
		b := &list[i]
		if b.All.Requests != byHour[b.Time.Unix()/3600] {
			t.Errorf("%s: %d, want %d", b.Time, b.All.Requests, byHour[b.Time.Unix()/3600])
		}
		sum, n = sum+b.All.Cost, n+b.All.Requests
	}
	if n != 2000 || sum != cost {
		t.Errorf("%d requests for %d, want 2000 for %d", n, sum, cost)
	}
	page, err := l.List(ctx, ledger.Filter{}, "", 10)
	if err != nil || len(page.Records) != 10 || page.Records[0].Prompt.Text == "" || to.Sub(page.Records[0].Time) > time.Hour {
		t.Errorf("%v %+v", err, page)
	}
}

func TestTraffic(t *testing.T) {
	t.Parallel()
	keys := make(chan string, 64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/chat/completions" {
			select {
			case keys <- r.Header.Get("Authorization"):
			default: // nobody looks any more, or not fast enough
			}
		}
	}))
	defer server.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		(&Traffic{Base: server.URL, Secrets: map[string]string{"web-app": "one"}, Rate: 500, Seed: 1}).Run(ctx)
	}()
	for seen := map[string]bool{}; !seen["Bearer one"] || !seen[""]; {
		select {
		case k := <-keys:
			if seen[k] = true; !strings.HasPrefix(k, "Bearer one") && k != "" {
				t.Errorf("%q", k)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing comes")
		}
	}
	stop()
	<-ended
}

func BenchmarkPast(b *testing.B) {
	s := snapshot(b)
	b.ReportAllocs()
	for b.Loop() {
		p := Past{Eras: []Era{{Snapshot: s}}, To: time.Now(), Over: 24 * time.Hour, N: 20_000, Seed: 1, Put: func(r *ledger.Record) { r.Release() }}
		if _, err := p.Make(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

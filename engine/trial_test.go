package engine

import (
	"fmt"
	"math"
	"testing"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// tried is an engine that serves one policy, and another that may be tried, which sends all to the cheapest model.
func tried(t testing.TB) (*Engine, *Snapshot) {
	t.Helper()
	cat := small(t)
	live := setup{catalog: cat, policy: "name: live\nrules: [{name: best, when: 'true', use: [cedar/max]}]"}.snapshot(t)
	next := setup{catalog: cat, policy: "name: next\nrules: [{name: cheap, when: 'true', use: [ash/mini]}, {name: no images, when: 'images > 0', deny: 'no images'}]"}.snapshot(t)
	up := &play{}
	return New(Options{Snapshot: live, Upstreams: map[string]Upstream{"ash": up, "birch": up, "cedar": up, "relay": up}}), next
}

type play struct{ Upstream }

func (e *Engine) recordOf(t testing.TB, key, body string) (*ledger.Record, string) {
	t.Helper()
	rec := ledger.NewRecord()
	c := Caller{Record: rec}
	if key != "" {
		c.Key = &access.Key{ID: key}
	}
	rt, err := e.Route(read(t, body), c)
	if err != nil {
		return rec, ""
	}
	rt.remember(rec)
	policy := rt.Decision.Policy
	rt.Release()
	return rec, policy
}

func TestCanary(t *testing.T) {
	t.Parallel()
	e, next := tried(t)
	if rec, policy := e.recordOf(t, "key_1", says("auto", "hi", "")); rec.Trial != nil || policy != "live" {
		t.Fatalf("without a trial: %+v by %s", rec.Trial, policy)
	}
	in := map[string]bool{}
	for _, share := range []float64{.05, .3, 1} {
		next.hold() // a trial gives its snapshot back when it ends
		e.Try(&Trial{ID: fmt.Sprint("rollout_", share), Share: share, Canary: true, ByKey: true, Salt: "s", Snapshot: next})
		n := 0
		for i := range 1000 {
			key := fmt.Sprint("key_", i)
			rec, policy := e.recordOf(t, key, says("auto", "hi", ""))
			canary := rec.Trial.Arm == ledger.ArmCanary
			if canary != (policy == "next") || !canary && rec.Trial.Arm != ledger.ArmControl || rec.Trial.ID != fmt.Sprint("rollout_", share) {
				t.Fatalf("%s: %+v by %s", key, rec.Trial, policy)
			}
			if in[key] && !canary {
				t.Fatalf("%s leaves the share as it grows to %g", key, share)
			}
			if canary {
				in[key], n = true, n+1
			}
		}
		if math.Abs(float64(n)/1000-share) > .03 {
			t.Errorf("%d of 1,000 keys are in a share of %g", n, share)
		}
	}
	if _, policy := e.recordOf(t, "", says("auto", "hi", "")); policy != "next" {
		t.Errorf("without a key, all of the share: by %s", policy)
	}
	e.Try(nil)
	if rec, policy := e.recordOf(t, "key_1", says("auto", "hi", "")); rec.Trial != nil || policy != "live" {
		t.Errorf("after the trial: %+v by %s", rec.Trial, policy)
	}
	next.Release()
	if n := next.refs.Load(); n != 0 {
		t.Errorf("the snapshot that was tried is held %d times", n)
	}
}

func TestShadow(t *testing.T) {
	t.Parallel()
	e, next := tried(t)
	e.Try(&Trial{ID: "rollout_1", Share: 1, Snapshot: next})
	rec, policy := e.recordOf(t, "key_1", says("auto", "hi", ""))
	x := rec.Trial
	if policy != "live" || rec.Decision.Chain[0].Model != "cedar/max" {
		t.Fatalf("a shadow decides: %s %+v", policy, rec.Decision.Chain)
	}
	if x == nil || x.Arm != ledger.ArmShadow || !x.Moved || x.Impossible != "" || x.Model != "ash/mini" || x.Provider != "ash" || x.Tier == "" || x.Cost <= 0 || x.Quality <= 0 {
		t.Errorf("%+v", x)
	}
	image := `{"model":"auto","messages":[{"role":"user","content":[{"type":"text","text":"what is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}`
	if rec, _ := e.recordOf(t, "key_1", image); rec.Trial == nil || rec.Trial.Impossible != CodeDenied || !rec.Trial.Moved {
		t.Errorf("what it would refuse: %+v", rec.Trial)
	}
	e.Try(nil)
	if n := next.refs.Load(); n != 0 {
		t.Errorf("the snapshot that was tried is held %d times", n)
	}
}

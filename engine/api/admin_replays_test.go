package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// replayed waits for a replay to end.
func (r *running) replayed(body map[string]any) replayCard {
	r.t.Helper()
	var begun struct{ ID string }
	if a := r.post("/admin/replays", body, &begun); a.status != 202 {
		r.t.Fatalf("%d %s", a.status, a.body)
	}
	var card replayCard
	until(r.t, "the replay is over", func() bool {
		card = replayCard{}
		if err := json.Unmarshal(r.do("GET", "/admin/replays/"+begun.ID, "", asAdmin).body, &card); err != nil {
			r.t.Fatal(err)
		}
		return card.State != "running"
	})
	return card
}

func TestReplays(t *testing.T) {
	t.Parallel()
	r, _, flush := recorded(t, setup{profiles: map[string]*access.Profile{
		"words": {Name: "words", Prompts: ledger.KeepText}, "nothing": {Name: "nothing", Prompts: ledger.KeepNone},
	}})
	for i := range 40 {
		profile := []string{"auto", "auto/words", "auto/nothing", "auto"}[i%4]
		r.do("POST", "/v1/chat/completions", strings.Replace(ask(fmt.Sprintf("%s (%d)", prompts[i%len(prompts)], i)), `"auto"`, `"`+profile+`"`, 1))
	}
	flush()

	cheap := r.replayed(map[string]any{"balance": 0.1, "curve": true})
	x := cheap.Result
	if cheap.State != "done" || x.Asked != 40 || x.Replayed != 30 || len(x.Reasons) != 1 || x.Moved == 0 || *x.Cost.After >= *x.Cost.Before {
		t.Fatalf("%+v %+v", cheap, x)
	}
	if x.Curve == nil || x.Curve.Sample == 0 || len(x.Curve.Points) != 11 || x.Curve.Points[0].Cost > x.Curve.Points[10].Cost || x.Curve.Points[0].Quality > x.Curve.Points[10].Quality {
		t.Errorf("the curve: %+v", x.Curve)
	}
	for why := range x.Reasons {
		if !strings.Contains(why, "prompts: none") {
			t.Errorf("reason: %s", why)
		}
	}
	// Another classifier needs words, which a quarter has.
	other := r.replayed(map[string]any{"module": builtin.Module}).Result
	if other.Asked != 40 || other.Replayed != 10 || other.Moved != 0 {
		t.Errorf("the same module: %+v", other)
	}
	if n := r.replayed(map[string]any{"policy": "rules: []", "limit": 7, "health": "all-up"}).Result; n.Asked != 7 || n.Health != "all-up" {
		t.Errorf("limited: %+v", n)
	}
	overlay := r.replayed(map[string]any{"catalog": "deployments:\n  " + x.Movers[0].Before.Deployment + ": {prices: {input: 900, output: 900}}\n"})
	if overlay.Result == nil || overlay.Result.Moved == 0 {
		t.Errorf("a dear model goes on being used: %+v", overlay)
	}
	var list struct{ Replays []replayCard }
	if err := json.Unmarshal(r.do("GET", "/admin/replays", "", asAdmin).body, &list); err != nil || len(list.Replays) != 4 || list.Replays[0].Result != nil {
		t.Errorf("%v %+v", err, list)
	}
	r.do("DELETE", "/admin/replays/"+cheap.ID, "", asAdmin)
	if a := r.do("GET", "/admin/replays/"+cheap.ID, "", asAdmin); a.status != 404 {
		t.Errorf("after it was forgotten: %d", a.status)
	}
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		want   string
	}{
		"nothing changed":      {map[string]any{"since": "24h"}, 400, "nothing is changed"},
		"a bad age":            {map[string]any{"balance": 1, "since": "soon"}, 400, "no duration"},
		"a bad health":         {map[string]any{"balance": 1, "health": "fine"}, 400, "all-up"},
		"a bad balance":        {map[string]any{"balance": 2}, 400, "0 to 1"},
		"a bad policy":         {map[string]any{"policy": "rules:\n  - flor: x"}, 422, "floor"},
		"a bad catalog":        {map[string]any{"catalog": "deployments: 3"}, 422, "deployments"},
		"an unknown version":   {map[string]any{"classifier": 99}, 400, "99"},
		"a classifier by name": {map[string]any{"classifier": "mine"}, 400, "builtin"},
		"a module of nonsense": {map[string]any{"module": []byte("nonsense")}, 422, "module"},
	} {
		if a := r.post("/admin/replays", c.body, nil); a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestReplayJobs(t *testing.T) {
	t.Parallel()
	var r replays
	var jobs []*replayJob
	cancelled := 0
	for range mostReplaying {
		jobs = append(jobs, r.begin("ann", 10, func() { cancelled++ }))
	}
	if r.begin("ann", 10, func() {}) != nil {
		t.Error("more run than may")
	}
	r.stop()
	if cancelled != mostReplaying {
		t.Errorf("%d cancelled", cancelled)
	}
	r.end(jobs[0], nil, fmt.Errorf("replay: %w", t.Context().Err()))
	for range 2 * mostReplayed {
		j := r.begin("bob", 10, func() {})
		if j == nil {
			t.Fatal("a place is not free again")
		}
		r.end(j, nil, fmt.Errorf("broken"))
	}
	if len(r.jobs) > mostReplayed+mostReplaying {
		t.Errorf("%d are kept", len(r.jobs))
	}
	now := r.jobs[len(r.jobs)-1].ended.Add(2 * replayKept)
	r.forget(now)
	if len(r.jobs) != 1 || r.jobs[0] != jobs[1] {
		t.Errorf("%d are kept after their time", len(r.jobs))
	}
}

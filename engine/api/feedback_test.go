package api

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// taught is a server that keeps a ledger and learns.
func taught(t *testing.T, profiles map[string]*access.Profile) *running {
	t.Helper()
	return serve(t, setup{profiles: profiles, options: func(o *Options) {
		l, err := ledger.Open(t.Context(), ledger.Options{Store: o.Documents.State, Replica: "test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = l.Close(ctx)
		})
		o.Ledger = l
		learner := engine.OpenLearner(engine.LearnerOptions{State: o.Documents.State, Name: "test", Every: 20 * time.Millisecond})
		t.Cleanup(learner.Close)
		o.Engine.Teach(learner)
	}})
}

// asked sends a prompt and gives the id of its request.
func (r *running) asked(text string, headers ...string) string {
	r.t.Helper()
	got := r.do("POST", "/v1/chat/completions", ask(text), headers...)
	if got.status != 200 {
		r.t.Fatalf("%d %s", got.status, got.body)
	}
	return got.header.Get("X-Request-Id")
}

func TestFeedback(t *testing.T) {
	t.Parallel()
	r := taught(t, map[string]*access.Profile{"learns": {Name: "learns", Learn: true}, "fixed": {Name: "fixed"}})
	var keys []string
	for i := range 4 {
		keys = append(keys, r.keyed(access.Key{Name: fmt.Sprint("app", i), Profile: "learns"}))
	}
	fixed := r.keyed(access.Key{Name: "fixed", Profile: "fixed"})
	id := r.asked("Write a SQL query for the ten best customers.", keys[0])

	vote := func(body, key string) answer { return r.do("POST", "/v1/feedback", body, key) }
	got := vote(`{"request_id":"`+id+`","thumbs":"down","comment":"not what I asked, mail me at a@b.example"}`, keys[0])
	if got.status != 200 || got.fields(t)["learns"] != true || got.fields(t)["replaced"] != false {
		t.Fatalf("%d %s", got.status, got.body)
	}
	model, category, decision := got.fields(t)["model"].(string), got.fields(t)["category"].(string), got.fields(t)["decision"].(string)
	if got = vote(`{"decision":"`+decision+`","score":0.25}`, keys[0]); got.fields(t)["replaced"] != true {
		t.Errorf("a second vote: %s", got.body)
	}
	for _, x := range []struct {
		body, key string
		status    int
		code      string
	}{
		{`{"request_id":"` + id + `","thumbs":"up"}`, keys[1], 404, codeNotFound}, // another key's
		{`{"request_id":"req_none","thumbs":"up"}`, keys[0], 404, codeNotFound},
		{`{"request_id":"` + id + `","thumbs":"up"}`, "Authorization: Bearer rtr_nobody", 401, codeBadKey},
		{`{"request_id":"` + id + `","thumbs":"sideways"}`, keys[0], 400, codeInvalidType},
		{`{"request_id":"` + id + `","score":2}`, keys[0], 400, codeInvalidType},
		{`{"request_id":"` + id + `"}`, keys[0], 400, codeInvalidType},
		{`{"thumbs":"up"}`, keys[0], 400, codeInvalidType},
		{`{"request_id":"` + id + `","thumps":"up"}`, keys[0], 400, codeInvalidType},
		{`not json`, keys[0], 400, codeInvalidJSON},
	} {
		got := vote(x.body, x.key)
		if _, _, _, code := got.error(t); got.status != x.status || code != x.code {
			t.Errorf("%s: %d %s", x.body, got.status, got.body)
		}
	}
	if got := vote(`{"request_id":"`+id+`","thumbs":"up"}`, asAdmin); got.status != 200 {
		t.Errorf("the admin: %d %s", got.status, got.body)
	}
	if got := vote(`{"request_id":"`+r.asked("Write a SQL query.", fixed)+`","thumbs":"up"}`, fixed); got.status != 200 || got.fields(t)["learns"] != false {
		t.Errorf("a profile that does not learn: %d %s", got.status, got.body)
	}

	// The record shows it, without what should not be kept.
	shown := r.do("GET", "http://"+r.AdminAddr().String()+"/admin/decisions/"+id, "", asAdmin).fields(t)
	record := shown["record"].(map[string]any)
	if f, ok := record["feedback"].(map[string]any); !ok || f["votes"] != 2.0 || f["score"] != .625 {
		t.Errorf("feedback of the record: %v", record["feedback"])
	}

	// Enough keys who agree move the model, and no request but those of profiles that learn sees it.
	for i, key := range keys {
		for k := range 5 {
			id := r.asked(fmt.Sprintf("Write a SQL query for the %d best customers, take %d.", i+3, k), key)
			if got := vote(`{"request_id":"`+id+`","thumbs":"down"}`, key); got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
		}
	}
	abilities := "http://" + r.AdminAddr().String() + "/admin/abilities"
	standing := func() map[string]any {
		for _, x := range r.do("GET", abilities+"?model="+model+"&category="+category, "", asAdmin).fields(t)["abilities"].([]any) {
			return x.(map[string]any)
		}
		return nil
	}
	until(t, "the model falls", func() bool { s := standing(); return s != nil && s["shift"].(float64) < 0 })
	if s := standing(); s["learned"].(float64) >= s["catalog"].(float64) || s["voters"].(float64) < 3 {
		t.Errorf("%v", s)
	}
	version := r.do("GET", abilities, "", asAdmin).fields(t)["version"]
	route := func(key string) map[string]any {
		return r.do("POST", "/v1/route", ask("Write a SQL query for the ten best customers."), key).fields(t)
	}
	if got := route(keys[0]); got["learned"] != version {
		t.Errorf("decided by table %v, want %v", got["learned"], version)
	}
	if got := route(fixed); got["learned"] != nil {
		t.Errorf("a profile that does not learn is decided by table %v", got["learned"])
	}

	// Another replica, or the next start, has the same table.
	again := engine.OpenLearner(engine.LearnerOptions{State: r.state, Name: "again", Every: 20 * time.Millisecond})
	defer again.Close()
	until(t, "the next start knows the table", func() bool {
		again.Follow(r.Engine.Live)
		return again.Now() != nil && again.Now().Version == version
	})
	if again.At(version.(string)) == nil || again.At("unknown") != nil {
		t.Error("tables by version")
	}

	if got := r.do("DELETE", abilities, "", asAdmin); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := route(keys[0]); got["learned"] != nil {
		t.Errorf("after a reset: %v", got["learned"])
	}
	if got := r.metric(`routor_feedback_total{score="down"}`); got == "" || got == "0" {
		t.Errorf("routor_feedback_total: %q", got)
	}
}

func FuzzReadVerdict(f *testing.F) {
	for _, s := range []string{`{"decision":"d","score":0.5}`, `{"request_id":"r","thumbs":"up","comment":"x","user":"u"}`, `{"score":1e999}`, `[]`, `{"decision":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, fault := readVerdict(body)
		if fault == nil && (o.Score == nil || !(*o.Score >= 0 && *o.Score <= 1) || (o.Decision == "") == (o.Request == "")) {
			t.Errorf("%q: %+v", body, o)
		}
	})
}

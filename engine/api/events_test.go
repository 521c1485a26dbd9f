package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/policies"
)

// listener reads an event stream.
type listener struct {
	t    testing.TB
	res  *http.Response
	in   *bufio.Scanner
	stop context.CancelFunc
	last string // id
}

type heardEvent struct {
	name string
	data map[string]any
}

func (r *running) listen(query string, headers ...string) *listener {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	req, err := http.NewRequestWithContext(ctx, "GET", r.url+"/admin/events"+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	l := &listener{t: r.t, res: res, in: bufio.NewScanner(res.Body), stop: cancel}
	r.t.Cleanup(l.close)
	return l
}

func (l *listener) close() {
	l.stop()
	l.res.Body.Close()
}

// next is the next event of a name that is.
func (l *listener) next(name string, is func(map[string]any) bool) map[string]any {
	l.t.Helper()
	e := heardEvent{}
	for l.in.Scan() {
		field, value, _ := strings.Cut(l.in.Text(), ": ")
		switch field {
		case "id":
			l.last = value
		case "event":
			e.name = value
		case "data":
			e.data = nil
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				l.t.Fatalf("%s: %v", value, err)
			}
		case "":
			if e.name == name && (is == nil || is(e.data)) {
				return e.data
			}
		}
	}
	l.t.Fatalf("the stream ended before an event %s: %v", name, l.in.Err())
	return nil
}

func TestEvents(t *testing.T) {
	t.Parallel()
	r, _, _ := recorded(t, setup{})
	l := r.listen("", asAdmin)
	if l.res.StatusCode != 200 || l.res.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Fatalf("%d %v", l.res.StatusCode, l.res.Header)
	}
	if list, _ := l.next("providers", nil)["providers"].([]any); len(list) < 13 {
		t.Errorf("%d providers", len(list))
	}
	if f := l.next("fleet", nil); f["self"] != "test" {
		t.Errorf("%v", f)
	}
	r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: one")
	if d := l.next("decision", nil); d["request_id"] != "one" || d["model"] == nil || d["id"] == "" {
		t.Errorf("%v", d)
	}
	c := l.next("counters", func(c map[string]any) bool { return c["requests"] == 1. })
	if added, _ := c["added_ms"].(map[string]any); c["baseline_usd"].(float64) <= 0 || c["requests_per_s"].(float64) <= 0 || c["failed"] != 0. || added["p95"] == nil || c["savings_pct"] == nil {
		t.Errorf("%v", c)
	}
	source := string(policies.Default()) + "# mine\n"
	if a := r.do("POST", "/admin/policy", publishBody(source, map[string]any{"note": "why", "author": "ann"}), asAdmin); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if d := l.next("documents", nil); d["kind"] != "policy" || d["author"] != "ann" || d["note"] != "why" || d["version"] != 1. {
		t.Errorf("%v", d)
	}
	r.do("POST", "/admin/keys", `{"name":"app"}`, asAdmin)
	if e := l.next("audit", func(e map[string]any) bool { return e["what"] == "key" }); e["name"] != "app" || e["action"] != "key.create" {
		t.Errorf("%v", e)
	}
	r.do("PUT", "/admin/demo/faults/openai", `{"error":"server"}`, asAdmin)
	l.next("audit", func(e map[string]any) bool { return e["action"] == "faults.set" })
}

func TestEventsResume(t *testing.T) {
	t.Parallel()
	r, _, flush := recorded(t, setup{})
	l := r.listen("?topics=decisions,audit", asAdmin)
	r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: before")
	l.next("decision", func(d map[string]any) bool { return d["request_id"] == "before" })
	last := l.last
	l.close()
	r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: between")
	r.do("POST", "/admin/keys", `{"name":"between"}`, asAdmin)
	flush()
	until(t, "the change is told", func() bool { return r.events.latest() > 0 })

	l = r.listen("?topics=decisions,audit", asAdmin, "Last-Event-ID: "+last)
	l.next("audit", func(e map[string]any) bool { return e["name"] == "between" })
	l.next("decision", func(d map[string]any) bool { return d["request_id"] == "between" })
	l.close()

	for _, id := range []string{"another.3." + fmt.Sprint(time.Now().UnixMilli()), "nonsense"} {
		l = r.listen("?topics=audit", asAdmin, "Last-Event-ID: "+id)
		l.next("gap", nil)
		l.close()
	}
	old := r.events.eventID(0, time.Now().Add(-time.Hour))
	l = r.listen("?topics=decisions", asAdmin, "Last-Event-ID: "+old)
	if g := l.next("gap", nil); !strings.Contains(fmt.Sprint(g["why"]), "too long ago") || g["since"] == nil {
		t.Errorf("%v", g)
	}
}

func TestEventsOfFiltersAndTopics(t *testing.T) {
	t.Parallel()
	r, _, _ := recorded(t, setup{profiles: map[string]*access.Profile{"default": {Name: "default", Prompts: ledger.KeepText}}})
	if a := r.do("GET", "/admin/events?topics=nonsense", "", asAdmin); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
	blind, _ := r.adminKey(access.RoleViewer, false)
	l := r.listen("?topics=decisions,counters&outcome=no_such", asAdmin)
	dark := r.listen("?topics=decisions", "Authorization: Bearer "+blind)
	r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: one")
	if c := l.next("counters", func(c map[string]any) bool { return c["total"] == 1. }); c["matched"] != 0. || c["requests"] != 0. {
		t.Errorf("%v", c)
	}
	if d := dark.next("decision", nil); d["request_id"] != "one" || d["prompt"] != nil {
		t.Errorf("%v", d)
	}
}

func TestSlowReadersAreCut(t *testing.T) {
	t.Parallel()
	e := newEvents(&Server{})
	e.begun = true
	x, _, _ := e.open(map[string]bool{"audit": true}, 0)
	quick, _, _ := e.open(map[string]bool{"audit": true}, 0)
	for i := range mostWaiting + 1 {
		e.news("audit", i)
		<-quick.in
	}
	n := 0
	for range x.in {
		n++
	}
	if n != mostWaiting || len(e.streams) != 1 {
		t.Errorf("%d events, then %d streams", n, len(e.streams))
	}
	for range mostStreams {
		e.open(nil, 0)
	}
	if x, _, _ := e.open(nil, 0); x != nil {
		t.Error("there is no bound")
	}
	if _, missed, whole := newEvents(&Server{}).missedOf(mostTold + 10); whole || len(missed) != 0 {
		t.Error("what is to come is known")
	}
	e.close()
}

func (e *events) missedOf(since uint64) (*stream, []told, bool) {
	e.begun = true
	return e.open(map[string]bool{"audit": true}, since)
}

func TestStatesAreToldWhenTheyChange(t *testing.T) {
	t.Parallel()
	e := newEvents(&Server{})
	e.begun = true
	x, _, _ := e.open(map[string]bool{"rollout": true}, 0)
	for _, figure := range []int{1, 1, 2, 3} { // figures alone wait
		e.state("rollout", figure, "well")
	}
	e.state("rollout", 4, "ill")
	if len(x.in) != 2 {
		t.Errorf("told %d times", len(x.in))
	}
	late, _, _ := e.open(map[string]bool{"rollout": true}, 0)
	if got := <-late.in; string(got.data) != "4" {
		t.Errorf("who comes later hears %s", got.data)
	}
	e.close()
}

func FuzzEventID(f *testing.F) {
	for _, seed := range []string{"abc.1.2", "", "..", "a.1", "a.1.2.3", "a.99999999999999999999.1", "a.-1.2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		boot, seq, at, ok := parseEventID(id)
		if !ok {
			return
		}
		again, seq2, at2, ok := parseEventID((&events{boot: boot}).eventID(seq, at))
		if !ok || again != boot || seq2 != seq || !at2.Equal(at) {
			t.Errorf("%q: %q %d %v", id, boot, seq, at)
		}
	})
}

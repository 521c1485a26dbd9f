package api

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

func TestCompletion(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: mine-1", "Authorization: Bearer anything")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var body struct {
		Choices []struct {
			Message struct{ Content string }
		}
		Routor struct {
			Model, Tier, Category, Profile, Method string
			Confidence, SavingsPct                 float64
			Attempts                               int
		}
	}
	if err := json.Unmarshal(a.body, &body); err != nil {
		t.Fatal(err)
	}
	o := body.Routor
	if body.Choices[0].Message.Content == "" || o.Tier != "NANO" || o.Method != "auto" || o.Attempts != 1 || o.Profile != "default" {
		t.Errorf("%s", a.body)
	}
	for name, want := range map[string]string{
		"X-Request-Id": "mine-1", "X-Routor-Model": o.Model, "X-Routor-Tier": "NANO", "X-Routor-Category": o.Category,
		"X-Routor-Profile": "default", "X-Routor-Fallback": "false", "X-Routor-History-Floor": "false", "Content-Type": "application/json",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"X-Routor-Confidence", "X-Routor-Savings", "X-Upstream-Request-Id"} {
		if a.header.Get(name) == "" {
			t.Errorf("%s is missing: %v", name, a.header)
		}
	}
}

func TestResponseHeadersOff(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{config: func(c *config.Config) { c.ResponseHeaders = false }})
	a := r.do("POST", "/v1/chat/completions", ask("hi"))
	if a.header.Get("X-Routor-Tier") != "" || !strings.HasPrefix(a.header.Get("X-Request-Id"), "req_") {
		t.Errorf("%v", a.header)
	}
}

// lines are the data of a stream's events.
func lines(body []byte) (data []string) {
	for line := range strings.Lines(string(body)) {
		if d, ok := strings.CutPrefix(line, "data: "); ok {
			data = append(data, strings.TrimSpace(d))
		}
	}
	return data
}

func TestStream(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, usage := range []bool{false, true} {
		options := ""
		if usage {
			options = `,"stream_options":{"include_usage":true}`
		}
		a := r.do("POST", "/v1/chat/completions", ask("hi", `"stream":true`+options))
		data := lines(a.body)
		if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") || len(data) < 3 || data[len(data)-1] != "[DONE]" {
			t.Fatalf("%d %v %s", a.status, a.header, a.body)
		}
		if a.header.Get("X-Routor-Model") == "" {
			t.Errorf("no X-Routor-Model: %v", a.header)
		}
		last := data[len(data)-2]
		if got := strings.Contains(last, `"routor":{`); got != usage {
			t.Errorf("usage asked for: %v; the last chunk is %s", usage, last)
		}
		if got := strings.Contains(string(a.body), `"usage"`); got && !usage && strings.Contains(string(a.body), `"usage":null`) {
			t.Errorf("usage was not asked for: %s", a.body)
		}
	}
}

// TestStreamIsFlushed: an event goes out when it is there, not when a buffer is full or the stream over.
func TestStreamIsFlushed(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, id := range sim.Providers() {
		if err := r.fleet.Set(id, sim.Faults{Stall: 30 * time.Second, StallAfter: 12}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "POST", r.url+"/v1/chat/completions", strings.NewReader(ask("hi", `"model":"mistral/mistral-small-4","stream":true`)))
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("%q, %v", line, err)
	}
}

// TestRequestStaysWhileStreaming: many streams at once on few connections each get the answer to their own question.
func TestRequestStaysWhileStreaming(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 10 {
				word := fmt.Sprintf("word%dx%d", i, k)
				a := r.do("POST", "/v1/chat/completions", ask("hi "+word, fmt.Sprintf(`"stream":%v`, k%2 == 0)))
				text := string(a.body)
				if k%2 == 0 {
					text = ""
					for _, d := range lines(a.body) {
						var c struct {
							Choices []struct{ Delta struct{ Content string } }
						}
						if json.Unmarshal([]byte(d), &c) == nil && len(c.Choices) > 0 {
							text += c.Choices[0].Delta.Content
						}
					}
				}
				if a.status != 200 || !strings.Contains(text, word) {
					t.Errorf("asked for %s: %d %s", word, a.status, a.body)
				}
			}
		})
	}
	all.Wait()
}

func TestFailover(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	first := r.do("POST", "/v1/chat/completions", ask("hi")).header.Get("X-Routor-Model")
	provider, _, _ := strings.Cut(first, "/")
	for _, faults := range []string{`{"error":"server"}`, `{"error":"rate_limited","retry_after":"1s"}`, `{"reset":true}`} {
		if a := r.do("PUT", "/admin/demo/faults/"+provider, faults, asAdmin); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for i := range 40 {
			a := r.do("POST", "/v1/chat/completions", ask("hi", fmt.Sprintf(`"stream":%v`, i%2 == 0)))
			if a.status != 200 || a.header.Get("X-Routor-Model") == first || i%2 == 0 && !strings.HasSuffix(string(a.body), "data: [DONE]\n\n") {
				t.Fatalf("%s: %d %v %s", faults, a.status, a.header, a.body)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	standard := label.Standard
	r := serve(t, setup{
		config:   func(c *config.Config) { c.Limits.Body = 64 << 10 },
		profiles: map[string]*access.Profile{"cheap": {Name: "cheap", Ceiling: &standard, Allow: []string{"mistral/*"}}},
	})
	const chat = "/v1/chat/completions"
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code, param, message     string
	}{
		{"invalid JSON", "POST", chat, `{"model":`, nil, 400, "invalid_json", "", "byte"},
		{"wrong shape", "POST", chat, `{"model":"auto","messages":[{"role":"user","content":7}]}`, nil, 400, "invalid_type", "messages[0].content", "byte 53"},
		{"no model", "POST", chat, `{"messages":[{"role":"user","content":"x"}]}`, nil, 400, "invalid_type", "model", "auto"},
		{"bad field", "POST", chat, ask("x", `"routor_tier":"HUGE"`), nil, 400, "invalid_type", "routor_tier", "NANO"},
		{"bad header", "POST", chat, ask("x"), []string{"X-Routor-Tier-Floor: HUGE"}, 400, "invalid_value", "X-Routor-Tier-Floor", "NANO"},
		{"unknown header", "POST", chat, ask("x"), []string{"X-Routor-Teir: NANO"}, 400, "invalid_value", "X-Routor-Teir", "routor_tier"},
		{"contradiction", "POST", chat, ask("x", `"routor_tier_floor":"COMPLEX"`), []string{"X-Routor-Tier-Ceiling: NANO"}, 400, "bounds_conflict", "routor_tier_floor", "routor_tier_ceiling"},
		{"unknown model", "POST", chat, strings.Replace(ask("x"), "auto", "openai/gpt-5.55", 1), nil, 404, "model_not_found", "model", "openai/gpt-5.5"},
		{"retired model", "POST", chat, strings.Replace(ask("x"), "auto", "xai/grok-4", 1), nil, 404, "model_not_found", "model", "xai/grok-4."},
		{"unknown profile", "POST", chat, ask("x", `"routor_profile":"nope"`), nil, 404, "profile_not_found", "routor_profile", "cheap"},
		{"beyond the profile", "POST", chat, ask("x", `"routor_profile":"cheap","routor_tier_floor":"COMPLEX"`), nil, 403, "beyond_profile", "routor_tier_floor", "STANDARD"},
		{"nothing eligible", "POST", chat, ask("x", `"routor_bfcl_min":1`), nil, 422, "no_eligible_model", "routor_bfcl_min", "routor_bfcl_min"},
		{"too large", "POST", chat, ask(strings.Repeat("x", 100<<10)), nil, 413, "request_too_large", "", "64KB"},
		{"form", "POST", chat, ask("x"), []string{"Content-Type: text/plain"}, 415, "unsupported_media_type", "", "application/json"},
		{"page of another site", "POST", chat, ask("x"), []string{"Origin: https://evil.example"}, 403, "origin_not_allowed", "", "evil.example"},
		{"method", "GET", chat, "", nil, 405, "method_not_allowed", "", "POST"},
		{"address", "POST", "/v1/nothing", ask("x"), nil, 404, "not_found", "", "/v1/nothing"},
		{"no such model", "GET", "/v1/models/openai/gpt-5.55", "", nil, 404, "model_not_found", "model", "openai/gpt-5.5"},
		{"route too", "POST", "/v1/route", `{"model":1}`, nil, 400, "invalid_type", "model", "string"},
	} {
		a := r.do(c.method, c.path, c.body, c.headers...)
		message, kind, param, code := a.error(t)
		if a.status != c.status || code != c.code || param != c.param || !strings.Contains(message, c.message) || kind == "" {
			t.Errorf("%s: %d %s, want %d %s with param %q and %q", c.name, a.status, a.body, c.status, c.code, c.param, c.message)
		}
		if a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id", c.name)
		}
	}
}

func TestUpstreamErrors(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, id := range sim.Providers() {
		if err := r.fleet.Set(id, sim.Faults{Error: "rate_limited", RetryAfter: 7 * time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	for _, stream := range []string{"false", "true"} {
		a := r.do("POST", "/v1/chat/completions", ask("hi", `"stream":`+stream))
		_, kind, _, _ := a.error(t)
		if a.status != 429 && a.status != 503 || a.header.Get("Retry-After") == "" || kind == "" {
			t.Errorf("%d %v %s", a.status, a.header, a.body)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("POST", "/v1/route", ask("hi"), "X-Routor-Tier-Floor: standard")
	d := a.fields(t)
	chain, _ := d["chain"].([]any)
	if a.status != 200 || d["tier"] != "STANDARD" || len(chain) == 0 || a.header.Get("X-Routor-Tier") != "STANDARD" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := r.fleet.Requests("openai"); n != 0 {
		t.Errorf("%d requests were dispatched", n)
	}
}

// stub is an upstream of the test's own.
type stub func(*providers.Call) (engine.Reply, *providers.Error)

func (f stub) Do(_ context.Context, c *providers.Call) (engine.Reply, *providers.Error) { return f(c) }

// everywhere puts an upstream in place of all providers.
func everywhere(u engine.Upstream) map[string]engine.Upstream {
	all := map[string]engine.Upstream{}
	for _, id := range sim.Providers() {
		all[id] = u
	}
	return all
}

type nothing struct{}

func (nothing) Close() {}

func TestHeadersGoUpstream(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []providers.Header
	r := serve(t, setup{upstreams: everywhere(stub(func(c *providers.Call) (engine.Reply, *providers.Error) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, c.Header...)
		if strings.Contains(string(c.Body), "routor_") {
			t.Errorf("a routor field went upstream: %s", c.Body)
		}
		return engine.Reply{Status: 200, Body: []byte(`{"choices":[{"index":0}]}`), Closer: nothing{}}, nil
	}))})
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	a := r.do("POST", "/v1/chat/completions", ask("hi", `"routor_chat_quality":1`), "Traceparent: "+trace, "Cookie: secret=1", "Authorization: Bearer secret", "X-Api-Key: secret")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 1 || got[0] != (providers.Header{Name: "Traceparent", Value: trace}) {
		t.Errorf("upstream got %v", got)
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{upstreams: everywhere(stub(func(*providers.Call) (engine.Reply, *providers.Error) { panic("a defect") }))})
	for i, stream := range []string{"false", "true"} {
		a := r.do("POST", "/v1/chat/completions", ask("hi", `"stream":`+stream))
		if _, kind, _, code := a.error(t); a.status != 500 || kind != "server_error" || code != "internal_error" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if got := r.metric("routor_panics_total"); got != fmt.Sprint(i+1) {
			t.Errorf("routor_panics_total %s", got)
		}
	}
	if a := r.do("GET", "/healthz", ""); a.status != 200 {
		t.Errorf("%d", a.status)
	}
}

// TestClientGoes: a client that closes its connection ends the upstream call, before the first token too.
func TestClientGoes(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, id := range sim.Providers() {
		if err := r.fleet.Set(id, sim.Faults{Stall: time.Minute}); err != nil {
			t.Fatal(err)
		}
	}
	for i, stream := range []string{"false", "true"} {
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body := ask("hi", `"stream":`+stream)
		fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		until(t, "the request runs", func() bool { return r.metric("routor_requests_in_flight") == "1" })
		conn.Close()
		until(t, "the request is over", func() bool { return r.metric("routor_requests_in_flight") == "0" })
		if got := r.metric(`routor_requests_total{outcome="gone"}`); got != fmt.Sprint(i+1) {
			t.Errorf("%s requests whose client went", got)
		}
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	r := serve(t, setup{
		config: func(c *config.Config) { c.Limits.Concurrency = 1 },
		upstreams: everywhere(stub(func(*providers.Call) (engine.Reply, *providers.Error) {
			<-release
			return engine.Reply{Status: 200, Body: []byte(`{"choices":[{"index":0}]}`), Closer: nothing{}}, nil
		})),
	})
	done := make(chan answer)
	go func() { done <- r.do("POST", "/v1/chat/completions", ask("hi")) }()
	until(t, "the first request runs", func() bool { return r.metric("routor_requests_in_flight") == "1" })
	a := r.do("POST", "/v1/chat/completions", ask("hi"))
	if _, _, _, code := a.error(t); a.status != 429 || code != "server_busy" || a.header.Get("Retry-After") != "1" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	close(release)
	if a := <-done; a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{config: func(c *config.Config) { c.AccessLog = true }})
	r.do("POST", "/v1/chat/completions", ask("a secret prompt"), "Authorization: Bearer sk-secret")
	r.do("POST", "/v1/chat/completions", ask("hi", `"stream":true`))
	r.do("POST", "/v1/chat/completions", `{`)
	until(t, "three lines", func() bool { return strings.Count(r.log.String(), "\n") == 3 })
	if strings.Contains(r.log.String(), "secret") {
		t.Errorf("the log tells secrets: %s", r.log.String())
	}
	for i, line := range strings.Split(strings.TrimSpace(r.log.String()), "\n") {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e["path"] != "/v1/chat/completions" || e["id"] == nil || i < 2 && (e["model"] == nil || e["prompt_tokens"] == nil || e["status"] != 200.) || i == 2 && e["error"] != nil && e["outcome"] != "invalid_json" {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers/sim"
)

// TestMemory: what is announced and what is held count; what is turned away or never comes does not stay counted.
func TestMemory(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	header := func(n int) *fasthttp.RequestHeader {
		var h fasthttp.RequestHeader
		h.SetContentLength(n)
		return &h
	}
	m := newMemory(2 * most) // half of it is for bodies
	a, b := header(700<<10), header(500<<10)
	if c := m.received(a, most, time.Second); c.MaxRequestBodySize != 0 {
		t.Error("the first one is turned away")
	}
	if c := m.received(b, most, time.Second); c.MaxRequestBodySize != 1 {
		t.Error("the second one is taken")
	}
	if c := m.received(header(100), most, time.Second); c.MaxRequestBodySize != 0 {
		t.Error("a small one is looked at")
	}
	if c := m.received(header(most+1), most, time.Second); c.MaxRequestBodySize != 0 {
		t.Error("one that is too large anyway is not left to its own error")
	}
	if !m.settle(b) || m.settle(b) || m.settle(a) {
		t.Error("who was turned away is mistaken")
	}
	m.hold(900 << 10)
	if m.over(0) || !m.over(200<<10) {
		t.Error("what is held does not count")
	}
	m.free(900 << 10)
	m.received(a, most, time.Second)
	m.received(a, most, time.Second) // the connection was cut, and its memory is used by another
	m.sweep(time.Now())
	if n := m.arriving.Load(); n != 700<<10 {
		t.Errorf("%d bytes are announced", n)
	}
	m.sweep(time.Now().Add(2 * time.Second))
	if m.arriving.Load() != 0 || m.held.Load() != 0 || m.claimed.Load() != 0 || len(m.claims) != 0 {
		t.Errorf("left over: %d %d %d", m.arriving.Load(), m.held.Load(), m.claimed.Load())
	}
	m.used.Store(3 * most)
	if !m.over(0) {
		t.Error("a process at its limit takes more")
	}
	if allowed() < 64<<20 || newMemory(0).limit < 32<<20 {
		t.Errorf("%d bytes are allowed", allowed())
	}
}

// TestOverload: at the limit requests are turned away with 429 and Retry-After, large bodies before they are read, and
// health and metrics go on.
func TestOverload(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{config: func(c *config.Config) { c.Limits.Memory = 1 }})
	until(t, "memory is looked at", func() bool { return r.memory.used.Load() > 0 })
	for name, body := range map[string]string{"small": ask("hi"), "large": ask(strings.Repeat("hi ", 100<<10))} {
		a := r.do("POST", "/v1/chat/completions", body)
		if _, kind, _, code := a.error(t); a.status != 429 || code != "server_overloaded" || kind != "rate_limit_error" || a.header.Get("Retry-After") != "1" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if a := r.do("GET", "/readyz", ""); a.status != 200 {
		t.Errorf("readyz: %d", a.status)
	}
	r.memory.limit = 1 << 40
	if a := r.do("POST", "/v1/chat/completions", ask("hi")); a.status != 200 {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
	if n := r.memory.held.Load() + r.memory.arriving.Load(); n != 0 {
		t.Errorf("%d bytes are still held", n)
	}
}

// TestWaits reads the headers in which clients say how long they wait.
func TestWaits(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, value string
		stream      bool
		want        time.Duration
	}{
		{"X-Stainless-Timeout", "600", false, 10 * time.Minute},
		{"X-Stainless-Timeout", "600", true, 0},
		{"X-Request-Timeout", "1.5", true, 1500 * time.Millisecond},
		{"Request-Timeout", " 30 ", false, 30 * time.Second},
		{"X-Request-Timeout", "1e300", false, 24 * time.Hour},
		{"X-Request-Timeout", "soon", false, 0},
		{"X-Request-Timeout", "-1", false, 0},
		{"X-Request-Timeout", "NaN", false, 0},
		{"X-Other-Timeout", "5", false, 0},
	} {
		if got := waits(x.name, x.value, x.stream); got != x.want {
			t.Errorf("%s: %s, stream %v: %s, want %s", x.name, x.value, x.stream, got, x.want)
		}
	}
}

// TestClientsOwnTimeout ends a request when its client says that it will have gone.
func TestClientsOwnTimeout(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, p := range catalog.Builtin().Providers {
		if r.fleet.Models(p.ID) != nil {
			if err := r.fleet.Set(p.ID, sim.Faults{Stall: time.Minute}); err != nil {
				t.Fatal(err)
			}
		}
	}
	start := time.Now()
	a := r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Timeout: 0.3")
	if _, _, _, code := a.error(t); a.status != 504 || code != "deadline_exceeded" || time.Since(start) > 5*time.Second {
		t.Errorf("after %s: %d %s", time.Since(start), a.status, a.body)
	}
}

// TestProvidersPage shows what is known of each provider, its keys masked.
func TestProvidersPage(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	if err := r.fleet.Set("openai", sim.Faults{Error: "rate_limited", RetryAfter: time.Minute}); err != nil {
		t.Fatal(err)
	}
	a := r.do("POST", "/v1/chat/completions", `{"model":"openai/gpt-5.5","messages":[{"role":"user","content":"hi"}]}`)
	if a.status != 429 || a.header.Get("Retry-After") == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	tried, _ := a.fields(t)["error"].(map[string]any)["tried"].([]any)
	if len(tried) == 0 || !strings.Contains(fmt.Sprint(tried), "rate_limited") {
		t.Errorf("tried: %v", tried)
	}
	page := string(r.do("GET", "/admin/providers", "", asAdmin).body)
	for _, s := range []string{`"deployment":"openai/gpt-5.5","state":"rate_limited","why":"rate-limited (HTTP 429)","since":"`, `"breaker":"closed"`, `"rate_limited":1`, `"keys":[{`, `"in_flight":0`} {
		if !strings.Contains(page, s) {
			t.Errorf("%q is not in\n%s", s, page)
		}
	}
	if strings.Contains(page, "simulated") || strings.Contains(string(r.do("GET", "/readyz", "").body), "keys") {
		t.Error("a key is shown")
	}
	route := string(r.do("POST", "/v1/route", ask("hi")).body)
	if !strings.Contains(route, `"out":"rate-limited (HTTP 429)","by":"health","cooldown_left":`) {
		t.Errorf("the decision does not say that it is cooling down: %s", route)
	}
	if v := r.metric(`routor_deployment_up{deployment="openai/gpt-5.5",breaker="closed"}`); v != "0" {
		t.Errorf("routor_deployment_up is %q", v)
	}
}

// TestLargeBuffersAreLetGo: a connection that stays open does not keep what its largest request took.
func TestLargeBuffersAreLetGo(t *testing.T) {
	t.Parallel()
	for size, keeps := range map[int]bool{1 << 10: true, keptBody + 1: false, 16 << 20: false} {
		ctx := &fasthttp.RequestCtx{}
		ctx.Request.SetBody(make([]byte, size))
		letGo(ctx)
		if kept := cap(ctx.Request.Body()) >= size; kept != keeps {
			t.Errorf("after a body of %d bytes %d are kept", size, cap(ctx.Request.Body()))
		}
	}
}

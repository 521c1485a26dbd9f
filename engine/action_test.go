package engine

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// TestBodies: what a provider's own words and headers lead to: what cools down, for how long, and where the request goes.
func TestBodies(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		provider string
		status   int
		headers  string // "Name: value"
		body     string
		want     string // what cools, its state, for how long; where the request goes
	}{
		{"openai", 401, "", `{"error":{"message":"Incorrect API key provided: sk-x.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, "account key_rejected 5m0s onward"},
		{"openai", 429, "retry-after-ms: 1500", `{"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}`, "deployment rate_limited 1.5s again"},
		{"openai", 429, "Retry-After: 12", `{"error":{"message":"Rate limit reached","code":"rate_limit_exceeded"}}`, "deployment rate_limited 12s again"},
		{"openai", 429, "", `{"error":{"message":"Rate limit reached. Please try again in 6m0s.","code":"rate_limit_exceeded"}}`, "deployment rate_limited 6m0s again"},
		{"openai", 429, "", `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}`, "account out_of_credit 5m0s onward"},
		{"openai", 404, "", `{"error":{"message":"The model does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}}`, "deployment down 10m0s onward"},
		{"openai", 500, "", `{"error":{"message":"The server had an error","type":"server_error"}}`, "deployment  0s again"},
		{"anthropic", 529, "", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, "deployment down 3s again"},
		{"anthropic", 429, "Retry-After: 7", `{"type":"error","error":{"type":"rate_limit_error","message":"x"}}`, "deployment rate_limited 7s again"},
		{"anthropic", 400, "Retry-After: 7", `{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}}`, "account out_of_credit 7s onward"},
		{"anthropic", 400, "", `{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}`, "nobody  0s larger"},
		{"google", 429, "", `{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}}`, "deployment rate_limited 34.4s again"},
		{"google", 400, "", `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}`, "account key_rejected 5m0s onward"},
		{"google", 503, "", `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`, "deployment down 3s again"},
		{"xai", 400, "", `{"code":"invalid-argument","error":"Incorrect API key provided: xa***. "}`, "account key_rejected 5m0s onward"},
		{"moonshot", 429, "", `{"error":{"type":"rate_limit_reached_error","message":"Organization Rate limit exceeded, please try again after 1 seconds"}}`, "deployment rate_limited 1s again"},
		{"moonshot", 429, "", `{"error":{"type":"exceeded_current_quota_error","message":"You exceeded your current token quota"}}`, "account out_of_credit 5m0s onward"},
		{"moonshot", 429, "", `{"error":{"type":"engine_overloaded_error","message":"The engine is currently overloaded, please try again later"}}`, "deployment down 3s again"},
		{"zai", 429, "", `{"error":{"code":"1113","message":"Insufficient balance or no resource package."}}`, "account out_of_credit 5m0s onward"},
		{"zai", 429, "", `{"error":{"code":"1305","message":"The service may be temporarily overloaded, please try again later"}}`, "deployment down 3s again"},
		{"nvidia", 400, "", `{"status":400,"title":"Bad Request","detail":"Function id 'x': DEGRADED function cannot be invoked"}`, "deployment down 3s again"},
		{"minimax", 200, "", `{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`, "account out_of_credit 5m0s onward"},
		{"microsoft", 429, "retry-after-ms: 250", `{"error":{"code":"RateLimitReached","message":"x"}}`, "deployment rate_limited 250ms again"},
		{"anthropic", 429, "anthropic-ratelimit-requests-remaining: 0\nanthropic-ratelimit-requests-reset: 2026-03-04T12:00:10Z", `{"type":"error","error":{"type":"rate_limit_error","message":"x"}}`, "deployment rate_limited 10s again"},
		{"openai", 429, "x-ratelimit-remaining-tokens: 0\nx-ratelimit-reset-tokens: 6m0s", `{"error":{"message":"x","code":"rate_limit_exceeded"}}`, "deployment rate_limited 6m0s again"},
		{"deepseek", 402, "", `{"error":{"message":"Insufficient Balance","type":"unknown_error","param":null,"code":"invalid_request_error"}}`, "account out_of_credit 5m0s onward"},
		{"mistral", 401, "", `{"detail":"Invalid API Key"}`, "account key_rejected 5m0s onward"},
		{"microsoft", 400, "", `{"error":{"message":"filtered","param":"prompt","code":"content_filter"}}`, "nobody  0s choice"},
		{"openai", 400, "", `{"error":{"message":"Unsupported parameter","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}`, "nobody  0s opinion"},
		{"vllm", 502, "", `<html><head><title>502 Bad Gateway</title></head></html>`, "deployment  0s again"},
	} {
		var h fasthttp.ResponseHeader
		setHeaders(&h, x.headers)
		if got := consequence(t, providers.Classify(x.provider, x.status, &h, []byte(x.body), noon)); got != x.want {
			t.Errorf("%s %d %s %s\n  %s, want %s", x.provider, x.status, x.headers, x.body, got, x.want)
		}
	}
}

func setHeaders(h *fasthttp.ResponseHeader, lines string) {
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		h.Set(name, value)
	}
}

// consequence is what an error leads to, as the Monitor takes it in.
func consequence(t *testing.T, e *providers.Error) string {
	t.Helper()
	m, c := NewMonitor(), small(t)
	dep, other := c.Deployment("birch/mid"), c.Deployment("birch/eye")
	m.Failed(dep, e, noon)
	a := actionFor(e)
	view := m.View(c)
	if view == nil {
		return fmt.Sprintf("%s  0s %s", a.scope, a.move)
	}
	h := view[dep.Index]
	if whole := view[other.Index].State != ""; whole != (a.scope == ofAccount) {
		t.Errorf("%s: the other model is %q", e.Class, view[other.Index].State)
	}
	return fmt.Sprintf("%s %s %s %s", a.scope, h.State, h.Until.Sub(noon), a.move)
}

// TestRecorded: no recorded error ends a request without a second opinion or cools down more than its class may, and every
// error that says for how long is heeded.
func TestRecorded(t *testing.T) {
	t.Parallel()
	metas, _ := filepath.Glob("../../shared/data/fixtures/*/*/meta.json")
	if len(metas) == 0 {
		t.Skip("no recorded exchanges beside the repository")
	}
	n := map[string]int{}
	for _, file := range metas {
		var meta struct {
			Provider string
			Status   int
			File     string `json:"response_file"`
			Headers  map[string]string
		}
		b, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(b, &meta) != nil || meta.Status < 400 {
			continue
		}
		body, err := os.ReadFile(filepath.Join(filepath.Dir(file), meta.File))
		if err != nil {
			continue
		}
		var h fasthttp.ResponseHeader
		for k, v := range meta.Headers {
			h.Set(k, v)
		}
		e := providers.Classify(meta.Provider, meta.Status, &h, body, noon)
		got := consequence(t, e)
		n[got]++
		a := actionFor(e)
		if a.move == end || meta.Status == 400 && a.scope == ofProvider || e.Class == providers.BadRequest && a.scope != ofNobody {
			t.Errorf("%s %d is %s: %s\n%.300s", meta.Provider, meta.Status, e.Class, got, body)
		}
	}
	for got, times := range n {
		t.Logf("%4d %s", times, got)
	}
}

// TestMissing: what a provider's list of models lacks cools down, and is back with the first answer.
func TestMissing(t *testing.T) {
	t.Parallel()
	m, c := NewMonitor(), small(t)
	dep := c.Deployment("birch/mid")
	m.Missing([]*catalog.Deployment{dep}, noon)
	h := m.View(c)[dep.Index]
	if why := h.sick(noon); h.State != providers.Down || why != "not in its provider's list of models" {
		t.Errorf("%+v", h)
	}
	m.Succeeded(dep, time.Second, false, noon)
	if h := m.View(c)[dep.Index]; h.State != "" {
		t.Errorf("%+v", h)
	}
}

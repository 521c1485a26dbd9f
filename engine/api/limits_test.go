package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers/sim"
)

func amount(f float64) *float64 { return &f }

// keyed makes a key and gives the header that sends it.
func (r *running) keyed(k access.Key) string {
	r.t.Helper()
	secret, _, err := r.store.Create(k, "test")
	if err != nil {
		r.t.Fatal(err)
	}
	return "Authorization: Bearer " + secret
}

func TestLimits(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{profiles: map[string]*access.Profile{
		"slow": {Name: "slow", Limits: &access.Limits{Requests: 2}}, "poor": {Name: "poor", Limits: &access.Limits{DayUSD: amount(0)}},
		"shared": {Name: "shared", Limits: &access.Limits{Requests: 3}},
	}})
	bodies := map[string]string{
		"/v1/chat/completions": ask("hi"), "/v1/responses": `{"model":"auto","input":"hi"}`,
		"/v1/messages":   `{"model":"auto","max_tokens":50,"messages":[{"role":"user","content":"hi"}]}`,
		"/v1/embeddings": `{"model":"openai/text-embedding-3-small","input":"hi"}`,
	}
	for path, body := range bodies {
		key := r.keyed(access.Key{Name: "slow" + path, Profile: "slow"})
		// The profile's limit is of all its callers: all but the first two of all these requests are refused.
		_ = r.do("POST", path, body, key)
	}
	for path, body := range bodies {
		key := r.keyed(access.Key{Name: "again" + path, Profile: "slow"})
		got := r.do("POST", path, body, key)
		if got.status != 429 {
			t.Fatalf("%s: %d %s", path, got.status, got.body)
		}
		message, kind, _, code := got.error(t)
		for _, part := range []string{`profile "slow"`, "requests_per_minute", "2 requests a minute", "not a provider's", "Routor"} {
			if !strings.Contains(message, part) {
				t.Errorf("%s: %q does not say %q", path, message, part)
			}
		}
		if path == "/v1/messages" {
			if kind != "rate_limit_error" {
				t.Errorf("%s: type %q", path, kind)
			}
		} else if kind != ownLimit || code != codeRateLimit {
			t.Errorf("%s: type %q, code %q", path, kind, code)
		}
		after, err := strconv.Atoi(got.header.Get("Retry-After"))
		if err != nil || after < 1 || after > 30 {
			t.Errorf("%s: Retry-After %q", path, got.header.Get("Retry-After"))
		}
		if h := got.header; h.Get("x-ratelimit-limit-requests") != "2" || h.Get("x-ratelimit-remaining-requests") != "0" || h.Get("x-ratelimit-reset-requests") == "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	got := r.do("POST", "/v1/chat/completions", `{"model":"openai/gpt-5.5","messages":[{"role":"user","content":"hi"}]}`, r.keyed(access.Key{Name: "poor", Profile: "poor"}))
	message, kind, _, code := got.error(t)
	if got.status != 429 || kind != ownLimit || code != codeBudget || got.header.Get("X-Should-Retry") != "false" || !strings.Contains(message, `budget of profile "poor"`) ||
		!strings.Contains(message, "usd_per_day") || !strings.Contains(message, "resets at 2") {
		t.Errorf("%d %s", got.status, got.body)
	}
	// A profile that the request asks for: its limits count, too.
	key := r.keyed(access.Key{Name: "two", Also: []string{"shared"}, Limits: &access.Limits{Requests: 100}})
	for i := range 4 {
		got := r.do("POST", "/v1/chat/completions", ask("hi", `"routor_profile":"shared"`), key)
		if want := map[bool]int{true: 200, false: 429}[i < 3]; got.status != want {
			t.Errorf("request %d: %d %s", i+1, got.status, got.body)
		}
		// Of key and profile the one of which less is left.
		if h := got.header.Get("x-ratelimit-limit-requests"); h != "3" {
			t.Errorf("limit %q", h)
		}
	}
	if n := r.metric(`routor_limit_refused_total{limit="requests_per_minute",scope="profile"}`); n == "" || n == "0" {
		t.Errorf("counted: %q", n)
	}
}

// TestLimitsSettle shows that answers, streams, failures and clients that go away leave nothing reserved, and that what was
// used is what the ledger of costs says.
func TestLimitsSettle(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	key := r.keyed(access.Key{Name: "app", Limits: &access.Limits{Requests: 1000, Tokens: 5000, DayUSD: amount(5), MonthUSD: amount(50)}})
	standing := func() (all map[string]access.Standing, use access.Use, card holderCard) {
		got := r.do("GET", "/v1/key", "", key)
		if err := json.Unmarshal(got.body, &card); err != nil || got.status != 200 {
			t.Fatalf("%d %s: %v", got.status, got.body, err)
		}
		if strings.Contains(string(got.body), strings.TrimPrefix(key, "Authorization: Bearer ")) {
			t.Error("the key itself is shown")
		}
		all = map[string]access.Standing{}
		for _, s := range card.Limits {
			all[s.Limit] = s
		}
		return all, *card.Use, card
	}
	if got := r.do("POST", "/v1/chat/completions", ask("Write a SQL query and explain it."), key); got.status != 200 || got.header.Get("x-ratelimit-remaining-tokens") == "" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	if got := r.do("POST", "/v1/chat/completions", ask("Tell me a story.", `"stream":true`), key); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := r.do("POST", "/v1/chat/completions", `{"model":"nobody/nothing","messages":[{"role":"user","content":"hi"}]}`, key); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
	until(t, "two settled requests", func() bool {
		all, use, _ := standing()
		return use.Day.Requests == 2 && all[access.LimitDay].Reserved == 0 && use.Day.Spent > 0
	})
	all, use, card := standing()
	if card.Name != "app" || card.Profile != "default" || !strings.HasPrefix(card.ID, "key_") || use.Day != use.Month || use.Day.Tokens == 0 {
		t.Errorf("%+v", card)
	}
	if s := all[access.LimitDay]; s.Value != 5 || s.Used != use.Day.Spent.USD() || s.Remaining+s.Used < 4.999999 || !s.Resets.After(time.Now()) || s.Scope != access.ScopeKey {
		t.Errorf("%+v", s)
	}
	if s := all[access.LimitTokens]; s.Used == 0 || s.Used > float64(use.Day.Tokens) {
		t.Errorf("%+v for %d tokens", s, use.Day.Tokens)
	}
	// A client that goes away in the middle of a stream.
	req, _ := http.NewRequest("POST", r.url+"/v1/chat/completions", strings.NewReader(`{"model":"openai/gpt-5.5","stream":true,"messages":[{"role":"user","content":"Tell me a long story."}]}`))
	name, value, _ := strings.Cut(key, ": ")
	req.Header.Set(name, value)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	until(t, "the settled stream", func() bool {
		all, now, _ := standing()
		return now.Day.Requests == 3 && all[access.LimitDay].Reserved == 0 && now.Day.Spent > use.Day.Spent
	})
	if total := r.metric(`routor_limit_refused_total{limit="usd_per_day",scope="key"}`); total != "" {
		t.Errorf("refused: %s", total)
	}
}

// TestFailedRequestsAreNotBilled lets every provider fail before it has done anything.
func TestFailedRequestsAreNotBilled(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{limits: engine.Limits{Wait: -1}})
	for _, p := range catalog.Builtin().Providers {
		if r.fleet.Models(p.ID) != nil {
			if err := r.fleet.Set(p.ID, sim.Faults{Error: "server"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	key := r.keyed(access.Key{Name: "app", Limits: &access.Limits{DayUSD: amount(1)}})
	if got := r.do("POST", "/v1/chat/completions", ask("hi"), key); got.status < 500 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var card holderCard
	_ = json.Unmarshal(r.do("GET", "/v1/key", "", key).body, &card)
	if s := card.Limits[0]; s.Used != 0 || s.Reserved != 0 || s.Remaining != 1 || card.Use.Day.Requests != 1 {
		t.Errorf("%+v, %+v", s, card.Use)
	}
}

func TestAdminLimits(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	if got := r.do("POST", "/admin/keys", `{"name":"x","limits":{"requests_per_minute":-1}}`, asAdmin); got.status != 422 || !strings.Contains(string(got.body), "limits.requests_per_minute is -1") {
		t.Errorf("%d %s", got.status, got.body)
	}
	made := r.do("POST", "/admin/keys", `{"name":"app","limits":{"requests_per_minute":100,"usd_per_day":3}}`, asAdmin).fields(t)
	key := fmt.Sprint("Authorization: Bearer ", made["secret"])
	if got := r.do("POST", "/v1/chat/completions", ask("hi"), key); got.status != 200 || got.header.Get("x-ratelimit-limit-requests") != "100" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := r.do("PATCH", "/admin/keys/app", `{"limits":{"requests_per_minute":7}}`, asAdmin); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := r.do("POST", "/v1/chat/completions", ask("hi"), key); got.status != 200 || got.header.Get("x-ratelimit-limit-requests") != "7" {
		t.Errorf("%d %v", got.status, got.header)
	}
	var card clientKey
	got := r.do("GET", "/admin/keys/app", "", asAdmin)
	if err := json.Unmarshal(got.body, &card); err != nil || card.Name != "app" || card.Limits.Requests != 7 || card.Use.Day.Requests != 2 || len(card.Standing) != 1 {
		t.Errorf("%s", got.body)
	}
	var usage struct{ Keys, Profiles []usageCard }
	until(t, "what was used", func() bool {
		_ = json.Unmarshal(r.do("GET", "/admin/usage", "", asAdmin).body, &usage)
		return len(usage.Keys) == 1 && usage.Keys[0].Name == "app" && usage.Keys[0].Use.Day.Requests == 2 && len(usage.Profiles) == 1 && usage.Profiles[0].Name == "default"
	})
	for call, status := range map[string]int{"PATCH /admin/keys/app {\"limits\":{\"usd_per_day\":-1}}": 422, "PATCH /admin/keys/nobody {}": 404, "GET /admin/usage?limit=x ": 400, "PATCH /admin/keys/app {\"limits\":null}": 200} {
		parts := strings.SplitN(call, " ", 3)
		if got := r.do(parts[0], parts[1], parts[2], asAdmin); got.status != status {
			t.Errorf("%s: %d %s", call, got.status, got.body)
		}
	}
	if got := r.do("POST", "/v1/chat/completions", ask("hi"), key); got.header.Get("x-ratelimit-limit-requests") != "" {
		t.Errorf("%v", got.header)
	}
}

func TestAppendWhile(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "0s", time.Microsecond: "1ms", 20 * time.Millisecond: "20ms", time.Second: "1s", 1001 * time.Millisecond: "2s", 6 * time.Minute: "6m0s", 90 * time.Second: "1m30s"} {
		if got := string(appendWhile(nil, d)); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}

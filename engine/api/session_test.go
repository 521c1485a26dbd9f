package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// signedIn signs in and gives the headers that a page's calls have.
func (r *running) signedIn(body string) (headers []string, card map[string]any) {
	r.t.Helper()
	a := r.do("POST", "/admin/session", body)
	if a.status != 200 {
		r.t.Fatalf("sign in: %d %s", a.status, a.body)
	}
	card = a.fields(r.t)
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return []string{"Cookie: " + cookie, fmt.Sprintf("X-Routor-CSRF: %v", card["csrf"])}, card
}

func (r *running) adminKey(role string, prompts bool) (secret, id string) {
	r.t.Helper()
	secret, k, err := r.store.Create(access.Key{Name: role + fmt.Sprint(prompts), Admin: &access.Scope{Role: role, ReadPrompts: prompts}}, "test")
	if err != nil {
		r.t.Fatal(err)
	}
	return secret, k.ID
}

func TestSession(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	if a := r.do("GET", "/admin/session", ""); a.status != 401 {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
	a := r.do("POST", "/admin/session", `{"key":"`+adminKey+`"}`)
	cookie := a.header.Get("Set-Cookie")
	for _, part := range []string{"routor_session=", "HttpOnly", "SameSite=Strict", "path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie lacks %s: %s", part, cookie)
		}
	}
	headers, card := r.signedIn(`{"key":"` + adminKey + `"}`)
	if card["role"] != "admin" || card["name"] != "admin" || card["read_prompts"] != true || card["demo"] != true || card["csrf"] == "" || card["expires"] == nil {
		t.Errorf("%v", card)
	}
	only := headers[:1]
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"who is here", "GET", "session", "", only, 200, ""},
		{"a look", "GET", "status", "", only, 200, ""},
		{"a change without the token", "PUT", "demo/faults/openai", `{}`, only, 403, "csrf_token_missing"},
		{"with a wrong one", "PUT", "demo/faults/openai", `{}`, append(only[:1:1], "X-Routor-CSRF: x"), 403, "csrf_token_missing"},
		{"with the token", "PUT", "demo/faults/openai", `{}`, headers, 200, ""},
		{"of a page elsewhere", "PUT", "demo/faults/openai", `{}`, append(headers[:2:2], "Origin: https://evil.example"), 403, "origin_not_allowed"},
		{"another cookie", "GET", "status", "", []string{"Cookie: routor_session=nope"}, 401, "invalid_admin_key"},
		{"a wrong key beside a right cookie", "GET", "status", "", append(only[:1:1], "Authorization: Bearer nope"), 401, "invalid_admin_key"},
		{"the end without the token", "DELETE", "session", "", only, 403, "csrf_token_missing"},
		{"the end", "DELETE", "session", "", headers, 200, ""},
		{"after the end", "GET", "status", "", only, 401, "invalid_admin_key"},
	} {
		a, code := r.do(c.method, "/admin/"+c.path, c.body, c.headers...), ""
		if a.status >= 400 {
			_, _, _, code = a.error(t)
		}
		if a.status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.body, c.status, c.code)
		}
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	viewer, id := r.adminKey(access.RoleViewer, false)
	chief, _ := r.adminKey(access.RoleAdmin, true)
	byViewer, card := r.signedIn(`{"key":"` + viewer + `"}`)
	if card["role"] != "viewer" || card["read_prompts"] != false {
		t.Errorf("%v", card)
	}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"a viewer looks", "GET", "policy", "", byViewer, 200, ""},
		{"a viewer's key looks", "GET", "policy", "", []string{"Authorization: Bearer " + viewer}, 200, ""},
		{"a viewer publishes", "POST", "policy", `{"source":"x"}`, byViewer, 403, "read_only"},
		{"a viewer makes a key", "POST", "keys", `{"name":"x"}`, byViewer, 403, "read_only"},
		{"a viewer makes an admin key", "POST", "admin-keys", `{"name":"x","role":"admin"}`, byViewer, 403, "read_only"},
		{"a viewer breaks a provider", "PUT", "demo/faults/openai", `{}`, byViewer, 403, "read_only"},
		{"a viewer saves a draft", "PUT", "drafts/policy", `{"name":"x"}`, byViewer, 403, "read_only"},
		{"a viewer takes a backup", "GET", "backup", "", byViewer, 403, "read_only"},
		{"a viewer sees the sessions", "GET", "sessions", "", byViewer, 403, "read_only"},
		{"an admin key sees them", "GET", "sessions", "", []string{"Authorization: Bearer " + chief}, 200, ""},
		{"an admin key makes another", "POST", "admin-keys", `{"name":"new","role":"viewer"}`, []string{"Authorization: Bearer " + chief}, 201, ""},
		{"of a role that is none", "POST", "admin-keys", `{"name":"boss","role":"boss"}`, []string{"Authorization: Bearer " + chief}, 422, "check_failed"},
		{"a viewer looks for words", "GET", "decisions?text=secret", "", byViewer, 403, "prompts_not_readable"},
		{"the key is revoked", "DELETE", "admin-keys/" + id, "", []string{asAdmin}, 200, ""},
		{"its session is over", "GET", "policy", "", byViewer, 401, "invalid_admin_key"},
		{"its key too", "GET", "policy", "", []string{"Authorization: Bearer " + viewer}, 401, "invalid_admin_key"},
	} {
		a, code := r.do(c.method, "/admin/"+c.path, c.body, c.headers...), ""
		if a.status >= 400 {
			_, _, _, code = a.error(t)
		}
		if c.name == "a viewer looks for words" && a.status == 501 { // without a ledger nobody can
			continue
		}
		if a.status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.body, c.status, c.code)
		}
	}
}

func TestAuditNamesTheSession(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	secret, _, err := r.store.Create(access.Key{Name: "ann", Admin: &access.Scope{Role: access.RoleAdmin}}, "test")
	if err != nil {
		t.Fatal(err)
	}
	headers, _ := r.signedIn(`{"key":"` + secret + `"}`)
	if a := r.do("POST", "/admin/keys", `{"name":"app"}`, append(headers, "X-Routor-Author: bob")...); a.status != 201 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	events := r.do("GET", "/admin/audit?what=key", "", asAdmin).fields(t)["events"].([]any)
	if e := events[0].(map[string]any); e["author"] != "ann" || !strings.Contains(fmt.Sprint(e["diff"]), `"name": "app"`) {
		t.Errorf("%v", e)
	}
}

func TestLinkSignsInOnce(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("POST", "/admin/links", `{}`, asAdmin)
	path, _ := a.fields(t)["path"].(string)
	token, ok := strings.CutPrefix(path, "/login?token=")
	if a.status != 201 || !ok {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if _, card := r.signedIn(`{"link":"` + token + `"}`); card["role"] != "admin" {
		t.Errorf("%v", card)
	}
	if a := r.do("POST", "/admin/session", `{"link":"`+token+`"}`); a.status != 401 {
		t.Errorf("a second time: %d %s", a.status, a.body)
	}
}

func TestPromptsAreApart(t *testing.T) {
	t.Parallel()
	const word = "xylophone"
	r, _, flush := recorded(t, setup{profiles: map[string]*access.Profile{"default": {Name: "default", Prompts: ledger.KeepText}}})
	r.do("POST", "/v1/chat/completions", ask("what is a "+word), "X-Request-Id: one")
	flush()
	blind, _ := r.adminKey(access.RoleAdmin, false)
	for _, path := range []string{"decisions", "decisions?full=true", "decisions/one", "decisions/export", "decisions/export?full=true", "decisions/export?format=csv"} {
		if a := r.do("GET", "/admin/"+path, "", asAdmin); a.status != 200 || !strings.Contains(string(a.body), word) && !strings.HasSuffix(path, "csv") {
			t.Errorf("%s: %d: the one who may read prompts sees none: %s", path, a.status, a.body)
		}
		if a := r.do("GET", "/admin/"+path, "", "Authorization: Bearer "+blind); a.status != 200 || strings.Contains(string(a.body), word) || !strings.Contains(string(a.body), "one") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	var last answer
	for range triesAddress + 1 {
		last = r.do("POST", "/admin/session", `{"key":"wrong"}`)
	}
	if _, _, _, code := last.error(t); last.status != 429 || code != "too_many_tries" || last.header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", last.status, last.body, last.header)
	}
	if a := r.do("GET", "/admin/status", "", asAdmin); a.status != http.StatusOK {
		t.Errorf("the key itself is held up too: %d", a.status)
	}
}

func TestTries(t *testing.T) {
	t.Parallel()
	var of tries
	now := time.Unix(1e9, 0)
	for i := range triesAddress {
		if wait := of.take("a", now); wait > 0 {
			t.Fatalf("try %d has to wait %s", i+1, wait)
		}
	}
	if wait := of.take("a", now); wait <= 0 || wait > 6*time.Second {
		t.Errorf("one too many waits %s", wait)
	}
	if wait := of.take("a", now.Add(6*time.Second)); wait > 0 {
		t.Errorf("after 6 s: %s", wait)
	}
	refused := 0
	for i := range 2 * triesAll {
		if of.take(fmt.Sprint(i), now) > 0 {
			refused++
		}
	}
	if refused < triesAll {
		t.Errorf("of %d addresses only %d were refused", 2*triesAll, refused)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSessions()
		token, x := s.begin(identity{name: "ann"}, "::1", time.Now())
		for range 20 { // used every 11 hours it lives on, but no longer than its whole life
			time.Sleep(sessionIdle - time.Hour)
			if alive := s.of([]byte(token), time.Now()) != nil; alive != (time.Since(x.began) < sessionLife) {
				t.Fatalf("after %s: alive %v", time.Since(x.began), alive)
			}
		}
		token, _ = s.begin(identity{name: "bob"}, "::1", time.Now())
		time.Sleep(sessionIdle)
		if s.of([]byte(token), time.Now()) != nil {
			t.Error("an idle one lives on")
		}
		link := s.invite(identity{name: "ann"}, linkLife, time.Now())
		time.Sleep(linkLife)
		if _, ok := s.redeem(link, time.Now()); ok {
			t.Error("a link is good for longer than a minute")
		}
		for i := range mostSessions + 5 {
			s.begin(identity{name: fmt.Sprint(i)}, "::1", time.Now())
			time.Sleep(time.Millisecond)
		}
		if n := len(s.list(nil, time.Now())); n != mostSessions {
			t.Errorf("%d sessions", n)
		}
	})
}

func FuzzSignIn(f *testing.F) {
	for _, seed := range []string{`{"key":"x"}`, `{"link":"x"}`, `{"key":1}`, `{}`, `[`, `{"key":"` + adminKey + `","link":"y"}`} {
		f.Add(seed, "routor_session=x")
	}
	r := serve(f, setup{})
	f.Fuzz(func(t *testing.T, body, cookie string) {
		if strings.ContainsAny(cookie, "\r\n\x00") || strings.Contains(body, adminKey) {
			return
		}
		req, err := http.NewRequestWithContext(context.Background(), "POST", r.url+"/admin/session", strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header["Cookie"] = []string{cookie}
		res, err := client.Do(req)
		if err != nil {
			return // net/http sends no such header
		}
		res.Body.Close()
		if res.StatusCode < 400 || res.StatusCode >= 500 || res.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %d %v", body, res.StatusCode, res.Header)
		}
	})
}

func TestVisitorsNeedNoKey(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{options: func(o *Options) { o.Visitors = true }})
	secret, k, err := r.store.Create(access.Key{Name: "app"}, "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		header string
		status int
	}{{"no key", "X-None: 1", 200}, {"an SDK's placeholder", "Authorization: Bearer sk-none", 200}, {"a key", "Authorization: Bearer " + secret, 200}} {
		if a := r.do("POST", "/v1/chat/completions", ask("hi"), c.header); a.status != c.status {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
	}
	if _, err := r.store.Revoke(k.ID, "test"); err != nil {
		t.Fatal(err)
	}
	if a := r.do("POST", "/v1/chat/completions", ask("hi"), "Authorization: Bearer "+secret); a.status != 401 {
		t.Errorf("a revoked key: %d %s", a.status, a.body)
	}
}

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
)

func TestAdminIsGuarded(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, c := range []struct {
		name    string
		headers []string
		status  int
		code    string
	}{
		{"the key", []string{asAdmin}, 200, ""},
		{"localhost", []string{asAdmin, "Host: localhost:1234"}, 200, ""},
		{"IPv6", []string{asAdmin, "Host: [::1]:1234"}, 200, ""},
		{"own origin", []string{asAdmin, "Host: localhost:1234", "Origin: http://localhost:1234"}, 200, ""},
		{"no key", nil, 401, "invalid_admin_key"},
		{"wrong key", []string{"Authorization: Bearer nope"}, 401, "invalid_admin_key"},
		{"a name that was bound to this address", []string{asAdmin, "Host: evil.example"}, 403, "host_not_allowed"},
		{"a page of another site", []string{asAdmin, "Origin: https://evil.example"}, 403, "origin_not_allowed"},
		{"a page on another port", []string{asAdmin, "Host: localhost:1234", "Origin: http://localhost:3000"}, 403, "origin_not_allowed"},
		{"a file", []string{asAdmin, "Origin: null"}, 403, "origin_not_allowed"},
		{"a link of another site", []string{asAdmin, "Sec-Fetch-Site: cross-site"}, 403, "origin_not_allowed"},
	} {
		a := r.do("GET", "/admin/status", "", c.headers...)
		code := ""
		if a.status != 200 {
			_, _, _, code = a.error(t)
		}
		if a.status != c.status || code != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, a.status, a.body, c.status, c.code)
		}
		if a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: CORS is open", c.name)
		}
	}
	if a := r.do("POST", "/admin/policy", `{}`, asAdmin, "Content-Type: text/plain"); a.status != 415 {
		t.Errorf("text/plain: %d %s", a.status, a.body)
	}
	if a := r.do("GET", "/admin/nothing", "", asAdmin); a.status != 404 {
		t.Errorf("/admin/nothing: %d", a.status)
	}
	if a := r.do("DELETE", "/admin/policy", "", asAdmin); a.status != 405 || a.header.Get("Allow") != "GET, POST, PUT" {
		t.Errorf("DELETE: %d %v", a.status, a.header)
	}
}

func TestAdminReads(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for _, a := range adminCalls {
		if !strings.Contains(a.methods, "GET") || strings.HasSuffix(a.path, "*") || notJSON[a.path] != "" || a.path == "compare/classifier" { // which needs two to compare
			continue
		}
		got := r.do("GET", "/admin/"+a.path, "", asAdmin)
		if got.status == 501 && (strings.Contains(string(got.body), "keeps no ledger") || strings.Contains(string(got.body), "learns nothing")) { // which tests of their own have
			continue
		}
		if got.status != 200 || len(got.fields(t)) == 0 {
			t.Errorf("/admin/%s: %d %s", a.path, got.status, got.body)
		}
	}
	for _, want := range adminCalls {
		if !strings.Contains(string(AdminReference()), "/admin/"+strings.TrimSuffix(want.path, "*")) {
			t.Errorf("the reference lacks %s", want.path)
		}
	}
}

func publishBody(source string, more map[string]any) string {
	body := map[string]any{"source": source}
	for k, v := range more {
		body[k] = v
	}
	b, _ := json.Marshal(body)
	return string(b)
}

func TestPublishPolicy(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	source := string(policies.Default())
	before := r.Engine.Live.Version()
	rule := "rules:\n  - name: greetings stay in Europe\n    when: tier == NANO\n    only: provider == \"mistral\"\n"
	next := strings.Replace(source, "rules:\n", rule, 1)

	a := r.do("POST", "/admin/policy", publishBody(next, map[string]any{"dry_run": true}), asAdmin)
	if a.status != 200 || r.Engine.Live.Version() != before {
		t.Fatalf("dry run: %d %s", a.status, a.body)
	}
	a = r.do("PUT", "/admin/policy", publishBody(next, map[string]any{"note": "a test", "version": 0, "author": "ann"}), asAdmin)
	if a.status != 200 || r.Engine.Live.Version() != before+1 {
		t.Fatalf("publish: %d %s", a.status, a.body)
	}
	if got := r.do("POST", "/v1/chat/completions", ask("hi")).header.Get("X-Routor-Model"); !strings.HasPrefix(got, "mistral/") {
		t.Errorf("hi went to %s", got)
	}
	shown := r.do("GET", "/admin/policy", "", asAdmin).fields(t)
	snapshot, _ := shown["snapshot"].(map[string]any)
	if shown["source"] != next || snapshot["author"] != "ann" || snapshot["note"] != "a test" {
		t.Errorf("%v", shown)
	}
	a = r.do("POST", "/admin/policy", publishBody(source, map[string]any{"version": 0}), asAdmin)
	message, _, param, code := a.error(t)
	if a.status != 409 || param != "version" || code != "version_conflict" || !strings.Contains(message, "version 1 of the policy, by ann") || !strings.Contains(message, "+  - name: greetings stay in Europe") ||
		!strings.Contains(string(a.body), `"conflict":{"kind":"policy"`) {
		t.Errorf("stale: %d %s", a.status, a.body)
	}
	a = r.do("POST", "/admin/policy", publishBody(strings.Replace(next, "tier == NANO", "teir == NANO", 1), nil), asAdmin)
	message, _, param, code = a.error(t)
	if a.status != 422 || code != "check_failed" || !strings.Contains(message, "tier") || param == "" || !strings.Contains(string(a.body), `"problems":[{"file":"policy.yaml","line":`) {
		t.Errorf("mistake: %d %s", a.status, a.body)
	}
	if r.Engine.Live.Version() != before+1 {
		t.Error("a policy that does not check went live")
	}
}

func TestPolicyOfAFile(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{files: map[store.Kind]File{store.Policy: {"/etc/policy.yaml", policies.Default()}}})
	source := string(policies.Default())
	a := r.do("POST", "/admin/policy", publishBody(source, nil), asAdmin)
	if message, _, _, code := a.error(t); a.status != 409 || code != "owned_by_file" || !strings.Contains(message, "/etc/policy.yaml") {
		t.Errorf("%d %s", a.status, a.body)
	}
	drift := func() string {
		b, _ := json.Marshal(r.do("GET", "/admin/documents", "", asAdmin).fields(t)["drift"])
		return string(b)
	}
	if got := drift(); strings.Contains(got, "why") {
		t.Errorf("drift of a file that was just published: %s", got)
	}
	if a = r.do("POST", "/admin/policy", publishBody(source+"# pinned\n", map[string]any{"force": true}), asAdmin); a.status != 200 {
		t.Errorf("force: %d %s", a.status, a.body)
	}
	if got := drift(); !strings.Contains(got, "the file differs from what serves: version 2") {
		t.Errorf("drift of a pinned policy: %s", got)
	}
	if err := r.Documents.TakeFile(t.Context(), store.Policy, File{"/etc/policy.yaml", policies.Default()}); err != nil || r.Documents.Live(store.Policy).Number != 2 {
		t.Errorf("a file that has not changed ended the pin: %v", err)
	}
	if err := r.Documents.TakeFile(t.Context(), store.Policy, File{"/etc/policy.yaml", []byte(source + "# changed\n")}); err != nil || r.Documents.Live(store.Policy).Number != 3 {
		t.Errorf("a file that has changed was not taken over: %v", err)
	}
	if a = r.do("POST", "/admin/adopt/policy", `{"author": "ann"}`, asAdmin); a.status != 200 {
		t.Errorf("adopt: %d %s", a.status, a.body)
	}
	if a = r.do("POST", "/admin/policy", publishBody(source, nil), asAdmin); a.status != 200 {
		t.Errorf("after it was adopted: %d %s", a.status, a.body)
	}
	if err := r.Documents.TakeFile(t.Context(), store.Policy, File{"/etc/policy.yaml", []byte(source + "# again\n")}); err != nil || r.Documents.Live(store.Policy).Number != 5 {
		t.Errorf("a file that owns nothing any more was taken over: %v", err)
	}
	if got := drift(); !strings.Contains(got, "the store owns the policy") {
		t.Errorf("drift of an adopted policy: %s", got)
	}
}

func TestVersionsOfAPolicy(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for i := range 3 {
		source := strings.Replace(string(policies.Default()), "balance: 0.5", fmt.Sprintf("balance: 0.%d", i+1), 1)
		if a := r.do("POST", "/admin/documents/policy", publishBody(source, map[string]any{"version": i}), asAdmin, "X-Routor-Author: ann"); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	for path, want := range map[string]string{
		"documents/policy":              `"version":3`,
		"documents/policy?version=2":    "balance: 0.2",
		"documents/policy?version=9":    "no such version",
		"documents/weather":             "there is no kind",
		"history/policy":                `"diff":" value:\n   # One knob`,
		"history/policy?before=2":       `"version":1`,
		"history/policy?limit=x":        "whole number",
		"diff/policy?from=1":            `-  balance: 0.1\n+  balance: 0.3`,
		"audit?what=policy&limit=1":     `"author":"ann"`,
		"documents/catalog":             `"document":null`,
		"fleet":                         `"name":"test"`,
		"drafts/policy":                 `"drafts":[]`,
		"drafts/policy?author=a&name=b": "no such draft",
	} {
		if a := r.do("GET", "/admin/"+path, "", asAdmin); !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	a := r.do("POST", "/admin/rollback/policy", `{"to": 1, "version": 3, "note": "too dear"}`, asAdmin)
	if a.status != 200 || !strings.Contains(string(a.body), `"rollback":1`) || !strings.Contains(string(a.body), `"state":"live"`) {
		t.Errorf("rollback: %d %s", a.status, a.body)
	}
	s := r.Engine.Live.Acquire()
	defer s.Release()
	if s.Policy.Balance != .1 || s.Note != "too dear" {
		t.Errorf("balance %v serves, note %q", s.Policy.Balance, s.Note)
	}
	if a := r.do("POST", "/admin/rollback/policy", `{"to": 1, "version": 3}`, asAdmin); a.status != 409 {
		t.Errorf("stale rollback: %d %s", a.status, a.body)
	}
	if a := r.do("POST", "/admin/adopt/policy", `{}`, asAdmin); a.status != 422 {
		t.Errorf("adopting what belongs to no file: %d %s", a.status, a.body)
	}
	a = r.do("PUT", "/admin/drafts/policy", `{"author": "ann", "name": "next", "base": 4, "content": "name: x"}`, asAdmin)
	if a.status != 200 {
		t.Errorf("draft: %d %s", a.status, a.body)
	}
	if a = r.do("PUT", "/admin/drafts/policy", `{"author": "ann", "name": "next", "base": 4, "content": "name: y"}`, asAdmin); a.status != 409 {
		t.Errorf("a draft was overwritten: %d %s", a.status, a.body)
	}
	if a = r.do("DELETE", "/admin/drafts/policy?author=ann&name=next", "", asAdmin); a.status != 200 {
		t.Errorf("delete the draft: %d %s", a.status, a.body)
	}
}

func TestPublishClassifier(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	wasm := "Content-Type: application/wasm"
	if a := r.do("POST", "/admin/classifier", "\x00asm nonsense", asAdmin, wasm); a.status != 422 {
		t.Errorf("nonsense: %d %s", a.status, a.body)
	}
	if a := r.do("POST", "/admin/classifier", "{}", asAdmin); a.status != 415 {
		t.Errorf("JSON: %d %s", a.status, a.body)
	}
	for i, path := range []string{"/admin/classifier?note=mine", "/admin/classifier?builtin=true"} {
		body := ""
		if i == 0 {
			body = string(builtin.Module)
		}
		before := r.Engine.Live.Version()
		if a := r.do("POST", path, body, asAdmin, wasm); a.status != 200 || r.Engine.Live.Version() != before+1 {
			t.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		if a := r.do("POST", "/v1/chat/completions", ask("hi")); a.status != 200 || a.header.Get("X-Routor-Tier") != "NANO" {
			t.Errorf("%d %v", a.status, a.header)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	const chat = "/v1/chat/completions"
	if a := r.do("POST", chat, ask("hi"), "Authorization: Bearer sk-whatever"); a.status != 200 {
		t.Fatalf("before any key: %d %s", a.status, a.body)
	}
	if a := r.do("POST", "/admin/keys", `{"name":"ci","profile":"nope"}`, asAdmin); a.status != 422 || !strings.Contains(string(a.body), "there are default") {
		t.Errorf("unknown profile: %d %s", a.status, a.body)
	}
	a := r.do("POST", "/admin/keys", `{"name":"ci","team":"platform"}`, asAdmin)
	made := a.fields(t)
	secret, _ := made["secret"].(string)
	id, _ := made["id"].(string)
	if a.status != 201 || !strings.HasPrefix(secret, "rtr_") || id == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, c := range []struct {
		header string
		status int
		code   string
	}{
		{"Authorization: Bearer " + secret, 200, ""},
		{"Authorization: bearer " + secret, 200, ""},
		{"X-Api-Key: " + secret, 200, ""},
		{"Api-Key: " + secret, 200, ""},
		{"X-Nothing: x", 401, "missing_api_key"},
		{"Authorization: Bearer rtr_wrong0000000000000", 401, "invalid_api_key"},
		{asAdmin, 401, "invalid_api_key"},
	} {
		for _, path := range []string{chat, "/v1/route"} {
			a := r.do("POST", path, ask("hi"), c.header)
			code := ""
			if a.status != 200 {
				_, _, _, code = a.error(t)
			}
			if a.status != c.status || code != c.code {
				t.Errorf("%s with %s: %d %s", path, c.header, a.status, a.body)
			}
		}
		if a := r.do("GET", "/v1/models", "", c.header); a.status != c.status {
			t.Errorf("models with %s: %d", c.header, a.status)
		}
	}
	if a := r.do("GET", "/admin/keys", "", asAdmin); a.status != 200 || strings.Contains(string(a.body), secret) || !strings.Contains(string(a.body), id) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := r.do("DELETE", "/admin/keys/"+id, "", asAdmin); a.status != 200 {
		t.Errorf("revoke: %d %s", a.status, a.body)
	}
	a = r.do("POST", chat, ask("hi"), "Authorization: Bearer "+secret)
	if message, _, _, code := a.error(t); a.status != 401 || code != "revoked_api_key" || strings.Contains(message, secret) {
		t.Errorf("revoked: %d %s", a.status, a.body)
	}
}

// TestOwnAdminListener: when clients call from elsewhere, admin, pages and metrics are not where they call, and they need
// keys.
func TestOwnAdminListener(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{config: func(c *config.Config) { c.Listen, c.AdminListen = "0.0.0.0:0", "127.0.0.1:0" }})
	_, port, _ := strings.Cut(r.Addr().String()[3:], ":")
	r.url = "http://127.0.0.1:" + port[strings.LastIndexByte(port, ':')+1:]
	admin := "http://" + r.AdminAddr().String()
	for _, c := range []struct {
		url    string
		status int
	}{
		{r.url + "/healthz", 200}, {r.url + "/readyz", 200}, {r.url + "/metrics", 404}, {r.url + "/admin/status", 404}, {r.url + "/", 404},
		{r.url + "/v1/models", 401}, {admin + "/healthz", 200}, {admin + "/metrics", 200}, {admin + "/admin/status", 200}, {admin + "/", 200},
		{admin + "/v1/models", 404},
	} {
		if a := r.do("GET", c.url, "", asAdmin); a.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.url, a.status, a.body, c.status)
		}
	}
	if a := r.do("POST", "/v1/chat/completions", ask("hi")); a.status != 401 {
		t.Errorf("without a key: %d", a.status)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("GET", "/", "")
	if a.status != http.StatusOK || !strings.Contains(string(a.body), "Routor") || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%d %v", a.status, a.header)
	}
	for _, outside := range []string{"src=\"http", "href=\"http", "@import", "url(http"} {
		if strings.Contains(string(a.body), outside) {
			t.Errorf("the page loads something from elsewhere: %s", outside)
		}
	}
	if a := r.do("GET", "/../../etc/passwd", ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	r.do("POST", "/v1/chat/completions", ask("hi"), "X-Request-Id: one")
	r.do("POST", "/v1/chat/completions", ask("hi", `"stream":true`), "X-Request-Id: two")
	until(t, "both are there", func() bool {
		list, _ := r.do("GET", "/admin/decisions?limit=5", "", asAdmin).fields(t)["decisions"].([]any)
		return len(list) == 2 && slices.ContainsFunc(list, func(d any) bool { return d.(map[string]any)["id"] == "two" })
	})
	d := r.do("GET", "/admin/decisions/one", "", asAdmin).fields(t)
	if full, _ := d["decision"].(map[string]any); d["outcome"] != "ok" || d["tier"] != "NANO" || full["candidates"] == nil {
		t.Errorf("%v", d)
	}
	if a := r.do("GET", "/admin/decisions/nope", "", asAdmin); a.status != 404 {
		t.Errorf("%d", a.status)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("PUT", "/admin/demo/faults/openai", `{"error":"rate_limited","rate":0.5,"retry_after":"2s"}`, asAdmin)
	if got := a.fields(t); a.status != 200 || got["error"] != "rate_limited" || got["rate"] != .5 || got["retry_after"] != "2s" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := r.do("PUT", "/admin/demo/faults/openai", `{"eror":"server"}`, asAdmin); a.status != 422 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := r.do("PUT", "/admin/demo/faults/nobody", `{}`, asAdmin); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := r.do("DELETE", "/admin/demo/faults/openai", "", asAdmin); len(a.fields(t)) != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

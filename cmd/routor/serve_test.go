package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// transcript is what a server writes, safe to be read meanwhile.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// serving is a server in this process.
type serving struct {
	notes *transcript
	base  string
	stop  func() int // the exit code
}

func serve(t *testing.T, args ...string) *serving {
	t.Helper()
	s := &serving{notes: &transcript{}}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), io.Discard, s.notes)
	}()
	s.stop = sync.OnceValue(func() int { cancel(); return <-code })
	t.Cleanup(func() { s.stop() })
	address := regexp.MustCompile(`serves (http://[^/]+)/v1`)
	s.until(t, "a greeting", func() bool {
		if m := address.FindStringSubmatch(s.notes.String()); m != nil {
			s.base = m[1]
		}
		select {
		case c := <-code:
			t.Fatalf("serve ended with %d: %s", c, s.notes)
		default:
		}
		return s.base != "" && strings.Contains(s.notes.String(), `"hi"}]}'`)
	})
	return s
}

func (s *serving) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come: %s", what, s.notes)
		}
	}
}

func (s *serving) says(t *testing.T, part string) {
	t.Helper()
	s.until(t, part, func() bool { return strings.Contains(s.notes.String(), part) })
}

func TestServeDemo(t *testing.T) {
	dir := clean(t)
	t.Setenv("OPENAI_API_KEY", "sk-a-real-key-that-must-stay-unused")
	policy := write(t, filepath.Join(dir, "policy.yaml"), "name: first\n")
	s := serve(t, "--demo", "--policy", policy)
	greeting := s.notes.String()
	if n := strings.Count(greeting, "\n"); n > 12 {
		t.Errorf("the greeting has %d lines:\n%s", n, greeting)
	}
	for _, part := range []string{"simulated: 13 providers", "ignored in the demo: OPENAI_API_KEY", "admin: " + s.base, "curl " + s.base} {
		if !strings.Contains(greeting, part) {
			t.Errorf("the greeting lacks %q:\n%s", part, greeting)
		}
	}
	if strings.Contains(greeting, "must-stay") {
		t.Error("the greeting shows a key")
	}

	res, err := http.Post(s.base+"/v1/chat/completions", "application/json", strings.NewReader(hi))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != 200 || !strings.Contains(string(body), `"routor":{"model":"`) {
		t.Errorf("HTTP %d: %s", res.StatusCode, body)
	}

	t.Setenv("ROUTOR_URL", s.base)
	t.Setenv("ROUTOR_ADMIN_KEY", demoAdminKey)
	for _, x := range []struct {
		args string
		code int
		out  string // part of stdout or stderr
	}{
		{"policy list", 0, `"name":"first"`},
		{"policy show", 0, "name: first"},
		{"profile list", 0, `"name":"default"`},
		{"provider list", 0, `"id":"openai"`},
		{"provider check openai", 0, `"state": "healthy"`},
		{"decision list -o table", 0, "chat_roleplay"},
		{"decision test hi -o json", 0, `"tier": "NANO"`},
		{"policy publish policy.yaml", 4, "which is followed"},
		{"policy publish policy.yaml --on 99 --force", 4, "version"},
		{"policy publish policy.yaml --dry-run", 0, "nothing was published"},
		{"key list --admin-key not-the-admin-key", 3, "admin key"},
	} {
		code, out, notes := routor(t, "", strings.Fields(x.args)...)
		if code != x.code || !strings.Contains(out+notes, x.out) {
			t.Errorf("%s: exit %d, want %d with %q\n%s%s", x.args, code, x.code, x.out, out, notes)
		}
	}

	write(t, policy, "name: second\n")
	s.says(t, "policy.yaml: taken over")
	if _, out, _ := routor(t, "", "policy", "list"); !strings.Contains(out, `"name":"second"`) {
		t.Errorf("after the change: %s", out)
	}
	write(t, policy, "nam: third\n")
	s.says(t, "policy.yaml: not taken over, the old goes on serving")
	if _, out, _ := routor(t, "", "policy", "list"); !strings.Contains(out, `"name":"second"`) {
		t.Errorf("after the mistake: %s", out)
	}

	code, secret, notes := routor(t, "", "key", "add", "--name", "app")
	if code != 0 || !strings.HasPrefix(secret, "rtr_") {
		t.Fatalf("%d, %s%s", code, secret, notes)
	}
	if res, err = http.Post(s.base+"/v1/route", "application/json", strings.NewReader(hi)); err != nil || res.StatusCode != 200 {
		t.Errorf("a visitor of the demo once there is a key: %v, %v", res, err)
	}
	res.Body.Close()
	if code, _, notes := routor(t, "", "decision", "test", "hi", "--key", strings.TrimSpace(secret)); code != 0 {
		t.Errorf("with the key: %d, %s", code, notes)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("serve ends with %d: %s", code, s.notes)
	}
}

func TestServeForReal(t *testing.T) {
	dir := clean(t)
	upstream := serve(t, "--demo", "--data", filepath.Join(dir, "upstream")) // stands in for an endpoint of one's own
	keyFile := write(t, filepath.Join(dir, "key"), "")
	write(t, "routor.yaml", `providers:
  local: {base_url: "`+upstream.base+`/v1", api_key_file: `+keyFile+`, models: [{name: auto, context: 8000, input: 0.1, output: 0.1}]}
  microsoft: {api_key: "key-of-microsoft-1234"}
profiles:
  cheap: {ceiling: LIGHT}
`)
	s := serve(t, "--data", filepath.Join(dir, "own"))
	for _, part := range []string{"local (no key in " + keyFile + " yet)", "microsoft (no resource: write", "admin.key, just made"} {
		if !strings.Contains(s.notes.String(), part) {
			t.Errorf("the greeting lacks %q:\n%s", part, s.notes)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "own", "admin.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin.key: %v, %v", info, err)
	}
	write(t, keyFile, "a-key")
	s.says(t, keyFile+": taken over")
	ask := func(path, body string) (int, string) {
		res, err := http.Post(s.base+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		answer, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(answer)
	}
	named := strings.Replace(hi, `"auto"`, `"local/auto"`, 1)
	var status int
	var answer string
	s.until(t, "an answer through the new key", func() bool {
		status, answer = ask("/v1/chat/completions", named)
		return status == 200
	})
	if !strings.Contains(answer, `"model":"local/auto"`) {
		t.Errorf("%s", answer)
	}
	if code, list, notes := routor(t, "", "provider", "list", "-o", "csv"); code != 0 || !strings.Contains(list, upstream.base+"/v1") {
		t.Errorf("provider list: %d, %s%s", code, list, notes)
	}
	if code, list, notes := routor(t, "", "profile", "list", "-o", "csv"); code != 0 || !strings.Contains(list, "cheap,,LIGHT") {
		t.Errorf("profile list: %d, %s%s", code, list, notes)
	}
	if status, answer := ask("/v1/route", strings.Replace(named, "{", `{"routor_profile":"cheap","routor_tier_floor":"COMPLEX",`, 1)); status != 403 || !strings.Contains(answer, "ceiling") {
		t.Errorf("beyond the profile: %d, %s", status, answer)
	}
	code, _, notes := routor(t, "", "serve", "--listen", strings.TrimPrefix(s.base, "http://"), "--data", filepath.Join(dir, "third"))
	if code != 1 || !strings.Contains(notes, "--listen") {
		t.Errorf("a busy port: %d, %s", code, notes)
	}
}

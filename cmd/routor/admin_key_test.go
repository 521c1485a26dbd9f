package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestAdminKeysAndLinks(t *testing.T) {
	s := serve(t, "--demo")
	t.Setenv("ROUTOR_URL", s.base)
	t.Setenv("ROUTOR_ADMIN_KEY", demoAdminKey)
	code, link, notes := routor(t, "", "open", "--no-browser")
	at, err := url.Parse(strings.TrimSpace(link))
	if code != 0 || err != nil || at.Path != "/login" || at.Query().Get("token") == "" || !strings.HasPrefix(link, s.base) {
		t.Fatalf("%d %q %s", code, link, notes)
	}
	for i, want := range []int{200, 401} {
		res, err := http.Post(s.base+"/admin/session", "application/json", strings.NewReader(`{"link":"`+at.Query().Get("token")+`"}`))
		if err != nil || res.StatusCode != want {
			t.Fatalf("time %d: %v %v", i+1, res, err)
		}
		res.Body.Close()
	}
	code, secret, notes := routor(t, "", "admin-key", "add", "--name", "dash", "--expires", "1d")
	if secret = strings.TrimSpace(secret); code != 0 || !strings.HasPrefix(secret, "rtr_admin_") {
		t.Fatalf("%d %q %s", code, secret, notes)
	}
	if code, out, _ := routor(t, "", "admin-key", "list"); code != 0 || !strings.Contains(out, "dash") || !strings.Contains(out, "viewer") || strings.Contains(out, secret) {
		t.Errorf("%d %s", code, out)
	}
	t.Setenv("ROUTOR_ADMIN_KEY", secret)
	if code, out, notes := routor(t, "", "policy", "list"); code != 0 {
		t.Errorf("a viewer looks: %d %s%s", code, out, notes)
	}
	if code, _, notes := routor(t, "", "key", "add", "--name", "x"); code != 3 || !strings.Contains(notes, "dash may look, and change nothing") {
		t.Errorf("a viewer changes: %d %s", code, notes)
	}
	t.Setenv("ROUTOR_ADMIN_KEY", demoAdminKey)
	if code, _, notes := routor(t, "", "admin-key", "revoke", "dash", "--yes"); code != 0 {
		t.Errorf("%d %s", code, notes)
	}
	t.Setenv("ROUTOR_ADMIN_KEY", secret)
	if code, _, notes := routor(t, "", "policy", "list"); code != 3 || !strings.Contains(notes, "revoked") {
		t.Errorf("after the end: %d %s", code, notes)
	}
}

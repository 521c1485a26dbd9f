package access

import (
	"errors"
	"strings"
	"testing"
)

func TestAdminKeysAreNoClients(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	viewer, made, err := s.Create(Key{Name: "grafana", Admin: &Scope{Role: RoleViewer}}, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if s.Any() {
		t.Error("a key of the admin API has closed the door to clients without keys")
	}
	if !strings.HasPrefix(viewer, "rtr_admin_") || len(s.List()) != 0 || len(s.Admins()) != 1 {
		t.Errorf("%q, %v, %v", viewer[:12], s.List(), s.Admins())
	}
	client, _, err := s.Create(Key{Name: "grafana"}, "ann") // the same name, of another kind
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		lookup func([]byte) (*Key, error)
		secret string
		want   error
	}{
		{"a viewer's key calls no model", s.Lookup, viewer, ErrUnknown},
		{"a client's key opens no admin API", s.LookupAdmin, client, ErrUnknown},
		{"a viewer's key", s.LookupAdmin, viewer, nil},
		{"a client's key", s.Lookup, client, nil},
	} {
		if _, err := c.lookup([]byte(c.secret)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if k, ok := s.Get("grafana"); !ok || k.Admin != nil {
		t.Errorf("Get: %v %v", k, ok)
	}
	if k, ok := s.Admin("grafana"); !ok || k.ID != made.ID {
		t.Errorf("Admin: %v %v", k, ok)
	}
	if _, ok := s.Get(made.ID); ok {
		t.Error("a key of the admin API is among the clients'")
	}
	if _, err := s.Revoke(made.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LookupAdmin([]byte(viewer)); !errors.Is(err, ErrRevoked) {
		t.Errorf("revoked: %v", err)
	}
	if _, _, err := s.Create(Key{Name: "x", Admin: &Scope{Role: "boss"}}, ""); err == nil || !strings.Contains(err.Error(), "viewer") {
		t.Errorf("a role that is none: %v", err)
	}
}

func TestAuditOfKeysShowsTheDifference(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	secret, k, err := s.Create(Key{Name: "app"}, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetLimits(k.ID, &Limits{Requests: 5}, "bob"); err != nil {
		t.Fatal(err)
	}
	h, err := s.state.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	events, err := h.Events(t.Context(), "key", 0, 10)
	if err != nil || len(events) != 2 {
		t.Fatalf("%v %v", events, err)
	}
	if e := events[0]; e.Author != "bob" || e.Action != "key.limits" || !strings.Contains(e.Diff, "+") || !strings.Contains(e.Diff, "requests_per_minute") {
		t.Errorf("%+v", e)
	}
	for _, e := range events {
		if strings.Contains(e.Diff, secret) || strings.Contains(e.Diff, k.hash.String()) {
			t.Errorf("the log holds a secret: %s", e.Diff)
		}
	}
}

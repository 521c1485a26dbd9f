package access

import (
	"errors"
	"testing"
	"time"
)

func TestRotate(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	first, old := create(t, s, Key{Name: "web", Team: "product", Limits: &Limits{DayUSD: usd(5)}})
	second, made, err := s.Rotate("web", time.Hour, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if second == first || made.ID == old.ID || made.Name != "web" || made.Team != "product" || made.Limits == nil || !made.Expires.IsZero() {
		t.Errorf("%+v", made)
	}
	kept, _ := s.Get(old.ID)
	if left := time.Until(kept.Expires); left < 59*time.Minute || left > time.Hour || kept.State(time.Now()) != "active" {
		t.Errorf("the old key expires in %s, %s", left, kept.State(time.Now()))
	}
	if k, ok := s.Get("web"); !ok || k.ID != made.ID {
		t.Errorf("the name leads to %s, want the new key %s", k.ID, made.ID)
	}
	if _, err := s.Revoke(made.ID, "ann"); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]error{made.ID: ErrRevoked, "nobody": ErrUnknown} {
		if _, _, err := s.Rotate(id, 0, "ann"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", id, err, want)
		}
	}
	// At once: the old one goes with the change.
	if _, _, err := s.Rotate(old.ID, 0, "ann"); err != nil {
		t.Fatal(err)
	}
	if gone, _ := s.Get(old.ID); gone.State(time.Now()) != "expired" {
		t.Errorf("the old key is %s", gone.State(time.Now()))
	}
}

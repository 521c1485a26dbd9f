package access

import (
	"errors"
	"testing"
)

func TestFilledHoldsItsKeysAndNoOthers(t *testing.T) {
	t.Parallel()
	s, secret := Filled(1000)
	for i := range 1000 {
		if k, err := s.Lookup(secret(i)); err != nil || k.Name == "" {
			t.Fatalf("key %d: %v", i, err)
		}
	}
	if _, err := s.Lookup(secret(1000)); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

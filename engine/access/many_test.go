package access

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestManyKeys says how long a replica takes to read many keys, and how long a change takes to another replica. ROUTOR_KEYS
// says how many; by default 2,000.
func TestManyKeys(t *testing.T) {
	many := 2000
	if n, err := strconv.Atoi(os.Getenv("ROUTOR_KEYS")); err == nil {
		many = n
	}
	st := state(t, t.TempDir())
	a := replica(t, st, t.TempDir())
	keys := make([]*Key, many)
	begin := time.Now()
	for i := range keys {
		keys[i] = &Key{ID: fmt.Sprintf("key_%d", i), Name: fmt.Sprint("k", i), Created: begin, hash: a.hasher.Load().digest([]byte(fmt.Sprint("secret", i)))}
	}
	if err := a.putAll(t.Context(), keys); err != nil {
		t.Fatal(err)
	}
	written := time.Since(begin)
	begin = time.Now()
	b := replica(t, st, t.TempDir())
	read := time.Since(begin)
	if _, err := b.Lookup([]byte(fmt.Sprint("secret", many-1))); err != nil {
		t.Fatal(err)
	}
	var worst time.Duration
	for i := range 20 {
		begin = time.Now()
		secret, made := create(t, a, Key{Name: fmt.Sprint("new", i)})
		until(t, "the key at the other replica", func() bool { _, err := b.Lookup([]byte(secret)); return err == nil })
		if _, err := a.Revoke(made.ID, "ann"); err != nil {
			t.Fatal(err)
		}
		until(t, "the end of the key", func() bool { _, err := b.Lookup([]byte(secret)); return err == ErrRevoked })
		worst = max(worst, time.Since(begin)/2)
	}
	t.Logf("%d keys: written in %v, read by a replica that starts in %v; a change is live elsewhere within %v", many, written, read, worst)
	if worst > time.Second {
		t.Errorf("a change took %v", worst)
	}
}

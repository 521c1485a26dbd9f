package access

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/engine/store"
)

func state(t testing.TB, dir string) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: dir, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	return st
}

// replica is one of several that share a state, with a directory of its own.
func replica(t testing.TB, st *store.Store, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), st, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	return replica(t, state(t, dir), dir)
}

func create(t testing.TB, s *Store, k Key) (string, Key) {
	t.Helper()
	secret, made, err := s.Create(k, "ann")
	if err != nil {
		t.Fatal(err)
	}
	return secret, made
}

// until polls, because what another replica changed comes by itself.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what + " did not come")
		}
	}
}

func TestKeyLife(t *testing.T) {
	t.Parallel()
	st := state(t, t.TempDir())
	s := replica(t, st, t.TempDir())
	if s.Any() {
		t.Error("a fresh store has keys")
	}
	secret, made := create(t, s, Key{Name: "app", Team: "search", Tags: []string{"prod"}, Profile: "cheap", Also: []string{"best"}})
	if !strings.HasPrefix(secret, "rtr_") || len(secret) != 4+43 || made.Last4 != secret[len(secret)-4:] || !strings.HasPrefix(made.ID, "key_") {
		t.Errorf("%s, %+v", secret, made)
	}
	k, err := s.Lookup([]byte(secret))
	if err != nil || k.Name != "app" || k.Team != "search" || k.ProfileName() != "cheap" {
		t.Errorf("%+v, %v", k, err)
	}
	for _, wrong := range []string{"", "rtr_", secret[:len(secret)-1], secret + "x", strings.ToLower(secret), strings.Repeat("x", 1000)} {
		if _, err := s.Lookup([]byte(wrong)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%.60q: %v", wrong, err)
		}
	}
	if _, _, err := s.Create(Key{Name: "app"}, "ann"); err == nil || !strings.Contains(err.Error(), made.ID) {
		t.Errorf("the same name twice: %v", err)
	}
	if _, _, err := s.Create(Key{Name: " "}, "ann"); err == nil {
		t.Error("a key without a name")
	}
	if _, _, err := s.Create(Key{Name: "old", Expires: time.Now().Add(-time.Hour)}, "ann"); err == nil {
		t.Error("a key that has expired before it was made")
	}

	again := replica(t, st, t.TempDir()) // another replica, which takes over the secret of the first
	if k, err := again.Lookup([]byte(secret)); err != nil || k.ID != made.ID {
		t.Errorf("at another replica: %+v, %v", k, err)
	}
	if _, err := again.Revoke("app", "bob"); err != nil {
		t.Error(err)
	}
	until(t, "the end of the key", func() bool { _, err := s.Lookup([]byte(secret)); return errors.Is(err, ErrRevoked) })
	h, err := st.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if events, err := h.Events(t.Context(), "key", 0, 10); err != nil || len(events) != 2 || events[0].Author != "bob" || events[0].Action != "key.revoke" || events[1].Name != "app" {
		t.Errorf("the audit log has %+v, %v", events, err)
	}
	if !s.Any() {
		t.Error("a revoked key opens the door to all")
	}
	if _, err := s.Revoke("nobody", "bob"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	create(t, s, Key{Name: "app"}) // the name is free again
	if k, ok := s.Get("app"); !ok || !k.Revoked.IsZero() {
		t.Errorf("%+v", k)
	}
	if n := len(s.List()); n != 2 {
		t.Errorf("%d keys", n)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	secret, made := create(t, s, Key{Name: "brief", Expires: time.Now().Add(time.Hour)})
	if _, err := s.Lookup([]byte(secret)); err != nil {
		t.Error(err)
	}
	made.Expires = time.Now().Add(-time.Second)
	s.table.put(&made)
	if _, err := s.Lookup([]byte(secret)); !errors.Is(err, ErrExpired) {
		t.Error(err)
	}
	if state := made.State(time.Now()); state != "expired" {
		t.Error(state)
	}
}

func TestFilesHoldNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	secret, _ := create(t, s, Key{Name: "app"})
	admin, generated, err := AdminKey(dir, "")
	if err != nil || !generated {
		t.Fatal(admin, generated, err)
	}
	if again, generated, _ := AdminKey(dir, ""); again != admin || generated {
		t.Error("the admin key changes from start to start")
	}
	if given, _, _ := AdminKey(dir, "given"); given != "given" {
		t.Error(given)
	}
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		if rel, _ := filepath.Rel(dir, path); !strings.Contains(rel, string(filepath.Separator)) { // what lies deeper is behind these
			info, _ := e.Info()
			if want := map[bool]os.FileMode{true: 0o700, false: 0o600}[e.IsDir()]; info.Mode().Perm() != want {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
		if content, _ := os.ReadFile(path); strings.Contains(string(content), secret) {
			t.Errorf("%s holds a key", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReloadRefusesWhatDoesNotCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	write(t, filepath.Join(dir, ProfilesFile), "cheap: {ceilng: LIGHT}")
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "did you mean ceiling?") {
		t.Errorf("%v", err)
	}
	write(t, filepath.Join(dir, ProfilesFile), "cheap: {ceiling: LIGHT}")
	if err := s.Reload(); err != nil || s.Profiles()["cheap"] == nil {
		t.Errorf("%v, %v", err, s.Profiles())
	}
}

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralReplicas(t *testing.T) {
	t.Parallel()
	st := state(t, t.TempDir())
	var wg sync.WaitGroup
	all := []*Store{}
	for i := range 4 {
		s := replica(t, st, t.TempDir())
		all = append(all, s)
		wg.Go(func() {
			for j := range 5 {
				if _, _, err := s.Create(Key{Name: fmt.Sprint(i, "-", j)}, "ann"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, s := range all {
		until(t, "every key", func() bool { return len(s.List()) == 20 })
	}
}

// TestKeysFileIsTakenOver reads a keys.json of former times, once: what was revoked since stays revoked.
func TestKeysFileIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, _, err := keptSecret(filepath.Join(dir, secretFile), "")
	if err != nil {
		t.Fatal(err)
	}
	word := Prefix + randomWord(43)
	file := fmt.Sprintf(`[{"id":"key_1","last4":"x","name":"old","created":"2026-01-02T03:04:05Z","hash":%q}]`, newHasher([]byte(secret)).digest([]byte(word)))
	write(t, filepath.Join(dir, KeysFile), file)
	st := state(t, dir)
	s := replica(t, st, dir)
	if k, err := s.Lookup([]byte(word)); err != nil || k.Name != "old" {
		t.Fatalf("%+v, %v", k, err)
	}
	if _, err := s.Revoke("old", "ann"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = replica(t, st, dir)
	if _, err := s.Lookup([]byte(word)); !errors.Is(err, ErrRevoked) {
		t.Errorf("after another start: %v", err)
	}
	if src, _ := os.ReadFile(filepath.Join(dir, KeysFile)); string(src) != file {
		t.Error("the file was changed")
	}
	other := t.TempDir()
	for content, part := range map[string]string{file: "bring it back", "{": KeysFile, `[{"name":"x"}]`: "no id"} {
		write(t, filepath.Join(other, KeysFile), content)
		if _, err := Open(t.Context(), state(t, t.TempDir()), other); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", content, err)
		}
		os.Remove(filepath.Join(other, secretFile))
	}
}

func TestRandomWord(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		w := randomWord(43)
		if len(w) != 43 || seen[w] || strings.Trim(w, base62) != "" {
			t.Errorf("%q", w)
		}
		seen[w] = true
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`[{"id":"key_1","name":"a","hash":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]`))
	f.Add([]byte(`[null]`))
	f.Add([]byte(journalHead + "x\n3 {\"id\":\"key_1\",\"hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}\n9 {"))
	f.Fuzz(func(t *testing.T, src []byte) {
		j := &journal{}
		if _, _, whole := j.read(src, func(k *Key, _ uint64) {
			if k.ID == "" {
				t.Fatal("a key without an id")
			}
		}); whole > len(src) {
			t.Fatal("more was read than is there")
		}
		keys, err := parseKeys(src)
		for _, k := range keys {
			if err == nil && (k == nil || k.ID == "") {
				t.Fatal("a key without an id")
			}
		}
	})
}

func store100k(b *testing.B) (*Store, [][]byte) {
	s := &Store{}
	s.hasher.Store(newHasher([]byte("secret")))
	keys, secrets := make([]*Key, 100_000), make([][]byte, 100_000)
	for i := range keys {
		secrets[i] = []byte(Prefix + randomWord(43))
		keys[i] = &Key{ID: fmt.Sprint("key_", i), hash: s.hasher.Load().digest(secrets[i])}
	}
	s.table.replace(keys)
	return s, secrets
}

func BenchmarkLookup100k(b *testing.B) {
	s, secrets := store100k(b)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := s.Lookup(secrets[i%len(secrets)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkLookup100kParallel(b *testing.B) {
	s, secrets := store100k(b)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := s.Lookup(secrets[i%len(secrets)]); err != nil {
				b.Error(err)
			}
		}
	})
}

func TestLookupAllocatesNothing(t *testing.T) { // not parallel: it counts allocations
	info, _ := debug.ReadBuildInfo()
	if info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("under the race detector a sync.Pool forgets on purpose")
	}
	s := open(t, t.TempDir())
	secret, _ := create(t, s, Key{Name: "app"})
	sent := []byte(secret)
	if n := testing.AllocsPerRun(1000, func() { s.Lookup(sent) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

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
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t testing.TB, s *Store, k Key) (string, Key) {
	t.Helper()
	secret, made, err := s.Create(k)
	if err != nil {
		t.Fatal(err)
	}
	return secret, made
}

func TestKeyLife(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
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
	if _, _, err := s.Create(Key{Name: "app"}); err == nil || !strings.Contains(err.Error(), made.ID) {
		t.Errorf("the same name twice: %v", err)
	}
	if _, _, err := s.Create(Key{Name: " "}); err == nil {
		t.Error("a key without a name")
	}
	if _, _, err := s.Create(Key{Name: "old", Expires: time.Now().Add(-time.Hour)}); err == nil {
		t.Error("a key that has expired before it was made")
	}

	again := open(t, dir) // the same directory, as another process sees it
	if k, err := again.Lookup([]byte(secret)); err != nil || k.ID != made.ID {
		t.Errorf("after a restart: %+v, %v", k, err)
	}
	if _, err := again.Revoke("app"); err != nil {
		t.Error(err)
	}
	if err := s.Reload(); err != nil {
		t.Error(err)
	}
	if _, err := s.Lookup([]byte(secret)); !errors.Is(err, ErrRevoked) {
		t.Errorf("revoked elsewhere: %v", err)
	}
	if !s.Any() {
		t.Error("a revoked key opens the door to all")
	}
	if _, err := s.Revoke("nobody"); !errors.Is(err, ErrUnknown) {
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
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		info, _ := e.Info()
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		if content, _ := os.ReadFile(filepath.Join(dir, e.Name())); strings.Contains(string(content), secret) {
			t.Errorf("%s holds a key", e.Name())
		}
	}
}

func TestReloadRefusesWhatDoesNotCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	secret, _ := create(t, s, Key{Name: "app"})
	good, _ := os.ReadFile(filepath.Join(dir, KeysFile))
	for _, bad := range []string{"{", `[{"id":"key_1","hash":"short"}]`, `[{"name":"x"}]`, `{"a":1}`} {
		write(t, filepath.Join(dir, KeysFile), bad)
		if err := s.Reload(); err == nil || !strings.Contains(err.Error(), KeysFile) {
			t.Errorf("%s: %v", bad, err)
		}
		if _, err := s.Lookup([]byte(secret)); err != nil {
			t.Errorf("%s: the old keys are gone: %v", bad, err)
		}
	}
	write(t, filepath.Join(dir, KeysFile), string(good))
	write(t, filepath.Join(dir, ProfilesFile), "cheap: {ceilng: LIGHT}")
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "did you mean ceiling?") {
		t.Errorf("%v", err)
	}
	write(t, filepath.Join(dir, ProfilesFile), "cheap: {ceiling: LIGHT}")
	if err := s.Reload(); err != nil || s.Profiles()["cheap"] == nil {
		t.Errorf("%v, %v", err, s.Profiles())
	}
	os.Remove(filepath.Join(dir, secretFile))
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "bring it back") {
		t.Errorf("keys without the secret they were hashed under: %v", err)
	}
}

func write(t testing.TB, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	var wg sync.WaitGroup
	for i := range 4 {
		s := open(t, dir)
		wg.Go(func() {
			for j := range 5 {
				if _, _, err := s.Create(Key{Name: fmt.Sprint(i, "-", j)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(open(t, dir).List()); n != 20 {
		t.Errorf("%d of 20 keys were kept", n)
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
	f.Fuzz(func(t *testing.T, src []byte) {
		keys, err := parseKeys(src)
		for _, k := range keys {
			if err == nil && (k == nil || k.ID == "") {
				t.Fatal("a key without an id")
			}
		}
	})
}

func store100k(b *testing.B) (*Store, [][]byte) {
	s := &Store{hasher: newHasher([]byte("secret"))}
	keys, secrets := make([]*Key, 100_000), make([][]byte, 100_000)
	for i := range keys {
		secrets[i] = []byte(Prefix + randomWord(43))
		keys[i] = &Key{ID: fmt.Sprint("key_", i), hash: s.hasher.digest(secrets[i])}
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

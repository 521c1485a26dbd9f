package access

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// KeysFile and ProfilesFile are the files of the data directory that a Store reads.
const (
	KeysFile     = "keys.json"
	ProfilesFile = "profiles.yaml"
	secretFile   = "keys.secret"
)

// What Lookup and Revoke say.
var (
	ErrUnknown = errors.New("this key is not known here")
	ErrRevoked = errors.New("this key was revoked")
	ErrExpired = errors.New("this key has expired")
)

// Store is the keys of one data directory. Its methods are safe for concurrent use, and several processes may change the same
// directory: each change is made to what is on disk, under a lock.
type Store struct {
	dir    string
	hasher *hasher
	table  table

	mu       sync.Mutex // of changes; lookups never take it
	keys     []*Key     // by creation; records are replaced, never changed
	read     []byte     // what keys.json held when it was last read
	any      atomic.Bool
	profiles atomic.Pointer[map[string]*Profile]
}

// Open reads the keys and profiles of a data directory and makes its server secret if there is none.
func Open(dir string) (*Store, error) {
	secret, made, err := keptSecret(filepath.Join(dir, secretFile), "")
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, hasher: newHasher([]byte(secret))}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	if made && len(s.keys) > 0 {
		os.Remove(filepath.Join(dir, secretFile))
		return nil, fmt.Errorf("%s is there but %s, under which its keys were hashed, is not: bring it back, or remove %[1]s and make new keys",
			filepath.Join(dir, KeysFile), secretFile)
	}
	return s, nil
}

// Files are the files that Reload reads, to be watched.
func (s *Store) Files() []string {
	return []string{filepath.Join(s.dir, KeysFile), filepath.Join(s.dir, ProfilesFile)}
}

// Reload reads keys and profiles again. When one of the files does not check, what was known before stays.
func (s *Store) Reload() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.reloadKeys(), s.reloadProfiles())
}

func (s *Store) reloadProfiles() error {
	file := filepath.Join(s.dir, ProfilesFile)
	src, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the profiles: %w", err)
	}
	profiles, err := ParseProfiles(file, src)
	if err != nil {
		return err
	}
	s.profiles.Store(&profiles)
	return nil
}

// Profiles are the profiles of profiles.yaml in the data directory. Do not change them.
func (s *Store) Profiles() map[string]*Profile { return *s.profiles.Load() }

// record is a key as keys.json holds it.
type record struct {
	*Key
	Hash string `json:"hash"`
}

func (s *Store) reloadKeys() error {
	file := filepath.Join(s.dir, KeysFile)
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		src, err = nil, nil
	}
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	if s.keys != nil && bytes.Equal(src, s.read) {
		return nil
	}
	keys, err := parseKeys(src)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.adopt(keys, src)
	return nil
}

func (s *Store) adopt(keys []*Key, src []byte) {
	s.keys, s.read = keys, src
	s.table.replace(keys)
	s.any.Store(len(keys) > 0)
}

func parseKeys(src []byte) ([]*Key, error) {
	keys := []*Key{}
	if len(bytes.TrimSpace(src)) == 0 {
		return keys, nil
	}
	var records []record
	if err := json.Unmarshal(src, &records); err != nil {
		return nil, fmt.Errorf("is not a list of keys: %w", err)
	}
	for i, r := range records {
		if r.Key == nil || r.ID == "" {
			return nil, fmt.Errorf("key %d has no id", i+1)
		}
		hash, err := parseDigest(r.Hash)
		if err != nil {
			return nil, fmt.Errorf("key %s: hash %w", r.ID, err)
		}
		r.Key.hash = hash
		keys = append(keys, r.Key)
	}
	return keys, nil
}

// Any says whether a key was ever created, revoked ones included: from then on clients need one, on loopback too.
func (s *Store) Any() bool { return s.any.Load() }

// Lookup is the key whose secret a client sent. The error is ErrUnknown, ErrRevoked or ErrExpired. It allocates nothing.
func (s *Store) Lookup(secret []byte) (*Key, error) {
	if len(secret) > 256 {
		return nil, ErrUnknown
	}
	k := s.table.find(s.hasher.digest(secret))
	switch {
	case k == nil:
		return nil, ErrUnknown
	case !k.Revoked.IsZero():
		return nil, ErrRevoked
	case !k.Expires.IsZero() && k.expired(time.Now()):
		return nil, ErrExpired
	}
	return k, nil
}

// Create makes a key with the name, team, owner, tags, profiles and expiry of k. The secret is returned this once.
func (s *Store) Create(k Key) (secret string, made Key, err error) {
	if strings.TrimSpace(k.Name) == "" {
		return "", Key{}, errors.New("a key needs a name")
	}
	now := time.Now().UTC().Truncate(time.Second)
	if k.expired(now) {
		return "", Key{}, fmt.Errorf("key %q would have expired on %s", k.Name, k.Expires.Format(time.DateOnly))
	}
	secret = Prefix + randomWord(43)
	k.ID, k.Last4, k.Created, k.Revoked = "key_"+randomWord(12), secret[len(secret)-4:], now, time.Time{}
	k.hash = s.hasher.digest([]byte(secret))
	k.Tags, k.Also = slices.Clone(k.Tags), slices.Clone(k.Also)
	err = s.change(func(keys []*Key) ([]*Key, error) {
		for _, other := range keys {
			if other.Name == k.Name && other.State(now) == "active" {
				return nil, fmt.Errorf("there is a key %q already (%s): choose another name, or revoke it first", k.Name, other.ID)
			}
		}
		return append(keys, &k), nil
	})
	if err != nil {
		return "", Key{}, err
	}
	return secret, k, nil
}

// Revoke ends a key, given by id or by name, for good. The error is ErrUnknown, wrapped, if there is no such key.
func (s *Store) Revoke(id string) (revoked Key, err error) {
	err = s.change(func(keys []*Key) ([]*Key, error) {
		i := find(keys, id)
		if i < 0 {
			return nil, fmt.Errorf("key %q: %w", id, ErrUnknown)
		}
		revoked = *keys[i]
		if revoked.Revoked.IsZero() {
			revoked.Revoked = time.Now().UTC().Truncate(time.Second)
		}
		keys[i] = &revoked
		return keys, nil
	})
	return revoked, err
}

// List is all keys in order of creation.
func (s *Store) List() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Key, len(s.keys))
	for i, k := range s.keys {
		list[i] = *k
	}
	return list
}

// Get is a key by id or by name; of several with one name the one that is not revoked, else the newest.
func (s *Store) Get(id string) (Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := find(s.keys, id); i >= 0 {
		return *s.keys[i], true
	}
	return Key{}, false
}

func find(keys []*Key, id string) int {
	named := -1
	for i, k := range keys {
		if k.ID == id {
			return i
		}
		if k.Name == id && (named < 0 || k.Revoked.IsZero() || !keys[named].Revoked.IsZero()) {
			named = i
		}
	}
	return named
}

// change applies f to the keys that are on disk now and writes what it returns, all under a lock that other processes heed.
func (s *Store) change(f func([]*Key) ([]*Key, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	lock, err := os.OpenFile(filepath.Join(s.dir, "keys.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the keys: %w", err)
	}
	defer lock.Close() // and so unlocked
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock the keys: %w", err)
	}
	if err := s.reloadKeys(); err != nil {
		return err
	}
	keys, err := f(slices.Clone(s.keys))
	if err != nil {
		return err
	}
	records := make([]record, len(keys))
	for i, k := range keys {
		records[i] = record{k, k.hash.String()}
	}
	src, err := json.MarshalIndent(records, "", " ")
	if err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	if err := writeAtomically(filepath.Join(s.dir, KeysFile), append(src, '\n')); err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	s.adopt(keys, append(src, '\n'))
	return nil
}

// writeAtomically replaces a file so that a crash leaves the old or the new content, never a part.
func writeAtomically(file string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

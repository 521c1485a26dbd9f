package access

import (
	"context"
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

	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/store"
)

// KeysFile is where keys were kept before they were kept in the state: it is taken over once and then left as a copy.
// ProfilesFile are the profiles of the data directory.
const (
	KeysFile     = "keys.json"
	ProfilesFile = "profiles.yaml"
	secretFile   = "keys.secret"
	journalFile  = "keys.journal"
)

// bucket is where the keys are: a record a key, by id. What a replica knows of it is a table in its memory, fed by watch.
const bucket = "keys"

// What Lookup and Revoke say.
var (
	ErrUnknown = errors.New("this key is not known here")
	ErrRevoked = errors.New("this key was revoked")
	ErrExpired = errors.New("this key has expired")
)

// changeTime bounds a change of the keys.
const changeTime = 10 * time.Second

// Store is the keys of the state, and the profiles of the data directory. Its methods are safe for concurrent use; what
// another replica changes is known here as soon as it comes.
type Store struct {
	dir    string
	state  *store.Store
	hasher atomic.Pointer[hasher]
	table  table

	mu       sync.Mutex       // of changes; lookups never take it
	keys     map[string]*held // by id
	names    map[string][]string
	any      atomic.Bool
	journal  *journal // nil = the state is in this process, and on this disk
	profiles atomic.Pointer[map[string]*Profile]

	revision atomic.Uint64 // of the bucket, as far as it has come
	nudge    chan struct{}
	stop     context.CancelFunc
	ended    chan struct{}
}

// held is a key as it is in the bucket.
type held struct {
	*Key
	revision uint64
}

// record is a key as the bucket holds it.
type record struct {
	*Key
	Hash string `json:"hash"`
	By   string `json:"by,omitempty"` // who changed it last
}

// Open reads the keys of the state and the profiles of a data directory, and follows the keys until Close. With a cluster that
// is away the keys are those that this directory last knew.
func Open(ctx context.Context, state *store.Store, dir string) (*Store, error) {
	secret, made, err := keptSecret(filepath.Join(dir, secretFile), "")
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, state: state, keys: map[string]*held{}, names: map[string][]string{}, nudge: make(chan struct{}, 1), ended: make(chan struct{})}
	s.hasher.Store(newHasher([]byte(secret)))
	if err := s.Reload(); err != nil {
		return nil, err
	}
	if !state.Embedded() {
		if s.journal, err = openJournal(filepath.Join(dir, journalFile), s.put); err != nil {
			return nil, err
		}
		s.revision.Store(s.journal.last)
	}
	ready := make(chan error, 1)
	follow, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.ended)
		s.follow(follow, secret, made, ready)
	}()
	if ok, _ := state.Connected(); !ok && s.journal != nil {
		return s, nil // as it was last known; the rest comes when the cluster does
	}
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close stops following the keys.
func (s *Store) Close() {
	s.stop()
	<-s.ended
	if s.journal != nil {
		s.journal.close()
	}
}

// follow takes over what the bucket says, now and from now on. ready is told when the table is complete, or can't be.
func (s *Store) follow(ctx context.Context, secret string, made bool, ready chan<- error) {
	for {
		err := s.join(ctx, secret, made)
		if err == nil {
			break
		}
		if ok, _ := s.state.Connected(); ok {
			select {
			case ready <- err:
			default:
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
	s.state.Watch(ctx, store.Watch{
		Stream: "KV_" + bucket, Subjects: []string{"$KV." + bucket + ".>"}, After: s.revision.Load(), Nudge: s.nudge,
		Each:    func(m store.Message) { s.take(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:], m.Data, m.Seq) },
		Current: func() { ready <- nil },
	})
}

// Revision is the last change of the keys that this replica knows.
func (s *Store) Revision() uint64 { return s.revision.Load() }

// Nudge has the state asked again: another replica knows more.
func (s *Store) Nudge() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// take takes over a record of the bucket. One that this Routor cannot read ends no key that is known.
func (s *Store) take(id string, src []byte, revision uint64) {
	defer s.revision.Store(revision)
	k, err := parseRecord(src)
	if err != nil || k.ID != id {
		return
	}
	s.put(k, revision)
	if s.journal != nil {
		s.journal.append(src, revision)
	}
}

func (s *Store) put(k *Key, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.keys[k.ID]
	if old != nil && old.revision >= revision {
		return
	}
	if old == nil {
		s.names[k.called()] = append(s.names[k.called()], k.ID)
	}
	s.keys[k.ID] = &held{k, revision}
	s.table.put(k)
	if k.Admin == nil {
		s.any.Store(true)
	}
}

func parseRecord(src []byte) (*Key, error) {
	var r record
	if err := json.Unmarshal(src, &r); err != nil {
		return nil, fmt.Errorf("is no key: %w", err)
	}
	return r.key()
}

func (r *record) key() (*Key, error) {
	if r.Key == nil || r.ID == "" {
		return nil, errors.New("has no id")
	}
	hash, err := parseDigest(r.Hash)
	if err != nil {
		return nil, fmt.Errorf("key %s: hash %w", r.ID, err)
	}
	r.Key.hash = hash
	return r.Key, nil
}

func encode(k *Key, by string) []byte {
	src, err := json.Marshal(record{k, k.hash.String(), by})
	if err != nil {
		panic("BUG: encode a key: " + err.Error())
	}
	return src
}

// Files are the files that Reload reads, to be watched.
func (s *Store) Files() []string { return []string{filepath.Join(s.dir, ProfilesFile)} }

// Reload reads the profiles again. When they do not check, what was known before stays.
func (s *Store) Reload() error {
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

// Any says whether a client's key was ever created, revoked ones included: from then on clients need one, on loopback too.
func (s *Store) Any() bool { return s.any.Load() }

// Lookup is the key whose secret a client sent. The error is ErrUnknown, ErrRevoked or ErrExpired. It allocates nothing.
func (s *Store) Lookup(secret []byte) (*Key, error) {
	return s.lookup(secret, false)
}

func (s *Store) lookup(secret []byte, admin bool) (*Key, error) {
	if len(secret) > 256 {
		return nil, ErrUnknown
	}
	k := s.table.find(s.hasher.Load().digest(secret))
	switch {
	case k == nil, (k.Admin != nil) != admin:
		return nil, ErrUnknown
	case !k.Revoked.IsZero():
		return nil, ErrRevoked
	case !k.Expires.IsZero() && k.expired(time.Now()):
		return nil, ErrExpired
	}
	return k, nil
}

// Create makes a key with the name, team, owner, tags, profiles and expiry of k; by is who makes it. The secret is returned
// this once. When it returns the key is on the disk.
func (s *Store) Create(k Key, by string) (secret string, made Key, err error) {
	if strings.TrimSpace(k.Name) == "" {
		return "", Key{}, errors.New("a key needs a name")
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	if k.expired(now) {
		return "", Key{}, fmt.Errorf("key %q would have expired on %s", k.Name, k.Expires.Format(time.DateOnly))
	}
	if err := k.Admin.check(); err != nil {
		return "", Key{}, err
	}
	if other := s.active(k.called(), now); other != nil {
		return "", Key{}, fmt.Errorf("there is a key %q already (%s): choose another name, or revoke it first", k.Name, other.ID)
	}
	return s.add(k, by)
}

// add keeps a new key.
func (s *Store) add(k Key, by string) (secret string, made Key, err error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), changeTime)
	defer cancel()
	kv, err := s.bucket(ctx)
	if err != nil {
		return "", Key{}, err
	}
	secret = k.Admin.prefix() + randomWord(43)
	k.ID, k.Last4, k.Created, k.Revoked = "key_"+randomWord(12), secret[len(secret)-4:], now, time.Time{}
	k.hash = s.hasher.Load().digest([]byte(secret))
	k.Tags, k.Also = slices.Clone(k.Tags), slices.Clone(k.Also)
	revision, err := kv.Create(ctx, k.ID, encode(&k, by))
	if err != nil {
		return "", Key{}, fmt.Errorf("state: keep key %q: %w", k.Name, err)
	}
	s.put(&k, revision)
	return secret, k, s.record(ctx, "create", nil, &k, by)
}

// active is a key of that name that is neither revoked nor expired.
func (s *Store) active(name string, now time.Time) *Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.names[name] {
		if k := s.keys[id]; k.State(now) == "active" {
			return k.Key
		}
	}
	return nil
}

// Revoke ends a key, given by id or by name, for good; by is who does. The error is ErrUnknown, wrapped, if there is no such
// key.
func (s *Store) Revoke(id, by string) (Key, error) {
	ctx, cancel := context.WithTimeout(context.Background(), changeTime)
	defer cancel()
	kv, err := s.bucket(ctx)
	if err != nil {
		return Key{}, err
	}
	for {
		k := s.find(id)
		if k == nil {
			return Key{}, fmt.Errorf("key %q: %w", id, ErrUnknown)
		}
		if !k.Revoked.IsZero() {
			return *k.Key, nil
		}
		revoked := *k.Key
		revoked.Revoked = time.Now().UTC().Truncate(time.Millisecond)
		revision, err := kv.Update(ctx, k.ID, encode(&revoked, by), k.revision)
		if err == nil {
			s.put(&revoked, revision)
			return revoked, s.record(ctx, "revoke", k.Key, &revoked, by)
		}
		var api *jetstream.APIError
		if !errors.As(err, &api) || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
			return Key{}, fmt.Errorf("state: revoke key %q: %w", id, err)
		}
		now, err := kv.Get(ctx, k.ID) // another replica changed it
		if err != nil {
			return Key{}, fmt.Errorf("state: revoke key %q: %w", id, err)
		}
		if next, err := parseRecord(now.Value()); err == nil {
			s.put(next, now.Revision())
		}
	}
}

// record tells the audit log what was done to a key, and how it differs from before (nil = there was none).
func (s *Store) record(ctx context.Context, verb string, old, now *Key, by string) error {
	h, err := s.state.History(ctx)
	if err != nil {
		return err
	}
	what := now.what()
	return h.Record(ctx, store.Event{Author: by, Action: what + "." + verb, What: what, Name: now.Name, Note: now.ID, Diff: store.Diff(old.shown(), now.shown())})
}

func (s *Store) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	return s.state.KV(ctx, store.KVConfig{Name: bucket, Description: "API keys: hashes and what belongs to them, by id"})
}

// List is all keys of clients in order of creation.
func (s *Store) List() []Key { return s.list(false) }

func (s *Store) list(admin bool) []Key {
	s.mu.Lock()
	list := make([]Key, 0, len(s.keys))
	for _, k := range s.keys {
		if (k.Admin != nil) == admin {
			list = append(list, *k.Key)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b Key) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return list
}

// Get is a client's key by id or by name; of several with one name the one that is not revoked, else the newest.
func (s *Store) Get(id string) (Key, bool) {
	if k := s.find(id); k != nil && k.Admin == nil {
		return *k.Key, true
	}
	return Key{}, false
}

func (s *Store) find(id string) *held {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.keys[id]; k != nil {
		return k
	}
	var named *held
	for _, id := range s.names[id] {
		k := s.keys[id]
		switch {
		case named == nil, !named.Revoked.IsZero() && k.Revoked.IsZero(), named.Revoked.IsZero() == k.Revoked.IsZero() && named.Created.Before(k.Created):
			named = k
		}
	}
	return named
}

package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// SetLimits replaces the limits of a key, given by id or by name; nil = it has none of its own. by is who does. The error is
// ErrUnknown or ErrRevoked, wrapped, where that is why.
func (s *Store) SetLimits(id string, limits *Limits, by string) (Key, error) {
	if err := limits.Check(); err != nil {
		return Key{}, err
	}
	if !limits.Any() {
		limits = nil
	}
	return s.change(id, "limits", by, func(k *Key) bool {
		same := k.Limits.same(limits)
		k.Limits = limits
		return !same
	})
}

// Rotate makes a key that is like another, given by id or by name, in all but its secret. The other works beside it for as long
// as keep says, then it has expired; it never lives longer than it would have. by is who does. The error is ErrUnknown or
// ErrRevoked, wrapped, where that is why.
func (s *Store) Rotate(id string, keep time.Duration, by string) (secret string, made Key, err error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	old := s.find(id)
	switch {
	case old == nil:
		return "", Key{}, fmt.Errorf("key %q: %w", id, ErrUnknown)
	case !old.Revoked.IsZero():
		return "", Key{}, fmt.Errorf("key %q: %w on %s", id, ErrRevoked, old.Revoked.Format(time.DateOnly))
	case old.expired(now):
		return "", Key{}, fmt.Errorf("key %q has expired: make a new one", id)
	}
	if secret, made, err = s.add(*old.Key, by); err != nil {
		return "", Key{}, err
	}
	end := now.Add(keep)
	_, err = s.change(old.ID, "rotate", by, func(k *Key) bool {
		if !k.Expires.IsZero() && !k.Expires.After(end) {
			return false
		}
		k.Expires = end
		return true
	})
	return secret, made, err
}

// change has a key changed by set, which says whether there is anything to change, and is asked again when another replica
// was faster.
func (s *Store) change(id, action, by string, set func(*Key) bool) (Key, error) {
	ctx, cancel := context.WithTimeout(context.Background(), changeTime)
	defer cancel()
	kv, err := s.bucket(ctx)
	if err != nil {
		return Key{}, err
	}
	for {
		k := s.find(id)
		switch {
		case k == nil:
			return Key{}, fmt.Errorf("key %q: %w", id, ErrUnknown)
		case !k.Revoked.IsZero():
			return Key{}, fmt.Errorf("key %q: %w on %s", id, ErrRevoked, k.Revoked.Format(time.DateOnly))
		}
		changed := *k.Key
		if !set(&changed) {
			return *k.Key, nil
		}
		revision, err := kv.Update(ctx, k.ID, encode(&changed, by), k.revision)
		if err == nil {
			s.put(&changed, revision)
			return changed, s.record(ctx, action, k.Key, &changed, by)
		}
		var api *jetstream.APIError
		if !errors.As(err, &api) || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
			return Key{}, fmt.Errorf("state: change key %q: %w", id, err)
		}
		now, err := kv.Get(ctx, k.ID) // another replica changed it
		if err != nil {
			return Key{}, fmt.Errorf("state: change key %q: %w", id, err)
		}
		if next, err := parseRecord(now.Value()); err == nil {
			s.put(next, now.Revision())
		}
	}
}

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
		case k.Limits.same(limits):
			return *k.Key, nil
		}
		changed := *k.Key
		changed.Limits = limits
		revision, err := kv.Update(ctx, k.ID, encode(&changed, by), k.revision)
		if err == nil {
			s.put(&changed, revision)
			return changed, s.record(ctx, "limits", k.Key, &changed, by)
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

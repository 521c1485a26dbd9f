package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StreamConfig is a stream as a room needs it. Limits of zero are none.
type StreamConfig struct {
	Name        string
	Description string
	Subjects    []string
	MaxAge      time.Duration
	MaxBytes    int64
	// MaxPerSubject is how many of the latest messages a subject keeps.
	MaxPerSubject int64
	// Duplicates is how long a message id (Nats-Msg-Id) is remembered, so that publishing twice counts once; zero = 2 min.
	Duplicates time.Duration
	// Async acknowledges messages before they are on the disk: faster, and a power cut loses the latest. A killed process loses
	// what the server had not handed to the kernel. It holds only where there is one copy: a replicated stream has its log.
	Async bool
	// LeaderReads has reads answered by the stream's leader alone. Else any copy answers, which is faster and may lag behind.
	LeaderReads bool
}

// KVConfig is a bucket of current values.
type KVConfig struct {
	Name        string
	Description string
	History     uint8         // revisions kept of a key, 1 to 64; zero = 1
	TTL         time.Duration // after which a value is gone; zero = never
	// MarkerTTL allows values with a TTL of their own, and is how long a mark of their end is kept; zero = they may not.
	MarkerTTL time.Duration
	MaxBytes  int64
}

// Stream makes a stream, or brings one that is there to this configuration. Its copies are as many as Replicas says; one that
// has more keeps them.
func (s *Store) Stream(ctx context.Context, c StreamConfig) (jetstream.Stream, error) {
	var made jetstream.Stream
	err := s.replicated(func(replicas int) (err error) {
		want := jetstream.StreamConfig{
			Name: c.Name, Description: c.Description, Subjects: c.Subjects, MaxAge: c.MaxAge, MaxBytes: orNone(c.MaxBytes), MaxMsgs: -1,
			MaxMsgsPerSubject: orNone(c.MaxPerSubject), Duplicates: c.Duplicates, Storage: jetstream.FileStorage, Replicas: replicas,
			AllowDirect: !c.LeaderReads, MaxConsumers: -1, MaxMsgSize: -1,
		}
		if c.Async && replicas == 1 {
			want.PersistMode = jetstream.AsyncPersistMode
		}
		made, err = s.js.Stream(ctx, c.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			made, err = s.js.CreateStream(ctx, want)
			return err
		}
		if err != nil {
			return err
		}
		is := made.CachedInfo().Config
		want.Replicas, want.PersistMode = max(replicas, is.Replicas), is.PersistMode // the mode of a stream never changes
		if is.PersistMode == jetstream.AsyncPersistMode {
			want.Replicas = is.Replicas
		}
		if same(is, want) {
			return nil
		}
		made, err = s.js.UpdateStream(ctx, want)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("state: stream %s: %w", c.Name, err)
	}
	return made, nil
}

func orNone(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

func same(is, want jetstream.StreamConfig) bool {
	return slices.Equal(is.Subjects, want.Subjects) && is.MaxAge == want.MaxAge && is.MaxBytes == want.MaxBytes && is.MaxMsgsPerSubject == want.MaxMsgsPerSubject &&
		is.Replicas == want.Replicas && is.Description == want.Description && (want.Duplicates == 0 || is.Duplicates == want.Duplicates)
}

// KV opens a bucket, making it if there is none.
func (s *Store) KV(ctx context.Context, c KVConfig) (jetstream.KeyValue, error) {
	var kv jetstream.KeyValue
	err := s.replicated(func(replicas int) (err error) {
		kv, err = s.js.KeyValue(ctx, c.Name)
		if err == nil {
			return s.raise(ctx, "KV_"+c.Name, replicas)
		}
		if !errors.Is(err, jetstream.ErrBucketNotFound) {
			return err
		}
		kv, err = s.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: c.Name, Description: c.Description, History: max(c.History, 1), TTL: c.TTL, MaxBytes: orNone(c.MaxBytes), MaxValueSize: -1,
			Storage: jetstream.FileStorage, Replicas: replicas, LimitMarkerTTL: c.MarkerTTL,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("state: bucket %s: %w", c.Name, err)
	}
	return kv, nil
}

// Objects opens a store of large values, making it if there is none.
func (s *Store) Objects(ctx context.Context, name, description string) (jetstream.ObjectStore, error) {
	var objects jetstream.ObjectStore
	err := s.replicated(func(replicas int) (err error) {
		objects, err = s.js.ObjectStore(ctx, name)
		if err == nil {
			return s.raise(ctx, "OBJ_"+name, replicas)
		}
		if !errors.Is(err, jetstream.ErrBucketNotFound) {
			return err
		}
		objects, err = s.js.CreateObjectStore(ctx, jetstream.ObjectStoreConfig{
			Bucket: name, Description: description, Storage: jetstream.FileStorage, Replicas: replicas, MaxBytes: -1,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("state: objects %s: %w", name, err)
	}
	return objects, nil
}

// raise gives a stream more copies if a cluster has grown since it was made.
func (s *Store) raise(ctx context.Context, name string, replicas int) error {
	if replicas == 1 {
		return nil
	}
	stream, err := s.js.Stream(ctx, name)
	if err != nil {
		return err
	}
	c := stream.CachedInfo().Config
	if c.Replicas >= replicas {
		return nil
	}
	c.Replicas = replicas
	_, err = s.js.UpdateStream(ctx, c)
	return err
}

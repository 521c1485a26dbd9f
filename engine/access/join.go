package access

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/routor/routor/engine/store"
)

// secretKey is where the state has the secret under which keys are hashed: all replicas hash alike.
const secretKey = "keys.hmac"

// join agrees with the state on the secret, opens the bucket, and takes over a keys.json of former times.
func (s *Store) join(ctx context.Context, secret string, made bool) error {
	if _, err := s.bucket(ctx); err != nil {
		return err
	}
	shared, err := s.state.KV(ctx, store.KVConfig{Name: "secrets", Description: "what replicas must know alike"})
	if err != nil {
		return err
	}
	_, err = shared.Create(ctx, secretKey, []byte(secret))
	own := err == nil
	if errors.Is(err, jetstream.ErrKeyExists) {
		kept, err := shared.Get(ctx, secretKey)
		if err != nil {
			return fmt.Errorf("state: read the secret of the keys: %w", err)
		}
		if own = string(kept.Value()) == secret; !own {
			if err := writeAtomically(filepath.Join(s.dir, secretFile), append(kept.Value(), '\n')); err != nil {
				return fmt.Errorf("keep the secret of the keys: %w", err)
			}
			s.hasher.Store(newHasher(kept.Value()))
		}
	} else if err != nil {
		return fmt.Errorf("state: keep the secret of the keys: %w", err)
	}
	if s.journal != nil {
		if err := s.sameBucket(ctx); err != nil {
			return err
		}
	}
	return s.takeOver(ctx, shared, own && !made)
}

// sameBucket empties the journal if it is of another bucket: one that was made anew, or of another cluster.
func (s *Store) sameBucket(ctx context.Context) error {
	stream, err := s.state.JetStream().Stream(ctx, "KV_"+bucket)
	if err != nil {
		return fmt.Errorf("state: look at the keys: %w", err)
	}
	id := stream.CachedInfo().Created.UTC().String()
	if s.journal.id == id {
		return nil
	}
	if s.journal.id != "" {
		s.mu.Lock()
		s.keys, s.names = map[string]*held{}, map[string][]string{}
		s.table.replace(nil)
		s.mu.Unlock()
	}
	s.revision.Store(0)
	return s.journal.begin(id)
}

// takeOver puts the keys of a keys.json into the bucket, once for each content of that file. A key that the bucket has stays
// as it is: no file revives a revoked key.
func (s *Store) takeOver(ctx context.Context, shared jetstream.KeyValue, sameSecret bool) error {
	file := filepath.Join(s.dir, KeysFile)
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(bytes.TrimSpace(src)) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the keys: %w", err)
	}
	mark := "taken_over." + store.Hash(src)
	if _, err := shared.Get(ctx, mark); err == nil {
		return nil
	}
	keys, err := parseKeys(src)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if len(keys) == 0 {
		return nil
	}
	if !sameSecret {
		return fmt.Errorf("%s is there but %s, under which its keys were hashed, is not: bring it back, or remove %[1]s and make new keys", file, secretFile)
	}
	if err := s.putAll(ctx, keys); err != nil {
		return fmt.Errorf("take over %s: %w", file, err)
	}
	if _, err := shared.Put(ctx, mark, nil); err != nil {
		return fmt.Errorf("take over %s: %w", file, err)
	}
	return nil
}

// ahead is how many keys are on their way to the disk at once while a keys.json is taken over.
const ahead = 512

// putAll puts keys into the bucket that it does not have.
func (s *Store) putAll(ctx context.Context, keys []*Key) error {
	sent := make([]jetstream.PubAckFuture, 0, len(keys))
	wait := func(f jetstream.PubAckFuture) error {
		select {
		case <-f.Ok():
			return nil
		case err := <-f.Err():
			var api *jetstream.APIError
			if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
				return nil // it is there
			}
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for i, k := range keys {
		m := nats.NewMsg("$KV." + bucket + "." + k.ID)
		m.Data = encode(k, "taken over from "+KeysFile)
		f, err := s.state.JetStream().PublishMsgAsync(m, jetstream.WithExpectLastSequencePerSubject(0))
		if err != nil {
			return err
		}
		if sent = append(sent, f); i >= ahead {
			if err := wait(sent[i-ahead]); err != nil {
				return err
			}
		}
	}
	for _, f := range sent[max(0, len(sent)-ahead):] {
		if err := wait(f); err != nil {
			return err
		}
	}
	return nil
}

// parseKeys reads a keys.json.
func parseKeys(src []byte) ([]*Key, error) {
	var records []record
	if err := json.Unmarshal(src, &records); err != nil {
		return nil, fmt.Errorf("is not a list of keys: %w", err)
	}
	keys := make([]*Key, len(records))
	for i := range records {
		k, err := records[i].key()
		if err != nil {
			return nil, fmt.Errorf("key %d %w", i+1, err)
		}
		keys[i] = k
	}
	return keys, nil
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

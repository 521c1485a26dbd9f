package store

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Dir: dir, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestStateOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(t.Context(), Options{Dir: dir, Log: t.Errorf})
	if err != nil {
		t.Fatal(err)
	}
	kv, err := s.KV(t.Context(), KVConfig{Name: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stream(t.Context(), StreamConfig{Name: "x", Subjects: []string{"x.>"}, Async: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.JetStream().Publish(t.Context(), "x.1", []byte("m"), jetstream.WithMsgID("1")); err != nil {
		t.Fatal(err)
	}
	if ack, err := s.JetStream().Publish(t.Context(), "x.1", []byte("m"), jetstream.WithMsgID("1")); err != nil || !ack.Duplicate {
		t.Errorf("a message published twice: %+v, %v", ack, err)
	}
	s.Close()
	s = open(t, dir)
	if kv, err = s.KV(t.Context(), KVConfig{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	if v, err := kv.Get(t.Context(), "k"); err != nil || string(v.Value()) != "v" {
		t.Errorf("got %v, %v after the state was opened again", v, err)
	}
	x, err := s.Stream(t.Context(), StreamConfig{Name: "x", Subjects: []string{"x.>"}, Async: true, MaxAge: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if is := x.CachedInfo(); is.State.Msgs != 1 || is.Config.MaxAge != time.Hour || is.Config.PersistMode != jetstream.AsyncPersistMode {
		t.Errorf("the stream: %+v", is)
	}
}

func TestOneProcessADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir)
	_, err := Open(t.Context(), Options{Dir: dir})
	var locked *ErrLocked
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Fatalf("a second open says %v, not who has the directory", err)
	}
}

func TestOpenIsQuick(t *testing.T) {
	dir := t.TempDir()
	begin := time.Now()
	s := open(t, dir)
	ready := time.Since(begin)
	if _, err := s.KV(t.Context(), KVConfig{Name: "b"}); err != nil {
		t.Fatal(err)
	}
	t.Logf("open %v, with a bucket %v", ready, time.Since(begin))
	if ready > 5*time.Second {
		t.Errorf("open took %v", ready)
	}
}

func TestAnAbsentClusterIsNoError(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{URL: "nats://127.0.0.1:1", Wait: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if ok, since := s.Connected(); ok || since.IsZero() {
		t.Error("a cluster that does not answer counts as connected")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.KV(ctx, KVConfig{Name: "b"}); err == nil {
		t.Error("a bucket was opened at a cluster that does not answer")
	}
}

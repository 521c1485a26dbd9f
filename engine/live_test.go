package engine

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// TestPublish swaps a hundred snapshots under load: every request ends on the one that it began with, and a classifier's
// generation is closed when the last request that could use it has ended, not before.
func TestPublish(t *testing.T) {
	t.Parallel()
	u := setup{policy: plainPolicy}
	first := u.snapshot(t)
	var open, closed atomic.Int64
	generationOf := func(s *Snapshot) {
		open.Add(1)
		g := &generation{close: func() { closed.Add(1) }}
		g.refs.Store(1)
		s.generation = g
	}
	generationOf(first)
	live := NewLive(first)
	var stop atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !stop.Load() {
				s := live.Acquire()
				if s.refs.Load() < 1 {
					t.Error("acquired a snapshot that was let go")
				}
				w := World{Now: noon, Classification: easy}
				d := NewDecision()
				if err := Decide(s, read(t, says("auto", "hi", "")), &w, d); err != nil || d.Snapshot != s.Version {
					t.Errorf("version %d decided on %d: %v", s.Version, d.Snapshot, err)
				}
				d.Release()
				s.Release()
			}
		})
	}
	for v := range uint64(100) {
		next := u.snapshot(t)
		generationOf(next)
		if err := live.Publish(next, v+1); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	all.Wait()
	if live.Version() != 101 {
		t.Errorf("version %d", live.Version())
	}
	if o, c := open.Load(), closed.Load(); o-c != 1 {
		t.Errorf("%d generations were opened and %d closed; one serves", o, c)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	u := setup{policy: plainPolicy}
	live := NewLive(u.snapshot(t))
	if err := live.Publish(u.snapshot(t), 1); err != nil {
		t.Fatal(err)
	}
	var conflict *ErrVersion
	if err := live.Publish(u.snapshot(t), 1); !errors.As(err, &conflict) || conflict.Current != 2 {
		t.Errorf("a change to an old version: %v", err)
	}
}

// TestNeverRevives lets a snapshot go while others try to acquire it.
func TestNeverRevives(t *testing.T) {
	t.Parallel()
	u := setup{policy: plainPolicy}
	old := u.snapshot(t)
	live := NewLive(old)
	held := live.Acquire()
	if err := live.Publish(u.snapshot(t), 1); err != nil {
		t.Fatal(err)
	}
	if held != old || old.refs.Load() != 1 {
		t.Fatal("the request lost its snapshot")
	}
	held.Release()
	if old.refs.Load() != 0 || live.Acquire() == old {
		t.Error("a snapshot that was let go came back")
	}
}

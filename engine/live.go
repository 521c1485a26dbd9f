package engine

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Live is the snapshot that serves now. A request acquires it once and releases it when its answer has ended; what it
// began with, it ends with.
type Live struct {
	current   atomic.Pointer[Snapshot]
	publish   sync.Mutex
	published func(old, next *Snapshot) // nil = nobody wants to know
}

// generation is a classifier as one or more snapshots use it; it is closed when the last of them has been released.
type generation struct {
	close func()
	refs  atomic.Int64
}

func (g *generation) release() {
	if g != nil && g.refs.Add(-1) == 0 {
		g.close()
	}
}

// NewLive begins with a snapshot.
func NewLive(s *Snapshot) *Live {
	l := &Live{}
	l.adopt(s, nil)
	l.current.Store(s)
	return l
}

// Acquire is the current snapshot, held until Release. It never waits.
func (l *Live) Acquire() *Snapshot {
	for {
		s := l.current.Load()
		if s.hold() {
			return s
		}
	}
}

// hold keeps a snapshot until Release. It is false for one that was replaced and let go: it never comes back to life.
func (s *Snapshot) hold() bool {
	for n := s.refs.Load(); n > 0; n = s.refs.Load() {
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// Version is the current snapshot's.
func (l *Live) Version() uint64 { return l.current.Load().Version }

// Release lets go of a snapshot that Acquire gave.
func (s *Snapshot) Release() {
	switch n := s.refs.Add(-1); {
	case n == 0:
		s.generation.release()
	case n < 0:
		panic("BUG: snapshot released more often than acquired")
	}
}

// ErrVersion says that a snapshot was built on another one than that which serves.
type ErrVersion struct{ Current, Expected uint64 }

func (e *ErrVersion) Error() string {
	return fmt.Sprintf("snapshot: version %d serves, the change was made to version %d: look at what changed, and make it again", e.Current, e.Expected)
}

// Publish makes next the current snapshot if the current one has the version that next was built on; otherwise the error
// is an *ErrVersion and nothing changes. next gets the following version. It must not have been published before.
func (l *Live) Publish(next *Snapshot, builtOn uint64) error {
	l.publish.Lock()
	defer l.publish.Unlock()
	old := l.current.Load()
	if old.Version != builtOn {
		return &ErrVersion{Current: old.Version, Expected: builtOn}
	}
	if next == old {
		panic("BUG: a snapshot is published twice")
	}
	next.Version = old.Version + 1
	l.adopt(next, old)
	l.current.Store(next)
	if l.published != nil {
		l.published(old, next)
	}
	old.Release()
	return nil
}

// adopt gives a snapshot its share in its classifier's generation, the old snapshot's if both have the same classifier.
func (l *Live) adopt(next, old *Snapshot) {
	switch {
	case next.Classifier == nil:
	case old != nil && old.Classifier == next.Classifier:
		next.generation = old.generation
		next.generation.refs.Add(1)
	default:
		next.generation = &generation{close: next.Classifier.Close}
		next.generation.refs.Store(1)
	}
}

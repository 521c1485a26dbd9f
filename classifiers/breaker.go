package classifiers

import (
	"sync"
	"sync/atomic"
	"time"
)

// breaker gives a module up after so many breaks in a row, or within a window. It never closes again: a module that breaks is
// replaced by publishing another, or the same again.
type breaker struct {
	open atomic.Bool
	row  atomic.Int32 // breaks since the last good call

	mu   sync.Mutex
	ring []time.Time // the latest breaks
	next int
}

// ok notes a good call.
func (b *breaker) ok() {
	if b.row.Load() != 0 { // shared by all calls: don't write without need
		b.row.Store(0)
	}
}

// count notes a break and says whether it was the one that opened the breaker.
func (b *breaker) count(o Options, now time.Time) bool {
	trip := int(b.row.Add(1)) >= o.Breaks
	b.mu.Lock()
	if b.ring == nil {
		b.ring = make([]time.Time, o.BreaksInWindow)
	}
	b.ring[b.next] = now
	b.next = (b.next + 1) % len(b.ring)
	if oldest := b.ring[b.next]; !oldest.IsZero() && now.Sub(oldest) <= o.Window {
		trip = true
	}
	b.mu.Unlock()
	return trip && b.open.CompareAndSwap(false, true)
}

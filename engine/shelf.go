package engine

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// shelf remembers things of callers by an id, bounded in number, size and time; the least recently used fall out. A caller
// never gets what is another's. It is safe for concurrent use.
type shelf[V any] struct {
	mu      sync.Mutex
	entries *simplelru.LRU[ownedKey, entry[V]]
	bytes   int
	most    int // of bytes
	keep    time.Duration
	now     func() time.Time
}

// ownedKey is whose thing it is: key is the caller's.
type ownedKey struct{ key, id string }

type entry[V any] struct {
	value V
	size  int
	until time.Time
}

// largestKept is the largest thing that is remembered, in bytes.
const largestKept = 1 << 20

func newShelf[V any](entries, bytes int, keep time.Duration) *shelf[V] {
	m := &shelf[V]{most: bytes, keep: keep, now: time.Now}
	m.entries, _ = simplelru.NewLRU(entries, func(_ ownedKey, e entry[V]) { m.bytes -= e.size })
	return m
}

// put remembers a value of some bytes; one that is too large is not remembered.
func (m *shelf[V]) put(k ownedKey, value V, size int) {
	if size > largestKept {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.entries.Peek(k); ok {
		m.bytes -= old.size
	}
	m.entries.Add(k, entry[V]{value, size, m.now().Add(m.keep)})
	for m.bytes += size; m.bytes > m.most; {
		if _, _, ok := m.entries.RemoveOldest(); !ok {
			break
		}
	}
}

// get is what is remembered; the zero value = nothing.
func (m *shelf[V]) get(k ownedKey) (value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries.Get(k)
	if !ok {
		return value
	}
	if m.now().After(e.until) {
		m.entries.Remove(k)
		return value
	}
	return e.value
}

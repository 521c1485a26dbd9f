package classifiers

import "sync"

// events counts events by kind.
type events struct {
	mu sync.Mutex
	n  [len(Kinds)]int
}

func (e *events) add(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n[ev.Kind]++
}

func (e *events) of(k Kind) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n[k]
}

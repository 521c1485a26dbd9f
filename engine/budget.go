package engine

import (
	"sync/atomic"
	"time"
)

// The window over which a provider's retries are compared with its calls.
const (
	budgetWindow = 10 // seconds
	// budgetLeast is how many retries a window holds whatever the traffic, so that a quiet server can retry at all.
	budgetLeast = 10
)

// budget keeps retries from making a bad day of a provider worse: of the calls to one provider in a window only a share may
// be retries. What counts is what the provider sees: a call is a retry if the same request has asked this provider before,
// or if it comes as a failover while the provider is itself in trouble. Failing over to a provider that is well is no retry.
type budget struct {
	seconds [budgetWindow]struct {
		at             atomic.Int64 // which second it counts
		calls, retries atomic.Uint32
	}
}

// slot is the counters of a second. A slot that still counts an older one is emptied by whoever comes first; a count that
// gets lost in that moment does not matter.
func (b *budget) slot(now time.Time) (calls, retries *atomic.Uint32) {
	sec := now.Unix()
	s := &b.seconds[sec%budgetWindow]
	if at := s.at.Load(); at != sec && s.at.CompareAndSwap(at, sec) {
		s.calls.Store(0)
		s.retries.Store(0)
	}
	return &s.calls, &s.retries
}

// called counts a call.
func (b *budget) called(now time.Time) {
	calls, _ := b.slot(now)
	calls.Add(1)
}

// window is the calls, and the retries among them, of the last seconds.
func (b *budget) window(now time.Time) (calls, retries uint32) {
	sec := now.Unix()
	for i := range b.seconds {
		s := &b.seconds[i]
		if at := s.at.Load(); at > sec-budgetWindow && at <= sec {
			calls += s.calls.Load()
			retries += s.retries.Load()
		}
	}
	return calls, retries
}

// retry takes a retry from the budget; false = it is used up.
func (b *budget) retry(now time.Time, share float64) bool {
	calls, retries := b.window(now)
	if retries >= budgetLeast && float64(retries) >= share*float64(calls) {
		return false
	}
	_, n := b.slot(now)
	n.Add(1)
	return true
}

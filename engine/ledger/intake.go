package ledger

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

// Why a record is dropped.
const (
	dropFull   = "buffer_full" // the writer does not keep up
	dropAway   = "state_away"  // NATS is away, and the buffer is full
	dropClosed = "closed"      // it came after the shutdown
	dropLarge  = "too_large"   // the stream does not take its block
)

// intake is where records wait for the writer: sharded, so that requests that end at the same time do not wait for each
// other, and bounded.
type intake struct {
	shards []shard
	room   int64         // bytes
	used   atomic.Int64  // bytes of records and of blocks that are not in the stream yet
	count  atomic.Int64  // records in the shards
	held   atomic.Int64  // records that are not in the stream yet
	wake   chan struct{} // something is there, or a block's worth
	closed atomic.Bool
}

type shard struct {
	sync.Mutex
	records []queued
	_       [32]byte // of a cache line
}

// queued is a record with when its request ended, by which records are put in order without looking at them.
type queued struct {
	ended int64 // Unix ns
	*Record
}

func (in *intake) init(room int64) {
	n := 1
	for n < runtime.GOMAXPROCS(0) {
		n *= 2
	}
	in.shards, in.room, in.wake = make([]shard, n), room, make(chan struct{}, 1)
}

// put takes a record, or says why not.
func (in *intake) put(r *Record) (refused string) {
	if in.closed.Load() {
		return dropClosed
	}
	size := r.size()
	if in.used.Add(size) > in.room {
		in.used.Add(-size)
		return dropFull
	}
	s := &in.shards[rand.Uint64()&uint64(len(in.shards)-1)] // the runtime's own generator: no lock
	s.Lock()
	s.records = append(s.records, queued{r.Time.UnixNano() + int64(r.Took.Duration()), r})
	s.Unlock()
	in.held.Add(1)
	if n := in.count.Add(1); n == 1 || n%maxRecords == 0 {
		select {
		case in.wake <- struct{}{}:
		default:
		}
	}
	return ""
}

// take moves what waits into a list.
func (in *intake) take(into []queued) []queued {
	for i := range in.shards {
		s := &in.shards[i]
		s.Lock()
		into = append(into, s.records...)
		in.count.Add(-int64(len(s.records)))
		clear(s.records)
		s.records = s.records[:0]
		s.Unlock()
	}
	return into
}

func (in *intake) close() { in.closed.Store(true) }

// waiting is how many records are not in the stream yet.
func (in *intake) waiting() int64 { return in.held.Load() }

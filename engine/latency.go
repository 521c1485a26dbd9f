package engine

import (
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// latencies are the last times of a deployment's answers: to the first text of a stream, to the whole of a plain answer.
// Noting one costs two atomic operations and no lock.
type latencies struct {
	next atomic.Uint32
	ring [256]atomic.Uint32 // microseconds; 0 = none yet
}

func (l *latencies) note(d time.Duration) {
	us := min(max(d.Microseconds(), 1), math.MaxUint32)
	l.ring[(l.next.Add(1)-1)%uint32(len(l.ring))].Store(uint32(us))
}

// appendTo appends the times that are there, in microseconds.
func (l *latencies) appendTo(list []uint32) []uint32 {
	for i := range l.ring {
		if us := l.ring[i].Load(); us > 0 {
			list = append(list, us)
		}
	}
	return list
}

// quantile is the q-quantile of times in microseconds, by nearest rank; 0 = there is none. It sorts the list.
func quantile(list []uint32, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return time.Duration(list[min(int(math.Ceil(q*float64(len(list))))-1, len(list)-1)]) * time.Microsecond
}

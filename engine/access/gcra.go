package access

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// gcra limits units a minute by the generic cell rate algorithm (ITU-T I.371, annex A, as virtual scheduling): one number, the
// theoretical arrival time of the next unit, ns since the meters' start. Each unit moves it on by a minute/limit; it may be at
// most a minute ahead, so that after a minute of rest a whole minute's worth may come at once. The zero gcra is at rest.
type gcra struct{ tat atomic.Int64 }

const window = int64(time.Minute)

// span is how far n units move the arrival time. More than a minute's worth counts as a minute's: such a request passes alone,
// after a rest, rather than never.
func span(n, limit int64) int64 {
	if n >= limit {
		return window
	}
	high, low := bits.Mul64(uint64(n), uint64(window))
	quotient, _ := bits.Div64(high, low, uint64(limit)) // n < limit: it fits
	return int64(quotient)
}

// units is how many units a time is worth.
func units(t, limit int64) int64 {
	if t <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(t), uint64(limit))
	quotient, _ := bits.Div64(high, low, uint64(window)) // limit ≤ 1e9 < window
	return int64(quotient)
}

// take takes n units at a time; 0 = they are taken, else how long it is until they could be.
func (g *gcra) take(now, n, limit int64) time.Duration {
	cost := span(n, limit)
	for {
		tat := g.tat.Load()
		next := max(tat, now) + cost
		if ahead := next - now - window; ahead > 0 {
			return time.Duration(ahead)
		}
		if g.tat.CompareAndSwap(tat, next) {
			return 0
		}
	}
}

// charge takes n units whatever is left, as when more was used than was taken, or others have used them; below 0 gives units
// back.
func (g *gcra) charge(now, n, limit int64) {
	if n <= 0 {
		g.tat.Add(-span(-n, limit)) // what is before now counts as now
		return
	}
	cost := span(n, limit)
	for {
		tat := g.tat.Load()
		if g.tat.CompareAndSwap(tat, max(tat, now)+cost) {
			return
		}
	}
}

// left is how many units could be taken now, and how long it is until all of them could be.
func (g *gcra) left(now, limit int64) (n int64, reset time.Duration) {
	ahead := max(g.tat.Load()-now, 0)
	return max(units(window-ahead, limit), 0), time.Duration(ahead)
}

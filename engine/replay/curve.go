package replay

import (
	"context"

	"github.com/routor/routor/engine"
)

// curveSample is on how many requests the dial of balance is turned, at most.
const curveSample = 1000

// Curve is what cost and quality would be at other settings of the draft's balance, on a part of the requests. All of it is expected,
// so that its points compare.
type Curve struct {
	Sample int     `json:"sample"`
	Live   Point   `json:"live"`
	Draft  Point   `json:"draft"`
	Points []Point `json:"points"`
}

// Point is one setting of the dial.
type Point struct {
	Balance float64 `json:"balance"`
	Cost    float64 `json:"cost"`    // USD a request, mean
	Quality float64 `json:"quality"` // mean
}

// thinned keeps at most so many items out of any number, evenly spread.
type thinned struct {
	most, seen, every int
	items             []Item
}

func (t *thinned) add(it Item) {
	if t.every = max(t.every, 1); t.seen%t.every == 0 {
		if len(t.items) == t.most {
			for i := range t.most / 2 {
				t.items[i] = t.items[2*i]
			}
			clear(t.items[t.most/2:])
			t.items, t.every = t.items[:t.most/2], 2*t.every
		}
		if t.seen%t.every == 0 {
			t.items = append(t.items, it)
		}
	}
	t.seen++
}

// curve turns the draft's dial from end to end. Profiles with a balance of their own keep it.
func curve(ctx context.Context, o *Options, items []Item) (*Curve, error) {
	c := &Curve{}
	at := func(s *engine.Snapshot) (Point, int, error) {
		p := Point{Balance: s.Policy.Balance}
		side := *o
		side.After, side.Workers, side.Curve = s, 1, false
		w := newWorker(&side)
		if err := w.decide(ctx, append([]Item(nil), items...)); err != nil {
			return p, 0, err
		}
		n := w.tally.expected
		if n > 0 {
			p.Cost, p.Quality = w.tally.expectedCost/float64(n), w.tally.expectedQuality/float64(n)
		}
		return p, n, nil
	}
	var err error
	if c.Live, _, err = at(o.Before); err != nil {
		return nil, err
	}
	if c.Draft, c.Sample, err = at(o.After); err != nil {
		return nil, err
	}
	for step := range 11 {
		balance := float64(step) / 10
		s, err := o.After.With(engine.Draft{Balance: &balance, Policy: o.After.Policy.Source})
		if err != nil {
			return nil, err
		}
		p, _, err := at(s)
		if err != nil {
			return nil, err
		}
		c.Points = append(c.Points, p)
	}
	return c, nil
}

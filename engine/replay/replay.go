// Package replay decides requests of the past again, with the same Decide as live traffic: before under what serves, after under a
// draft, at the same time, by the same seed and health. It says what would move, what that would cost and be worth, and what could no
// longer be answered.
package replay

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/ledger"
)

// How the health of deployments is taken.
const (
	Recorded = "recorded" // as it was known when the request came
	AllUp    = "all-up"   // everything that is connected is healthy; latencies are as they were known
)

// Options are what is compared, and how.
type Options struct {
	Before, After *engine.Snapshot
	Health        string  // Recorded (also "") or AllUp
	Seed          *uint64 // shuffles who is drawn by `split`; nil = as recorded
	// Reclassify has the words of a request classified again, on both sides, by each side's classifier: for a draft with another one.
	// Records without words are then not replayed.
	Reclassify bool
	Curve      bool // whether the draft's dial of balance is turned from end to end on a part of the requests
	Workers    int  // 0 = as many as there are processors
	Movers     int  // most requests shown that move; 0 = 20
	Now        time.Time
	// Pace, if not nil, is called by each worker after every few decisions, and may wait, so that others come first.
	Pace func()
	// Progress, if not nil, is called now and then, with how many were looked at.
	Progress func(done int)
}

// Item is one request to decide again: a record, or a request as a client would send it, or the bytes of either.
type Item struct {
	Record *ledger.Record
	Line   []byte // of JSON; nil = Record is given
	Number int    // of the line, from 1
}

// Source gives items one by one until it has no more. What it gives is its reader's.
type Source func(ctx context.Context, each func(Item) error) error

// batch is how many items go to a worker at a time, paced how many it decides before it lets others.
const (
	batch = 128
	paced = 16
)

// Run decides all that a source gives. The error is of the source, of a line that can't be read, or of ctx.
func Run(ctx context.Context, o Options, from Source) (*Result, error) {
	switch o.Health {
	case "":
		o.Health = Recorded
	case Recorded, AllUp:
	default:
		return nil, fmt.Errorf("health %q: it is %s or %s", o.Health, Recorded, AllUp)
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Movers <= 0 {
		o.Movers = 20
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	start := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan []Item, 2*o.Workers)
	workers := make([]*worker, o.Workers)
	var all sync.WaitGroup
	var progress counter
	progress.tell = o.Progress
	for i := range workers {
		w := newWorker(&o)
		workers[i] = w
		all.Go(func() {
			for items := range work {
				if ctx.Err() != nil {
					continue
				}
				if err := w.decide(ctx, items); err != nil {
					cancel(err)
				}
				progress.add(len(items))
			}
		})
	}
	sample := thinned{most: curveSample}
	err := feed(ctx, from, work, func(it Item) {
		if o.Curve {
			sample.add(it)
		}
	})
	close(work)
	all.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause // of a worker, or of the caller: the source only noticed it
	}
	if err != nil {
		return nil, err
	}
	t := workers[0].tally
	for _, w := range workers[1:] {
		t.merge(w.tally)
	}
	r := t.result(&o)
	if o.Curve {
		if r.Curve, err = curve(ctx, &o, sample.items); err != nil {
			return nil, err
		}
	}
	r.MS = float64(time.Since(start).Microseconds()) / 1000
	if r.MS > 0 {
		r.PerSecond = float64(r.Replayed) / r.MS * 1000
	}
	return r, nil
}

// feed hands what a source gives to the workers, in batches.
func feed(ctx context.Context, from Source, work chan<- []Item, also func(Item)) error {
	items := make([]Item, 0, batch)
	send := func() error {
		if len(items) == 0 {
			return nil
		}
		select {
		case work <- items:
			items = make([]Item, 0, batch)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := from(ctx, func(it Item) error {
		also(it)
		if items = append(items, it); len(items) < batch {
			return nil
		}
		return send()
	})
	return errors.Join(err, send())
}

// counter adds up what several workers have done.
type counter struct {
	mu   sync.Mutex
	n    int
	tell func(int)
}

func (c *counter) add(n int) {
	if c.tell == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += n
	c.tell(c.n)
}

// Records is a source of records that lie in memory.
func Records(list []*ledger.Record) Source {
	return func(_ context.Context, each func(Item) error) error {
		for _, r := range list {
			if err := each(Item{Record: r}); err != nil {
				return err
			}
		}
		return nil
	}
}

// Ledger is a source of the records of a ledger that match, oldest first, at most limit of them; 0 = all.
func Ledger(l *ledger.Ledger, f ledger.Filter, limit int) Source {
	return func(ctx context.Context, each func(Item) error) error {
		n := 0
		err := l.Scan(ctx, f, func(r *ledger.Record) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if n++; limit > 0 && n > limit {
				return errEnough
			}
			c := r.Cloned()
			return each(Item{Record: c})
		}, nil)
		if errors.Is(err, errEnough) {
			return nil
		}
		return err
	}
}

var errEnough = errors.New("as many as were asked for")

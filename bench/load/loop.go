package load

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/valyala/fasthttp"
)

// Plan is how a target is asked.
type Plan struct {
	Connections int           // at the same time
	Rate        float64       // requests a second that arrive, whatever the target does; 0 = each connection asks as fast as it is answered
	Duration    time.Duration // of the measurement
	WarmUp      time.Duration // before it
	Timeout     time.Duration // of one exchange; 0 = 30 s
}

// Result is what one measurement found. Latencies are microseconds; with a Rate they count from when a request was due, so
// that a target which stalls is charged for those that had to wait (Gil Tene's coordinated omission).
type Result struct {
	Requests int64            `json:"requests"`
	Errors   int64            `json:"errors"`
	Reasons  map[string]int64 `json:"reasons,omitempty"`
	Events   int64            `json:"events,omitempty"` // of streams
	Seconds  float64          `json:"seconds"`
	PerSec   float64          `json:"per_second"`
	P50      float64          `json:"p50_us"`
	P90      float64          `json:"p90_us"`
	P99      float64          `json:"p99_us"`
	P999     float64          `json:"p999_us"`
	Max      float64          `json:"max_us"`
	Mean     float64          `json:"mean_us"`
	First50  float64          `json:"first_p50_us,omitempty"` // of streams: to the first event
	CPU      float64          `json:"cpu_us"`                 // processor time of the target's process for a request; 0 = unknown
	Peak     int64            `json:"peak_bytes"`             // memory of the target's process; 0 = unknown
	RSS      int64            `json:"rss_bytes"`

	latency *hdrhistogram.Histogram
}

// Histogram is the latencies, microseconds.
func (r *Result) Histogram() *hdrhistogram.Histogram { return r.latency }

const leastLatency, mostLatency, digits = 1, int64(10 * time.Minute / time.Microsecond), 3

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(leastLatency, mostLatency, digits)
}

// worker is one connection's share of a measurement.
type worker struct {
	latency, first *hdrhistogram.Histogram
	requests       int64
	errors         int64
	events         int64
	reasons        map[string]int64
	req            fasthttp.Request
	resp           fasthttp.Response
	buf            []byte
}

func (w *worker) take(a *answer, took time.Duration) {
	if a.err != nil {
		w.errors++
		if w.reasons == nil {
			w.reasons = map[string]int64{}
		}
		w.reasons[a.err.Error()]++
		return
	}
	w.requests++
	w.events += int64(a.events)
	_ = w.latency.RecordValue(min(max(took.Microseconds(), leastLatency), mostLatency))
	if a.first > 0 {
		_ = w.first.RecordValue(max(a.first.Microseconds(), leastLatency))
	}
}

// Measure asks a target by a plan.
func Measure(ctx context.Context, t *Target, w *Workload, p Plan) (*Result, error) {
	if p.Connections < 1 || p.Duration <= 0 || p.Rate < 0 || math.IsNaN(p.Rate) {
		return nil, fmt.Errorf("%s: a plan needs connections, a duration, and a rate of 0 or more", t.Name)
	}
	if p.Timeout <= 0 {
		p.Timeout = 30 * time.Second
	}
	c, err := newCaller(t, w, p.Connections, p.Timeout)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if p.WarmUp > 0 {
		p.run(ctx, c, p.WarmUp)
	}
	before, known := UsageOf(t.PID)
	workers, took := p.run(ctx, c, p.Duration)
	r := sum(workers, took)
	if after, ok := UsageOf(t.PID); ok && known {
		r.CPU = float64((after.CPU - before.CPU).Microseconds()) / float64(max(r.Requests+r.Errors, 1))
		r.Peak, r.RSS = after.Peak, after.RSS
	}
	return r, ctx.Err()
}

func (p *Plan) run(ctx context.Context, c *caller, d time.Duration) ([]*worker, time.Duration) {
	workers := make([]*worker, p.Connections)
	for i := range workers {
		workers[i] = &worker{latency: newHistogram(), first: newHistogram(), buf: make([]byte, 16<<10)}
	}
	start := time.Now()
	end := start.Add(d)
	var all sync.WaitGroup
	var next atomic.Int64
	for _, w := range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				due := time.Now()
				if p.Rate > 0 {
					// Whoever is free takes the next one that is due. If all are busy it is late, and that is part of its latency.
					due = start.Add(time.Duration(float64(i) / p.Rate * float64(time.Second)))
					if wait := time.Until(due); wait > 0 {
						time.Sleep(wait)
					}
				}
				if !due.Before(end) {
					return
				}
				a := c.ask(int(i), &w.req, &w.resp, w.buf)
				w.take(&a, time.Since(due))
			}
		})
	}
	all.Wait()
	return workers, time.Since(start)
}

func sum(workers []*worker, took time.Duration) *Result {
	r := &Result{Seconds: took.Seconds(), latency: newHistogram(), Reasons: map[string]int64{}}
	first := newHistogram()
	for _, w := range workers {
		r.Requests, r.Errors, r.Events = r.Requests+w.requests, r.Errors+w.errors, r.Events+w.events
		r.latency.Merge(w.latency)
		first.Merge(w.first)
		for why, n := range w.reasons {
			r.Reasons[why] += n
		}
	}
	r.PerSec = float64(r.Requests) / r.Seconds
	at := func(q float64) float64 { return float64(r.latency.ValueAtQuantile(q)) }
	r.P50, r.P90, r.P99, r.P999 = at(50), at(90), at(99), at(99.9)
	r.Max, r.Mean, r.First50 = float64(r.latency.Max()), r.latency.Mean(), float64(first.ValueAtQuantile(50))
	return r
}

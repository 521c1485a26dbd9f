package api

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/replay"
)

func init() {
	adminCalls = append(adminCalls, adminCall{"impact", "POST", (*call).adminImpact,
		"What a draft of the policy would do to the latest requests, as one types: `{\"source\", \"sample\": 2000, \"balance\"}` decides them again under the live policy and under the draft and gives what `GET /admin/replays/{…}` gives as `result`. What is measured and what estimated: [replay.md](../replay.md)."})
}

const (
	impactUsual = 2000
	impactMost  = 5000
	// sampleAge is how long the latest requests are taken for the latest: while somebody types, figures must not move of themselves.
	sampleAge = time.Minute
	// sampleIdle is how long they are kept in memory though nobody asks.
	sampleIdle = 5 * time.Minute
)

// sampled are the latest records, decoded, for as long as somebody edits a draft.
type sampled struct {
	mu      sync.Mutex
	records []*ledger.Record
	want    int // as many as were asked for
	at      time.Time
	forget  *time.Timer
}

// latest are the newest records, at most n.
func (p *sampled) latest(ctx context.Context, s *Server, n int) ([]*ledger.Record, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.forget != nil {
		p.forget.Stop()
	}
	p.forget = time.AfterFunc(sampleIdle, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.records, p.at = nil, time.Time{}
	})
	if p.at.IsZero() || time.Since(p.at) > sampleAge || n > p.want || len(p.records) < p.want && s.Ledger.Len() > len(p.records) {
		s.settleLedger(ctx)
		page, err := s.Ledger.List(ctx, ledger.Filter{}, "", n)
		if err != nil {
			return nil, err
		}
		p.records, p.want, p.at = page.Records, n, time.Now()
	}
	return p.records[:min(n, len(p.records))], nil
}

// impactBody is the body of POST /admin/impact.
type impactBody struct {
	Source  *string  `json:"source"`
	Sample  int      `json:"sample"`
	Balance *float64 `json:"balance"`
}

func (c *call) adminImpact(string) *fault {
	var body impactBody
	if f := readJSON(c.RequestCtx, &body); f != nil {
		return f
	}
	if body.Source == nil {
		return missingSource()
	}
	if c.s.Ledger == nil {
		return withoutLedger()
	}
	switch {
	case body.Sample == 0:
		body.Sample = impactUsual
	case body.Sample < 0 || body.Sample > impactMost:
		return invalid("sample", "must be from 1 to %d", impactMost)
	}
	start := time.Now()
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	draft, err := c.s.draft(s, engine.Draft{Policy: []byte(*body.Source), Balance: body.Balance})
	if err != nil {
		return c.unchecked(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	records, err := c.s.sample.latest(ctx, c.s, body.Sample)
	if err != nil {
		return ledgerFault(err)
	}
	result, err := replay.Run(ctx, replay.Options{Before: s, After: draft, Workers: spareWorkers(), Movers: 8}, replay.Records(records))
	if err != nil {
		return failure(codeInternal, "the sample could not be decided again: %v", err)
	}
	result.MS = float64(time.Since(start).Microseconds()) / 1000
	if !c.who.prompts {
		result.WithoutPrompts()
	}
	writeJSON(c.RequestCtx, 200, result)
	return nil
}

// spareWorkers is how many processors may be busy with what nobody's request waits for.
func spareWorkers() int { return max(1, runtime.GOMAXPROCS(0)-1) }

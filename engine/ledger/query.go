package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// ErrUnknown says that there is no such decision.
var ErrUnknown = errors.New("ledger: there is no such decision")

// Page is a part of a list, newest first by when the requests ended.
type Page struct {
	Records []*Record
	// Next is where the list goes on, for the next call; "" = it has ended, or nobody has looked further.
	Next string
	// Looked is how many records were looked at.
	Looked int
	// Partial says that the time was up before the limit was reached: Next goes on.
	Partial bool
}

// List gives the newest records that match, at most limit, from a cursor on ("" = the newest). When ctx ends it gives what it
// has found so far.
func (l *Ledger) List(ctx context.Context, f Filter, cursor string, limit int) (Page, error) {
	before, place := uint64(0), 0
	if cursor != "" {
		var ok bool
		if before, place, ok = parseDecisionID(cursor); !ok {
			return Page{}, fmt.Errorf("cursor: %q is none: take it from the page before", cursor)
		}
	}
	l.mu.Lock()
	runs := l.index.runs(&f, before)
	l.mu.Unlock()
	var p Page
	tokens := f.tokens()
	for size := 1; len(runs) > 0; size = min(4*size, mostJoined) {
		run := newest(&runs, size)
		blocks, err := l.read(ctx, run.first, run.last)
		if err != nil && ctx.Err() == nil {
			return p, err
		}
		for i := len(blocks) - 1; i >= 0; i-- {
			b := &blocks[i]
			if before > 0 && b.seq > before || !f.mayHave(&b.Header, tokens) {
				continue
			}
			rows, err := b.match(&f)
			if err != nil {
				l.damaged(b.seq, err)
				continue
			}
			p.Looked += b.Records
			for k := len(rows) - 1; k >= 0; k-- {
				seq, at, _ := parseDecisionID(rows[k].ID)
				if seq == before && at >= place {
					continue
				}
				p.Records = append(p.Records, rows[k])
				if len(p.Records) >= limit {
					p.Next = rows[k].ID
					return p, nil
				}
			}
		}
		if ctx.Err() != nil {
			p.Partial, p.Next = true, decisionID(run.first, 0)
			return p, nil
		}
	}
	return p, nil
}

// Get is one decision, by its id or by its X-Request-Id; of several with one request id the newest. The error is ErrUnknown
// where there is none.
func (l *Ledger) Get(ctx context.Context, id string) (*Record, error) {
	if seq, place, ok := parseDecisionID(id); ok {
		blocks, err := l.read(ctx, seq, seq)
		if err != nil {
			return nil, err
		}
		if len(blocks) == 1 && place < blocks[0].Records {
			rows, err := blocks[0].match(&Filter{})
			if err != nil {
				return nil, err
			}
			return rows[place], nil
		}
	}
	p, err := l.List(ctx, Filter{Request: id}, "", 1)
	if err == nil && len(p.Records) == 0 {
		err = ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	return p.Records[0], nil
}

// Progress is how far a Scan has come.
type Progress struct {
	Looked, Found int
	Total         int // records that may match, by the index: an upper bound
}

// Scan calls f with the records that match, oldest first, until it returns an error, which Scan returns. A record is valid
// until f returns. progress, if not nil, is called after each page.
func (l *Ledger) Scan(ctx context.Context, f Filter, each func(*Record) error, progress func(Progress)) error {
	l.mu.Lock()
	runs := l.index.runs(&f, 0)
	l.mu.Unlock()
	var at Progress
	for _, r := range runs {
		at.Total += r.records
	}
	tokens := f.tokens()
	var rec Record
	for len(runs) > 0 {
		run := joined(&runs)
		blocks, err := l.read(ctx, run.first, run.last)
		if err != nil {
			return err
		}
		for i := range blocks {
			b := &blocks[i]
			at.Looked += b.Records
			if !f.mayHave(&b.Header, tokens) {
				continue
			}
			var stop error
			err := b.each(&rec, func(place int, r *Record) bool {
				if f.Match(r) {
					at.Found++
					r.ID = decisionID(b.seq, place)
					stop = each(r)
				}
				return stop == nil
			})
			if stop != nil {
				return stop
			}
			if err != nil {
				l.damaged(b.seq, err)
			}
		}
		if progress != nil {
			progress(at)
		}
	}
	return nil
}

// mostJoined is how many records are read from the stream in one go.
const mostJoined = 16 * maxRecords

// joined takes the oldest runs off a list, as many as lie side by side and are read in one go.
func joined(runs *[]run) run {
	n := len(*runs)
	r := (*runs)[n-1]
	for n--; n > 0 && (*runs)[n-1].first == r.last+1 && r.records < mostJoined; n-- {
		r.last, r.records = (*runs)[n-1].last, r.records+(*runs)[n-1].records
	}
	*runs = (*runs)[:n]
	return r
}

// newest takes the newest runs off a list, as many as lie side by side and have up to that many records.
func newest(runs *[]run, size int) run {
	r, n := (*runs)[0], 1
	for ; n < len(*runs) && (*runs)[n].last+1 == r.first && r.records < size; n++ {
		r.first, r.records = (*runs)[n].first, r.records+(*runs)[n].records
	}
	*runs = (*runs)[n:]
	return r
}

// Total is how many records there are that may match, by the index: exact where only the time counts, but for its ends.
func (l *Ledger) Total(f Filter) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.index.runs(&f, 0) {
		n += r.records
	}
	return n
}

// Len is how many records can be asked for.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.index.records
}

// Rollups are the sums of a span ("minute", "hour", "day") from from (included) to to (not), zero = all that are kept, oldest
// first; spans without a request are left out.
func (l *Ledger) Rollups(span string, from, to time.Time) ([]Rollup, error) {
	if !slices.Contains(Spans(), span) {
		return nil, fmt.Errorf("ledger: rollups are kept by %v, not by %q", Spans(), span)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rollups.within(span, from, to), nil
}

// stored is a block as it stands in the stream.
type stored struct {
	opened
	seq uint64
}

// match are the records that match, each with memory of its own.
func (b *stored) match(f *Filter) (rows []*Record, err error) {
	var rec Record
	err = b.each(&rec, func(place int, r *Record) bool {
		if f.Match(r) {
			c := r.Cloned()
			c.ID = decisionID(b.seq, place)
			rows = append(rows, c)
		}
		return true
	})
	return rows, err
}

// read reads the blocks of a part of the stream, by direct batched gets (NATS ADR-31). What the stream no longer has is left
// out.
func (l *Ledger) read(ctx context.Context, first, last uint64) (out []stored, err error) {
	conn := l.options.Store.Conn()
	inbox, err := conn.SubscribeSync(conn.NewInbox())
	if err != nil {
		return nil, fmt.Errorf("ledger: read: %w", err)
	}
	defer func() { _ = inbox.Unsubscribe() }()
	const batch = 256
	for next := first; next <= last; {
		ask := fmt.Sprintf(`{"seq":%d,"batch":%d,"max_bytes":%d}`, next, min(last-next+1, batch), 16<<20)
		if err := conn.PublishRequest("$JS.API.DIRECT.GET."+StreamName, inbox.Subject, []byte(ask)); err != nil {
			return out, fmt.Errorf("ledger: read: %w", err)
		}
		got := 0
		for end := false; !end; {
			m, err := nextMessage(ctx, inbox)
			if err != nil {
				return out, fmt.Errorf("ledger: read block %d: %w", next, err)
			}
			if m.Header.Get("Status") != "" {
				end = true // 204 end of batch, 404 nothing there
				continue
			}
			seq, err := strconv.ParseUint(m.Header.Get("Nats-Sequence"), 10, 64)
			if err != nil || seq > last {
				next = last + 1
				continue
			}
			next = seq + 1
			got++
			o, err := openBlock(m.Data)
			if err != nil {
				l.damaged(seq, err)
				continue
			}
			out = append(out, stored{o, seq})
		}
		if got == 0 {
			break
		}
	}
	return out, nil
}

func nextMessage(ctx context.Context, s *nats.Subscription) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return s.NextMsgWithContext(ctx)
}

package api

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/ledger"
)

// searchTime bounds how long a list of decisions is looked for before what was found so far is given.
const searchTime = 10 * time.Second

// mostListed bounds a list of decisions.
const mostListed = 1000

// query is the query of a request, decoded.
func (c *call) query() (url.Values, *fault) {
	q, err := url.ParseQuery(string(c.URI().QueryString()))
	if err != nil {
		return nil, failure(codeInvalidType, "the query can't be read: %v", err)
	}
	return q, nil
}

// filter is what a query asks the ledger for.
func (c *call) filter() (ledger.Filter, url.Values, *fault) {
	q, f := c.query()
	if f != nil {
		return ledger.Filter{}, nil, f
	}
	filter, err := ledger.ParseFilter(q, time.Now())
	if err != nil {
		f := failure(codeInvalidType, "%v", err)
		f.param, _, _ = strings.Cut(err.Error(), ":")
		return filter, nil, f
	}
	if filter.Text != "" && !c.who.prompts {
		f := failure(codePrompts, "text: looking for words tells what prompts say, which this key may not read")
		f.param = "text"
		return filter, nil, f
	}
	return filter, q, nil
}

// blind takes the words of a prompt out of a record, unless whoever asks may read them.
func (i *identity) blind(r *ledger.Record) *ledger.Record {
	if p := &r.Prompt; !i.prompts {
		p.Text, p.System, p.Context = "", "", ""
	}
	return r
}

// limit is how many a query asks for.
func limit(q url.Values, usual, most int) (int, *fault) { return limitOf(q, "limit", usual, most) }

// limitOf is a whole number that a query gives by that name.
func limitOf(q url.Values, name string, usual, most int) (int, *fault) {
	text := q.Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, failure(codeInvalidType, name+": must be a whole number of at least 1, not %q", text)
	}
	return min(n, most), nil
}

// adminDecisions answers with the decisions that match, newest first.
func (c *call) adminDecisions(string) *fault {
	filter, q, f := c.filter()
	if f != nil {
		return f
	}
	n, f := limit(q, 50, mostListed)
	if f != nil {
		return f
	}
	if c.s.Ledger == nil {
		if !filter.Empty() || q.Get("cursor") != "" {
			return withoutLedger()
		}
		return c.latest(n)
	}
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	if q.Get("cursor") == "" {
		c.s.settleLedger(ctx)
	}
	page, err := c.s.Ledger.List(ctx, filter, q.Get("cursor"), n)
	if err != nil {
		return ledgerFault(err)
	}
	b := []byte(`{"decisions":[`)
	var e ledger.Encoder
	for i, r := range page.Records {
		if c.s.commented(r, c.who.prompts); i > 0 {
			b = append(b, ',')
		}
		c.who.blind(r)
		if q.Get("full") == "true" {
			b = e.AppendJSON(b, r)
		} else {
			b = ledger.AppendRow(b, r)
		}
	}
	b = append(b, `],"next":`...)
	b = appendString(b, page.Next)
	b = strconv.AppendInt(append(b, `,"looked_at":`...), int64(page.Looked), 10)
	b = strconv.AppendInt(append(b, `,"total":`...), int64(c.s.Ledger.Len()), 10)
	b = strconv.AppendBool(append(b, `,"partial":`...), page.Partial)
	c.rawJSON(append(b, "}\n"...))
	return nil
}

// settleLedger has what was answered a moment ago known, so that whoever asks right after a request finds it. Where the state
// is away it does not wait for long.
func (s *Server) settleLedger(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	_ = s.Ledger.Flush(ctx)
}

func withoutLedger() *fault {
	return failure(codeNotSupported, "this server keeps no ledger (ledger.enabled is false): only its latest decisions are known, without filters")
}

func ledgerFault(err error) *fault {
	switch {
	case errors.Is(err, ledger.ErrUnknown):
		return failure(codeNotFound, "there is no such decision: give a decision's id or an X-Request-Id; records go after ledger.age")
	case strings.HasPrefix(err.Error(), "cursor:"):
		f := failure(codeInvalidType, "%v", err)
		f.param = "cursor"
		return f
	}
	return failure(codeInternal, "the ledger can't be read: %v", err)
}

// latest answers with the latest decisions of this process.
func (c *call) latest(limit int) *fault {
	b := []byte(`{"decisions":[`)
	c.s.recent.each(func(r *record) bool {
		if b[len(b)-1] == '}' {
			b = append(b, ',')
		}
		b = r.append(b)
		limit--
		return limit > 0
	})
	c.rawJSON(append(b, "]}\n"...))
	return nil
}

// adminDecision answers with one decision's story: its row, its whole record, and every candidate, decided again as long as
// what it was decided by still serves.
func (c *call) adminDecision(id string) *fault {
	if c.s.Ledger == nil {
		return c.recentDecision(id)
	}
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	c.s.settleLedger(ctx)
	r, err := c.s.Ledger.Get(ctx, id)
	if err != nil {
		return ledgerFault(err)
	}
	shown := c.who.blind(r.Cloned()) // deciding again may need the words
	c.s.commented(shown, c.who.prompts)
	b := ledger.AppendRow(nil, shown)
	b = append(b[:len(b)-1], `,"record":`...)
	var e ledger.Encoder
	b = e.AppendJSON(b, shown)
	b = c.again(b, r)
	c.rawJSON(append(b, "}\n"...))
	return nil
}

// again appends the decision with every candidate, if deciding the record again gives the same chain, or why there is none.
func (c *call) again(b []byte, r *ledger.Record) []byte {
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	d := engine.NewDecision()
	defer d.Release()
	same, err := engine.Again(s, r, d)
	if same {
		b = append(b, `,"decision":`...)
		return d.AppendJSON(b)
	}
	why := "what serves now decides otherwise: policy, catalog or profiles have changed since"
	if err != nil {
		why = err.Error()
	}
	b = append(b, `,"no_decision":`...)
	return appendString(b, why)
}

// recentDecision answers with one of this process's latest decisions.
func (c *call) recentDecision(id string) *fault {
	var b []byte
	c.s.recent.each(func(r *record) bool {
		if r.id != id {
			return true
		}
		b = r.append(nil)
		if r.decision != nil {
			b = append(append(append(b[:len(b)-1], `,"decision":`...), r.decision...), '}')
		}
		return false
	})
	if b == nil {
		return failure(codeNotFound, "decision %q is not among the latest %d", id, len(c.s.recent.ring))
	}
	c.rawJSON(append(b, '\n'))
	return nil
}

func (c *call) rawJSON(b []byte) {
	c.SetStatusCode(fasthttp.StatusOK)
	c.SetContentType(jsonType)
	c.Response.SetBodyRaw(b)
}

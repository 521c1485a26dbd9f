package api

import (
	"bufio"
	"context"
	"encoding/csv"
	"strconv"
	"time"

	"github.com/routor/routor/engine/ledger"
)

// needLedger is the fault of a server that keeps none.
func (c *call) needLedger() *fault {
	if c.s.Ledger == nil {
		return withoutLedger()
	}
	return nil
}

// adminLedger answers with how the ledger is.
func (c *call) adminLedger(string) *fault {
	if f := c.needLedger(); f != nil {
		return f
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	writeJSON(c.RequestCtx, 200, c.s.Ledger.Status(ctx))
	return nil
}

// adminExport streams all decisions that match, oldest first: rows as JSON lines or CSV, or whole records as JSON lines, which
// replay reads.
func (c *call) adminExport(string) *fault {
	if f := c.needLedger(); f != nil {
		return f
	}
	filter, q, f := c.filter()
	if f != nil {
		return f
	}
	var write func(w *bufio.Writer, r *ledger.Record) error
	kind := "application/x-ndjson"
	var line []byte
	switch format, full := q.Get("format"), q.Get("full") == "true"; {
	case format == "csv" && full:
		return failure(codeInvalidType, "full: whole records go as jsonl only")
	case format == "csv":
		kind = "text/csv; charset=utf-8"
		head := false
		write = func(w *bufio.Writer, r *ledger.Record) error {
			out := csv.NewWriter(w)
			if !head {
				head = true
				_ = out.Write(ledger.RowColumns)
			}
			_ = out.Write(ledger.Row(r))
			out.Flush()
			return out.Error()
		}
	case format != "" && format != "jsonl":
		return failure(codeInvalidType, "format: %q is none: there are jsonl and csv", format)
	case full:
		var e ledger.Encoder
		write = func(w *bufio.Writer, r *ledger.Record) error {
			line = append(e.AppendJSON(line[:0], r), '\n')
			_, err := w.Write(line)
			return err
		}
	default:
		write = func(w *bufio.Writer, r *ledger.Record) error {
			line = append(ledger.AppendRow(line[:0], r), '\n')
			_, err := w.Write(line)
			return err
		}
	}
	l := c.s.Ledger
	if filter.BoundsTimeOnly() { // else nobody knows before it is over
		c.Response.Header.Set("X-Routor-Records", strconv.Itoa(l.Total(filter)))
	}
	c.SetContentType(kind)
	id, s, who := c.id, c.s, c.who
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() {
			if p := recover(); p != nil {
				s.panicked(p, id)
			}
		}()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		// A client that has gone makes the write fail, which ends the scan.
		_ = l.Scan(ctx, filter, func(r *ledger.Record) error {
			s.commented(r, who.prompts)
			return write(w, who.blind(r))
		}, nil)
		_ = w.Flush()
	})
	return nil
}

// adminTail streams decisions as they come, as server-sent events: a sample of at most 20 rows a second, and each second the
// true counters.
func (c *call) adminTail(string) *fault {
	if f := c.needLedger(); f != nil {
		return f
	}
	filter, _, f := c.filter()
	if f != nil {
		return f
	}
	s, id, who := c.s, c.id, c.who
	c.SetContentType("text/event-stream; charset=utf-8")
	c.Response.Header.Set("X-Accel-Buffering", "no") // nginx would collect events
	watch := s.Ledger.Watch(filter)
	conn := c.Conn()
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer watch.End()
		defer func() {
			if p := recover(); p != nil {
				s.panicked(p, id)
			}
		}()
		beat := time.NewTicker(time.Second)
		defer beat.Stop()
		t := tail{w: w, who: who}
		for !s.draining.Load() {
			_ = conn.SetWriteDeadline(time.Now().Add(s.WriteTimeout))
			select {
			case e, ok := <-watch.Events:
				if !ok {
					t.event("gap", []byte(`{"why":"the reader is too slow, or the server stops"}`))
					return
				}
				t.rows(&e)
			case <-beat.C:
				watch.Beat()
				t.counters()
			}
			if w.Flush() != nil {
				return
			}
		}
	})
	return nil
}

// tail writes the events of a live view.
type tail struct {
	w     *bufio.Writer
	who   *identity
	line  []byte
	since ledger.Event // counters since they were told last
	shown int
}

func (t *tail) event(name string, data []byte) {
	_, _ = t.w.WriteString("event: " + name + "\ndata: ")
	_, _ = t.w.Write(data)
	_, _ = t.w.WriteString("\n\n")
}

func (t *tail) rows(e *ledger.Event) {
	t.since.Matched += e.Matched
	t.since.Total += e.Total
	t.since.Over += e.Over
	t.since.Dropped = e.Dropped
	for i := range e.Records {
		t.line = ledger.AppendRow(t.line[:0], t.who.blind(&e.Records[i]))
		t.event("decision", t.line)
		t.shown++
	}
}

// counters tells how much there was in truth: {"matched":1043,"total":1043,"shown":20,"dropped":0,"seconds":1.002}.
func (t *tail) counters() {
	b := strconv.AppendInt(append(t.line[:0], `{"matched":`...), int64(t.since.Matched), 10)
	b = strconv.AppendInt(append(b, `,"total":`...), int64(t.since.Total), 10)
	b = strconv.AppendInt(append(b, `,"shown":`...), int64(t.shown), 10)
	b = strconv.AppendUint(append(b, `,"dropped":`...), t.since.Dropped, 10)
	b = strconv.AppendFloat(append(b, `,"seconds":`...), t.since.Over.Seconds(), 'f', 3, 64)
	t.line = append(b, '}')
	t.event("counters", t.line)
	t.since, t.shown = ledger.Event{Dropped: t.since.Dropped}, 0
}

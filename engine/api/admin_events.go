package api

import (
	"bufio"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/ledger"
)

func init() {
	adminCalls = append(adminCalls, adminCall{"events", "GET", (*call).adminEvents,
		"What happens, as server-sent events: `?topics=decisions,counters,providers,documents,audit,fleet,rollout` (all without it) and the filters of decisions. `decision` is a row (at most 20 a second), `counters` come each second with figures of the last minute, " +
			"`providers`, `fleet` and `rollout` are the bodies of their calls when they change, `documents` and `audit` what was published or done. `Last-Event-ID` resumes; what can't be told again is an event `gap`. Slow readers are cut."})
}

// What a reader who comes back is told again at most; beyond that there is a gap.
const (
	mostAgain  = 200
	againFor   = 10 * time.Minute
	againTime  = 2 * time.Second // to find it
	figuresFor = 60              // seconds
	quietFor   = 10 * time.Second
	// readerTime is how long one write may take.
	readerTime = 10 * time.Second
)

// adminEvents answers with the event stream.
func (c *call) adminEvents(string) *fault {
	filter, q, f := c.filter()
	if f != nil {
		return f
	}
	topics := map[string]bool{}
	list := Topics
	if text := q.Get("topics"); text != "" {
		list = strings.Split(text, ",")
	}
	for _, topic := range list {
		if topic = strings.TrimSpace(topic); !slices.Contains(Topics, topic) {
			f := failure(codeInvalidType, "topics: %q is none of %s", topic, strings.Join(Topics, ", "))
			f.param = "topics"
			return f
		}
		topics[topic] = true
	}
	e := c.s.events
	last := string(c.Request.Header.Peek("Last-Event-ID"))
	boot, seq, at, resumes := parseEventID(last)
	if !resumes || boot != e.boot {
		seq = e.latest()
	}
	x, missed, whole := e.open(topics, seq)
	if x == nil {
		f := failure(codeBusy, "%d event streams are open, which is as many as a server keeps", mostStreams)
		f.after = 5 * time.Second
		return f
	}
	r := &reader{s: c.s, e: e, stream: x, who: c.who, topics: topics, filter: filter, seq: seq, began: time.Now()}
	if c.s.Ledger != nil && (topics["decisions"] || topics["counters"]) {
		r.watch = c.s.Ledger.Watch(filter)
	}
	if last != "" {
		r.resume(missed, at, resumes && boot == e.boot && whole)
	}
	c.SetContentType("text/event-stream; charset=utf-8")
	c.Response.Header.Set("X-Accel-Buffering", "no") // nginx would collect events
	conn, id := c.Conn(), c.id
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() {
			e.leave(x)
			if r.watch != nil {
				r.watch.End()
			}
			if p := recover(); p != nil {
				r.s.panicked(p, id)
			}
		}()
		r.w = w
		r.tell(func() { _ = conn.SetWriteDeadline(time.Now().Add(readerTime)) })
	})
	return nil
}

// reader writes the events of one stream.
type reader struct {
	s      *Server
	e      *events
	stream *stream
	who    *identity
	topics map[string]bool
	filter ledger.Filter
	watch  *ledger.Watch // nil = no decisions
	w      *bufio.Writer

	began   time.Time
	seq     uint64
	again   []*ledger.Record // what was missed, newest first
	missed  []told
	gap     string
	gapFrom time.Time
	seen    map[string]bool // decisions that were told again
	line    []byte
	wrote   time.Time
	tail    tail
	figures figures
}

// resume finds what a reader has missed since it knew everything up to a time.
func (r *reader) resume(missed []told, since time.Time, whole bool) {
	r.missed = missed
	if !whole {
		r.gap, r.gapFrom = "the server does not remember what was told: ask for lists again", since
	}
	if r.watch == nil || !r.topics["decisions"] {
		return
	}
	if since.IsZero() || time.Since(since) > againFor {
		r.gap, r.gapFrom = "too long ago to be told again: ask for lists again", since
		return
	}
	f := r.filter
	if from := since.Add(-againFor); f.From.Before(from) {
		f.From = from // records are found by when they began, and are missed by when they ended
	}
	ctx, cancel := context.WithTimeout(context.Background(), againTime)
	defer cancel()
	page, err := r.s.Ledger.List(ctx, f, "", mostAgain)
	if err != nil || page.Partial {
		r.gap, r.gapFrom = "what was missed could not be found: ask for lists again", since
		return
	}
	r.seen = map[string]bool{}
	for _, x := range page.Records {
		if !x.Time.Add(x.Took.Duration()).After(since) {
			return
		}
		r.again = append(r.again, x)
		r.seen[x.ID] = true
	}
	if page.Next != "" {
		r.gap, r.gapFrom = "more decisions than are told again: ask for lists again", since
	}
}

// tell writes until the reader has gone, is too slow, may no longer read, or the server stops.
func (r *reader) tell(ready func()) {
	ready()
	_, _ = r.w.WriteString("retry: 2000\n\n")
	r.begin()
	var rows <-chan ledger.Event
	if r.watch != nil {
		rows = r.watch.Events
	}
	beat := time.NewTicker(time.Second)
	defer beat.Stop()
	for n := 1; ; {
		if r.w.Flush() != nil {
			return
		}
		select {
		case e, ok := <-rows:
			if ready(); !ok {
				r.cut()
				return
			}
			r.decisions(&e)
		case t, ok := <-r.stream.in:
			if ready(); !ok {
				r.cut()
				return
			}
			r.seq = t.seq
			r.event(t.topic, t.data)
		case <-beat.C:
			if n++; r.s.draining.Load() || n%10 == 0 && !r.may() {
				r.cut()
				return
			}
			ready()
			r.beat()
		}
	}
}

// cut says that there is more than was told.
func (r *reader) cut() {
	r.event("gap", []byte(`{"why":"the reader is too slow, may no longer read, or the server stops"}`))
	_ = r.w.Flush()
}

// may says whether whoever reads still may.
func (r *reader) may() bool {
	return (r.who.session == nil || r.s.sessions.lives(r.who.session, time.Now())) && r.s.holds(r.who)
}

// begin tells what was missed.
func (r *reader) begin() {
	if r.gap != "" {
		r.event("gap", eventBody(map[string]any{"why": r.gap, "since": r.gapFrom.UTC()}))
	}
	for _, t := range r.missed {
		r.seq = t.seq
		r.event(t.topic, t.data)
	}
	for _, x := range slices.Backward(r.again) {
		r.line = ledger.AppendRow(r.line[:0], r.who.blind(x))
		r.event("decision", r.line)
	}
	r.missed, r.again = nil, nil
}

func (r *reader) event(name string, data []byte) {
	r.wrote = time.Now()
	_, _ = r.w.WriteString("id: " + r.e.eventID(r.seq, r.wrote) + "\nevent: " + name + "\ndata: ")
	_, _ = r.w.Write(data)
	_, _ = r.w.WriteString("\n\n")
}

// decisions tells rows and adds to the counters.
func (r *reader) decisions(e *ledger.Event) {
	r.tail.since.Matched += e.Matched
	r.tail.since.Total += e.Total
	r.tail.since.Over += e.Over
	r.tail.since.Dropped = e.Dropped
	r.figures.add(&e.Sums, &e.Routing)
	if !r.topics["decisions"] {
		return
	}
	for i := range e.Records {
		if x := &e.Records[i]; !r.seen[x.ID] {
			r.line = ledger.AppendRow(r.line[:0], r.who.blind(x))
			r.event("decision", r.line)
			r.tail.shown++
		}
	}
}

// beat is what is told each second.
func (r *reader) beat() {
	if r.watch != nil {
		r.watch.Beat()
	}
	if r.watch != nil && r.topics["counters"] {
		t := &r.tail
		r.event("counters", eventBody(countersEvent{t.since.Matched, t.since.Total, t.shown, t.since.Dropped, math.Round(t.since.Over.Seconds()*1000) / 1000, r.figures.card()}))
		t.since, t.shown = ledger.Event{Dropped: t.since.Dropped}, 0
		r.figures.next()
	}
	if time.Since(r.wrote) >= quietFor {
		r.wrote = time.Now()
		_, _ = r.w.WriteString(": still here\n\n")
	}
}

// countersEvent is how much there was in truth since the one before, with figures of the last minute.
type countersEvent struct {
	Matched int     `json:"matched"`
	Total   int     `json:"total"`
	Shown   int     `json:"shown"`
	Dropped uint64  `json:"dropped"`
	Seconds float64 `json:"seconds"`
	figuresCard
}

// figures add up the last minute of what matches, second by second.
type figures struct {
	seconds [figuresFor]struct {
		ledger.Sums
		added ledger.Histogram
	}
	at, n int
}

func (f *figures) add(s *ledger.Sums, added *ledger.Histogram) {
	to := &f.seconds[f.at]
	to.Add(s)
	to.added.Merge(*added)
}

// next begins another second.
func (f *figures) next() {
	f.at = (f.at + 1) % figuresFor
	f.seconds[f.at].Sums, f.seconds[f.at].added = ledger.Sums{}, ledger.Histogram{}
	f.n = min(f.n+1, figuresFor-1)
}

// figuresCard are the five figures of the traffic page, of what matches.
type figuresCard struct {
	Window    int        `json:"window_s"` // what they are of, in seconds: 60 once the stream has been open for so long
	Requests  int64      `json:"requests"`
	PerSecond float64    `json:"requests_per_s"`
	Cost      float64    `json:"cost_usd"`
	PerHour   float64    `json:"cost_per_h_usd"`
	Baseline  float64    `json:"baseline_usd"` // of the requests for which it is known
	Savings   *float64   `json:"savings_pct,omitempty"`
	Saved     float64    `json:"saved_usd"` // against the baseline
	Added     *quantiles `json:"added_ms,omitempty"`
	Failed    int64      `json:"failed"` // at the client
	Fallback  int64      `json:"fallback"`
}

func (f *figures) card() figuresCard {
	var all ledger.Sums
	var added ledger.Histogram
	for i := range f.seconds {
		all.Add(&f.seconds[i].Sums)
		added.Merge(f.seconds[i].added)
	}
	sums, window := sumsOf(&all), f.n+1
	return figuresCard{Window: window, Requests: sums.Requests, PerSecond: float64(sums.Requests) / float64(window), Cost: sums.Cost, PerHour: sums.Cost * 3600 / float64(window),
		Baseline: sums.Baseline, Savings: sums.Savings, Saved: (all.Baseline - all.Compared).USD(), Added: quantilesOf(added, false), Failed: sums.Failed, Fallback: sums.Fallback}
}

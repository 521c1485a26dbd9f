package ledger

import (
	"sync"
	"time"
)

// mostRows is how many rows a second a live view gets.
const mostRows = 20

// Watch is a live view: a sample of what comes, and true counters.
type Watch struct {
	// Events come as blocks do, at least once a second. The channel is closed when the ledger is, or when the reader was too
	// slow for it: nobody waits for a reader.
	Events <-chan Event

	l      *Ledger
	filter Filter
	events chan Event

	mu     sync.Mutex
	left   float64 // rows that may be shown now
	last   time.Time
	counts Event // since the last event
	ended  bool
}

// Event is what has happened since the one before.
type Event struct {
	Records []Record      `json:"records,omitempty"` // a sample of those that match
	Matched int           `json:"matched"`           // all that match
	Total   int           `json:"total"`             // all
	Dropped uint64        `json:"dropped"`           // lost since the start
	Over    time.Duration `json:"over_ns"`           // what the counters are of
	Sums    Sums          `json:"sums"`              // of all that match
	Routing Histogram     `json:"-"`                 // of those: what Routor itself took
}

// Add adds the sums of other requests.
func (s *Sums) Add(o *Sums) { s.merge(o) }

// newsAge is how old a record may be when its block comes: what is written long after it happened is no news.
const newsAge = time.Minute

// Watch opens a live view of what matches; End closes it.
func (l *Ledger) Watch(f Filter) *Watch {
	w := &Watch{l: l, filter: f, events: make(chan Event, 64), left: mostRows, last: time.Now()}
	w.Events = w.events
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watches == nil {
		w.end()
		return w
	}
	l.watches[w] = struct{}{}
	return w
}

// End closes the view.
func (w *Watch) End() {
	w.l.mu.Lock()
	defer w.l.mu.Unlock()
	delete(w.l.watches, w)
	w.end()
}

func (w *Watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.ended = true
		close(w.events)
	}
}

// wants says whether the view needs a block's records. One without a filter needs them only for the rows that it shows, which
// it takes a few at a time: opening each block for the sake of one row would cost whoever routes.
func (w *Watch) wants(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.ended && (!w.filter.Empty() || w.room(now) >= mostRows/4)
}

// room is how many rows may be shown now.
func (w *Watch) room(now time.Time) float64 {
	return min(w.left+now.Sub(w.last).Seconds()*mostRows, mostRows)
}

// offer shows the view a block: what it adds, and its records unless nobody wanted them. Of what matches it takes rows evenly, as
// many as it may show.
func (w *Watch) offer(d delta, rows []Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	now := time.Now()
	w.left = w.room(now)
	w.counts.Over += now.Sub(w.last)
	w.last = now
	oldest := now.Add(-newsAge)
	var matched []*Record
	for i := range rows {
		r := &rows[i]
		if !w.filter.Match(r) || r.Time.Add(r.Took.Duration()).Before(oldest) {
			continue
		}
		matched = append(matched, r)
		if !w.filter.Empty() {
			w.counts.Sums.add(r)
			w.counts.Routing.Add(r.Reading + r.Classifying + r.Deciding)
		}
	}
	total := 0
	for minute, b := range d {
		if minute*60+60 < oldest.Unix() {
			continue
		}
		total += int(b.All.Requests)
		if w.filter.Empty() {
			w.counts.Sums.merge(&b.All.Sums)
			w.counts.Routing.Merge(b.Routing)
		}
	}
	w.counts.Total += total
	if w.counts.Matched += len(matched); w.filter.Empty() {
		w.counts.Matched += total - len(matched)
	}
	show := min(int(w.left), len(matched))
	for i := range show {
		w.counts.Records = append(w.counts.Records, *matched[i*len(matched)/show])
	}
	w.left -= float64(show)
	if show > 0 || w.counts.Over >= time.Second {
		w.give()
	}
}

// Beat gives the counters although no block has come; whoever passes the view on calls it once a second.
func (w *Watch) Beat() {
	w.offer(nil, nil)
}

func (w *Watch) give() {
	e := w.counts
	e.Dropped = w.l.counts.dropped()
	w.counts = Event{}
	select {
	case w.events <- e:
	default:
		w.ended = true
		close(w.events)
	}
}

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
}

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

// offer shows the view a block. Of what matches it takes rows evenly, as many as it may show.
func (w *Watch) offer(rows []Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	now := time.Now()
	w.left = min(w.left+now.Sub(w.last).Seconds()*mostRows, mostRows)
	w.counts.Over += now.Sub(w.last)
	w.last = now
	var matched []*Record
	for i := range rows {
		if w.filter.Match(&rows[i]) {
			matched = append(matched, &rows[i])
		}
	}
	w.counts.Total += len(rows)
	w.counts.Matched += len(matched)
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
	w.offer(nil)
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

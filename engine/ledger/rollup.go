package ledger

import (
	"maps"
	"slices"
	"time"
)

// Sums add up requests.
type Sums struct {
	Requests   int64  `json:"requests"`
	Failed     int64  `json:"failed,omitempty"`   // at the client, by no doing of its own
	Fallback   int64  `json:"fallback,omitempty"` // another than the first candidate answered
	Attempts   int64  `json:"attempts"`
	Cost       Money  `json:"cost"`               // of all that was told
	Baseline   Money  `json:"baseline,omitempty"` // what Compared would have cost at the baseline model
	Compared   Money  `json:"compared,omitempty"` // cost of the requests whose baseline is known
	Prompt     int64  `json:"prompt_tokens"`
	Cached     int64  `json:"cached_tokens,omitempty"`
	Completion int64  `json:"completion_tokens"`
	Reasoning  int64  `json:"reasoning_tokens,omitempty"`
	Took       Micros `json:"took_us"`
}

func (s *Sums) add(r *Record) {
	s.Requests++
	s.Failed += int64(bits(r.Failed(), 1))
	s.Fallback += int64(bits(r.Fallback, 1))
	s.Attempts += int64(len(r.Attempts))
	s.Cost += r.Cost
	if r.Priced && r.Baseline > 0 {
		s.Baseline += r.Baseline
		s.Compared += r.Cost
	}
	s.Prompt += r.Tokens.Prompt
	s.Cached += r.Tokens.Cached
	s.Completion += r.Tokens.Completion
	s.Reasoning += r.Tokens.Reasoning
	s.Took += r.Took
}

// figures are the fields in the order in which they are kept.
func (s *Sums) figures() [12]*int64 {
	return [...]*int64{&s.Requests, &s.Failed, &s.Fallback, &s.Attempts, (*int64)(&s.Cost), (*int64)(&s.Baseline), (*int64)(&s.Compared),
		&s.Prompt, &s.Cached, &s.Completion, &s.Reasoning, (*int64)(&s.Took)}
}

func (s *Sums) merge(o *Sums) {
	to, from := s.figures(), o.figures()
	for i := range to {
		*to[i] += *from[i]
	}
}

// Group is what one model, or all together, did.
type Group struct {
	Sums
	Latency    Histogram // whole requests
	FirstToken Histogram // streams
}

func (g *Group) add(r *Record) {
	g.Sums.add(r)
	g.Latency.Add(r.Took)
	if r.FirstToken > 0 {
		g.FirstToken.Add(r.FirstToken)
	}
}

func (g *Group) merge(o *Group) {
	g.Sums.merge(&o.Sums)
	g.Latency.Merge(o.Latency)
	g.FirstToken.Merge(o.FirstToken)
}

// The ways in which a bucket is divided.
var Dimensions = [...]string{"tier", "provider", "category", "outcome", "model"}

// byModels is the place of the models, which have histograms of their own.
const byModels = len(Dimensions) - 1

// Bucket is what happened in a minute, an hour or a day.
type Bucket struct {
	All     Group
	Routing Histogram // reading, classifying and deciding
	By      [byModels]map[string]*Sums
	Models  map[string]*Group
	trials  trials
}

// none is the name of what a request has none of: one that was refused has no model.
const none = "none"

func (b *Bucket) add(r *Record) {
	b.All.add(r)
	b.Routing.Add(r.Reading + r.Classifying + r.Deciding)
	b.trials.add(r)
	var tier, category string
	if r.Decision != nil {
		tier, category = r.Decision.Tier, r.Decision.Category
	}
	for i, name := range [...]string{tier, r.Provider, category, r.Outcome} {
		if name == "" {
			name = none
		}
		s := b.By[i][name]
		if s == nil {
			s = new(Sums)
			if b.By[i] == nil {
				b.By[i] = map[string]*Sums{}
			}
			b.By[i][name] = s
		}
		s.add(r)
	}
	name := r.Model
	if name == "" {
		name = none
	}
	g := b.Models[name]
	if g == nil {
		g = new(Group)
		if b.Models == nil {
			b.Models = map[string]*Group{}
		}
		b.Models[name] = g
	}
	g.add(r)
}

// Merge adds another bucket. It shares no memory with it afterwards.
func (b *Bucket) Merge(o *Bucket) {
	b.All.merge(&o.All)
	b.Routing.Merge(o.Routing)
	b.trials.merge(o.trials)
	for i := range o.By {
		if b.By[i] == nil {
			b.By[i] = make(map[string]*Sums, len(o.By[i]))
		}
		for name, s := range o.By[i] {
			if b.By[i][name] == nil {
				b.By[i][name] = new(Sums)
			}
			b.By[i][name].merge(s)
		}
	}
	if b.Models == nil {
		b.Models = make(map[string]*Group, len(o.Models))
	}
	for name, g := range o.Models {
		if b.Models[name] == nil {
			b.Models[name] = new(Group)
		}
		b.Models[name].merge(g)
	}
}

// Groups are a bucket's sums by one of Dimensions; nil = it is none.
func (b *Bucket) Groups(dimension string) map[string]*Sums {
	switch i := slices.Index(Dimensions[:], dimension); {
	case i < 0:
		return nil
	case i < byModels:
		return b.By[i]
	}
	groups := make(map[string]*Sums, len(b.Models))
	for name, g := range b.Models {
		groups[name] = &g.Sums
	}
	return groups
}

func (b *Bucket) write(w *writer) {
	group := func(g *Group) {
		writeSums(w, &g.Sums)
		g.Latency.write(w)
		g.FirstToken.write(w)
	}
	group(&b.All)
	b.Routing.write(w)
	for _, m := range b.By {
		w.count(len(m))
		for _, name := range slices.Sorted(maps.Keys(m)) {
			w.own(name)
			writeSums(w, m[name])
		}
	}
	w.count(len(b.Models))
	for _, name := range slices.Sorted(maps.Keys(b.Models)) {
		w.own(name)
		group(b.Models[name])
	}
	b.trials.write(w)
}

func writeSums(w *writer, s *Sums) {
	for _, f := range s.figures() {
		w.int(*f)
	}
}

func readSums(r *reader, s *Sums) {
	for _, f := range s.figures() {
		*f = r.int()
	}
}

func (b *Bucket) read(r *reader) {
	group := func(g *Group) {
		readSums(r, &g.Sums)
		g.Latency.read(r)
		g.FirstToken.read(r)
	}
	group(&b.All)
	b.Routing.read(r)
	for i := range b.By {
		n := r.length(13)
		b.By[i] = make(map[string]*Sums, n)
		for range n {
			s := new(Sums)
			b.By[i][r.own()] = s
			readSums(r, s)
		}
	}
	n := r.length(15)
	b.Models = make(map[string]*Group, n)
	for range n {
		g := new(Group)
		b.Models[r.own()] = g
		group(g)
	}
	b.trials.read(r)
}

// The spans of rollups, and how many of each are kept.
var spans = [...]struct {
	name string
	of   time.Duration
	keep int
}{{"minute", time.Minute, 48 * 60}, {"hour", time.Hour, 62 * 24}, {"day", 24 * time.Hour, 800}}

// hourly is the place of the hours among the spans.
const hourly = 1

// Spans are the names of the spans of rollups, shortest first.
func Spans() []string {
	names := make([]string, len(spans))
	for i := range spans {
		names[i] = spans[i].name
	}
	return names
}

// Rollups add up what happened, per minute, hour and day (UTC). They are used under their owner's lock.
type Rollups struct {
	by [len(spans)]map[int64]*Bucket // by the span's number since 1970
}

func newRollups() *Rollups {
	r := &Rollups{}
	for i := range r.by {
		r.by[i] = map[int64]*Bucket{}
	}
	return r
}

// delta is what a block adds, by minute: most blocks lie in one.
type delta map[int64]*Bucket

func (d delta) add(r *Record) {
	minute := r.Time.Unix() / 60
	b := d[minute]
	if b == nil {
		b = new(Bucket)
		d[minute] = b
	}
	b.add(r)
}

// apply takes in what a block adds. Minutes that are no longer kept count in their hour and day.
func (r *Rollups) apply(d delta) {
	for minute, b := range d {
		for i, s := range spans {
			at := minute / int64(s.of/time.Minute)
			to := r.by[i][at]
			if to == nil {
				to = new(Bucket)
				r.by[i][at] = to
				if len(r.by[i]) > s.keep+s.keep/16 {
					r.forget(i)
				}
			}
			to.Merge(b)
		}
	}
}

// forget drops the oldest spans beyond those that are kept.
func (r *Rollups) forget(i int) {
	at := slices.Sorted(maps.Keys(r.by[i]))
	for _, old := range at[:max(len(at)-spans[i].keep, 0)] {
		delete(r.by[i], old)
	}
}

// Rollup is a bucket with its time.
type Rollup struct {
	Time time.Time // its begin, UTC
	Bucket
}

// within are the rollups of a span from from (included) to to (not), oldest first, those without a request left out. They
// share no memory with what is kept.
func (r *Rollups) within(span string, from, to time.Time) (out []Rollup) {
	i := slices.Index(Spans(), span)
	if i < 0 {
		return nil
	}
	for _, at := range slices.Sorted(maps.Keys(r.by[i])) {
		begin := time.Unix(at*int64(spans[i].of/time.Second), 0).UTC()
		if !to.IsZero() && !begin.Before(to) || !from.IsZero() && !begin.Add(spans[i].of).After(from) {
			continue
		}
		x := Rollup{Time: begin}
		x.Merge(r.by[i][at])
		out = append(out, x)
	}
	return out
}

func (r *Rollups) write(w *writer) {
	for i := range r.by {
		w.count(len(r.by[i]))
		for _, at := range slices.Sorted(maps.Keys(r.by[i])) {
			w.int(at)
			r.by[i][at].write(w)
		}
	}
}

func (r *Rollups) read(rd *reader) {
	for i := range r.by {
		for range rd.length(20) {
			at := rd.int()
			b := new(Bucket)
			b.read(rd)
			r.by[i][at] = b
		}
	}
}

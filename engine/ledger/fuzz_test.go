package ledger

import (
	"net/url"
	"testing"
	"time"
)

func FuzzCheckpoint(f *testing.F) {
	l := &Ledger{rollups: newRollups(), origin: noon, applied: 7}
	d := delta{}
	s := newSampler(1, noon, time.Second)
	p := newPacker("")
	p.begin()
	for range 3 {
		r := s.fill(NewRecord())
		d.add(r)
		p.add(r)
	}
	p.end()
	l.index.add(7, &p.header)
	l.rollups.apply(d)
	var w writer
	w.time(l.origin)
	w.uint(l.applied)
	l.index.write(&w)
	l.rollups.write(&w)
	f.Add(w.one)
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := readCheckpoint(raw)
		if err != nil {
			return
		}
		c.index.runs(&Filter{Key: "x", MinCostUSD: 1}, 3)
		for _, span := range Spans() {
			c.rollups.within(span, noon, noon.Add(time.Hour))
		}
	})
}

func FuzzFilter(f *testing.F) {
	f.Add("since=24h&tier=nano&min_cost=0.1&text=x&failed=true")
	f.Add("from=2026-10-03T12:00:00Z&min_ms=1e9")
	r := newSampler(1, noon, time.Second).fill(new(Record))
	p := newPacker("")
	p.begin()
	p.add(r)
	o, err := openBlock(p.end())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		filter, err := ParseFilter(q, noon)
		if err != nil {
			return
		}
		if filter.Match(r) && !filter.mayHave(&o.Header, filter.tokens()) {
			t.Errorf("%+v skips a record that matches", filter)
		}
	})
}

// TestSkippingLosesNothing is that a block and a page which have a matching record are never skipped.
func TestSkippingLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSampler(5, noon, time.Second)
	p := newPacker("")
	var all []*Record
	var x index
	for seq := range uint64(40) {
		p.begin()
		for range 1 + s.r.IntN(60) {
			r := s.fill(new(Record))
			all = append(all, r)
			p.add(r)
		}
		b := p.end()
		o, err := openBlock(b)
		if err != nil {
			t.Fatal(err)
		}
		x.add(seq+1, &o.Header)
	}
	for _, r := range all {
		for _, f := range []Filter{{Request: r.Request}, {Key: r.Who.Name, Tier: r.Decision.Tier, MinTook: r.Took.Duration()}, {Conversation: r.World.Conversation.ID, MinCostUSD: r.Cost.USD()},
			{From: r.Time, To: r.Time.Add(1), Provider: r.Provider, Attempted: r.Provider, Model: r.Model, Category: r.Decision.Category}} {
			if !f.Match(r) {
				t.Fatalf("%+v does not match its own record", f)
			}
			if len(x.runs(&f, 0)) == 0 {
				t.Errorf("%+v skips everything", f)
			}
		}
	}
	if n := len(x.runs(&Filter{Request: "none"}, 0)); n > 1 {
		t.Errorf("%d pages may have what nobody has", n)
	}
}

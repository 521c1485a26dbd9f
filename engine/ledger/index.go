package ledger

import (
	"slices"
	"sort"
)

// A page is a run of blocks with what they can be skipped by, in memory: quiet hours make many small blocks, which would cost
// more to know about than to read. A page is closed when it has pageRecords or pageBlocks; its tokens are then a Bloom filter.
type page struct {
	First, Last uint64 // sequences in the stream, both included
	Blocks      int
	Header               // of all its records; Tokens, in no order, only while the page is open
	bloom       []uint64 // nil = open
}

const (
	pageRecords = maxRecords
	pageBlocks  = 256
)

// index knows the pages of the stream, oldest first. It is used under its owner's lock.
type index struct {
	pages   []page
	records int
}

// add takes in a block that stands at a sequence behind all that are known.
func (x *index) add(seq uint64, h *Header) {
	x.records += h.Records
	if n := len(x.pages); n == 0 || x.pages[n-1].bloom != nil {
		x.pages = append(x.pages, page{First: seq, Header: Header{From: h.From, To: h.To}})
	}
	p := &x.pages[len(x.pages)-1]
	p.Last = seq
	p.Blocks++
	p.Records += h.Records
	p.From, p.To = min(p.From, h.From), max(p.To, h.To)
	p.MaxCost, p.MaxTook = max(p.MaxCost, h.MaxCost), max(p.MaxTook, h.MaxTook)
	p.Tokens = append(p.Tokens, h.Tokens...)
	if p.Records >= pageRecords || p.Blocks >= pageBlocks {
		p.close()
	}
}

// close trades the tokens for a Bloom filter of 10 bits and 7 probes each, which says yes wrongly once in a hundred times.
func (p *page) close() {
	slices.Sort(p.Tokens)
	p.Tokens = slices.Compact(p.Tokens)
	p.bloom = make([]uint64, max((len(p.Tokens)*10+63)/64, 1))
	for _, t := range p.Tokens {
		for i := range uint32(7) {
			bit := probe(t, i, len(p.bloom))
			p.bloom[bit>>6] |= 1 << (bit & 63)
		}
	}
	p.Tokens = nil
}

// probe is the i-th bit of a token in a filter of that many words (double hashing: Kirsch and Mitzenmacher, Less Hashing, Same
// Performance, 2006).
func probe(t, i uint32, words int) uint32 {
	second := t*0x85ebca6b>>7 | 1
	return (t + i*second) % uint32(words*64)
}

// mayHave is whether the page may have records that are wanted.
func (p *page) mayHave(f *Filter, tokens []uint32) bool {
	if !f.mayHave(&p.Header, nil) {
		return false
	}
	for _, t := range tokens {
		if p.bloom == nil {
			if !slices.Contains(p.Tokens, t) {
				return false
			}
			continue
		}
		for i := range uint32(7) {
			if bit := probe(t, i, len(p.bloom)); p.bloom[bit>>6]&(1<<(bit&63)) == 0 {
				return false
			}
		}
	}
	return true
}

// run is a part of the stream that is to be read.
type run struct {
	first, last uint64
	records     int
}

// runs are the pages that may have what is wanted, newest first, from before a sequence on (0 = all).
func (x *index) runs(f *Filter, before uint64) (out []run) {
	tokens := f.tokens()
	for i := len(x.pages) - 1; i >= 0; i-- {
		p := &x.pages[i]
		if before > 0 && p.First > before || !p.mayHave(f, tokens) {
			continue
		}
		out = append(out, run{p.First, p.Last, p.Records})
	}
	return out
}

// trim forgets the pages of which nothing is left in a stream that begins at first.
func (x *index) trim(first uint64) {
	n := sort.Search(len(x.pages), func(i int) bool { return x.pages[i].Last >= first })
	for i := range n {
		x.records -= x.pages[i].Records
	}
	x.pages = slices.Delete(x.pages, 0, n)
}

func (x *index) write(w *writer) {
	w.count(len(x.pages))
	for i := range x.pages {
		p := &x.pages[i]
		w.uint(p.First)
		w.uint(p.Last - p.First)
		w.count(p.Blocks)
		w.count(p.Records)
		w.int(p.From)
		w.int(p.To)
		w.int(int64(p.MaxCost))
		w.int(int64(p.MaxTook))
		w.count(len(p.bloom))
		for _, word := range p.bloom {
			w.word(word)
		}
		w.count(len(p.Tokens))
		for _, t := range p.Tokens {
			w.uint(uint64(t))
		}
	}
}

func (x *index) read(r *reader) {
	n := r.length(10)
	x.pages = make([]page, 0, n)
	for range n {
		p := page{First: r.uint()}
		p.Last = p.First + r.uint()
		p.Blocks, p.Records = r.count(), r.count()
		p.From, p.To = r.int(), r.int()
		p.MaxCost, p.MaxTook = Money(r.int()), Micros(r.int())
		if words := r.length(8); words > 0 {
			p.bloom = make([]uint64, words)
			for i := range p.bloom {
				p.bloom[i] = r.word()
			}
		}
		if tokens := r.length(1); tokens > 0 {
			p.Tokens = make([]uint32, tokens)
			for i := range p.Tokens {
				p.Tokens[i] = uint32(r.uint())
			}
		}
		x.records += p.Records
		x.pages = append(x.pages, p)
	}
}

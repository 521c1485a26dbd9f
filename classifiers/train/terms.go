package train

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/routor/routor/classifiers"
)

// request is an example as a table sees it.
type request struct {
	example *Example
	blocks  []block
}

// block is a part of a request that is read apart: its terms, of which a table has rows for some.
type block struct {
	kind  uint8
	terms []uint32 // the upper 26 bits of their hashes, ascending, each once
	rows  []uint32 // ascending, each once
	norm  float32  // block's weight / √(sum of the rows' lengths); 0 = no row of it is known
}

// extract asks the runtime for the terms of every example.
func extract(ctx context.Context, m *classifiers.Module, examples []*Example, progress func(done, total int)) ([]request, error) {
	out := make([]request, len(examples))
	var next, done atomic.Int64
	var failed error
	var once sync.Once
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var features []classifiers.Feature
			for {
				i := int(next.Add(1)) - 1
				if i >= len(examples) || ctx.Err() != nil {
					return
				}
				var err error
				if features, err = m.Features(&examples[i].Input, features[:0]); err != nil {
					once.Do(func() { failed = fmt.Errorf("features of example %q: %w", examples[i].ID, err) })
					return
				}
				out[i] = request{examples[i], blocksOf(features)}
				if n := int(done.Add(1)); n%512 == 0 || n == len(examples) {
					progress(n, len(examples))
				}
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return nil, failed
	}
	return out, ctx.Err()
}

// blocksOf sorts features, whose ids are block<<26 | term, into blocks.
func blocksOf(features []classifiers.Feature) []block {
	const bits = maxBits + tagBits
	all := make([]uint32, len(features))
	for i, f := range features {
		all[i] = f.ID
	}
	slices.Sort(all)
	all = slices.Clone(slices.Compact(all))
	var blocks []block
	for start := 0; start < len(all); {
		kind := all[start] >> bits
		end := start
		for ; end < len(all) && all[end]>>bits == kind; end++ {
			all[end] &= 1<<bits - 1
		}
		blocks = append(blocks, block{kind: uint8(kind), terms: all[start:end:end]})
		start = end
	}
	return blocks
}

// vocabulary says which terms a table of 2^bits rows knows: each row belongs to the most frequent of the terms that share it.
type vocabulary struct {
	bits    int
	tags    []uint8
	lengths []uint8 // of each row: its term's idf², rounded; 0 = the row belongs to none
}

func rowOf(term uint32, bits int) uint32 { return term >> (maxBits + tagBits - bits) }

// newVocabulary counts the terms of the requests that are learned from. In a large set, what comes up only once is left out.
func newVocabulary(requests []*request, bits int) *vocabulary {
	const large = 2000
	v := &vocabulary{bits: bits, tags: make([]uint8, 1<<bits), lengths: make([]uint8, 1<<bits)}
	least := 1
	if len(requests) >= large {
		least = 2
	}
	best := make([]int, 1<<bits)
	eachTerm(requests, func(term uint32, n int) {
		if row := rowOf(term, bits); n >= least && n > best[row] {
			best[row], v.tags[row] = n, uint8(term)
			v.lengths[row] = length(len(requests), n)
		}
	})
	return v
}

// eachTerm calls do for the requests' terms in ascending order, with the number of blocks that have it.
func eachTerm(requests []*request, do func(term uint32, n int)) {
	const many = 4 << 20 // from here on a count for each possible term is less than a list of all
	total := 0
	for _, r := range requests {
		for _, b := range r.blocks {
			total += len(b.terms)
		}
	}
	if total >= many {
		counts := make([]uint32, 1<<(maxBits+tagBits))
		for _, r := range requests {
			for _, b := range r.blocks {
				for _, term := range b.terms {
					counts[term]++
				}
			}
		}
		for term, n := range counts {
			if n > 0 {
				do(uint32(term), int(n))
			}
		}
		return
	}
	all := make([]uint32, 0, total)
	for _, r := range requests {
		for _, b := range r.blocks {
			all = append(all, b.terms...)
		}
	}
	slices.Sort(all)
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j] == all[i] {
			j++
		}
		do(all[i], j-i)
		i = j
	}
}

// length is the squared idf of a term that n of all requests have.
func length(all, n int) uint8 {
	idf := ln(float64(1+all)/float64(1+n)) + 1
	return uint8(min(max(int(idf*idf+0.5), 1), 127))
}

// vocabularyOf is a table's own.
func vocabularyOf(t *table) *vocabulary {
	v := &vocabulary{bits: t.bits, tags: t.tags, lengths: make([]uint8, 1<<t.bits)}
	for row := range v.lengths {
		v.lengths[row] = uint8(t.rows[row*t.stride+t.stride-1])
	}
	return v
}

// rows are the terms that the vocabulary knows, as its rows.
func (v *vocabulary) rows(terms []uint32) []uint32 {
	var out []uint32
	for _, term := range terms {
		if row := rowOf(term, v.bits); v.tags[row] == uint8(term) && v.lengths[row] > 0 {
			if n := len(out); n == 0 || out[n-1] != row {
				out = append(out, row)
			}
		}
	}
	return slices.Clip(out)
}

// look are the requests' blocks as rows of the vocabulary's table.
func (v *vocabulary) look(requests []request) []request {
	out := make([]request, len(requests))
	parallel(func(worker, workers int) {
		for i := worker; i < len(requests); i += workers {
			r := request{example: requests[i].example}
			for _, b := range requests[i].blocks {
				rows := v.rows(b.terms)
				sum := 0
				for _, row := range rows {
					sum += int(v.lengths[row])
				}
				if sum > 0 {
					r.blocks = append(r.blocks, block{kind: b.kind, rows: rows, norm: blockWeight[b.kind] / sqrt(float32(sum))})
				}
			}
			out[i] = r
		}
	})
	return out
}

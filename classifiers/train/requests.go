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

// request is an example as the table sees it: the rows of each block, ascending and each once.
type request struct {
	example *Example
	blocks  []blockRows
}

type blockRows struct {
	block uint8
	rows  []uint32
	norm  float32 // block's weight / √(sum of the rows' lengths); 0 = no row of it is known
}

// extract asks the runtime for the rows of every example, in a table of 2^bits.
func extract(ctx context.Context, m *classifiers.Module, examples []*Example, bits int, progress func(done, total int)) ([]request, error) {
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
				out[i] = request{examples[i], rowsOf(features, bits)}
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

// rowsOf sorts features, whose ids are block<<maxBits | row, into blocks of rows of a table of 2^bits.
func rowsOf(features []classifiers.Feature, bits int) []blockRows {
	all := make([]uint32, len(features))
	for i, f := range features {
		all[i] = f.ID >> (maxBits - bits)
	}
	slices.Sort(all)
	all = slices.Clip(slices.Clone(slices.Compact(all)))
	var blocks []blockRows
	for start := 0; start < len(all); {
		block := all[start] >> bits
		end := start
		for ; end < len(all) && all[end]>>bits == block; end++ {
			all[end] &= 1<<bits - 1
		}
		blocks = append(blocks, blockRows{block: uint8(block), rows: all[start:end:end]})
		start = end
	}
	return blocks
}

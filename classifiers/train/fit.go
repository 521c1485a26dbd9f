package train

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"sort"
	"sync"
)

// fit is the weights while they are learned: AdaGrad on minibatches. A batch goes in two steps, each parallel without
// changing any sum: first every example's gradient, by example; then the rows' updates, each worker its own span of rows and
// within a row in the order of the batch.
type fit struct {
	words   *vocabulary
	rate    float32
	roots   [128]float32        // square roots of the vocabulary's lengths
	rows    [][columns]float32  // weights
	squares [][numHeads]float32 // AdaGrad's sum of squared gradients, by row and head
	bias    [columns]float32
	biasSq  [columns]float32
	heads   heads
	from    *model // what was begun from; nil = nothing
}

const (
	// adaStart keeps the first steps of a row short.
	adaStart = 1e-3
	// adaKept does so for weights that have learned already, and are to forget little.
	adaKept = 0.5
)

// newFit begins with weights of zero, or with those of a model, whose vocabulary words must then be.
func newFit(words *vocabulary, learned []*request, from *model, o *Options) *fit {
	f := &fit{words: words, rate: float32(o.Rate), from: from, heads: newHeads(learned)}
	n := 1 << words.bits
	f.rows = make([][columns]float32, n)
	f.squares = make([][numHeads]float32, n)
	for i := range f.roots {
		f.roots[i] = float32(math.Sqrt(float64(i)))
	}
	if from == nil {
		return f
	}
	f.heads.keep(from)
	copy(f.bias[:], from.main.bias)
	f.bias[colTokens] = 0
	for i := range f.rows {
		if words.lengths[i] == 0 {
			continue
		}
		row, root := from.main.row(uint32(i)), f.roots[words.lengths[i]&127]
		for k := range colLength {
			f.rows[i][k] = float32(float32(row[k])*from.main.scale[k]) / root
		}
		for h := range f.squares[i] {
			f.squares[i][h] = adaKept
		}
	}
	return f
}

// learn goes over the requests o.Epochs times in an order drawn from the seed, with a rate that falls to a tenth.
func (f *fit) learn(ctx context.Context, requests []*request, o *Options, progress func(done, total int)) error {
	batch := min(max(len(requests)/64, 8), 256) // a small set gets as many steps as a large one
	order := rand.New(rand.NewPCG(o.Seed, 0x726f75746f72))
	gradients := make([]gradient, batch)
	rate, total := f.rate, o.Epochs*len(requests)
	for epoch := range o.Epochs {
		order.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
		for start := 0; start < len(requests); start += batch {
			if err := ctx.Err(); err != nil {
				return err
			}
			done := epoch*len(requests) + start
			f.rate = rate * float32(1-0.9*float64(done)/float64(total))
			part := requests[start:min(start+batch, len(requests))]
			f.gradients(part, gradients)
			f.update(part, gradients)
			progress(min(done+batch, total), total)
		}
	}
	return nil
}

// parallel calls do for every worker at once.
func parallel(do func(worker, workers int)) {
	n := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range n {
		wg.Go(func() { do(w, n) })
	}
	wg.Wait()
}

func (f *fit) gradients(part []*request, out []gradient) {
	parallel(func(worker, workers int) {
		for i := worker; i < len(part); i += workers {
			z := f.scores(part[i])
			out[i] = f.heads.gradient(part[i].example, &z)
		}
	})
}

func (f *fit) scores(r *request) [columns]float32 {
	z := f.bias
	for i := range r.blocks {
		b := &r.blocks[i]
		if b.norm == 0 {
			continue
		}
		for _, row := range b.rows {
			addScaled(&z, &f.rows[row], float32(f.roots[f.words.lengths[row]&127]*b.norm))
		}
	}
	return z
}

func addScaled(z, w *[columns]float32, x float32) {
	for k := 0; k < columns; k += 4 {
		z[k] += float32(x * w[k])
		z[k+1] += float32(x * w[k+1])
		z[k+2] += float32(x * w[k+2])
		z[k+3] += float32(x * w[k+3])
	}
}

// update moves the weights against the gradients of a batch.
func (f *fit) update(part []*request, gradients []gradient) {
	squares := make([][numHeads]float32, len(part)) // mean square of an example's gradient, by head
	for i := range part {
		for h, span := range headColumns {
			var sum float32
			for _, g := range gradients[i].z[span.from:span.to] {
				sum += float32(g * g)
			}
			squares[i][h] = sum
		}
	}
	parallel(func(worker, workers int) {
		from := uint32(worker * len(f.rows) / workers)
		to := uint32((worker + 1) * len(f.rows) / workers)
		for i, r := range part {
			for j := range r.blocks {
				b := &r.blocks[j]
				if b.norm == 0 {
					continue
				}
				rows := b.rows
				rows = rows[sort.Search(len(rows), func(k int) bool { return rows[k] >= from }):]
				for _, row := range rows {
					if row >= to {
						break
					}
					f.step(b.kind, row, float32(f.roots[f.words.lengths[row]&127]*b.norm), &gradients[i].z, &squares[i])
				}
			}
		}
	})
	for i := range part {
		adagrad(f.bias[:colTier], gradients[i].z[:colTier], f.biasSq[:], f.rate)
		adagrad(f.heads.cuts[:], gradients[i].cuts[:], f.heads.cutsSq[:], f.rate)
	}
}

// adagrad moves a few weights that every example has.
func adagrad(w, g, squares []float32, rate float32) {
	for k := range w {
		squares[k] += float32(g[k] * g[k])
		w[k] -= rate * g[k] / sqrt(squares[k]+1)
	}
}

func (f *fit) step(kind uint8, row uint32, x float32, g *[columns]float32, square *[numHeads]float32) {
	w, sq := &f.rows[row], &f.squares[row]
	for h, s := range square {
		if s == 0 || kind == blockLength && (h == headCategory || h == headDomain) {
			continue
		}
		sq[h] += float32(float32(x*x) * s)
		span := &headColumns[h]
		rate := float32(f.rate * span.pace * x / sqrt(sq[h]+adaStart))
		for k := span.from; k < span.to; k++ {
			w[k] -= float32(rate * g[k])
		}
	}
}

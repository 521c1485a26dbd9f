package ledger

import (
	mathbits "math/bits"
	"slices"
)

// Histogram counts durations in steps of at most an eighth: 8 to an octave from 8 µs on, one a microsecond below that. It
// holds only the steps that were met, in order.
type Histogram struct {
	Steps []Step
}

// Step is how many durations fell into one step.
type Step struct {
	At uint16 // see stepOf
	N  uint32
}

// stepOf is the step of a duration.
func stepOf(m Micros) uint16 {
	if m < 8 {
		return uint16(max(m, 0))
	}
	octave := mathbits.Len64(uint64(m)) - 4 // the leading bit and three more stay
	return uint16(octave*8 + int(m>>octave))
}

// upperOf is the end of a step, in microseconds.
func upperOf(at uint16) Micros {
	if at < 16 {
		return Micros(at) + 1
	}
	octave := min(int(at)/8-1, 58)
	return Micros(int64(at)-int64(octave)*8+1) << octave
}

// Add counts a duration.
func (h *Histogram) Add(m Micros) { h.add(stepOf(m), 1) }

func (h *Histogram) add(at uint16, n uint32) {
	i, ok := slices.BinarySearchFunc(h.Steps, at, func(s Step, at uint16) int { return int(s.At) - int(at) })
	if !ok {
		h.Steps = slices.Insert(h.Steps, i, Step{At: at})
	}
	h.Steps[i].N += n
}

// Merge adds another histogram's counts.
func (h *Histogram) Merge(o Histogram) {
	if len(h.Steps) == 0 {
		h.Steps = slices.Clone(o.Steps)
		return
	}
	for _, s := range o.Steps {
		h.add(s.At, s.N)
	}
}

// Count is how many durations were counted.
func (h Histogram) Count() (n int64) {
	for _, s := range h.Steps {
		n += int64(s.N)
	}
	return n
}

// Quantile is a duration that a share q of all does not exceed, to an eighth; 0 where there are none.
func (h Histogram) Quantile(q float64) Micros {
	want := max(int64(q*float64(h.Count())+.5), 1)
	for _, s := range h.Steps {
		if want -= int64(s.N); want <= 0 {
			return upperOf(s.At)
		}
	}
	return 0
}

func (h Histogram) write(w *writer) {
	w.count(len(h.Steps))
	last := uint16(0)
	for _, s := range h.Steps {
		w.uint(uint64(s.At - last))
		w.uint(uint64(s.N))
		last = s.At
	}
}

func (h *Histogram) read(r *reader) {
	n, last := r.length(2), uint64(0)
	if n > 0 {
		h.Steps = make([]Step, n)
	}
	for i := range h.Steps {
		last += r.uint()
		h.Steps[i] = Step{uint16(last), uint32(r.uint())}
	}
	r.bad = r.bad || last >= 1<<16 || !slices.IsSortedFunc(h.Steps, func(a, b Step) int { return int(a.At) - int(b.At) })
}

// Upper is the end of the step, in microseconds.
func (s Step) Upper() Micros { return upperOf(s.At) }

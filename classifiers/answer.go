package classifiers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/routor/routor/engine/label"
)

// sumTolerance is how far from 1 the probabilities of a head may sum; within it they are scaled to sum 1.
const sumTolerance = 0.05

var errResult = errors.New("result does not follow the ABI")

// resultLen is the exact length of a result with these heads, in bytes.
func (c *Card) resultLen() int {
	n := resultHeader
	for _, h := range c.Heads {
		n += headHeader + 4*len(h.Labels)
	}
	return n
}

// read decodes the result in b into out. On an error out holds rubbish.
func (c *Card) read(b []byte, out *Result) error {
	if want := c.resultLen(); len(b) != want {
		return fmt.Errorf("%w: %d bytes, its card asks for %d", errResult, len(b), want)
	}
	if v := binary.LittleEndian.Uint16(b); v != abiVersion {
		return fmt.Errorf("%w: abi %d, must be %d", errResult, v, abiVersion)
	}
	if n := int(binary.LittleEndian.Uint16(b[2:])); n != len(c.Heads) {
		return fmt.Errorf("%w: %d heads, its card has %d", errResult, n, len(c.Heads))
	}
	out.Difficulty, out.Confidence, out.CompletionTokens = float(b[4:]), float(b[8:]), float(b[12:])
	if !finite(out.Difficulty) || !finite(out.Confidence) {
		return fmt.Errorf("%w: difficulty %v and confidence %v must be finite", errResult, out.Difficulty, out.Confidence)
	}
	if math.IsInf(float64(out.CompletionTokens), 0) || out.CompletionTokens < 0 {
		return fmt.Errorf("%w: completion_tokens is %v, must be ≥ 0, or NaN for unknown", errResult, out.CompletionTokens)
	}
	out.Difficulty, out.Confidence = clamp(out.Difficulty), clamp(out.Confidence)
	out.Category, out.Domain = [label.NumCategories]float32{}, [label.NumDomains]float32{}
	out.Heads = out.Heads[:0]
	b = b[resultHeader:]
	for i := range c.Heads {
		h := &c.Heads[i]
		if n := int(binary.LittleEndian.Uint16(b)); n != len(h.Labels) {
			return fmt.Errorf("%w: head %q has %d probabilities, its card has %d labels", errResult, h.Name, n, len(h.Labels))
		}
		p := b[headHeader : headHeader+4*len(h.Labels)]
		b = b[headHeader+len(p):]
		var dst []float32
		switch h.Name {
		case headCategory:
			dst = out.Category[:]
		case headDomain:
			dst = out.Domain[:]
		default:
			dst = out.addHead(h)
		}
		if err := h.probabilities(p, dst); err != nil {
			return err
		}
	}
	return nil
}

// addHead appends a head and gives its probabilities to fill in, in room that an earlier call has made, if there is some.
func (r *Result) addHead(h *HeadCard) []float32 {
	n := len(r.Heads)
	if n < cap(r.Heads) {
		r.Heads = r.Heads[:n+1]
	} else {
		r.Heads = append(r.Heads, Head{})
	}
	head := &r.Heads[n]
	if cap(head.P) < len(h.Labels) {
		head.P = make([]float32, len(h.Labels))
	}
	head.Name, head.Labels, head.P = h.Name, h.Labels, head.P[:len(h.Labels)]
	return head.P
}

// probabilities reads a head's floats into dst, in the order that the head's labels are mapped to.
func (h *HeadCard) probabilities(b []byte, dst []float32) error {
	var sum float64
	for i := range h.Labels {
		v := float(b[4*i:])
		if !finite(v) {
			return fmt.Errorf("%w: head %q: probability of %q is %v", errResult, h.Name, h.Labels[i], v)
		}
		v = clamp(v)
		sum += float64(v)
		if h.order != nil {
			dst[h.order[i]] = v
		} else {
			dst[i] = v
		}
	}
	if sum < 1-sumTolerance || sum > 1+sumTolerance {
		return fmt.Errorf("%w: head %q: probabilities sum to %.3f, must be 1 ± %v", errResult, h.Name, sum, sumTolerance)
	}
	scale := float32(1 / sum)
	for i := range dst {
		dst[i] *= scale
	}
	return nil
}

func float(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

func clamp(v float32) float32 { return min(max(v, 0), 1) }

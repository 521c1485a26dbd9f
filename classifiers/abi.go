package classifiers

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/routor/routor/engine/label"
)

// ABI v1, little endian throughout. What a module exports (docs/classifier-abi.md is the page for its authors):
//
//	memory                              its linear memory
//	routor_abi_version                  immutable global i32 = 1, or else: func routor_abi_v1() -> i32, which returns 1
//	routor_alloc(len i32) -> i32        a buffer for the input record, 8-byte aligned, the guest's own, valid until the next
//	                                    routor_alloc; 0 = refused
//	routor_classify(ptr, len i32) -> i64   ptr<<32 | len of the result, valid until the next call; 0 = failed
//	routor_features(ptr, len i32) -> i64   optional; ptr<<32 | len of the record's features; 0 = failed
//	routor_info() -> i64                optional; ptr<<32 | len of the card's JSON, for modules without a section routor.meta
//	_initialize()                       optional; called once per instance, before all else
//
// The input record is a header of 64 bytes and then the three texts as UTF-8, without terminators. Offsets count from the
// record's first byte. A guest finds the texts by their offsets, never by their order, and skips header_len bytes at most, so
// that later versions may append to the header:
//
//	 0 u32 abi = 1          4 u32 header_len = 64   8 u32 flags (Flags)    12 u32 turns
//	16 u32 token_estimate  20 u32 total_bytes      24 u32 text_off         28 u32 text_len
//	32 u32 system_off      36 u32 system_len       40 u32 context_off      44 u32 context_len
//	48 u32 count = 1       52 u32 0                56 u32 0                60 u32 0
//
// The result is a header of 16 bytes and then the heads, in the order of the card, each with its labels in the card's order:
//
//	 0 u16 abi = 1  2 u16 n_heads  4 f32 difficulty 0..1  8 f32 confidence 0..1  12 f32 completion_tokens (NaN = unknown)
//	then for each head: u16 n, u16 0, f32 p[n] (probabilities, sum 1)
//
// The features are a list of pairs, each id at most once:
//
//	u32 id, u32 count
const (
	abiVersion      = 1
	recordHeader    = 64
	resultHeader    = 16
	headHeader      = 4
	maxFeatureBytes = 4 << 20

	exportMemory     = "memory"
	exportAbiGlobal  = "routor_abi_version"
	exportAbiFunc    = "routor_abi_v1"
	exportAlloc      = "routor_alloc"
	exportClassify   = "routor_classify"
	exportFeatures   = "routor_features"
	exportInfo       = "routor_info"
	exportInitialize = "_initialize"
	exportFuel       = "routor_fuel" // added by the host
)

// sumTolerance is how far from 1 the probabilities of a head may sum; within it they are scaled to sum 1.
const sumTolerance = 0.05

// Cut is how much of a long text reaches a module, in bytes. What is cut is cut between UTF-8 characters.
type Cut struct {
	TextHead int // of the last human turn: its first bytes …
	TextTail int // … and its last, joined by a newline; a text of at most TextHead+TextTail bytes is whole
	System   int // of the system prompt: its first bytes
	Context  int // of the earlier turns: the last bytes
}

// span is the part of an input that is put in a record.
type span struct{ head, tail, system, context string }

func (c Cut) of(in *Input) span {
	s := span{head: in.Text, system: first(in.System, c.System), context: last(in.Context, c.Context)}
	if len(in.Text) > c.TextHead+c.TextTail {
		s.head, s.tail = first(in.Text, c.TextHead), last(in.Text, c.TextTail)
	}
	return s
}

// first is at most the first n bytes of s, without half a character at the end.
func first(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := 0; i < utf8.UTFMax-1 && n > 0 && !utf8.RuneStart(s[n]); i++ {
		n--
	}
	return s[:n]
}

// last is at most the last n bytes of s, without half a character at the start.
func last(s string, n int) string {
	if len(s) <= n {
		return s
	}
	from := len(s) - n
	for i := 0; i < utf8.UTFMax-1 && from < len(s) && !utf8.RuneStart(s[from]); i++ {
		from++
	}
	return s[from:]
}

func (s *span) textLen() int {
	if s.tail == "" {
		return len(s.head)
	}
	return len(s.head) + 1 + len(s.tail)
}

// recordLen is the length of the record that put writes.
func (s *span) recordLen() int { return recordHeader + s.textLen() + len(s.system) + len(s.context) }

// put writes the record of in into b, which has recordLen bytes.
func (s *span) put(b []byte, in *Input) {
	text := recordHeader
	system := text + s.textLen()
	context := system + len(s.system)
	for i, v := range [recordHeader / 4]uint32{
		abiVersion, recordHeader, uint32(in.Flags), in.Turns,
		in.Tokens, in.Bytes, uint32(text), uint32(s.textLen()),
		uint32(system), uint32(len(s.system)), uint32(context), uint32(len(s.context)),
		1,
	} {
		binary.LittleEndian.PutUint32(b[4*i:], v)
	}
	n := copy(b[text:], s.head)
	if s.tail != "" {
		b[text+n] = '\n'
		copy(b[text+n+1:], s.tail)
	}
	copy(b[system:], s.system)
	copy(b[context:], s.context)
}

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

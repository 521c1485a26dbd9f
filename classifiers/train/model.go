package train

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// The layout of classifiers/default/runtime/model.h.
const (
	magic     = 0x32525452 // "RTR2"
	columns   = 32         // of the main table
	maxBits   = 18
	tagBits   = 8
	numBlocks = 11
	maxOwn    = 30
	maxLabels = 500 // of a head of the user's own

	colCategory = 0
	colDomain   = 14
	colTier     = 28
	colTokens   = 29
	colLength   = 31

	modelHeader = 128
	tableHeader = 16
)

// blockWeight is how much each block of the runtime counts before anything is learned, in the order of model.h: words, characters,
// first line, last line, opening, system, context, continued, facts, shape, length.
var blockWeight = [numBlocks]float32{1, 1, 1, 1, 0.7, 0.7, 0.5, 1, 0.5, 0.7, 0.7}

// blockLength is the one that category and domain do not learn from: how long a text is tells them the source, not the task.
const blockLength = 10

// model is what is baked.
type model struct {
	knots [6]float32 // tier scores at which difficulty is 0, 0.05, 0.2, 0.45, 0.7, 1
	main  *table
	own   []*table
}

// table is int8 rows and what turns their sums into scores.
type table struct {
	bits, stride, labels int // labels of a head of the user's own, 0 = the main table; stride is columns of a row, its length the last
	scale, bias          []float32
	dense                []float32 // of an own table, columns × stride: what the main scores are multiplied with
	tags                 []uint8   // by which a row knows its term
	rows                 []int8
}

func newTable(bits, labels int) *table {
	t := &table{bits: bits, stride: columns, labels: labels}
	if labels > 0 {
		t.stride = (labels + 1 + 15) &^ 15
		t.dense = make([]float32, columns*t.stride)
	}
	t.scale, t.bias = make([]float32, t.stride), make([]float32, t.stride)
	t.tags, t.rows = make([]uint8, 1<<bits), make([]int8, t.stride<<bits)
	return t
}

func (t *table) row(i uint32) []int8 { return t.rows[int(i)*t.stride:][:t.stride] }

// blob is the model as the runtime reads it.
func (m *model) blob() []byte {
	b := make([]byte, 0, modelHeader+len(m.main.rows)+len(m.main.tags)+4096)
	for _, v := range []uint32{magic, columns, numBlocks, uint32(len(m.own))} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	var weights [16]float32
	copy(weights[:], blockWeight[:])
	b = appendFloats(appendFloats(b, weights[:]), m.knots[:])
	b = append(b, make([]byte, modelHeader-len(b))...)
	b = m.main.append(b)
	for _, t := range m.own {
		b = t.append(b)
	}
	return b
}

func (t *table) append(b []byte) []byte {
	for _, v := range []int{t.bits, t.stride, t.labels, 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	b = appendFloats(appendFloats(appendFloats(b, t.scale), t.bias), t.dense)
	b = append(b, t.tags...)
	for _, v := range t.rows {
		b = append(b, byte(v))
	}
	return b
}

func appendFloats(b []byte, f []float32) []byte {
	for _, v := range f {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

var errModel = errors.New("not weights that this version of routor has trained")

// parseModel reads what blob has written.
func parseModel(b []byte) (*model, error) {
	if len(b) < modelHeader {
		return nil, errModel
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	own := int(word(3))
	if word(0) != magic || word(1) != columns || word(2) != numBlocks || own > maxOwn {
		return nil, errModel
	}
	m := &model{}
	readFloats(b[16+4*16:], m.knots[:])
	b = b[modelHeader:]
	for i := range 1 + own {
		t, rest, err := parseTable(b)
		if err != nil {
			return nil, err
		}
		if (t.labels == 0) != (i == 0) {
			return nil, errModel
		}
		if i == 0 {
			m.main = t
		} else {
			m.own = append(m.own, t)
		}
		b = rest
	}
	if len(b) != 0 {
		return nil, fmt.Errorf("%w: %d bytes too many", errModel, len(b))
	}
	return m, nil
}

func parseTable(b []byte) (*table, []byte, error) {
	if len(b) < tableHeader {
		return nil, nil, errModel
	}
	word := func(i int) int { return int(binary.LittleEndian.Uint32(b[4*i:])) }
	bits, stride, labels := word(0), word(1), word(2)
	if bits < 4 || bits > maxBits || labels > maxLabels {
		return nil, nil, errModel
	}
	t := newTable(bits, labels)
	if size := tableHeader + 4*(2*stride+len(t.dense)) + (stride+1)<<bits; stride != t.stride || len(b) < size {
		return nil, nil, errModel
	}
	b = b[tableHeader:]
	for _, f := range [][]float32{t.scale, t.bias, t.dense} {
		readFloats(b, f)
		b = b[4*len(f):]
	}
	b = b[copy(t.tags, b):]
	for i := range t.rows {
		t.rows[i] = int8(b[i])
	}
	return t, b[len(t.rows):], nil
}

func readFloats(b []byte, f []float32) {
	for i := range f {
		f[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}

// blank is a model of one score for all, which the runtime needs to be loaded before there is a trained one.
func blank() *model {
	return &model{main: newTable(8, 0), knots: [6]float32{0, 1, 2, 3, 4, 5}}
}

// sum adds to scores what the runtime computes of blocks: each block's rows summed, over the root of their lengths.
func (t *table) sum(blocks []block, scores []float32) {
	copy(scores, t.bias)
	sums := make([]int32, t.stride)
	for _, b := range blocks {
		clear(sums)
		for _, row := range b.rows {
			for k, v := range t.row(row) {
				sums[k] += int32(v)
			}
		}
		length := sums[t.stride-1]
		if length <= 0 {
			continue
		}
		factor := blockWeight[b.kind] / sqrt(float32(length))
		for k := range scores {
			scores[k] += float32(float32(float32(sums[k])*t.scale[k]) * factor)
		}
	}
}

// scores are the main table's.
func (m *model) scores(r *request) (z [columns]float32) {
	m.main.sum(r.blocks, z[:])
	return z
}

// ownScores are those of own head i, of a request's main scores and its blocks in that head's table.
func (m *model) ownScores(i int, main *[columns]float32, blocks []block) []float32 {
	t := m.own[i]
	z := make([]float32, t.stride)
	t.sum(blocks, z)
	for k := range colTier {
		for j := range t.labels {
			z[j] += float32(main[k] * t.dense[k*t.stride+j])
		}
	}
	return z[:t.labels]
}

package train

import (
	"encoding/binary"
	"math"
)

// The layout of classifiers/default/runtime/model.h.
const (
	magic     = 0x31525452 // "RTR1"
	columns   = 32
	maxBits   = 18 // of the rows that routor_features names
	numBlocks = 9
	header    = 448 // bytes before the rows

	colCategory = 0
	colDomain   = 14
	colTier     = 28
	colTokens   = 29
	colLength   = 31

	weightsAt = 16
	scaleAt   = weightsAt + 16*4
	biasAt    = scaleAt + columns*4
	knotsAt   = biasAt + columns*4
)

// blockWeight is how much each block of the runtime counts before anything is learned, in the order of model.h: words, characters,
// first line, last line, opening, system, context, continued, facts.
var blockWeight = [numBlocks]float32{1, 1, 1, 1, 0.7, 0.7, 0.5, 1, 0.5}

// model is what is baked: int8 rows and what turns their sums into scores.
type model struct {
	bits  int
	scale [columns]float32
	bias  [columns]float32
	knots [6]float32 // tier scores at which difficulty is 0, 0.05, 0.2, 0.45, 0.7, 1
	rows  [][columns]int8
}

// blob is the model as the runtime reads it.
func (m *model) blob() []byte {
	b := make([]byte, header+len(m.rows)*columns)
	for i, v := range []uint32{magic, uint32(m.bits), columns, numBlocks} {
		binary.LittleEndian.PutUint32(b[4*i:], v)
	}
	putFloats(b[weightsAt:], blockWeight[:])
	putFloats(b[scaleAt:], m.scale[:])
	putFloats(b[biasAt:], m.bias[:])
	putFloats(b[knotsAt:], m.knots[:])
	at := header
	for i := range m.rows {
		for _, v := range m.rows[i] {
			b[at] = byte(v)
			at++
		}
	}
	return b
}

func putFloats(b []byte, f []float32) {
	for i, v := range f {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
	}
}

// blank is a model of one score for all, which the runtime needs to be loaded before there is a trained one.
func blank() *model {
	m := &model{bits: 8, rows: make([][columns]int8, 1<<8), knots: [6]float32{0, 1, 2, 3, 4, 5}}
	return m
}

// scores are what the runtime computes of a request: each block's rows summed, over the root of their lengths.
func (m *model) scores(r *request) [columns]float32 {
	z := m.bias
	for _, b := range r.blocks {
		var sums [columns]int32
		for _, row := range b.rows {
			for k, v := range m.rows[row] {
				sums[k] += int32(v)
			}
		}
		if sums[colLength] <= 0 {
			continue
		}
		factor := blockWeight[b.block] / sqrt(float32(sums[colLength]))
		for k := range z {
			z[k] += float32(float32(float32(sums[k])*m.scale[k]) * factor)
		}
	}
	return z
}

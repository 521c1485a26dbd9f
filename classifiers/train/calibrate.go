package train

import (
	"math"
	"slices"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/label"
)

var nan = float32(math.NaN())

// clip finds what one step of an int8 is worth for a column: of a few, the one with the least squared error. A few large
// weights are worth less than the precision of the many.
func clip(column func(yield func(float32))) float32 {
	var top float32
	column(func(v float32) { top = max(top, v, -v) })
	best, least := float32(0), math.Inf(1)
	for _, share := range [...]float32{1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12} {
		step, loss := share*top/127, 0.0
		if step == 0 {
			return 0
		}
		column(func(v float32) {
			d := float64(v - float32(step*float32(quantised(v, step))))
			loss += float64(d * d)
		})
		if loss < least {
			best, least = step, loss
		}
	}
	return best
}

func quantised(v, step float32) int8 {
	return int8(min(max(math.Round(float64(v/step)), -127), 127))
}

// quantise rounds the fitted weights to int8. A row holds the weights times the root of the row's length, so that the runtime
// only sums and divides. Heads that learned nothing stay to the byte what they were in the model that was begun from.
func (f *fit) quantise() *model {
	m := &model{main: newTable(f.words.bits, 0), knots: [6]float32{0, 1, 2, 3, 4, 5}}
	t := m.main
	copy(t.tags, f.words.tags)
	for row, n := range f.words.lengths {
		t.rows[row*columns+colLength] = int8(n)
	}
	t.bias[colTokens] = nan
	if f.from != nil {
		m.knots = f.from.knots
		copy(t.scale, f.from.main.scale)
		copy(t.bias, f.from.main.bias)
		copy(t.rows, f.from.main.rows)
	}
	for h, span := range headColumns {
		if !f.heads.learns[h] {
			continue
		}
		copy(t.bias[span.from:span.to], f.bias[span.from:span.to])
		for k := span.from; k < span.to; k++ {
			f.quantiseColumn(t, k)
		}
	}
	if f.heads.learns[headTokens] {
		t.bias[colTokens] = f.heads.tokens
	}
	if f.heads.learns[headTier] && !f.heads.fixed {
		copy(m.knots[1:5], f.heads.cuts[:])
		m.spread()
	}
	return m
}

func (f *fit) quantiseColumn(t *table, k int) {
	weight := func(row int) float32 { return float32(f.rows[row][k] * f.roots[f.words.lengths[row]&127]) }
	step := clip(func(yield func(float32)) {
		for row, n := range f.words.lengths {
			if n > 0 {
				yield(weight(row))
			}
		}
	})
	t.scale[k] = step
	for row := range f.rows {
		var v int8
		if step > 0 {
			v = quantised(weight(row), step)
		}
		t.rows[row*columns+k] = v
	}
}

// spread sets the outer knots, where difficulty is 0 and 1, as far out as the inner ones lie apart.
func (m *model) spread() {
	const apart = 0.05
	for j := 2; j < 5; j++ {
		m.knots[j] = max(m.knots[j], m.knots[j-1]+apart)
	}
	m.knots[0] = m.knots[1] - (m.knots[2] - m.knots[1])
	m.knots[5] = m.knots[4] + (m.knots[4] - m.knots[3])
}

// answer is what the runtime says of scores.
func (m *model) answer(z *[columns]float32, r *classifiers.Result) {
	softmax(z[colCategory:colDomain], r.Category[:])
	softmax(z[colDomain:colTier], r.Domain[:])
	r.Confidence = r.Category[argmax(r.Category[:])]
	r.Difficulty = m.difficulty(z[colTier])
	r.CompletionTokens = z[colTokens]
	if t := z[colTokens]; t == t {
		r.CompletionTokens = exp(min(max(t, 0), 10.4))
	}
}

// difficulty puts a tier score on the scale of the thresholds, by straight lines between the knots.
func (m *model) difficulty(score float32) float32 {
	at := [6]float32{0, 0.05, 0.2, 0.45, 0.7, 1}
	if !(score > m.knots[0]) {
		return 0
	}
	for i := 1; i < 6; i++ {
		if low, high := m.knots[i-1], m.knots[i]; score < high {
			return at[i-1] + float32((at[i]-at[i-1])*(score-low))/(high-low)
		}
	}
	return 1
}

// said is a prompt of a left-out source, and the scores of a model that has not seen its source.
type said struct {
	example *Example
	z       [columns]float32
}

// settle makes the model's probabilities and tiers those that left-out sources ask for. A model that was begun from another keeps that
// one's scale of difficulty. It returns the temperatures.
func (m *model) settle(out []said, learns [numHeads]bool, begun bool) (t [numHeads]float64) {
	for h := range t {
		t[h] = 1
	}
	if learns[headCategory] {
		t[headCategory] = m.temper(out, colCategory, label.NumCategories, func(e *Example) int { return index(e.Category) })
	}
	if learns[headDomain] {
		t[headDomain] = m.temper(out, colDomain, label.NumDomains, func(e *Example) int { return index(e.Domain) })
	}
	if learns[headTier] && !begun {
		m.cut(out)
	}
	return t
}

// index is a label's number, -1 where there is none.
func index[T ~uint8](l *T) int {
	if l == nil {
		return -1
	}
	return int(*l)
}

// temper divides the scores of the n columns from col by the temperature that makes the labels of left-out sources most likely, and
// folds it into the model.
func (m *model) temper(out []said, col, n int, labelOf func(*Example) int) (temperature float64) {
	var scores [][]float32
	var labels []int
	for i := range out {
		if l := labelOf(out[i].example); l >= 0 {
			scores, labels = append(scores, out[i].z[col:col+n]), append(labels, l)
		}
	}
	temperature = temperatureOf(scores, labels)
	for k := col; k < col+n; k++ {
		m.main.scale[k] /= float32(temperature)
		m.main.bias[k] /= float32(temperature)
	}
	return temperature
}

// temperatureOf is the temperature under which labels are most likely; 1 if there are too few to say.
func temperatureOf(scores [][]float32, labels []int) float64 {
	const few = 20
	if len(scores) < few {
		return 1
	}
	loss := func(t float64) float64 {
		sum := 0.0
		p, z := make([]float32, len(scores[0])), make([]float32, len(scores[0]))
		for i := range scores {
			for k := range z {
				z[k] = scores[i][k] / float32(t)
			}
			softmax(z, p)
			sum -= ln(max(float64(p[labels[i]]), 1e-9))
		}
		return sum
	}
	best, least := 1.0, loss(1)
	for t := 0.3; t < 4; t *= 1.03 {
		if l := loss(t); l < least {
			best, least = t, l
		}
	}
	return best
}

// What a wrong tier costs, besides the square of how far off it is, is not the same on both sides of the scale: a COMPLEX prompt
// below STANDARD is a wrong answer, a NANO one above SIMPLE is money for nothing.
const (
	missedComplex = 5
	missedNano    = 2
)

// cut puts the inner knots where they cost the prompts of left-out sources least: for each tier, how often it is wrong, and by how much.
// The cuts of the loss itself would give the rare tiers at both ends too seldom.
func (m *model) cut(out []said) {
	const few, steps = 100, 200
	type point struct {
		score  float32
		tier   label.Tier
		weight float64
	}
	var points []point
	for i := range out {
		if t := out[i].example.Tier; t != nil {
			points = append(points, point{out[i].z[colTier], *t, 1})
		}
	}
	if len(points) < few {
		return
	}
	slices.SortFunc(points, func(a, b point) int {
		switch {
		case a.score < b.score:
			return -1
		case a.score > b.score:
			return 1
		}
		return int(a.tier) - int(b.tier)
	})
	// below[t][i] is how many of tier t are among the first i points.
	var below [label.NumTiers][]float64
	for t := range below {
		below[t] = make([]float64, len(points)+1)
		for i, p := range points {
			below[t][i+1] = below[t][i]
			if int(p.tier) == t {
				below[t][i+1]++
			}
		}
	}
	cost := func(t, answer int) float64 {
		off := math.Abs(float64(t - answer))
		c := off * off
		if off > 0 {
			c++
		}
		switch {
		case t == int(label.Complex) && answer < int(label.Standard):
			c *= missedComplex
		case t == int(label.Nano) && answer > int(label.Simple):
			c *= missedNano
		}
		return c
	}
	// Answers rise with the scores, so the best places of the cuts follow one from another: best[k][i] is the least cost of giving
	// the first i·n/steps points tiers up to k.
	at := func(i int) int { return i * len(points) / steps }
	var best [label.NumTiers][steps + 1]float64
	var from [label.NumTiers][steps + 1]int
	for k := range label.NumTiers {
		for i := range steps + 1 {
			best[k][i] = math.Inf(1)
			for j := 0; j <= i; j++ {
				before := 0.0
				if k > 0 {
					before = best[k-1][j]
				} else if j > 0 {
					continue
				}
				for t := range label.NumTiers {
					before += float64(cost(t, k) * (below[t][at(i)] - below[t][at(j)]))
				}
				if before < best[k][i] {
					best[k][i], from[k][i] = before, j
				}
			}
		}
	}
	i := steps
	for k := label.NumTiers - 1; k > 0; k-- {
		i = from[k][i]
		place := min(max(at(i), 1), len(points)-1)
		m.knots[k] = (points[place-1].score + points[place].score) / 2
	}
	m.spread()
}

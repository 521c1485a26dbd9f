package train

import (
	"math"
	"slices"

	"github.com/routor/routor/engine/label"
)

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
// only sums and divides.
func (f *fit) quantise() *model {
	m := &model{bits: f.bits, bias: f.bias, rows: make([][columns]int8, len(f.rows))}
	m.bias[colTokens] = f.heads.tokens
	for k := range colTokens + 1 {
		step := clip(func(yield func(float32)) {
			for row := range f.rows {
				yield(float32(f.rows[row][k] * f.roots[f.lengths[row]&127]))
			}
		})
		m.scale[k] = step
		if step == 0 {
			continue
		}
		for row := range m.rows {
			m.rows[row][k] = quantised(float32(f.rows[row][k]*f.roots[f.lengths[row]&127]), step)
		}
	}
	for row, n := range f.lengths {
		m.rows[row][colLength] = int8(n)
	}
	for j, cut := range f.heads.cuts {
		m.knots[j+1] = cut
	}
	m.spread()
	return m
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

// temper divides the scores of the n columns from col by the temperature that makes the probabilities of dev's labels most
// likely, and folds it into the model.
func (m *model) temper(dev []request, col, n int, labelOf func(*Example) int) (temperature float64) {
	var scores [][columns]float32
	var labels []int
	for i := range dev {
		if l := labelOf(dev[i].example); l >= 0 {
			scores, labels = append(scores, m.scores(&dev[i])), append(labels, l)
		}
	}
	if len(scores) == 0 {
		return 1
	}
	loss := func(t float64) float64 {
		sum := 0.0
		p, z := make([]float32, n), make([]float32, n)
		for i := range scores {
			for k := range z {
				z[k] = scores[i][col+k] / float32(t)
			}
			softmax(z, p)
			sum -= ln(max(float64(p[labels[i]]), 1e-9))
		}
		return sum
	}
	temperature = 1
	for t := 0.3; t < 4; t *= 1.03 {
		if loss(t) < loss(temperature) {
			temperature = t
		}
	}
	for k := col; k < col+n; k++ {
		m.scale[k] /= float32(temperature)
		m.bias[k] /= float32(temperature)
	}
	return temperature
}

// cut puts the inner knots where they give dev each tier as often as its labels do. The cuts of the loss itself would give
// the rare tiers at both ends too seldom, and a hard prompt at a cheap model is what a router must not do.
func (m *model) cut(dev []request) {
	var scores []float32
	var counts [label.NumTiers]int
	for i := range dev {
		if t := dev[i].example.Tier; t != nil {
			scores = append(scores, m.scores(&dev[i])[colTier])
			counts[*t]++
		}
	}
	if len(scores) < 100 {
		return
	}
	slices.Sort(scores)
	below := 0
	for j := range label.NumTiers - 1 {
		below += counts[j]
		at := min(max(below, 1), len(scores)-1)
		m.knots[j+1] = (scores[at-1] + scores[at]) / 2
	}
	m.spread()
}

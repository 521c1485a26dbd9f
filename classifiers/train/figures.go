package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/label"
)

// Thresholds are the upper bounds of difficulty of the tiers below COMPLEX in the default policy.
var Thresholds = [label.NumTiers - 1]float64{0.05, 0.2, 0.45, 0.7}

// TierOf is the tier of a difficulty, 0..1, by Thresholds.
func TierOf(difficulty float64) label.Tier {
	t := label.Nano
	for t < label.Complex && difficulty > Thresholds[t] {
		t++
	}
	return t
}

// Figures are what a classifier is worth on labelled prompts. Shares are 0..1. Those of the constant predictor, which says the
// set's most frequent label every time, stand beside them.
type Figures struct {
	Category ClassFigure            `json:"category"`
	Domain   ClassFigure            `json:"domain"`
	Tier     TierFigure             `json:"tier"`
	Tokens   TokensFigure           `json:"completion_tokens"`
	Own      map[string]ClassFigure `json:"own,omitempty"` // heads of the module's own
}

// ClassFigure is how often a head is right, how far its probabilities can be believed, and what is taken for what.
type ClassFigure struct {
	N        int     `json:"n"`
	Accuracy float64 `json:"accuracy"`
	MacroF1  float64 `json:"macro_f1"` // over the classes that occur
	ECE      float64 `json:"ece"`      // expected calibration error of the highest probability, 15 bins of equal width
	// Constant* are of the most frequent class.
	Constant         string  `json:"constant"`
	ConstantAccuracy float64 `json:"constant_accuracy"`
	ConstantMacroF1  float64 `json:"constant_macro_f1"`

	Reliability []Reliability `json:"reliability,omitempty"` // of the bins that have prompts
	Labels      []string      `json:"labels,omitempty"`
	Confusion   [][]int       `json:"confusion,omitempty"` // prompts by label (row) and answer (column)
}

// Reliability is one bin of the highest probability: how sure the head was on average, and how often right.
type Reliability struct {
	N     int     `json:"n"`
	Sure  float64 `json:"sure"`
	Right float64 `json:"right"`
}

// TierFigure is how well difficulty follows the labelled tiers.
type TierFigure struct {
	N         int     `json:"n"`
	Exact     float64 `json:"exact"`
	WithinOne float64 `json:"within_one"`
	Spearman  float64 `json:"spearman"` // rank correlation of difficulty with the tier; of a constant 0
	Kappa     float64 `json:"kappa"`    // Cohen's, quadratic weights; of a constant 0
	// ComplexHigh is the share of COMPLEX at STANDARD or above, NanoLow that of NANO at SIMPLE or below; 0 if there are none, which
	// the confusion tells.
	ComplexHigh float64                             `json:"complex_at_standard_or_above"`
	NanoLow     float64                             `json:"nano_at_simple_or_below"`
	Confusion   [label.NumTiers][label.NumTiers]int `json:"confusion"`

	Constant            string  `json:"constant"`
	ConstantExact       float64 `json:"constant_exact"`
	ConstantWithinOne   float64 `json:"constant_within_one"`
	ConstantComplexHigh float64 `json:"constant_complex_at_standard_or_above"`
	ConstantNanoLow     float64 `json:"constant_nano_at_simple_or_below"`
}

// TokensFigure is how well the expected completion tokens follow those that answers took.
type TokensFigure struct {
	N        int     `json:"n"`
	Spearman float64 `json:"spearman"`
	// Factor is the median of how many times too long or too short the expectation is; ConstantFactor that of always the median.
	Factor         float64 `json:"factor"`
	ConstantFactor float64 `json:"constant_factor"`
}

// Tally collects answers for Figures.
type Tally struct {
	category, domain  *ClassCount
	own               map[string]*ClassCount
	confusion         [label.NumTiers][label.NumTiers]int
	difficulty, tiers []float64
	tokens, known     []float64
}

// NewTally begins to count. Own heads are those that examples may have labels of.
func NewTally(own []Head) *Tally {
	t := &Tally{category: NewClassCount(label.Categories[:]), domain: NewClassCount(label.Domains[:]), own: map[string]*ClassCount{}}
	for _, h := range own {
		t.own[h.Name] = NewClassCount(h.Labels)
	}
	return t
}

// Add counts an answer to an example.
func (t *Tally) Add(e *Example, r *classifiers.Result) {
	if e.Category != nil {
		t.category.addSure(int(*e.Category), r.Category[:], float64(r.Confidence))
	}
	if e.Domain != nil {
		t.domain.Add(int(*e.Domain), r.Domain[:])
	}
	if e.Tier != nil {
		t.confusion[*e.Tier][TierOf(float64(r.Difficulty))]++
		t.difficulty, t.tiers = append(t.difficulty, float64(r.Difficulty)), append(t.tiers, float64(*e.Tier))
	}
	if tokens := float64(r.CompletionTokens); e.Tokens > 0 && tokens > 0 {
		t.tokens, t.known = append(t.tokens, tokens), append(t.known, e.Tokens)
	}
	for _, h := range r.Heads {
		if count := t.own[h.Name]; count != nil {
			if at := slices.Index(count.names, e.Own[h.Name]); at >= 0 && len(h.P) == len(count.names) {
				count.Add(at, h.P)
			}
		}
	}
}

// Figures are of what was counted.
func (t *Tally) Figures() Figures {
	f := Figures{Category: t.category.Figure(), Domain: t.domain.Figure(), Tier: TierFigure{Confusion: t.confusion}}
	f.Tier.fill()
	f.Tier.Spearman = Spearman(t.difficulty, t.tiers)
	f.Tokens = tokensFigure(t.tokens, t.known)
	for name, count := range t.own {
		if f.Own == nil {
			f.Own = map[string]ClassFigure{}
		}
		f.Own[name] = count.Figure()
	}
	return f
}

// ClassCount counts the answers of one head.
type ClassCount struct {
	names     []string
	confusion [][]int
	sure      []float64
	right     []bool
}

// NewClassCount begins to count for a head with these labels.
func NewClassCount(names []string) *ClassCount {
	c := &ClassCount{names: names, confusion: make([][]int, len(names))}
	for i := range c.confusion {
		c.confusion[i] = make([]int, len(names))
	}
	return c
}

// Add counts probabilities that were given to a prompt of a label.
func (c *ClassCount) Add(label int, p []float32) { c.addSure(label, p, float64(p[argmax(p)])) }

func (c *ClassCount) addSure(label int, p []float32, sure float64) {
	best := argmax(p)
	c.confusion[label][best]++
	c.sure, c.right = append(c.sure, sure), append(c.right, best == label)
}

// Figure is of what was counted.
func (c *ClassCount) Figure() ClassFigure {
	f := classFigure(c.names, c.confusion)
	if f.N > 0 {
		f.Labels, f.Confusion = c.names, c.confusion
		f.ECE, f.Reliability = calibration(c.sure, c.right)
	}
	return f
}

func classFigure(names []string, confusion [][]int) ClassFigure {
	n := len(names)
	labels, answers := make([]int, n), make([]int, n)
	var f ClassFigure
	right := 0
	for i, row := range confusion {
		for j, count := range row {
			labels[i] += count
			answers[j] += count
			f.N += count
		}
		right += row[i]
	}
	if f.N == 0 {
		return f
	}
	most, classes := 0, 0.0
	for i := range n {
		if labels[i] > labels[most] {
			most = i
		}
		if labels[i] > 0 {
			classes++
			f.MacroF1 += 2 * float64(confusion[i][i]) / float64(labels[i]+answers[i])
		}
	}
	share := float64(labels[most]) / float64(f.N)
	f.Accuracy = float64(right) / float64(f.N)
	f.MacroF1 /= classes
	f.Constant, f.ConstantAccuracy, f.ConstantMacroF1 = names[most], share, 2*share/(1+share)/classes
	return f
}

func (t *TierFigure) fill() {
	var labels, answers [label.NumTiers]float64
	var off, expected float64 // squared distances, seen and by chance
	exact, within := 0, 0
	for i, row := range t.Confusion {
		for j, n := range row {
			labels[i] += float64(n)
			answers[j] += float64(n)
			t.N += n
			off += float64(n * (i - j) * (i - j))
			if i == j {
				exact += n
			}
			if i-j <= 1 && j-i <= 1 {
				within += n
			}
		}
	}
	if t.N == 0 {
		return
	}
	most := 0
	for i := range labels {
		if labels[i] > labels[most] {
			most = i
		}
		for j := range answers {
			expected += labels[i] * answers[j] / float64(t.N) * float64((i-j)*(i-j))
		}
	}
	n := float64(t.N)
	t.Exact, t.WithinOne = float64(exact)/n, float64(within)/n
	if expected > 0 {
		t.Kappa = 1 - off/expected
	}
	complexRow, nanoRow := t.Confusion[label.Complex], t.Confusion[label.Nano]
	t.ComplexHigh = share(complexRow[label.Standard]+complexRow[label.Complex], labels[label.Complex])
	t.NanoLow = share(nanoRow[label.Nano]+nanoRow[label.Simple], labels[label.Nano])

	constant := label.Tier(most)
	t.Constant, t.ConstantExact = constant.String(), labels[most]/n
	for i := max(most-1, 0); i <= min(most+1, label.NumTiers-1); i++ {
		t.ConstantWithinOne += labels[i] / n
	}
	if constant >= label.Standard {
		t.ConstantComplexHigh = 1
	}
	if constant <= label.Simple {
		t.ConstantNanoLow = 1
	}
}

func share(n int, of float64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / of
}

// calibration is how far sureness is from the share that is right, on average over the bins (Naeini et al., 2015), and bin by bin.
func calibration(sure []float64, right []bool) (ece float64, bins []Reliability) {
	const number = 15
	var all [number]Reliability
	for i, c := range sure {
		b := &all[min(int(c*number), number-1)]
		b.N++
		b.Sure += c
		if right[i] {
			b.Right++
		}
	}
	for _, b := range all {
		if b.N == 0 {
			continue
		}
		ece += math.Abs(b.Sure-b.Right) / float64(len(sure))
		b.Sure, b.Right = b.Sure/float64(b.N), b.Right/float64(b.N)
		bins = append(bins, b)
	}
	return ece, bins
}

func tokensFigure(expected, known []float64) TokensFigure {
	f := TokensFigure{N: len(known)}
	if f.N == 0 {
		return f
	}
	median := func(v []float64) float64 { slices.Sort(v); return v[len(v)/2] }
	middle := median(slices.Clone(known))
	off, constant := make([]float64, f.N), make([]float64, f.N)
	for i, k := range known {
		off[i], constant[i] = max(expected[i]/k, k/expected[i]), max(middle/k, k/middle)
	}
	f.Spearman, f.Factor, f.ConstantFactor = Spearman(expected, known), median(off), median(constant)
	return f
}

// Spearman is the rank correlation of a and b; equal values share the mean of their ranks.
func Spearman(a, b []float64) float64 {
	x, y := ranks(a), ranks(b)
	mean := float64(len(a)-1) / 2
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mean) * (y[i] - mean)
		xx += (x[i] - mean) * (x[i] - mean)
		yy += (y[i] - mean) * (y[i] - mean)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / math.Sqrt(xx*yy)
}

func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && v[order[j]] == v[order[i]] {
			j++
		}
		for _, at := range order[i:j] {
			out[at] = float64(i+j-1) / 2
		}
		i = j
	}
	return out
}

func argmax(z []float32) int {
	best := 0
	for i, v := range z {
		if v > z[best] {
			best = i
		}
	}
	return best
}

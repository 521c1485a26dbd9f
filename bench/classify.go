package bench

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/label"
)

// Thresholds are the upper bounds of difficulty of the tiers below COMPLEX in the default policy.
var Thresholds = [label.NumTiers - 1]float64{0.05, 0.2, 0.45, 0.7}

// ClassifyReport is what a classifier is worth on labelled prompts, and how fast it is.
type ClassifyReport struct {
	Module string          `json:"module"`
	Sets   []ClassifySet   `json:"sets"`
	Speed  []ClassifySpeed `json:"speed"`
}

// ClassifySet is the figures of one set of labelled prompts. Shares are 0..1. Those of the constant predictor, which says the
// set's most frequent label every time, stand beside them.
type ClassifySet struct {
	Name     string         `json:"name"`
	Category CategoryFigure `json:"category"`
	Domain   ClassFigure    `json:"domain"`
	Tier     TierFigure     `json:"tier"`
}

// ClassFigure is how often a head is right.
type ClassFigure struct {
	N        int     `json:"n"`
	Accuracy float64 `json:"accuracy"`
	MacroF1  float64 `json:"macro_f1"` // over the classes that occur
	// Constant* are of the most frequent class.
	Constant         string  `json:"constant"`
	ConstantAccuracy float64 `json:"constant_accuracy"`
	ConstantMacroF1  float64 `json:"constant_macro_f1"`
}

// CategoryFigure has, besides, how far confidence can be believed, and what is taken for what.
type CategoryFigure struct {
	ClassFigure
	ECE float64 `json:"ece"` // expected calibration error of the confidence, 15 bins of equal width
	// Confusion counts prompts by label (row) and answer (column), in the order of label.Categories.
	Confusion [label.NumCategories][label.NumCategories]int `json:"confusion"`
}

// TierFigure is how well difficulty follows the labelled tiers.
type TierFigure struct {
	N         int     `json:"n"`
	Exact     float64 `json:"exact"`
	WithinOne float64 `json:"within_one"`
	Spearman  float64 `json:"spearman"` // rank correlation of difficulty with the tier; of a constant 0
	Kappa     float64 `json:"kappa"`    // Cohen's, quadratic weights; of a constant 0
	// ComplexHigh is the share of COMPLEX at STANDARD or above, NanoLow that of NANO at SIMPLE or below; NaN-free: 0 if none.
	ComplexHigh float64                             `json:"complex_at_standard_or_above"`
	NanoLow     float64                             `json:"nano_at_simple_or_below"`
	Confusion   [label.NumTiers][label.NumTiers]int `json:"confusion"`

	Constant            string  `json:"constant"`
	ConstantExact       float64 `json:"constant_exact"`
	ConstantWithinOne   float64 `json:"constant_within_one"`
	ConstantComplexHigh float64 `json:"constant_complex_at_standard_or_above"`
	ConstantNanoLow     float64 `json:"constant_nano_at_simple_or_below"`
}

// ClassifySpeed is the time of one call through the host, fuel on.
type ClassifySpeed struct {
	Bytes  int           `json:"bytes"`
	Median time.Duration `json:"median_ns"`
	Least  time.Duration `json:"least_ns"`
	Allocs float64       `json:"allocs"`
}

// Classify puts every example of each set to the module. The sets are by heading, in the order of names.
func Classify(m *classifiers.Module, names []string, sets map[string][]train.Example) (*ClassifyReport, error) {
	card := m.Card()
	r := &ClassifyReport{Module: card.String()}
	for _, name := range names {
		set, err := classifySet(m, name, sets[name])
		if err != nil {
			return nil, fmt.Errorf("bench classify: %s: %w", name, err)
		}
		r.Sets = append(r.Sets, *set)
	}
	for _, bytes := range []int{200, 2000} {
		speed, err := classifySpeed(m, bytes)
		if err != nil {
			return nil, fmt.Errorf("bench classify: %w", err)
		}
		r.Speed = append(r.Speed, speed)
	}
	return r, nil
}

func classifySet(m *classifiers.Module, name string, examples []train.Example) (*ClassifySet, error) {
	s := &ClassifySet{Name: name}
	var out classifiers.Result
	var confidence, difficulty, tiers []float64
	var right []bool
	var domains [label.NumDomains][label.NumDomains]int
	for i := range examples {
		e := &examples[i]
		if err := m.Classify(&e.Input, &out); err != nil {
			return nil, fmt.Errorf("prompt %q: %w", e.ID, err)
		}
		if e.Category != nil {
			s.Category.Confusion[*e.Category][out.Best()]++
			confidence = append(confidence, float64(out.Confidence))
			right = append(right, out.Best() == *e.Category)
		}
		if e.Domain != nil {
			domains[*e.Domain][out.BestDomain()]++
		}
		if e.Tier != nil {
			s.Tier.Confusion[*e.Tier][tierOf(float64(out.Difficulty))]++
			difficulty = append(difficulty, float64(out.Difficulty))
			tiers = append(tiers, float64(*e.Tier))
		}
	}
	s.Category.ClassFigure = classFigure(label.Categories[:], func(i, j int) int { return s.Category.Confusion[i][j] })
	s.Category.ECE = calibrationError(confidence, right)
	s.Domain = classFigure(label.Domains[:], func(i, j int) int { return domains[i][j] })
	s.Tier.fill()
	s.Tier.Spearman = spearman(difficulty, tiers)
	return s, nil
}

func tierOf(difficulty float64) label.Tier {
	t := label.Nano
	for t < label.Complex && difficulty > Thresholds[t] {
		t++
	}
	return t
}

// classFigure is made of counts by label i and answer j.
func classFigure(names []string, count func(i, j int) int) ClassFigure {
	n := len(names)
	labels, answers := make([]int, n), make([]int, n)
	var f ClassFigure
	right := 0
	for i := range n {
		for j := range n {
			labels[i] += count(i, j)
			answers[j] += count(i, j)
		}
		f.N += labels[i]
		right += count(i, i)
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
			f.MacroF1 += 2 * float64(count(i, i)) / float64(labels[i]+answers[i])
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

// calibrationError is how far confidence is from the share that is right, on average over the bins (Naeini et al., 2015).
func calibrationError(confidence []float64, right []bool) float64 {
	const bins = 15
	var gap [bins]float64
	for i, c := range confidence {
		bin := min(int(c*bins), bins-1)
		gap[bin] += c
		if right[i] {
			gap[bin]--
		}
	}
	sum := 0.0
	for _, g := range gap {
		sum += math.Abs(g)
	}
	return share(1, float64(len(confidence))) * sum
}

// spearman is the rank correlation of a and b; equal values share the mean of their ranks.
func spearman(a, b []float64) float64 {
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

// classifySpeed times calls on a text of so many bytes.
func classifySpeed(m *classifiers.Module, bytes int) (ClassifySpeed, error) {
	const sentence = "Our checkout service returns 502 about once an hour; read the log below, find the cause and propose a fix. "
	in := classifiers.Input{Text: strings.Repeat(sentence, bytes/len(sentence)+1)[:bytes], Turns: 1}
	var out classifiers.Result
	if err := m.Classify(&in, &out); err != nil {
		return ClassifySpeed{}, err
	}
	times := make([]time.Duration, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range times {
		start := time.Now()
		_ = m.Classify(&in, &out)
		times[i] = time.Since(start)
	}
	runtime.ReadMemStats(&after)
	allocs := float64(after.Mallocs-before.Mallocs) / float64(len(times))
	slices.Sort(times)
	return ClassifySpeed{Bytes: bytes, Median: times[len(times)/2], Least: times[0], Allocs: allocs}, nil
}

// WriteText prints the report for people.
func (r *ClassifyReport) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "module %s\n", r.Module)
	for i := range r.Sets {
		r.Sets[i].write(&b)
	}
	b.WriteString("\nspeed, through the host\n")
	for _, s := range r.Speed {
		fmt.Fprintf(&b, "  %5d bytes  median %v  least %v  %.0f allocations\n", s.Bytes, s.Median, s.Least, s.Allocs)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// headings say whose labels a split of the data folder has.
var headings = map[string]string{
	prompts.Dev:        "dev: labels read by hand; the module was calibrated on these",
	prompts.Test:       "test: labels read by hand, of prompts that nothing was learned from",
	prompts.SourceDev:  "source-dev: labels of the sources, whose definitions differ from ours",
	prompts.SourceTest: "source-test: labels of the sources, whose definitions differ from ours",
}

func (s *ClassifySet) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n", cmp.Or(headings[s.Name], s.Name))
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	line := func(format string, v ...any) { fmt.Fprintf(table, "  "+format+"\n", v...) }
	c, d, t := &s.Category, &s.Domain, &s.Tier
	line("figure\tclassifier\tconstant\tof")
	if c.N > 0 {
		line("category accuracy\t%.3f\t%.3f (%s)\t%d", c.Accuracy, c.ConstantAccuracy, c.Constant, c.N)
		line("category macro-F1\t%.3f\t%.3f", c.MacroF1, c.ConstantMacroF1)
		line("category ECE\t%.3f", c.ECE)
	}
	if d.N > 0 {
		line("domain accuracy\t%.3f\t%.3f (%s)\t%d", d.Accuracy, d.ConstantAccuracy, d.Constant, d.N)
		line("domain macro-F1\t%.3f\t%.3f", d.MacroF1, d.ConstantMacroF1)
	}
	if t.N > 0 {
		line("tier exact\t%.3f\t%.3f (%s)\t%d", t.Exact, t.ConstantExact, t.Constant, t.N)
		line("tier within one\t%.3f\t%.3f", t.WithinOne, t.ConstantWithinOne)
		line("tier rank correlation\t%.3f\t0", t.Spearman)
		line("tier kappa, quadratic\t%.3f\t0", t.Kappa)
		line("COMPLEX at STANDARD or above\t%.3f\t%.3f", t.ComplexHigh, t.ConstantComplexHigh)
		line("NANO at SIMPLE or below\t%.3f\t%.3f", t.NanoLow, t.ConstantNanoLow)
	}
	table.Flush()
	if c.N > 0 {
		writeConfusion(b, label.Categories[:], func(i, j int) int { return c.Confusion[i][j] })
	}
	if t.N > 0 {
		writeConfusion(b, label.Tiers[:], func(i, j int) int { return t.Confusion[i][j] })
	}
}

// writeConfusion prints labels down, answers across, and each label's recall.
func writeConfusion(b *strings.Builder, names []string, count func(i, j int) int) {
	b.WriteString("\n  label \\ answer")
	table := tabwriter.NewWriter(b, 0, 0, 1, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\t")
	for _, name := range names {
		fmt.Fprintf(table, "%.5s\t", name)
	}
	fmt.Fprint(table, "right\t\n")
	for i, name := range names {
		fmt.Fprintf(table, "  %s\t", name)
		sum := 0
		for j := range names {
			fmt.Fprintf(table, "%d\t", count(i, j))
			sum += count(i, j)
		}
		fmt.Fprintf(table, "%.2f\t\n", share(count(i, i), float64(sum)))
	}
	table.Flush()
}

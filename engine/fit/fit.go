// Package fit derives what a catalog states of models from scored answers: expected quality and completion tokens by label,
// and how difficulty moves them. docs/abilities.md has the formulas.
package fit

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// Row is a request with the scores of answers to it.
type Row struct {
	// P is the probability of each label, sum 1: of the classifier, or 1 for the label that is known.
	P []float32
	// Domain is the probability of each domain, sum 1; nil = domains are not fitted.
	Domain []float32
	// Difficulty is the classifier's, 0..1, and Estimate its completion tokens for an average model; 0 = it does not say.
	Difficulty, Estimate float64
	// Scores (0..1) and Tokens (completion tokens, reasoning included) are by model; NaN = unknown.
	Scores, Tokens []float64
}

// Options are what is fitted. Zero fields take the default.
type Options struct {
	Models []string // catalog ids
	// Head is the classifier's own head whose labels these are; "" = the categories.
	Head   string
	Labels []string
	// Pseudo is how many answers a model's overall mean counts for within a label; 5. A single answer moves little.
	Pseudo float64
	// Prior is what is believed of a model before any answer is seen, 0..1 at difficulty Reference, and counts for PriorWeight
	// answers overall; nil or NaN = the mean of all models.
	Prior       func(model string) float64
	PriorWeight float64 // 5
	// Reference is the difficulty at which the catalog states abilities, and Slope what it says that a unit costs; the fitted
	// slope starts from it.
	Reference, Slope float64 // those of package catalog
}

// Fit is what came out.
type Fit struct {
	Options
	Rows    int
	Answers []int     // by model
	Overall []float64 // by model
	// Ability and Tokens are by model, then label; Tokens[m] is nil where too few are known.
	Ability, Tokens [][]float64
	// Mean is the rows' difficulty, Difficulty that of each label, and Fitted how many logits a unit beyond it costs.
	Mean, Fitted float64
	Difficulty   []float64
	// Domain is what a domain adds to a model's logits, by model, then domain of package label; nil = not fitted.
	Domain [][]float64
	// Verbosity is a model's completion tokens for each that the classifier estimates; 0 = too few are known.
	Verbosity []float64
	// LogLoss is the mean logarithmic loss of the answers under the fit, Before that of each model's mean alone.
	LogLoss, Before float64
}

// Abilities fits rows. An error says what is missing.
func Abilities(rows []Row, o Options) (*Fit, error) {
	if o.Pseudo <= 0 {
		o.Pseudo = 5
	}
	if o.PriorWeight <= 0 {
		o.PriorWeight = 5
	}
	if o.Reference <= 0 {
		o.Reference = catalog.ReferenceDifficulty
	}
	if o.Slope <= 0 {
		o.Slope = catalog.DifficultySlope
	}
	if len(o.Models) == 0 || len(o.Labels) == 0 {
		return nil, fmt.Errorf("fit: %d models and %d labels: at least one of each is needed", len(o.Models), len(o.Labels))
	}
	f := &Fit{Options: o, Rows: len(rows)}
	for i := range rows {
		if r := &rows[i]; len(r.P) != len(o.Labels) || len(r.Scores) != len(o.Models) {
			return nil, fmt.Errorf("fit: row %d has %d probabilities and %d scores, must have %d and %d", i+1, len(r.P), len(r.Scores), len(o.Labels), len(o.Models))
		}
	}
	f.difficulties(rows)
	f.overall(rows)
	for m := range o.Models {
		f.Ability = append(f.Ability, f.byLabel(rows, f.Overall[m], func(r *Row) float64 { return r.Scores[m] }))
		f.Tokens = append(f.Tokens, f.tokens(rows, m))
	}
	f.slope(rows)
	for m := range o.Models {
		f.Verbosity = append(f.Verbosity, verbosity(rows, m))
	}
	if o.Head == "" && len(rows) > 0 && rows[0].Domain != nil {
		f.domains(rows)
	}
	return f, nil
}

// difficulties are means by label.
func (f *Fit) difficulties(rows []Row) {
	f.Difficulty = make([]float64, len(f.Labels))
	weight := make([]float64, len(f.Labels))
	for i := range rows {
		f.Mean += rows[i].Difficulty / float64(len(rows))
		for l, p := range rows[i].P {
			f.Difficulty[l] += float64(p) * rows[i].Difficulty
			weight[l] += float64(p)
		}
	}
	for l := range f.Difficulty {
		f.Difficulty[l] = (f.Difficulty[l] + f.Pseudo*f.Mean) / (weight[l] + f.Pseudo)
	}
}

// overall are the models' means, shrunk to what was believed of them.
func (f *Fit) overall(rows []Row) {
	sum, all, n := make([]float64, len(f.Models)), 0., 0.
	f.Answers = make([]int, len(f.Models))
	for i := range rows {
		for m, s := range rows[i].Scores {
			if !math.IsNaN(s) {
				sum[m] += s
				f.Answers[m]++
				all, n = all+s, n+1
			}
		}
	}
	for m := range f.Models {
		prior := all / max(n, 1)
		if f.Prior != nil {
			if p := f.Prior(f.Models[m]); p > 0 && !math.IsNaN(p) {
				prior = f.moved(p, f.Slope, f.Mean-f.Reference)
			}
		}
		f.Overall = append(f.Overall, (sum[m]+f.PriorWeight*prior)/(float64(f.Answers[m])+f.PriorWeight))
	}
}

// byLabel are the means of a figure by label, shrunk to the overall one. A row counts for each label as much as the label is
// probable.
func (f *Fit) byLabel(rows []Row, overall float64, figure func(*Row) float64) []float64 {
	out, weight := make([]float64, len(f.Labels)), make([]float64, len(f.Labels))
	for i := range rows {
		v := figure(&rows[i])
		if math.IsNaN(v) {
			continue
		}
		for l, p := range rows[i].P {
			out[l] += float64(p) * v
			weight[l] += float64(p)
		}
	}
	for l := range out {
		out[l] = (out[l] + f.Pseudo*overall) / (weight[l] + f.Pseudo)
	}
	return out
}

// leastTokens is how many answers must have told their tokens for a model's lengths to be stated.
const leastTokens = 20

func (f *Fit) tokens(rows []Row, m int) []float64 {
	sum, n := 0., 0.
	of := func(r *Row) float64 {
		if m >= len(r.Tokens) || r.Tokens[m] <= 0 {
			return math.NaN()
		}
		return r.Tokens[m]
	}
	for i := range rows {
		if t := of(&rows[i]); !math.IsNaN(t) {
			sum, n = sum+t, n+1
		}
	}
	if n < leastTokens {
		return nil
	}
	return f.byLabel(rows, sum/n, of)
}

// verbosity is the ratio of the tokens told to those estimated.
func verbosity(rows []Row, m int) float64 {
	told, estimated, n := 0., 0., 0
	for i := range rows {
		if r := &rows[i]; m < len(r.Tokens) && r.Tokens[m] > 0 && r.Estimate > 0 {
			told, estimated, n = told+r.Tokens[m], estimated+r.Estimate, n+1
		}
	}
	if n < leastTokens {
		return 0
	}
	return told / estimated
}

// domains are by how much the answers in a domain differ, in logits, from what category and difficulty let expect, shrunk
// like everything else.
func (f *Fit) domains(rows []Row) {
	var all [][]float64
	for m := range f.Models {
		score, expected, weight := make([]float64, len(rows[0].Domain)), make([]float64, len(rows[0].Domain)), make([]float64, len(rows[0].Domain))
		for i := range rows {
			s := rows[i].Scores[m]
			if math.IsNaN(s) {
				continue
			}
			q := f.Expected(&rows[i], m)
			for d, p := range rows[i].Domain {
				score[d] += float64(p) * s
				expected[d] += float64(p) * q
				weight[d] += float64(p)
			}
		}
		shift := make([]float64, len(weight))
		for d, w := range weight {
			if w > 0 {
				mean := expected[d] / w
				shift[d] = logit((score[d]+f.Pseudo*mean)/(w+f.Pseudo)) - logit(mean)
			}
		}
		all = append(all, shift)
	}
	f.Domain = all
}

// Expected is a model's quality on a row under the fit.
func (f *Fit) Expected(r *Row, m int) float64 {
	mix, usual := 0., 0.
	for l, p := range r.P {
		mix += float64(p) * f.Ability[m][l]
		usual += float64(p) * f.Difficulty[l]
	}
	if f.Head == "" { // a catalog states one difficulty for all categories
		usual = f.Mean
	}
	x := logit(mix) - f.Fitted*(r.Difficulty-usual)
	if f.Domain != nil {
		for d, p := range r.Domain {
			x += float64(p) * f.Domain[m][d]
		}
	}
	return sigmoid(x)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func logit(p float64) float64 {
	p = min(max(p, .01), .99)
	return math.Log(p / (1 - p))
}

// slopeDoubt is by how much, in logits a unit, the slope that a catalog states may be wrong.
const slopeDoubt = 2

// moved is a probability at another difficulty.
func (f *Fit) moved(p, slope, by float64) float64 { return sigmoid(logit(p) - slope*by) }

// slope finds the slope with the least loss, by golden section: the loss is convex in it.
func (f *Fit) slope(rows []Row) {
	const ratio, steps, most = 0.6180339887498949, 40, 20.
	answers := 0.
	loss := func(slope float64) float64 {
		f.Fitted = slope
		sum, n := 0., 0.
		for i := range rows {
			r := &rows[i]
			for m, s := range r.Scores {
				if !math.IsNaN(s) {
					q := min(max(f.Expected(r, m), 1e-6), 1-1e-6)
					sum -= s*math.Log(q) + (1-s)*math.Log(1-q)
					n++
				}
			}
		}
		answers = n
		return sum / max(n, 1)
	}
	// What the catalog says counts like the answers that would tell the slope to within slopeDoubt.
	doubted := func(slope float64) float64 {
		l, by := loss(slope), (slope-f.Options.Slope)/slopeDoubt
		return l + by*by/2/max(answers, 1)
	}
	from, to := 0., most
	a, b := to-ratio*(to-from), from+ratio*(to-from)
	la, lb := doubted(a), doubted(b)
	for range steps {
		if la <= lb {
			to, b, lb = b, a, la
			a = to - ratio*(to-from)
			la = doubted(a)
		} else {
			from, a, la = a, b, lb
			b = from + ratio*(to-from)
			lb = doubted(b)
		}
	}
	f.LogLoss, f.Before = loss((from+to)/2), f.before(rows)
	f.Fitted = math.Round((from+to)/2*1000) / 1000
}

// before is the loss of each model's overall mean.
func (f *Fit) before(rows []Row) float64 {
	sum, n := 0., 0.
	for i := range rows {
		for m, s := range rows[i].Scores {
			if !math.IsNaN(s) {
				q := min(max(f.Overall[m], 1e-6), 1-1e-6)
				sum -= s*math.Log(q) + (1-s)*math.Log(1-q)
				n++
			}
		}
	}
	return sum / max(n, 1)
}

// YAML is the fit as a catalog file over the one that has the models.
func (f *Fit) YAML() []byte {
	var b bytes.Buffer
	key := func(l string) string {
		if f.Head == "" {
			return l
		}
		return strconv.Quote(f.Head + "." + l)
	}
	fmt.Fprintf(&b, "# Fitted from %d requests.\ndifficulty:\n  slope: %s\n", f.Rows, figure(f.Fitted))
	if f.Head != "" {
		for l, name := range f.Labels {
			fmt.Fprintf(&b, "  %s: %s\n", key(name), figure(f.Difficulty[l]))
		}
	}
	b.WriteString("models:\n")
	order := make([]int, len(f.Models))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return bytes.Compare([]byte(f.Models[x]), []byte(f.Models[y])) })
	for _, m := range order {
		if f.Answers[m] == 0 {
			continue
		}
		// Overall and by category abilities are stated at the catalog's difficulty, those of labels at the label's own.
		stated := func(p float64) string { return figure(f.moved(p, f.Fitted, f.Reference-f.Mean)) }
		fmt.Fprintf(&b, "  %s: # %d answers\n    ability:\n      overall: %s\n", strconv.Quote(f.Models[m]), f.Answers[m], stated(f.Overall[m]))
		for l, name := range f.Labels {
			ability := figure(f.Ability[m][l])
			if f.Head == "" {
				ability = stated(f.Ability[m][l])
			}
			fmt.Fprintf(&b, "      %s: %s\n", key(name), ability)
		}
		if f.Domain != nil {
			for d, name := range label.Domains {
				fmt.Fprintf(&b, "      domain.%s: %s\n", name, figure(sigmoid(logit(f.moved(f.Overall[m], f.Fitted, f.Reference-f.Mean))+f.Domain[m][d])))
			}
		}
		if f.Verbosity[m] > 0 {
			fmt.Fprintf(&b, "    verbosity: %s\n", figure(f.Verbosity[m]))
		}
		if f.Tokens[m] != nil && f.Head != "" {
			b.WriteString("    completion_tokens:\n")
			for l, name := range f.Labels {
				fmt.Fprintf(&b, "      %s: %s\n", key(name), strconv.FormatFloat(math.Round(f.Tokens[m][l]), 'f', -1, 64))
			}
		}
	}
	return b.Bytes()
}

func figure(v float64) string { return strconv.FormatFloat(math.Round(v*10000)/10000, 'f', -1, 64) }

package prompts

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// Chosen is a prompt whose label would help, and what a classifier says of it so far.
type Chosen struct {
	chat.Prompt
	Result classifiers.Result
	// Unsure is 1 where the classifier does not know at all, 0 where it is certain.
	Unsure float64
	vector []float32
}

const (
	// candidates are how many of the least certain prompts are compared with one another.
	candidates = 4000
	dimensions = 256
)

// Unlabelled reads prompts as JSON lines, or a ledger's whole records, without those that have a category or that skip knows, and
// asks the classifier about each. Lines without text are left out.
func Unlabelled(r io.Reader, m *classifiers.Module, as Convert, skip func(*chat.Prompt) bool) ([]Chosen, error) {
	var out []Chosen
	seen := map[string]bool{}
	var body []byte
	var in classifiers.Input
	var features []classifiers.Feature
	err := lines(r, func(line []byte) error {
		var row recorded
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		labelled := row.Category != nil && row.Score == nil && row.Request == ""
		row.settle()
		if labelled || row.Text == "" && len(row.Messages) == 0 || skip(&row.Row.Prompt) {
			return nil
		}
		body = row.AppendBody(body[:0])
		if seen[string(body)] {
			return nil
		}
		seen[string(body)] = true
		request, err := chat.Read(body)
		if err != nil {
			return fmt.Errorf("prompt %q: %w", row.ID, err)
		}
		defer request.Release()
		as(request, &in)
		c := Chosen{Prompt: row.Row.Prompt}
		if err := m.Classify(&in, &c.Result); err != nil {
			return err
		}
		c.Unsure = unsure(&c.Result)
		if features, err = m.Features(&in, features[:0]); err != nil && !errors.Is(err, classifiers.ErrNoFeatures) {
			return err
		}
		c.vector = vectorOf(features, &c.Result)
		out = append(out, c)
		return nil
	})
	return out, err
}

// Choose picks n prompts, one after the other: each time the one that the classifier is least sure of and that is least like
// those picked before, so that fifty labels are not fifty times the same.
func Choose(list []Chosen, n int) []Chosen {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b Chosen) int { return cmp.Compare(b.Unsure, a.Unsure) })
	list = list[:min(len(list), candidates)]
	like := make([]float64, len(list)) // to the most similar one that was picked
	picked := make([]bool, len(list))
	var out []Chosen
	for range min(n, len(list)) {
		best, most := -1, -1.0
		for i := range list {
			if worth := (0.1 + list[i].Unsure) * (1.05 - like[i]); !picked[i] && worth > most {
				best, most = i, worth
			}
		}
		picked[best] = true
		out = append(out, list[best])
		for i := range list {
			sum := 0.0
			for k, v := range list[best].vector {
				sum += float64(v) * float64(list[i].vector[k])
			}
			like[i] = max(like[i], min(sum, 1))
		}
	}
	return out
}

// unsure is the mean of how undecided the category is and of how near difficulty lies to the next tier's threshold.
func unsure(r *classifiers.Result) float64 {
	first, second := 0.0, 0.0
	for _, p := range r.Category {
		switch p := float64(p); {
		case p > first:
			first, second = p, first
		case p > second:
			second = p
		}
	}
	near := 1.0
	for _, t := range [...]float64{0.05, 0.2, 0.45, 0.7} {
		near = min(near, math.Abs(float64(r.Difficulty)-t))
	}
	return 0.8*(1-(first-second)) + 0.2*max(0, 1-near/0.1)
}

// vectorOf is a sketch of a prompt's terms, of length 1; without terms, the categories.
func vectorOf(features []classifiers.Feature, r *classifiers.Result) []float32 {
	v := make([]float32, dimensions)
	for _, f := range features {
		h := f.ID * 0x9E3779B1
		sign := float32(1)
		if h>>8&1 == 1 {
			sign = -1
		}
		v[h>>24] += sign
	}
	if len(features) == 0 {
		copy(v[:label.NumCategories], r.Category[:])
	}
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum > 0 {
		for i := range v {
			v[i] /= float32(math.Sqrt(sum))
		}
	}
	return v
}

package prompts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/routor/routor/bench/outcomes"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine/label"
)

// What recorded traffic with feedback teaches, and how much it counts beside a label that was read by hand: nobody has said
// what the prompt is, only that the answer was liked.
const (
	ledgerWeight = 0.5
	liked        = 0.75 // a score from which category and tier count as confirmed
	disliked     = 0.25 // a score up to which the tier counts as one too low
)

// recorded is a line of a ledger's export: flat, or a whole record.
type recorded struct {
	Row
	Request string   `json:"request_id"`
	Score   *float64 `json:"score"` // feedback, 0..1
	Prompt  struct {
		Text    string `json:"text"`
		System  string `json:"system"`
		Context string `json:"context"`
	} `json:"prompt"`
	Feedback *struct {
		Score *float64 `json:"score"`
	} `json:"feedback"`
	Decision struct {
		Tier     string `json:"tier"`
		Category string `json:"category"`
	} `json:"decision"`
}

// settle takes what a whole record says to where a flat one has it.
func (r *recorded) settle() {
	if r.ID == "" {
		r.ID = r.Request
	}
	if r.Text == "" {
		r.Text, r.System = r.Prompt.Text, r.Prompt.System
	}
	if r.Score == nil && r.Feedback != nil {
		r.Score = r.Feedback.Score
	}
	if r.Tier == nil && r.Decision.Tier != "" {
		r.Tier = &r.Decision.Tier
	}
	if r.Category == nil && r.Decision.Category != "" {
		r.Category = &r.Decision.Category
	}
}

// Ledger reads recorded traffic: JSON lines of `routor decision export --full`, or of {"text", "system"?, "messages"?, "category",
// "tier", "score"} with feedback as score 0..1. A liked answer confirms category and tier; a disliked one says that the tier was
// one too low. Lines without text or feedback teach nothing; skipped says how many there were.
func Ledger(r io.Reader, as Convert) (out []train.Example, skipped int, err error) {
	err = lines(r, func(line []byte) error {
		var row recorded
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		row.settle()
		if row.Text == "" && len(row.Messages) == 0 || row.Score == nil || row.Tier == nil {
			skipped++
			return nil
		}
		if s := *row.Score; !(s >= 0 && s <= 1) {
			return fmt.Errorf("score is %v, must be 0 to 1", s)
		}
		row.Split, row.Source = Train, "ledger"
		e, err := row.Row.Example(as)
		if err != nil {
			return err
		}
		e.Weight = ledgerWeight
		switch s := *row.Score; {
		case s >= liked:
		case s <= disliked:
			tier := min(float32(*e.Tier)+1, label.NumTiers-1)
			e.Category, e.Domain, e.Tier, e.SoftTier = nil, nil, nil, &tier
		default:
			skipped++
			return nil
		}
		out = append(out, e)
		return nil
	})
	return out, skipped, err
}

// outcomeShares are how many prompts of each tier there are among hand-labelled ones; scored answers say which of two
// prompts is harder, not where on the scale they lie.
var outcomeShares = [label.NumTiers]float64{0.03, 0.32, 0.42, 0.18, 0.05}

// Outcomes reads scored answers of several models, as outcomes.Answers has them, for what they say of difficulty and length. A
// prompt is the harder, the more often models were wrong on it that are right elsewhere; its place among the others gives its
// tier, as a teacher's. Prompts that fewer than two models have answered say nothing of difficulty.
func Outcomes(r io.Reader, as Convert) ([]train.Example, error) {
	list, err := outcomes.Answers(r, "")
	if err != nil {
		return nil, err
	}
	sum, n := map[string]float64{}, map[string]float64{}
	models := outcomes.ModelsOf(list)
	for _, a := range list {
		for m, score := range a.Scores {
			sum[m] += score
			n[m]++
		}
	}
	var out []train.Example
	var residuals []float64
	var known []int
	for i := range list {
		a := &list[i]
		row := Row{Prompt: a.Prompt, Split: Train, Source: "outcomes", Tokens: meanTokens(a.Tokens)}
		e, err := row.Example(as)
		if err != nil {
			return nil, err
		}
		wrong, answers := 0.0, 0.0
		for _, m := range models {
			if score, ok := a.Scores[m]; ok {
				wrong += sum[m]/n[m] - score
				answers++
			}
		}
		if answers > 1 {
			residuals, known = append(residuals, wrong/answers), append(known, len(out))
		}
		out = append(out, e)
	}
	if len(out) == 0 {
		return nil, errors.New("no scored answers")
	}
	sorted := slices.Sorted(slices.Values(residuals))
	for i, v := range residuals {
		low, _ := slices.BinarySearch(sorted, v)
		high, _ := slices.BinarySearchFunc(sorted, v, func(a, b float64) int {
			if a <= b {
				return -1
			}
			return 1
		})
		tier := tierAt((float64(low+high) / 2) / float64(len(sorted)))
		out[known[i]].SoftTier = &tier
	}
	return out, nil
}

// tierAt is the tier, 0 to 4, at a quantile of the prompts' difficulty; within a tier's share it goes from the middle to the one before to
// the middle to the one behind.
func tierAt(quantile float64) float32 {
	below := 0.0
	for t, share := range outcomeShares {
		if quantile < below+share || t == label.NumTiers-1 {
			return min(max(float32(t)-0.5+float32((quantile-below)/share), 0), label.NumTiers-1)
		}
		below += share
	}
	return label.NumTiers - 1
}

func meanTokens(byModel map[string]float64) float64 {
	if len(byModel) == 0 {
		return 0
	}
	var all []float64
	for _, t := range byModel {
		if t > 1 && !math.IsInf(t, 0) {
			all = append(all, t)
		}
	}
	slices.Sort(all) // a sum does not depend on a map's order
	sum := 0.0
	for _, t := range all {
		sum += t / float64(len(all))
	}
	return sum
}

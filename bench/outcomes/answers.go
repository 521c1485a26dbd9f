package outcomes

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/routor/routor/engine/chat"
)

// Answered is a prompt with scored answers of one's own.
type Answered struct {
	chat.Prompt
	Label  string             // of the head that abilities are fitted by; "" = what the classifier says
	Scores map[string]float64 // by model, 0..1
	Tokens map[string]float64 // completion tokens by model, where known
}

// answerLine is one line: a prompt as everywhere, with one scored answer or several.
type answerLine struct {
	chat.Prompt
	Model  string             `json:"model"`
	Score  *float64           `json:"score"`
	Tokens float64            `json:"completion_tokens"`
	Scores map[string]float64 `json:"scores"`
	Many   map[string]float64 `json:"tokens"`
}

// Answers reads scored answers as JSON lines: a prompt's fields with {"model", "score", "completion_tokens"?}, one answer a line,
// or with {"scores": {model: score}, "tokens"?: {model: n}}. Lines with the same id, or without one the same prompt, are one
// prompt. head names the column that holds a prompt's label; "" = none does. Errors name the line.
func Answers(r io.Reader, head string) ([]Answered, error) {
	var out []Answered
	at := map[string]int{}
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20)
	for n := 1; s.Scan(); n++ {
		line := bytes.TrimSpace(s.Bytes())
		if len(line) == 0 {
			continue
		}
		a, err := answered(line, head)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		key := a.ID
		if key == "" {
			key = "\x00" + string(a.AppendBody(nil))
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, Answered{Prompt: a.Prompt, Label: a.Label, Scores: map[string]float64{}, Tokens: map[string]float64{}})
		}
		for m, score := range a.Scores {
			out[i].Scores[m] = score
		}
		for m, t := range a.Tokens {
			out[i].Tokens[m] = t
		}
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return out, nil
}

func answered(line []byte, head string) (Answered, error) {
	var l answerLine
	if err := json.Unmarshal(line, &l); err != nil {
		return Answered{}, err
	}
	a := Answered{Prompt: l.Prompt, Scores: l.Scores, Tokens: l.Many}
	if l.Model != "" && l.Score != nil {
		a.Scores, a.Tokens = map[string]float64{l.Model: *l.Score}, map[string]float64{l.Model: l.Tokens}
	}
	switch {
	case len(a.Scores) == 0:
		return a, errors.New(`no score: give "model" and "score", or "scores" by model`)
	case a.Text == "" && len(a.Messages) == 0:
		return a, errors.New(`no prompt: give "text" or "messages"`)
	}
	for m, v := range a.Scores {
		if v < 0 || v > 1 || math.IsNaN(v) {
			return a, fmt.Errorf("the score of %q is %v, must be 0 to 1", m, v)
		}
	}
	if head == "" {
		return a, nil
	}
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(line, &columns); err != nil {
		return a, err
	}
	if raw := columns[head]; raw != nil {
		if err := json.Unmarshal(raw, &a.Label); err != nil {
			return a, fmt.Errorf("%s: must be a label as a string", head)
		}
	}
	return a, nil
}

// ModelsOf are the models that were scored, by name.
func ModelsOf(list []Answered) []string {
	var out []string
	seen := map[string]bool{}
	for i := range list {
		for m := range list[i].Scores {
			if !seen[m] {
				seen[m] = true
				out = append(out, m)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Package outcomes is what is known of how well models answer: public benchmark prompts with the scores of many models, the
// pools that are made of them, and the measures by which a router is judged on a pool.
package outcomes

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// The files of the folder that are read.
const (
	filePrompts = "outcome_prompts.jsonl.gz"
	fileScores  = "outcomes.csv.gz"
	fileModels  = "models.json"
)

// Prompt is a benchmark's prompt.
type Prompt struct {
	ID        string  `json:"id"`
	Benchmark string  `json:"benchmark"`
	Text      string  `json:"text"`
	Subset    string  `json:"subset"`
	Domain    string  `json:"domain"`
	Group     string  `json:"group"`
	Split     string  `json:"split"` // train, dev, test
	Tokens    float64 `json:"tok_in"`
	// Tools are those that the prompt offers, or how many.
	Tools        chat.Tools `json:"tools"`
	Contaminated bool       `json:"contaminated"`
}

// Task is what a prompt's benchmark calls its kind: subset, else domain, else the benchmark itself.
func (p *Prompt) Task() string {
	switch {
	case p.Subset != "":
		return p.Subset
	case p.Domain != "":
		return p.Domain
	}
	return p.Benchmark
}

// Model is a model that was scored. Prices are USD per million tokens.
type Model struct {
	Name     string
	In, Out  float64
	Priced   bool
	Outcomes map[string]int // prompts scored, by benchmark
}

// Outcome is how a model did on a prompt.
type Outcome struct {
	Score  float32 // 0..1
	Tokens float32 // completion tokens; 0 = unknown
	Known  bool
}

// Data is the whole folder.
type Data struct {
	Prompts []Prompt
	Models  []Model // by name
	Scores  map[string][]Outcome
	at      map[string]int // prompt by id
}

// Load reads a folder of outcomes. Errors name the file and the line.
func Load(dir string) (*Data, error) {
	d := &Data{Scores: map[string][]Outcome{}, at: map[string]int{}}
	for _, f := range []struct {
		name string
		read func(io.Reader) error
	}{{fileModels, d.models}, {filePrompts, d.prompts}, {fileScores, d.scores}} {
		if err := open(filepath.Join(dir, f.name), f.read); err != nil {
			return nil, fmt.Errorf("outcomes: %s: %w", f.name, err)
		}
	}
	return d, nil
}

func open(path string, read func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if !strings.HasSuffix(path, ".gz") {
		return read(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	return read(z)
}

func (d *Data) models(r io.Reader) error {
	var all map[string]struct {
		In       *float64       `json:"price_in"`
		Out      *float64       `json:"price_out"`
		Outcomes map[string]int `json:"outcomes"`
	}
	if err := json.NewDecoder(r).Decode(&all); err != nil {
		return err
	}
	for name, m := range all {
		model := Model{Name: name, Outcomes: m.Outcomes, Priced: m.In != nil && m.Out != nil}
		if model.Priced {
			model.In, model.Out = *m.In, *m.Out
		}
		d.Models = append(d.Models, model)
	}
	slices.SortFunc(d.Models, func(a, b Model) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func (d *Data) prompts(r io.Reader) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20)
	for n := 1; s.Scan(); n++ {
		var p Prompt
		if err := json.Unmarshal(s.Bytes(), &p); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		d.at[p.ID] = len(d.Prompts)
		d.Prompts = append(d.Prompts, p)
	}
	return s.Err()
}

// scores reads prompt_id,model,score,tok_out.
func (d *Data) scores(r io.Reader) error {
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		if n == 1 {
			continue
		}
		cells := strings.Split(s.Text(), ",")
		if len(cells) != 4 {
			return fmt.Errorf("line %d: %d cells, must be prompt_id,model,score,tok_out", n, len(cells))
		}
		score, err1 := strconv.ParseFloat(cells[2], 32)
		tokens, err2 := strconv.ParseFloat(cells[3], 32)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		at, ok := d.at[cells[0]]
		if !ok {
			return fmt.Errorf("line %d: prompt %q is not in %s", n, cells[0], filePrompts)
		}
		if d.Scores[cells[1]] == nil {
			d.Scores[cells[1]] = make([]Outcome, len(d.Prompts))
		}
		if tokens <= 1 {
			tokens = 0
		}
		d.Scores[cells[1]][at] = Outcome{Score: float32(score), Tokens: float32(tokens), Known: true}
	}
	return s.Err()
}

// Of is the outcome of a model on the i-th prompt.
func (d *Data) Of(model string, i int) Outcome {
	if s := d.Scores[model]; s != nil {
		return s[i]
	}
	return Outcome{}
}

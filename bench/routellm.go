package bench

import (
	"context"
	"fmt"
	"hash/fnv"

	"github.com/routor/routor/bench/outcomes"
	"github.com/routor/routor/bench/prompts"
	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/train"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
)

// RouteLLMPool is what --pool calls RouteLLM's protocol.
const RouteLLMPool = "RouteLLM"

// needHead is the head that is learned for a duel, by which of both models was right.
const needHead = "need"

// duelFolds is into how many parts a benchmark is cut: each is judged by a head that has learned from the others.
const duelFolds = 5

// RouteLLM judges a head that says whether the strong model of RouteLLM's protocol is needed, learned by train on four fifths
// of a benchmark's questions and asked about the others. from is the module whose other heads it sees.
func RouteLLM(ctx context.Context, d *outcomes.Data, from []byte, progress func(stage string, done, total int)) ([]outcomes.Duel, error) {
	var out []outcomes.Duel
	for _, benchmark := range outcomes.DuelBenchmarks {
		need := map[string]float64{}
		examples, err := duelExamples(d, benchmark)
		if err != nil {
			return nil, err
		}
		if len(examples) == 0 {
			continue
		}
		for fold := range duelFolds {
			stage := fmt.Sprintf("%s %d/%d: ", benchmark, fold+1, duelFolds)
			if err := judgeFold(ctx, examples, fold, from, need, func(s string, done, total int) { progress(stage+s, done, total) }); err != nil {
				return nil, fmt.Errorf("%s: %w", benchmark, err)
			}
		}
		out = append(out, outcomes.Judge(benchmark, d.Contests(benchmark, func(p *outcomes.Prompt) float64 { return need[p.ID] })))
	}
	return out, nil
}

// duelExamples are a benchmark's questions with which model they need.
func duelExamples(d *outcomes.Data, benchmark string) (out []train.Example, err error) {
	d.Contests(benchmark, func(p *outcomes.Prompt) float64 {
		row := prompts.Row{Prompt: chat.Prompt{ID: p.ID, Text: p.Text, Tools: p.Tools}, Group: p.Group, Source: benchmark}
		e, wrong := row.Example(engine.ClassifierInput)
		if wrong != nil && err == nil {
			err = wrong
		}
		e.Own = map[string]string{needHead: "same"}
		out = append(out, e)
		return 0
	})
	for i, c := range d.Contests(benchmark, func(*outcomes.Prompt) float64 { return 0 }) {
		switch {
		case c.Strong > c.Weak:
			out[i].Own[needHead] = "strong"
		case c.Strong < c.Weak:
			out[i].Own[needHead] = "weak"
		}
	}
	return out, err
}

func foldOf(e *train.Example) int {
	h := fnv.New32a()
	h.Write([]byte(e.Group))
	return int(h.Sum32() % duelFolds)
}

// judgeFold learns from all but one fold, and says of that how much each question needs the strong model.
func judgeFold(ctx context.Context, examples []train.Example, fold int, from []byte, need map[string]float64, progress func(string, int, int)) error {
	var learned, asked []train.Example
	for i := range examples {
		e := examples[i]
		if foldOf(&e) == fold {
			asked = append(asked, e)
			continue
		}
		e.Split = prompts.Train
		learned = append(learned, e)
	}
	module, _, err := train.Train(ctx, learned, train.Options{Name: "duel", Init: from, Progress: progress})
	if err != nil {
		return err
	}
	m, err := classifiers.Load(ctx, module, classifiers.Options{Instances: 1})
	if err != nil {
		return err
	}
	defer m.Close()
	var r classifiers.Result
	for i := range asked {
		if err := m.Classify(&asked[i].Input, &r); err != nil {
			return fmt.Errorf("prompt %s: %w", asked[i].ID, err)
		}
		for _, h := range r.Heads {
			if h.Name != needHead {
				continue
			}
			score := 0.
			for k, l := range h.Labels {
				switch l {
				case "strong":
					score += float64(h.P[k])
				case "weak":
					score -= float64(h.P[k])
				}
			}
			need[asked[i].ID] = score
		}
	}
	return nil
}

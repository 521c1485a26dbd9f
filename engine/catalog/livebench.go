package catalog

import (
	_ "embed"
	"encoding/csv"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/routor/routor/engine/label"
)

// One release of LiveBench for every model: figures of two releases do not compare. This one has four times the rows of
// the other.
const liveBenchRelease = "2026-01-08"

//go:embed data/livebench-2026-01-08.csv
var liveBenchCSV string

// gauge is a group of LiveBench tasks, and what it says about our categories: its weight among the figures of each.
type gauge struct {
	name    string
	tasks   []string
	overall float64 // weight in a model's overall rank
	weights map[label.Category]float64
}

// The first seven gauges are LiveBench's own categories, which make the overall rank; agentic coding counts half there,
// being some fifty tasks a model. The last four are the parts that are nearest to a category of ours.
var gauges = []gauge{
	{"coding", []string{"code_generation", "code_completion"}, 1, map[label.Category]float64{label.Coding: 1}},
	{"agentic coding", []string{"javascript", "typescript", "python"}, 0.5, map[label.Category]float64{label.Coding: 0.5, label.ToolUse: 0.5}},
	{"mathematics", []string{"AMPS_Hard", "integrals_with_game", "math_comp", "olympiad"}, 1, map[label.Category]float64{label.Math: 2}},
	{"reasoning", []string{"theory_of_mind", "zebra_puzzle", "spatial", "logic_with_navigation"}, 1, map[label.Category]float64{label.Reasoning: 2}},
	{"data analysis", []string{"consecutive_events", "tablejoin", "tablereformat"}, 1, map[label.Category]float64{label.DataAnalysis: 1}},
	{"language", []string{"connections", "plot_unscrambling", "typos"}, 1, nil},
	{"instruction following", []string{"paraphrase", "simplify", "story_generation", "summarize"}, 1, nil},

	{"tables", []string{"tablejoin", "tablereformat"}, 0, map[label.Category]float64{label.ExtractClassify: 1}},
	{"rewriting", []string{"paraphrase", "simplify", "typos"}, 0, map[label.Category]float64{label.Rewrite: 1}},
	{"summarizing", []string{"summarize"}, 0, map[label.Category]float64{label.Summarization: 0.5}},
	{"story writing", []string{"story_generation"}, 0, map[label.Category]float64{label.Writing: 0.5}},
}

// failedRuns are scores that are no measurement: row → task.
var failedRuns = map[string]string{
	"gpt-5.5-medium": "olympiad", // 0.0, where the same model has 92 at high effort
}

// table is LiveBench on one scale.
type table struct {
	rows map[string]*standing
}

// liveBench is the table of the release, read once.
var liveBench = sync.OnceValue(func() *table {
	t, err := readLiveBench(liveBenchCSV)
	if err != nil {
		panic("BUG: catalog: the built-in LiveBench table: " + err.Error())
	}
	return t
})

// readLiveBench reads `model,task,task,…` in percent and puts all gauges on one scale by linear equating: the logits of
// each gauge get the mean and spread that the logits of the rows' averages have.
func readLiveBench(text string) (*table, error) {
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	names, scores := make([]string, 0, len(lines)), make([][]float64, len(gauges))
	var average []float64
	for _, line := range lines[1:] {
		task := map[string]float64{}
		for i, cell := range line[1:] {
			if v, err := strconv.ParseFloat(cell, 64); err == nil && failedRuns[line[0]] != lines[0][i+1] {
				task[lines[0][i+1]] = v
			}
		}
		names = append(names, line[0])
		total, weight := 0.0, 0.0
		for g := range gauges {
			sum, n := 0.0, 0.0
			for _, name := range gauges[g].tasks {
				if v, ok := task[name]; ok {
					sum, n = sum+v, n+1
				}
			}
			mean := sum / n // NaN where the row has none of them
			scores[g] = append(scores[g], logit(mean/100))
			if n > 0 {
				total, weight = total+gauges[g].overall*mean, weight+gauges[g].overall
			}
		}
		average = append(average, logit(total/weight/100))
	}
	centre, spread := moments(average)
	t := &table{rows: make(map[string]*standing, len(names))}
	for g := range gauges {
		m, s := moments(scores[g])
		for r := range scores[g] {
			scores[g][r] = centre + (scores[g][r]-m)/s*spread
		}
	}
	for r, name := range names {
		t.rows[name] = stand(name, scores, r)
	}
	return t, nil
}

// stand is a row's overall rank and where its categories differ from it.
func stand(name string, scores [][]float64, r int) *standing {
	s := &standing{known: true, sources: []string{"LiveBench " + liveBenchRelease + ": " + name}}
	sum, weight := 0.0, 0.0
	for g := range gauges {
		if x := scores[g][r]; !math.IsNaN(x) {
			sum, weight = sum+gauges[g].overall*x, weight+gauges[g].overall
		}
	}
	s.overall = sum / weight
	for g := range gauges {
		for c, w := range gauges[g].weights {
			if x := scores[g][r]; !math.IsNaN(x) {
				s.add(c, x-s.overall, w)
			}
		}
	}
	return s
}

// moments are the mean and standard deviation of the figures that are there.
func moments(x []float64) (mean, sd float64) {
	n := 0.0
	for _, v := range x {
		if !math.IsNaN(v) {
			mean, n = mean+v, n+1
		}
	}
	mean /= n
	for _, v := range x {
		if !math.IsNaN(v) {
			sd += (v - mean) * (v - mean)
		}
	}
	return mean, math.Sqrt(sd / n)
}

// logit of a share, which is kept off 0 and 1.
func logit(p float64) float64 {
	if math.IsNaN(p) {
		return p
	}
	p = min(max(p, 0.01), 0.99)
	return math.Log(p / (1 - p))
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

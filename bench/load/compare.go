package load

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Case is a workload with a plan.
type Case struct {
	Name     string
	Workload Workload
	Plan     Plan
}

// Row is what a target did in a case, over all rounds.
type Row struct {
	Target string    `json:"target"`
	Rounds []*Result `json:"rounds"`
}

// CaseReport is one case with all its targets.
type CaseReport struct {
	Name        string  `json:"name"`
	Connections int     `json:"connections"`
	Rate        float64 `json:"rate,omitempty"`
	Stream      bool    `json:"stream,omitempty"`
	Rows        []Row   `json:"rows"`
}

// Report is a run of several cases.
type Report struct {
	Time    time.Time    `json:"time"`
	Machine string       `json:"machine"`
	Version string       `json:"version"`
	Cases   []CaseReport `json:"cases"`
}

// Compare asks the targets in turn, round after round, so that what the machine does meanwhile happens to all of them. told, if
// not nil, is told of each measurement.
func Compare(ctx context.Context, targets []Target, cases []Case, rounds int, told func(c, target string, round int, r *Result)) (*Report, error) {
	report := &Report{Time: time.Now().UTC()}
	for _, c := range cases {
		cr := CaseReport{Name: c.Name, Connections: c.Plan.Connections, Rate: c.Plan.Rate, Stream: c.Workload.Stream}
		for _, t := range targets {
			cr.Rows = append(cr.Rows, Row{Target: t.Name})
		}
		for round := range rounds {
			for i := range targets {
				k := (i + round) % len(targets) // nobody is always first
				r, err := Measure(ctx, &targets[k], &c.Workload, c.Plan)
				if err != nil {
					return report, err
				}
				cr.Rows[k].Rounds = append(cr.Rows[k].Rounds, r)
				if told != nil {
					told(c.Name, targets[k].Name, round, r)
				}
			}
		}
		report.Cases = append(report.Cases, cr)
	}
	return report, nil
}

// Median is the median of a figure over the rounds, with its least and most.
func (r *Row) Median(figure func(*Result) float64) (median, least, most float64) {
	var all []float64
	for _, one := range r.Rounds {
		all = append(all, figure(one))
	}
	return spread(all)
}

func spread(all []float64) (median, least, most float64) {
	if len(all) == 0 {
		return 0, 0, 0
	}
	slices.SortFunc(all, cmp.Compare[float64])
	median = all[len(all)/2]
	if len(all)%2 == 0 {
		median = (median + all[len(all)/2-1]) / 2
	}
	return median, all[0], all[len(all)-1]
}

// Ratio is the median of the ratios of two targets' figures in the same rounds, with its least and most; 0 = a target is
// missing.
func (c *CaseReport) Ratio(target, to string, figure func(*Result) float64) (median, least, most float64) {
	a, b := c.row(target), c.row(to)
	if a == nil || b == nil {
		return 0, 0, 0
	}
	var all []float64
	for i := range min(len(a.Rounds), len(b.Rounds)) {
		if d := figure(b.Rounds[i]); d != 0 {
			all = append(all, figure(a.Rounds[i])/d)
		}
	}
	return spread(all)
}

// Added is the median of the differences of two targets' figures in the same rounds.
func (c *CaseReport) Added(target, to string, figure func(*Result) float64) float64 {
	a, b := c.row(target), c.row(to)
	if a == nil || b == nil {
		return 0
	}
	var all []float64
	for i := range min(len(a.Rounds), len(b.Rounds)) {
		all = append(all, figure(a.Rounds[i])-figure(b.Rounds[i]))
	}
	m, _, _ := spread(all)
	return m
}

func (c *CaseReport) row(target string) *Row {
	for i := range c.Rows {
		if c.Rows[i].Target == target {
			return &c.Rows[i]
		}
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"

	"github.com/routor/routor/bench/cputime"
)

const (
	// tooSlow is how many times its baseline a ratio may be. Between a change of machine, which moves ratios by a third, and a
	// doubling.
	tooSlow = 1.7
	// tooLarge is the same of bytes.
	tooLarge = 1.25
	// slackBytes an operation come and go with how often pools grow.
	slackBytes = 64
)

// finding is what was found of one benchmark.
type finding struct {
	name             string
	before, now      float64 // processor time by the yardstick's, medians
	allocs, allocsIs float64
	bytes, bytesIs   float64
	slow             bool
	wrong            []string // empty = all is well
	note             string
}

// compare holds what was measured against the baseline.
func compare(before, now *figures) (found []finding) {
	for _, name := range names(before, now) {
		f := finding{name: name}
		was, is := ratios(before.of, name), ratios(now.of, name)
		f.before, f.now = median(was), median(is)
		switch {
		case len(is) == 0:
			f.wrong = append(f.wrong, "it is in the baseline, but is measured no more: run make baselines if that is meant")
		case len(was) == 0:
			f.wrong = append(f.wrong, "it has no baseline: run make baselines")
		default:
			f.slow = f.now > tooSlow*f.before && apart(was, is)
			f.allocations(before.of[name], now.of[name])
		}
		found = append(found, f)
	}
	return found
}

func (f *finding) allocations(was, is map[string][]float64) {
	// What pools had no memory for yet only ever adds: the least of the rounds is what an operation takes.
	f.allocs, f.allocsIs = slices.Min(was["allocs/op"]), slices.Min(is["allocs/op"])
	f.bytes, f.bytesIs = slices.Min(was["B/op"]), slices.Min(is["B/op"])
	more := f.allocsIs - f.allocs
	switch {
	case more > slackAllocs(f.name):
		f.wrong = append(f.wrong, fmt.Sprintf("%.0f allocations, the baseline has %.0f", f.allocsIs, f.allocs))
	case more < -slackAllocs(f.name):
		f.note = "fewer allocations than the baseline: make baselines keeps it so"
	}
	if f.bytesIs > tooLarge*f.bytes+slackBytes {
		f.wrong = append(f.wrong, fmt.Sprintf("%.0f bytes, the baseline has %.0f", f.bytesIs, f.bytes))
	}
}

// slackAllocs is how many allocations may come and go: none, but over sockets goroutines and connections do.
func slackAllocs(name string) float64 {
	if strings.HasPrefix(name, "BareProxy/") || strings.HasPrefix(name, "Routor/") {
		return 1
	}
	return 0
}

// ratios are a benchmark's processor times by those of the yardstick in the same rounds.
func ratios(times map[string]map[string][]float64, name string) (out []float64) {
	by := times[yardstick][cputime.Unit]
	for i, v := range times[name][cputime.Unit] {
		if i < len(by) && by[i] > 0 {
			out = append(out, v/by[i])
		}
	}
	return out
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	return benchmath.AssumeNothing.Summary(sample(v), .95).Center
}

func sample(v []float64) *benchmath.Sample {
	t := benchmath.DefaultThresholds
	return benchmath.NewSample(slices.Clone(v), &t)
}

// apart is whether two sets of ratios differ by more than chance (Mann-Whitney U test).
func apart(a, b []float64) bool {
	c := benchmath.AssumeNothing.Compare(sample(a), sample(b))
	return c.P < c.Alpha
}

func names(a, b *figures) (all []string) {
	for _, m := range []map[string]map[string][]float64{a.of, b.of} {
		for name := range m {
			if name != yardstick && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return all
}

func slower(found []finding) (out []string) {
	for i := range found {
		if found[i].slow {
			out = append(out, found[i].name)
		}
	}
	return out
}

// confirm leaves slow what is slow in both measurements.
func confirm(first, again []finding) []finding {
	for i := range first {
		f := &first[i]
		if !f.slow {
			continue
		}
		f.slow = false
		for _, g := range again {
			if g.name == f.name && g.slow {
				f.wrong = append(f.wrong, fmt.Sprintf("it takes %.1f times the processor time of its baseline, and %.1f times when measured again", f.now/f.before, g.now/g.before))
			}
		}
	}
	return first
}

// report prints the findings; its error counts those that are wrong.
func report(w io.Writer, found []finding) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "benchmark\tby the bare proxy\tbefore\tallocations\tbefore\tbytes\tbefore\t\n")
	wrong := 0
	for _, f := range found {
		fmt.Fprintf(t, "%s\t%.3f\t%.3f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", f.name, f.now, f.before, f.allocsIs, f.allocs, f.bytesIs, f.bytes)
		if len(f.wrong) > 0 {
			wrong++
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range found {
		for _, why := range f.wrong {
			fmt.Fprintf(w, "%s: %s\n", f.name, why)
		}
		if f.note != "" {
			fmt.Fprintf(w, "%s: %s\n", f.name, f.note)
		}
	}
	if wrong > 0 {
		return errors.New(fmt.Sprint(wrong, " of ", len(found), " benchmarks cost more than before (make baselines writes new baselines where that is meant)"))
	}
	fmt.Fprintf(w, "%d benchmarks cost what they did\n", len(found))
	return nil
}

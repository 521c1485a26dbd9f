package main

import (
	"io"
	"strings"
	"testing"

	"github.com/routor/routor/bench/cputime"
)

// measured makes figures of six rounds: factor is how much slower the whole machine is, step what a step takes beside it.
func measured(factor, step, allocs, bytes float64) *figures {
	f := &figures{of: map[string]map[string][]float64{}}
	for _, noise := range []float64{1, 1.3, .9, 1.6, 1.1, 1} {
		for name, v := range map[string]float64{yardstick: 60_000, "Decide/2KB": step} {
			if f.of[name] == nil {
				f.of[name] = map[string][]float64{}
			}
			f.of[name][cputime.Unit] = append(f.of[name][cputime.Unit], v*factor*noise)
		}
	}
	f.of["Decide/2KB"]["allocs/op"], f.of["Decide/2KB"]["B/op"] = []float64{allocs + 1, allocs}, []float64{bytes, bytes + 900}
	return f
}

func TestGuardSeesDoublingsAndAllocationsOnly(t *testing.T) {
	t.Parallel()
	before := measured(1, 30_000, 1, 800)
	for name, c := range map[string]struct {
		now  *figures
		slow bool
		said string
	}{
		"the same":                 {measured(1, 30_000, 1, 800), false, ""},
		"a machine of half speed":  {measured(2.2, 30_000, 1, 800), false, ""},
		"half as much again":       {measured(1, 45_000, 1, 800), false, ""},
		"a doubling":               {measured(1, 60_000, 1, 800), true, ""},
		"one allocation more":      {measured(1, 30_000, 2, 800), false, "2 allocations, the baseline has 1"},
		"one allocation less":      {measured(1, 30_000, 0, 800), false, ""},
		"bytes within a quarter":   {measured(1, 30_000, 1, 990), false, ""},
		"bytes beyond a quarter":   {measured(1, 30_000, 1, 1100), false, "1100 bytes, the baseline has 800"},
		"few bytes, for the pools": {measured(1, 30_000, 1, 60), false, ""},
	} {
		found := compare(before, c.now)
		if len(found) != 1 || found[0].slow != c.slow || strings.Join(found[0].wrong, "") != c.said {
			t.Errorf("%s: %+v", name, found)
		}
		if err := report(io.Discard, found); (err != nil) != (c.said != "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSlowOnceIsNotSlow: only what is slow in a second measurement too fails.
func TestSlowOnceIsNotSlow(t *testing.T) {
	t.Parallel()
	before, slow, well := measured(1, 30_000, 1, 800), measured(1, 60_000, 1, 800), measured(1, 33_000, 1, 800)
	for _, c := range []struct {
		again *figures
		wrong int
	}{{well, 0}, {slow, 1}} {
		if f := confirm(compare(before, slow), compare(before, c.again)); len(f[0].wrong) != c.wrong {
			t.Errorf("%+v", f)
		}
	}
}

// TestWhatIsMissingIsSaid: a benchmark that is gone, or new, must not pass unseen.
func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	a, b := measured(1, 1, 1, 1), measured(1, 1, 1, 1)
	delete(a.of, "Decide/2KB")
	for _, pair := range [][2]*figures{{a, b}, {b, a}} {
		if err := report(io.Discard, compare(pair[0], pair[1])); err == nil {
			t.Error("nothing is wrong")
		}
	}
}

func TestOutputOfBenchmarksIsRead(t *testing.T) {
	t.Parallel()
	all, err := parse("x", []byte("pkg: a\nBenchmarkBareProxy/plain150B-2\t100\t1000 ns/op\t61000 cpu-ns/op\t32 B/op\t0 allocs/op\nPASS\n"))
	if err != nil || all[yardstick][cputime.Unit][0] != 61000 || all[yardstick]["B/op"][0] != 32 {
		t.Errorf("%v %v", all, err)
	}
}

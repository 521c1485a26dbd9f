package outcomes

import (
	"math"
	"os"
	"testing"
)

const folder = "../../../shared/data/prompts"

func load(t *testing.T) *Data {
	t.Helper()
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the routing data is not here: %v", err)
	}
	d, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The figures of the data's own description: if they come out, pools and measures are the right ones.
func TestThePoolsMeasureAsPublished(t *testing.T) {
	t.Parallel()
	d := load(t)
	for i, want := range []struct {
		models, n              int
		cheapest, best, oracle Point
		hull                   float64
	}{
		{12, 751, Point{.042, .770, ""}, Point{2.348, .868, ""}, Point{.154, .956, ""}, .849},
		{25, 410, Point{}, Point{Quality: .949}, Point{}, .863},
		{12, 2442, Point{.008, .428, ""}, Point{.534, .687, ""}, Point{.038, .907, ""}, .652},
		{9, 1185, Point{.020, .562, ""}, Point{.247, .621, ""}, Point{.037, .794, ""}, .592},
	} {
		pool, err := d.Pool(Recipes[i])
		if err != nil {
			t.Fatal(err)
		}
		test := pool.Split("test")
		from, to := test.Range()
		singles := test.Singles()
		hull := AIQ(singles, from, to)
		near := func(what string, got, want float64) { // pool B: .6515, published as .652
			if want != 0 && math.Abs(got-want) > .0006 {
				t.Errorf("pool %s: %s %.4f, want %.3f", pool.Name, what, got, want)
			}
		}
		if len(test.Models) != want.models || len(test.Prompts) != want.n {
			t.Errorf("pool %s: %d models, %d prompts; want %d, %d", pool.Name, len(test.Models), len(test.Prompts), want.models, want.n)
		}
		near("cheapest cost", from, want.cheapest.Cost)
		near("best cost", to, want.best.Cost)
		best := 0.
		for _, p := range singles {
			if p.Cost == from {
				near("cheapest quality", p.Quality, want.cheapest.Quality)
			}
			best = max(best, p.Quality)
		}
		near("best quality", best, want.best.Quality)
		t.Logf("pool %s: hull %.5f, cheapest $%.4f, best %.4f at $%.4f, oracle %.4f at $%.4f", pool.Name, hull, from, best, to, test.Oracle().Quality, test.Oracle().Cost)
		near("oracle cost", test.Oracle().Cost, want.oracle.Cost)
		near("oracle quality", test.Oracle().Quality, want.oracle.Quality)
		near("hull of single models", hull, want.hull)
	}
}

func TestHullAndAIQ(t *testing.T) {
	t.Parallel()
	points := []Point{{Cost: 1, Quality: .4}, {Cost: 2, Quality: .45}, {Cost: 3, Quality: .8}, {Cost: 3, Quality: .2}, {Cost: 4, Quality: .7}}
	hull := Hull(points)
	if len(hull) != 2 || hull[0].Cost != 1 || hull[1].Cost != 3 {
		t.Fatalf("hull %v", hull)
	}
	// From 1 to 3 it rises from .4 to .8, from 3 to 5 it is flat.
	if got, want := AIQ(points, 1, 5), (.6*2+.8*2)/4; math.Abs(got-want) > 1e-12 {
		t.Errorf("AIQ %v, want %v", got, want)
	}
	if got, want := AIQ(points, 0, 4), (0+.6*2+.8)/4; math.Abs(got-want) > 1e-12 {
		t.Errorf("AIQ of a curve that begins late %v, want %v", got, want)
	}
	if got, want := AIQ(points, .97, 3), (.4*.03+.6*2)/2.03; math.Abs(got-want) > 1e-12 {
		t.Errorf("AIQ of a curve that begins within 2 %% %v, want %v", got, want)
	}
	if got := CostOf(hull, .6); math.Abs(got-2) > 1e-12 || !math.IsNaN(CostOf(hull, .9)) || CostOf(hull, .1) != 1 {
		t.Errorf("cost of .6 is %v", got)
	}
}

// Who knows the true tasks, and each model's mean on them, gets what the data's description says.
func TestTrueTasksMeasureAsPublished(t *testing.T) {
	t.Parallel()
	d := load(t)
	for i, want := range []float64{.862, 0, .674, .646} {
		if want == 0 {
			continue
		}
		pool, err := d.Pool(Recipes[i])
		if err != nil {
			t.Fatal(err)
		}
		means := TaskMeans(pool.Split("train"))
		test := pool.Split("test")
		from, to := test.Range()
		curve := test.Sweep(func(i, k int) (float64, float64) {
			q, tokens := means.Mix(means.Truth(test.Prompts[i]))
			return q[k], (test.Prompts[i].Tokens*test.Models[k].In + tokens[k]*test.Models[k].Out) / 1e3
		})
		got := AIQ(curve, from, to)
		t.Logf("pool %s: %.4f", pool.Name, got)
		if math.Abs(got-want) > .004 {
			t.Errorf("pool %s: AIQ with true tasks %.4f, published %.3f", pool.Name, got, want)
		}
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	contests := []Contest{{0, 1, .9}, {1, 1, .1}, {0, 1, .8}, {0, 0, .2}}
	d := Judge("x", contests)
	if d.Weak != .25 || d.Strong != .75 || d.CPT50 != .13 || d.CPT80 != .38 || d.APGR < .7 {
		t.Errorf("%+v", d)
	}
	for i := range contests {
		contests[i].Need = -contests[i].Need
	}
	if worst := Judge("x", contests); worst.APGR > .3 {
		t.Errorf("the worst order: %+v", worst)
	}
}

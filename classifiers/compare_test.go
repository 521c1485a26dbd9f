package bench

import (
	"context"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/label"
)

func builtinModule(t *testing.T) *classifiers.Module {
	t.Helper()
	m, err := classifiers.Load(context.Background(), builtin.Module, classifiers.Options{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestAModuleDoesNotDifferFromItself(t *testing.T) {
	t.Parallel()
	m := builtinModule(t)
	prompts := []Prompted{{"a", classifiers.Input{Text: "hi"}}, {"b", classifiers.Input{Text: "Write a sorting function in Go"}}, {"c", classifiers.Input{}}}
	c := Compare(m, m, prompts, func(d float64) label.Tier { return label.Tier(min(int(d*5), label.NumTiers-1)) }, 20)
	if c.Prompts != 3 || c.SameCategory != 1 || c.SameTier != 1 || c.WithinOne != 1 || c.Lower+c.Higher+c.Difficulty != 0 || len(c.Differences) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestCompareCountsMoves(t *testing.T) {
	t.Parallel()
	c := Comparison{Moves: map[string]int{}}
	for _, d := range []Difference{
		{Category: [2]string{"coding", "math"}, Tier: [2]label.Tier{1, 3}, Difficulty: [2]float32{.1, .6}},
		{Category: [2]string{"coding", "coding"}, Tier: [2]label.Tier{2, 1}, Difficulty: [2]float32{.3, .1}},
		{Category: [2]string{"coding", "coding"}, Tier: [2]label.Tier{2, 2}},
	} {
		c.count(&d)
	}
	if c.SameCategory != 2 || c.Moves["coding → math"] != 1 || c.SameTier != 1 || c.WithinOne != 2 || c.Lower != 1 || c.Higher != 1 {
		t.Errorf("%+v", c)
	}
}

func TestFuelGrowsWithTheText(t *testing.T) {
	t.Parallel()
	speeds, err := Speeds(builtinModule(t), []int{50, 2_000})
	if err != nil {
		t.Fatal(err)
	}
	if speeds[0].Fuel == 0 || speeds[1].Fuel <= speeds[0].Fuel || speeds[1].Share >= 1 || speeds[1].P99 < speeds[1].P50 {
		t.Errorf("%+v", speeds)
	}
}

func TestHeadIsOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "ü\xff": "ü�", "abcdef": "abc…"} {
		if got := head(in, 4); got != want {
			t.Errorf("head(%q) = %q, want %q", in, got, want)
		}
	}
}

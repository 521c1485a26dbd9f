package classifiers_test

import (
	"testing"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/label"
)

func TestAModuleDoesNotDifferFromItself(t *testing.T) {
	t.Parallel()
	m := loadBuiltin(t)
	prompts := []classifiers.Prompted{{"a", classifiers.Input{Text: "hi"}}, {"b", classifiers.Input{Text: "Write a sorting function in Go"}}, {"c", classifiers.Input{}}}
	c := classifiers.Compare(m, m, prompts, func(d float64) label.Tier { return label.Tier(min(int(d*5), label.NumTiers-1)) }, 20)
	if c.Prompts != 3 || c.SameCategory != 1 || c.SameTier != 1 || c.WithinOne != 1 || c.Lower+c.Higher+c.Difficulty != 0 || len(c.Differences) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestFuelGrowsWithTheText(t *testing.T) {
	t.Parallel()
	speeds, err := classifiers.Speeds(loadBuiltin(t), []int{50, 2_000}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if speeds[0].Fuel == 0 || speeds[1].Fuel <= speeds[0].Fuel || speeds[1].Share >= 1 || speeds[1].P99 < speeds[1].P50 {
		t.Errorf("%+v", speeds)
	}
}

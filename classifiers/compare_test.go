package classifiers

import (
	"testing"

	"github.com/routor/routor/engine/label"
)

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

func TestHeadIsOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"": "", "ü\xff": "ü�", "abcdef": "abc…"} {
		if got := head(in, 4); got != want {
			t.Errorf("head(%q) = %q, want %q", in, got, want)
		}
	}
}

package bench

import (
	"math"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
)

func TestStepsOfEverySize(t *testing.T) {
	t.Parallel()
	c := classifiers.New(nil, builtinModule(t))
	for _, body := range [][]byte{asking(1), asking(1000), turns(3)} {
		costs, err := steps(c, 20, 8, body)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range scaleSteps {
			if costs[s] <= 0 {
				t.Errorf("%s took %v µs", s, costs[s])
			}
		}
	}
}

func TestExponent(t *testing.T) {
	t.Parallel()
	c := Curve{Name: "x", Of: "n"}
	for _, n := range []int{1, 10, 100, 1000} {
		c.Points = append(c.Points, CurvePart{n, map[string]float64{"read": float64(n), "classify": float64(n)}})
	}
	c.fit()
	if math.Abs(c.Exponent-1) > 1e-9 {
		t.Errorf("exponent %v of a line", c.Exponent)
	}
	if text := ScaleMarkdown([]Curve{c}); !strings.Contains(text, "| 1000 | 1000.0 | 1000.0 | 0.0 | 2000.0 |") {
		t.Error(text)
	}
}

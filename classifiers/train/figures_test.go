package train

import (
	"math"
	"testing"

	"github.com/routor/routor/engine/label"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestSpearman(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{10, 20, 90}, 1},
		{[]float64{1, 2, 3}, []float64{3, 2, 1}, -1},
		{[]float64{1, 1, 1}, []float64{3, 2, 1}, 0},
		{[]float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 0.9486832980505138}, // ties share ranks
	} {
		if got := Spearman(c.a, c.b); !near(got, c.want) {
			t.Errorf("Spearman(%v, %v) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestCalibration(t *testing.T) {
	t.Parallel()
	got, bins := calibration([]float64{1, 1, 1, 1}, []bool{true, true, true, false})
	if !near(got, 0.25) || len(bins) != 1 || bins[0] != (Reliability{4, 1, 0.75}) {
		t.Errorf("always sure and right in 3 of 4: %v %v, want 0.25", got, bins)
	}
	if got, _ := calibration([]float64{0.5, 0.5}, []bool{true, false}); !near(got, 0) {
		t.Errorf("half sure and right in half: %v, want 0", got)
	}
	if got, bins := calibration(nil, nil); got != 0 || bins != nil {
		t.Errorf("of nothing: %v %v", got, bins)
	}
}

func TestClassFigure(t *testing.T) {
	t.Parallel()
	f := classFigure([]string{"a", "b", "c"}, [][]int{{6, 2, 0}, {1, 1, 0}, {0, 0, 0}})
	// F1 of a is 2·6/(8+7), of b 2·1/(2+3); c does not occur. Always a: F1 2·.8/1.8, of two classes.
	if f.N != 10 || !near(f.Accuracy, 0.7) || !near(f.MacroF1, (12./15+2./5)/2) || f.Constant != "a" ||
		!near(f.ConstantAccuracy, 0.8) || !near(f.ConstantMacroF1, 1.6/1.8/2) {
		t.Errorf("%+v", f)
	}
}

func TestTokensFigure(t *testing.T) {
	t.Parallel()
	f := tokensFigure([]float64{10, 40, 90}, []float64{20, 40, 45})
	if f.N != 3 || !near(f.Spearman, 1) || !near(f.Factor, 2) || !near(f.ConstantFactor, 1.125) {
		t.Errorf("%+v", f)
	}
}

func TestTierFigure(t *testing.T) {
	t.Parallel()
	var perfect, constant TierFigure
	for i := range label.NumTiers {
		perfect.Confusion[i][i] = 10
		constant.Confusion[i][label.Light] = 10
	}
	perfect.fill()
	constant.fill()
	if !near(perfect.Kappa, 1) || !near(perfect.Exact, 1) || !near(perfect.ComplexHigh, 1) || !near(perfect.NanoLow, 1) {
		t.Errorf("perfect: %+v", perfect)
	}
	if !near(constant.Kappa, 0) || !near(constant.Exact, 0.2) || !near(constant.WithinOne, 0.6) || constant.ComplexHigh != 0 || constant.NanoLow != 0 {
		t.Errorf("constant: %+v", constant)
	}
	var none TierFigure
	none.fill()
	if none != (TierFigure{}) {
		t.Errorf("of nothing: %+v", none)
	}
}

func TestTierOf(t *testing.T) {
	t.Parallel()
	for difficulty, want := range map[float64]label.Tier{
		0: label.Nano, 0.05: label.Nano, 0.06: label.Simple, 0.2: label.Simple, 0.3: label.Light, 0.7: label.Standard, 0.71: label.Complex, 1: label.Complex,
	} {
		if got := TierOf(difficulty); got != want {
			t.Errorf("difficulty %v is %v, want %v", difficulty, got, want)
		}
	}
}

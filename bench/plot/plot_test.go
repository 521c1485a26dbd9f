package plot

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
)

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
}

func TestChartsAreWellFormed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Chart{
		"empty":      {Title: "nothing"},
		"one point":  {Series: []Series{{Points: []Point{{X: 1, Y: 1}}}}},
		"escaped":    {Title: `a < b & "c"`, X: "<x>", Series: []Series{{Name: "<&>", Points: []Point{{X: 1, Y: 2, Label: `"<"`}}, Labels: true}}},
		"log":        {LogX: true, Series: []Series{{Line: true, Points: []Point{{X: 0, Y: 1}, {X: -1, Y: 1}, {X: .001, Y: 1}, {X: 100, Y: 2}}}}},
		"log both":   {LogX: true, LogY: true, Series: []Series{{Line: true, Points: []Point{{X: 1, Y: 0}, {X: 1, Y: .01}, {X: 1000, Y: 900}}}}},
		"no numbers": {Series: []Series{{Line: true, Points: []Point{{X: math.NaN(), Y: 1}, {X: math.Inf(1), Y: 1}}}}},
	} {
		svg := c.SVG()
		wellFormed(t, svg)
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s: %s", name, svg)
		}
	}
}

func TestLinesGoUpWherePointsDo(t *testing.T) {
	t.Parallel()
	c := Chart{Series: []Series{{Line: true, Points: []Point{{X: 0, Y: 0}, {X: 10, Y: 5}}}}}
	x, y := c.axes()
	if x.at(0) != left || x.at(10) != width-right || y.at(0) <= y.at(5) {
		t.Errorf("x %v..%v, y %v..%v", x.at(0), x.at(10), y.at(0), y.at(5))
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{0: "0", .123456: "0.123", 42: "42", 12_000: "12k", 3_400_000: "3.4M", -2: "-2"} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %s, want %s", v, got, want)
		}
	}
}

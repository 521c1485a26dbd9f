package bench

import (
	"context"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
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

func TestStepsOfEverySize(t *testing.T) {
	t.Parallel()
	c := classifiers.New(nil, builtinModule(t))
	for _, body := range [][]byte{asking(1), asking(1000), turns(3)} {
		costs, err := steps(c, 20, 8, body)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"read", "classify", "decide"} {
			if costs[s] <= 0 {
				t.Errorf("%s took %v µs", s, costs[s])
			}
		}
	}
}

func TestExponent(t *testing.T) {
	t.Parallel()
	c := Curve{Name: "x", Of: "n", Unit: "µs", Steps: []string{"flat", "line", "square"}}
	for _, n := range []int{1, 10, 100, 1000} {
		c.Points = append(c.Points, CurvePart{n, map[string]float64{"flat": 7, "line": float64(n), "square": float64(n * n)}})
	}
	c = c.fitted()
	for i, s := range c.Steps {
		if e := c.Exponents[s]; math.Abs(e-float64(i)) > 1e-9 {
			t.Errorf("%s: exponent %v", s, e)
		}
	}
	if worse := Worse([]Curve{c}); len(worse) != 1 || worse[0] != "x: square grows with exponent 2.00" {
		t.Error(worse)
	}
	r := ScaleReport{Curves: []Curve{c}}
	if text := r.Markdown(); !strings.Contains(text, "| 1000 | 7.00 | 1000 | 1000000 |") || !strings.Contains(text, "**Worse than linear**") {
		t.Error(text)
	}
}

func TestKeysAreFound(t *testing.T) {
	t.Parallel()
	c := keysCurve([]int{1, 1000})
	if c.Points[0].Costs["look up"] <= 0 || c.Points[1].Costs["look up"] <= 0 {
		t.Errorf("%+v", c)
	}
}

// TestFollowCounts: a whole stream has all its chunks, and one that is cut is an error.
func TestFollowCounts(t *testing.T) {
	t.Parallel()
	u := upstream(t)
	first := 0
	if n, err := follow(t.Context(), u.Addr(), func() { first++ }); n != Chunks || err != nil || first != 1 {
		t.Errorf("%d chunks, %d first ones, %v", n, first, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closing(t, l)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 4096))
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(streamEvents[0]), streamEvents[0])
	}()
	if n, err := follow(t.Context(), l.Addr().String(), nil); n != 1 || err == nil {
		t.Errorf("%d chunks, %v", n, err)
	}
}

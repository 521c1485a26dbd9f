package classifiers

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/routor/routor/engine/label"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{"compiled": {}, "interpreted": {interpret: true}, "one instance": {Instances: 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// difficulty = length of the text / 16384
			m := load(t, withCard(t, answer(testResult(), `
				i32.const 1028 local.get 0 i32.load 28 f32.convert_i32_u f32.const 16384 f32.div f32.store 0`)), o)
			var r Result
			for _, size := range []int{0, 1, 4096, 8192, 100_000} {
				if err := m.Classify(on(strings.Repeat("x", size)), &r); err != nil {
					t.Fatal(err)
				}
				want := float32(size) / 16384
				if size > 8192 {
					want = 8193.0 / 16384 // head, newline, tail
				}
				if r.Difficulty != want {
					t.Errorf("text of %d bytes: difficulty %v, want %v", size, r.Difficulty, want)
				}
			}
			if r.Best() != label.Writing || math.Abs(float64(r.Category[label.Writing]-0.3)) > 1e-6 {
				t.Errorf("category %v %v, want writing .3: labels must be mapped to their order", r.Best(), r.Category)
			}
			if r.BestDomain().String() != "law" {
				t.Errorf("domain %v, want law", r.BestDomain())
			}
			if len(r.Heads) != 1 || r.Heads[0].Name != "intent" || r.Heads[0].Labels[0] != "billing" || r.Heads[0].P[0] != 0.5 {
				t.Errorf("heads %+v, want intent with billing .5", r.Heads)
			}
			if r.Confidence != 0.75 || r.CompletionTokens != 120 || r.Module != "test 1" || r.Fallback != "" {
				t.Errorf("result %+v", r)
			}
		})
	}
}

func TestCloseWaitsForCalls(t *testing.T) {
	t.Parallel()
	m, err := Load(context.Background(), withCard(t, answer(testResult(), "")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !m.Acquire() {
		t.Fatal("can't acquire an open module")
	}
	m.Close()
	m.Close()
	var r Result
	if err := m.Classify(on("x"), &r); err != nil {
		t.Errorf("a module that is held must go on answering: %v", err)
	}
	select {
	case <-m.Done():
		t.Fatal("freed while it is held")
	default:
	}
	m.Release()
	<-m.Done()
	var e *Error
	if err := m.Classify(on("x"), &r); !errors.As(err, &e) || e.Kind != Closed {
		t.Errorf("closed module: %v, want kind closed", err)
	}
	if m.Acquire() {
		t.Error("a closed module must not open again")
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	m := load(t, withCard(t, answer(testResult(), "")), Options{Instances: 1, Wait: 1})
	i, err := m.take()
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	var e *Error
	if err := m.Classify(on("x"), &r); !errors.As(err, &e) || e.Kind != Busy {
		t.Errorf("all instances taken: %v, want kind busy", err)
	}
	m.idle <- i
	if err := m.Classify(on("x"), &r); err != nil {
		t.Error(err)
	}
}

func TestInterpretedIsTold(t *testing.T) {
	t.Parallel()
	var seen events
	load(t, withCard(t, answer(testResult(), "")), Options{interpret: true, OnEvent: seen.add})
	if seen.of(Interpreted) != 1 {
		t.Errorf("%d events", seen.of(Interpreted))
	}
}

func TestClassifyAllocatesNothing(t *testing.T) {
	m := load(t, withCard(t, answer(testResult(), "")), Options{})
	in, r := on("hello"), Result{}
	if n := testing.AllocsPerRun(100, func() {
		if err := m.Classify(in, &r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func BenchmarkCall(b *testing.B) {
	m := load(b, withCard(b, answer(testResult(), "")), Options{})
	in, r := on("x"), Result{}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Classify(in, &r); err != nil {
			b.Fatal(err)
		}
	}
}

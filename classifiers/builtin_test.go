package classifiers_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
)

const prose = "Explain step by step how a B-tree keeps its balance when keys are deleted, and write a function in Go that does it. "

func loadBuiltin(t testing.TB) *classifiers.Module {
	t.Helper()
	m, err := classifiers.Load(t.Context(), builtin.Module, classifiers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// BenchmarkBuiltin is a call of the built-in module, by the length of the text.
func BenchmarkBuiltin(b *testing.B) {
	m := loadBuiltin(b)
	for _, size := range []int{1, 200, 2 << 10, 8 << 10} {
		in := &classifiers.Input{Text: strings.Repeat(prose, 1+size/len(prose))[:size], Turns: 1}
		var r classifiers.Result
		run := func(b *testing.B) {
			if err := m.Classify(in, &r); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(strconv.Itoa(size)+"B", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run(b)
			}
		})
	}
}

func BenchmarkBuiltinParallel(b *testing.B) {
	m := loadBuiltin(b)
	in := &classifiers.Input{Text: strings.Repeat(prose, 20)[:2<<10], Turns: 1}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var r classifiers.Result
		for pb.Next() {
			if err := m.Classify(in, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		m, err := classifiers.Load(b.Context(), builtin.Module, classifiers.Options{})
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
		<-m.Done()
	}
}

package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/catalog"
)

// twentyRules is a policy of the size that a large team has.
func twentyRules() string {
	var b strings.Builder
	b.WriteString("name: large\nrules:\n")
	for i := range 5 {
		fmt.Fprintf(&b, "  - {name: team %d, when: 'key.team == \"team%d\"', only: 'provider == \"mistral\"'}\n", i, i)
		fmt.Fprintf(&b, "  - {name: hard %d, when: 'category == \"coding\" && tier >= STANDARD', prefer: '(model.tool_accuracy ?? 0.5) * 0.0%d'}\n", i, i+1)
		fmt.Fprintf(&b, "  - {name: cheap %d, when: 'now.hour < %d && tier <= LIGHT', prefer: 'cost < 0.002 ? 0.2 : 0.0'}\n", i, i+3)
		fmt.Fprintf(&b, "  - {name: long %d, when: 'prompt_tokens > %d000', floor: LIGHT}\n", i, i+1)
	}
	return b.String()
}

// BenchmarkDecide is a decision of a 2 KB prompt among all of the built-in catalog's deployments under 20 rules: alone, and
// with the built-in classifier before it.
func BenchmarkDecide(b *testing.B) {
	s := setup{catalog: catalog.Builtin(), policy: twentyRules()}.snapshot(b)
	body := says("auto", "Refactor this middleware and keep its tests passing. "+strings.Repeat("func handle(w http.ResponseWriter, r *http.Request) { } ", 36), "")
	r := read(b, body)
	b.Run("decide", func(b *testing.B) {
		w := World{Now: noon, Classification: light}
		d := new(Decision)
		in := 0
		if err := Decide(s, r, &w, d); err != nil {
			b.Fatal(err)
		}
		for i := range d.Candidates {
			if d.Candidates[i].Tokens > 0 {
				in++
			}
		}
		b.ReportAllocs()
		for b.Loop() {
			_ = Decide(s, r, &w, d)
		}
		b.ReportMetric(float64(in), "candidates")
	})
	b.Run("classify+decide", func(b *testing.B) {
		m, err := classifiers.Load(context.Background(), builtin.Module, classifiers.Options{})
		if err != nil {
			b.Fatal(err)
		}
		defer m.Close()
		p := s.Parts
		p.Classifier = classifiers.New(nil, m)
		s, err := NewSnapshot(p)
		if err != nil {
			b.Fatal(err)
		}
		w := World{Now: noon}
		d := new(Decision)
		b.ReportAllocs()
		for b.Loop() {
			_ = Decide(s, r, &w, d)
		}
	})
	b.Run("json", func(b *testing.B) {
		w := World{Now: noon, Classification: light}
		d := new(Decision)
		_ = Decide(s, r, &w, d)
		var out []byte
		b.ReportAllocs()
		for b.Loop() {
			out = d.AppendJSON(out[:0])
		}
	})
}

// BenchmarkRoute is everything that the engine does before a request goes out.
func BenchmarkRoute(b *testing.B) {
	s := setup{catalog: catalog.Builtin(), policy: twentyRules()}.snapshot(b)
	e := New(Options{Snapshot: s, Secret: []byte("s")})
	r := read(b, says("auto", strings.Repeat("explain this to me ", 100), ""))
	b.ReportAllocs()
	for b.Loop() {
		rt, err := e.Route(r, Caller{})
		if err != nil {
			b.Fatal(err)
		}
		rt.Release()
	}
}

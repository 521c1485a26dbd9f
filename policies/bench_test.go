package policies

import (
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/engine/catalog"
)

// twentyRules look at the request; what they say of candidates reads the catalog alone.
func twentyRules() string {
	var b strings.Builder
	b.WriteString("rules:\n")
	for i := range 5 {
		fmt.Fprintf(&b, `
  - {name: a%d, when: 'category == "coding" && tier >= STANDARD', prefer: '(model.tool_accuracy ?? 0.5) * 0.3'}
  - {name: b%[1]d, when: 'key.team == "legal" || "eu" in key.tags', only: provider != "mistral"}
  - {name: c%[1]d, when: now.hour < 6 && tier <= LIGHT, ceiling: STANDARD}
  - {name: d%[1]d, when: 'prompt_tokens > 100 && !stream', never: model.status == retired, avoid: 'home ? 0 : 0.1'}
`, i)
	}
	return b.String()
}

// hundred are as many candidates, all of the policy's catalog.
func hundred(p *Policy) ([]Candidate, []Verdict) {
	var list []Candidate
	for len(list) < 100 {
		list = append(list, candidates(p)...)
	}
	return list[:100], make([]Verdict, 100)
}

func BenchmarkMatch20(b *testing.B) {
	p := must(b, twentyRules())
	r := sample()
	var m Matched
	p.Match(r, &m)
	b.ReportAllocs()
	for b.Loop() {
		p.Match(r, &m)
	}
}

func BenchmarkWeigh100Folded(b *testing.B) {
	p := must(b, twentyRules())
	r := sample()
	cands, out := hundred(p)
	var m Matched
	p.Match(r, &m)
	p.Weigh(r, &m, cands, out)
	b.ReportAllocs()
	for b.Loop() {
		p.Weigh(r, &m, cands, out)
	}
}

func BenchmarkMatch20Weigh100(b *testing.B) {
	p := must(b, twentyRules())
	r := sample()
	cands, out := hundred(p)
	var m Matched
	b.ReportAllocs()
	for b.Loop() {
		p.Match(r, &m)
		p.Weigh(r, &m, cands, out)
	}
}

// What can't be folded, because it reads the candidate as it stands in this request.
func BenchmarkWeigh100Unfolded(b *testing.B) {
	p := must(b, `rules: [{name: cheap, prefer: 'cost < 0.002 && tier >= LIGHT ? 0.2 : 0.0'}]`)
	r := sample()
	cands, out := hundred(p)
	var m Matched
	p.Match(r, &m)
	b.ReportAllocs()
	for b.Loop() {
		p.Weigh(r, &m, cands, out)
	}
}

func BenchmarkDefaultPolicy(b *testing.B) {
	p, err := Parse("default.yaml", Default(), Scope{Catalog: catalog.Builtin()})
	if err != nil {
		b.Fatal(err)
	}
	r := sample()
	cands, out := hundred(p)
	var m Matched
	b.ReportAllocs()
	for b.Loop() {
		p.Match(r, &m)
		p.Weigh(r, &m, cands, out)
	}
}

package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/policies"
)

var module = sync.OnceValues(func() (*classifiers.Module, error) {
	return classifiers.Load(context.Background(), builtin.Module, classifiers.Options{Instances: 2})
})

// snapshot is a policy among all of the built-in catalog's models.
func snapshot(t testing.TB, policy string) *engine.Snapshot {
	t.Helper()
	m, err := module()
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Parse("test.yaml", []byte(policy), policies.Scope{Catalog: catalog.Builtin()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.NewSnapshot(engine.Parts{Catalog: catalog.Builtin(), Policy: p, Classifier: classifiers.New(nil, m)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func draft(t testing.TB, s *engine.Snapshot, policy string) *engine.Snapshot {
	t.Helper()
	next, err := s.With(engine.Draft{Policy: []byte(policy)})
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// priced is a policy whose choices all have a known price.
const priced = "rules:\n  - name: priced\n    only: provider == deepseek || provider == openai || provider == anthropic\n"

var prompts = []string{"hi", "What is the capital of Peru?", "Write a function in Go that merges two sorted lists.",
	"Prove that there are infinitely many primes of the form 4k+3.", "Translate 'good morning' into French.", "Summarize the plot of Faust in five sentences."}

// past are records of requests that were answered under a snapshot by what was chosen first, with twice the tokens expected.
func past(t testing.TB, s *engine.Snapshot, n int) []*ledger.Record {
	t.Helper()
	e := engine.New(engine.Options{Snapshot: s, Secret: []byte("test")})
	var list []*ledger.Record
	for i := range n {
		text, _ := json.Marshal(fmt.Sprintf("%s (%d)", prompts[i%len(prompts)], i))
		r, err := chat.Read([]byte(`{"model":"auto","messages":[{"role":"user","content":` + string(text) + `}]}`))
		if err != nil {
			t.Fatal(err)
		}
		rec := &ledger.Record{ID: fmt.Sprintf("dec_%d", i), Request: fmt.Sprint("req_", i), Cost: 1}
		d, err := e.Explain(s, r, engine.Supposed{Now: time.Date(2026, 3, 4, 12, 0, i, 0, time.UTC)}, rec)
		if err != nil {
			t.Fatal(err)
		}
		c := d.Best()
		tokens := ledger.Tokens{Prompt: int64(r.Facts.PromptTokens), Completion: 2 * int64(c.Tokens)}
		cost := c.Deployment.Prices.Cost(catalog.Tokens{Input: tokens.Prompt, Output: tokens.Completion}, "")
		rec.Attempts = []ledger.Attempt{{Deployment: c.Deployment.ID, Model: c.Deployment.Model.ID, Provider: c.Deployment.Provider, Status: 200,
			Took: ledger.Micros(400_000), Tokens: tokens, Cost: ledger.Money(cost), Source: "usage"}}
		rec.Stream, rec.Priced, rec.Cost, rec.Tokens = true, true, ledger.Money(cost), tokens
		rec.World.Seed = uint64(i) * 0x9e3779b97f4a7c15
		d.Release()
		r.Release()
		list = append(list, rec)
	}
	return list
}

func run(t testing.TB, o Options, from Source) *Result {
	t.Helper()
	r, err := Run(t.Context(), o, from)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNothingChanges(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	list := past(t, s, 60)
	r := run(t, Options{Before: s, After: draft(t, s, "name: same\n"+priced)}, Records(list))
	spent := 0.
	for _, rec := range list {
		spent += rec.Cost.USD()
	}
	if r.Asked != 60 || r.Replayed != 60 || r.Moved != 0 || r.Impossible != 0 || r.Cost.Measured != 60 || r.Cost.Estimated != 0 || r.Latency.Measured != 60 {
		t.Errorf("%+v", r)
	}
	if math.Abs(*r.Cost.Before-spent) > 1e-9 || math.Abs(*r.Cost.After-spent) > 1e-9 || math.Abs(*r.Latency.After-400) > 1e-6 {
		t.Errorf("cost %v → %v, spent %v; latency %v", *r.Cost.Before, *r.Cost.After, spent, *r.Latency.After)
	}
}

// What moves costs what was spent times what the expectations differ by: twice the expected tokens on both sides.
func TestWhatMovesIsScaled(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	list := past(t, s, 60)
	r := run(t, Options{Before: s, After: draft(t, s, "rules:\n  - name: one\n    use: anthropic/claude-opus-4.8\n")}, Records(list))
	if r.Moved != 60 || r.Cost.Measured != 0 || r.Cost.Estimated != 60 || r.Cost.BeforeMeasured != 60 {
		t.Fatalf("%+v", r)
	}
	n := 0
	for _, m := range r.Moves {
		n += m.N
		if m.To != "anthropic/claude-opus-4.8" {
			t.Errorf("%+v", m)
		}
	}
	if n != 60 {
		t.Errorf("%d moves", n)
	}
	expected := 0.
	for _, m := range r.Movers {
		if !strings.Contains(m.After.Why, `rule 1 "one" uses it`) || !strings.Contains(m.Before.Why, "best value of") || m.Prompt == "" {
			t.Errorf("%+v", m)
		}
		expected += m.After.Cost
	}
	if expected <= 0 {
		t.Error("no cost")
	}
}

func TestPaired(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		mb     float64
		before bool
		ma     float64
		after  bool
		eb, ea float64
		want   pair
	}{
		{"both measured", 2, true, 3, true, 9, 9, pair{2, 3, true, true}},
		{"before measured", 2, true, 0, false, 4, 8, pair{2, 4, true, false}},
		{"after measured", 0, false, 2, true, 4, 8, pair{1, 2, false, true}},
		{"neither", 0, false, 0, false, 4, 8, pair{4, 8, false, false}},
		{"before measured where nothing was expected", 2, true, 0, false, 0, 8, pair{2, 8, true, false}},
	} {
		if got := paired(c.mb, c.before, c.ma, c.after, c.eb, c.ea); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestImpossible(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	list := past(t, s, 60)
	strict := draft(t, s, "rules:\n  - {name: no, when: category == coding, deny: not here}\n")
	r := run(t, Options{Before: s, After: strict}, Records(list))
	if r.Impossible != 10 || len(r.ImpossibleRequests) != 10 || r.ImpossibleRequests[0].Rule != "no" || r.ImpossibleRequests[0].Code != "denied_by_policy" ||
		len(r.ImpossibleWhy) != 1 || r.Cost.Sample() != 50 {
		t.Errorf("%+v", r)
	}
	back := run(t, Options{Before: strict, After: s}, Records(list))
	if back.BecamePossible != 10 || back.Impossible != 0 {
		t.Errorf("%+v", back)
	}
	if both := run(t, Options{Before: strict, After: strict}, Records(list)); both.RefusedBoth != 10 || both.Moved != 0 || len(both.RefusedWhy) != 1 || both.RefusedWhy[0].N != 10 {
		t.Errorf("%+v", both)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	list := past(t, s, 12)
	down := &ledger.Health{}
	for _, d := range s.Catalog.Deployments {
		if d.Model.ID == list[2].Attempts[0].Model {
			down.Deployments = append(down.Deployments, ledger.DeploymentHealth{Deployment: d.ID, State: "out_of_credit", Why: "402"})
		}
	}
	for _, rec := range list {
		rec.World.Health = down
	}
	name := list[2].Attempts[0].Model
	share := func(r *Result) int {
		for _, x := range r.Models {
			if x.Name == name {
				return x.After
			}
		}
		return 0
	}
	if as, up := share(run(t, Options{Before: s, After: s}, Records(list))), share(run(t, Options{Before: s, After: s, Health: AllUp}, Records(list))); as != 0 || up == 0 {
		t.Errorf("%s: %d as recorded, %d with all up", name, as, up)
	}
	if _, err := Run(t.Context(), Options{Before: s, After: s, Health: "fine"}, Records(list)); err == nil {
		t.Error("health: fine is taken")
	}
}

func TestCoverage(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	list := past(t, s, 6)
	list[0].Facts, list[0].Class, list[0].Prompt = nil, nil, ledger.Prompt{Keep: ledger.KeepHash}
	list[1].Decision, list[1].Facts, list[1].Class, list[1].Prompt = nil, nil, nil, ledger.Prompt{Keep: ledger.KeepFeatures}
	list[2].Prompt = ledger.Prompt{Keep: ledger.KeepFeatures}
	r := run(t, Options{Before: s, After: draft(t, s, "rules:\n  - {when: text contains \"Go\", floor: COMPLEX}\n")}, Records(list))
	if r.Replayed != 4 || len(r.Reasons) != 2 || r.Wordless != 1 || r.Reasons["refused before they were classified"] != 1 {
		t.Errorf("%+v", r)
	}
	other := run(t, Options{Before: s, After: s, Reclassify: true}, Records(list))
	if other.Replayed != 3 || other.Moved != 0 {
		t.Errorf("%+v", other)
	}
}

// However many work on it, the result is the same.
func TestWorkersAgree(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	after := draft(t, s, priced+"  - {name: canary, split: {anthropic/claude-opus-4.8: 30%}}\n")
	list := past(t, s, 700)
	var results []string
	for _, workers := range []int{1, 3} {
		r := run(t, Options{Before: s, After: after, Workers: workers}, Records(list))
		r.MS, r.PerSecond = 0, 0
		for _, f := range []*Figure{&r.Cost, &r.Quality, &r.Latency} { // sums in another order differ in their last bits
			*f.Before, *f.After = math.Round(*f.Before*1e9), math.Round(*f.After*1e9)
		}
		for i := range r.Moves {
			r.Moves[i].CostBefore, r.Moves[i].CostAfter = math.Round(r.Moves[i].CostBefore*1e9), math.Round(r.Moves[i].CostAfter*1e9)
		}
		b, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, string(b))
	}
	if results[0] != results[1] {
		t.Errorf("%s\n%s", results[0], results[1])
	}
	var seed uint64 = 7
	a, b := run(t, Options{Before: s, After: after}, Records(list)), run(t, Options{Before: s, After: after, Seed: &seed}, Records(list))
	if a.Moved < 140 || a.Moved > 280 || a.Moved == b.Moved && a.Movers[0].ID == b.Movers[0].ID {
		t.Errorf("30%% of 700: %d, with another seed %d", a.Moved, b.Moved)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	after := draft(t, s, "rules:\n  - {name: all, use: anthropic/claude-opus-4.8}\n")
	list := past(t, s, 12)
	var file bytes.Buffer
	var e ledger.Encoder
	for _, rec := range list {
		file.Write(append(e.AppendJSON(nil, rec), '\n'))
	}
	file.WriteString("\n" + `{"model":"auto","messages":[{"role":"user","content":"Write a haiku about rain"}]}`)
	whole := file.String()
	a, b := run(t, Options{Before: s, After: after}, Lines(strings.NewReader(whole), nil)), run(t, Options{Before: s, After: after}, Records(list))
	if a.Replayed != 13 || a.Moved != 13 || a.Cost.BeforeMeasured != 12 || b.Moved != 12 {
		t.Errorf("%+v", a)
	}
	if math.Abs(*a.Quality.Before-*b.Quality.Before) > .1 {
		t.Errorf("quality %v and %v", *a.Quality.Before, *b.Quality.Before)
	}
	for src, want := range map[string]string{
		whole + "\n{": "line 15: is no JSON", whole + "\n[]": "line 15: is no JSON object", `{"a":1}`: "line 1: is neither a record",
		"\n" + `{"messages":[]}`: "line 2: is no chat completion", `{"request_id":"x","time":"2026-01-01T00:00:00Z","facts":3}`: "line 1: is no whole record",
	} {
		if _, err := Run(t.Context(), Options{Before: s, After: after}, Lines(strings.NewReader(src), nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q…: %v, want %s", src, err, want)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	rec := past(t, s, 1)[0]
	ctx, cancel := context.WithCancel(t.Context())
	endless := func(ctx context.Context, each func(Item) error) error {
		for {
			if err := each(Item{Record: rec}); err != nil {
				return err
			}
		}
	}
	_, err := Run(ctx, Options{Before: s, After: s, Progress: func(n int) {
		if n > 300 {
			cancel()
		}
	}}, endless)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestThinned(t *testing.T) {
	t.Parallel()
	x := thinned{most: 100}
	for i := range 12_345 {
		x.add(Item{Number: i})
	}
	step := x.items[1].Number
	for i, it := range x.items {
		if it.Number != i*step {
			t.Fatalf("item %d is %d, not %d", i, it.Number, i*step)
		}
	}
	if len(x.items) < 50 || len(x.items) > 100 {
		t.Errorf("%d are kept", len(x.items))
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	s := snapshot(t, priced)
	list := past(t, s, 60)
	list[0].Facts, list[0].Prompt.Keep = nil, ledger.KeepHash
	after := draft(t, s, "name: next\nrules:\n  - {name: no, when: category == coding, deny: not here}\n  - {name: all, use: anthropic/claude-opus-4.8}\n")
	r := run(t, Options{Before: s, After: after, Curve: true}, Records(list))
	var b bytes.Buffer
	if err := Text(&b, r); err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, want := range []string{"59 of 60 requests decided again", "1 not: no features kept", "policy next", "move", "Models", "anthropic/claude-opus-4.8", "→ anthropic/claude-opus-4.8", "Impossible afterwards: 10", "balance"} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	for line := range strings.Lines(out) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > columns {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
	b.Reset()
	if err := Text(&b, &Result{}); err != nil || !strings.Contains(b.String(), "no requests") {
		t.Errorf("%v %s", err, b.String())
	}
}

// BenchmarkReplay is one record decided again on both sides, on one processor.
func BenchmarkReplay(b *testing.B) {
	s := snapshot(b, string(policies.Default()))
	w := newWorker(&Options{Before: s, After: draft(b, s, strings.Replace(string(policies.Default()), "balance: 0.5", "balance: 0.4", 1)), Health: Recorded, Movers: 20})
	list := past(b, s, 256)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.record(list[i%len(list)])
	}
}

// BenchmarkLine is one line of an export read and decided again on both sides, on one processor.
func BenchmarkLine(b *testing.B) {
	s := snapshot(b, string(policies.Default()))
	w := newWorker(&Options{Before: s, After: draft(b, s, strings.Replace(string(policies.Default()), "balance: 0.5", "balance: 0.4", 1)), Health: Recorded, Movers: 20})
	var lines [][]byte
	var e ledger.Encoder
	for _, rec := range past(b, s, 256) {
		lines = append(lines, e.AppendJSON(nil, rec))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := w.one(&Item{Line: lines[i%len(lines)], Number: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

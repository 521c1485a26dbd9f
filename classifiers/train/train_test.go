package train

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/label"
)

// lesson is a small set that can be learned: each category has a verb, each tier an adjective.
func lesson(n int) []Example {
	r := rand.New(rand.NewPCG(7, 7))
	verbs := []string{"implement", "integrate", "deduce", "explain"}
	levels := []string{"tiny", "small", "usual", "large", "monstrous"}
	examples := make([]Example, n)
	for i := range examples {
		category, tier := label.Category(r.IntN(len(verbs))), label.Tier(r.IntN(len(levels)))
		domain := label.Domain(category)
		e := Example{ID: fmt.Sprint(i), Category: &category, Domain: &domain, Tier: &tier, Split: "train", Source: "lesson"}
		e.Input = classifiers.Input{Text: fmt.Sprintf("please %s the %s thing number %d", verbs[category], levels[tier], r.IntN(1000)), Turns: 1}
		e.Tokens = 100 * float64(1+tier)
		if i%5 == 0 {
			e.Split = "dev"
		}
		examples[i] = e
	}
	return examples
}

func load(t testing.TB, module []byte) *classifiers.Module {
	t.Helper()
	m, err := classifiers.Load(context.Background(), module, classifiers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestTrainLearns(t *testing.T) {
	t.Parallel()
	examples := lesson(1500)
	module, report, err := Train(context.Background(), examples, Options{Bits: 12, Epochs: 8})
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, module)
	if got := m.Card(); got.Name != "custom" || len(got.Heads) != 2 || got.Figures["dev_category_accuracy"] != report.Card.Figures["dev_category_accuracy"] ||
		report.Card.Measured.Splits[0].Category.N != 300 {
		t.Errorf("card %+v", got)
	}
	var out classifiers.Result
	right, near, tokens := 0, 0, 0.0
	for i := range examples {
		e := &examples[i]
		if err := m.Classify(&e.Input, &out); err != nil {
			t.Fatal(err)
		}
		if out.Best() == *e.Category && out.BestDomain() == *e.Domain {
			right++
		}
		tier := 0
		for tier < 4 && float64(out.Difficulty) > [4]float64{0.05, 0.2, 0.45, 0.7}[tier] {
			tier++
		}
		if tier == int(*e.Tier) {
			near++
		}
		tokens += math.Abs(math.Log(float64(out.CompletionTokens) / e.Tokens))
	}
	n := len(examples)
	if right < n*98/100 || near < n*90/100 || tokens/float64(n) > 0.2 {
		t.Errorf("of %d, category and domain right %d, tier right %d, tokens off by e^%.2f", n, right, near, tokens/float64(n))
	}
}

// The bytes depend on examples, options and seed, not on how many cores there are.
func TestTrainIsReproducible(t *testing.T) {
	examples := lesson(400)
	o := Options{Bits: 10, Epochs: 2}
	first, _, err := Train(context.Background(), examples, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, procs := range []int{1, 3} {
		before := runtime.GOMAXPROCS(procs)
		again, _, err := Train(context.Background(), examples, o)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Errorf("with %d processors other bytes come out", procs)
		}
	}
	o.Seed = 1
	other, _, err := Train(context.Background(), examples, o)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first, other) {
		t.Error("the seed changes nothing")
	}
}

// What the trainer believes of its weights is what the runtime answers.
func TestScoresAreTheRuntimes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	o := Options{Bits: 12, Epochs: 1}
	if err := o.fill(); err != nil {
		t.Fatal(err)
	}
	all := lesson(300)
	texts := []string{
		"", "hi", strings.Repeat("The quick brown fox. ", 900), "prove it\nfor n = 3\n\n", "把这句话翻译成英文", "\xff\xfe", "Übersetze ŁÓDŹ ΑΘΗΝΑ МОСКВА １２３",
	}
	for i, text := range texts {
		all[i].Input = classifiers.Input{Text: text, System: "You are terse.", Context: "user: one more", Turns: uint32(i), Flags: classifiers.HasTools}
	}
	for i := range all {
		all[i].Own = map[string]string{"level": all[i].Tier.String()}
	}
	o.Progress = func(string, int, int) {}
	tr := &trainer{Options: o, ctx: ctx}
	examples := make([]*Example, len(all))
	for i := range all {
		examples[i] = &all[i]
	}
	asked, err := tr.features(examples)
	if err != nil {
		t.Fatal(err)
	}
	learned := make([]*request, len(asked))
	for i := range asked {
		learned[i] = &asked[i]
	}
	m, err := tr.fit("fitting", learned)
	if err != nil {
		t.Fatal(err)
	}
	heads, err := HeadsOf(all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.learnOwn(&heads[0], learned, lengthsOf(m), &tr.Options); err != nil {
		t.Fatal(err)
	}
	requests := vocabularyOf(m.main).look(asked)
	inOwn := vocabularyOf(m.own[0]).look(asked)
	card := newCard(&o, nil, m.blob())
	card.Heads = append(card.Heads, ownCards(heads)...)
	module, err := bake(m.blob(), &card)
	if err != nil {
		t.Fatal(err)
	}
	host := load(t, module)
	var out classifiers.Result
	for i := range requests {
		if err := host.Classify(&requests[i].example.Input, &out); err != nil {
			t.Fatal(err)
		}
		z := m.scores(&requests[i])
		var p [label.NumCategories]float32
		softmax(z[colCategory:colDomain], p[:])
		for c, want := range p {
			if diff := math.Abs(float64(out.Category[c] - want)); diff > 1e-5 {
				t.Fatalf("%q: P(%s) is %v, the trainer has %v", requests[i].example.Input.Text, label.Category(c), out.Category[c], want)
			}
		}
		own := make([]float32, len(heads[0].Labels))
		softmax(m.ownScores(0, &z, inOwn[i].blocks), own)
		for l, want := range own {
			if diff := math.Abs(float64(out.Heads[0].P[l] - want)); diff > 1e-5 {
				t.Fatalf("%q: P(%s) is %v, the trainer has %v", requests[i].example.Input.Text, heads[0].Labels[l], out.Heads[0].P[l], want)
			}
		}
		var said classifiers.Result
		if m.answer(&z, &said); math.Abs(float64(said.Difficulty-out.Difficulty)) > 1e-5 {
			t.Fatalf("%q: difficulty is %v, the trainer has %v", requests[i].example.Input.Text, out.Difficulty, said.Difficulty)
		}
		if want := exp(max(z[colTokens], 0)); math.Abs(float64(out.CompletionTokens/want-1)) > 1e-4 {
			t.Fatalf("completion tokens are %v, the trainer has %v", out.CompletionTokens, want)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	t.Parallel()
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name     string
		ctx      context.Context
		examples []Example
		o        Options
		want     string
	}{
		{"no examples", context.Background(), nil, Options{}, "no example"},
		{"only dev", context.Background(), []Example{{Split: "dev"}}, Options{}, "no example"},
		{"too many bits", context.Background(), lesson(10), Options{Bits: 19}, "8 to 18"},
		{"cancelled", cancelled, lesson(10), Options{Bits: 8}, "cancel"},
	} {
		if _, _, err := Train(c.ctx, c.examples, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
	}
}

// An example with no label teaches nothing, and heads that nobody labelled stay uniform.
func TestTrainWithOneHead(t *testing.T) {
	t.Parallel()
	examples := lesson(200)
	for i := range examples {
		examples[i].Domain, examples[i].Tier, examples[i].Tokens = nil, nil, 0
	}
	module, _, err := Train(context.Background(), examples, Options{Bits: 10, Epochs: 2})
	if err != nil {
		t.Fatal(err)
	}
	var out classifiers.Result
	if err := load(t, module).Classify(&examples[0].Input, &out); err != nil {
		t.Fatal(err)
	}
	if out.Domain[0] != out.Domain[13] || !math.IsNaN(float64(out.CompletionTokens)) {
		t.Errorf("domain %v, completion tokens %v", out.Domain, out.CompletionTokens)
	}
}

func TestExact(t *testing.T) {
	t.Parallel()
	for x := -80.0; x < 80; x += 0.37 {
		if got, want := float64(exp(float32(x))), math.Exp(float64(float32(x))); math.Abs(got/want-1) > 1e-6 {
			t.Errorf("e^%v = %v, want %v", x, got, want)
		}
	}
	for x := 1e-9; x < 1e9; x *= 1.7 {
		if got, want := ln(x), math.Log(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("ln %v = %v, want %v", x, got, want)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	m := load(b, builtin.Module)
	const sentence = "Our checkout service returns 502 about once an hour; read the log below, find the cause and propose a fix. "
	for _, n := range []int{20, 200, 2000, 20_000} {
		in := classifiers.Input{Text: strings.Repeat(sentence, n/len(sentence)+1)[:n], Turns: 1}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			var out classifiers.Result
			for b.Loop() {
				if err := m.Classify(&in, &out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

package train

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/routor/routor/classifiers"
)

// tickets are few examples of a head of one's own, whose words a model of the lesson knows nothing of.
func tickets(n int) []Example {
	kinds := map[string][]string{"billing": {"invoice", "refund"}, "technical": {"crash", "timeout"}, "sales": {"quote", "upgrade"}}
	var out []Example
	for i := range n {
		for _, kind := range []string{"billing", "technical", "sales"} {
			word := kinds[kind][i%2]
			e := Example{ID: fmt.Sprint(kind, i), Own: map[string]string{"intent": kind}, Split: "train"}
			e.Input = classifiers.Input{Text: fmt.Sprintf("ticket %d about the %s of customer %d", i, word, i*7), Turns: 1}
			out = append(out, e)
		}
	}
	return out
}

// A head of one's own is learned beside a model without changing what its other heads say.
func TestOwnHead(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	before, _, err := Train(ctx, lesson(600), Options{Bits: 12, Epochs: 3})
	if err != nil {
		t.Fatal(err)
	}
	examples := tickets(40)
	after, report, err := Train(ctx, examples, Options{Init: before, Name: "tickets"})
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := Train(ctx, examples, Options{Init: before, Name: "tickets"})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(after, again) {
		t.Error("the same examples and seed give other bytes")
	}
	if f := report.Card.Measured.Own["intent"]; f.N < 10 || f.Accuracy < 0.95 {
		t.Errorf("figures of the head: %+v", f)
	}
	old, now := load(t, before), load(t, after)
	if h := now.Card().Head("intent"); h == nil || len(h.Labels) != 3 {
		t.Fatalf("card %+v", now.Card())
	}
	var a, b classifiers.Result
	right := 0
	for _, e := range append(examples, lesson(50)...) {
		if err := old.Classify(&e.Input, &a); err != nil {
			t.Fatal(err)
		}
		if err := now.Classify(&e.Input, &b); err != nil {
			t.Fatal(err)
		}
		if a.Category != b.Category || a.Domain != b.Domain || a.Difficulty != b.Difficulty || a.CompletionTokens != b.CompletionTokens {
			t.Fatalf("%q: the other heads have moved", e.Input.Text)
		}
		if h := b.Heads[0]; e.Own != nil && h.Labels[argmax(h.P)] == e.Own["intent"] {
			right++
		}
	}
	if right < len(examples)*95/100 {
		t.Errorf("%d of %d intents are right", right, len(examples))
	}

	// And on from there: another head beside it, which stays.
	for i := range examples {
		examples[i].Own = map[string]string{"parity": []string{"even", "odd"}[i/3%2]}
	}
	third, _, err := Train(ctx, examples, Options{Init: after})
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, third)
	if err := m.Classify(&examples[0].Input, &b); err != nil {
		t.Fatal(err)
	}
	if len(b.Heads) != 2 || b.Heads[0].Name != "intent" || b.Heads[1].Name != "parity" {
		t.Errorf("heads %+v", b.Heads)
	}
}

// A head of hundreds of labels has a table that fits the host's limits, and is answered.
func TestOwnHeadOfManyLabels(t *testing.T) {
	if testing.Short() {
		t.Skip("fits 500 labels, which takes minutes under the race detector")
	}
	t.Parallel()
	var examples []Example
	for i := range 1000 {
		e := Example{ID: fmt.Sprint(i), Own: map[string]string{"number": fmt.Sprint("n", i%500)}, Split: "train"}
		e.Input.Text = fmt.Sprintf("call number%d now", i%500)
		examples = append(examples, e)
	}
	module, _, err := Train(context.Background(), examples, Options{Bits: 8})
	if err != nil {
		t.Fatal(err)
	}
	var out classifiers.Result
	if err := load(t, module).Classify(&examples[3].Input, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Heads) != 1 || len(out.Heads[0].P) != 500 || len(module) > 12<<20 {
		t.Errorf("%d heads, %d bytes", len(out.Heads), len(module))
	}
	for i := range 2 {
		examples[i].Own["number"] = fmt.Sprint("another", i)
	}
	if _, _, err := Train(context.Background(), examples, Options{Bits: 8}); err == nil {
		t.Error("502 labels are taken")
	}
}

// What init knows stays, where examples say nothing of it, and what they say is learned.
func TestInitForgetsLittle(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	base, _, err := Train(ctx, lesson(1000), Options{Bits: 12, Epochs: 6})
	if err != nil {
		t.Fatal(err)
	}
	translation := lesson(1)[0].Category // any
	*translation = 8
	var own []Example
	for i := range 60 {
		e := Example{ID: fmt.Sprint("own", i), Category: translation, Split: "train"}
		e.Input = classifiers.Input{Text: fmt.Sprintf("thing number %d, the usual thing please", i), Turns: 1}
		own = append(own, e)
	}
	next, _, err := Train(ctx, own, Options{Init: base})
	if err != nil {
		t.Fatal(err)
	}
	m := load(t, next)
	var out classifiers.Result
	right := func(examples []Example) (n int) {
		for i := range examples {
			if err := m.Classify(&examples[i].Input, &out); err != nil {
				t.Fatal(err)
			}
			if out.Best() == *examples[i].Category {
				n++
			}
		}
		return n
	}
	if n := right(own); n < 55 {
		t.Errorf("%d of 60 new ones are right", n)
	}
	if n := right(lesson(200)); n < 180 {
		t.Errorf("%d of 200 old ones are right still", n)
	}
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	if _, _, err := Train(context.Background(), lesson(10), Options{Init: []byte("no module")}); err == nil {
		t.Error("nonsense is gone on from")
	}
}

func TestModelIsReadBack(t *testing.T) {
	t.Parallel()
	m := blankOf(8)
	m.main.rows[5], m.main.tags[3], m.main.scale[1] = 7, 9, 0.5
	own := newTable(6, 20)
	own.dense[7], own.bias[3] = 2, -1
	m.own = append(m.own, own)
	blob := m.blob()
	got, err := parseModel(blob)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.blob(), blob) {
		t.Error("the model that is read is another")
	}
	for n := range len(blob) {
		if n%997 == 0 {
			if _, err := parseModel(blob[:n]); err == nil {
				t.Errorf("%d of %d bytes are taken", n, len(blob))
			}
		}
	}
}

func FuzzParseModel(f *testing.F) {
	m := blankOf(8)
	m.own = append(m.own, newTable(4, 3))
	f.Add(m.blob())
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseModel(b); err == nil && len(m.blob()) != len(b) {
			t.Errorf("%d bytes become %d", len(b), len(m.blob()))
		}
	})
}

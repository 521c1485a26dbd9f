package prompts

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	got, skipped, err := Ledger(strings.NewReader(`{"text":"liked","category":"math","tier":"SIMPLE","score":1}
{"text":"disliked","category":"math","tier":"SIMPLE","score":0.1}
{"text":"disliked at the top","category":"math","tier":"COMPLEX","score":0}
{"text":"middling","category":"math","tier":"SIMPLE","score":0.5}
{"text":"nobody said anything","category":"math","tier":"SIMPLE"}
{"request_id":"r","prompt":{"text":"whole record","system":"s"},"decision":{"tier":"LIGHT","category":"writing"},"feedback":{"score":0.9}}
`), textOnly)
	if err != nil || len(got) != 4 || skipped != 2 {
		t.Fatalf("%+v %d %v", got, skipped, err)
	}
	if e := got[0]; *e.Category != label.Math || *e.Tier != label.Simple || e.Weight != ledgerWeight {
		t.Errorf("liked: %+v", e)
	}
	if e := got[1]; e.Category != nil || e.Tier != nil || *e.SoftTier != float32(label.Light) {
		t.Errorf("disliked: %+v", e)
	}
	if e := got[2]; *e.SoftTier != float32(label.Complex) {
		t.Errorf("disliked at the top: %+v", e)
	}
	if e := got[3]; e.ID != "r" || e.Input.Text != "whole record" || e.Input.System != "s" || *e.Category != label.Writing {
		t.Errorf("whole record: %+v", e)
	}
	for _, bad := range []string{`{"text":"x","tier":"SIMPLE","score":7}`, `{"text":"x","tier":"HUGE","score":1}`, "{"} {
		if _, _, err := Ledger(strings.NewReader(bad), textOnly); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// What models fail at is harder than what they all can, whatever each is worth on its own.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 100 {
		// The strong model fails at the last 20, the weak one at the last 60.
		fmt.Fprintf(&b, `{"text":"p%d","scores":{"strong":%d,"weak":%d},"tokens":{"strong":100,"weak":300}}`+"\n", i, one(i < 80), one(i < 40))
	}
	b.WriteString(`{"text":"alone","model":"strong","score":1,"completion_tokens":50}` + "\n")
	got, err := Outcomes(strings.NewReader(b.String()), textOnly)
	if err != nil || len(got) != 101 {
		t.Fatalf("%d %v", len(got), err)
	}
	if easy, middle, hard := *got[0].SoftTier, *got[60].SoftTier, *got[99].SoftTier; !(easy < middle && middle < hard) || easy > 1.5 || hard < 2.5 {
		t.Errorf("tiers %v %v %v", easy, middle, hard)
	}
	if got[0].Tokens != 200 || got[100].SoftTier != nil || got[100].Tokens != 50 {
		t.Errorf("tokens %v, alone %+v", got[0].Tokens, got[100])
	}
	if _, err := Outcomes(strings.NewReader(""), textOnly); err == nil {
		t.Error("nothing is taken for scored answers")
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestOwnColumns(t *testing.T) {
	t.Parallel()
	got, err := Examples(strings.NewReader(`{"text":"a","kind":"billing","urgent":true,"n":3}
{"text":"b","kind":null,"urgent":""}
`), textOnly, Own{"intent": "kind", "urgent": "urgent", "number": "n"})
	if err != nil {
		t.Fatal(err)
	}
	if o := got[0].Own; o["intent"] != "billing" || o["urgent"] != "true" || o["number"] != "3" || got[1].Own != nil {
		t.Errorf("%v %v", o, got[1].Own)
	}
	if _, err := Examples(strings.NewReader(`{"text":"a","kind":["x"]}`), textOnly, Own{"intent": "kind"}); err == nil || !strings.Contains(err.Error(), "must be a label") {
		t.Errorf("got %v", err)
	}
}

// What is picked is unsure, and not the same thing again and again.
func TestChoose(t *testing.T) {
	t.Parallel()
	m, err := classifiers.Load(context.Background(), builtin.Module, classifiers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var b strings.Builder
	for i := range 20 {
		fmt.Fprintf(&b, `{"id":"same%d","text":"asdf qwer zxcv uiop hjkl number %d"}`+"\n", i, i)
	}
	b.WriteString(`{"id":"sure","text":"Write a Python function that reverses a linked list, with unit tests"}
{"id":"other","text":"Und was ist mit den anderen drei davon?"}
{"id":"done","text":"x y z"}
{"id":"same0","text":"asdf qwer zxcv uiop hjkl number 0"}
`)
	list, err := Unlabelled(strings.NewReader(b.String()), m, textOnly, func(p *chat.Prompt) bool { return p.ID == "done" })
	if err != nil || len(list) != 22 {
		t.Fatalf("%d %v", len(list), err)
	}
	chosen := Choose(list, 2)
	ids := chosen[0].ID + " " + chosen[1].ID
	if !strings.Contains(ids, "other") || !strings.Contains(ids, "same") {
		t.Errorf("picked %s", ids)
	}
	if got := Choose(list, 100); len(got) != 22 {
		t.Errorf("%d of 22 are picked", len(got))
	}
}

func FuzzTraffic(f *testing.F) {
	f.Add([]byte(`{"text":"x","tier":"SIMPLE","score":1}`))
	f.Add([]byte(`{"request_id":"r","prompt":{"text":"x"},"decision":{"tier":"LIGHT"},"feedback":{"score":0}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		examples, _, err := Ledger(strings.NewReader(string(src)), textOnly)
		for _, e := range examples {
			if err == nil && e.Tier == nil && e.SoftTier == nil {
				t.Errorf("%q teaches nothing", src)
			}
		}
	})
}

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// labelledLines are prompts whose intent one word gives away.
func labelledLines(n int) string {
	var b strings.Builder
	for i := range n {
		kind, word := "billing", "invoice"
		if i%2 == 1 {
			kind, word = "technical", "crash"
		}
		fmt.Fprintf(&b, "{\"id\":\"%d\",\"text\":\"Customer %d asks about the %s of last week\",\"kind\":%q}\n", i, i, word, kind)
	}
	return b.String()
}

// A newcomer's way: a head of one's own is trained on the module that Routor comes with, and rules can read it.
func TestTrainOwnHead(t *testing.T) {
	clean(t)
	write(t, "tickets.jsonl", labelledLines(40))
	code, out, notes := routor(t, "", "train", "tickets.jsonl", "--init", "default", "--heads", "intent=kind", "--out", "mine.wasm")
	if code != 0 || !strings.Contains(out, "intent accuracy") || !strings.Contains(notes, "of 40 prompts") {
		t.Fatalf("%d %s %s", code, out, notes)
	}
	prompt := `{"id":"1","text":"There is a crash again"}`
	_, before, _ := routor(t, prompt, "classify")
	code, after, notes := routor(t, prompt, "classify", "--classifier", "mine.wasm")
	if code != 0 || !strings.Contains(after, `"intent":"technical"`) {
		t.Fatalf("%d %s %s", code, after, notes)
	}
	var a, b map[string]any
	if json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(after), &b) != nil {
		t.Fatal(before, after)
	}
	if a["confidence"] != b["confidence"] || a["difficulty"] != b["difficulty"] {
		t.Errorf("the other heads have moved: %s %s", before, after)
	}
	write(t, "policy.yaml", "name: p\nrules:\n  - name: tickets\n    when: label.intent == \"technical\"\n    floor: STANDARD\n")
	if code, out, notes := routor(t, "", "check", "--policy", "policy.yaml", "--classifier", "mine.wasm"); code != 0 {
		t.Errorf("%d %s %s", code, out, notes)
	}
	if code, _, notes := routor(t, "", "bench", "classify", "tickets.jsonl", "--classifier", "mine.wasm", "--heads", "intent=kind"); code != 0 {
		t.Errorf("%d %s", code, notes)
	}
}

func TestTrainOnTraffic(t *testing.T) {
	clean(t)
	write(t, "week.jsonl", `{"request_id":"r1","prompt":{"text":"write a poem"},"decision":{"tier":"LIGHT","category":"writing"},"feedback":{"score":1}}
{"request_id":"r2","prompt":{"text":"prove it"},"decision":{"tier":"LIGHT","category":"math"},"feedback":{"score":0}}
{"request_id":"r3","prompt":{"text":"no feedback"},"decision":{"tier":"LIGHT","category":"math"}}
`)
	write(t, "answers.jsonl", `{"text":"easy","scores":{"a":1,"b":1},"tokens":{"a":10,"b":20}}
{"text":"hard","scores":{"a":1,"b":0}}
{"text":"hardest","scores":{"a":0,"b":0}}
`)
	code, _, notes := routor(t, "", "train", "--init", "default", "--ledger", "week.jsonl", "--outcomes", "answers.jsonl", "--out", "mine.wasm")
	if code != 0 || !strings.Contains(notes, "2 lines teach something, 1 have no text") || !strings.Contains(notes, "of 5 prompts") {
		t.Errorf("%d %s", code, notes)
	}
	for _, c := range []struct{ args, want string }{
		{"train", "name labelled prompts"},
		{"train week.jsonl --heads intent", "NAME=COLUMN"},
		{"train week.jsonl --heads category=kind", "leave --heads out"},
		{"train --ledger none.jsonl", "none.jsonl"},
		{"train answers.jsonl --init none.wasm", "none.wasm"},
	} {
		if code, _, notes := routor(t, "", strings.Fields(c.args)...); code == 0 || !strings.Contains(notes, c.want) {
			t.Errorf("%s: %d %s, want %q", c.args, code, notes, c.want)
		}
	}
}

// Answers come one a line: by number, by beginning, as the guess; what is skipped or done is not written twice.
func TestLabel(t *testing.T) {
	clean(t)
	write(t, "prompts.jsonl", `{"id":"a","text":"Tell me about it"}
{"id":"b","text":"Now the other \u001b[2J thing"}
{"id":"c","text":"asdf qwer"}
{"id":"d","text":"labelled already","category":"math"}
`)
	code, out, notes := routor(t, "?\nmath\nst\nbilling\ns\nnonsense\n1\n\nsales\n", "label", "prompts.jsonl", "--out", "labelled.jsonl", "--head", "intent")
	if code != 0 || out != "" || !strings.Contains(notes, "2 labelled") || strings.Contains(notes, "\x1b") || !strings.Contains(notes, `"nonsense" is none of`) {
		t.Fatalf("%d %s %s", code, out, notes)
	}
	src, err := os.ReadFile("labelled.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(src)), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"category":"math","tier":"STANDARD"`) || !strings.Contains(lines[0], `"intent":"billing"`) ||
		!strings.Contains(lines[1], `"category":"coding"`) {
		t.Fatalf("%s", src)
	}
	code, _, notes = routor(t, "q\n", "label", "prompts.jsonl", "--out", "labelled.jsonl")
	if code != 0 || !strings.Contains(notes, "1 prompts without a label, 2 labelled before") || !strings.Contains(notes, "0 labelled") {
		t.Errorf("%d %s", code, notes)
	}
	if code, _, notes := routor(t, "", "train", "labelled.jsonl", "--init", "default", "--heads", "intent=intent", "--out", "mine.wasm"); code != 0 {
		t.Errorf("%d %s", code, notes)
	}
	if code, out, _ := routor(t, "", "label", "prompts.jsonl", "--out", "labelled.jsonl", "--dry-run"); code != 0 || !strings.Contains(out, "1 of 1") {
		t.Errorf("%d %s", code, out)
	}
}

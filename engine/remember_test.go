package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/providers"
)

// remembered decides a body and gives the record of it, through JSON as replay of a file reads it.
func remembered(t testing.TB, s *Snapshot, body string, w World) (*ledger.Record, *Decision) {
	t.Helper()
	r, err := chat.Read([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	rt := &Routed{Snapshot: s, Request: r, World: w, Decision: NewDecision()}
	if rt.World.Classification == nil {
		s.Classify(r, &rt.input, &rt.class)
		rt.World.Classification = &rt.class
	}
	if err := Decide(s, r, &rt.World, rt.Decision); err != nil {
		t.Fatal(err)
	}
	rec := ledger.NewRecord()
	rec.Time = w.Now
	rt.remember(rec)
	src, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	var again ledger.Record
	if err := json.Unmarshal(src, &again); err != nil {
		t.Fatal(err)
	}
	return &again, rt.Decision
}

// TestRecordsAreDecidedAgain is that a record alone, without a word of the prompt, gives the decision again.
func TestRecordsAreDecidedAgain(t *testing.T) {
	t.Parallel()
	s := shipped(t)
	now := time.Date(2026, 10, 3, 12, 0, 0, 0, time.UTC)
	sick := make([]Health, len(s.Catalog.Deployments))
	for i, dep := range s.Catalog.Deployments {
		sick[i].FirstToken = .1 * float64(i%9)
		if dep.Provider == "anthropic" {
			sick[i] = Health{State: providers.Limited, Until: now.Add(time.Minute), Why: "429"}
		}
	}
	prompts := []string{
		"hi", "thanks!", "Write a SQL query for the three best customers of each month.", "Prove that there are infinitely many primes.",
		"Summarise the history of Rome in five lines.", "Translate 'good morning' into Greek.", "Why is the sky blue?",
		"Design the architecture of a payment system with exactly-once semantics across regions, and argue for each choice.",
	}
	extras := []string{"", `,"max_tokens":100`, `,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]`,
		`,"response_format":{"type":"json_object"}`, `,"routor_tier_floor":"STANDARD"`, `,"routor_tier":"SIMPLE"`, `,"routor_max_cost":0.01`,
		`,"reasoning_effort":"high"`, `,"stream":true,"n":2`, `,"routor_code_quality":2,"routor_chat_quality":0`}
	worlds := map[string]World{
		"fresh": {Now: now, Seed: 7}, "sick": {Now: now, Health: sick, Seed: 9},
		"conversation": {Now: now, Conversation: Conversation{ID: "x", Model: "openai/gpt-5.4", Floor: .6, Cached: 3000, Turns: 4}},
		"key":          {Now: now, Key: &access.Key{ID: "key_1", Name: "app", Team: "legal", Tags: []string{"a"}}},
	}
	models := []string{"auto", "openai/gpt-5.4"}
	n := 0
	d := NewDecision()
	for _, prompt := range prompts {
		for _, extra := range extras {
			for name, w := range worlds {
				for _, model := range models {
					body := says(model, prompt, extra)
					rec, was := remembered(t, s, body, w)
					if strings.Contains(prompt, "customers") && rec.Prompt.Text != "" {
						t.Fatal("the text is kept")
					}
					same, err := Again(s, rec, d)
					if err != nil || !same {
						t.Errorf("%s %s %s: another chain: %v, %v", name, prompt, extra, same, err)
						continue
					}
					if d.Tier != was.Tier || d.Category != was.Category || d.Method != was.Method || d.Best().Cost != was.Best().Cost || d.Baseline != was.Baseline {
						t.Errorf("%s %s %s: another decision: %s %s %v", name, prompt, extra, d.Tier, d.Category, d.Best().Cost)
					}
					n++
				}
			}
		}
	}
	t.Logf("%d decided again", n)
}

// TestHistoryIsRemembered is that a floor which was read from earlier turns counts again, although the turns are not kept.
func TestHistoryIsRemembered(t *testing.T) {
	t.Parallel()
	s := shipped(t)
	body := `{"model":"auto","messages":[{"role":"user","content":"Prove that every finite group of order p^2 is abelian, and classify those of order p^3."},
		{"role":"assistant","content":"Shall I?"},{"role":"user","content":"ok, do it"}]}`
	rec, was := remembered(t, s, body, World{Now: time.Now()})
	if !was.HistoryFloor || rec.Decision.History == 0 {
		t.Fatal("the history sets no floor")
	}
	d := NewDecision()
	if same, err := Again(s, rec, d); err != nil || !same || d.Tier != was.Tier {
		t.Errorf("%v, %v: %s, not %s", same, err, d.Tier, was.Tier)
	}
}

func TestRecordsKeepWhatTheProfileAllows(t *testing.T) {
	t.Parallel()
	now := time.Now()
	u := setup{policy: plainPolicy, profiles: map[string]*access.Profile{
		"default": {}, "nothing": {Prompts: ledger.KeepNone}, "hashed": {Prompts: ledger.KeepHash}, "words": {Prompts: ledger.KeepText},
		"some": {Prompts: ledger.KeepText, PromptSample: ptr(0.)},
	}}
	s := u.snapshot(t)
	for name, want := range map[string]struct {
		keep  string
		facts bool
	}{"default": {ledger.KeepFeatures, true}, "nothing": {ledger.KeepNone, false}, "hashed": {ledger.KeepHash, false}, "words": {ledger.KeepText, true}, "some": {ledger.KeepFeatures, true}} {
		rec, _ := remembered(t, s, says("auto/"+name, "hi there", ""), World{Now: now, Classification: easy})
		if rec.Prompt.Keep != want.keep || (rec.Facts != nil) != want.facts || (rec.Class != nil) != want.facts || rec.Decision == nil {
			t.Errorf("%s keeps %q, facts %v", name, rec.Prompt.Keep, rec.Facts)
		}
		if src := fmt.Sprintf("%+v", rec); strings.Contains(src, "hi there") {
			t.Errorf("%s: the words are there before they are redacted: %s", name, src)
		}
		if _, err := Again(s, rec, NewDecision()); errors.Is(err, ErrNotKept) == want.facts {
			t.Errorf("%s: decided again: %v", name, err)
		}
	}
}

func TestHeadsAreRecalledInPlace(t *testing.T) {
	t.Parallel()
	s := setup{policy: plainPolicy}.snapshot(t)
	s.Heads = map[string][]string{"intent": {"billing", "sales", "other"}, "mood": {"calm", "angry"}}
	rec := &ledger.Record{Facts: &ledger.Facts{}, Class: &ledger.Class{Category: []ledger.Share{{Label: "coding", P: .5}}, Domain: "law",
		Heads: []ledger.Head{{Name: "mood", Labels: []ledger.Share{{Label: "angry", P: 1}}}, {Name: "intent", Labels: []ledger.Share{{Label: "other", P: .75}, {Label: "gone", P: .25}}}}},
		Decision: &ledger.Decision{}}
	r := NewRecaller(s)
	if err := r.Recall(rec); err != nil {
		t.Fatal(err)
	}
	c := r.World.Classification
	if len(c.Heads) != 2 || c.Heads[0].P[1] != 1 || len(c.Heads[1].P) != 3 || c.Heads[1].P[2] != .75 || c.Category[label.Coding] != 1 || c.BestDomain().String() != "law" {
		t.Errorf("%+v", c)
	}
	var _ classifiers.Result = *c
}

func BenchmarkRemember(b *testing.B) {
	s := shipped(b)
	r, err := chat.Read([]byte(says("auto", "Write a SQL query for the three best customers of each month.", "")))
	if err != nil {
		b.Fatal(err)
	}
	rt := &Routed{Snapshot: s, Request: r, World: World{Now: time.Now()}, Decision: NewDecision()}
	s.Classify(r, &rt.input, &rt.class)
	rt.World.Classification = &rt.class
	if err := Decide(s, r, &rt.World, rt.Decision); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		rec := ledger.NewRecord()
		rt.remember(rec)
		rec.Release()
	}
}

func BenchmarkAgain(b *testing.B) {
	s := shipped(b)
	rec, _ := remembered(b, s, says("auto", "Write a SQL query for the three best customers of each month.", ""), World{Now: time.Now()})
	r, d := NewRecaller(s), NewDecision()
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Recall(rec); err != nil {
			b.Fatal(err)
		}
		if err := Decide(s, &r.Request, &r.World, d); err != nil {
			b.Fatal(err)
		}
	}
}

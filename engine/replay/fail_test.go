package replay

import (
	"strings"
	"testing"
)

func ptr(x float64) *float64 { return &x }

var someResult = &Result{
	Asked: 1000, Replayed: 900, Moved: 90, Impossible: 1,
	Cost: Figure{Before: ptr(10), After: ptr(11)}, Quality: Figure{Before: ptr(.9), After: ptr(.894)}, Latency: Figure{Before: ptr(400), After: ptr(440)},
}

func TestConditions(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"cost > +5%": "true +10%", "cost>5%": "true +10%", "cost > 10.5 %": "false +10%", "cost <= 0%": "false +10%",
		"quality < -0.5 points": "true -0.6 points", "quality < -1 point": "false -0.6 points", "quality < -0.1%": "true -0.6667%",
		"latency > +50ms": "false +40ms", "latency >= +10%": "true +10%", "impossible > 0": "true 1", "impossible > 1%": "false 0.1111%",
		"moved > 20%": "false 10%", "moved > 89": "true 90", "replayed < 95%": "true 90%",
	} {
		c, err := ParseCondition(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		holds, value := c.Holds(someResult)
		if got := map[bool]string{true: "true ", false: "false "}[holds] + value; got != want {
			t.Errorf("%s: %s, want %s", source, got, want)
		}
		if holds, value := c.Holds(&Result{}); !holds || value != "unknown" {
			t.Errorf("%s of nothing: %v %s", source, holds, value)
		}
	}
}

func TestConditionsAreStrict(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                  "has no > or <",
		"cost":              "has no > or <",
		"cots > 5%":         "did you mean cost?",
		"price > 5%":        "it is one of cost, quality",
		"cost > 5":          "has no unit",
		"cost > 5ms":        "not told in ms",
		"cost == 5%":        "something else than",
		"cost => 5%":        "something else than",
		"cost >== 5%":       "something else than",
		"cost > five%":      "is no bound",
		"cost > 5% and x":   "is no bound",
		"cost > %":          "is no bound",
		"cost > NaN%":       "is no bound",
		"cost > Inf%":       "is no bound",
		"cost > 0x1p4%":     "is no bound",
		"quality < -1":      "has no unit",
		"impossible > 3 ms": "not told in ms",
	} {
		if _, err := ParseCondition(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

// FuzzCondition: whatever is written, it is read or refused with a reason; and what is read gives an answer.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{"cost > +5%", "quality < -0.5 points", "latency >= 50ms", "impossible > 0", "moved > 20%", "x", ">", "cost > 1e400%", "cost > +-5%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		c, err := ParseCondition(source)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("no reason")
			}
			return
		}
		if _, value := c.Holds(someResult); value == "" || value == "unknown" {
			t.Fatalf("%q: %q", source, value)
		}
	})
}

// FuzzLine: whatever a line holds, it is a record, a request, or refused with a reason; and what is taken can be tallied.
func FuzzLine(f *testing.F) {
	for _, s := range []string{
		`{"model":"auto","messages":[{"role":"user","content":"hi"}]}`, `{"request_id":"r","time":"2026-01-01T00:00:00Z"}`, `{}`, `[]`, `{"messages":null}`, `{"messages":1}`,
		`{"request_id":"r","time":"2026-01-01T00:00:00Z","facts":{"turns":-1},"class":{"category":[{"label":"coding","p":1e30}]},"decision":{"chain":[]},"fields":{"tier":"x"}}`,
	} {
		f.Add([]byte(s))
	}
	s := snapshot(f, "rules: []")
	f.Fuzz(func(t *testing.T, line []byte) {
		rec, body, err := new(reader).read(line)
		switch {
		case err != nil:
			return
		case (rec == nil) == (body == nil):
			t.Fatal("it is neither a record nor a request, or both")
		}
		if body != nil {
			body.Release()
		}
		w := newWorker(&Options{Before: s, After: s, Health: Recorded, Movers: 1})
		if err := w.one(&Item{Line: line, Number: 1}); err != nil {
			t.Fatalf("it was read, and now: %v", err)
		}
		if w.tally.asked != 1 {
			t.Fatalf("%d asked", w.tally.asked)
		}
	})
}

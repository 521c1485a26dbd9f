package engine

import (
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
)

// Rehearsal decides requests as if they had come at another time, and writes down what was decided, for a past that somebody
// makes up. Nothing is sent. It is for one goroutine.
type Rehearsal struct {
	rt    Routed
	times [3]time.Duration // reading, classifying, deciding
}

// Decide decides a request by a snapshot and a world, of which Classification is not nil, and writes into the record who asked,
// what the request is like, and the decision. What became of it is the caller's to write. The decision is valid until the next
// call, the error is a *DecideError.
func (h *Rehearsal) Decide(s *Snapshot, r *chat.Request, w *World, rec *ledger.Record) (*Decision, error) {
	if h.rt.Decision == nil {
		h.rt.Decision = NewDecision()
	}
	d := h.rt.Decision
	began := time.Now()
	err := Decide(s, r, w, d)
	d.Reading, d.Classifying, d.Deciding = h.times[0], h.times[1], time.Since(began)
	h.rt.Snapshot, h.rt.Request, h.rt.World = s, r, *w
	h.rt.remember(rec)
	return d, err
}

// Classify asks a snapshot's classifier, and notes how long that and the reading before it took for the records to come.
func (h *Rehearsal) Classify(s *Snapshot, r *chat.Request, reading time.Duration, out *classifiers.Result) {
	began := time.Now()
	var in classifiers.Input
	s.Classify(r, &in, out)
	h.times[0], h.times[1] = reading, time.Since(began)
}

// AtBaseline is what tokens cost at the policy's baseline model, to which nothing of the prompt is known; 0 = unknown.
func (s *Snapshot) AtBaseline(t catalog.Tokens) catalog.Money {
	if s.baseline == nil {
		return 0
	}
	return max(s.baseline.Prices.Cost(catalog.Tokens{Input: t.Prompt() - t.AudioInput, AudioInput: t.AudioInput, Output: t.Output, AudioOutput: t.AudioOutput}, ""), 0)
}

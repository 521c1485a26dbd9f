package replay

import (
	"context"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
)

// worker decides items on both sides and tallies them. It is for one goroutine.
type worker struct {
	o             *Options
	before, after side
	shared        bool // both sides classify alike
	reader
	tally *tally
}

// side is one of the two snapshots with what it decides by.
type side struct {
	s        *engine.Snapshot
	recaller *engine.Recaller
	d        *engine.Decision
	of       *ledger.Health
	up       []engine.Health
	input    classifiers.Input
	class    classifiers.Result
	outcome
}

// outcome is what came of a decision, in brief.
type outcome struct {
	refusal *engine.DecideError // nil = a model was found
	dep     *catalog.Deployment
	effort  string
	tier    label.Tier
	cost    catalog.Money // expected
	quality float64
	first   float64 // expected seconds to the first token; 0 = unknown
	worth   float64
}

func newWorker(o *Options) *worker {
	w := &worker{o: o, shared: o.Before.Classifier == o.After.Classifier, tally: newTally(o)}
	w.before.init(o.Before)
	w.after.init(o.After)
	return w
}

func (s *side) init(snapshot *engine.Snapshot) {
	s.s, s.recaller, s.d = snapshot, engine.NewRecaller(snapshot), new(engine.Decision)
}

func (w *worker) decide(ctx context.Context, items []Item) error {
	for i := range items {
		if i%paced == 0 {
			if w.o.Pace != nil {
				w.o.Pace()
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		if err := w.one(&items[i]); err != nil {
			return err
		}
		items[i] = Item{}
	}
	return nil
}

func (w *worker) one(it *Item) error {
	rec := it.Record
	if rec == nil {
		var body *chat.Request
		var err error
		if rec, body, err = w.read(it.Line); err != nil {
			return fmt.Errorf("line %d: %w", it.Number, err)
		}
		if body != nil {
			defer body.Release()
			w.request(it, body)
			return nil
		}
	}
	w.record(rec)
	return nil
}

// record decides a record on both sides, if it holds what that takes.
func (w *worker) record(rec *ledger.Record) {
	w.tally.asked++
	w.tally.at(rec.Time)
	if why := w.unkept(rec); why != "" {
		w.tally.reasons[why]++
		return
	}
	if rec.Prompt.Text == "" {
		w.tally.wordless++
	}
	for _, s := range [...]*side{&w.before, &w.after} {
		if err := s.recaller.Recall(rec); err != nil {
			w.tally.reasons[whyNot(err)]++
			return
		}
		world := &s.recaller.World
		if w.o.Seed != nil {
			world.Seed ^= *w.o.Seed
		}
		if w.o.Health == AllUp {
			world.Health = s.allUp(rec.World.Health, world.Health)
		}
		if w.o.Reclassify {
			world.Classification, s.recaller.Request.Context = nil, rec.Prompt.Context
		}
		s.run(&s.recaller.Request, world)
	}
	w.tally.add(w, rec, nil)
}

// unkept is why a record can't be decided again; "" = it can.
func (w *worker) unkept(rec *ledger.Record) string {
	switch keep := rec.Prompt.Keep; {
	case rec.Facts != nil && rec.Class != nil && rec.Decision != nil:
	case keep == ledger.KeepNone || keep == ledger.KeepHash:
		return "no features kept (prompts: " + keep + " in their profile)"
	default:
		return "refused before they were classified"
	}
	if w.o.Reclassify && rec.Prompt.Text == "" {
		return "no text kept, which another classifier needs (prompts: text in their profile keeps it)"
	}
	return ""
}

func whyNot(err error) string {
	if errors.Is(err, engine.ErrNotKept) {
		return "no features kept"
	}
	return err.Error()
}

// request decides a request as a client would send it, at the time of the run, with everything healthy.
func (w *worker) request(it *Item, r *chat.Request) {
	w.tally.asked++
	world := engine.World{Now: w.o.Now, Seed: xxhash.Sum64(it.Line)}
	if w.o.Seed != nil {
		world.Seed ^= *w.o.Seed
	}
	if w.shared {
		w.before.s.Classify(r, &w.before.input, &w.before.class)
		world.Classification = &w.before.class
	}
	w.before.run(r, &world)
	w.after.run(r, &world)
	w.tally.add(w, &ledger.Record{ID: fmt.Sprintf("line %d", it.Number), Time: w.o.Now, Prompt: ledger.Prompt{Text: r.Text}}, r)
}

func (s *side) run(r *chat.Request, world *engine.World) {
	s.outcome = outcome{}
	if err := engine.Decide(s.s, r, world, s.d); err != nil {
		refusal, ok := err.(*engine.DecideError)
		if !ok {
			refusal = &engine.DecideError{Code: "error", Message: err.Error()}
		}
		s.refusal = refusal
		return
	}
	c := s.d.Best()
	s.outcome = outcome{dep: c.Deployment, effort: c.Effort, tier: s.d.Tier, cost: c.Spend(), quality: c.Quality, first: c.FirstToken, worth: s.d.Worth}
}

// allUp is health without its troubles. One state of health serves many records.
func (s *side) allUp(of *ledger.Health, health []engine.Health) []engine.Health {
	if of == nil || of == s.of {
		if of == nil {
			return nil
		}
		return s.up
	}
	s.of, s.up = of, make([]engine.Health, len(health))
	for i := range health {
		s.up[i].FirstToken = health[i].FirstToken
	}
	return s.up
}

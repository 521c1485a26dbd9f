package replay

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/ledger"
)

// sum is a figure added up over requests, before and after.
type sum struct {
	before, after                 float64
	n                             int
	beforeMeasured, afterMeasured int
}

func (s *sum) add(p pair) {
	s.before += p.before
	s.after += p.after
	s.n++
	if p.beforeMeasured {
		s.beforeMeasured++
	}
	if p.afterMeasured {
		s.afterMeasured++
	}
}

func (s *sum) merge(o sum) {
	s.before += o.before
	s.after += o.after
	s.n += o.n
	s.beforeMeasured += o.beforeMeasured
	s.afterMeasured += o.afterMeasured
}

// shares count requests by a name, before and after.
type shares map[string]*[2]int

func (s shares) add(name string, side int) {
	n := s[name]
	if n == nil {
		n = new([2]int)
		s[name] = n
	}
	n[side]++
}

func (s shares) merge(o shares) {
	for name, n := range o {
		if s[name] == nil {
			s[name] = new([2]int)
		}
		s[name][0] += n[0]
		s[name][1] += n[1]
	}
}

func (s shares) list() []Share {
	list := make([]Share, 0, len(s))
	for name, n := range s {
		list = append(list, Share{Name: name, Before: n[0], After: n[1]})
	}
	slices.SortFunc(list, func(a, b Share) int {
		return cmp.Or(cmp.Compare(max(b.Before, b.After), max(a.Before, a.After)), cmp.Compare(b.After, a.After), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// way is from where to where requests moved.
type way struct{ from, to string }

// moved are the requests that went one way, with those of them that moved most.
type moved struct {
	n    int
	cost sum
	top  []Mover
}

// mostOfAWay is how many requests of one way are shown: all of them may have moved alike.
const mostOfAWay = 3

// mostImpossible is how many requests that became impossible are shown.
const mostImpossible = 100

// tally is what came of all requests of a worker.
type tally struct {
	asked, replayed               int
	reasons                       map[string]int
	wordless                      int
	moves, gone, came, refused    int
	from, to                      time.Time
	cost, quality, latency        sum
	expectedCost, expectedQuality float64 // after, of requests that get a model
	expected                      int     // how many those are
	models, providers, tiers      shares
	ways                          map[way]*moved
	goneWhy, refusedWhy           map[string]int
	impossible                    []Impossible
	movers                        int
	readsWords                    bool
}

func newTally(o *Options) *tally {
	reads := o.Before.Policy.Reads("text") || o.Before.Policy.Reads("system") || o.After.Policy.Reads("text") || o.After.Policy.Reads("system")
	return &tally{reasons: map[string]int{}, models: shares{}, providers: shares{}, tiers: shares{}, ways: map[way]*moved{}, goneWhy: map[string]int{}, refusedWhy: map[string]int{},
		movers: o.Movers, readsWords: reads}
}

// at notes when a request came.
func (t *tally) at(x time.Time) {
	if t.from.IsZero() || x.Before(t.from) {
		t.from = x
	}
	if x.After(t.to) {
		t.to = x
	}
}

// add takes in what came of a request on both sides. r is the request where it is none of a record's.
func (t *tally) add(w *worker, rec *ledger.Record, r *chat.Request) {
	t.replayed++
	b, a := &w.before.outcome, &w.after.outcome
	for side, o := range [...]*outcome{b, a} {
		if o.refusal == nil {
			t.models.add(o.dep.Model.ID, side)
			t.providers.add(o.dep.Provider, side)
			t.tiers.add(o.tier.String(), side)
		} else {
			t.models.add(noModel, side)
			t.providers.add(noModel, side)
			t.tiers.add(noModel, side)
		}
	}
	if a.refusal == nil {
		t.expected++
		t.expectedCost += a.cost.USD()
		t.expectedQuality += finite(a.quality)
	}
	switch {
	case b.refusal != nil && a.refusal != nil:
		t.refused++
		if why := a.refusal.Message; len(t.refusedWhy) < 1000 || t.refusedWhy[why] > 0 {
			t.refusedWhy[why]++
		}
		return
	case b.refusal != nil:
		t.came++
		return
	case a.refusal != nil:
		t.lost(rec, b, a)
		return
	}
	var p [2]pair
	spentBefore, okBefore := b.spent(rec, w.before.s.Catalog)
	spentAfter, okAfter := a.spent(rec, w.after.s.Catalog)
	p[0] = paired(spentBefore.USD(), okBefore, spentAfter.USD(), okAfter, b.cost.USD(), a.cost.USD())
	t.cost.add(p[0])
	if !math.IsNaN(b.quality) && !math.IsNaN(a.quality) {
		t.quality.add(pair{before: b.quality, after: a.quality})
	}
	waitedBefore, okBefore := b.waited(rec)
	waitedAfter, okAfter := a.waited(rec)
	// Of a latency that was measured nothing follows for the other side where none was expected.
	okBefore, okAfter = okBefore && (okAfter || b.first > 0), okAfter && (okBefore || a.first > 0)
	if p[1] = paired(waitedBefore, okBefore, waitedAfter, okAfter, b.first, a.first); p[1].before > 0 && p[1].after > 0 {
		t.latency.add(p[1])
	}
	if b.dep.ID == a.dep.ID && b.effort == a.effort {
		return
	}
	t.move(w, rec, r, p[0])
}

// noModel stands for a model where a request gets none.
const noModel = "(none)"

// lost notes a request that becomes impossible.
func (t *tally) lost(rec *ledger.Record, b, a *outcome) {
	t.gone++
	why := a.refusal.Message
	if len(t.goneWhy) < 1000 || t.goneWhy[why] > 0 {
		t.goneWhy[why]++
	}
	if len(t.impossible) < mostImpossible {
		t.impossible = append(t.impossible, Impossible{ID: rec.ID, At: rec.Time, Prompt: head(rec.Prompt.Text), Before: b.dep.Model.ID, Code: a.refusal.Code, Rule: a.refusal.Rule, Why: why})
	}
}

func (t *tally) move(w *worker, rec *ledger.Record, r *chat.Request, cost pair) {
	t.moves++
	b, a := &w.before.outcome, &w.after.outcome
	k := wayOf(b, a)
	m := t.ways[k]
	if m == nil {
		m = &moved{}
		t.ways[k] = m
	}
	m.n++
	m.cost.add(cost)
	// How much: in money, with quality at what a fully right answer is worth.
	much := math.Abs(cost.after-cost.before) + math.Max(b.worth, a.worth)*math.Abs(a.quality-b.quality)
	if math.IsNaN(much) {
		much = 0
	}
	if len(m.top) == mostOfAWay && !(much > m.top[mostOfAWay-1].much) {
		return
	}
	x := Mover{ID: rec.ID, At: rec.Time, Prompt: head(rec.Prompt.Text), much: much,
		Before: chosen(b, cost.before, why(w.before.s, w.before.d, a.dep)), After: chosen(a, cost.after, why(w.after.s, w.after.d, b.dep))}
	if rec.Decision != nil {
		x.Category = rec.Decision.Category
	} else {
		x.Category = w.after.d.Category.String()
	}
	m.top = append(m.top, x)
	slices.SortStableFunc(m.top, farthest)
	m.top = m.top[:min(len(m.top), mostOfAWay)]
}

func farthest(a, b Mover) int {
	return cmp.Or(cmp.Compare(b.much, a.much), cmp.Compare(a.ID, b.ID))
}

// wayOf names where a request moved from and to: by model, and where that stays by deployment or effort.
func wayOf(b, a *outcome) way {
	from, to := b.dep.Model.ID, a.dep.Model.ID
	if from == to && b.dep != a.dep && b.dep.ID != a.dep.ID {
		from, to = b.dep.ID, a.dep.ID
	}
	if from == to {
		from, to = withEffort(from, b.effort), withEffort(to, a.effort)
	}
	return way{from, to}
}

func withEffort(name, effort string) string {
	if effort == "" {
		effort = "default"
	}
	return name + " (" + effort + ")"
}

func chosen(o *outcome, cost float64, why string) Chosen {
	return Chosen{Model: o.dep.Model.ID, Deployment: o.dep.ID, Effort: o.effort, Tier: o.tier.String(), Cost: cost, Quality: finite(o.quality), Why: why}
}

func finite(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0
	}
	return x
}

// head is the begin of a prompt, in one line.
func head(text string) string {
	if len(text) > 1000 {
		text = strings.ToValidUTF8(text[:1000], "")
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 120 {
		return string(r[:119]) + "…"
	}
	return text
}

func (t *tally) merge(o *tally) {
	t.asked += o.asked
	t.replayed += o.replayed
	t.wordless += o.wordless
	t.moves += o.moves
	t.gone += o.gone
	t.came += o.came
	t.refused += o.refused
	if !o.from.IsZero() {
		t.at(o.from)
		t.at(o.to)
	}
	t.cost.merge(o.cost)
	t.quality.merge(o.quality)
	t.latency.merge(o.latency)
	t.models.merge(o.models)
	t.providers.merge(o.providers)
	t.tiers.merge(o.tiers)
	for why, n := range o.reasons {
		t.reasons[why] += n
	}
	for why, n := range o.refusedWhy {
		t.refusedWhy[why] += n
	}
	for why, n := range o.goneWhy {
		t.goneWhy[why] += n
	}
	for k, m := range o.ways {
		if mine := t.ways[k]; mine != nil {
			mine.n += m.n
			mine.cost.merge(m.cost)
			mine.top = append(mine.top, m.top...)
			slices.SortStableFunc(mine.top, farthest)
			mine.top = mine.top[:min(len(mine.top), mostOfAWay)]
			continue
		}
		t.ways[k] = m
	}
	t.impossible = append(t.impossible, o.impossible...)
}

// tierOrder sorts shares of tiers from easy to hard.
func tierOrder(list []Share) {
	place := func(s Share) int {
		if t, ok := label.ParseTier(s.Name); ok {
			return int(t)
		}
		return label.NumTiers
	}
	slices.SortStableFunc(list, func(a, b Share) int { return cmp.Compare(place(a), place(b)) })
}

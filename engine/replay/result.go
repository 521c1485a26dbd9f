package replay

import (
	"cmp"
	"slices"
	"time"

	"github.com/routor/routor/engine"
)

// Result is what a replay found. Shares are counts of requests; money is USD, quality 0..1, latency milliseconds to the first token.
type Result struct {
	Asked    int `json:"asked"`    // requests looked at
	Replayed int `json:"replayed"` // of them, decided again on both sides
	// Reasons are why the others could not be, with how many.
	Reasons map[string]int `json:"reasons"`
	// Wordless is how many were replayed without their words, which a rule of either policy reads; 0 where none does.
	Wordless int       `json:"wordless,omitempty"`
	Health   string    `json:"health"`
	From     time.Time `json:"from,omitzero"`
	To       time.Time `json:"to,omitzero"`
	Before   Version   `json:"before"`
	After    Version   `json:"after"`

	Moved          int `json:"moved"`
	Impossible     int `json:"impossible"`      // answered before, refused after
	BecamePossible int `json:"became_possible"` // the other way round
	RefusedBoth    int `json:"refused_both"`

	Cost    Figure `json:"cost"`       // of all requests that both sides answer
	Quality Figure `json:"quality"`    // expected, mean
	Latency Figure `json:"latency_ms"` // mean

	Models    []Share `json:"models"`
	Providers []Share `json:"providers"`
	Tiers     []Share `json:"tiers"`

	Moves              []Move       `json:"moves"`
	Movers             []Mover      `json:"movers"`
	ImpossibleWhy      []Reason     `json:"impossible_why"`
	ImpossibleRequests []Impossible `json:"impossible_requests"`
	RefusedWhy         []Reason     `json:"refused_why"` // on both sides: in the draft's words
	Curve              *Curve       `json:"curve,omitempty"`

	MS        float64 `json:"ms"`
	PerSecond float64 `json:"per_second"`
}

// Version is what a side decided by.
type Version struct {
	Policy     string `json:"policy"`
	Hash       string `json:"hash"`
	Catalog    string `json:"catalog"`
	Classifier string `json:"classifier,omitempty"`
}

// Figure is a figure before and after, over the same requests, null where there is none to speak of.
type Figure struct {
	Before *float64 `json:"before"`
	After  *float64 `json:"after"`
	// Measured and Estimated are on how many requests After rests on what was recorded, and on how many on what is expected.
	Measured  int `json:"measured"`
	Estimated int `json:"estimated"`
	// The same of Before.
	BeforeMeasured  int `json:"before_measured"`
	BeforeEstimated int `json:"before_estimated"`
}

// Change is After against Before, as a share of Before; known is false where there is no such share.
func (f Figure) Change() (change float64, known bool) {
	if f.Before == nil || f.After == nil || *f.Before <= 0 {
		return 0, false
	}
	return *f.After/(*f.Before) - 1, true
}

// Sample is on how many requests the figure rests.
func (f Figure) Sample() int { return f.Measured + f.Estimated }

// Share is how many requests go to a model, to a provider, or are of a tier.
type Share struct {
	Name   string `json:"name"`
	Before int    `json:"before"`
	After  int    `json:"after"`
}

// Move is how many requests move from one model to another, and what they cost. Where the model stays, the names say what changes.
type Move struct {
	From       string  `json:"from"`
	To         string  `json:"to"`
	N          int     `json:"n"`
	CostBefore float64 `json:"cost_before"`
	CostAfter  float64 `json:"cost_after"`
}

// Mover is a request that moves, with the reason on each side.
type Mover struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Prompt   string    `json:"prompt,omitempty"` // its begin, where its text is kept
	Category string    `json:"category"`
	Before   Chosen    `json:"before"`
	After    Chosen    `json:"after"`

	much float64
}

// Chosen is what a side chose, and why.
type Chosen struct {
	Model      string  `json:"model"`
	Deployment string  `json:"deployment"`
	Effort     string  `json:"effort,omitempty"`
	Tier       string  `json:"tier"`
	Cost       float64 `json:"cost"`
	Quality    float64 `json:"quality"`
	Why        string  `json:"why"`
}

// Reason is why requests become impossible, and how many.
type Reason struct {
	Why string `json:"why"`
	N   int    `json:"n"`
}

// Impossible is a request that was answered before and is refused after.
type Impossible struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Prompt string    `json:"prompt,omitempty"`
	Before string    `json:"before"` // the model
	Code   string    `json:"code"`
	Rule   string    `json:"rule,omitempty"`
	Why    string    `json:"why"`
}

// WithoutPrompts takes the words of requests out, for those who may not read them.
func (r *Result) WithoutPrompts() {
	for i := range r.Movers {
		r.Movers[i].Prompt = ""
	}
	for i := range r.ImpossibleRequests {
		r.ImpossibleRequests[i].Prompt = ""
	}
}

func (s *sum) figure(mean bool, scale float64) Figure {
	f := Figure{Measured: s.afterMeasured, Estimated: s.n - s.afterMeasured, BeforeMeasured: s.beforeMeasured, BeforeEstimated: s.n - s.beforeMeasured}
	if s.n == 0 {
		return f
	}
	before, after := s.before*scale, s.after*scale
	if mean {
		before, after = before/float64(s.n), after/float64(s.n)
	}
	f.Before, f.After = &before, &after
	return f
}

func versionOf(s *engine.Snapshot) Version {
	v := Version{Policy: s.Policy.Name, Hash: s.Policy.Hash, Catalog: s.Catalog.Version}
	if s.Classifier != nil {
		card := s.Classifier.Card()
		v.Classifier = card.Name + " " + card.Version
	}
	return v
}

func (t *tally) result(o *Options) *Result {
	r := &Result{
		Asked: t.asked, Replayed: t.replayed, Reasons: t.reasons, Health: o.Health, From: t.from, To: t.to, Before: versionOf(o.Before), After: versionOf(o.After),
		Moved: t.moves, Impossible: t.gone, BecamePossible: t.came, RefusedBoth: t.refused,
		Cost: t.cost.figure(false, 1), Quality: t.quality.figure(true, 1), Latency: t.latency.figure(true, 1000),
		Models: t.models.list(), Providers: t.providers.list(), Tiers: t.tiers.list(),
		Moves: []Move{}, Movers: []Mover{}, ImpossibleRequests: t.impossible,
	}
	if t.readsWords {
		r.Wordless = t.wordless
	}
	tierOrder(r.Tiers)
	for k, m := range t.ways {
		r.Moves = append(r.Moves, Move{k.from, k.to, m.n, m.cost.before, m.cost.after})
		r.Movers = append(r.Movers, m.top...)
	}
	slices.SortFunc(r.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	slices.SortFunc(r.Movers, farthest)
	r.Movers = r.Movers[:min(len(r.Movers), o.Movers)]
	r.ImpossibleWhy, r.RefusedWhy = sortedReasons(t.goneWhy), sortedReasons(t.refusedWhy)
	if r.ImpossibleRequests == nil {
		r.ImpossibleRequests = []Impossible{}
	}
	slices.SortStableFunc(r.ImpossibleRequests, func(a, b Impossible) int { return a.At.Compare(b.At) })
	r.ImpossibleRequests = r.ImpossibleRequests[:min(len(r.ImpossibleRequests), mostImpossible)]
	return r
}

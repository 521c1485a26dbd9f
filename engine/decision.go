// Package engine decides which model gets a request and sees to it that the request is answered.
package engine

import (
	"sync"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// World is everything besides snapshot and request that a decision may look at: plain values gathered before the call and
// kept with the record, so that replay can repeat it.
type World struct {
	Now  time.Time
	Key  *access.Key // nil = no key (loopback)
	Seed uint64      // of `split`; stable for a conversation
	// Health is by Deployment.Index; nil = all healthy.
	Health       []Health
	Patience     time.Duration // how long a request may wait for a candidate that is cooling down
	Conversation Conversation
	Keeper       string // the provider that keeps what the request goes on from; "" = unknown, or it goes on from nothing
	// Learned is what feedback has taught of models, for profiles that learn; nil = nothing.
	Learned *Learned
	// Classification is the answer of an earlier run; nil = ask the classifier.
	Classification *classifiers.Result
}

// Health is what is known of a deployment now.
type Health struct {
	State      providers.State
	Until      time.Time // of a cooldown; zero = until something better is heard
	FirstToken float64   // seconds, smoothed; 0 = unknown
	Since      time.Time // when it began
	Why        string    // in short, for people
}

// Conversation is what came before in the same conversation; the zero value is a first turn.
type Conversation struct {
	ID     string
	Model  string  // deployment id that answered last
	Floor  float64 // difficulty that the conversation needed so far
	Cached int     // prompt tokens that Model's provider has cached
	Turns  int
}

// Decision is a chain of candidates with every reason that led to it. A reused Decision allocates next to nothing; it is
// valid until it is decided again.
type Decision struct {
	Asked    string // "model" as sent
	Method   string // auto, tier, direct
	Profile  string
	Policy   string
	Snapshot uint64

	Class        classifiers.Result
	Category     label.Category
	Domain       label.Domain
	Difficulty   float64 // after floors, ceilings and history
	History      float64 // difficulty that the conversation asked for at least; 0 = nothing
	Tier         label.Tier
	Unsure       bool
	HistoryFloor bool
	ToolLoop     bool   // goes back to the model that made the calls
	Affinity     bool   // a warm prompt cache was part of the price of leaving
	Learned      string // version of what was learned and moved expected quality; "" = nothing did

	Candidates []Candidate // every deployment that came into question
	Idle       []Candidate // the others: out whatever is asked, in the snapshot's own memory
	Chain      []int       // indexes into Candidates, best first
	Rules      []policies.Trace
	Notes      []string // bounds that met, requests narrowed, prices frozen …

	Completion                     int           // expected completion tokens of an average model
	Worth                          float64       // USD of a fully right answer, at the balance that counted
	Baseline                       catalog.Money // what Chain[0]'s expected tokens cost at the policy's baseline model; 0 = unknown
	Reading, Classifying, Deciding time.Duration // measured by Route; zero elsewhere

	policy *policies.Policy // for the names of rules
	scratch
}

// Candidate is a deployment with a reasoning effort, and why it fell out or what it is worth.
type Candidate struct {
	Deployment *catalog.Deployment
	Effort     string  // "" = the model's own default
	Out        string  // why it fell out; "" = it is in
	OutBy      string  // status, capability, profile, health, rule, request, adequacy
	Quality    float64 // expected, 0..1
	Guessed    bool    // nothing public is known of the model's quality
	Tokens     int     // expected output tokens, reasoning included
	Cost       catalog.Money
	Estimated  bool          // the price is unknown; the baseline's stands in
	CacheLoss  catalog.Money // what leaving a warm cache costs, part of Cost
	FirstToken float64       // expected seconds; 0 = unknown
	Left       time.Duration // of its cooldown; 0 = none, or unknown
	Bonus      float64       // of prefer and avoid
	Reasons    []policies.Reason
	Value      float64
	SafetyNet  bool

	effort  int  // index of Effort in the model's; noEffort = its default
	rank    int  // of the chain: lower goes first, whatever the value
	chained bool // it is in the chain
	spare   bool // it is down, and asked only after all that are not
}

// Spend is what asking the candidate is expected to cost in itself, what becomes of a cache left aside.
func (c *Candidate) Spend() catalog.Money { return c.Cost - c.CacheLoss }

// The stages at which a candidate falls out.
const (
	byStatus     = "status"
	byCapability = "capability"
	byProfile    = "profile"
	byHealth     = "health"
	byRule       = "rule"
	byRequest    = "request"
	byAdequacy   = "adequacy"
)

// scratch is what a Decision reuses from one request to the next.
type scratch struct {
	input    classifiers.Input
	first    classifiers.Result
	borrowed bool // Class.Heads belong to World.Classification
	capped   bool // a ceiling lowered the difficulty
	req      policies.Request
	matched  policies.Matched
	cands    []policies.Candidate
	verdicts []policies.Verdict
	index    []int // of cands in Candidates
	named    []*catalog.Model
	down     func(provider string) bool

	snapshot  *Snapshot
	world     *World
	warm      *catalog.Deployment // has the conversation's prompt cached
	cacheLoss catalog.Money
}

var decisions = sync.Pool{New: func() any { return new(Decision) }}

// NewDecision takes a Decision from the pool; Release gives it back.
func NewDecision() *Decision { return decisions.Get().(*Decision) }

// Release gives the Decision back to the pool. Nothing of it may be used after that.
func (d *Decision) Release() {
	d.reset()
	decisions.Put(d)
}

// reset empties d and keeps its memory.
func (d *Decision) reset() {
	keep := d.scratch
	class := classifiers.Result{}
	if !keep.borrowed {
		class.Heads = d.Class.Heads[:0]
	}
	clear(d.Candidates)
	clear(d.Notes)
	*d = Decision{
		Class: class, Candidates: d.Candidates[:0], Chain: d.Chain[:0], Rules: d.Rules[:0], Notes: d.Notes[:0], scratch: keep,
	}
	d.borrowed, d.capped = false, false
	d.snapshot, d.world, d.warm, d.cacheLoss = nil, nil, nil, 0
	clear(d.named)
	d.named = d.named[:0]
}

func (d *Decision) note(s string) { d.Notes = append(d.Notes, s) }

// Best is the candidate that is asked first; nil = there is none.
func (d *Decision) Best() *Candidate {
	if len(d.Chain) == 0 {
		return nil
	}
	return &d.Candidates[d.Chain[0]]
}

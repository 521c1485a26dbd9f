// Package engine decides which model gets a request and sees to it that the request is answered.
package engine

import (
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
	Seed uint64      // of `split`
	// Health is by Deployment.Index; nil = all healthy.
	Health       []Health
	Conversation Conversation
	// Classification is the answer of an earlier run; nil = ask the classifier.
	Classification *classifiers.Result
}

// Health is what is known of a deployment now.
type Health struct {
	State      providers.State
	Until      time.Time // of a cooldown
	FirstToken float64   // seconds, smoothed; 0 = unknown
}

// Conversation is what came before in the same conversation; the zero value is a first turn.
type Conversation struct {
	ID     string
	Model  string  // deployment id that answered last
	Floor  float64 // difficulty that the conversation needed so far
	Cached int     // prompt tokens that Model's provider has cached
	Turns  int
}

// Decision is a chain of candidates with every reason that led to it.
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
	Tier         label.Tier
	Unsure       bool
	HistoryFloor bool
	Affinity     bool // a warm prompt cache was part of the price of leaving

	Candidates []Candidate // every deployment that was looked at
	Chain      []int       // indexes into Candidates, best first
	Rules      []policies.Trace
	Notes      []string // bounds that met, requests narrowed, prices frozen …

	Completion                     int           // expected completion tokens of an average model
	Baseline                       catalog.Money // expected cost at the policy's baseline model
	Reading, Classifying, Deciding time.Duration
}

// Candidate is a deployment with a reasoning effort, and why it fell out or what it is worth.
type Candidate struct {
	Deployment *catalog.Deployment
	Effort     string
	Out        string  // why it fell out; "" = it is in
	OutBy      string  // capability, health, profile, rule, request, adequacy
	Quality    float64 // expected, 0..1
	Cost       catalog.Money
	CacheLoss  catalog.Money // what leaving a warm cache costs, part of Cost
	FirstToken float64
	Bonus      float64 // of prefer and avoid
	Value      float64
	SafetyNet  bool
}

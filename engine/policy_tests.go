package engine

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// TestResult is what came of one of a policy's own tests.
type TestResult struct {
	Test     *policies.Test     `json:"-"`
	Name     string             `json:"name"`
	Line     int                `json:"line"`
	Pass     bool               `json:"pass"`
	Warn     bool               `json:"warn,omitempty"` // a failure does not block
	Outcomes []policies.Outcome `json:"outcomes"`
	Actual   policies.Actual    `json:"-"`
	Error    string             `json:"error,omitempty"` // the test could not be asked at all
}

// frozenNow is when tests are asked that do not say: a Wednesday noon.
var frozenNow = time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)

// RunTests asks the tests of the snapshot's policy through Decide. Unless a test is live, all providers are connected and
// healthy but for those that it calls down, and deployments of the built-in catalog cost what they cost there: a test tests
// the policy, not the day.
func RunTests(s *Snapshot) []TestResult {
	frozen := s.frozen()
	results := make([]TestResult, 0, len(s.Policy.Tests))
	d := NewDecision()
	defer d.Release()
	for i := range s.Policy.Tests {
		t := &s.Policy.Tests[i]
		result := TestResult{Test: t, Name: strings.Trim(t.Label(), `"`), Line: t.Line, Warn: t.Warn}
		on := frozen
		if t.Live {
			on = s
		}
		r, err := chat.Read(t.AppendBody(nil))
		if err != nil {
			result.Error = "the test is no request: " + err.Error()
			results = append(results, result)
			continue
		}
		w := on.testWorld(t)
		result.Actual = actual(d, Decide(on, r, &w, d))
		result.Outcomes = t.Check(result.Actual)
		result.Pass = true
		for _, o := range result.Outcomes {
			result.Pass = result.Pass && o.Pass
		}
		results = append(results, result)
		r.Release()
	}
	return results
}

// frozen is the snapshot with every provider connected and the prices of the built-in catalog.
func (s *Snapshot) frozen() *Snapshot {
	f := &Snapshot{Parts: s.Parts, bounds: s.bounds, baseline: s.baseline, ruledOut: s.ruledOut}
	f.options = make([]option, len(s.options))
	for i, o := range s.options {
		o.connected = true
		if dep := catalog.Builtin().Deployment(o.dep.ID); dep != nil && dep.Prices.Input >= 0 && dep.Prices.Output >= 0 {
			o.prices, o.priced = &dep.Prices, true
		}
		f.options[i] = o
	}
	f.part()
	return f
}

// testWorld is the world as a test describes it.
func (s *Snapshot) testWorld(t *policies.Test) World {
	w := World{Now: t.Now}
	switch {
	case !w.Now.IsZero():
	case t.Live:
		w.Now = time.Now()
	default:
		w.Now = frozenNow
	}
	if k := t.Key; k.Name != "" || k.Team != "" || k.Owner != "" || k.Profile != "" || len(k.Tags) > 0 {
		w.Key = &access.Key{Name: k.Name, Team: k.Team, Owner: k.Owner, Tags: k.Tags, Profile: k.Profile}
	}
	if len(t.Down) > 0 {
		w.Health = make([]Health, len(s.options))
		for i := range s.options {
			for _, p := range t.Down {
				if s.options[i].dep.Provider == p {
					w.Health[i].State = providers.OutOfCredit // nothing probes that
				}
			}
		}
	}
	return w
}

// actual is what a test can expect something of.
func actual(d *Decision, err error) policies.Actual {
	a := policies.Actual{
		Tier: d.Tier, Category: d.Category, Domain: d.Domain, Difficulty: d.Difficulty, Confidence: float64(d.Class.Confidence),
		Cost: math.NaN(), Quality: math.NaN(),
	}
	if refusal, ok := err.(*DecideError); ok {
		a.Error, a.Reason, a.Denied = refusal.Code, refusal.Message, refusal.Code == CodeDenied
		return a
	}
	c := d.Best()
	if c == nil {
		return a
	}
	a.Model, a.Provider, a.Effort, a.Quality = c.Deployment.Model.ID, c.Deployment.Provider, c.Effort, c.Quality
	if !c.Estimated {
		a.Cost = c.Spend().USD()
	}
	for _, i := range d.Chain {
		a.Chain = append(a.Chain, d.Candidates[i].Deployment.Model.ID)
	}
	return a
}

// failures are the errors of the tests that block.
func failures(policy string, results []TestResult) (errs []error) {
	for _, r := range results {
		switch {
		case r.Pass || r.Warn:
		case r.Error != "":
			errs = append(errs, fmt.Errorf("policy %q: line %d: test %q: %s", policy, r.Line, r.Name, r.Error))
		default:
			for _, o := range r.Outcomes {
				if !o.Pass {
					why := o.Got
					if o.Error != "" {
						why = o.Error + "; " + why
					}
					errs = append(errs, fmt.Errorf("policy %q: line %d: test %q: expected %s, but %s", policy, o.Line, r.Name, o.Expect, why))
				}
			}
		}
	}
	return errs
}

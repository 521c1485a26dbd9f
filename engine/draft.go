package engine

import (
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// Draft is a change of what serves that nobody has published yet. What of it is nil stays as it is.
type Draft struct {
	File       string // that messages name the policy by; "" = policy.yaml
	Policy     []byte
	Balance    *float64 // in place of the policy's own
	Catalog    *catalog.Catalog
	Classifier *classifiers.Classifier // the caller's, who closes it
}

// With is the snapshot with a draft in it. It decides, and serves nobody. The policy's own tests are not run, so that a draft can
// be looked at before they pass: RunTests runs them. The error is policies.Errors where the policy itself is wrong.
func (s *Snapshot) With(d Draft) (*Snapshot, error) {
	parts := s.Parts
	if d.Catalog != nil {
		parts.Catalog = d.Catalog
	}
	if d.Classifier != nil {
		parts.Classifier, parts.Heads = d.Classifier, Heads(d.Classifier)
	}
	file, src, balance := d.File, d.Policy, d.Balance
	if file == "" {
		file = "policy.yaml"
	}
	if src == nil {
		src = parts.Policy.Source
		if balance == nil {
			balance = &parts.Policy.Balance // which may have been set from outside
		}
	}
	policy, err := policies.Parse(file, src, policies.Scope{Catalog: parts.Catalog, Profiles: sorted(parts.Profiles), Heads: parts.Heads})
	if err != nil {
		return nil, err
	}
	if balance != nil {
		policy.Balance = *balance
	}
	tests, source := policy.Tests, policy.Source
	policy.Tests, policy.Source = nil, nil // it is compiled for these parts already
	parts.Policy = policy
	next, err := NewSnapshot(parts)
	policy.Tests, policy.Source = tests, source
	return next, err
}

// Supposed are the circumstances of a request that nobody has sent.
type Supposed struct {
	Now  time.Time // zero = now
	Key  *access.Key
	Down []string // providers that are down, besides those that are
}

// Explain decides a request under a snapshot as Route would, sends nothing, counts nothing, and writes what it would have been
// remembered by into rec, its words included. The Decision is the caller's to release, also where the error is a *DecideError: it
// then shows how far it came.
func (e *Engine) Explain(s *Snapshot, r *chat.Request, x Supposed, rec *ledger.Record) (*Decision, error) {
	rt := &Routed{Snapshot: s, Request: r, Decision: NewDecision()}
	rt.World = World{Now: x.Now, Key: x.Key, Seed: e.seed, Patience: max(e.Limits.Wait, 0), Health: e.Monitor.View(s.Catalog)}
	if rt.World.Now.IsZero() {
		rt.World.Now = time.Now()
	}
	if e.Learner != nil {
		rt.World.Learned = e.Learner.Now()
	}
	rt.World.Health = s.without(rt.World.Health, x.Down)
	start := time.Now()
	s.Classify(r, &rt.input, &rt.class)
	rt.World.Classification = &rt.class
	classified := time.Now()
	d := rt.Decision
	err := Decide(s, r, &rt.World, d)
	d.Classifying, d.Deciding = classified.Sub(start), max(time.Since(classified), 1)

	rt.remember(rec)
	rec.Time, rec.Dialect, rec.Status, rec.Outcome = rt.World.Now.UTC(), "chat", 200, "ok"
	rec.Prompt = ledger.Prompt{Keep: ledger.KeepText, Text: r.Text, System: r.System, Context: r.Context}
	if refusal, ok := err.(*DecideError); ok {
		rec.Status, rec.Outcome, rec.Rule = refusal.Status, refusal.Code, refusal.Rule
	}
	if best := d.Best(); best != nil {
		rec.Model, rec.Provider = best.Deployment.Model.ID, best.Deployment.Provider
	}
	return d, err
}

// without is the health with some providers down, for as long as one asks.
func (s *Snapshot) without(health []Health, down []string) []Health {
	if len(down) == 0 {
		return health
	}
	next := make([]Health, len(s.Catalog.Deployments))
	copy(next, health)
	for i, dep := range s.Catalog.Deployments {
		for _, p := range down {
			if dep.Provider == p {
				next[i] = Health{State: providers.OutOfCredit, Why: "supposed to be down"} // nothing probes that
			}
		}
	}
	return next
}

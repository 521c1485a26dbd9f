package api

import (
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/providers"
)

// providerFacts are the details of a provider that only the admin API shows.
type providerFacts struct {
	Since       time.Time        `json:"since,omitzero"` // since when it has been in its state
	Keys        []keyCard        `json:"keys,omitempty"`
	Missing     []string         `json:"missing_models,omitempty"` // of the catalog, which its list of models does not name
	Deployments []deploymentCard `json:"deployments,omitempty"`    // that were asked
	Most        int              `json:"max_concurrency,omitempty"`
	Retries     *retryCard       `json:"retry_budget,omitempty"`
	callsCard
}

// keyCard is one of a provider's keys.
type keyCard struct {
	Key      string          `json:"key,omitempty"` // its last characters
	ID       string          `json:"id,omitempty"`
	State    providers.State `json:"state"`
	Detail   string          `json:"detail,omitempty"`
	Since    time.Time       `json:"since,omitzero"`
	Until    time.Time       `json:"until,omitzero"`
	Weight   int             `json:"weight"`
	InFlight int             `json:"in_flight"`
}

// deploymentCard is one deployment that was asked.
type deploymentCard struct {
	Deployment string          `json:"deployment"`
	State      providers.State `json:"state"`
	Why        string          `json:"why,omitempty"`
	Since      time.Time       `json:"since,omitzero"`
	Until      time.Time       `json:"until,omitzero"`
	Breaker    string          `json:"breaker"`
	callsCard
}

// callsCard is how calls went since the start; the times are of the last ones, to the first text of a stream or to the
// whole of a plain answer.
type callsCard struct {
	InFlight int               `json:"in_flight"`
	Counts   map[string]uint64 `json:"counts,omitempty"`
	P50      float64           `json:"p50_ms,omitempty"`
	P95      float64           `json:"p95_ms,omitempty"`
}

// retryCard is the last seconds of a provider's retry budget.
type retryCard struct {
	Calls   uint32 `json:"calls"`
	Retries uint32 `json:"retries"`
}

func callsOf(c *engine.Calls) callsCard {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return callsCard{c.InFlight, c.Counts, ms(c.P50), ms(c.P95)}
}

// factsOf are the details of a provider.
func factsOf(s *engine.Standing, missing []string) *providerFacts {
	f := &providerFacts{Since: s.Since, Missing: missing, Most: s.Most.Provider, callsCard: callsOf(&s.Calls)}
	if s.Asked > 0 {
		f.Retries = &retryCard{s.Asked, s.Retries}
	}
	for _, k := range s.Keys {
		card := keyCard{ID: k.ID, State: k.State, Detail: k.Detail, Since: k.Since, Until: k.Until, Weight: k.Weight, InFlight: k.InFlight}
		if k.KeyLast4 != "" {
			card.Key = "…" + k.KeyLast4
		}
		f.Keys = append(f.Keys, card)
	}
	for i := range s.Deployments {
		d := &s.Deployments[i]
		f.Deployments = append(f.Deployments, deploymentCard{d.Deployment, d.State, d.Why, d.Since, d.Until, d.Breaker, callsOf(&d.Calls)})
	}
	return f
}

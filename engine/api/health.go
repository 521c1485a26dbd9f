package api

import (
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/providers"
)

// healthz answers GET /healthz: the process runs.
func (c *call) healthz() *fault {
	writeJSON(c.RequestCtx, 200, map[string]string{"status": "ok"})
	return nil
}

// readyz answers GET /readyz. Ready means that a snapshot is built, the listener is up, and no shutdown has begun. What is
// wrong with providers or with the state is told, and makes nobody unready: their outage must not empty a load balancer.
func (c *call) readyz() *fault {
	s := c.s
	status, word := 200, "ready"
	if s.draining.Load() {
		status, word = 503, "draining"
	}
	usable := 0
	states := map[string]providerState{}
	for _, p := range s.providerCards() {
		if p.Usable {
			usable++
		}
		p.KeyLast4 = "" // who may ask this is not known
		states[p.ID] = p.providerState
	}
	answer := map[string]any{"status": word, "snapshot": s.Engine.Live.Version(), "usable_providers": usable, "providers": states}
	if s.Demo != nil { // the login page offers the way in
		answer["demo"] = true
	}
	if s.Documents != nil {
		answer["state"] = s.Documents.card()
	}
	writeJSON(c.RequestCtx, status, answer)
	return nil
}

// providerState is what is known of a provider.
type providerState struct {
	State     providers.State `json:"state"`
	Usable    bool            `json:"usable"`
	Detail    string          `json:"detail,omitempty"`
	Until     time.Time       `json:"until,omitzero"` // of a cooldown
	KeyLast4  string          `json:"key_last4,omitempty"`
	CheckedAt time.Time       `json:"checked_at,omitzero"`
}

// providerCard is a provider of the catalog and how things stand with it.
type providerCard struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	providerState
	BaseURL string `json:"base_url"`
	Dialect string `json:"dialect"`
	Models  int    `json:"models"`
	Builtin bool   `json:"builtin"`
	*providerFacts
}

// providerCards are all providers of the catalog, in brief.
func (s *Server) providerCards() []providerCard { return s.providerPages(false) }

// providerPages are all providers of the catalog, with all that is known of them or in brief.
func (s *Server) providerPages(whole bool) []providerCard {
	snapshot := s.Engine.Live.Acquire()
	defer snapshot.Release()
	standings := map[string]*engine.Standing{}
	for _, st := range s.Engine.Standings() {
		standings[st.Provider] = &st
	}
	models := map[string]int{}
	for _, d := range snapshot.Catalog.Deployments {
		models[d.Provider]++
	}
	cards := make([]providerCard, len(snapshot.Catalog.Providers))
	for i, p := range snapshot.Catalog.Providers {
		state := providerState{State: providers.NotConfigured, Detail: s.Missing[p.ID]}
		if s.Engine.Connected(p.ID) {
			a := standings[p.ID]
			state = providerState{State: a.State, Usable: a.State.Usable(), Detail: a.Detail, Until: a.Until, KeyLast4: a.KeyLast4, CheckedAt: a.CheckedAt}
		}
		card := providerCard{ID: p.ID, Name: p.Name, providerState: state, BaseURL: p.BaseURL, Dialect: p.Dialect, Models: models[p.ID], Builtin: p.Builtin}
		if c := s.Engine.Connection(p.ID); c != nil { // what is called, which need not be what the catalog says
			card.BaseURL, card.Dialect = c.BaseURL(), c.Provider().Dialect
		}
		if st := standings[p.ID]; st != nil && whole {
			card.providerFacts = factsOf(st, s.Engine.MissingModels(p.ID))
		}
		cards[i] = card
	}
	return cards
}

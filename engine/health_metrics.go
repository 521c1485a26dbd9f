package engine

import (
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// spared counts a call that was not made because a provider's retry budget was used up.
func (m *Metrics) spared(provider string) {
	m.budgets.get(provider, func() *metrics.Counter {
		return m.set.GetOrCreateCounter(`routor_retries_spared_total{provider="` + provider + `"}`)
	}).Inc()
}

// health registers what is known of providers and deployments, read when it is asked for.
func (m *Metrics) health(e *Engine) {
	m.set.RegisterMetricsWriter(func(w io.Writer) {
		for _, p := range e.Standings() {
			up := 0
			if p.State.Usable() {
				up = 1
			}
			fmt.Fprintf(w, "routor_provider_usable{provider=%q,state=%q} %d\n", p.Provider, p.State, up)
			fmt.Fprintf(w, "routor_upstream_in_flight{provider=%q} %d\n", p.Provider, p.InFlight)
			states := map[string]int{}
			for _, k := range p.Keys {
				states[string(k.State)]++
			}
			for _, s := range sorted(states) {
				fmt.Fprintf(w, "routor_provider_keys{provider=%q,state=%q} %d\n", p.Provider, s, states[s])
			}
		}
		now := time.Now()
		known := *e.Monitor.deployments.Load()
		ids := make([]string, 0, len(known))
		for id := range known {
			ids = append(ids, id)
		}
		sort.Strings(ids)
		for _, id := range ids {
			up := 1
			if t := known[id].trouble.Load(); t != nil && t.Until.After(now) {
				up = 0
			}
			fmt.Fprintf(w, "routor_deployment_up{deployment=%q,breaker=%q} %d\n", id, known[id].phase(now), up)
		}
	})
}

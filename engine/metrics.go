package engine

import (
	"io"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/providers"
)

// MetricDoc is what the reference says of a metric.
type MetricDoc struct{ Name, Type, Labels, Help string }

// MetricReference are all of the engine's metrics, for the documentation that is generated from it.
func MetricReference() []MetricDoc {
	return []MetricDoc{
		{"routor_requests_total", "counter", "outcome", "Requests that were routed, by how they ended: ok, failed, cut (a stream that broke after its first text), gone (the client went away), refused (no model could be chosen)."},
		{"routor_refusals_total", "counter", "code", "Requests for which no model could be chosen, by the error's code."},
		{"routor_decisions_total", "counter", "tier, category", "Decisions, by tier and task category."},
		{"routor_decision_models_total", "counter", "model, method", "Decisions, by the model asked first and the method (auto, tier, direct)."},
		{"routor_classification_seconds", "histogram", "", "Time to classify a request."},
		{"routor_decision_seconds", "histogram", "", "Time to decide, classification not counted."},
		{"routor_upstream_seconds", "histogram", "provider", "Time of an upstream call that was answered, to its last byte."},
		{"routor_upstream_first_token_seconds", "histogram", "provider", "Time to the first text or tool call of a stream."},
		{"routor_upstream_attempts_total", "counter", "provider, outcome", "Upstream calls, by provider and outcome: ok or the error's class."},
		{"routor_failovers_total", "counter", "class", "Times that a request went on to the next candidate, by the class of the error."},
		{"routor_refused_parameters_total", "counter", "model, param", "Requests that a provider refused as bad, by model and parameter: a defect of the catalog rather than of the client."},
		{"routor_classifier_events_total", "counter", "event", "What befell the classifier: trap, out_of_fuel, bad_result, slow, busy, closed, fallback, uniform, taken_over, interpreted."},
		{"routor_rule_errors_total", "counter", "", "Rules that could not be evaluated for a request."},
		{"routor_snapshot_version", "gauge", "", "Version of the snapshot that serves."},
		{"routor_snapshot_swaps_total", "counter", "", "Snapshots published since the start."},
		{"routor_conversations", "gauge", "", "Conversations that are remembered."},
		{"routor_tokens_total", "counter", "kind", "Tokens that providers reported: input, cached_read, cache_write, output, reasoning (part of output)."},
		{"routor_cost_usd_total", "counter", "provider", "What answers cost by the catalog's prices, in USD."},
		{"routor_panics_total", "counter", "", "Panics that a request caused and survived."},
		{"routor_waits_total", "counter", "", "Waits of requests for a candidate that was cooling down."},
		{"routor_retries_spared_total", "counter", "provider", "Calls that were not made because the provider's retry budget was used up (limits.retry_share)."},
		{"routor_provider_usable", "gauge", "provider, state", "1 where the provider can be called, 0 where not, with its state."},
		{"routor_provider_keys", "gauge", "provider, state", "The provider's keys, by state."},
		{"routor_deployment_up", "gauge", "deployment, breaker", "1 where a deployment that was asked can be asked now, 0 where it cools down, with the state of its circuit breaker (closed, open, half-open)."},
		{"routor_upstream_in_flight", "gauge", "provider", "Calls to the provider that are under way."},
		{"routor_requests_in_flight", "gauge", "", "Requests that are being answered."},
	}
}

// Metrics are the engine's counters, in a set of their own, so that two engines in one process don't meet. Pointers are
// looked up once: counting formats nothing.
type Metrics struct {
	set *metrics.Set

	requests  map[outcome]*metrics.Counter
	decisions [label.NumTiers][label.NumCategories]*metrics.Counter
	swaps     *metrics.Counter
	ruleFails *metrics.Counter
	Panics    *metrics.Counter

	classification, decision *metrics.Histogram

	tokens     [5]*metrics.Counter
	events     [len(classifiers.Kinds)]*metrics.Counter
	inFlight   *metrics.Counter
	byModel    lookup[modelMethod, *metrics.Counter]
	byProvider lookup[string, *providerMetrics]
	attempts   lookup[attemptKey, *metrics.Counter]
	failovers  lookup[providers.Class, *metrics.Counter]
	refusals   lookup[string, *metrics.Counter]
	refused    lookup[refusedKey, *metrics.Counter]
	budgets    lookup[string, *metrics.Counter]
	waits      *metrics.Counter
}

type (
	outcome     string
	modelMethod struct {
		model  *catalog.Model
		method string
	}
	attemptKey      struct{ provider, outcome string }
	refusedKey      struct{ model, param string }
	providerMetrics struct {
		seconds, firstToken *metrics.Histogram
		cost                *metrics.FloatCounter
	}
)

// How a request ends.
const (
	ended   outcome = "ok"
	failed  outcome = "failed"
	cut     outcome = "cut"
	gone    outcome = "gone"
	refused outcome = "refused"
)

// lookup is a table of metrics that is filled as they are met.
type lookup[K comparable, V any] struct{ m sync.Map }

func (l *lookup[K, V]) get(k K, make func() V) V {
	if v, ok := l.m.Load(k); ok {
		return v.(V)
	}
	v, _ := l.m.LoadOrStore(k, make())
	return v.(V)
}

// NewMetrics makes the counters of an engine.
func NewMetrics() *Metrics {
	set := metrics.NewSet()
	m := &Metrics{set: set, requests: map[outcome]*metrics.Counter{}}
	for _, o := range []outcome{ended, failed, cut, gone, refused} {
		m.requests[o] = set.NewCounter(`routor_requests_total{outcome="` + string(o) + `"}`)
	}
	for t, tier := range label.Tiers {
		for c, category := range label.Categories {
			m.decisions[t][c] = set.NewCounter(`routor_decisions_total{tier="` + tier + `",category="` + category + `"}`)
		}
	}
	for k, kind := range classifiers.Kinds {
		m.events[k] = set.NewCounter(`routor_classifier_events_total{event="` + kind + `"}`)
	}
	for k, kind := range [...]string{"input", "cached_read", "cache_write", "output", "reasoning"} {
		m.tokens[k] = set.NewCounter(`routor_tokens_total{kind="` + kind + `"}`)
	}
	m.swaps = set.NewCounter("routor_snapshot_swaps_total")
	m.ruleFails = set.NewCounter("routor_rule_errors_total")
	m.Panics = set.NewCounter("routor_panics_total")
	m.waits = set.NewCounter("routor_waits_total")
	m.inFlight = set.NewCounter("routor_requests_in_flight")
	m.classification = set.NewHistogram("routor_classification_seconds")
	m.decision = set.NewHistogram("routor_decision_seconds")
	return m
}

// Set is where the metrics are registered; other rooms may add theirs.
func (m *Metrics) Set() *metrics.Set { return m.set }

// WritePrometheus writes all of them in the text format.
func (m *Metrics) WritePrometheus(w io.Writer) { m.set.WritePrometheus(w) }

// ClassifierEvent counts what befell a classifier; it fits classifiers.Options.OnEvent.
func (m *Metrics) ClassifierEvent(e classifiers.Event) {
	if int(e.Kind) < len(m.events) {
		m.events[e.Kind].Inc()
	}
}

// gauges registers what is read when it is asked for.
func (m *Metrics) gauges(l *Live, c *Conversations) {
	m.set.NewGauge("routor_snapshot_version", func() float64 { return float64(l.Version()) })
	m.set.NewGauge("routor_conversations", func() float64 { return float64(c.Len()) })
}

// decided counts a decision.
func (m *Metrics) decided(d *Decision) {
	m.decisions[d.Tier][d.Category].Inc()
	m.classification.Update(d.Classifying.Seconds())
	m.decision.Update(d.Deciding.Seconds())
	for i := range d.Rules {
		if d.Rules[i].Error != "" {
			m.ruleFails.Inc()
		}
	}
	if c := d.Best(); c != nil {
		k := modelMethod{c.Deployment.Model, d.Method}
		m.byModel.get(k, func() *metrics.Counter {
			return m.set.GetOrCreateCounter(`routor_decision_models_total{model="` + k.model.ID + `",method="` + k.method + `"}`)
		}).Inc()
	}
}

func (m *Metrics) refusedFor(e *DecideError) {
	m.requests[refused].Inc()
	m.refusals.get(e.Code, func() *metrics.Counter {
		return m.set.GetOrCreateCounter(`routor_refusals_total{code="` + e.Code + `"}`)
	}).Inc()
}

func (m *Metrics) provider(id string) *providerMetrics {
	return m.byProvider.get(id, func() *providerMetrics {
		of := `{provider="` + id + `"}`
		return &providerMetrics{
			seconds:    m.set.GetOrCreateHistogram("routor_upstream_seconds" + of),
			firstToken: m.set.GetOrCreateHistogram("routor_upstream_first_token_seconds" + of),
			cost:       m.set.GetOrCreateFloatCounter("routor_cost_usd_total" + of),
		}
	})
}

// attempted counts an upstream call; class is "" for one that was answered.
func (m *Metrics) attempted(provider string, class providers.Class) {
	k := attemptKey{provider, string(class)}
	if class == "" {
		k.outcome = string(ended)
	}
	m.attempts.get(k, func() *metrics.Counter {
		return m.set.GetOrCreateCounter(`routor_upstream_attempts_total{provider="` + k.provider + `",outcome="` + k.outcome + `"}`)
	}).Inc()
}

// failedOver counts going on to the next candidate.
func (m *Metrics) failedOver(class providers.Class) {
	m.failovers.get(class, func() *metrics.Counter {
		return m.set.GetOrCreateCounter(`routor_failovers_total{class="` + string(class) + `"}`)
	}).Inc()
}

// refusedAsBad counts a request that a provider refused as bad. Parameters are the provider's words: those that are no
// plain name are not counted one by one.
func (m *Metrics) refusedAsBad(model, param string) {
	for i := range len(param) {
		if c := param[i]; c != '_' && (c < 'a' || c > 'z') || i > 40 {
			param = "other"
			break
		}
	}
	k := refusedKey{model, param}
	m.refused.get(k, func() *metrics.Counter {
		return m.set.GetOrCreateCounter(`routor_refused_parameters_total{model="` + model + `",param="` + param + `"}`)
	}).Inc()
}

// answered counts what an answer used.
func (m *Metrics) answered(provider string, t catalog.Tokens, cost catalog.Money, took time.Duration) {
	p := m.provider(provider)
	p.seconds.Update(took.Seconds())
	if cost > 0 {
		p.cost.Add(cost.USD())
	}
	for i, n := range [...]int64{t.Input + t.AudioInput, t.CachedRead, t.CacheWrite5m + t.CacheWrite1h, t.Output + t.AudioOutput, t.Reasoning} {
		if n > 0 {
			m.tokens[i].Add(int(n))
		}
	}
}

package api

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// MetricReference are the API's own metrics and the ledger's, for the documentation that is generated from it.
func MetricReference() []engine.MetricDoc {
	list := []engine.MetricDoc{
		{Name: "routor_http_requests_total", Type: "counter", Labels: "route, status", Help: "HTTP requests, by endpoint and status."},
		{Name: "routor_http_seconds", Type: "histogram", Labels: "route", Help: "Time to answer, streams to their last byte."},
		{Name: "routor_http_running", Type: "gauge", Help: "HTTP requests that are being answered."},
		{Name: "routor_limit_refused_total", Type: "counter", Labels: "limit, scope", Help: "Requests that were over a limit (requests_per_minute, tokens_per_minute, usd_per_day, usd_per_month) of a key or a profile (scope)."},
		{Name: "routor_feedback_total", Type: "counter", Labels: "score", Help: "Votes on answers by POST /v1/feedback, by score: up (0.75 and more), down (0.25 and less), between."},
		{Name: "routor_learned_models", Type: "gauge", Help: "Models of which expected quality has been moved by what was learned, for profiles that learn."},
		{Name: "routor_draining", Type: "gauge", Help: "1 from the beginning of a shutdown on."},
	}
	for _, m := range ledger.MetricReference() {
		list = append(list, engine.MetricDoc{Name: m[0], Type: m[1], Labels: m[2], Help: m[3]})
	}
	return list
}

// httpMetrics count HTTP requests.
type httpMetrics struct {
	set     *metrics.Set
	counts  sync.Map // countKey → *metrics.Counter
	seconds sync.Map // route → *metrics.Histogram
}

type countKey struct {
	route  string
	status int
}

func newHTTPMetrics(set *metrics.Set, s *Server) *httpMetrics {
	set.GetOrCreateGauge("routor_http_running", func() float64 { return float64(s.running.Load()) })
	set.GetOrCreateGauge("routor_draining", func() float64 {
		if s.draining.Load() {
			return 1
		}
		return 0
	})
	set.GetOrCreateGauge("routor_learned_models", func() float64 {
		if l := s.Engine.Learner; l != nil {
			if t := l.Now(); t != nil {
				return float64(len(t.Shifts))
			}
		}
		return 0
	})
	return &httpMetrics{set: set}
}

func (m *httpMetrics) answered(route string, status int, took time.Duration) {
	if route == "" {
		route = "other"
	}
	k := countKey{route, status}
	v, ok := m.counts.Load(k)
	if !ok {
		v, _ = m.counts.LoadOrStore(k, m.set.GetOrCreateCounter(`routor_http_requests_total{route="`+route+`",status="`+strconv.Itoa(status)+`"}`))
	}
	v.(*metrics.Counter).Inc()
	if took <= 0 {
		return
	}
	h, ok := m.seconds.Load(route)
	if !ok {
		h, _ = m.seconds.LoadOrStore(route, m.set.GetOrCreateHistogram(`routor_http_seconds{route="`+route+`"}`))
	}
	h.(*metrics.Histogram).Update(took.Seconds())
}

// limited counts a refusal, by limit and by whose it is: never by name, of which there may be a million.
func (m *httpMetrics) limited(r *access.Refusal) {
	m.set.GetOrCreateCounter(`routor_limit_refused_total{limit="` + r.Limit + `",scope="` + r.Scope + `"}`).Inc()
}

// judged counts a vote.
func (m *httpMetrics) judged(score float64) {
	how := "between"
	if score >= .75 {
		how = "up"
	} else if score <= .25 {
		how = "down"
	}
	m.set.GetOrCreateCounter(`routor_feedback_total{score="` + how + `"}`).Inc()
}

// prometheus answers GET /metrics.
func (c *call) prometheus() *fault {
	c.SetContentType("text/plain; version=0.0.4; charset=utf-8")
	w := c.Response.BodyWriter()
	c.s.Engine.Metrics.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
	c.s.info(w)
	return nil
}

// info writes which version runs, as a metric.
func (s *Server) info(w io.Writer) {
	fmt.Fprintf(w, "routor_info{version=%q} 1\n", s.Version)
}

package api

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/ledger"
)

// MetricReference are the API's own metrics and the ledger's, for the documentation that is generated from it.
func MetricReference() []engine.MetricDoc {
	list := []engine.MetricDoc{
		{Name: "routor_http_requests_total", Type: "counter", Labels: "route, status", Help: "HTTP requests, by endpoint and status."},
		{Name: "routor_http_seconds", Type: "histogram", Labels: "route", Help: "Time to answer, streams to their last byte."},
		{Name: "routor_http_running", Type: "gauge", Help: "HTTP requests that are being answered."},
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

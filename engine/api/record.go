package api

import (
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
)

// record is what is told of a request once it is over: in the access log, and in the list of the latest decisions. It
// holds no prompt and no secret.
type record struct {
	start  time.Time
	took   time.Duration
	id     string
	status int

	remote, method, path string // only for the log

	key                                         *access.Key
	asked, model, tier, category, profile, code string
	stream, fallback                            bool
	attempts                                    int
	cost, savings                               float64 // USD, percent; 0 or NaN = unknown
	prompt, completion                          int64   // tokens

	decision []byte // explained, as POST /v1/route does; nil = not kept
}

// decided notes a decision.
func (r *record) decided(d *engine.Decision) {
	r.tier, r.category, r.profile = d.Tier.String(), d.Category.String(), d.Profile
	if best := d.Best(); best != nil {
		r.model = best.Deployment.Model.ID
	}
}

// answered notes what an answer that is about to be closed still knows.
func (r *record) answered(a *engine.Answer) {
	r.decided(a.Decision())
	r.model = ""
	if c := a.Winner(); c != nil {
		r.model = c.Deployment.Model.ID
	}
	r.fallback, r.savings = a.Fallback(), a.SavingsPct()
}

// settled notes what closing an answer has found out.
func (r *record) settled(a *engine.Answer) {
	if cost, known := a.Cost(); known {
		r.cost = cost.USD()
	}
	r.attempts = len(a.Attempts)
	if n := r.attempts; n > 0 {
		u := &a.Attempts[n-1].Usage
		r.prompt, r.completion = u.Prompt(), u.Completion()
	}
	if a.Failure != nil {
		r.code = a.Failure.Code
	}
}

// outcome is ok, or the code of the error.
func (r *record) outcome() string {
	if r.code == "" {
		return "ok"
	}
	return r.code
}

// append appends the record as a JSON object. What is unknown or not so is left out.
func (r *record) append(b []byte) []byte {
	b = append(b, `{"time":"`...)
	b = r.start.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, '"')
	text := func(name, value string) {
		if value != "" {
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = appendString(b, value)
		}
	}
	number := func(name string, value float64) {
		if value != 0 && !math.IsNaN(value) {
			b = append(append(append(b, `,"`...), name...), `":`...)
			b = strconv.AppendFloat(b, value, 'g', -1, 64)
		}
	}
	flag := func(name string, value bool) {
		if value {
			b = append(append(append(b, `,"`...), name...), `":true`...)
		}
	}
	text("id", r.id)
	text("remote", r.remote)
	text("method", r.method)
	text("path", r.path)
	number("status", float64(r.status))
	number("ms", float64(r.took.Microseconds())/1000)
	text("outcome", r.outcome())
	if r.key != nil {
		text("key", r.key.ID)
		text("team", r.key.Team)
	}
	text("asked", r.asked)
	text("model", r.model)
	text("tier", r.tier)
	text("category", r.category)
	text("profile", r.profile)
	flag("stream", r.stream)
	flag("fallback", r.fallback)
	number("attempts", float64(r.attempts))
	number("prompt_tokens", float64(r.prompt))
	number("completion_tokens", float64(r.completion))
	number("cost_usd", r.cost)
	number("savings_pct", math.Round(r.savings*10)/10)
	return append(b, '}')
}

// recent are the latest requests that were decided, in memory: enough to look at what just happened.
type recent struct {
	mu        sync.Mutex
	ring      [1000]record
	n         int // ever put in
	explained time.Time
}

// explainEvery is how often a decision is kept with all its candidates: writing them down takes longer than deciding, so
// under load only some are.
const explainEvery = 50 * time.Millisecond

// explain keeps the decision of some requests in full.
func (l *recent) explain(r *record, d *engine.Decision) {
	l.mu.Lock()
	due := r.start.Sub(l.explained) >= explainEvery
	if due {
		l.explained = r.start
	}
	l.mu.Unlock()
	if due {
		r.decision = d.AppendJSON(nil)
	}
}

func (l *recent) put(r *record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring[l.n%len(l.ring)] = *r
	l.n++
}

// each calls f with the records, newest first, until it says no.
func (l *recent) each(f func(*record) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := 1; k <= min(l.n, len(l.ring)); k++ {
		if !f(&l.ring[(l.n-k)%len(l.ring)]) {
			return
		}
	}
}

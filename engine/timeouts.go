package engine

import (
	"time"

	"github.com/routor/routor/providers"
)

// timeouts are the limits of one call: the profile's before the model's, the model's before the provider's, those before
// the general ones; and what is left of the request's deadline bounds them all.
func (x *exchange) timeouts(c *Candidate) providers.Timeouts {
	limits := &x.e.Limits
	t := limits.Providers[c.Deployment.Provider].Or(limits.Timeouts).For(c.Deployment.Model, x.sent.thinks)
	if own := x.rt.Snapshot.bounds[x.rt.Decision.Profile]; own != nil && own.Timeouts != nil {
		total := t.Total
		t = providers.Timeouts(*own.Timeouts).Or(t)
		t.Total = total // a profile's total is the request's: see deadline
	}
	if !x.rt.Request.Stream && t.Total <= 0 {
		// A plain answer shows no sign of life before it is whole: half of the time is left for the next candidate.
		t.Total = x.e.deadline(x.rt) / 2
	}
	if deadline, ok := x.ctx.Deadline(); ok {
		if left := time.Until(deadline); t.Total <= 0 || t.Total > left {
			t.Total = max(left, 1)
		}
	}
	return t
}

// deadline is how long a request may take with all its attempts: the client's own limit, the profile's or the general one,
// whichever is the shortest.
func (e *Engine) deadline(rt *Routed) time.Duration {
	d := e.Limits.Deadline
	if own := rt.Snapshot.bounds[rt.Decision.Profile]; own != nil && own.Timeouts != nil && own.Timeouts.Total > 0 {
		d = own.Timeouts.Total
	}
	if rt.timeout > 0 {
		d = min(d, rt.timeout)
	}
	return d
}

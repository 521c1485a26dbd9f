package engine

import (
	"testing"
	"time"

	"github.com/routor/routor/providers"
)

// TestMonitor says what cools down after which error, and until when.
func TestMonitor(t *testing.T) {
	t.Parallel()
	c := small(t)
	max, eye, mid := c.Deployment("cedar/max"), c.Deployment("birch/eye"), c.Deployment("birch/mid")
	for name, x := range map[string]struct {
		err   providers.Error
		times int
		state providers.State // of the deployment
		whole bool            // and of the provider's others
		until time.Duration
	}{
		"bad request":        {err: providers.Error{Class: providers.BadRequest}, times: 9},
		"content":            {err: providers.Error{Class: providers.ContentFiltered}, times: 9},
		"one server error":   {err: providers.Error{Class: providers.Server}, times: 1},
		"three of them":      {err: providers.Error{Class: providers.Server}, times: 3, state: providers.Down, until: strikeFor},
		"five of them":       {err: providers.Error{Class: providers.Timeout, Sent: true}, times: 5, state: providers.Down, until: 4 * strikeFor},
		"very many":          {err: providers.Error{Class: providers.Network, Sent: true}, times: 500, state: providers.Down, until: strikeMost},
		"rate limit":         {err: providers.Error{Class: providers.RateLimited}, times: 1, state: providers.Limited, until: limitedFor},
		"with a time":        {err: providers.Error{Class: providers.RateLimited, RetryAfter: 42 * time.Second}, times: 1, state: providers.Limited, until: 42 * time.Second},
		"with a silly time":  {err: providers.Error{Class: providers.RateLimited, RetryAfter: 42 * time.Hour}, times: 1, state: providers.Limited, until: longest},
		"key":                {err: providers.Error{Class: providers.Auth, Status: 401}, times: 1, state: providers.KeyRejected, whole: true, until: accountFor},
		"key, for one model": {err: providers.Error{Class: providers.Auth, Status: 403}, times: 1, state: providers.Down, until: accountFor},
		"credit":             {err: providers.Error{Class: providers.Quota}, times: 1, state: providers.OutOfCredit, whole: true, until: accountFor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := NewMonitor()
			for range x.times {
				m.Failed(mid, &x.err, noon)
			}
			view := m.View(c)
			if x.state == "" && view == nil {
				return
			}
			if h := view[mid.Index]; h.State != x.state || x.until > 0 && h.Until != noon.Add(x.until) {
				t.Errorf("%+v, want %s for %s", h, x.state, x.until)
			}
			if whole := view[eye.Index].State == x.state && x.state != ""; whole != x.whole {
				t.Errorf("the other model: %+v", view[eye.Index])
			}
			if view[max.Index].State != "" {
				t.Error("another provider suffers")
			}
			m.Succeeded(mid, 500*time.Millisecond, true, noon.Add(time.Second))
			if h := m.View(c)[mid.Index]; h.State != "" || h.FirstToken != .5 {
				t.Errorf("after a success: %+v", h)
			}
		})
	}
}

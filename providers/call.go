// Package providers is a provider's connection: its dialect, keys, pool, health and error classes.
package providers

import (
	"context"
	"sync"
	"time"

	"github.com/routor/routor/engine/catalog"
)

// Timeouts bound one call. Zero takes what the connection's Options say; zero there too means no limit.
type Timeouts struct {
	Connect    time.Duration // name lookup, TCP, proxy and TLS, or the wait for a free connection
	FirstToken time.Duration // streams: until the first byte of the body; before the first token no silence that Idle would end is shorter
	Thinking   time.Duration // the same for models that reason before they answer; see For
	Idle       time.Duration // streams: between two bytes; keep-alives count as life
	Plain      time.Duration // plain answers: until the first byte
	Total      time.Duration
}

// Or is t with what is zero taken from d.
func (t Timeouts) Or(d Timeouts) Timeouts {
	for _, p := range [...]struct{ own, other *time.Duration }{
		{&t.Connect, &d.Connect}, {&t.FirstToken, &d.FirstToken}, {&t.Thinking, &d.Thinking}, {&t.Idle, &d.Idle},
		{&t.Plain, &d.Plain}, {&t.Total, &d.Total},
	} {
		if *p.own == 0 {
			*p.own = *p.other
		}
	}
	return t
}

// For is t as it counts for a model: one that reasons before it answers, as a rule or in this call, may take the longer of
// FirstToken and Thinking, the latter as many times as the catalog grants it.
func (t Timeouts) For(m *catalog.Model, thinks bool) Timeouts {
	if (thinks || m.Thinks) && t.FirstToken > 0 {
		t.FirstToken = max(t.FirstToken, time.Duration(float64(t.Thinking)*max(m.Patience, 1)))
	}
	return t
}

// Call is one attempt at one deployment. It must not be copied once Do has it.
type Call struct {
	Deployment *catalog.Deployment
	Surface    catalog.Surface // in place of the deployment's; "" = that one
	Body       []byte          // in the provider's dialect; not modified, not kept after the answer ended
	Stream     bool
	Timeouts   Timeouts
	Header     []Header // the client's headers that belong to the dialect, and traceparent

	mu       sync.Mutex
	canceled bool
	link     *link              // the upstream connection in use
	stop     context.CancelFunc // ends dialling, and waiting for a free connection
}

// Cancel ends the call from any goroutine, at whatever point it is: waiting, dialling, before the first byte, in the
// middle of a stream. Do or Next then returns at once with Class Canceled. A canceled Call stays canceled.
func (c *Call) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.canceled = true
	if c.stop != nil {
		c.stop()
	}
	if c.link != nil {
		c.link.abort()
	}
}

// holds notes what Cancel has to end, and says whether it is not too late.
func (c *Call) holds(l *link, stop context.CancelFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link, c.stop = l, stop
	return !c.canceled
}

func (c *Call) isCanceled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.canceled
}

// Header is one HTTP header.
type Header struct{ Name, Value string }

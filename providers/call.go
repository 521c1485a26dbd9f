// Package providers is a provider's connection: its dialect, keys, pool, health and error classes.
package providers

import (
	"time"

	"github.com/routor/routor/engine/catalog"
)

// Timeouts bound one call. Zero means no limit.
type Timeouts struct {
	Connect    time.Duration
	FirstToken time.Duration // streams: until the first byte of the body
	Idle       time.Duration // streams: between two bytes; keep-alives count as life
	Total      time.Duration
}

// Call is one attempt at one deployment.
type Call struct {
	Deployment *catalog.Deployment
	Body       []byte // in the provider's dialect; not modified, not kept after the answer ended
	Stream     bool
	Timeouts   Timeouts
	Header     []Header // the client's headers that belong to the dialect, and traceparent
}

// Header is one HTTP header.
type Header struct{ Name, Value string }

// Usage is what a call used, as the provider reported it.
type Usage struct {
	Tokens           catalog.Tokens
	Prompt, Complete int64 // as the dialect's own usage object counts them, cached and reasoning included
	Known            bool
}

// Account is what a provider's answer says about our account there.
type Account struct {
	State     State
	Until     time.Time // of RateLimited; zero = unknown
	Detail    string    // for people; holds no secret
	KeyLast4  string
	CheckedAt time.Time
}

// State is whether a provider can be used.
type State string

// The states.
const (
	NotConfigured State = "not_configured"
	Unchecked     State = "unchecked"
	Healthy       State = "healthy"
	Degraded      State = "degraded"
	Limited       State = "rate_limited"
	OutOfCredit   State = "out_of_credit"
	KeyRejected   State = "key_rejected"
	Down          State = "down"
)

// Usable is whether requests may be sent there.
func (s State) Usable() bool { return s == Unchecked || s == Healthy || s == Degraded }

package providers

import (
	"fmt"
	"time"
)

// Class is what kind of failure an upstream error is. The class says whether to go on down the chain and what cools down.
type Class string

// The classes.
const (
	Auth            Class = "auth"
	Quota           Class = "quota"
	RateLimited     Class = "rate_limited"
	Overloaded      Class = "overloaded"
	ModelNotFound   Class = "model_not_found"
	ContextTooLong  Class = "context_too_long"
	ContentFiltered Class = "content_filtered"
	BadRequest      Class = "bad_request"
	Server          Class = "server"
	Network         Class = "network"
	Timeout         Class = "timeout"
	InBand          Class = "in_band"  // an error inside a 200, or a stream that ended before it was complete
	Canceled        Class = "canceled" // ended by our own side, with Call.Cancel: says nothing about the provider
)

// Error is a failed upstream call. It holds no secret: messages are scrubbed of the key that was sent.
type Error struct {
	Class    Class
	Provider string
	Status   int    // HTTP status; 0 = none was received
	Message  string // the provider's own words, or ours for network trouble
	Type     string // the provider's error type, code and param, where it gave them
	Code     string
	Param    string
	// RetryAfter is how long the provider asked us to stay away; 0 = it did not say.
	RetryAfter time.Duration
	// Sent is whether the request may have reached the provider and may be billed.
	Sent bool
	// Fresh: a reused connection closed before any response byte. Do repeats such a call once on a fresh one by itself.
	Fresh bool
	Err   error
	// Key is the last characters of the key that was used, KeyID what names it in the fleet; "" = none, or too short.
	Key, KeyID string
	// OtherKeys: only this key is at fault, and the provider has another that is well.
	OtherKeys bool
}

func (e *Error) Error() string {
	s := e.Provider + ": " + string(e.Class)
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Message != "" {
		s += ": " + e.Message
	} else if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// Faults are what goes wrong at a provider. Several can be on at once.
type Faults struct {
	Rate float64 // share of requests that they hit, 0..1, drawn by the seed; 0 = all
	// Error answers with an error of that class, in the provider's own words: auth, quota, rate_limited, overloaded,
	// model_not_found, context_too_long, content_filtered, bad_request, server.
	Error      string
	RetryAfter time.Duration // sent with the error as Retry-After, in whole seconds
	// InBand puts the error into a 200: as the body, or into the stream after InBandAfter events. Without Error it is "server".
	InBand      bool
	InBandAfter int
	Garbage     bool // answers with a 502 page of HTML
	Refuse      bool // takes no connection (in memory only)
	Reset       bool // closes the connection without a byte of an answer
	// CutAt closes the connection after so many bytes of the body; 0 = never.
	CutAt int
	// Stall is silence: before the first byte, or in a stream after StallAfter events if that is not 0.
	Stall      time.Duration
	StallAfter int
	KeepAlive  time.Duration // an SSE comment so often during a stall in a stream; 0 = none
	Slow       float64       // multiplies all waiting; 0 = 1
}

// Classes are the error classes that can be simulated.
func Classes() []string {
	return []string{"auth", "quota", "rate_limited", "overloaded", "model_not_found", "context_too_long", "content_filtered", "bad_request", "server"}
}

func (f *Faults) check() error {
	switch {
	case f.Error != "" && !slices.Contains(Classes(), f.Error):
		return fmt.Errorf("no simulated error of class %q (there are: %s)", f.Error, strings.Join(Classes(), ", "))
	case f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("a fault's rate is a share from 0 to 1, not %g", f.Rate)
	}
	return nil
}

// raw is whether they need the bare connection: an HTTP server would end every answer properly.
func (f *Faults) raw() bool { return f.Reset || f.CutAt > 0 || f.Stall > 0 }

// ParseFaults reads faults as a query has them: error=rate_limited&rate=0.5&retry_after=2s&stall=5s.
func ParseFaults(args *fasthttp.Args) (f Faults, _ error) {
	flag := func(v string) (bool, error) { return v == "" || v == "1" || v == "true" || v == "yes", nil }
	for k, v := range args.All() {
		var bad error
		switch name, value := string(k), string(v); name {
		case "rate":
			f.Rate, bad = strconv.ParseFloat(value, 64)
		case "error":
			f.Error = value
		case "retry_after":
			f.RetryAfter, bad = time.ParseDuration(value)
		case "in_band":
			f.InBand, bad = flag(value)
		case "in_band_after":
			f.InBandAfter, bad = strconv.Atoi(value)
		case "garbage":
			f.Garbage, bad = flag(value)
		case "reset":
			f.Reset, bad = flag(value)
		case "refuse":
			f.Refuse, bad = flag(value)
		case "cut_at":
			f.CutAt, bad = strconv.Atoi(value)
		case "stall":
			f.Stall, bad = time.ParseDuration(value)
		case "stall_after":
			f.StallAfter, bad = strconv.Atoi(value)
		case "keep_alive":
			f.KeepAlive, bad = time.ParseDuration(value)
		case "slow":
			f.Slow, bad = strconv.ParseFloat(value, 64)
		default:
			bad = fmt.Errorf("unknown fault")
		}
		if bad != nil {
			return f, fmt.Errorf("fault %s=%s: %w", k, v, bad)
		}
	}
	return f, f.check()
}

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
	Rate        float64       `yaml:"-"` // share of requests that they hit, 0..1, drawn by the seed; 0 = all
	Error       string        `yaml:"error" oneof:"auth,quota,rate_limited,overloaded,model_not_found,context_too_long,content_filtered,bad_request,server" example:"overloaded" doc:"An error of that class, in the provider's own words."`
	RetryAfter  time.Duration `yaml:"retry_after" min:"0" example:"2s" doc:"Sent with the error as Retry-After, in whole seconds."`
	InBand      bool          `yaml:"in_band" default:"false" doc:"The error comes inside a 200: as the body, or in the stream. Without error it is server."`
	InBandAfter int           `yaml:"in_band_after" min:"0" example:"3" doc:"Events of the stream before it."`
	Garbage     bool          `yaml:"garbage" default:"false" doc:"A 502 page of HTML."`
	Refuse      bool          `yaml:"refuse" default:"false" doc:"No new connection is taken (in memory only)."`
	TLS         string        `yaml:"tls" oneof:"expired,name,handshake" example:"expired" doc:"What is wrong with new TLS connections, where TLS is served: a certificate that has expired or is for another name, or a handshake that fails."`
	Reset       bool          `yaml:"reset" default:"false" doc:"The connection is reset without a byte of an answer, or, with a cut, there."`
	CutAt       int           `yaml:"cut_at" min:"0" example:"300" doc:"The connection is closed after so many bytes of the body; 0 = never."`
	CutWithin   int           `yaml:"cut_within" min:"0" example:"4000" doc:"The same after a number of bytes drawn from 1 to this."`
	Stall       time.Duration `yaml:"stall" min:"0" example:"5s" doc:"Silence: before the first byte, or in a stream after stall_after events if that is not 0."`
	StallAfter  int           `yaml:"stall_after" min:"0" example:"1" doc:"1 is before the first token of most, after headers and the first event."`
	KeepAlive   time.Duration `yaml:"keep_alive" min:"0" example:"1s" doc:"An SSE comment so often during a stall in a stream; 0 = none."`
	Malformed   bool          `yaml:"malformed" default:"false" doc:"Half of a JSON object in place of the whole, as the body or as an event of the stream."`
	// MalformedAfter is so many events of the stream before the malformed one.
	MalformedAfter int           `yaml:"malformed_after" min:"0" example:"5" doc:"Events of the stream before it."`
	Drip           time.Duration `yaml:"drip" min:"0" example:"20ms" doc:"The body comes in pieces of drip_bytes with this pause between them, wherever events begin and end."`
	DripBytes      int           `yaml:"drip_bytes" min:"0" example:"7" doc:"0 = 16."`
	WrongLength    int           `yaml:"wrong_length" example:"25" doc:"Content-Length says so many bytes more than there are, or fewer if it is less than 0. Streams get a Content-Length for it."`
	Slow           float64       `yaml:"slow" min:"0" example:"5" doc:"Multiplies all waiting; 0 = 1."`
}

// Classes are the error classes that can be simulated.
func Classes() []string {
	return []string{"auth", "quota", "rate_limited", "overloaded", "model_not_found", "context_too_long", "content_filtered", "bad_request", "server"}
}

// tlsFaults are the failures of TLS that can be simulated.
var tlsFaults = []string{"expired", "name", "handshake"}

func (f *Faults) check() error {
	switch {
	case f.Error != "" && !slices.Contains(Classes(), f.Error):
		return fmt.Errorf("no simulated error of class %q (there are: %s)", f.Error, strings.Join(Classes(), ", "))
	case f.TLS != "" && !slices.Contains(tlsFaults, f.TLS):
		return fmt.Errorf("no simulated TLS failure %q (there are: %s)", f.TLS, strings.Join(tlsFaults, ", "))
	case f.CutAt < 0 || f.CutWithin < 0 || f.StallAfter < 0 || f.InBandAfter < 0 || f.MalformedAfter < 0 || f.DripBytes < 0:
		return fmt.Errorf("a fault's number of bytes or events can't be less than 0")
	case f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("a fault's rate is a share from 0 to 1, not %g", f.Rate)
	}
	return nil
}

// raw is whether they need the bare connection: an HTTP server would end every answer properly.
func (f *Faults) raw() bool {
	return f.Reset || f.CutAt > 0 || f.CutWithin > 0 || f.Stall > 0 || f.Drip > 0 || f.WrongLength != 0
}

// draw decides what is left to chance in them.
func (f *Faults) draw(c *chance) {
	if f.CutWithin > 0 {
		f.CutAt = 1 + int(c.next()%uint64(f.CutWithin))
	}
}

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
		case "cut_within":
			f.CutWithin, bad = strconv.Atoi(value)
		case "tls":
			f.TLS = value
		case "malformed":
			f.Malformed, bad = flag(value)
		case "malformed_after":
			f.MalformedAfter, bad = strconv.Atoi(value)
		case "drip":
			f.Drip, bad = time.ParseDuration(value)
		case "drip_bytes":
			f.DripBytes, bad = strconv.Atoi(value)
		case "wrong_length":
			f.WrongLength, bad = strconv.Atoi(value)
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

package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/providers/sim"
)

// faultList is what goes wrong at a simulated provider, as the admin API writes it: the names and values of
// sim.ParseFaults.
type faultList map[string]any

func faultsOf(f sim.Faults) faultList {
	out := faultList{}
	for _, m := range []struct {
		name  string
		value any
		set   bool
	}{
		{"rate", f.Rate, f.Rate != 0}, {"error", f.Error, f.Error != ""}, {"retry_after", f.RetryAfter.String(), f.RetryAfter != 0},
		{"in_band", f.InBand, f.InBand}, {"in_band_after", f.InBandAfter, f.InBandAfter != 0}, {"garbage", f.Garbage, f.Garbage},
		{"refuse", f.Refuse, f.Refuse}, {"tls", f.TLS, f.TLS != ""}, {"malformed", f.Malformed, f.Malformed}, {"malformed_after", f.MalformedAfter, f.MalformedAfter != 0},
		{"cut_within", f.CutWithin, f.CutWithin != 0}, {"drip", f.Drip.String(), f.Drip != 0}, {"drip_bytes", f.DripBytes, f.DripBytes != 0}, {"wrong_length", f.WrongLength, f.WrongLength != 0}, {"reset", f.Reset, f.Reset}, {"cut_at", f.CutAt, f.CutAt != 0}, {"stall", f.Stall.String(), f.Stall != 0},
		{"stall_after", f.StallAfter, f.StallAfter != 0}, {"keep_alive", f.KeepAlive.String(), f.KeepAlive != 0}, {"slow", f.Slow, f.Slow != 0},
	} {
		if m.set {
			out[m.name] = m.value
		}
	}
	return out
}

func (c *call) adminFaults(string) *fault {
	if c.s.Demo == nil {
		return noDemo()
	}
	all := map[string]faultList{}
	for _, id := range sim.Providers() {
		all[id] = faultsOf(c.s.Demo.Faults(id))
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"faults": all, "errors": sim.Classes()})
	return nil
}

func noDemo() *fault {
	return failure(codeNotSupported, "this server runs without the demo's providers")
}

func (c *call) adminFault(provider string) *fault {
	if c.s.Demo == nil {
		return noDemo()
	}
	if !slices.Contains(sim.Providers(), provider) {
		return failure(codeNotFound, "there is no simulated provider %q: %s", provider, strings.Join(sim.Providers(), ", "))
	}
	before := faultsOf(c.s.Demo.Faults(provider))
	switch string(c.Method()) {
	case "DELETE":
		if err := c.s.Demo.Set(provider, sim.Faults{}); err != nil {
			return failure(codeInternal, "%v", err)
		}
	case "PUT", "POST":
		var given map[string]any
		if f := readJSON(c.RequestCtx, &given); f != nil {
			return f
		}
		var args fasthttp.Args
		for name, value := range given {
			if value != nil && value != false {
				args.Set(name, fmt.Sprint(value))
			}
		}
		faults, err := sim.ParseFaults(&args)
		if err == nil {
			err = c.s.Demo.Set(provider, faults)
		}
		if err != nil {
			return failure(codeCheckFailed, "%v", err)
		}
	}
	after := faultsOf(c.s.Demo.Faults(provider))
	if string(c.Method()) != "GET" {
		c.told(store.Event{Action: "faults.set", What: "demo", Name: provider, Diff: store.Diff(indented(before), indented(after))})
	}
	writeJSON(c.RequestCtx, 200, after)
	return nil
}

// told puts a change that is no version of a document into the audit log. One that can't be told now is made all the same.
func (c *call) told(e store.Event) {
	d := c.s.Documents
	if d == nil || d.History() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	e.Author = c.author("")
	if err := d.History().Record(ctx, e); err != nil {
		d.Log("warning: %v", err)
	}
}

func indented(v any) []byte {
	src, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic("BUG: encode a change: " + err.Error())
	}
	return append(src, '\n')
}

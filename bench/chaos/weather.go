package chaos

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/routor/routor/providers/sim"
)

const (
	phase    = 30 * time.Second // for so long the same providers are well
	wellEach = 3                // providers that are well in each phase
	fading   = 20 * time.Second // for so long bad weather may have effects after it has ended
)

// Weather draws bad weather from a seed. In each phase some providers are well, others in the next; all others have errors,
// stalls, cuts and worse, some of them all of the time.
func Weather(seed uint64, d time.Duration) *sim.Scenario {
	r := rand.New(rand.NewPCG(seed, 13))
	s := &sim.Scenario{}
	order := r.Perm(len(sim.Providers()))
	for at, n := time.Duration(0), 0; at < d; at, n = at+phase, n+1 {
		for k, i := range order {
			if (k+wellEach*n)%len(order) < wellEach {
				continue
			}
			s.Steps = append(s.Steps, hardships(r, sim.Providers()[i], at)...)
		}
	}
	return s
}

// hardships are what befalls one provider in one phase.
func hardships(r *rand.Rand, provider string, at time.Duration) (steps []sim.Step) {
	left := 1.
	add := func(share float64, f sim.Faults) {
		if share = min(share, left); share <= 0 {
			return
		}
		from := time.Duration(r.Int64N(int64(phase / 3)))
		steps = append(steps, sim.Step{Providers: []string{provider}, At: at + from, For: phase - from, Share: share, Do: f})
		left -= share
	}
	if r.IntN(5) == 0 { // out altogether
		out := []sim.Faults{{Error: "auth"}, {Error: "quota"}, {Error: "overloaded"}, {Reset: true}, {Garbage: true}, {Stall: time.Minute}, {Error: "model_not_found"}}
		add(1, out[r.IntN(len(out))])
		return steps
	}
	for range 2 + r.IntN(4) {
		add(0.3*r.Float64(), hardship(r))
	}
	return steps
}

// hardship is one thing that goes wrong.
func hardship(r *rand.Rand) sim.Faults {
	return [...]sim.Faults{
		{Error: "rate_limited", RetryAfter: time.Duration(r.IntN(4)) * time.Second},
		{Error: "overloaded"},
		{Error: "server"},
		{Error: "content_filtered"},
		{Error: "server", InBand: true, InBandAfter: r.IntN(12)},
		{Error: "overloaded", InBand: true},
		{Garbage: true},
		{Reset: true},
		{CutWithin: 6000},
		{CutWithin: 3000, Reset: true},
		{Stall: 30 * time.Second},
		{Stall: 30 * time.Second, StallAfter: 1 + r.IntN(30)},
		{Stall: 700 * time.Millisecond, StallAfter: 1 + r.IntN(10), KeepAlive: 100 * time.Millisecond},
		{Drip: time.Millisecond, DripBytes: 5 + r.IntN(200)},
		{Malformed: true, MalformedAfter: r.IntN(20)},
		{WrongLength: 1 + r.IntN(500)},
		{WrongLength: -1 - r.IntN(500)},
		{Slow: 10},
	}[r.IntN(18)]
}

// well is whether nothing has befallen a provider for long enough before a time, and nothing did until another. Both are
// counted from the scenario's beginning.
func well(s *sim.Scenario, provider string, from, to time.Duration) bool {
	return !slices.ContainsFunc(s.Steps, func(x sim.Step) bool {
		return (len(x.Providers) == 0 || slices.Contains(x.Providers, provider)) && x.At < to && (x.For == 0 || x.At+x.For > from-fading)
	})
}

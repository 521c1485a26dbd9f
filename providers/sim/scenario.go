package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/nearest"
)

// Scenario is weather: what goes wrong where, when and how often. Together with the fleet's seed it is the same every time, as
// far as requests come in the same order.
type Scenario struct {
	Repeat time.Duration `yaml:"repeat" min:"0" example:"1m" doc:"Begins anew so often; 0 = it ends with its last step."`
	Steps  []Step        `yaml:"steps" doc:"What goes wrong. Those that overlap in time share the requests: each hits its own share."`
}

// Step is one thing that goes wrong for a while.
type Step struct {
	Name      string        `yaml:"name" example:"a bad night" doc:"For people."`
	At        time.Duration `yaml:"at" min:"0" example:"10s" doc:"From when on, counted from the start."`
	For       time.Duration `yaml:"for" min:"0" example:"20s" doc:"How long; 0 = until the end."`
	Providers []string      `yaml:"providers" example:"[openai, xai]" doc:"Where. Default: at all."`
	Dialects  []string      `yaml:"dialects" oneof:"completions,responses,messages,generate" example:"[messages]" doc:"Only requests in these. Default: all."`
	Answers   string        `yaml:"answers" oneof:"streams,plain" example:"streams" doc:"Only these answers. Default: all."`
	Share     float64       `yaml:"share" default:"1" min:"0" max:"1" example:"0.2" doc:"Share of the requests that it hits."`
	Do        Faults        `yaml:"do" doc:"What goes wrong."`
}

// Problem is one thing that is wrong with a scenario, and where.
type Problem struct{ Path, Message, Hint string }

// Check is all that is wrong with a scenario whose fields are what they should be each for itself.
func (s *Scenario) Check() (wrong []Problem) {
	for i := range s.Steps {
		x := &s.Steps[i]
		at := fmt.Sprintf("steps[%d]", i)
		say := func(field, hint, format string, args ...any) {
			wrong = append(wrong, Problem{at + field, fmt.Sprintf(format, args...), hint})
		}
		for _, p := range x.Providers {
			if !slices.Contains(Providers(), p) {
				say(".providers", nearest.Hint(p, Providers()), "no simulated provider %q", p)
			}
		}
		if err := x.Do.check(); err != nil {
			say(".do", "", "%v", err)
		}
		if x.Do == (Faults{}) {
			say(".do", "say what goes wrong, for instance do: {error: overloaded}", "nothing goes wrong here")
		}
		if only := (Faults{Refuse: x.Do.Refuse, TLS: x.Do.TLS}); x.Do.dials() && x.Do != only {
			say(".do", "write two steps", "refuse and tls are of connections, and the rest is of requests")
		}
		if s.Repeat > 0 && x.At >= s.Repeat {
			say(".at", "", "%s is never reached, because everything begins anew every %s", x.At, s.Repeat)
		}
		for _, p := range Providers() {
			sum := 0.
			for k := range s.Steps[:i+1] {
				if o := &s.Steps[k]; o.covers(p) && o.on(x.At) && o.meets(x) && o.Do.dials() == x.Do.dials() {
					sum += o.Share
				}
			}
			if sum > 1.000001 {
				say(".share", "lower the shares, or let one of them begin later", "from %s on the shares of the steps at %s add up to %.2f", x.At, p, sum)
				break
			}
		}
	}
	return wrong
}

func (x *Step) covers(provider string) bool {
	return len(x.Providers) == 0 || slices.Contains(x.Providers, provider)
}

func (x *Step) on(at time.Duration) bool { return at >= x.At && (x.For == 0 || at < x.At+x.For) }

// meets is whether there are requests that two steps both mean.
func (x *Step) meets(o *Step) bool {
	dialects := len(x.Dialects) == 0 || len(o.Dialects) == 0 || slices.ContainsFunc(x.Dialects, func(d string) bool { return slices.Contains(o.Dialects, d) })
	return dialects && (x.Answers == "" || o.Answers == "" || x.Answers == o.Answers)
}

// hits is whether a step means a request.
func (x *Step) hits(d chat.Dialect, stream bool) bool {
	return (len(x.Dialects) == 0 || slices.Contains(x.Dialects, string(d))) && (x.Answers == "" || (x.Answers == "streams") == stream)
}

// weather is a scenario that plays.
type weather struct {
	*Scenario
	began time.Time
}

// Play plays a scenario from now on; nil ends it. Faults that are set at a provider go before it.
func (f *Fleet) Play(s *Scenario) error {
	if s == nil {
		f.weather.Store(nil)
		return nil
	}
	if wrong := s.Check(); wrong != nil {
		return fmt.Errorf("%s: %s%s", wrong[0].Path, wrong[0].Message, strings.TrimSuffix("; "+wrong[0].Hint, "; "))
	}
	f.weather.Store(&weather{s, time.Now()})
	return nil
}

// now is how far the scenario has come.
func (w *weather) now() time.Duration {
	d := time.Since(w.began)
	if w.Repeat > 0 {
		d %= w.Repeat
	}
	return d
}

// falls is the fault that hits, by a draw between 0 and 1; none as a rule.
func (w *weather) falls(provider string, draw float64, means func(*Step) bool) Faults {
	now := w.now()
	for i := range w.Steps {
		x := &w.Steps[i]
		if !x.covers(provider) || !x.on(now) || !means(x) {
			continue
		}
		if draw -= x.Share; draw < 0 {
			return x.Do
		}
	}
	return Faults{}
}

// faultsNow are what goes wrong with a request.
func (p *provider) faultsNow(c *chance, d chat.Dialect, stream bool) Faults {
	f := *p.faults.Load()
	w := p.fleet.weather.Load()
	switch {
	case f != (Faults{}):
		if f.Rate > 0 && c.share() >= f.Rate {
			f = Faults{Slow: f.Slow}
		}
	case w != nil:
		f = w.falls(p.id, c.share(), func(x *Step) bool { return !x.Do.dials() && x.hits(d, stream) })
	}
	f.draw(c)
	return f
}

// dials is whether they are of connections rather than of requests.
func (f *Faults) dials() bool { return f.Refuse || f.TLS != "" }

// dialled are what goes wrong with a new connection.
func (p *provider) dialled() Faults {
	f := *p.faults.Load()
	w := p.fleet.weather.Load()
	if f != (Faults{}) || w == nil {
		return f
	}
	c := chance(p.fleet.o.Seed ^ p.dials.Add(1)*0x9e3779b97f4a7c15)
	return w.falls(p.id, c.share(), func(x *Step) bool { return x.Do.dials() })
}

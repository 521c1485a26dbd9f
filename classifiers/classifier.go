package classifiers

import (
	"errors"
	"math"
	"time"

	"github.com/routor/routor/engine/label"
)

// Classifier is a configured module with the built-in one behind it. Its methods may be called from many goroutines.
type Classifier struct {
	primary, builtin *Module
	breaker          breaker
}

// New puts builtin, which must be there, behind primary; a nil primary, or the same module twice, serves builtin alone. Close
// closes primary only, so that one builtin stands behind all generations.
func New(primary, builtin *Module) *Classifier {
	c := &Classifier{primary: primary, builtin: builtin}
	if primary == builtin {
		c.primary = nil
	}
	return c
}

// takenOver is Result.Fallback when the breaker is open.
const takenOver = "taken_over"

// Classify always answers: the configured module if it can, else the built-in one within the same call, with the reason in
// out.Fallback, and if that fails as well a uniform result with confidence 0. It allocates nothing when out is used again and
// nothing breaks. It takes at most the time that fuel lasts and twice Options.Wait.
func (c *Classifier) Classify(in *Input, out *Result) {
	reason := ""
	if m := c.primary; m != nil {
		reason = takenOver
		if !c.breaker.open.Load() {
			took, err := m.classify(in, out)
			kind, broke := c.judge(took, err)
			if broke {
				if c.breaker.count(m.options, time.Now()) {
					m.options.OnEvent(Event{Kind: TakenOver, Module: m.name, Err: err, Took: took})
				}
			} else if err == nil {
				c.breaker.ok()
			}
			if err == nil {
				return
			}
			reason = kind.String()
		}
		m.options.OnEvent(Event{Kind: Fallback, Module: m.name})
	}
	if err := c.builtin.Classify(in, out); err != nil {
		c.builtin.options.OnEvent(Event{Kind: Uniform, Module: c.builtin.name, Err: err})
		out.uniform()
	}
	out.Fallback = reason
}

// judge says what kind of break a call was, if it was one.
func (c *Classifier) judge(took time.Duration, err error) (kind Kind, broke bool) {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind, e.Kind.isBreak()
	default:
		return Slow, took > c.primary.options.Slow
	}
}

// Card is the card of the configured module, whose heads rules may read.
func (c *Classifier) Card() Card {
	if c.primary != nil {
		return c.primary.Card()
	}
	return c.builtin.Card()
}

// TakenOver says whether the configured module broke so often that the built-in one serves in its place.
func (c *Classifier) TakenOver() bool { return c.breaker.open.Load() }

// Acquire keeps the configured module open until Release, so that whoever holds an old classifier can finish with it. False =
// it is closed already.
func (c *Classifier) Acquire() bool { return c.primary == nil || c.primary.Acquire() }

// Release ends an Acquire.
func (c *Classifier) Release() {
	if c.primary != nil {
		c.primary.Release()
	}
}

// Close closes the configured module when its last call has returned.
func (c *Classifier) Close() {
	if c.primary != nil {
		c.primary.Close()
	}
}

// uniform says that nothing is known.
func (r *Result) uniform() {
	for i := range r.Category {
		r.Category[i] = 1.0 / label.NumCategories
	}
	r.Domain = [label.NumDomains]float32{}
	r.Difficulty, r.Confidence, r.CompletionTokens = 0.5, 0, float32(math.NaN())
	r.Heads, r.Module = r.Heads[:0], ""
}

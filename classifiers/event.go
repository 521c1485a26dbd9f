package classifiers

import (
	"fmt"
	"time"
)

// Kind is what happened to a module, or to a call of it.
type Kind uint8

// The kinds of events. The first four are breaks.
const (
	Trap        Kind = iota // the guest trapped, or could not be started
	OutOfFuel               // the guest worked for too long and was stopped
	BadResult               // the guest answered what the ABI does not allow
	Slow                    // the guest answered, but later than Options.Slow
	Busy                    // no instance was free within Options.Wait
	Closed                  // the module was closed before the call
	Fallback                // the built-in module answered in place of the configured one
	Uniform                 // the built-in module failed too: the answer says nothing, with confidence 0
	TakenOver               // alert: too many breaks; from now on the built-in module answers
	Interpreted             // this machine can't compile modules: they run some 80 times slower
)

// Kinds are the kinds' names in order, as metrics and results say them.
var Kinds = [...]string{"trap", "out_of_fuel", "bad_result", "slow", "busy", "closed", "fallback", "uniform", "taken_over", "interpreted"}

func (k Kind) String() string { return Kinds[k] }

func (k Kind) isBreak() bool { return k <= Slow }

// Event is one thing that happened to a module.
type Event struct {
	Kind   Kind
	Module string        // name and version
	Err    error         // the cause, if there is one
	Took   time.Duration // of the call, where it is known
}

// Error is a call that a module did not answer.
type Error struct {
	Kind   Kind
	Module string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("classifier %q: %s: %v", e.Module, e.Kind, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

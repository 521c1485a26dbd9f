package classifiers

import (
	"cmp"
	"runtime"
	"time"
)

// Options are how a module is hosted. A field that is zero (or negative) means its default.
type Options struct {
	MaxModule   int    // size of the .wasm in bytes; 32 MB
	MaxMemory   int    // linear memory of an instance in bytes, rounded down to pages of 64 KB; 64 MB
	Instances   int    // instances, which is how many calls run at the same time; GOMAXPROCS
	FuelBase    uint64 // fuel of a call; 2,000,000
	FuelPerByte uint64 // and for each byte of the input record; 1,500
	FuelStart   uint64 // fuel to start an instance with (start function, _initialize); 50,000,000
	Cut         Cut    // how much of long texts a module sees; 4 KB + 4 KB of the text, 2 KB of the system prompt, 2 KB of the context

	// Wait is how long a call waits for a free instance before it gives up as busy; 100 ms. Instances are as many as processors,
	// and a call holds one for microseconds: who waits that long waits for a processor, which one instance more would not give.
	Wait time.Duration
	// Slow is the time from which a call counts as a break although it answered; 250 ms, which no honest module needs
	// and a busy machine rarely adds.
	Slow time.Duration
	// Breaks is how many breaks in a row, and BreaksInWindow how many within Window, make a Classifier give the module up; 5, and
	// 20 within a minute.
	Breaks         int
	BreaksInWindow int
	Window         time.Duration

	// CacheDir keeps compiled machine code between starts; "" = nowhere. What lies there is executed, so it is made with mode
	// 0700, and must belong to this user alone.
	CacheDir string
	// OnEvent is told of everything that deserves a counter, from any goroutine. It must not block.
	OnEvent func(Event)

	interpret bool // for tests: do not compile
}

// DefaultCut is how much of long texts a module sees unless Options say otherwise.
var DefaultCut = Cut{TextHead: 4 << 10, TextTail: 4 << 10, System: 2 << 10, Context: 2 << 10}

func (o Options) withDefaults() Options {
	set(&o.MaxModule, 32<<20)
	set(&o.MaxMemory, 64<<20)
	set(&o.Instances, runtime.GOMAXPROCS(0))
	set(&o.FuelBase, 2_000_000)
	set(&o.FuelPerByte, 1500)
	set(&o.FuelStart, 50_000_000)
	if o.Cut == (Cut{}) {
		o.Cut = DefaultCut
	}
	set(&o.Wait, 100*time.Millisecond)
	set(&o.Slow, 250*time.Millisecond)
	set(&o.Breaks, 5)
	set(&o.BreaksInWindow, 20)
	set(&o.Window, time.Minute)
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	return o
}

func set[T cmp.Ordered](field *T, def T) {
	var zero T
	if *field <= zero {
		*field = def
	}
}

func (o *Options) maxPages() uint32 { return uint32(min(max(o.MaxMemory>>16, 1), 1<<16)) }

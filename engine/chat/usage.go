package chat

// Usage is the tokens that a call used, as its provider reported them, each counted once: Input excludes what was read
// from or written to a prompt cache and audio, Output includes reasoning and excludes audio.
type Usage struct {
	Input, CachedRead, CacheWrite5m, CacheWrite1h, Output, Reasoning, AudioInput, AudioOutput int64
	// WebSearches is how often the provider itself searched the web: billed by the call.
	WebSearches int64
	Known       bool
}

// Add adds what another call used.
func (u *Usage) Add(o Usage) {
	u.Input += o.Input
	u.CachedRead += o.CachedRead
	u.CacheWrite5m += o.CacheWrite5m
	u.CacheWrite1h += o.CacheWrite1h
	u.Output += o.Output
	u.Reasoning += o.Reasoning
	u.AudioInput += o.AudioInput
	u.AudioOutput += o.AudioOutput
	u.WebSearches += o.WebSearches
	u.Known = u.Known || o.Known
}

// Update takes in what a later event of the same answer tells. Counters only grow, and what an event leaves out (0) stays as
// it was told before. A later sum of cache writes without their lifetimes keeps the lifetimes that are known.
func (u *Usage) Update(o Usage) {
	if !o.Known {
		return
	}
	if o.CacheWrite1h == 0 && u.CacheWrite1h > 0 && o.CacheWrite5m > 0 {
		o.CacheWrite5m, o.CacheWrite1h = max(o.CacheWrite5m-u.CacheWrite1h, 0), u.CacheWrite1h
		u.CacheWrite5m = o.CacheWrite5m
	}
	for _, c := range []struct{ to, from *int64 }{
		{&u.Input, &o.Input}, {&u.CachedRead, &o.CachedRead}, {&u.CacheWrite5m, &o.CacheWrite5m}, {&u.CacheWrite1h, &o.CacheWrite1h},
		{&u.Output, &o.Output}, {&u.Reasoning, &o.Reasoning}, {&u.AudioInput, &o.AudioInput}, {&u.AudioOutput, &o.AudioOutput},
		{&u.WebSearches, &o.WebSearches},
	} {
		if *c.from != 0 {
			*c.to = *c.from
		}
	}
	u.Known = true
}

// Prompt is all tokens of the prompt, cached ones included.
func (u Usage) Prompt() int64 {
	return u.Input + u.CachedRead + u.CacheWrite5m + u.CacheWrite1h + u.AudioInput
}

// Completion is all tokens of the answer.
func (u Usage) Completion() int64 { return u.Output + u.AudioOutput }

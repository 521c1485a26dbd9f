package chat

// Usage is the tokens that a call used, as its provider reported them, each counted once: Input excludes what was read
// from or written to a prompt cache and audio, Output includes reasoning and excludes audio.
type Usage struct {
	Input, CachedRead, CacheWrite5m, CacheWrite1h, Output, Reasoning, AudioInput, AudioOutput int64
	Known                                                                                     bool
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
	u.Known = u.Known || o.Known
}

// Prompt is all tokens of the prompt, cached ones included.
func (u Usage) Prompt() int64 {
	return u.Input + u.CachedRead + u.CacheWrite5m + u.CacheWrite1h + u.AudioInput
}

// Completion is all tokens of the answer.
func (u Usage) Completion() int64 { return u.Output + u.AudioOutput }

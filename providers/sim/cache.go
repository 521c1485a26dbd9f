package sim

import (
	"sync"

	"github.com/cespare/xxhash/v2"
)

// promptCache remembers the beginnings of prompts, as providers do to charge less for them.
type promptCache struct {
	mu   sync.Mutex
	runs map[uint64]struct{} // hashes of runs of messages from the start
}

// cacheUnit is how providers count: cached tokens are a multiple of it.
const cacheUnit = 64

// seen is how many of a prompt's tokens were seen before, as the longest run of whole messages from its start, and
// remembers the prompt.
func (p *promptCache) seen(r *request, prompt int) (cached int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs == nil || len(p.runs) > 100_000 {
		p.runs = map[uint64]struct{}{}
	}
	h := xxhash.New()
	_, _ = h.WriteString(r.Model)
	bytes := 0
	for i := range r.Messages {
		m := &r.Messages[i]
		_, _ = h.WriteString(m.Role)
		_, _ = h.Write(m.Content)
		bytes += len(m.Content)
		key := h.Sum64()
		if _, ok := p.runs[key]; ok {
			cached = tokensOf(bytes)
		}
		p.runs[key] = struct{}{}
	}
	return min(cached, prompt) / cacheUnit * cacheUnit
}

package engine

import (
	"math"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
)

const (
	// balanceDecades is how far `balance` shifts worth each way, in powers of ten: 0 is a thousandth, 1 a thousandfold.
	balanceDecades = 3
	// returnChance is the chance that a conversation which leaves a warm cache comes back to it after it went cold. A
	// provider keeps a prefix for minutes after its last use, so one turn elsewhere seldom loses it.
	returnChance = 0.2
	// maxTokens bounds every count of tokens that a price is multiplied by.
	maxTokens = 100_000_000
)

// worthOf is what a fully right answer is worth, in USD.
func worthOf(p *policies.Policy, t label.Tier, balance float64) float64 {
	return p.Worth[t] * math.Pow(10, 2*balanceDecades*(balance-.5))
}

// expectedCompletion stands in for the classifier's estimate of completion tokens where it does not say: medians by tier.
var expectedCompletion = [label.NumTiers]float64{20, 80, 300, 800, 1500}

// leastCompletion is the least share of a tier's median that an estimate counts as: a hard request is never as cheap as an
// estimate fitted to short benchmark answers would have it.
const leastCompletion = .25

// completion is the expected completion tokens of an average model, reasoning not counted.
func completion(tokens float32, tier label.Tier) int {
	t := float64(tokens)
	if math.IsNaN(t) || t <= 0 {
		t = expectedCompletion[tier]
	}
	return int(min(max(t, leastCompletion*expectedCompletion[tier]), 200_000))
}

// expectedOutput is how many tokens a model is expected to give back, reasoning included, and how many of them are
// reasoning. The client's limit caps the sum, as it does at the provider. stated tokens are the model's own, all included.
func (o *option) expectedOutput(r *chat.Request, completion, effort int, stated bool) (output, reasoning int64) {
	m := o.dep.Model
	verbosity, ratio := m.Verbosity, m.ReasoningTokens
	if verbosity <= 0 || math.IsNaN(verbosity) {
		verbosity = 1
	}
	if effort != noEffort {
		ratio = m.Efforts[effort].ReasoningTokens
	}
	if ratio < 0 || math.IsNaN(ratio) {
		ratio = 0
	}
	if stated {
		verbosity, ratio = 1, 0
	}
	text := float64(completion) * verbosity
	total := text * (1 + ratio)
	if limit := float64(r.MaxTokens); limit > 0 && total > limit {
		total, text = limit, min(text, limit)
	}
	n := float64(max(r.N, 1))
	return int64(min(total*n, maxTokens)), int64(min((total-text)*n, maxTokens))
}

// price puts the expected cost of the request into a candidate: the prompt, its cached part at the cached price, and the
// expected output, reasoning included: completion tokens as estimated of an average model, or stated of this one. Who leaves a warm cache pays the chance of having to warm it again.
func (d *Decision) price(o *option, c *Candidate, r *chat.Request, w *World, completion int, stated bool) {
	output, reasoning := o.expectedOutput(r, completion, c.effort, stated)
	c.Tokens = int(output)
	prompt := int64(min(max(r.Facts.PromptTokens, 0), maxTokens))
	t := catalog.Tokens{Input: prompt, Output: output, Reasoning: reasoning, Images: int64(r.Facts.Images)}
	if cached := int64(w.Conversation.Cached); cached > 0 && w.Conversation.Model == o.dep.ID && o.dep.Prices.CachedRead >= 0 {
		t.CachedRead = min(cached, prompt)
		t.Input -= t.CachedRead
	}
	c.Cost, c.Estimated = o.prices.Cost(t, r.ServiceTier), !o.priced
	if !c.Cost.Known() {
		c.Cost, c.Estimated = 0, true
	}
	if d.warm != nil && d.warm != o.dep {
		c.CacheLoss = d.cacheLoss
		c.Cost += c.CacheLoss
	}
}

// warmCache finds the deployment that has the conversation's prompt cached, and what leaving it is expected to cost: the
// difference between the full and the cached price of what it holds, times the chance that it is needed again.
func (d *Decision) warmCache(s *Snapshot, r *chat.Request, w *World) {
	if w.Conversation.Cached <= 0 || w.Conversation.Model == "" {
		return
	}
	dep := s.Catalog.Deployment(w.Conversation.Model)
	if dep == nil || dep.Prices.CachedRead < 0 || dep.Prices.Input <= dep.Prices.CachedRead {
		return
	}
	cached := min(int64(w.Conversation.Cached), int64(r.Facts.PromptTokens))
	loss := (dep.Prices.Input - dep.Prices.CachedRead).For(cached)
	d.warm, d.cacheLoss = dep, catalog.Money(float64(loss)*returnChance)
	d.Affinity = loss > 0
}

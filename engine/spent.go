package engine

import (
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// Expected is what asking the decision's first candidate is expected to take, for limits and budgets. A price that is unknown
// counts as the baseline's.
func (d *Decision) Expected(promptTokens int) access.Need {
	best := d.Best()
	if best == nil {
		return access.Need{}
	}
	return access.Need{Tokens: int64(max(promptTokens, 0) + best.Tokens), Cost: max(best.Spend(), 0)}
}

// Spent is what all attempts together took, for limits and budgets; it is known once the answer is closed. Where a provider
// told nothing, or has no known price, it is what was expected of calls that may have been billed.
func (a *Answer) Spent() access.Need { return a.spent }

func (a *Answer) reckonSpent() (n access.Need) {
	prompt := int64(a.rt.Request.Facts.PromptTokens)
	for i := range a.Attempts {
		at := &a.Attempts[i]
		billed := at.Sent && (at.Class == "" || mayBill(&providers.Error{Class: at.Class, Sent: at.Sent, Status: at.Status}))
		switch {
		case at.CostSource != "":
			n.Cost += at.Cost
		case billed:
			n.Cost += max(at.Candidate.Spend(), 0)
		}
		switch {
		case at.Usage.Known:
			n.Tokens += at.Usage.Prompt() + at.Usage.Completion()
		case billed:
			n.Tokens += prompt + int64(at.Candidate.Tokens)
		}
	}
	return n
}

// expected is what a request for embeddings is expected to take at a deployment: there is about a token to four bytes of its
// body.
func (d Embedding) expected(dep *catalog.Deployment) access.Need {
	tokens := int64(len(d.Body)+3) / 4
	return access.Need{Tokens: tokens, Cost: max(dep.Prices.Cost(catalog.Tokens{Input: tokens}, ""), 0)}
}

// Decline releases a request that was decided and is not dispatched, and writes into its record what was decided.
func (rt *Routed) Decline() {
	if rt.record != nil {
		rt.remember(rt.record)
	}
	rt.Release()
}

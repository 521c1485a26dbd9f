package replay

import (
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/ledger"
)

// attempt is the upstream call that answered a record, if an outcome asks just that: the same deployment at the same effort.
func (o *outcome) attempt(rec *ledger.Record) *ledger.Attempt {
	if len(rec.Attempts) == 0 || rec.Decision == nil {
		return nil
	}
	a := &rec.Attempts[len(rec.Attempts)-1]
	if a.Class != "" || a.Deployment != o.dep.ID {
		return nil
	}
	for i := range rec.Decision.Chain {
		if c := &rec.Decision.Chain[i]; c.Deployment == a.Deployment {
			if c.Effort != o.effort {
				return nil
			}
			break
		}
	}
	return a
}

// spent is what a record's answer cost: as it was billed, or its tokens at the catalog's prices where those have changed since.
func (o *outcome) spent(rec *ledger.Record, c *catalog.Catalog) (catalog.Money, bool) {
	a := o.attempt(rec)
	if a == nil || a.Source != "provider" && a.Source != "usage" {
		return 0, false
	}
	if rec.Versions.Catalog == c.Version {
		m := catalog.Money(a.Cost)
		return m, m.Known()
	}
	t := &a.Tokens
	tier := ""
	if rec.Facts != nil {
		tier = rec.Facts.ServiceTier
	}
	m := o.dep.Prices.Cost(catalog.Tokens{Input: max(0, t.Prompt-t.Cached), CachedRead: t.Cached, Output: t.Completion, Reasoning: t.Reasoning}, tier)
	return m, m.Known()
}

// waited is how long a record's client waited for the first token of the model alone, in seconds; only streams tell.
func (o *outcome) waited(rec *ledger.Record) (float64, bool) {
	a := o.attempt(rec)
	if a == nil || !rec.Stream || a.Took <= 0 {
		return 0, false
	}
	return a.Took.Duration().Seconds(), true
}

// pair is a figure before and after, and which of the two was measured.
type pair struct {
	before, after                 float64
	beforeMeasured, afterMeasured bool
}

// paired makes a pair of what was measured, where something was, and of what is expected. Expectation and measurement do not meet:
// where one side was measured and the other can only be expected, the other is the measurement times what the expectations differ
// by. So an error of the expectation is not taken for a change.
func paired(measuredBefore float64, before bool, measuredAfter float64, after bool, expectedBefore, expectedAfter float64) pair {
	switch {
	case before && after:
		return pair{measuredBefore, measuredAfter, true, true}
	case before && expectedBefore > 0:
		return pair{measuredBefore, measuredBefore * expectedAfter / expectedBefore, true, false}
	case after && expectedAfter > 0:
		return pair{measuredAfter * expectedBefore / expectedAfter, measuredAfter, false, true}
	case before: // of what is free nothing follows for what is not
		return pair{measuredBefore, expectedAfter, true, false}
	case after:
		return pair{expectedBefore, measuredAfter, false, true}
	}
	return pair{expectedBefore, expectedAfter, false, false}
}

package engine

import (
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// Where a cost comes from.
const (
	CostByProvider = "provider" // the provider's own figure
	CostByUsage    = "usage"    // the usage that it told, at the catalog's prices
	CostByEstimate = "estimate" // what was expected: nothing was told
)

// reckon gives an attempt its cost: the provider's own figure (billionths of a US dollar; 0 = none) before what its usage comes
// to, and that before what was expected.
func (x *exchange) reckon(at *Attempt, u chat.Usage, told int64) {
	prices := &at.Candidate.Deployment.Prices
	switch cost := prices.Cost(tokens(u), x.rt.Request.ServiceTier); {
	case told > 0:
		at.Cost, at.CostSource = catalog.Money(told), CostByProvider
	case u.Known && cost >= 0:
		if searches := prices.ToolCost("web_search", u.WebSearches); u.WebSearches > 0 && searches > 0 {
			cost += searches
		}
		at.Cost, at.CostSource = cost, CostByUsage
	case at.Sent && !at.Candidate.Estimated:
		at.Cost, at.CostSource = max(at.Candidate.Spend(), 0), CostByEstimate
	}
}

// failedAfter takes in the failure of the current call, which told what it used before it failed.
func (x *exchange) failedAfter(err *providers.Error, u chat.Usage, told int64) *Failure {
	failure := x.failed(err)
	if u.Known || told > 0 {
		last := &x.Attempts[len(x.Attempts)-1]
		last.Usage = u
		x.reckon(last, u, told)
	}
	return failure
}

// CostSource says where the cost comes from: of several attempts' the least sure.
func (a *Answer) CostSource() string {
	source := ""
	for i := range a.Attempts {
		switch s := a.Attempts[i].CostSource; {
		case s == "", source == CostByEstimate:
		case s == CostByEstimate, source == "", s == CostByUsage:
			source = s
		}
	}
	return source
}

// mayBill is whether a call that failed may be on the bill: the provider took it, and did not refuse it by an error's status.
func mayBill(err *providers.Error) bool {
	switch err.Class {
	case providers.Timeout, providers.Network, providers.InBand, providers.Canceled, providers.Server:
		return err.Sent && err.Status/100 != 4 && err.Status/100 != 5
	}
	return false
}

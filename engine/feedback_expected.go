package engine

import (
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/ledger"
)

// CatalogQuality is what the catalog alone lets expect of the answer to a record's request, 0..1: nothing of it was learned from
// feedback, so that feedback is never measured against itself. 0 = the record does not hold what it follows from, or the catalog
// lacks the model by now.
func CatalogQuality(s *Snapshot, rec *ledger.Record) float64 {
	if rec.Class == nil || rec.Decision == nil {
		return 0
	}
	dep, effort := answeredBy(s, rec)
	if dep == nil {
		return 0
	}
	r := NewRecaller(s)
	r.recallClass(rec.Class)
	labels, usual := s.mixture.of(&r.class)
	if labels == nil {
		usual = s.Catalog.Difficulty.Reference
	}
	factor := oddsFactor(s.Catalog.Difficulty.Slope, rec.Decision.Difficulty-usual)
	skill := &s.options[dep.Index].skills[effort+1]
	if labels != nil {
		return skill.qualityOf(labels, factor)
	}
	return skill.quality(&r.class, factor)
}

// answeredBy is the deployment that answered a record's request, and the effort at which it was asked.
func answeredBy(s *Snapshot, rec *ledger.Record) (*catalog.Deployment, int) {
	n := len(rec.Attempts)
	if n == 0 || rec.Attempts[n-1].Class != "" {
		return nil, noEffort
	}
	dep := s.Catalog.Deployment(rec.Attempts[n-1].Deployment)
	if dep == nil {
		return nil, noEffort
	}
	for i := range rec.Decision.Chain {
		if c := &rec.Decision.Chain[i]; c.Deployment == dep.ID && c.Effort != "" {
			return dep, effortFor(dep.Model.Efforts, c.Effort)
		}
	}
	return dep, noEffort
}

package engine

import (
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// noEffort marks a model that has no choice of reasoning effort.
const noEffort = -1

// effortOrder is how strong a reasoning effort is, on a scale that all makers' names share.
var effortOrder = map[string]int{"none": 0, "minimal": 1, "low": 2, "medium": 3, "high": 4, "xhigh": 5, "max": 6}

// tierEffort is the effort that a tier asks for where the client does not say: what needs no thinking gets none, and
// `xhigh` and `max` are never taken unasked, because their tokens cost more than they bring on average.
var tierEffort = [label.NumTiers]string{"none", "none", "low", "medium", "high"}

// drops is whether the client's reasoning_effort must be left out for a model: it has no choice of effort, and some
// providers refuse the field then. Who names a model may know it better than the catalog, and keeps the field.
func drops(r *chat.Request, m *catalog.Model, direct bool) bool {
	return r.Effort != "" && len(m.Efforts) == 0 && !direct
}

// effortFor is the index of the strongest effort that is at most as strong as wanted, else the weakest one; noEffort for
// a model without a choice. An unknown name counts as medium.
func effortFor(efforts []catalog.Effort, wanted string) int {
	if len(efforts) == 0 {
		return noEffort
	}
	for i := range efforts {
		if efforts[i].Name == wanted {
			return i
		}
	}
	want, best := rankEffort(wanted), 0
	for i := range efforts {
		if rankEffort(efforts[i].Name) <= want {
			best = i
		}
	}
	return best
}

func rankEffort(name string) int {
	if n, ok := effortOrder[name]; ok {
		return n
	}
	return effortOrder["medium"]
}

package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/routor/routor/engine/nearest"
)

// Model is the model with this canonical id; nil = none.
func (c *Catalog) Model(id string) *Model { return c.byModel[id] }

// Deployment is the deployment with this id; nil = none.
func (c *Catalog) Deployment(id string) *Deployment { return c.byDep[id] }

// Provider is the provider with this id; nil = none.
func (c *Catalog) Provider(id string) *Provider { return c.byProv[id] }

// DeploymentsOf are the places where a model can be called, the maker's own first. The slice is the catalog's.
func (c *Catalog) DeploymentsOf(m *Model) []*Deployment { return c.homes[m] }

// Find is what a client's model name means: a canonical id, a bare id ("gpt-5.5"), an alias, "maker/alias", or the id of a
// deployment. A deployment comes back only for a deployment id that is not also a name of its model, so that a model that
// is named by its home keeps its other homes to fail over to. Upper and lower case are the same. nil, nil = unknown.
func (c *Catalog) Find(name string) (*Model, *Deployment) {
	if m := c.byAlias[name]; m != nil {
		return m, nil
	}
	if d := c.byDep[name]; d != nil {
		return d.Model, d
	}
	if lower := strings.ToLower(name); lower != name {
		return c.Find(lower)
	}
	return nil, nil
}

// Nearest are up to n canonical ids whose names are most like the unknown one, best first, of equals what is active and
// newest: at most a third of the name may differ.
func (c *Catalog) Nearest(name string, n int) []string {
	name = strings.ToLower(name)
	if len(name) > 200 { // no model is called that; the client's text is not worth the time
		return nil
	}
	best := map[*Model]int{}
	for _, known := range c.names {
		m := c.byAlias[known]
		limit := max(1, max(len(name), len(known))/3)
		if m.Status == Unlisted || abs(len(known)-len(name)) > limit {
			continue
		}
		d := nearest.Distance(name, known)
		if old, ok := best[m]; d <= limit && (!ok || d < old) {
			best[m] = d
		}
	}
	near := slices.SortedFunc(maps.Keys(best), func(a, b *Model) int {
		return cmp.Or(
			cmp.Compare(best[a], best[b]),
			-compareBool(a.Status == Active, b.Status == Active),
			-strings.Compare(a.Released, b.Released),
			strings.Compare(a.ID, b.ID),
		)
	})
	ids := make([]string, 0, max(n, 0))
	for _, m := range near[:min(max(n, 0), len(near))] {
		ids = append(ids, m.ID)
	}
	return ids
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func abs(n int) int { return max(n, -n) }

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

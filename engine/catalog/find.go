package catalog

import (
	"slices"
	"sort"
	"strings"
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

// Nearest are up to n canonical ids whose names are most like the unknown one, best first: at most a third of the name
// may differ.
func (c *Catalog) Nearest(name string, n int) []string {
	name = strings.ToLower(name)
	if len(name) > 200 { // no model is called that; the client's text is not worth the time
		return nil
	}
	type near struct {
		id       string
		distance int
	}
	best := map[string]int{}
	for _, known := range c.names {
		m, _ := c.Find(known)
		if m.Status == Unlisted {
			continue
		}
		limit := max(1, max(len(name), len(known))/3)
		if abs(len(known)-len(name)) > limit {
			continue
		}
		dist := distance(name, known)
		if old, ok := best[m.ID]; dist <= limit && (!ok || dist < old) {
			best[m.ID] = dist
		}
	}
	all := make([]near, 0, len(best))
	for id, dist := range best {
		all = append(all, near{id, dist})
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].distance != all[j].distance {
			return all[i].distance < all[j].distance
		}
		return all[i].id < all[j].id
	})
	ids := make([]string, 0, n)
	for _, a := range all[:min(max(n, 0), len(all))] {
		ids = append(ids, a.id)
	}
	return ids
}

// didYouMean suggests the nearest of the known words, "" if none is near.
func didYouMean(word string, known []string) string {
	best, least := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least {
			best, least = k, d
		}
	}
	if best == "" || len(word) > 100 {
		return ""
	}
	return "did you mean " + best + "?"
}

// distance is the number of bytes to insert, delete, change or swap with a neighbour to make b of a (optimal string
// alignment).
func distance(a, b string) int {
	if len(a) > 200 || len(b) > 200 {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int { return max(n, -n) }

// sorted are the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

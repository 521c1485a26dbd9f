package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/catalog"
)

// model is a simulated model.
type model struct {
	id, name string
	thinks   bool
	blind    bool // takes no images
	// first is the time to the first token, each the time per token; typical figures of the price class where the catalog
	// has none of its own.
	first, each time.Duration
}

// modelsOf are the models that a provider serves, by the name it knows them by.
func modelsOf(c *catalog.Catalog, provider string) (models map[string]*model, order []string) {
	models = map[string]*model{}
	for _, d := range c.Deployments {
		if d.Provider != provider || d.Model.Status == catalog.Retired || d.Upstream == "" {
			continue
		}
		m := &model{id: d.Upstream, name: d.Model.Name, thinks: d.Model.Thinks, blind: d.Model.Caps.Image == catalog.No}
		m.first, m.each = speed(d)
		if models[m.id] == nil {
			order = append(order, m.id)
		}
		models[m.id] = m
	}
	slices.Sort(order)
	return models, order
}

// Pace is how a simulated deployment answers: the time to its first token, and per token.
func Pace(d *catalog.Deployment) (first, each time.Duration) { return speed(d) }

// speed is a guess by price: the dearer a model, the larger and slower it is.
func speed(d *catalog.Deployment) (first, each time.Duration) {
	switch dollars := float64(d.Prices.Output) / 1e9; { // per million tokens
	case dollars > 10:
		first, each = 900*time.Millisecond, 17*time.Millisecond
	case dollars > 2:
		first, each = 550*time.Millisecond, 11*time.Millisecond
	default:
		first, each = 280*time.Millisecond, 6*time.Millisecond
	}
	if d.FirstToken > 0 {
		first = time.Duration(d.FirstToken * float64(time.Second))
	}
	if d.PerToken > 0 {
		each = time.Duration(d.PerToken * float64(time.Second))
	}
	return first, each
}

// named is the model that a request means: providers take dated and "latest" forms of a name as well.
func (p *provider) named(id string) *model {
	if m := p.models[id]; m != nil {
		return m
	}
	return p.models[strings.TrimSuffix(id, "-latest")]
}

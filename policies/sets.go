package policies

import (
	"maps"
	"slices"
	"strings"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// set is a closed set: what a value may be compared with. A misspelt word in a rule is found when it is written, not
// when the rule silently never matches.
type set struct {
	one, many string            // "category", "categories": for messages
	words     []string          // as they are shown
	means     map[string]string // how it may be written → the word, aliases included
	empty     bool              // "" is in it too: nothing known, nothing said
	open      bool              // its words are not known here: any will do
}

func newSet(one, many string, words []string, empty bool) *set {
	s := &set{one: one, many: many, words: words, means: make(map[string]string, len(words)), empty: empty}
	for _, w := range words {
		s.means[w] = w
	}
	return s
}

// find is the word that the literal stands for.
func (s *set) find(literal string) (string, bool) {
	if s == tiers {
		if t, ok := label.ParseTier(literal); ok {
			return t.String(), true
		}
		return "", false
	}
	if literal == "" && s.empty {
		return "", true
	}
	w, ok := s.means[literal]
	if s.open {
		return literal, true
	}
	return w, ok
}

// unknown says what is wrong with a literal that is not in the set.
func (s *set) unknown(literal string) (message, hint string) {
	if len(s.words) == 0 {
		return "unknown " + s.one + " " + quoted(literal), "there are no " + s.many + " here"
	}
	return "unknown " + s.one + " " + quoted(literal), didYouMean(literal, s.words)
}

// The sets that are the same for every catalog.
var (
	tiers      = newSet("tier", "tiers", label.Tiers[:], false)
	categories = newSet("category", "categories", label.Categories[:], false)
	domains    = newSet("domain", "domains", label.Domains[:], false)
	weekdays   = newSet("weekday", "weekdays", []string{
		"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
	}, false)
	anyLabel   = &set{one: "label", many: "labels", open: true}
	anyProfile = &set{one: "profile", many: "profiles", open: true}
)

// sets are the closed sets of a scope, by the name that the environment's table uses.
type sets struct {
	byName map[string]*set
	heads  map[string]*set // nil = the classifier is not known, any head may be read
	models *names
}

func newSets(scope Scope) *sets {
	c := scope.Catalog
	models := newNames(c)
	var providers, makers, deployments, regions, efforts []string
	for _, p := range c.Providers {
		providers = append(providers, p.ID)
	}
	for _, d := range c.Deployments {
		providers = append(providers, d.Provider)
		deployments = append(deployments, d.ID)
		if d.Region != "" {
			regions = append(regions, d.Region)
		}
	}
	for _, m := range c.Models {
		makers = append(makers, m.Maker)
		for _, e := range m.Efforts {
			efforts = append(efforts, e.Name)
		}
	}
	efforts = append(efforts, "none", "minimal", "low", "medium", "high", "xhigh", "max")
	statuses := []string{string(catalog.Active), string(catalog.Preview), string(catalog.Unlisted), string(catalog.Retired)}

	s := &sets{models: models, byName: map[string]*set{
		"tier": tiers, "category": categories, "domain": domains, "weekday": weekdays,
		"provider":   newSet("provider", "providers", distinct(providers), true),
		"maker":      newSet("maker", "makers", distinct(makers), false),
		"deployment": newSet("deployment", "deployments", distinct(deployments), false),
		"region":     newSet("region", "regions", distinct(regions), true),
		"effort":     newSet("effort", "efforts", distinct(efforts), true),
		"status":     newSet("status", "statuses", statuses, false),
		"profile":    newSet("profile", "profiles", distinct(append([]string{"default"}, scope.Profiles...)), true),
		"model":      models.set,
	}}
	if scope.Profiles == nil {
		s.byName["profile"] = anyProfile
	}
	if scope.Heads != nil {
		s.heads = make(map[string]*set, len(scope.Heads))
		for name, labels := range scope.Heads {
			s.heads[name] = newSet("label of "+name, "labels of "+name, labels, true)
		}
	}
	return s
}

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// names finds models by every name that people use for them.
type names struct {
	set         *set
	models      map[string]*catalog.Model // by id
	deployments map[string]*catalog.Deployment
	catalog     *catalog.Catalog
}

func newNames(c *catalog.Catalog) *names {
	n := &names{catalog: c, models: map[string]*catalog.Model{}, deployments: map[string]*catalog.Deployment{}}
	for _, m := range c.Models {
		n.models[m.ID] = m
	}
	n.set = newSet("model", "models", slices.Sorted(maps.Keys(n.models)), true)
	bare := map[string][]string{}
	for _, m := range c.Models {
		for _, a := range m.Aliases {
			if _, taken := n.set.means[a]; !taken {
				n.set.means[a] = m.ID
			}
		}
		if _, id, ok := strings.Cut(m.ID, "/"); ok {
			bare[id] = append(bare[id], m.ID)
		}
	}
	for id, of := range bare {
		if _, taken := n.set.means[id]; !taken && len(of) == 1 {
			n.set.means[id] = of[0]
		}
	}
	for _, d := range c.Deployments {
		n.deployments[d.ID] = d
	}
	return n
}

// find is the model or deployment ids that a name stands for: a glob ("openai/*", "*") stands for the active models that
// it matches, strongest first. A problem is what is wrong with the name, with a hint.
func (n *names) find(name string) (ids []string, message, hint string) {
	if strings.Contains(name, "*") {
		return n.glob(name)
	}
	if id, ok := n.set.means[name]; ok {
		if m := n.models[id]; m.Status == catalog.Retired {
			if m.Replaced != "" {
				hint = "use " + quoted(m.Replaced)
			}
			return nil, quoted(id) + " is retired", hint
		}
		return []string{id}, "", ""
	}
	if d, ok := n.deployments[name]; ok {
		return []string{d.ID}, "", ""
	}
	return nil, "unknown model " + quoted(name), didYouMean(name, n.set.words)
}

func (n *names) glob(pattern string) (ids []string, message, hint string) {
	prefix, rest, _ := strings.Cut(pattern, "*")
	if rest != "" {
		return nil, "a * may only end a name", `write "openai/*" or "*"`
	}
	var found []*catalog.Model
	for _, m := range n.catalog.Models {
		if m.Status == catalog.Active && strings.HasPrefix(m.ID, prefix) {
			found = append(found, m)
		}
	}
	if len(found) == 0 { // a provider that serves other makers' models
		for _, d := range n.catalog.Deployments {
			if d.Model.Status == catalog.Active && strings.HasPrefix(d.ID, prefix) {
				ids = append(ids, d.ID)
			}
		}
		if len(ids) == 0 {
			return nil, "no active model matches " + quoted(pattern), didYouMean(prefix, n.set.words)
		}
		return ids, "", ""
	}
	slices.SortStableFunc(found, func(a, b *catalog.Model) int {
		switch qa, qb := a.Ability.Overall, b.Ability.Overall; {
		case qa > qb || qb != qb && qa == qa:
			return -1
		case qb > qa || qa != qa && qb == qb:
			return 1
		}
		return 0
	})
	for _, m := range found {
		ids = append(ids, m.ID)
	}
	return ids, "", ""
}

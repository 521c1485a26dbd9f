package policies

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// Parse reads, checks and compiles a policy file against a scope. file is its name in messages. A non-nil error is Errors:
// everything that is wrong, in the order of the file.
func Parse(file string, src []byte, scope Scope) (*Policy, error) {
	if scope.Catalog == nil {
		scope.Catalog = &catalog.Catalog{}
	}
	sum := sha256.Sum256(src)
	p := &Policy{
		Name:       strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)),
		Thresholds: [...]float64{0.05, 0.2, 0.45, 0.7},
		Balance:    0.5,
		Worth:      [...]float64{0.001, 0.01, 0.1, 1, 3},
		Adequate:   [...]float64{0.5, 0.7, 0.85, 0.9, 0.92},
		Unsure:     Unsure{Below: 0.35, Tier: label.Light},
		Timezone:   time.UTC,
		File:       file,
		Hash:       hex.EncodeToString(sum[:]),
		Source:     slices.Clone(src),

		deployments: scope.Catalog.Deployments,
	}
	d, top := read(file, src)
	if top != nil {
		r := &reader{document: d, sets: newSets(scope), policy: p}
		r.top(d.fields(top, "", keys(fileReference)...))
	}
	if len(d.errors) > 0 {
		slices.SortStableFunc(d.errors, func(a, b Error) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		for i := range d.errors {
			d.mend(&d.errors[i])
		}
		return nil, d.errors
	}
	p.link()
	return p, nil
}

// reader fills a policy from a document.
type reader struct {
	*document
	*sets
	policy *Policy
}

func (r *reader) top(fields []field) {
	// Tests last: a time in them is of the policy's timezone.
	slices.SortStableFunc(fields, func(a, b field) int {
		return cmp.Compare(strings.Index(a.name, "tests"), strings.Index(b.name, "tests"))
	})
	for _, f := range fields {
		switch f.name {
		case "name":
			if s, ok := r.text(f); ok {
				r.policy.Name = s
			}
		case "tiers":
			r.thresholds(f)
		case "value":
			r.value(f)
		case "unsure":
			r.unsure(f)
		case "timezone":
			r.timezone(f)
		case "rules":
			r.rules(f)
		case "tests":
			r.tests(f)
		}
	}
}

func (r *reader) thresholds(f field) {
	names := []string{"nano", "simple", "light", "standard"}
	t := &r.policy.Thresholds
	for _, g := range r.fields(f.value, f.path, names...) {
		if x, ok := r.number(g, 0, 1); ok {
			t[slices.Index(names, g.name)] = x
		}
	}
	for i := 1; i < len(t); i++ {
		if t[i] <= t[i-1] {
			r.at(f.value, f.path, fmt.Sprintf("%s (%s) must be above %s (%s)", names[i], figure(t[i]), names[i-1], figure(t[i-1])),
				"they are upper bounds of difficulty and rise")
			return
		}
	}
}

func (r *reader) value(f field) {
	for _, g := range r.fields(f.value, f.path, "balance", "baseline", "worth", "adequate") {
		switch g.name {
		case "balance":
			if x, ok := r.number(g, 0, 1); ok {
				r.policy.Balance = x
			}
		case "baseline":
			if ids := r.model(g); len(ids) > 0 {
				r.policy.Baseline = ids[0]
			}
		case "worth":
			r.perTier(g, &r.policy.Worth, 1e-9, 1e6)
		case "adequate":
			r.perTier(g, &r.policy.Adequate, 0, 1)
		}
	}
}

func (r *reader) perTier(f field, out *[label.NumTiers]float64, least, most float64) {
	names := make([]string, label.NumTiers)
	for i, t := range label.Tiers {
		names[i] = strings.ToLower(t)
	}
	for _, g := range r.fields(f.value, f.path, names...) {
		if x, ok := r.number(g, least, most); ok {
			out[slices.Index(names, g.name)] = x
		}
	}
}

func (r *reader) unsure(f field) {
	for _, g := range r.fields(f.value, f.path, "below", "tier") {
		switch g.name {
		case "below":
			if x, ok := r.number(g, 0, 1); ok {
				r.policy.Unsure.Below = x
			}
		case "tier":
			if t, ok := r.tier(g); ok {
				r.policy.Unsure.Tier = t
			}
		}
	}
}

func (r *reader) timezone(f field) {
	s, ok := r.text(f)
	if !ok {
		return
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" { // a decision must not depend on the machine it is made on
		r.at(f.value, f.path, "unknown timezone "+quoted(s), `write a name such as "Europe/Berlin"`)
		return
	}
	r.policy.Timezone = zone
}

// model reads one name of a model, a glob excepted.
func (r *reader) model(f field) []string {
	s, ok := r.text(f)
	if !ok {
		return nil
	}
	if strings.Contains(s, "*") {
		r.at(f.value, f.path, "must name one model", "")
		return nil
	}
	return r.named(f, s)
}

func (r *reader) named(f field, name string) []string {
	ids, message, hint := r.models.find(name)
	if message != "" {
		r.at(f.value, f.path, message, hint)
	}
	return ids
}

// modelList reads names of models in order, globs included.
func (r *reader) modelList(f field) []string {
	var all []string
	for _, item := range r.texts(f) {
		for _, id := range r.named(item, item.value.Value) {
			if !slices.Contains(all, id) {
				all = append(all, id)
			}
		}
	}
	return all
}

// link works out what depends on all rules together.
func (p *Policy) link() {
	tables := newTables(p.deployments)
	for i := range p.Rules {
		rule := &p.Rules[i]
		rule.overridden = "overridden by " + rule.Label()
		rule.stopped = "stopped by " + rule.Label()
		for _, x := range rule.expressions() {
			if x != rule.when {
				tables.fold(x)
			}
			for _, v := range x.reads {
				if v.class == ofRequest && !slices.ContainsFunc(p.requests, func(w *variable) bool { return w.Name == v.Name }) {
					p.requests = append(p.requests, v)
				}
				if head, ok := strings.CutPrefix(v.set, "label."); ok && !slices.Contains(p.HeadsNeeded, head) {
					p.HeadsNeeded = append(p.HeadsNeeded, head)
				}
			}
		}
	}
	for i := range p.Rules {
		p.Rules[i].pass = tables.pass(&p.Rules[i])
	}
	slices.Sort(p.HeadsNeeded)
	p.evaluators.New = func() any { return newEvaluator() }
}

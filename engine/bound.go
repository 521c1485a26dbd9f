package engine

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
)

// bound is a profile as Decide reads it: its globs resolved against the snapshot's catalog.
type bound struct {
	*access.Profile
	allowed bitset // by Deployment.Index; nil = all
	aliases []alias
}

// alias is a name that a profile routes elsewhere.
type alias struct{ pattern, target string }

// bitset is a set of small integers.
type bitset []uint64

func (b bitset) has(i int) bool { return b == nil || b[i>>6]&(1<<(i&63)) != 0 }
func (b bitset) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitset) clear(i int)    { b[i>>6] &^= 1 << (i & 63) }

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

// compileProfile resolves a profile against a catalog and names what is wrong in it.
func compileProfile(p *access.Profile, c *catalog.Catalog, profiles map[string]*access.Profile) (*bound, []error) {
	b := &bound{Profile: p}
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("profile %q: "+format, append([]any{p.Name}, args...)...))
	}
	if p.Floor != nil && p.Ceiling != nil && *p.Floor > *p.Ceiling {
		refuse("floor %s is above ceiling %s: lower the floor or raise the ceiling", *p.Floor, *p.Ceiling)
	}
	if len(p.Allow) > 0 || len(p.Never) > 0 {
		b.allowed = newBitset(len(c.Deployments))
		for i, dep := range c.Deployments {
			if len(p.Allow) == 0 || slices.ContainsFunc(p.Allow, func(g string) bool { return covers(g, dep) }) {
				b.allowed.set(i)
			}
			if slices.ContainsFunc(p.Never, func(g string) bool { return covers(g, dep) }) {
				b.allowed.clear(i)
			}
		}
	}
	for _, list := range [...]struct {
		field string
		globs []string
	}{{"allow", p.Allow}, {"never", p.Never}} {
		for _, g := range list.globs {
			if _, err := path.Match(g, ""); err != nil {
				refuse("%s: %q is no pattern: %v", list.field, g, err)
			} else if !slices.ContainsFunc(c.Deployments, func(d *catalog.Deployment) bool { return covers(g, d) }) {
				refuse("%s: %q covers no deployment%s", list.field, g, hint(c, g))
			}
		}
	}
	for pattern, target := range p.Models {
		b.aliases = append(b.aliases, alias{pattern, target})
		if err := resolvable(c, profiles, target); err != "" {
			refuse("models: %q: %s", pattern, err)
		}
	}
	// An exact name wins over a pattern, a longer pattern over a shorter one.
	sort.Slice(b.aliases, func(i, j int) bool {
		x, y := b.aliases[i].pattern, b.aliases[j].pattern
		if gx, gy := strings.ContainsAny(x, "*?["), strings.ContainsAny(y, "*?["); gx != gy {
			return gy
		}
		if len(x) != len(y) {
			return len(x) > len(y)
		}
		return x < y
	})
	for name, list := range p.Fallbacks {
		for _, target := range list {
			if m, _ := c.Find(target); m == nil {
				refuse("fallbacks: %q: unknown model %q%s", name, target, hint(c, target))
			}
		}
	}
	if p.Override != "" {
		if err := resolvable(c, profiles, p.Override); err != "" {
			refuse("override_model: %s", err)
		}
	}
	return b, errs
}

// covers is whether a glob names a deployment: by its model's id, by its own id, or by provider/*.
func covers(glob string, d *catalog.Deployment) bool {
	if glob == "*" || glob == d.ID || glob == d.Model.ID || glob == d.Provider+"/*" {
		return true
	}
	if !strings.ContainsAny(glob, "*?[") {
		return slices.Contains(d.Model.Aliases, glob)
	}
	byModel, _ := path.Match(glob, d.Model.ID)
	byID, _ := path.Match(glob, d.ID)
	return byModel || byID
}

// resolvable says why a name that a profile routes to leads nowhere; "" = it leads somewhere.
func resolvable(c *catalog.Catalog, profiles map[string]*access.Profile, target string) string {
	if target == auto {
		return ""
	}
	if name, ok := strings.CutPrefix(target, auto+"/"); ok {
		if _, ok := profiles[name]; !ok {
			return fmt.Sprintf("unknown profile %q", name)
		}
		return ""
	}
	if m, _ := c.Find(target); m == nil {
		return fmt.Sprintf("unknown model %q%s", target, hint(c, target))
	}
	return ""
}

// hint names what a misspelt model may have meant, as the end of an error.
func hint(c *catalog.Catalog, name string) string {
	near := c.Nearest(name, 3)
	if len(near) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(quoted(near), " or ") + "?"
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return out
}

// target is what a profile makes of a name that a client asked for; "" = the name stands.
func (b *bound) target(name string) string {
	for i := range b.aliases {
		if a := &b.aliases[i]; a.pattern == name {
			return a.target
		} else if ok, _ := path.Match(a.pattern, name); ok {
			return a.target
		}
	}
	return ""
}

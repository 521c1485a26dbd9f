package catalog

import "fmt"

// Problem is something that a catalog may say but that its owner should know: an active model that can't be called, a price
// that is unknown. `routor check` prints them; none keeps a catalog from going live.
type Problem struct{ ID, Message string }

func (p Problem) String() string { return p.ID + ": " + p.Message }

// Check lists the problems, by models and then deployments.
func (c *Catalog) Check() []Problem {
	var all []Problem
	note := func(id, format string, args ...any) { all = append(all, Problem{id, fmt.Sprintf(format, args...)}) }
	for _, m := range c.Models {
		switch {
		case m.Status == Retired && c.byModel[m.Replaced] == nil:
			note(m.ID, "is retired, and what stands in for it (%s) is disabled", m.Replaced)
		case m.Status == Retired && c.byModel[m.Replaced].Status == Retired:
			note(m.ID, "is retired, and so is what stands in for it (%s)", m.Replaced)
		case m.Status != Active:
			continue
		}
		if len(c.homes[m]) == 0 {
			note(m.ID, "is active but has no deployment, so nothing can call it")
		}
		if !m.Ability.Known {
			note(m.ID, "has no public figures: its abilities are %s", m.Ability.Sources[0])
		}
		if m.Context == 0 {
			note(m.ID, "has no known context window")
		}
	}
	for _, d := range c.Deployments {
		if d.Model.Status != Active {
			continue
		}
		if !d.Prices.Input.Known() || !d.Prices.Output.Known() {
			note(d.ID, "has no known price, so its cost can't be weighed")
		} else if !d.Prices.Verified {
			note(d.ID, "has unverified prices (%s)", d.Prices.Source)
		}
	}
	return all
}

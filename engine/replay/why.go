package replay

import (
	"fmt"
	"strings"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
)

// why says in a sentence why a decision chose what it chose, and what became of the other side's choice.
func why(s *engine.Snapshot, d *engine.Decision, other *catalog.Deployment) string {
	var b strings.Builder
	b.WriteString(because(s, d))
	for _, n := range d.Notes {
		if strings.HasPrefix(n, "lifted to ") || strings.HasPrefix(n, "lowered to ") {
			b.WriteString("; " + n)
		}
	}
	if fate := fateOf(d, other); fate != "" {
		b.WriteString("; " + fate)
	}
	return b.String()
}

// because is why the first of the chain is the first.
func because(s *engine.Snapshot, d *engine.Decision) string {
	best := d.Best()
	switch {
	case d.Method == engine.MethodDirect:
		return "named by the request"
	case d.ToolLoop:
		return "it made the tool calls whose results came back"
	}
	for i := range d.Rules {
		t := &d.Rules[i]
		if !t.Matched || t.Skipped != "" || t.Rule >= len(s.Policy.Rules) {
			continue
		}
		rule := &s.Policy.Rules[t.Rule]
		for _, id := range rule.Use {
			if id == best.Deployment.Model.ID || id == best.Deployment.ID {
				return rule.Label() + " uses it"
			}
		}
		for _, share := range rule.Split {
			if share.Model == best.Deployment.Model.ID || share.Model == best.Deployment.ID {
				return rule.Label() + " splits some conversations off to it"
			}
		}
	}
	in := 0
	for i := range d.Candidates {
		if d.Candidates[i].Out == "" || d.Candidates[i].OutBy == "adequacy" {
			in++
		}
	}
	text := fmt.Sprintf("best value of %d for %s / %s", in, d.Category, d.Tier)
	if best.Bonus != 0 {
		text += fmt.Sprintf(", %+.2g of it by %s", best.Bonus, rulesOf(s, best))
	}
	return text
}

// rulesOf are the rules that gave a candidate its bonus.
func rulesOf(s *engine.Snapshot, c *engine.Candidate) string {
	var names []string
	for _, r := range c.Reasons {
		if r.Rule >= 0 && r.Rule < len(s.Policy.Rules) {
			names = append(names, s.Policy.Rules[r.Rule].Label())
		}
	}
	return strings.Join(names, ", ")
}

// fateOf is what became of a deployment that was not chosen.
func fateOf(d *engine.Decision, dep *catalog.Deployment) string {
	best := d.Best()
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Deployment.ID != dep.ID || c == best {
			continue
		}
		if c.Out != "" {
			return dep.ID + ": " + c.Out
		}
		return fmt.Sprintf("%s is worth %.3f against %.3f", dep.ID, c.Value, best.Value)
	}
	return ""
}

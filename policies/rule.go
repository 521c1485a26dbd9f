package policies

import (
	"fmt"

	"github.com/routor/routor/engine/label"
)

// Rule is one rule of a policy, as written and compiled.
type Rule struct {
	Index int    // position in Policy.Rules
	Name  string // "rule 3" where the file gives none
	Line  int    // in the file

	When                       string // "" = every request
	Only, Never, Prefer, Avoid string // "" = not part of the rule
	Use                        []string
	Split                      []Share
	Shadow                     []string
	Floor, Ceiling             *label.Tier
	Deny                       string // what the client is told
	Stop, Soft                 bool

	when, only, never, prefer, avoid *expression
	salt                             uint64 // of the split's draw
	pass                             bits   // deployments that a folded only and never let pass; nil = not folded

	// What Match says of other rules, put together once.
	overridden, stopped string
}

// Share is a part of the traffic, 0..1, that a split sends to a model.
type Share struct {
	Model string  // model or deployment id
	Part  float64 // 0..1
}

// Label is how messages name the rule: `rule 3 "eu only"`, counted from 1.
func (r *Rule) Label() string { return ruleLabel(r.Index, r.Name) }

func ruleLabel(i int, name string) string {
	if unnamed := unnamed(i); name == "" || name == unnamed {
		return unnamed
	}
	return fmt.Sprintf("rule %d %q", i+1, name)
}

func unnamed(i int) string { return fmt.Sprintf("rule %d", i+1) }

// Hard says that the rule has a part that binds the whole chain and fails closed.
func (r *Rule) Hard() bool {
	return r.only != nil || r.never != nil || r.Deny != "" || r.Ceiling != nil
}

// weighs says that the rule looks at candidates.
func (r *Rule) weighs() bool {
	return r.only != nil || r.never != nil || r.prefer != nil || r.avoid != nil
}

// expressions are the rule's compiled expressions, absent ones left out.
func (r *Rule) expressions() []*expression {
	var list []*expression
	for _, x := range []*expression{r.when, r.only, r.never, r.prefer, r.avoid} {
		if x != nil {
			list = append(list, x)
		}
	}
	return list
}

package policies

import (
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/routor/routor/engine/label"
)

// Matched is which rules apply to a request and what they say about the chain. A reused Matched allocates nothing.
type Matched struct {
	Rules     []Trace // every rule in order, with what became of it
	Floor     Bound
	Ceiling   Bound
	Conflict  bool     // the floor is above the ceiling, which wins
	Use       []string // model or deployment ids, in order; nil = no `use`
	UseRule   int
	Split     string // the model or deployment id that the split's draw chose; "" = none
	SplitRule int
	Deny      string // the message, "" = not denied
	DenyRule  int
	Shadow    []string
	// Left is how many candidates Weigh left, Emptied the rule that removed the last one; -1 = none did.
	Left    int
	Emptied int
	Errors  int // evaluations that failed, of hard and soft rules

	winner string // what is said of a `use` or `split` that comes after the first
	active []active

	// Of Weigh, kept for the next one: where each candidate is in the catalog, and what a rule would do to it.
	indexes []int
	marks   []mark
}

// active is a rule whose candidate expressions are to be weighed.
type active struct {
	rule     int
	hardOnly bool // its `when` could not be evaluated: prefer and avoid are skipped
}

// Bound is a tier floor or ceiling and the rule that set it.
type Bound struct {
	Set  bool
	Tier label.Tier
	Rule int
	Soft bool // it yields when nothing is left
}

// Trace is what became of one rule.
type Trace struct {
	Rule    int
	Matched bool
	// Skipped is why a rule, or a part of it, had no effect: "overridden by …", "stopped by …", an error.
	Skipped string
	// Error is why an expression of the rule could not be evaluated. A rule with hard parts counts as matching then.
	Error string
}

// Did is what a rule did: fired, false, overridden (another rule's word counted), stopped (a rule above ended the list), failed
// (an expression of it could not be evaluated).
func (t *Trace) Did() string {
	switch {
	case t.Error != "":
		return "failed"
	case t.Matched && t.Skipped != "":
		return "overridden"
	case t.Matched:
		return "fired"
	case t.Skipped != "":
		return "stopped"
	}
	return "false"
}

func (m *Matched) reset(rules int) {
	*m = Matched{
		Rules: m.Rules[:0], Shadow: m.Shadow[:0], active: m.active[:0], indexes: m.indexes[:0], marks: m.marks[:0],
		UseRule: -1, SplitRule: -1, DenyRule: -1, Emptied: -1,
	}
	for i := range rules {
		m.Rules = append(m.Rules, Trace{Rule: i})
	}
}

// Match goes through the rules from top to bottom and gathers what those that match say about the request as a whole.
// A rule with a hard part whose `when` can't be evaluated counts as matching: what it forbids stays forbidden.
func (p *Policy) Match(r *Request, m *Matched) {
	m.reset(len(p.Rules))
	e := p.evaluator(r)
	defer p.release(e)
	for i := range p.Rules {
		rule, trace := &p.Rules[i], &m.Rules[i]
		hardOnly := false
		if rule.when != nil {
			yes, err := e.bool(rule.when)
			if err != "" {
				trace.Error = err
				m.Errors++
				if !rule.Hard() {
					trace.Skipped = "when can't be evaluated"
					continue
				}
				trace.Skipped = "when can't be evaluated: its hard parts bind, the others are skipped"
				yes, hardOnly = true, true
			}
			if !yes {
				continue
			}
		}
		trace.Matched = true
		m.bind(rule)
		if !hardOnly {
			m.suggest(rule, trace, r.Seed)
		}
		if rule.weighs() {
			m.active = append(m.active, active{i, hardOnly})
		}
		// A rule that matched only because it can't be evaluated must not keep later hard rules from binding.
		if rule.Stop && !hardOnly {
			for j := i + 1; j < len(p.Rules); j++ {
				m.Rules[j].Skipped = rule.stopped
			}
			break
		}
	}
	if m.Conflict = m.Floor.Set && m.Ceiling.Set && m.Floor.Tier > m.Ceiling.Tier; m.Conflict {
		m.Rules[m.Floor.Rule].Skipped = "its floor is above the ceiling"
	}
}

// bind takes over the hard parts that act on the request.
func (m *Matched) bind(rule *Rule) {
	if rule.Ceiling != nil {
		switch c := &m.Ceiling; {
		case !c.Set || *rule.Ceiling < c.Tier:
			*c = Bound{Set: true, Tier: *rule.Ceiling, Rule: rule.Index, Soft: rule.Soft}
		case *rule.Ceiling == c.Tier && c.Soft && !rule.Soft:
			*c = Bound{Set: true, Tier: c.Tier, Rule: rule.Index}
		}
	}
	if rule.Deny != "" && m.Deny == "" {
		m.Deny, m.DenyRule = rule.Deny, rule.Index
	}
}

// suggest takes over the soft parts that act on the request.
func (m *Matched) suggest(rule *Rule, trace *Trace, seed uint64) {
	if rule.Floor != nil && (!m.Floor.Set || *rule.Floor > m.Floor.Tier) {
		m.Floor = Bound{Set: true, Tier: *rule.Floor, Rule: rule.Index}
	}
	for _, id := range rule.Shadow {
		m.shadow(id)
	}
	if rule.Use == nil && rule.Split == nil {
		return
	}
	if m.winner != "" {
		trace.Skipped = m.winner
		return
	}
	if rule.Use != nil {
		m.Use, m.UseRule, m.winner = rule.Use, rule.Index, rule.overridden
	} else if id := rule.draw(seed); id != "" {
		m.Split, m.SplitRule, m.winner = id, rule.Index, rule.overridden
	}
}

func (m *Matched) shadow(id string) {
	if !slices.Contains(m.Shadow, id) {
		m.Shadow = append(m.Shadow, id)
	}
}

// draw is the model that a split sends this seed to; "" is the share that stays as if the rule were not there. Rules draw
// independently of each other: 5% here and 5% there are not the same conversations.
func (r *Rule) draw(seed uint64) string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:], seed)
	binary.LittleEndian.PutUint64(b[8:], r.salt)
	at := float64(xxhash.Sum64(b[:])>>11) / (1 << 53)
	for _, share := range r.Split {
		if at < share.Part {
			return share.Model
		}
		at -= share.Part
	}
	return ""
}

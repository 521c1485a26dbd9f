package policies

import "math"

// Verdict is what the rules say about one candidate.
type Verdict struct {
	Out     bool
	Rule    int     // the hard rule that removed it; -1 = none
	Error   string  // why that rule could not be evaluated, "" = it said no
	Bonus   float64 // quality points, -1..1
	Reasons []Reason
}

// Reason is one rule's contribution to a candidate's bonus.
type Reason struct {
	Rule   int
	Points float64
	Error  string // why the rule was skipped for this candidate; "" = it was not
}

// mark is what a soft hard rule would do to a candidate.
type mark struct {
	out bool
	err string
}

// Weigh puts the candidates to the rules that matched: who falls out, and who gains or loses quality points. Pass the
// candidates that are still in; out has room for as many verdicts, and its Reasons are reused. What is left, and the rule
// that removed the last one, are in m.
//
// Rules that are not soft remove first, so that a soft rule knows what it would leave; then soft ones from top to bottom,
// each of which yields if it would leave nothing.
func (p *Policy) Weigh(r *Request, m *Matched, cands []Candidate, out []Verdict) {
	for i := range cands {
		out[i] = Verdict{Rule: -1, Reasons: out[i].Reasons[:0]}
	}
	m.Left, m.Emptied = len(cands), -1
	if len(m.active) == 0 {
		return
	}
	m.indexes = m.indexes[:0]
	for i := range cands {
		m.indexes = append(m.indexes, p.index(&cands[i]))
	}
	w := weighing{policy: p, request: r, matched: m, cands: cands, out: out}
	defer w.close()
	for _, soft := range [...]bool{false, true} {
		for _, a := range m.active {
			if rule := &p.Rules[a.rule]; rule.Soft == soft && (rule.only != nil || rule.never != nil) {
				w.remove(rule)
			}
		}
	}
	for _, a := range m.active {
		if rule := &p.Rules[a.rule]; !a.hardOnly {
			w.points(rule, rule.prefer, 1)
			w.points(rule, rule.avoid, -1)
		}
	}
}

// weighing is one call of Weigh.
type weighing struct {
	policy  *Policy
	request *Request
	matched *Matched
	cands   []Candidate
	out     []Verdict
	eval    *evaluator // nil until an expression needs it: folded ones do not
}

func (w *weighing) close() {
	if w.eval != nil {
		w.policy.release(w.eval)
	}
}

func (w *weighing) evaluator() *evaluator {
	if w.eval == nil {
		w.eval = w.policy.evaluator(w.request)
	}
	return w.eval
}

// remove applies a rule's only and never.
func (w *weighing) remove(rule *Rule) {
	m := w.matched
	m.marks = m.marks[:0]
	removed := 0
	for i := range w.cands {
		var k mark
		if at := m.indexes[i]; !w.out[i].Out && !(rule.pass != nil && at >= 0 && rule.pass.has(at)) {
			if rule.only != nil {
				yes, err := w.bool(rule.only, i)
				k = mark{out: !yes || err != "", err: err}
			}
			if rule.never != nil && !k.out {
				yes, err := w.bool(rule.never, i)
				k = mark{out: yes || err != "", err: err}
			}
			if k.err != "" {
				w.failed(rule, k.err)
			}
			if k.out {
				removed++
			}
		}
		m.marks = append(m.marks, k)
	}
	if removed == 0 {
		return
	}
	if rule.Soft && removed == m.Left {
		m.Rules[rule.Index].Skipped = "yields: it would leave nothing"
		return
	}
	for i, k := range m.marks {
		if k.out {
			v := &w.out[i]
			v.Out, v.Rule, v.Error = true, rule.Index, k.err
		}
	}
	if m.Left -= removed; m.Left == 0 {
		m.Emptied = rule.Index
	}
}

// points applies a rule's prefer or avoid to the candidates that are still in.
func (w *weighing) points(rule *Rule, x *expression, sign float64) {
	if x == nil {
		return
	}
	for i := range w.cands {
		v := &w.out[i]
		if v.Out {
			continue
		}
		n, err := w.number(x, i)
		if err == "" && (math.IsNaN(n) || math.IsInf(n, 0)) {
			err = "is not a number"
		}
		if err != "" {
			w.failed(rule, err)
			v.Reasons = append(v.Reasons, Reason{Rule: rule.Index, Error: err})
			continue
		}
		if n = sign * max(-1, min(1, n)); n != 0 {
			v.Bonus = max(-1, min(1, v.Bonus+n))
			v.Reasons = append(v.Reasons, Reason{Rule: rule.Index, Points: n})
		}
	}
}

// failed counts an evaluation that failed and shows the first one in the rule's trace.
func (w *weighing) failed(rule *Rule, err string) {
	w.matched.Errors++
	if trace := &w.matched.Rules[rule.Index]; trace.Error == "" {
		trace.Error = err
	}
}

// bool evaluates a condition of only or never for a candidate: a folded one is looked up.
func (w *weighing) bool(x *expression, i int) (yes bool, err string) {
	at := w.matched.indexes[i]
	if at < 0 {
		return false, foreign
	}
	if x.table != nil {
		return x.table.yes.has(at), x.table.err(at)
	}
	e := w.evaluator()
	e.candidate(x, &w.cands[i], at)
	return e.bool(x)
}

// number evaluates the points of prefer or avoid for a candidate.
func (w *weighing) number(x *expression, i int) (n float64, err string) {
	at := w.matched.indexes[i]
	if at < 0 {
		return 0, foreign
	}
	if x.table != nil {
		return x.table.points[at], x.table.err(at)
	}
	e := w.evaluator()
	e.candidate(x, &w.cands[i], at)
	return e.number(x)
}

// foreign is why a deployment of another catalog can't be evaluated: there are no folded values for it.
const foreign = "the deployment is not in the policy's catalog"

// index is the candidate's deployment in the catalog that the policy was compiled against, -1 if it is not in there.
func (p *Policy) index(c *Candidate) int {
	if d := c.Deployment; d != nil && d.Index >= 0 && d.Index < len(p.deployments) && p.deployments[d.Index] == d {
		return d.Index
	}
	return -1
}

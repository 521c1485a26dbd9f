package engine

import (
	"math"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

// Ranks of the chain of a routed request; a direct one is ranked by the order in which its models are named.
const (
	rankLoop = iota // made the tool calls whose results the request ends in
	rankUse         // named by `use` or `split`; the list's order follows
	rankFree = 1000 // adequate, by value
	rankLast = 1001 // not adequate for the tier: asked only when the adequate ones failed
)

// weigh gives each candidate its value, and drops from a routed request those that are not adequate for the tier.
func (d *Decision) weigh(s *Snapshot, a *ask, l *limits) {
	balance := s.Policy.Balance
	if l.balance != nil {
		balance = *l.balance
	}
	adequate := s.Policy.Adequate[d.Tier]
	if q := l.quality; q != nil {
		balance, adequate = q.Balance, max(min(adequate, q.AtMost), q.Adequate)
	}
	d.Worth = worthOf(s.Policy, d.Tier, balance)
	best := 0.
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Out == "" {
			best = max(best, c.Quality)
		}
	}
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out != "" {
			continue
		}
		c.Value = c.Quality - c.Cost.USD()/d.Worth + c.Bonus
		if a.method == MethodDirect {
			continue
		}
		c.rank = rankFree
		if c.Quality < adequate*best {
			c.rank = rankLast
		}
	}
}

// line lines up the chain: what has a claim to be asked first, then the best value, then fallbacks, and at the end the
// safety net, the candidate of the highest expected quality. No two entries of one provider stand in a row where that can
// be avoided.
func (d *Decision) line(s *Snapshot, r *chat.Request, w *World, a *ask) {
	direct := a.method == MethodDirect
	if !direct {
		d.claim(s, r, w)
	}
	net := -1
	if !direct {
		net = d.strongest(-1)
	}
	for n := 0; n < s.Chain; n++ {
		prev, following := "", ""
		if n > 0 {
			prev = d.Candidates[d.Chain[n-1]].Deployment.Provider
		}
		if n == 1 && net == d.Chain[0] {
			net = d.strongest(net) // the strongest is asked first already: the next one stands at the end
		}
		if waiting := net >= 0 && n > 0 && !d.chained(net); waiting && n == s.Chain-1 {
			break
		} else if waiting && n == s.Chain-2 {
			following = d.Candidates[net].Deployment.Provider
		}
		i := d.next(prev, following, direct, net)
		if i < 0 {
			break
		}
		d.Chain = append(d.Chain, i)
	}
	if net >= 0 {
		if !d.chained(net) {
			d.Chain = append(d.Chain, net)
		}
		d.Candidates[d.strongest(-1)].SafetyNet = true
	}
	d.explain(a)
}

// explain marks those that were not adequate and are not in the chain.
func (d *Decision) explain(a *ask) {
	if a.method == MethodDirect {
		return
	}
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Out == "" && c.rank == rankLast && !d.chained(i) {
			c.Out, c.OutBy = "not adequate for the tier", byAdequacy
		}
	}
}

// claim ranks those that go first whatever their value.
func (d *Decision) claim(s *Snapshot, r *chat.Request, w *World) {
	m := &d.matched
	switch {
	case m.Split != "":
		if !d.put(s, m.Split, rankUse) {
			d.note("split: " + m.Split + " is no candidate here")
		}
	default:
		for i, id := range m.Use {
			if !d.put(s, id, rankUse+min(i, rankFree-rankUse-1)) {
				d.note("use: " + id + " is no candidate here")
			}
		}
	}
	if !r.Facts.EndsInTool || w.Conversation.Model == "" {
		return
	}
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.Out == "" && c.Deployment.ID == w.Conversation.Model {
			c.rank, d.ToolLoop = rankLoop, true
		}
	}
}

// put ranks a model's or a deployment's candidates; false = it has none.
func (d *Decision) put(s *Snapshot, id string, rank int) bool {
	m, dep := s.Catalog.Find(id)
	found := false
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out == "" && c.rank >= rankFree && m != nil && c.Deployment.Model == m && (dep == nil || dep.ID != id || m.ID == id || c.Deployment == dep) {
			c.rank, found = rank, true
		}
	}
	return found
}

// next is the candidate that follows in the chain, -1 = there is none. Among those with a claim, and in a direct request
// among all, rank decides and value orders; the others avoid the provider before them, and the one that comes next, even
// at the price of a lower rank. The safety net keeps its place at the end unless it is the best value.
func (d *Decision) next(prev, following string, direct bool, net int) int {
	best, bestKey := -1, [4]float64{}
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out != "" || d.chained(i) || i == net && len(d.Chain) > 0 && c.rank >= rankFree {
			continue
		}
		p := c.Deployment.Provider
		key := [4]float64{0, 0, -float64(c.rank), c.Value}
		switch {
		case direct:
			key[0] = -float64(c.rank)
		case c.rank < rankFree:
			key[0] = float64(rankFree - c.rank)
		case c.rank == rankLast:
			key[3] = c.Quality
		}
		if p != prev {
			key[1]++
		}
		if p != following {
			key[1] += .5
		}
		if best < 0 || less(&bestKey, &key) {
			best, bestKey = i, key
		}
	}
	return best
}

func less(a, b *[4]float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func (d *Decision) chained(i int) bool {
	for _, j := range d.Chain {
		if i == j {
			return true
		}
	}
	return false
}

// strongest is the candidate of the highest expected quality besides one, -1 = there is none. Of equal quality the cheaper
// one counts.
func (d *Decision) strongest(besides int) int {
	best := -1
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out != "" || i == besides {
			continue
		}
		if best < 0 || c.Quality > d.Candidates[best].Quality || c.Quality == d.Candidates[best].Quality && c.Cost < d.Candidates[best].Cost {
			best = i
		}
	}
	return best
}

// price0 prices the first candidate's expected tokens at the baseline's.
func (d *Decision) price0(s *Snapshot, r *chat.Request) {
	c := d.Best()
	if s.baseline == nil || c == nil {
		return
	}
	t := catalog.Tokens{Input: int64(min(max(r.Facts.PromptTokens, 0), maxTokens)), Output: int64(c.Tokens), Images: int64(r.Facts.Images)}
	d.Baseline = s.baseline.Prices.Cost(t, r.ServiceTier)
}

// ExpectedSavings is 1 − expected cost / expected cost at the baseline; NaN = unknown.
func (d *Decision) ExpectedSavings() float64 {
	c := d.Best()
	if c == nil || d.Baseline <= 0 || c.Estimated {
		return math.NaN()
	}
	return 1 - float64(c.Cost-c.CacheLoss)/float64(d.Baseline)
}

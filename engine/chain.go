package engine

import (
	"math"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// Ranks of the chain of a routed request; a direct one is ranked by the order in which its models are named.
const (
	rankLoop = iota // made the tool calls whose results the request ends in
	rankUse         // named by `use` or `split`; the list's order follows
	rankFree = 1000 // adequate, by value
	rankLast = 1001 // not adequate for the tier: asked only when the adequate ones failed

	maxNamed = 1 << 20 // more models than a direct request can name

	// maxSpares is how many places of a chain those get that are down; see Decision.spares.
	maxSpares = 2
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
		if c := &d.Candidates[i]; c.Out == "" && !c.spare {
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
	net := -1
	if !direct {
		d.claim(s, r, w)
		if !d.capped { // who set a ceiling does not want the strongest at any price, not even in the end
			net = d.strongest(-1)
		}
	}
	d.index = d.index[:0]
	spares := 0
	for i := range d.Candidates {
		switch c := &d.Candidates[i]; {
		case c.Out == "" && c.spare:
			spares++
		case c.Out == "":
			d.index = append(d.index, i)
		}
	}
	length := max(s.Chain-min(spares, maxSpares), 1)
	for n := 0; n < length; n++ {
		place := place{direct: direct, net: -1}
		if n > 0 {
			place.after = d.Candidates[d.Chain[n-1]].Deployment.Provider
			if net == d.Chain[0] {
				net = d.strongest(net) // the strongest is asked first already: the next one stands at the end
			}
			if net >= 0 && !d.Candidates[net].chained {
				place.net = net
				switch n {
				case length - 1:
					d.append(net)
					continue
				case length - 2:
					place.before = d.Candidates[net].Deployment.Provider
				}
			}
		}
		i := d.next(&place)
		if i < 0 {
			break
		}
		d.append(i)
	}
	if net >= 0 && !d.Candidates[net].chained {
		d.append(net)
	}
	if best := d.strongest(-1); !direct && !d.capped && best >= 0 {
		d.Candidates[best].SafetyNet = true
	}
	if !direct {
		d.explain()
	}
	d.lineSpares(s)
}

// lineSpares puts the best of those that are down at the end, one a provider while there are several.
func (d *Decision) lineSpares(s *Snapshot) {
	for len(d.Chain) < s.Chain {
		best, bestScore := -1, score{}
		for i := range d.Candidates {
			c := &d.Candidates[i]
			if c.Out != "" || !c.spare || c.chained {
				continue
			}
			sc := score{rank: c.rank, points: c.Value}
			for _, j := range d.Chain {
				if d.Candidates[j].Deployment.Provider == c.Deployment.Provider {
					sc.crowd++
				}
			}
			if best < 0 || sc.before(&bestScore) {
				best, bestScore = i, sc
			}
		}
		if best < 0 {
			break
		}
		d.note(d.Candidates[best].Deployment.ID + " is down, and asked only if all before it fail")
		d.append(best)
	}
	for i := range d.Candidates {
		if c := &d.Candidates[i]; c.spare && c.Out == "" && !c.chained {
			c.Out, c.OutBy = sickness[providers.Down], byHealth
		}
	}
}

func (d *Decision) append(i int) {
	d.Chain = append(d.Chain, i)
	d.Candidates[i].chained = true
}

// explain marks those that were not adequate and are not in the chain.
func (d *Decision) explain() {
	for _, i := range d.index {
		if c := &d.Candidates[i]; c.rank == rankLast && !c.chained {
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
		if c := &d.Candidates[i]; c.Out == "" && !c.spare && c.Deployment.ID == w.Conversation.Model {
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
		if c.Out == "" && !c.spare && c.rank >= rankFree && m != nil && c.Deployment.Model == m && (dep == nil || dep.ID != id || m.ID == id || c.Deployment == dep) {
			c.rank, found = rank, true
		}
	}
	return found
}

// place is a place in the chain that is to be filled.
type place struct {
	direct        bool
	after, before string // the providers beside it; "" = not known
	net           int    // the safety net, which waits for the end; -1 = it does not
}

// next is the candidate that fills a place, -1 = there is none. Among those with a claim, and in a direct request among
// all, rank decides and value orders; the others avoid the provider beside them, even at the price of a lower rank.
func (d *Decision) next(p *place) int {
	best, bestScore := -1, score{}
	for _, i := range d.index {
		c := &d.Candidates[i]
		if c.chained || i == p.net && c.rank >= rankFree {
			continue
		}
		s := score{rank: c.rank, points: c.Value}
		if p.direct || c.rank < rankFree {
			s.claim = c.rank - rankFree - maxNamed
		} else if c.rank == rankLast {
			s.points = c.Quality
		}
		if c.Deployment.Provider == p.after {
			s.crowd = 2
		}
		if c.Deployment.Provider == p.before {
			s.crowd++
		}
		if best < 0 || s.before(&bestScore) {
			best, bestScore = i, s
		}
	}
	return best
}

// score orders candidates for a place: least claim first, then least crowd, then least rank, then most points.
type score struct {
	claim, crowd, rank int
	points             float64
}

func (a *score) before(b *score) bool {
	switch {
	case a.claim != b.claim:
		return a.claim < b.claim
	case a.crowd != b.crowd:
		return a.crowd < b.crowd
	case a.rank != b.rank:
		return a.rank < b.rank
	}
	return a.points > b.points
}

// strongest is the candidate of the highest expected quality besides one, -1 = there is none. Of equal quality the cheaper
// one counts.
func (d *Decision) strongest(besides int) int {
	best := -1
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Out != "" || c.spare || i == besides {
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
	return 1 - float64(c.Spend())/float64(d.Baseline)
}

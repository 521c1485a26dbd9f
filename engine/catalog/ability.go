package catalog

import (
	"math"
	"slices"

	"github.com/routor/routor/engine/label"
)

// ReferenceDifficulty is the difficulty, on the scale of the tiers, at which Ability states expected quality: the mean of
// hand-labelled requests. DifficultySlope is by how many logits quality falls for each unit of difficulty beyond it; a
// LiveBench question then lies in the middle of COMPLEX. See docs/abilities.md.
const (
	ReferenceDifficulty = 0.35
	DifficultySlope     = 5.2
	liveBenchDifficulty = 0.85
)

const (
	// ease is how much easier, in logits, a request of the reference difficulty is than a LiveBench question.
	ease = DifficultySlope * (liveBenchDifficulty - ReferenceDifficulty)
	// prior is how many figures a model's overall rank counts as within a category.
	prior = 1.0
	// A guess is lowered: by what models of one family differ, or by what price and age leave open.
	siblingMargin, priceMargin = 0.2, 0.4
	// Where all figures are of one field, the guess counts as guessWeight of them and none leads further than guessReach.
	guessWeight, guessReach = 3.0, 0.75
)

const overall = "overall"

// standing is where a model stands on LiveBench's scale in logits.
type standing struct {
	overall float64
	pull    [label.NumCategories]float64 // Σ weight · (figure − overall)
	weight  [label.NumCategories]float64
	figures [label.NumCategories]uint8
	known   bool
	sources []string
}

// add counts a figure for a category.
func (s *standing) add(c label.Category, deviation, weight float64) {
	s.pull[c] += weight * deviation
	s.weight[c] += weight
	s.figures[c]++
}

// moved is the standing shifted as a whole: an estimate, without evidence of its own.
func (s *standing) moved(by float64, why string) *standing {
	g := *s
	g.overall += by
	g.figures, g.sources = [label.NumCategories]uint8{}, []string{why}
	return &g
}

// guess is a standing moved to another model, of which nothing is known.
func (s *standing) guess(by float64, why string) *standing {
	g := s.moved(by, why)
	g.known = false
	return g
}

// ability is expected quality at the reference difficulty. A category's figures pull it away from the overall rank, which
// counts as one figure more.
func (s *standing) ability() Ability {
	a := Ability{Overall: sigmoid(s.overall + ease), Evidence: s.figures, Sources: s.sources, Known: s.known}
	for c := range a.By {
		a.By[c] = sigmoid(s.overall + s.pull[c]/(s.weight[c]+prior) + ease)
	}
	return a
}

// deriver derives the abilities of all models of a catalog from the figures in its document.
type deriver struct {
	c    *Catalog
	doc  document
	rows map[*Model]map[string]*standing // by effort, byDefault or thinking: figures of their own
	// offsets is what an effort adds to the rank at high effort.
	offsets map[string]float64
	hard    map[string]float64   // benchmark → logits by which it is harder than LiveBench
	average func(*Model) float64 // what models of its price and age have
	done    map[*Model]*standing // at the model's default
}

func derive(c *Catalog, doc document) {
	d := &deriver{c: c, doc: doc, rows: map[*Model]map[string]*standing{}, done: map[*Model]*standing{}}
	table := liveBench()
	for _, m := range c.Models {
		rows := map[string]*standing{}
		for effort, row := range doc.Models[m.ID].LiveBench {
			s := *table.rows[row]
			rows[effort] = &s
		}
		// A row without an effort is of the default one.
		if s := rows[byDefault]; s != nil && rows[m.DefaultEffort] == nil && m.Thinks && m.DefaultEffort != "" {
			rows[m.DefaultEffort] = s
		}
		d.rows[m] = rows
	}
	d.offsets = d.effortOffsets()
	d.hard = d.benchmarkDifficulties()
	for _, m := range c.Models {
		for _, f := range d.figuresOf(m) {
			for _, s := range d.distinctRows(m) {
				f.count(s, f.theta-d.at(m, f.effort))
			}
		}
	}
	d.average = d.pricePrior()
	for _, m := range c.Models {
		d.state(m, d.model(m))
	}
}

// state writes a model's standing into its abilities, unless the document states them outright.
func (d *deriver) state(m *Model, s *standing) {
	m.Ability = s.ability()
	if stated := d.doc.Models[m.ID].Ability; len(stated) > 0 {
		m.Ability.state(stated)
		return
	}
	for i := range m.Efforts {
		a := d.effort(m, m.Efforts[i].Name, s).ability()
		m.Efforts[i].Ability = &a
	}
	if t := d.rows[m][thinking]; t != nil {
		a := t.ability()
		m.Thinking = &a
	}
}

// state replaces what a user states. "overall" stands for every category that is not stated itself.
func (a *Ability) state(stated map[string]float64) {
	if v, ok := stated[overall]; ok {
		a.Overall = v
		for c := range a.By {
			a.By[c], a.Evidence[c] = v, 0
		}
	}
	for name, v := range stated {
		if c, ok := label.ParseCategory(name); ok {
			a.By[c], a.Evidence[c] = v, 1
		} else if ownLabel(name) {
			if a.Labels == nil {
				a.Labels = map[string]float64{}
			}
			a.Labels[name] = v
		}
	}
	a.Known, a.Sources = true, []string{"stated in the catalog file"}
}

// model is a model's standing as it answers when no effort is asked for.
func (d *deriver) model(m *Model) *standing {
	if s := d.done[m]; s != nil {
		return s
	}
	s := d.rows[m][byDefault]
	if s == nil {
		s = d.rows[m][m.DefaultEffort]
	}
	if rows := d.rows[m]; s == nil && len(rows) > 0 {
		from, effort := d.nearest(m, d.assumed(m))
		s = from.moved(d.offsets[d.assumed(m)]-d.offsets[effort], "estimated from "+effort+" effort: "+from.sources[0])
	}
	if s == nil {
		s = d.unseen(m)
	}
	d.done[m] = s
	return s
}

// assumed is the effort that a model is taken to use when nothing is asked for: its default; else none, or if it thinks,
// the weakest that has figures, or high.
func (d *deriver) assumed(m *Model) string {
	switch {
	case m.DefaultEffort != "":
		return m.DefaultEffort
	case !m.Thinks:
		return "none"
	}
	for _, e := range efforts {
		if d.rows[m][e] != nil {
			return e
		}
	}
	return "high"
}

// sibling is the model that stands in for one without figures; nil = none.
func (d *deriver) sibling(m *Model) *Model { return d.c.byModel[d.doc.Models[m.ID].Sibling] }

// effort is a model's standing at an effort: its own figures, else those of its nearest effort that has some, moved by
// what efforts make in general; else its sibling's at that effort, moved as the model as a whole was.
func (d *deriver) effort(m *Model, name string, own *standing) *standing {
	if s := d.rows[m][name]; s != nil {
		return s
	}
	if from, effort := d.nearest(m, name); from != nil {
		return from.moved(d.offsets[name]-d.offsets[effort], "estimated from "+effort+" effort: "+from.sources[0])
	}
	if sib := d.sibling(m); sib != nil {
		whole := d.model(sib)
		return d.effort(sib, name, whole).guess(own.overall-whole.overall, own.sources[0])
	}
	// Nothing is claimed above what is taken to be the default.
	return own.moved(min(0, d.offsets[name]-d.offsets[d.assumed(m)]), own.sources[0])
}

// nearest is the row whose effort is nearest to the asked one, the weaker of two. A row of unknown effort (the default of
// a model that thinks) counts as high, so that nothing is estimated above it but what efforts above high add.
func (d *deriver) nearest(m *Model, effort string) (*standing, string) {
	var best *standing
	name, least := "", math.Inf(1)
	for _, e := range append(slices.Clone(efforts), byDefault, thinking) {
		s := d.rows[m][e]
		if s == nil {
			continue
		}
		if e == byDefault && !m.Thinks {
			e = "none"
		}
		if gap := math.Abs(d.offsets[e] - d.offsets[effort]); gap < least {
			best, name, least = s, e, gap
		}
	}
	return best, name
}

// unseen is the standing of a model without a row: its sibling's or what models of its price and age have, both lowered;
// figures of other benchmarks move it.
func (d *deriver) unseen(m *Model) *standing {
	var s *standing
	if sib := d.sibling(m); sib != nil {
		from := d.model(sib)
		if m.DefaultEffort != "" {
			from = d.effort(sib, m.DefaultEffort, from)
		} else if !m.Thinks {
			from = d.effort(sib, "none", from)
		} else if len(m.Efforts) > 0 && m.effort(sib.DefaultEffort) == nil {
			from = d.effort(sib, m.Efforts[0].Name, from) // what its sibling does by default it can't
		}
		s = from.guess(-siblingMargin, "guessed from "+sib.ID)
	} else {
		s = (&standing{overall: d.average(m)}).guess(-priceMargin, "guessed from price and age")
	}
	found := d.figuresOf(m)
	if len(found) == 0 {
		return s
	}
	within := func(x float64) float64 { return min(max(x, -guessReach), guessReach) }
	sum, n := guessWeight*s.overall, guessWeight
	for _, f := range found {
		sum, n = sum+s.overall+within(f.theta-s.overall), n+1
	}
	s.overall, s.known = sum/n, true
	for _, f := range found {
		f.count(s, within(f.theta-s.overall))
	}
	return s
}

// effort is one of the model's efforts by name; nil = it has none of that name.
func (m *Model) effort(name string) *Effort {
	for i := range m.Efforts {
		if m.Efforts[i].Name == name {
			return &m.Efforts[i]
		}
	}
	return nil
}

// distinctRows are a model's rows, each once.
func (d *deriver) distinctRows(m *Model) []*standing {
	var all []*standing
	for _, e := range sorted(d.rows[m]) {
		if s := d.rows[m][e]; !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// at is a model's overall rank at the effort that a benchmark was run at; unsaid means its best, as makers report it. NaN
// if the model has no rows.
func (d *deriver) at(m *Model, effort string) float64 {
	if s := d.rows[m][effort]; s != nil {
		return s.overall
	}
	best := math.NaN()
	for _, s := range d.rows[m] {
		if !(s.overall <= best) {
			best = s.overall
		}
	}
	return best
}

// effortOffsets is what each effort adds to the overall rank at high effort, in the mean of the models that have both.
// Efforts that are not there, byDefault and thinking, count as high.
func (d *deriver) effortOffsets() map[string]float64 {
	sum, n := map[string]float64{}, map[string]float64{}
	for _, m := range d.c.Models {
		high := d.rows[m]["high"]
		if high == nil {
			continue
		}
		for _, e := range efforts {
			if s := d.rows[m][e]; s != nil {
				sum[e], n[e] = sum[e]+s.overall-high.overall, n[e]+1
			}
		}
	}
	// Where fewer than two models speak, what the built-in figures say, rounded.
	offsets := map[string]float64{"none": -1.2, "minimal": -1, "low": -0.5, "medium": -0.2, "high": 0, "xhigh": 0.1, "max": 0.1}
	for _, e := range efforts {
		if n[e] >= 2 {
			offsets[e] = sum[e] / n[e]
		}
	}
	if n["max"] < 2 {
		offsets["max"] = offsets["xhigh"] // nothing is claimed for an effort that nobody measured
	}
	return offsets
}

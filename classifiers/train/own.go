package train

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/routor/routor/classifiers"
)

// Head is a head of the user's own: what rules read as label.<Name>.
type Head struct {
	Name   string
	Labels []string
}

const (
	// maxOwnBytes bounds the table of one own head; one of many labels gets fewer rows.
	maxOwnBytes = 11 << 20
	maxOwnBits  = 16
	ownRate     = 0.5 // AdaGrad's
	// mainShare brings the main scores, which an own head sees as well, to the size of its other features.
	mainShare = 0.6
	// unknownLength is the length of a term that the main table does not know, which is a rare one.
	unknownLength = 100
)

// HeadsOf are the own heads that examples have labels of, names and labels in alphabetical order.
func HeadsOf(examples []Example) ([]Head, error) {
	labels := map[string]map[string]bool{}
	for i := range examples {
		for name, l := range examples[i].Own {
			if labels[name] == nil {
				labels[name] = map[string]bool{}
			}
			labels[name][l] = true
		}
	}
	var out []Head
	for name, set := range labels {
		h := Head{Name: name}
		for l := range set {
			h.Labels = append(h.Labels, l)
		}
		slices.Sort(h.Labels)
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b Head) int { return slices.Compare([]string{a.Name}, []string{b.Name}) })
	for _, h := range out {
		if n := len(h.Labels); n < 2 || n > maxLabels {
			return nil, fmt.Errorf("head %q has %d labels, must be 2 to %d", h.Name, n, maxLabels)
		}
	}
	if len(out) > maxOwn {
		return nil, fmt.Errorf("%d heads, at most %d are possible", len(out), maxOwn)
	}
	return out, nil
}

func (h *Head) index(e *Example) int {
	l, ok := e.Own[h.Name]
	if !ok {
		return -1
	}
	at, found := slices.BinarySearch(h.Labels, l)
	if !found {
		return -1
	}
	return at
}

// ownFit is an own head while it is learned. Its table has a vocabulary of its own, so that words count which the main table
// has never seen; the lengths of the others are the main table's, which knows from many more prompts how rare they are. The main
// scores are features as well: where the main heads know prompts, few examples go a long way.
type ownFit struct {
	head    *Head
	t       *table
	words   *vocabulary
	rows    []float32 // 2^bits × labels
	squares []float32 // by row
	bias    []float32
	biasSq  []float32
	dense   []float32 // main scores × labels
	denseSq []float32
	class   []float32 // weights of the classes
}

func ownBits(labels int) int {
	bits := maxOwnBits
	for stride := (labels + 1 + 15) &^ 15; (stride+1)<<bits > maxOwnBytes; {
		bits--
	}
	return bits
}

func newOwnFit(h *Head, learned []*request, main *vocabulary) *ownFit {
	n := len(h.Labels)
	bits := ownBits(n)
	f := &ownFit{head: h, t: newTable(bits, n), words: newVocabulary(learned, bits)}
	f.inherit(learned, main)
	f.rows, f.squares = make([]float32, n<<bits), make([]float32, 1<<bits)
	f.bias, f.biasSq = make([]float32, n), make([]float32, n)
	f.dense, f.denseSq = make([]float32, colTier*n), make([]float32, colTier)
	counts := make([]float64, n)
	for _, r := range learned {
		if l := h.index(r.example); l >= 0 {
			counts[l] += float64(r.example.weight())
		}
	}
	f.class = make([]float32, n)
	rarity(counts, f.class)
	return f
}

// inherit takes the lengths of terms that the main table knows from there.
func (f *ownFit) inherit(learned []*request, main *vocabulary) {
	if main == nil {
		return
	}
	for _, r := range learned {
		for _, b := range r.blocks {
			for _, term := range b.terms {
				row := rowOf(term, f.words.bits)
				if f.words.lengths[row] == 0 || f.words.tags[row] != uint8(term) {
					continue
				}
				f.words.lengths[row] = unknownLength
				if at := rowOf(term, main.bits); main.lengths[at] > 0 && main.tags[at] == uint8(term) {
					f.words.lengths[row] = main.lengths[at]
				}
			}
		}
	}
}

func (f *ownFit) scores(r *request, main *[columns]float32, z []float32) {
	n := len(z)
	copy(z, f.bias)
	for _, b := range r.blocks {
		for _, row := range b.rows {
			x := float32(sqrt(float32(f.words.lengths[row])) * b.norm)
			for k, w := range f.rows[int(row)*n:][:n] {
				z[k] += float32(x * w)
			}
		}
	}
	for k := range colTier {
		x := float32(mainShare * main[k])
		for j, w := range f.dense[k*n:][:n] {
			z[j] += float32(x * w)
		}
	}
}

// learn goes over the requests, small sets more often, in an order drawn from the seed.
func (f *ownFit) learn(requests []request, main [][columns]float32, o *Options) {
	n := len(f.head.Labels)
	var order []int
	for i := range requests {
		if f.head.index(requests[i].example) >= 0 {
			order = append(order, i)
		}
	}
	epochs := min(max(40_000/max(len(order), 1), 6), 40)
	random := rand.New(rand.NewPCG(o.Seed, 0x6f776e))
	z, g, target := make([]float32, n), make([]float32, n), make([]float32, n)
	done, total := 0, epochs*len(order)
	for range epochs {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			r := &requests[i]
			f.scores(r, &main[i], z)
			l := f.head.index(r.example)
			clear(target)
			target[l] = 1
			softmaxGradient(z, target, f.class, r.example.weight(), g)
			rate := float32(ownRate * (1 - 0.9*float64(done)/float64(total)))
			f.step(r, &main[i], g, rate)
			done++
			o.Progress("fitting "+f.head.Name, done, total)
		}
	}
}

func (f *ownFit) step(r *request, main *[columns]float32, g []float32, rate float32) {
	n := len(g)
	var square float32
	for _, v := range g {
		square += float32(v * v)
	}
	for _, b := range r.blocks {
		for _, row := range b.rows {
			x := float32(sqrt(float32(f.words.lengths[row])) * b.norm)
			f.squares[row] += float32(float32(x*x) * square)
			pace := float32(rate * x / sqrt(f.squares[row]+adaStart))
			w := f.rows[int(row)*n:][:n]
			for k, v := range g {
				w[k] -= float32(pace * v)
			}
		}
	}
	for k := range colTier {
		x := float32(mainShare * main[k])
		if x == 0 {
			continue
		}
		f.denseSq[k] += float32(float32(x*x) * square)
		pace := float32(rate * x / sqrt(f.denseSq[k]+1))
		w := f.dense[k*n:][:n]
		for j, v := range g {
			w[j] -= float32(pace * v)
		}
	}
	adagrad(f.bias, g, f.biasSq, rate)
}

// quantise makes the table that is baked.
func (f *ownFit) quantise() *table {
	n, t := len(f.head.Labels), f.t
	copy(t.tags, f.words.tags)
	copy(t.bias, f.bias)
	for k := range n {
		step := clip(func(yield func(float32)) {
			for row, length := range f.words.lengths {
				if length > 0 {
					yield(float32(f.rows[row*n+k] * sqrt(float32(length))))
				}
			}
		})
		t.scale[k] = step
		for row, length := range f.words.lengths {
			if length > 0 && step > 0 {
				t.rows[row*t.stride+k] = quantised(float32(f.rows[row*n+k]*sqrt(float32(length))), step)
			}
		}
	}
	for row, length := range f.words.lengths {
		t.rows[row*t.stride+t.stride-1] = int8(length)
	}
	for k := range colTier {
		for j := range n {
			t.dense[k*t.stride+j] = float32(mainShare * f.dense[k*n+j])
		}
	}
	return t
}

// learnOwn adds a head to the model, learned from the requests' terms. The scores of a tenth of the questions, which a first
// fit has not seen, say how far its probabilities are to be believed, and are its figures.
func (m *model) learnOwn(h *Head, learned []*request, main *vocabulary, o *Options) (ClassFigure, error) {
	var known []*request
	for _, r := range learned {
		if h.index(r.example) >= 0 {
			known = append(known, r)
		}
	}
	if len(known) < 2 {
		return ClassFigure{}, fmt.Errorf("head %q: %d examples of split train, must be 2 at least", h.Name, len(known))
	}
	examples := make([]*Example, len(known))
	for i, r := range known {
		examples[i] = r.example
	}
	part := byQuestion(examples)
	var some, rest []*request
	for i, r := range known {
		if part[i]%5 == 0 {
			rest = append(rest, r)
		} else {
			some = append(some, r)
		}
	}
	var figure ClassFigure
	temperature := 1.0
	if len(rest) > 0 && len(some) > 1 {
		f := m.fitOwn(h, some, main, o)
		temperature, figure = f.measure(rest, m)
	}
	t := m.fitOwn(h, known, main, o).quantise()
	for k := range t.scale {
		t.scale[k] /= float32(temperature)
		t.bias[k] /= float32(temperature)
	}
	for k := range t.dense {
		t.dense[k] /= float32(temperature)
	}
	m.own = append(m.own, t)
	return figure, nil
}

// mainScores are what the main heads say of the requests, which stand by their terms.
func (m *model) mainScores(requests []*request) [][columns]float32 {
	plain := values(requests)
	seen := vocabularyOf(m.main).look(plain)
	out := make([][columns]float32, len(seen))
	for i := range seen {
		out[i] = m.scores(&seen[i])
	}
	return out
}

func (m *model) fitOwn(h *Head, learned []*request, main *vocabulary, o *Options) *ownFit {
	f := newOwnFit(h, learned, main)
	f.learn(f.words.look(values(learned)), m.mainScores(learned), o)
	return f
}

func (f *ownFit) measure(requests []*request, m *model) (temperature float64, figure ClassFigure) {
	n := len(f.head.Labels)
	main := m.mainScores(requests)
	seen := f.words.look(values(requests))
	scores, labels := make([][]float32, len(seen)), make([]int, len(seen))
	for i := range seen {
		scores[i] = make([]float32, n)
		f.scores(&seen[i], &main[i], scores[i])
		labels[i] = f.head.index(seen[i].example)
	}
	temperature = temperatureOf(scores, labels)
	count := NewClassCount(f.head.Labels)
	for i, z := range scores {
		p := make([]float32, n)
		for k := range z {
			z[k] /= float32(temperature)
		}
		softmax(z, p)
		count.Add(labels[i], p)
	}
	return temperature, count.Figure()
}

func values(requests []*request) []request {
	out := make([]request, len(requests))
	for i, r := range requests {
		out[i] = *r
	}
	return out
}

// cards are the cards of the heads, in the order of the runtime's answer.
func ownCards(heads []Head) []classifiers.HeadCard {
	var out []classifiers.HeadCard
	for _, h := range heads {
		out = append(out, classifiers.HeadCard{Name: h.Name, Labels: h.Labels})
	}
	return out
}

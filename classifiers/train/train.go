package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/classifiers/wasm"
)

// The splits that Train knows.
const (
	splitTrain = "train"
	splitDev   = "dev"
	splitTest  = "test"
)

// Options say how to train; the zero value is what the default module is trained with.
type Options struct {
	Name, Version, Description string  // of the card
	Bits                       int     // the table has 2^Bits rows of 32 bytes; 8..18, 0 = 18
	Epochs                     int     // 0 = 4
	Rate                       float64 // AdaGrad's; 0 = 0.5, or 0.1 from Init
	Seed                       uint64
	// Init is a module to go on from; nil = from nothing. Its heads that no example has a label of stay as they are, to the byte.
	Init []byte
	// LeaveOut measures on each of ten groups of left-out sources, and calibrates by all of them; it takes eleven times as long.
	LeaveOut bool
	// Refit learns, after all has been measured, from the examples of splits dev and test as well.
	Refit bool
	// Data are the hashes of the files that the examples are from, by file name; for the card.
	Data map[string]string
	// Progress is called now and then, from several goroutines, with the stage's name.
	Progress func(stage string, done, total int)
}

func (o *Options) fill() error {
	if o.Name == "" {
		o.Name = "custom"
	}
	if o.Version == "" {
		o.Version = "1"
	}
	if o.Bits == 0 {
		o.Bits = maxBits
	}
	if o.Bits < 8 || o.Bits > maxBits {
		return fmt.Errorf("bits is %d, must be 8 to %d", o.Bits, maxBits)
	}
	if o.Epochs == 0 {
		o.Epochs = 4
	}
	if o.Rate == 0 && o.Init != nil {
		o.Rate = 0.1
	}
	if o.Rate == 0 {
		o.Rate = 0.5
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	return nil
}

// Report says what Train did.
type Report struct {
	Card               Card
	Examples           int // learned from
	Terms              int // of all examples together
	Temperature        float64
	Extracting, Taking time.Duration // reading the features; fitting
}

// trainer is one run of Train.
type trainer struct {
	Options
	ctx     context.Context
	from    *model // Init's
	learned []*request
	groups  []int // of learned
	own     []Head
	report  Report

	temperatures [numHeads]float64
}

// Train makes a self-contained module of the examples of split "train", calibrated on sources that were left out of a first fit.
func Train(ctx context.Context, examples []Example, o Options) ([]byte, *Report, error) {
	if err := o.fill(); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	t := &trainer{Options: o, ctx: ctx}
	module, err := t.run(examples)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	return module, &t.report, nil
}

func (t *trainer) run(examples []Example) ([]byte, error) {
	var used []*Example
	for i := range examples {
		if s := examples[i].Split; s == splitTrain || s == splitDev || s == splitTest {
			used = append(used, &examples[i])
		}
	}
	var err error
	if t.own, err = HeadsOf(examples); err != nil {
		return nil, err
	}
	var kept []classifiers.HeadCard
	if t.Init != nil {
		if t.from, kept, err = t.begin(); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	requests, err := t.features(used)
	if err != nil {
		return nil, err
	}
	t.report.Extracting = time.Since(start)
	start = time.Now()
	splits := map[string][]*request{}
	for i := range requests {
		r := &requests[i]
		splits[r.example.Split] = append(splits[r.example.Split], r)
		for _, b := range r.blocks {
			t.report.Terms += len(b.terms)
		}
	}
	if len(splits[splitTrain]) == 0 {
		return nil, errors.New(`no example has split "train"`)
	}
	t.learned = splits[splitTrain]
	t.groups = groupsOf(examplesOf(t.learned))

	m, measured, err := t.model(splits)
	if err != nil {
		return nil, err
	}
	if t.Refit {
		t.learned = append(append(append([]*request{}, t.learned...), splits[splitDev]...), splits[splitTest]...)
		if m, err = t.again(m); err != nil {
			return nil, err
		}
	}
	t.report.Examples = len(t.learned)
	for i := range t.own {
		figure, err := m.learnOwn(&t.own[i], t.learned, lengthsOf(m), &t.Options)
		if err != nil {
			return nil, err
		}
		if measured.Own == nil {
			measured.Own = map[string]ClassFigure{}
		}
		measured.Own[t.own[i].Name] = figure
	}
	t.report.Taking = time.Since(start)
	blob := m.blob()
	t.report.Card = newCard(&t.Options, examplesOf(t.learned), blob)
	t.report.Card.Heads = append(append(t.report.Card.Heads, kept...), ownCards(t.own)...)
	t.report.Card.Measured = measured
	t.report.Card.Figures = measured.figures()
	return bake(blob, &t.report.Card)
}

// lengthsOf is the vocabulary of a model, nil where it has learned nothing.
func lengthsOf(m *model) *vocabulary {
	words := vocabularyOf(m.main)
	for _, n := range words.lengths {
		if n > 0 {
			return words
		}
	}
	return nil
}

// model fits the main heads, calibrated by sources that a fit has not seen.
func (t *trainer) model(splits map[string][]*request) (*model, *Measured, error) {
	measured := &Measured{}
	learns := newHeads(t.learned).learns
	if learns == [numHeads]bool{} {
		m := blankOf(t.Bits)
		if t.from != nil {
			m = t.from
		}
		t.report.Temperature = 1
		return m, measured, nil
	}
	var out []said
	if t.LeaveOut {
		parts := make([][]said, Groups)
		for g := range Groups {
			said, err := t.without(fmt.Sprintf("group %d of %d", g+1, Groups), func(group int) bool { return group == g })
			if err != nil {
				return nil, nil, err
			}
			parts[g] = said
			out = append(out, said...)
		}
		measured.LeftOut = t.leftOut(parts, learns)
	} else {
		said, err := t.without("fitting without some sources", func(group int) bool { return group%3 == 1 })
		if err != nil {
			return nil, nil, err
		}
		out = said
	}
	m, err := t.fit("fitting", t.learned)
	if err != nil {
		return nil, nil, err
	}
	t.temperatures = m.settle(out, learns, t.from != nil)
	t.report.Temperature = t.temperatures[headCategory]
	for _, split := range []string{splitDev, splitTest} {
		if requests := splits[split]; len(requests) > 0 {
			measured.Splits = append(measured.Splits, NamedFigures{split, m.figures(requests)})
		}
	}
	return m, measured, nil
}

// again fits the model once more, to all that is learned from now, and keeps what the first was calibrated to.
func (t *trainer) again(first *model) (*model, error) {
	learns := newHeads(t.learned).learns
	if learns == [numHeads]bool{} {
		return first, nil
	}
	m, err := t.fit("fitting to all", t.learned)
	if err != nil {
		return nil, err
	}
	m.knots = first.knots
	for h, span := range headColumns {
		if !learns[h] || h != headCategory && h != headDomain {
			continue
		}
		for k := span.from; k < span.to; k++ {
			m.main.scale[k] /= float32(t.temperatures[h])
			m.main.bias[k] /= float32(t.temperatures[h])
		}
	}
	return m, nil
}

// fit learns the main heads from requests.
func (t *trainer) fit(stage string, requests []*request) (*model, error) {
	var words *vocabulary
	if t.from != nil {
		words = vocabularyOf(t.from.main)
	} else {
		words = newVocabulary(requests, t.Bits)
	}
	seen := words.look(values(requests))
	order := make([]*request, len(seen))
	for i := range seen {
		order[i] = &seen[i]
	}
	f := newFit(words, order, t.from, &t.Options)
	if err := f.learn(t.ctx, order, &t.Options, func(done, total int) { t.Progress(stage, done, total) }); err != nil {
		return nil, err
	}
	return f.quantise(), nil
}

// without fits to what is not left out, and asks the result about what is.
func (t *trainer) without(stage string, out func(group int) bool) ([]said, error) {
	learned, held := leaveOut(t.learned, t.groups, out)
	if len(learned) == 0 || len(held) == 0 {
		return nil, nil
	}
	m, err := t.fit(stage, learned)
	if err != nil {
		return nil, err
	}
	return m.say(held), nil
}

func (m *model) say(requests []*request) []said {
	out := make([]said, len(requests))
	for i, r := range vocabularyOf(m.main).look(values(requests)) {
		out[i] = said{r.example, m.scores(&r)}
	}
	return out
}

func examplesOf(requests []*request) []*Example {
	out := make([]*Example, len(requests))
	for i, r := range requests {
		out[i] = r.example
	}
	return out
}

func blankOf(bits int) *model {
	m := blank()
	m.main = newTable(bits, 0)
	m.main.bias[colTokens] = nan
	return m
}

// features asks the runtime, loaded with a blank model, for the terms of every example.
func (t *trainer) features(examples []*Example) ([]request, error) {
	blob := blank().blob()
	card := newCard(&t.Options, nil, blob)
	module, err := bake(blob, &card)
	if err != nil {
		return nil, err
	}
	m, err := classifiers.Load(t.ctx, module, classifiers.Options{})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return extract(t.ctx, m, examples, func(done, total int) { t.Progress("features", done, total) })
}

// bake joins the runtime, the weights and the card.
func bake(blob []byte, c *Card) ([]byte, error) {
	module, err := wasm.Bake(builtin.Runtime, blob)
	if err != nil {
		return nil, err
	}
	return wasm.SetCustom(module, classifiers.MetaSection, c.json())
}

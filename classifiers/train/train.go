package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/classifiers/wasm"
	"github.com/routor/routor/engine/label"
)

// The splits that Train knows.
const (
	splitTrain = "train"
	splitDev   = "dev"
)

// Options say how to train; the zero value is what the default module is trained with.
type Options struct {
	Name, Version, Description string  // of the card
	Bits                       int     // the table has 2^Bits rows of 32 bytes; 8..18, 0 = 18
	Epochs                     int     // 0 = 6
	Rate                       float64 // AdaGrad's; 0 = 0.5
	Seed                       uint64
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
		o.Epochs = 6
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
	Calibration        int // examples of split dev
	Rows               int // features of all examples together
	Temperature        float64
	Extracting, Taking time.Duration // reading the features; fitting
}

// Train makes a self-contained module of the examples of split "train", calibrated on those of split "dev".
func Train(ctx context.Context, examples []Example, o Options) ([]byte, *Report, error) {
	if err := o.fill(); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	used := make([]*Example, 0, len(examples))
	for i := range examples {
		if s := examples[i].Split; s == splitTrain || s == splitDev {
			used = append(used, &examples[i])
		}
	}
	start := time.Now()
	requests, err := features(ctx, used, &o)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	report := &Report{Extracting: time.Since(start)}
	start = time.Now()
	f := newFit(requests, &o)
	var learned []*request
	var dev []request
	for i := range requests {
		if requests[i].example.Split == splitDev {
			dev = append(dev, requests[i])
			continue
		}
		learned = append(learned, &requests[i])
		for _, b := range requests[i].blocks {
			report.Rows += len(b.rows)
		}
	}
	if len(learned) == 0 {
		return nil, nil, errors.New(`train: no example has split "train"`)
	}
	report.Examples, report.Calibration = len(learned), len(dev)
	f.heads = newHeads(learned)
	if err := f.learn(ctx, learned, &o, func(done, total int) { o.Progress("fitting", done, total) }); err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	m := f.quantise()
	report.Temperature = m.temper(dev, colCategory, label.NumCategories, func(e *Example) int { return index(e.Category) })
	m.temper(dev, colDomain, label.NumDomains, func(e *Example) int { return index(e.Domain) })
	m.cut(dev)
	report.Taking = time.Since(start)

	blob := m.blob()
	report.Card = newCard(&o, used, blob)
	report.Card.Figures = m.figures(dev)
	module, err := bake(blob, &report.Card)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %w", err)
	}
	return module, report, nil
}

// index is a label's number, -1 where there is none.
func index[T ~uint8](l *T) int {
	if l == nil {
		return -1
	}
	return int(*l)
}

// features asks the runtime, loaded with a blank model, for the rows of every example.
func features(ctx context.Context, examples []*Example, o *Options) ([]request, error) {
	blob := blank().blob()
	card := newCard(o, nil, blob)
	module, err := bake(blob, &card)
	if err != nil {
		return nil, err
	}
	m, err := classifiers.Load(ctx, module, classifiers.Options{})
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return extract(ctx, m, examples, o.Bits, func(done, total int) { o.Progress("features", done, total) })
}

// bake joins the runtime, the weights and the card.
func bake(blob []byte, c *Card) ([]byte, error) {
	module, err := wasm.Bake(builtin.Runtime, blob)
	if err != nil {
		return nil, err
	}
	return wasm.SetCustom(module, classifiers.MetaSection, c.json())
}

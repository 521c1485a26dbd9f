package engine

import (
	"encoding/json"
	"math"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// ClassifierInput makes a classifier's input of a request. It is the only place that does, so that training,
// `routor classify` and serving see the same record. The strings point into the request.
func ClassifierInput(r *chat.Request, in *classifiers.Input) {
	f := &r.Facts
	*in = classifiers.Input{
		Text: r.Text, System: r.System, Context: r.Context,
		Turns: count32(f.Turns), Tokens: count32(f.PromptTokens), Bytes: count32(f.TextBytes),
	}
	for _, c := range [...]struct {
		is   bool
		flag classifiers.Flags
	}{
		{f.Tools > 0 || f.HostedTools > 0, classifiers.HasTools}, {f.Images > 0, classifiers.HasImages},
		{r.System != "", classifiers.HasSystem}, {r.Stream, classifiers.Streams},
		{r.Format != chat.FormatText, classifiers.WantsJSON}, {f.Files > 0, classifiers.HasFiles}, {f.Audio > 0, classifiers.HasAudio},
	} {
		if c.is {
			in.Flags |= c.flag
		}
	}
}

func count32(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

// Classify puts the request to the snapshot's classifier. It never fails: without a classifier the answer is a uniform one
// with confidence 0.
func (s *Snapshot) Classify(r *chat.Request, in *classifiers.Input, out *classifiers.Result) {
	ClassifierInput(r, in)
	s.classify(in, out)
}

func (s *Snapshot) classify(in *classifiers.Input, out *classifiers.Result) {
	if s.Classifier == nil {
		*out = classifiers.Result{CompletionTokens: float32(math.NaN()), Heads: out.Heads[:0]}
		for c := range out.Category {
			out.Category[c] = 1. / label.NumCategories
		}
		return
	}
	s.Classifier.Classify(in, out)
}

// classify sets category, domain, difficulty and tier, history included, before any floor or ceiling of people's.
func (d *Decision) classify(s *Snapshot, r *chat.Request, w *World) {
	if w.Classification != nil {
		d.Class, d.borrowed = *w.Classification, true
	} else {
		s.Classify(r, &d.input, &d.Class)
	}
	d.Category, d.Domain = d.Class.Best(), d.Class.BestDomain()
	d.Difficulty = float64(d.Class.Difficulty)
	if math.IsNaN(d.Difficulty) {
		d.Difficulty = 0
	}
	d.Difficulty = min(max(d.Difficulty, 0), 1)

	p := s.Policy
	if confidence := float64(d.Class.Confidence); !(confidence >= p.Unsure.Below) {
		// No evidence never means easy: what looks easier than the default tier is lifted to it. What looks harder stays,
		// unless there was no answer at all: being unsure of the task is no evidence against its difficulty.
		d.Unsure = true
		if t := s.Policy.TierOf(d.Difficulty); t < p.Unsure.Tier || confidence == 0 {
			d.Difficulty = s.middle(p.Unsure.Tier)
		}
	}
	if !r.Facts.EndsInTool && r.Facts.Thanks {
		// A "thanks!" is NANO whatever went before.
		d.Difficulty, d.Unsure = 0, false
	} else if r.Facts.Continuation {
		if floor := d.historyFloor(s, r, w); floor > d.Difficulty {
			d.Difficulty, d.History, d.HistoryFloor = floor, floor, true
		}
	}
	d.Tier = s.Policy.TierOf(d.Difficulty)
}

// historyFloor is the difficulty that a bare continuation is not routed below: what the conversation needed so far. Where
// nothing is remembered of it, what it was about is read from the turns that the request brings along.
func (d *Decision) historyFloor(s *Snapshot, r *chat.Request, w *World) float64 {
	if w.Conversation.Floor > 0 || r.Facts.Turns < 2 || r.Context == "" {
		return w.Conversation.Floor
	}
	ClassifierInput(r, &d.input)
	d.input.Text, d.input.Context, d.input.Turns = r.Context, "", 1
	var first string
	if r.Facts.Turns == 2 && json.Unmarshal([]byte(`"`+r.FirstUser+`"`), &first) == nil {
		d.input.Text = first
	}
	s.classify(&d.input, &d.first)
	if d.first.Confidence > d.Class.Confidence {
		d.Class.Category, d.Class.Domain = d.first.Category, d.first.Domain
		d.Category, d.Domain = d.first.Best(), d.first.BestDomain()
	}
	if float64(d.first.Confidence) < s.Policy.Unsure.Below {
		return s.middle(s.Policy.Unsure.Tier)
	}
	return float64(d.first.Difficulty)
}

// middle is the difficulty in the middle of a tier.
func (s *Snapshot) middle(t label.Tier) float64 {
	lower, upper := 0., 1.
	if t > label.Nano {
		lower = s.Policy.Thresholds[t-1]
	}
	if t < label.Complex {
		upper = s.Policy.Thresholds[t]
	}
	return (lower + upper) / 2
}

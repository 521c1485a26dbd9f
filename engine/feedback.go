package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
)

// How feedback moves what is expected of a model (docs/feedback.md has the formulas and the reasons).
const (
	// A category's ability counts as priorAnswers judged ones, and as priorFigure more for each published figure behind it.
	priorAnswers, priorFigure = 20, 10
	// priorSeen is as how many answers the share of all models' clean ones counts, for what Routor sees itself.
	priorSeen = 100
	// fewSeen is how many answers in a category a model must have given to be compared with others.
	fewSeen = 20
	// fewVoters is how many keys or users must have judged a model's answers in a category for anything to move.
	fewVoters = 3
	// mostOfVoter is the largest share of the evidence that one voter may have.
	mostOfVoter = 0.4
	// mostMoved bounds a shift, in logits.
	mostMoved = 1.0
	// shiftStep is what shifts are rounded to, in logits: less would make new tables all the time and change no decision.
	shiftStep = 0.05
)

// Shift is what has been learned of a model: by how many logits its expected quality differs from what the catalog says, by
// category. 0 = nothing.
type Shift [label.NumCategories]float32

// Learned is a table of what has been learned of models, by id. It never changes; its Version tells it from others, and is the
// same wherever the same has been learned.
type Learned struct {
	Version string           `json:"version"`
	Shifts  map[string]Shift `json:"shifts"`

	at atomic.Pointer[learnedSkills]
}

// newLearned makes a table; nil where nothing has been learned.
func newLearned(shifts map[string]Shift) *Learned {
	if len(shifts) == 0 {
		return nil
	}
	src, err := json.Marshal(shifts) // maps are written in the order of their keys
	if err != nil {
		panic("BUG: encode what was learned: " + err.Error())
	}
	sum := sha256.Sum256(src)
	return &Learned{Version: hex.EncodeToString(sum[:6]), Shifts: shifts}
}

// learnedSkills are the skills of a snapshot's options as they were learned.
type learnedSkills struct {
	of     *Snapshot
	skills [][]skill // by Deployment.Index; nil = as the catalog says
}

// in is the table for a snapshot. It is made when the first request asks for it, and read without a lock after that.
func (l *Learned) in(s *Snapshot) [][]skill {
	if at := l.at.Load(); at != nil && at.of == s {
		return at.skills
	}
	skills := make([][]skill, len(s.options))
	for i := range s.options {
		o := &s.options[i]
		shift, ok := l.Shifts[o.dep.Model.ID]
		if !ok {
			continue
		}
		moved := slices.Clone(o.skills)
		for k := range moved {
			for c, by := range shift {
				if by != 0 {
					moved[k].by[c] = float32(1 / (1 + math.Exp(-logit(float64(moved[k].by[c]))-float64(by))))
				}
			}
		}
		skills[i] = moved
	}
	l.at.Store(&learnedSkills{s, skills})
	return skills
}

// Seen is what Routor itself saw of an answer: one or more of these, 0 = nothing wrong.
type Seen uint8

// The outcomes that Routor sees itself.
const (
	SeenRefused   Seen = 1 << iota // the model or its filter refused
	SeenCut                        // a limit of tokens ended the answer
	SeenInvalid                    // structured output was asked for, and this is none
	SeenToolError                  // a tool call that can't be made: its arguments are no JSON, or the tool says so
	SeenRetried                    // the user asked the same again at once
)

// SeenNames are the outcomes' names, by bit.
var SeenNames = [...]string{"refused", "cut", "invalid_output", "tool_error", "retried"}

// Names are the names of what was seen.
func (s Seen) Names() (names []string) {
	for i, n := range SeenNames {
		if s&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// LearnedStanding is what has been learned of one model in one category, and from what.
type LearnedStanding struct {
	Model    string  `json:"model"`
	Category string  `json:"category"`
	Shift    float64 `json:"shift"`             // logits
	Votes    int     `json:"votes"`             // the latest of each voter on each decision
	Voters   int     `json:"voters"`            // keys and users who judged
	Score    float64 `json:"score,omitempty"`   // mean of the votes, 0..1
	Counted  float64 `json:"counted"`           // votes that count, once nobody has more than a fair share
	Prior    float64 `json:"prior"`             // as how many votes the catalog's figure counts
	Answers  int     `json:"answers,omitempty"` // that Routor saw itself …
	Wrong    int     `json:"wrong,omitempty"`   // … and those with something wrong
	Why      string  `json:"why,omitempty"`     // why votes have moved nothing yet
}

// spot is a model in a category.
type spot struct {
	model    string
	category label.Category
}

// voter is who judges: a key, and the user whom its application names. Either may be "".
type voter struct{ key, user string }

// judgement is a vote as evidence.
type judgement struct {
	who             voter
	score, expected float64 // 0..1; what the catalog alone let expect
}

// clean counts a voter's answers that Routor saw, and those with something wrong.
type clean struct{ answers, wrong float64 }

// evidence is all that is known, by model and category. The order of judgements decides the last bits of sums: it must be the same
// everywhere.
type evidence struct {
	votes map[spot][]judgement
	seen  map[spot]map[voter]clean
}

// standings weigh the evidence, in the order of models and categories. The catalog says how much was known before.
func (e *evidence) standings(c *catalog.Catalog) []LearnedStanding {
	spots := map[spot]bool{}
	for p := range e.votes {
		spots[p] = true
	}
	for p := range e.seen {
		spots[p] = true
	}
	usual := e.usual()
	var out []LearnedStanding
	for p := range spots {
		s := LearnedStanding{Model: p.model, Category: p.category.String(), Prior: priorOf(c, p)}
		moved := s.vote(e.votes[p]) + s.look(e.seen[p], usual[p.category])
		moved = min(max(moved, -mostMoved), mostMoved)
		s.Shift = round(math.Round(moved/shiftStep)*shiftStep, 100)
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b LearnedStanding) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Category, b.Category))
	})
	return out
}

// learned is the table of the standings that have moved; nil = none has.
func learned(list []LearnedStanding) *Learned {
	shifts := map[string]Shift{}
	for i := range list {
		if c, ok := label.ParseCategory(list[i].Category); ok && list[i].Shift != 0 {
			s := shifts[list[i].Model]
			s[c] = float32(list[i].Shift)
			shifts[list[i].Model] = s
		}
	}
	return newLearned(shifts)
}

// priorOf is as how many judged answers the catalog's ability counts.
func priorOf(c *catalog.Catalog, p spot) float64 {
	prior := float64(priorAnswers)
	if c != nil {
		if m := c.Model(p.model); m != nil {
			prior += priorFigure * float64(m.Ability.Evidence[p.category])
		}
	}
	return prior
}

// vote is the shift that votes make: the mean of a beta distribution for which the catalog's figure stands with `Prior` answers,
// moved by the votes' scores, against what was expected of the same answers.
func (s *LearnedStanding) vote(votes []judgement) float64 {
	if s.Votes = len(votes); s.Votes == 0 {
		return 0
	}
	counts := map[voter]float64{}
	for i := range votes {
		counts[votes[i].who]++
	}
	weights := fair(counts, s.Prior)
	s.Voters = len(counts)
	score, expected, counted := 0., 0., 0.
	for i := range votes {
		v := &votes[i]
		w := weights[v.who]
		s.Score += v.score / float64(len(votes))
		counted, score, expected = counted+w, score+w*v.score, expected+w*v.expected
	}
	s.Score, s.Counted = round(s.Score, 1000), round(counted, 100)
	if s.Voters < fewVoters {
		s.Why = "fewer than 3 keys or users have judged"
		return 0
	}
	if counted == 0 {
		return 0
	}
	usual := expected / counted
	return logit((s.Prior*usual+score)/(s.Prior+counted)) - logit(usual)
}

// usual is the share of clean answers in each category over all models that gave enough, to enough voters; 0 = fewer than two did, and there is
// nothing to compare with.
func (e *evidence) usual() (share [label.NumCategories]float64) {
	var all [label.NumCategories]clean
	var models [label.NumCategories]int
	for p, by := range e.seen {
		var sum clean
		for _, n := range by { // whole numbers: their order does not matter
			sum.answers, sum.wrong = sum.answers+n.answers, sum.wrong+n.wrong
		}
		if sum.answers >= fewSeen && len(by) >= fewVoters {
			all[p.category].answers += sum.answers
			all[p.category].wrong += sum.wrong
			models[p.category]++
		}
	}
	for c := range share {
		if models[c] > 1 {
			share[c] = min(max(1-all[c].wrong/all[c].answers, abilityMin), abilityMax)
		}
	}
	return share
}

// look is the shift that follows from what Routor saw itself: a model whose answers are clean less often than the usual ones of
// its category loses.
func (s *LearnedStanding) look(by map[voter]clean, usual float64) float64 {
	counts := map[voter]float64{}
	for who, n := range by {
		counts[who] = n.answers
		s.Answers += int(n.answers)
		s.Wrong += int(n.wrong)
	}
	if usual == 0 || s.Answers < fewSeen || len(counts) < fewVoters {
		return 0
	}
	weights := fair(counts, priorSeen)
	answers, good := 0., 0.
	for _, who := range inOrder(counts) {
		n, w := by[who], weights[who]
		answers, good = answers+w*n.answers, good+w*(n.answers-n.wrong)
	}
	return logit((priorSeen*usual+good)/(priorSeen+answers)) - logit(usual)
}

// fair weighs each voter's judgements so that no voter has more than mostOfVoter of all that counts, and no key's weigh more than
// what was known before and all other keys' together.
func fair(counts map[voter]float64, prior float64) map[voter]float64 {
	who := inOrder(counts)
	most := math.Inf(1)
	for range 64 { // the bound is a share of a sum that it bounds itself; each round comes closer
		sum, top := 0., 0.
		for _, v := range who {
			n := min(counts[v], most)
			sum, top = sum+n, max(top, n)
		}
		if top <= mostOfVoter*sum+1e-9 {
			break
		}
		most = mostOfVoter * sum
	}
	weights := make(map[voter]float64, len(who))
	byKey, all := map[string]float64{}, 0.
	for _, v := range who {
		n := min(counts[v], most)
		weights[v] = n / counts[v]
		byKey[v.key] += n
		all += n
	}
	for _, v := range who {
		if n, room := byKey[v.key], prior+all-byKey[v.key]; n > room {
			weights[v] *= room / n
		}
	}
	return weights
}

func inOrder(counts map[voter]float64) []voter {
	return slices.SortedFunc(maps.Keys(counts), func(a, b voter) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.user, b.user)) })
}

func round(x, steps float64) float64 { return math.Round(x*steps) / steps }

package catalog

import (
	"encoding/json"
	"fmt"
	"math"
	"path"
	"strings"
)

// Quirk is what a provider wants otherwise than its dialect has it: changes of top-level members of a request's body, made
// after it was written. Names are as the surface spells them.
type Quirk struct {
	Models   []string // globs over the deployment's upstream name and the model's id; empty = all
	Surface  Surface  // "" = any
	Thinking Known    // Yes, No: only where the model reasons in this request, or does not
	// Rename gives parameters other names. Refuse takes parameters away and tells the client so, unless they say what holds
	// anyway; Omit takes them away and says nothing. Bounds clamps numbers. Only lists the words that a parameter may be, with
	// "object" for any object; what is none of them is refused. Set puts members in that are not there, as JSON.
	// Takes, if not empty, are all the parameters that there are: others are refused.
	Rename map[string]string
	Refuse []string
	Omit   []string
	Takes  []string
	Bounds map[string]Range
	Only   map[string][]string
	Set    map[string]string
	// On and Off switch thinking: members that are set, as JSON. nil = this is no switch.
	On, Off map[string]string
	// Anew has answers written anew rather than passed on where the client speaks the surface's dialect too: their form breaks
	// official SDKs.
	Anew bool
}

// Range bounds a number. NaN = no bound.
type Range struct{ Min, Max float64 }

// Covers is whether the quirk is one of a deployment, on a surface.
func (q *Quirk) Covers(d *Deployment, on Surface) bool {
	if q.Surface != "" && q.Surface != on {
		return false
	}
	if len(q.Models) == 0 {
		return true
	}
	_, bare, _ := strings.Cut(d.Model.ID, "/")
	upstream := d.Upstream[strings.LastIndexByte(d.Upstream, '/')+1:]
	for _, glob := range q.Models {
		for _, name := range [...]string{upstream, bare} {
			if ok, _ := path.Match(glob, strings.ToLower(name)); ok {
				return true
			}
		}
	}
	return false
}

// StateNeed is what a provider needs back of what it said in earlier turns.
type StateNeed string

// The needs.
const (
	NoState        StateNeed = ""          // it forgets, or its dialect says it all
	ReasoningState StateNeed = "reasoning" // the reasoning of its own turns, as a help
	ReasoningMust  StateNeed = "must"      // the reasoning of every turn that called tools: it refuses requests without
)

type quirkEntry struct {
	Models   []string            `yaml:"models"`
	Surface  Surface             `yaml:"surface"`
	Thinking Known               `yaml:"thinking"`
	Rename   map[string]string   `yaml:"rename"`
	Refuse   []string            `yaml:"refuse"`
	Omit     []string            `yaml:"omit"`
	Takes    []string            `yaml:"takes"`
	Bounds   map[string]rangeSet `yaml:"bounds"`
	Only     map[string][]string `yaml:"only"`
	Set      map[string]jsonText `yaml:"set"`
	On       map[string]jsonText `yaml:"on"`
	Off      map[string]jsonText `yaml:"off"`
	Anew     bool                `yaml:"anew"`
}

type rangeSet struct {
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
}

// jsonText is a value written as JSON.
type jsonText string

func (t *jsonText) parse(s string) error {
	if !json.Valid([]byte(s)) {
		return fmt.Errorf("%q is no JSON", s)
	}
	*t = jsonText(s)
	return nil
}

func (n *StateNeed) parse(s string) error {
	switch *n = StateNeed(s); *n {
	case NoState, ReasoningState, ReasoningMust:
		return nil
	}
	return oneOf(s, string(ReasoningState), string(ReasoningMust))
}

// quirks makes a provider's quirks of their entries.
func (b *builder) quirks(at string, entries []quirkEntry) []Quirk {
	var out []Quirk
	for i, e := range entries {
		for _, glob := range e.Models {
			if _, err := path.Match(glob, ""); err != nil {
				b.fail(fmt.Sprintf("%s.quirks[%d].models", at, i), fmt.Sprintf("%q is no pattern", glob), "such as gpt-5*")
			}
		}
		q := Quirk{
			Models: e.Models, Surface: e.Surface, Thinking: e.Thinking, Rename: e.Rename, Refuse: e.Refuse, Omit: e.Omit, Takes: e.Takes, Only: e.Only,
			Set: texts(e.Set), On: texts(e.On), Off: texts(e.Off), Anew: e.Anew,
		}
		for name, r := range e.Bounds {
			if q.Bounds == nil {
				q.Bounds = map[string]Range{}
			}
			q.Bounds[name] = Range{orNaN(r.Min), orNaN(r.Max)}
		}
		out = append(out, q)
	}
	return out
}

func texts(m map[string]jsonText) map[string]string {
	if m == nil {
		return nil
	}
	out := make(map[string]string, len(m))
	for name, text := range m {
		out[name] = string(text)
	}
	return out
}

// Clamp is a number within the range.
func (r Range) Clamp(v float64) float64 {
	if !math.IsNaN(r.Min) {
		v = max(v, r.Min)
	}
	if !math.IsNaN(r.Max) {
		v = min(v, r.Max)
	}
	return v
}

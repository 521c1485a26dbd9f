package policies

import (
	"maps"
	"slices"
	"strings"
)

// Guide is everything that an editor can offer to somebody who writes a policy: what docs/reference/policy.md says, with the words
// of a scope's closed sets.
type Guide struct {
	Variables []GuideVariable `json:"variables"`
	Functions []Function      `json:"functions"`
	Keys      []GuideKey      `json:"keys"`  // of a rule
	Top       []GuideKey      `json:"top"`   // of the file
	Tests     []GuideKey      `json:"tests"` // of a test
}

// GuideVariable is a variable and what it can be.
type GuideVariable struct {
	Name         string   `json:"name"`
	Type         string   `json:"type"`
	Doc          string   `json:"doc"`
	Where        []string `json:"where"` // when, candidate (only, never, prefer, avoid), expect
	Values       []string `json:"values,omitempty"`
	MayBeUnknown bool     `json:"may_be_unknown"`
}

// Function is one that expressions may call.
type Function struct {
	Name      string `json:"name"`
	Signature string `json:"signature"`
	Doc       string `json:"doc"`
}

// GuideKey is a key of a policy file.
type GuideKey struct {
	Name  string `json:"name"`
	Takes string `json:"takes"`
	Doc   string `json:"doc"`
	Hard  bool   `json:"hard"` // it binds the whole chain, and fails closed
}

// GuideFor is the guide for a scope.
func GuideFor(scope Scope) Guide {
	s := newSets(scope)
	g := Guide{Functions: functionReference, Keys: keysOf(ruleReference), Top: keysOf(fileReference), Tests: keysOf(testReference)}
	for _, v := range slices.Concat(ruleVariables, expectVariables) {
		x := GuideVariable{Name: v.Name, Type: v.Type, Doc: v.Doc, MayBeUnknown: v.MayBeUnknown}
		switch v.Where {
		case "request":
			x.Where = []string{"when", "candidate"}
		default:
			x.Where = []string{v.Where}
		}
		if of := s.byName[v.set]; of != nil {
			x.Values = of.words
		}
		switch v.Name {
		case "label.NAME":
			for _, head := range slices.Sorted(maps.Keys(s.heads)) {
				y := x
				y.Name, y.Doc, y.Values = "label."+head, "the answer of the classifier's own head "+head, s.heads[head].words
				g.Variables = append(g.Variables, y)
			}
			continue
		case "model.ability.CATEGORY":
			for _, c := range categories.words {
				y := x
				y.Name = "model.ability." + c
				g.Variables = append(g.Variables, y)
			}
			continue
		}
		if strings.Contains(v.Name, "(") { // a function
			continue
		}
		g.Variables = append(g.Variables, x)
	}
	return g
}

func keysOf(list []entry) []GuideKey {
	out := make([]GuideKey, len(list))
	for i, e := range list {
		doc, hard := strings.CutPrefix(e.doc, "hard: ")
		doc = strings.TrimPrefix(doc, "soft: ")
		out[i] = GuideKey{e.key, e.takes, doc, hard}
	}
	return out
}

// functionReference is what rules may call: two functions of our own, and those of expr that functions names.
var functionReference = []Function{
	{"known", "known(FIGURE) bool", "whether a figure that may be unknown is known: known(latency)"},
	{"provider_is_down", "provider_is_down(PROVIDER) bool", "the provider is broken, rate-limited or failed its validation"},
	{"abs", "abs(number) number", "the number without its sign"},
	{"all", "all(list, condition) bool", "whether the condition holds for every element, which is #"},
	{"any", "any(list, condition) bool", "whether the condition holds for an element: any(key.tags, # startsWith \"eu\")"},
	{"ceil", "ceil(number) number", "the next whole number above"},
	{"count", "count(list, condition) integer", "for how many elements the condition holds"},
	{"filter", "filter(list, condition) list", "the elements for which the condition holds"},
	{"floor", "floor(number) number", "the next whole number below"},
	{"hasPrefix", "hasPrefix(text, begin) bool", "whether the text begins so"},
	{"hasSuffix", "hasSuffix(text, end) bool", "whether the text ends so"},
	{"indexOf", "indexOf(text, part) integer", "where the part first stands in the text; -1 = nowhere"},
	{"lastIndexOf", "lastIndexOf(text, part) integer", "where the part last stands in the text; -1 = nowhere"},
	{"len", "len(text or list) integer", "how many characters or elements it has"},
	{"lower", "lower(text) text", "in small letters"},
	{"map", "map(list, value) list", "the value of every element"},
	{"max", "max(number, …) number", "the largest"},
	{"min", "min(number, …) number", "the smallest"},
	{"none", "none(list, condition) bool", "whether the condition holds for no element"},
	{"one", "one(list, condition) bool", "whether the condition holds for exactly one element"},
	{"round", "round(number) number", "the nearest whole number"},
	{"split", "split(text, at) list", "the parts of the text between those separators"},
	{"sum", "sum(list) number", "all elements added up"},
	{"trim", "trim(text) text", "without white space around it"},
	{"trimPrefix", "trimPrefix(text, begin) text", "without that beginning"},
	{"trimSuffix", "trimSuffix(text, end) text", "without that end"},
	{"upper", "upper(text) text", "in capitals"},
}

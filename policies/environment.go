package policies

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/nearest"
)

// Variable is one name of the environment that rules and expectations are written in.
type Variable struct {
	Name string `json:"name"`
	Type string `json:"type"` // bool, integer, number, text, list of texts, tier, or the closed set that it is of
	// Where is who knows it: request (everywhere in a rule), candidate (only, never, prefer, avoid), expect (tests).
	Where string `json:"where"`
	Doc   string `json:"doc"`
	// MayBeUnknown says that it must be written `x ?? 0.5`, or guarded by `known(x)`.
	MayBeUnknown bool `json:"may_be_unknown"`
}

// Environment is every name that rules and expectations may use, in the order of the guide.
func Environment() []Variable {
	list := make([]Variable, 0, len(ruleVariables)+len(expectVariables))
	for _, v := range slices.Concat(ruleVariables, expectVariables) {
		list = append(list, v.Variable)
	}
	return list
}

// variable is a Variable with the way to its value. Exactly one of request, catalog, candidate and actual is set.
type variable struct {
	Variable
	kind  kind
	set   string // the closed set that it is compared with; "" = none
	class class
	// sometimes says that the value can be nil (unknown) though the language lets it be written bare: what reads it then
	// can't be evaluated.
	sometimes bool

	request   func(*view) any
	catalog   func(*catalog.Deployment) any // reads nothing but the catalog: folded when the policy is compiled
	candidate func(*Candidate) any
	actual    func(*Actual) any
}

// kind is a value's type in expr.
type kind uint8

const (
	isBool kind = iota
	isInt
	isFloat
	isString
	isStrings
)

// class is what an expression has to look at; the larger includes the smaller.
type class uint8

const (
	ofCatalog   class = iota // nothing but the candidate's deployment
	ofRequest                // nothing but the request
	ofCandidate              // the candidate as it stands in this request, or request and catalog both
)

// known is nil for an unknown figure: expr's own notion of absence, which ?? and known() understand.
func known(x float64) any {
	if math.IsNaN(x) {
		return nil
	}
	return x
}

func positive(n int) any {
	if n <= 0 {
		return nil
	}
	return n
}

func request(name string, k kind, doc string, f func(*view) any) variable {
	return variable{Variable: Variable{Name: name, Where: "request", Doc: doc, Type: k.String()}, kind: k, class: ofRequest, request: f}
}

func static(name string, k kind, doc string, f func(*catalog.Deployment) any) variable {
	return variable{Variable: Variable{Name: name, Where: "candidate", Doc: doc, Type: k.String()}, kind: k, class: ofCatalog, catalog: f}
}

func candidate(name string, k kind, doc string, f func(*Candidate) any) variable {
	return variable{Variable: Variable{Name: name, Where: "candidate", Doc: doc, Type: k.String()}, kind: k, class: ofCandidate, candidate: f}
}

func expectation(name string, k kind, doc string, f func(*Actual) any) variable {
	return variable{Variable: Variable{Name: name, Where: "expect", Doc: doc, Type: k.String()}, kind: k, actual: f}
}

// of says that the value is of a closed set.
func (v variable) of(set string) variable {
	v.set, v.Type = set, set
	if v.kind == isStrings {
		v.Type = "list of " + set + "s"
	}
	return v
}

// optional says that a bare use does not compile.
func (v variable) optional() variable {
	v.MayBeUnknown = true
	return v
}

// mostly says that it is nearly always known.
func (v variable) mostly() variable {
	v.sometimes = true
	return v
}

func (k kind) String() string {
	return [...]string{"bool", "integer", "number", "text", "list of texts"}[k]
}

// Values that never change are boxed once: putting one into the environment allocates nothing.
var (
	boxedCategories = boxes(label.Categories[:])
	boxedDomains    = boxes(label.Domains[:])
	boxedWeekdays   = boxes(weekdays.words)
)

func boxes(words []string) []any {
	list := make([]any, len(words))
	for i, w := range words {
		list[i] = w
	}
	return list
}

func boxed(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return "unknown"
}

// ruleVariables is what rules see. It is the language's reference: docs/reference/policy.md is made from it.
var ruleVariables = []variable{
	request("category", isString, "what the model is asked to do, the most probable one", func(r *view) any { return boxed(boxedCategories, int(r.Category)) }).of("category"),
	request("domain", isString, "the field of knowledge that it touches", func(r *view) any { return boxed(boxedDomains, int(r.Domain)) }).of("domain"),
	request("tier", isInt, "difficulty as a tier, before floors and ceilings; compares with < <= > >= == !=", func(r *view) any { return int(r.Tier) }).of("tier"),
	request("difficulty", isFloat, "0 trivial … 1 hardest", func(r *view) any { return r.Difficulty }),
	request("confidence", isFloat, "0..1, the chance that the category is right", func(r *view) any { return r.Confidence }),
	request("unsure", isBool, "confidence is below unsure.below", func(r *view) any { return r.Unsure }),
	request("label.NAME", isString, "the answer of the classifier's own head NAME; \"\" where the classifier that answered has no such head", nil),

	request("asked", isString, "the model as the client asked for it: \"auto\", \"openai/gpt-5.5\"", func(r *view) any { return r.Model }),
	request("text", isString, "the last human turn, without the envelopes of agent harnesses", func(r *view) any { return r.Text }),
	request("system", isString, "the system and developer messages", func(r *view) any { return r.System }),
	request("language", isString, "of the text, two letters; \"\" = unknown", func(r *view) any { return r.Language }),
	request("turns", isInt, "user turns, this one included", func(r *view) any { return r.Turns }),
	request("tools", isInt, "tools offered", func(r *view) any { return r.Tools }),
	request("images", isInt, "images in the request", func(r *view) any { return r.Images }),
	request("files", isInt, "files in the request", func(r *view) any { return r.Files }),
	request("audio", isInt, "audio parts in the request", func(r *view) any { return r.Audio }),
	request("structured", isBool, "JSON is asked for as the answer", func(r *view) any { return r.Structured }),
	request("stream", isBool, "the answer is to be streamed", func(r *view) any { return r.Stream }),
	request("reasoning", isBool, "the request needs a chain of thought", func(r *view) any { return r.Reasoning }),
	request("prompt_tokens", isInt, "estimate over the whole prompt", func(r *view) any { return r.PromptTokens }),
	request("completion_tokens", isInt, "expected tokens of the answer", func(r *view) any { return r.CompletionTokens }),
	request("max_tokens", isInt, "the limit that the client asked for; 0 = none", func(r *view) any { return r.MaxTokens }),
	request("has_system", isBool, "there is a system message", func(r *view) any { return r.HasSystem }),
	request("continuation", isBool, "a bare \"ok, do it\", \"go on\"", func(r *view) any { return r.Continuation }),
	request("thanks", isBool, "a bare acknowledgement", func(r *view) any { return r.Thanks }),
	request("tool_loop", isBool, "the last message is a tool's result", func(r *view) any { return r.ToolLoop }),
	request("conversation.model", isString, "the model that answered last in this conversation; \"\" = none", func(r *view) any { return r.ConversationModel }).of("model"),

	request("key.name", isString, "the API key's name; \"\" where no key is needed", func(r *view) any { return r.Key.Name }),
	request("key.team", isString, "its team", func(r *view) any { return r.Key.Team }),
	request("key.owner", isString, "its owner", func(r *view) any { return r.Key.Owner }),
	request("key.profile", isString, "the profile that this request runs under", func(r *view) any { return profileOf(r) }).of("profile"),
	request("key.tags", isStrings, "its tags: \"batch\" in key.tags", func(r *view) any { return r.Key.Tags }),

	request("now.hour", isInt, "0..23, in UTC or the policy's timezone", func(r *view) any { return r.now.Hour() }),
	request("now.minute", isInt, "0..59", func(r *view) any { return r.now.Minute() }),
	request("now.weekday", isString, "monday … sunday", func(r *view) any { return boxedWeekdays[r.now.Weekday()] }).of("weekday"),
	request("now.day", isInt, "day of the month, 1..31", func(r *view) any { return r.now.Day() }),
	request("now.month", isInt, "1..12", func(r *view) any { return int(r.now.Month()) }),
	request("now.year", isInt, "four digits", func(r *view) any { return r.now.Year() }),
	request("now.date", isString, "\"2026-11-27\"; dates compare with < and >", func(r *view) any { return r.now.Format("2006-01-02") }),
	request("provider_is_down(PROVIDER)", isBool, "the provider is broken, rate-limited or failed its validation", nil),

	static("provider", isString, "who serves it", func(d *catalog.Deployment) any { return d.Provider }).of("provider"),
	static("deployment", isString, "\"provider/upstream-id\"", func(d *catalog.Deployment) any { return d.ID }).of("deployment"),
	static("region", isString, "where it is served; \"\" = not said", func(d *catalog.Deployment) any { return d.Region }).of("region"),
	static("home", isBool, "it is served by the model's own maker", func(d *catalog.Deployment) any { return d.Home }),
	candidate("effort", isString, "the reasoning effort; \"\" = no choice", func(c *Candidate) any { return c.Effort }).of("effort"),
	candidate("cost", isFloat, "expected USD of this request", func(c *Candidate) any { return known(c.Cost) }).mostly(),
	candidate("quality", isFloat, "0..1, expected for this request", func(c *Candidate) any { return known(c.Quality) }).mostly(),
	candidate("latency", isFloat, "expected seconds to the first token", func(c *Candidate) any { return known(c.Latency) }).optional(),
	static("model.id", isString, "\"anthropic/claude-opus-4.8\"", func(d *catalog.Deployment) any { return d.Model.ID }).of("model"),
	static("model.maker", isString, "who made it", func(d *catalog.Deployment) any { return d.Model.Maker }).of("maker"),
	static("model.status", isString, "whether auto may choose it", func(d *catalog.Deployment) any { return string(d.Model.Status) }).of("status"),
	static("model.released", isString, "\"2026-05-21\"", func(d *catalog.Deployment) any {
		if d.Model.Released == "" {
			return nil
		}
		return d.Model.Released
	}).optional(),
	static("model.verified", isBool, "its figures are confirmed by a first-party source", func(d *catalog.Deployment) any { return d.Model.Verified }),
	static("model.context", isInt, "context window in tokens", func(d *catalog.Deployment) any { return positive(d.Model.Context) }).optional(),
	static("model.max_output", isInt, "longest answer in tokens", func(d *catalog.Deployment) any { return positive(d.Model.MaxOutput) }).optional(),
	static("model.tools", isBool, "it is known to call tools", func(d *catalog.Deployment) any { return d.Model.Caps.Tools == catalog.Yes }),
	static("model.images", isBool, "it is known to read images", func(d *catalog.Deployment) any { return d.Model.Caps.Image == catalog.Yes }),
	static("model.audio", isBool, "it is known to take audio", func(d *catalog.Deployment) any { return d.Model.Caps.Audio == catalog.Yes }),
	static("model.reasoning", isBool, "it is known to reason before it answers", func(d *catalog.Deployment) any { return d.Model.Caps.Reasoning == catalog.Yes }),
	static("model.tool_accuracy", isFloat, "0..1, measured tool calling (BFCL)", func(d *catalog.Deployment) any { return known(d.Model.Caps.ToolAccuracy) }).optional(),
	static("model.quality", isFloat, "0..1, overall ability from public benchmarks", func(d *catalog.Deployment) any {
		if !d.Model.Ability.Known {
			return nil
		}
		return known(d.Model.Ability.Overall)
	}).optional(),
	static("model.ability.CATEGORY", isFloat, "0..1, ability in that category, where a public figure speaks for it", nil).optional(),
}

// expectVariables is what a test's expectations see: what came of the decision.
var expectVariables = []variable{
	expectation("tier", isInt, "the decision's tier, after floors, ceilings and history", func(a *Actual) any { return int(a.Tier) }).of("tier"),
	expectation("category", isString, "the most probable category", func(a *Actual) any { return boxed(boxedCategories, int(a.Category)) }).of("category"),
	expectation("domain", isString, "the most probable domain", func(a *Actual) any { return boxed(boxedDomains, int(a.Domain)) }).of("domain"),
	expectation("difficulty", isFloat, "0..1", func(a *Actual) any { return a.Difficulty }),
	expectation("confidence", isFloat, "0..1", func(a *Actual) any { return a.Confidence }),
	expectation("model", isString, "the chosen model's id; \"\" = none", func(a *Actual) any { return a.Model }).of("model"),
	expectation("provider", isString, "the chosen deployment's provider; \"\" = none", func(a *Actual) any { return a.Provider }).of("provider"),
	expectation("cost", isFloat, "expected USD at the chosen deployment", func(a *Actual) any { return known(a.Cost) }).mostly(),
	expectation("quality", isFloat, "0..1, expected of the chosen deployment", func(a *Actual) any { return known(a.Quality) }).mostly(),
	expectation("effort", isString, "the reasoning effort chosen; \"\" = none", func(a *Actual) any { return a.Effort }).of("effort"),
	expectation("chain", isStrings, "the ids of the chain's models, best first: chain[0], \"x\" in chain", func(a *Actual) any { return a.Chain }).of("model"),
	expectation("denied", isBool, "a rule denied the request", func(a *Actual) any { return a.Denied }),
	expectation("error", isString, "the error's code: \"no_eligible_model\"; \"\" = none", func(a *Actual) any { return a.Error }),
	expectation("reason", isString, "the error's message; \"\" = none", func(a *Actual) any { return a.Reason }),
}

func profileOf(r *view) string {
	if r.Key.Profile == "" {
		return "default"
	}
	return r.Key.Profile
}

// site is where an expression stands, which says what it may read.
type site uint8

const (
	inWhen site = iota
	inCandidate
	inExpect
)

var sites = [...]map[string]*variable{
	inWhen:      index(ruleVariables, func(v *variable) bool { return v.class == ofRequest }),
	inCandidate: index(ruleVariables, func(*variable) bool { return true }),
	inExpect:    index(expectVariables, func(*variable) bool { return true }),
}

func index(list []variable, keep func(*variable) bool) map[string]*variable {
	m := make(map[string]*variable, len(list))
	for i := range list {
		if v := &list[i]; keep(v) && (v.request != nil || v.catalog != nil || v.candidate != nil || v.actual != nil) {
			m[v.Name] = v
		}
	}
	return m
}

// lookup is the variable of that name at a site, or what is wrong with the name.
func (s *sets) lookup(at site, name string) (*variable, *problem) {
	if v, ok := sites[at][name]; ok {
		return v, nil
	}
	if at != inExpect {
		if head, ok := strings.CutPrefix(name, "label."); ok {
			return s.head(head)
		}
		if category, ok := strings.CutPrefix(name, "model.ability."); ok && at == inCandidate {
			return ability(category)
		}
	}
	return nil, s.unknownName(at, name)
}

func (s *sets) head(name string) (*variable, *problem) {
	if s.heads != nil && s.heads[name] == nil {
		return nil, &problem{
			message: "the classifier has no head " + quoted(name),
			hint:    didYouMean(name, slices.Sorted(maps.Keys(s.heads))),
		}
	}
	v := request("label."+name, isString, "", func(r *view) any { return r.Labels[name] })
	v.set = "label." + name
	return &v, nil
}

func ability(category string) (*variable, *problem) {
	c, ok := label.ParseCategory(category)
	if !ok {
		return nil, &problem{message: "unknown category " + quoted(category), hint: didYouMean(category, categories.words)}
	}
	v := static("model.ability."+category, isFloat, "", func(d *catalog.Deployment) any {
		if d.Model.Ability.Evidence[c] == 0 {
			return nil // shrunk wholly to the overall rank: nothing is known of this category
		}
		return known(d.Model.Ability.By[c])
	}).optional()
	return &v, nil
}

func providerDown(provider string) *variable {
	v := request("provider_is_down "+provider, isBool, "", func(r *view) any {
		return r.ProviderDown != nil && r.ProviderDown(provider)
	})
	return &v
}

// unknownName says where a name would be known, what its group holds, or what it was meant to be.
func (s *sets) unknownName(at site, name string) *problem {
	if at == inWhen {
		if _, ok := sites[inCandidate][name]; ok || name == "model" || strings.HasPrefix(name, "model.ability") {
			hint := "use it in only, never, prefer or avoid"
			if name == "model" || name == "model.id" {
				hint += "; asked is the model that the client asked for"
			}
			return &problem{message: name + " is known only of a candidate", hint: hint}
		}
	}
	var all, group []string
	for known := range sites[at] {
		all = append(all, known)
		if strings.HasPrefix(known, name+".") {
			group = append(group, known)
		}
	}
	slices.Sort(all)
	slices.Sort(group)
	if len(group) > 0 {
		return &problem{message: name + " is a group of values", hint: "write one of " + strings.Join(group, ", ")}
	}
	if at == inExpect {
		if _, ok := sites[inCandidate][name]; ok {
			return &problem{message: fmt.Sprintf("%s is not known to a test", name), hint: "a test sees " + strings.Join(all, ", ")}
		}
	}
	hint := ""
	if w := nearest.Word(name, all); w != "" {
		hint = "did you mean " + quoted(w) + "?"
	} else if g, _, ok := strings.Cut(name, "."); ok {
		var members []string
		for _, k := range all {
			if strings.HasPrefix(k, g+".") {
				members = append(members, k)
			}
		}
		if len(members) > 0 {
			hint = "known are " + strings.Join(members, ", ")
		}
	}
	return &problem{message: "unknown name " + quoted(name), hint: hint}
}

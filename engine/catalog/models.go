package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/nearest"
)

// efforts are all reasoning efforts that a provider knows, weakest first.
var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// The rows and figures of a model that are not of an effort of its own.
const (
	byDefault = "default"  // as it answers when nothing is asked for
	thinking  = "thinking" // with thinking switched on by a parameter of the provider's own
)

var (
	modalities   = []string{"text", "image", "pdf", "audio", "video"}
	capabilities = []string{"tools", "parallel_tools", "json", "schema", "temperature", "logprobs", "prefill"}
)

func (b *builder) models() {
	for _, id := range sorted(b.doc.Models) {
		e := b.doc.Models[id]
		if e.Disabled {
			continue
		}
		b.check(id, &e)
		maker, bare, _ := strings.Cut(id, "/")
		m := &Model{
			ID: id, Maker: maker, Name: cmp.Or(e.Name, bare), Aliases: e.Aliases, Status: cmp.Or(e.Status, Active),
			Replaced: e.ReplacedBy, Released: e.Released, Verified: e.Verified, Source: e.Source, Note: e.Note,
			Context: e.Context, MaxInput: e.MaxInput, MaxOutput: e.MaxOutput, Caps: caps(&e),
			DefaultEffort: e.Reasoning.Default, Thinks: e.Reasoning.On == Yes, ThinkingSwitch: e.Reasoning.Toggle, Adaptive: e.Reasoning.Adaptive,
			Patience:  orOne(e.Reasoning.Patience),
			Verbosity: orOne(e.Verbosity), CompletionTokens: e.CompletionTokens, Index: len(b.c.Models),
		}
		for _, name := range e.Reasoning.Efforts {
			m.Efforts = append(m.Efforts, Effort{Name: name, ReasoningTokens: reasoningTokens(&e, name)})
		}
		m.ReasoningTokens = reasoningTokens(&e, byDefault)
		b.c.Models = append(b.c.Models, m)
		b.c.byModel[id] = m
	}
}

func caps(e *modelEntry) Caps {
	in := func(what string) Known { return listed(e.Input, what) }
	reasoning := No
	if len(e.Reasoning.Efforts) > 0 || e.Reasoning.On == Yes || e.Reasoning.Toggle == Yes {
		reasoning = Yes
	} else if e.Reasoning.On == Unknown {
		reasoning = Unknown
	}
	return Caps{
		Text: in("text"), Image: in("image"), PDF: in("pdf"), Audio: in("audio"), Video: in("video"),
		Tools: e.Can["tools"], ParallelTools: e.Can["parallel_tools"], JSONObject: e.Can["json"], Schema: e.Can["schema"],
		Temperature: e.Can["temperature"], Reasoning: reasoning, Logprobs: e.Can["logprobs"], Prefill: e.Can["prefill"],
		AudioOut: listed(e.Output, "audio"), ImageOut: listed(e.Output, "image"),
		ReasoningField: e.Reasoning.Field, ToolAccuracy: orNaN(e.ToolAccuracy),
	}
}

// listed: a list says yes to what it names and no to the rest; no list says nothing.
func listed(list []string, what string) Known {
	switch {
	case slices.Contains(list, what):
		return Yes
	case len(list) > 0:
		return No
	}
	return Unknown
}

// defaultReasoning is how many reasoning tokens an answer takes for each completion token at an effort: round figures, not
// measurements; see docs/abilities.md.
var defaultReasoning = map[string]float64{
	"none": 0, "minimal": 0.2, "low": 0.7, "medium": 1.5, "high": 3, "xhigh": 5, "max": 8, thinking: 2,
}

func reasoningTokens(e *modelEntry, effort string) float64 {
	if r, ok := e.ReasoningTokens[effort]; ok {
		return r
	}
	if effort != byDefault {
		return defaultReasoning[effort]
	}
	switch {
	case e.Reasoning.On != Yes:
		return 0
	case e.Reasoning.Default != "":
		return reasoningTokens(e, e.Reasoning.Default)
	}
	return defaultReasoning[thinking]
}

// check fails what no model can say.
func (b *builder) check(id string, e *modelEntry) {
	at := join("models", id)
	if !modelID.MatchString(id) {
		b.fail(at, "a model's id is maker/name in lower case", "such as acme/large-2")
	}
	for _, list := range [...]struct {
		field string
		words []string
	}{{"input", e.Input}, {"output", e.Output}} {
		for _, w := range list.words {
			b.word(at+"."+list.field, w, modalities...)
		}
	}
	for _, c := range sorted(e.Can) {
		b.word(at+".can", c, capabilities...)
	}
	for _, name := range e.Reasoning.Efforts {
		b.word(at+".reasoning.efforts", name, efforts...)
	}
	if d := e.Reasoning.Default; d != "" {
		b.word(at+".reasoning.default", d, e.Reasoning.Efforts...)
	}
	if p := e.Reasoning.Patience; p != nil && !(*p >= 1 && *p <= 20) {
		b.fail(at+".reasoning.patience", "must be 1 to 20", "")
	}
	if e.ToolAccuracy != nil && *e.ToolAccuracy > 1 {
		b.fail(at+".tool_accuracy", "must be 0 to 1", "")
	}
	if e.Status == Retired && e.ReplacedBy == "" {
		b.fail(at, "a retired model must name what stands in for it", "add replaced_by: maker/name")
	}
	figures := append([]string{byDefault, thinking}, efforts...)
	table := liveBench()
	for _, effort := range sorted(e.LiveBench) {
		b.word(at+".livebench", effort, figures...)
		if row := e.LiveBench[effort]; table.rows[row] == nil {
			b.fail(at+".livebench", fmt.Sprintf("no row %q in LiveBench %s", row, liveBenchRelease), nearest.Hint(row, sorted(table.rows)))
		}
	}
	for _, effort := range sorted(e.ReasoningTokens) {
		b.word(at+".reasoning_tokens", effort, figures...)
	}
	for _, mark := range e.Benchmarks {
		b.word(at+".benchmarks", mark.Name, sorted(benchmarkWeights)...)
		if mark.Score > 100 {
			b.fail(at+".benchmarks", fmt.Sprintf("the score of %s is over 100 percent", mark.Name), "")
		}
	}
	for _, c := range sorted(e.Ability) {
		if c != overall && !ownLabel(c) {
			b.word(at+".ability", c, append(label.Categories[:], overall)...)
		}
		if e.Ability[c] > 1 {
			b.fail(at+".ability", c+" must be 0 to 1", "")
		}
	}
	for _, l := range sorted(e.CompletionTokens) {
		if !ownLabel(l) {
			b.fail(at+".completion_tokens", fmt.Sprintf("%q is no label of a classifier's head", l), `write "head.label"; for all requests there is verbosity`)
		}
	}
}

// ownLabel is whether a key names a label of a classifier's own head: "head.label". Which heads there are is the
// classifier's business.
func ownLabel(key string) bool {
	head, l, ok := strings.Cut(key, ".")
	return ok && head != "" && l != ""
}

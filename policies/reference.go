package policies

import (
	"fmt"
	"strings"
)

// entry is a key of a policy file with its explanation.
type entry struct{ key, takes, doc string }

// The keys of a policy file, as the reference explains them. A test holds them to what Parse reads.
var (
	fileReference = []entry{
		{"name", "text", "shown in decisions and messages; default: the file's name"},
		{"tiers", "nano, simple, light, standard: 0..1", "upper bounds of difficulty, rising; what is above `standard` is COMPLEX"},
		{"value", "balance, baseline, worth, adequate", "how quality is weighed against cost: see the guide"},
		{"unsure", "below: 0..1, tier", "a classifier that is less sure of the category than `below` gets the request that tier"},
		{"timezone", "text", "of `now`, such as `Europe/Berlin`; default UTC"},
		{"rules", "list", "what applies to which requests, from top to bottom"},
		{"tests", "list", "what must hold before the policy goes live"},
	}
	ruleReference = []entry{
		{"name", "text", "shown wherever the rule acts; must be unique; it also seeds the rule's `split`"},
		{"when", "condition of the request", "whether the rule applies; default: always"},
		{"only", "condition of the candidate", "hard: candidates for which it is not true fall out; several intersect"},
		{"never", "condition of the candidate", "hard: candidates for which it is true fall out"},
		{"deny", "text", "hard: the request is refused with 403 and this message; the first one counts"},
		{"ceiling", "tier", "hard: the tier is at most this; the lowest counts"},
		{"floor", "tier", "soft: the tier is at least this; the highest counts; above a ceiling, the ceiling counts"},
		{"prefer", "number", "soft: quality points (0..1) that the candidate gains; several add up"},
		{"avoid", "number", "soft: quality points (0..1) that the candidate loses"},
		{"use", "model or list of models", "soft: these models, in this order; `openai/*` is the provider's active models, strongest first; the first `use` or `split` counts"},
		{"split", "{model: 5%}", "soft: sends this share of conversations to the model; the rest goes on as if the rule were not there"},
		{"shadow", "model or list of models", "soft: these models are asked beside, for comparison; their answers are not served"},
		{"stop", "true", "if the rule applies, the rules below are not looked at"},
		{"soft", "true", "`only`, `never` and `ceiling` of this rule yield when nothing would be left"},
	}
	testReference = []entry{
		{"name", "text", "shown in results"},
		{"prompt", "text", "the user's turn"},
		{"messages", "list", "a conversation in OpenAI's shape; `prompt`, if given, follows it"},
		{"system", "text", "the system message"},
		{"tools", "number or list", "tools offered"},
		{"images", "number", "images beside the prompt"},
		{"key", "name, team, owner, tags, profile", "the caller"},
		{"profile", "text", "short for `key: {profile: …}`"},
		{"now", "time", "when it is asked: `2026-11-27T03:00:00Z`, or `2026-11-27 03:00` in the policy's timezone"},
		{"down", "provider or list of providers", "providers that are down"},
		{"expect", "condition or list of conditions", "of the decision; each passes or fails by itself"},
		{"live", "true", "prices and health are those of now; else they are frozen"},
		{"warn", "true", "a failure is shown and does not keep the policy from going live"},
	}
)

// keys are the names of entries, in their order.
func keys(entries []entry) []string {
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.key
	}
	return list
}

// ReferenceMarkdown is docs/reference/policy.md: every key, name and function of the language.
func ReferenceMarkdown() string {
	var b strings.Builder
	b.WriteString("# Policy reference\n\nThe guide with examples is [docs/policy.md](../policy.md).\n")
	writeEntries := func(title string, entries []entry) {
		fmt.Fprintf(&b, "\n## %s\n\n| key | takes | meaning |\n|---|---|---|\n", title)
		for _, e := range entries {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", e.key, cell(e.takes), cell(e.doc))
		}
	}
	writeEntries("Keys of the file", fileReference)
	writeEntries("Keys of a rule", ruleReference)
	writeEntries("Keys of a test", testReference)

	writeVariables := func(title, intro, where string) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| name | type | meaning |\n|---|---|---|\n", title, intro)
		for _, v := range Environment() {
			if v.Where != where {
				continue
			}
			doc := v.Doc
			if v.MayBeUnknown {
				doc += "; **may be unknown**"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, cell(v.Type), cell(doc))
		}
	}
	writeVariables("What is known of a request", "In `when`, `only`, `never`, `prefer` and `avoid`.", "request")
	writeVariables("What is known of a candidate", "In `only`, `never`, `prefer` and `avoid`, besides what is known of the request. "+
		"`model` alone is short for `model.id`. What may be unknown must be written `latency ?? 5`, or after `known(latency)`.", "candidate")
	writeVariables("What a test can expect", "In `expect`.", "expect")

	b.WriteString("\n## Operators and functions\n\n")
	b.WriteString("`== != < <= > >=`, `in`, `not in`, `in 8..18`, `&& || !` (or `and or not`), `+ - * / %`, `a ? b : c`, `x ?? 0.5`, " +
		"`contains`, `startsWith`, `endsWith`, `matches` (a regular expression in quotes), `let x = …; …`, `[a, b]`, `list[0]`, `#` for the element in " +
		"`any(key.tags, # == \"x\")`, `text | lower()`.\n\n")
	b.WriteString("Functions: `known`, `provider_is_down`, `" + strings.Join(functions, "`, `") +
		"`; see [expr's documentation](https://expr-lang.org/docs/language-definition) for all but the first two.\n")
	fmt.Fprintf(&b, "\n## Limits\n\nA file has at most %d bytes, %d rules and %d tests; an expression at most %d bytes and %d parts, and it may make lists of "+
		"at most %d elements in all.\n", maxFile, maxRules, maxTests, maxSource, maxNodes, memoryBudget)
	return b.String()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

package policies

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/label"
)

// request is a coding request of the STANDARD tier on a Tuesday morning.
func sample() *Request {
	return &Request{
		Category: label.Coding, Domain: 12, Tier: label.Standard, Difficulty: 0.6, Confidence: 0.9,
		Labels: map[string]string{"intent": "billing"}, Model: "auto", PromptTokens: 1200, CompletionTokens: 500, Turns: 3,
		Tools: 2, Text: "Fix the race in this code", System: "You are terse", HasSystem: true,
		Key:               Key{Name: "ci", Team: "platform", Profile: "batch", Tags: []string{"night", "eu"}},
		Now:               time.Date(2026, 11, 24, 3, 30, 0, 0, time.UTC),
		ProviderDown:      func(p string) bool { return p == "openai" },
		ConversationModel: "anthropic/claude-opus-4.8", Seed: 7,
	}
}

func TestConditions(t *testing.T) {
	for source, want := range map[string]bool{
		`category == "coding"`:                                  true,
		`category == coding && tier >= STANDARD`:                true,
		`tier >= "STANDARD"`:                                    true,
		`tier == light`:                                         false,
		`STANDARD <= tier`:                                      true,
		`tier in [LIGHT, "STANDARD"]`:                           true,
		`tier not in [LIGHT, COMPLEX]`:                          true,
		`category in [math, "writing"]`:                         false,
		`category != reasoning`:                                 true, // a bare word that is a variable too
		`reasoning`:                                             false,
		`(turns > 2 ? coding : math) == category`:               true,
		`let hard = tier; hard >= STANDARD`:                     true,
		`domain == computer_science`:                            true,
		`label.intent == "billing"`:                             true,
		`label.intent in [billing, support]`:                    true,
		`label["intent"] != ""`:                                 true,
		`key.team == "platform" and "eu" in key.tags`:           true,
		`key.profile == batch`:                                  true,
		`any(key.tags, # == "night")`:                           true,
		`key.tags[0] == "night"`:                                true,
		`len(key.tags) == 2`:                                    true,
		`now.hour < 6 and now.weekday == tuesday`:               true,
		`now.hour in 3..5`:                                      true,
		`now.weekday in [saturday, sunday]`:                     false,
		`now.date >= "2026-11-24" and now.month == 11`:          true,
		`provider_is_down("openai") and !provider_is_down(xai)`: false, // see below: xai is unknown
		`provider_is_down(openai)`:                              true,
		`provider_is_down("google")`:                            false,
		`conversation.model == anthropic/claude-opus-4.8`:       true,
		`conversation.model == claude-opus-4-8-latest`:          false, // see below: dashes
		`conversation.model == "claude-opus-4-8-latest"`:        true,
		`text contains "race" and lower(system) matches "ter."`: true,
		`prompt_tokens / turns > 300`:                           true,
		`tools > 0 and not stream`:                              true,
		`(text | lower()) startsWith "fix"`:                     true,
		`asked == "auto"`:                                       true,
		`difficulty > 0.5 and confidence >= 0.9`:                true,
	} {
		if strings.Contains(source, "(xai)") || strings.Contains(source, "== claude-") {
			if _, p := newSets(testScope()).compile(source, inWhen, isBool); p == nil {
				t.Errorf("%s: compiles", source)
			}
			continue
		}
		p := must(t, "rules: [{name: x, when: "+inQuotes(source)+", floor: NANO}]")
		var m Matched
		p.Match(sample(), &m)
		if m.Rules[0].Matched != want || m.Rules[0].Error != "" {
			t.Errorf("%s: %+v, want %v", source, m.Rules[0], want)
		}
	}
}

func TestCandidateConditions(t *testing.T) {
	for source, want := range map[string]string{
		`provider == "mistral"`:                                                "mistral/mistral-large-3",
		`provider == mistral`:                                                  "mistral/mistral-large-3",
		`model.id == moonshot/kimi-k2.6`:                                       "moonshot/kimi-k2.6",
		`model == "moonshot/kimi-k2.6"`:                                        "moonshot/kimi-k2.6",
		`model.id == "kimi-k2.6"`:                                              "moonshot/kimi-k2.6",
		`model.id in [moonshot/kimi-k2.6, "openai/gpt-5.5"]`:                   "openai/gpt-5.5 moonshot/kimi-k2.6",
		`deployment == "openrouter/openai/gpt-5.4"`:                            "openrouter/openai/gpt-5.4",
		`model.maker == openai and home and model.status == active`:            "openai/gpt-5.4 openai/gpt-5.5",
		`(model.tool_accuracy ?? 0) > 0.93`:                                    "anthropic/claude-opus-4.8 openrouter/anthropic/claude-opus-4.8",
		`known(model.tool_accuracy) && model.tool_accuracy < 0.5`:              "mistral/mistral-large-3",
		`known(model.tool_accuracy) ? model.tool_accuracy < 0.5 : false`:       "mistral/mistral-large-3",
		`!known(model.tool_accuracy) or model.tool_accuracy < 0.5`:             "openai/gpt-5.5 google/gemini-3.1-pro mistral/mistral-large-3 openai/gpt-4",
		`(model.quality ?? model.tool_accuracy ?? 0) >= 0.95`:                  "anthropic/claude-opus-4.8 openrouter/anthropic/claude-opus-4.8",
		`(model.ability.coding ?? 0.5) >= 0.95`:                                "anthropic/claude-opus-4.8 openrouter/anthropic/claude-opus-4.8",
		`cost < 0.0015`:                                                        "openai/gpt-5.4",
		`region == eu`:                                                         "mistral/mistral-large-3",
		`effort == low`:                                                        "",
		`(latency ?? 9) < 3`:                                                   "",
		`tier >= STANDARD and provider == mistral`:                             "mistral/mistral-large-3",
		`tier < STANDARD`:                                                      "",
		`(model.context ?? 0) > 100000 and provider == moonshot and quality>0`: "moonshot/kimi-k2.6",
	} {
		_, _, left := decide(must(t, "rules: [{only: "+inQuotes(source)+"}]"), sample())
		if got := strings.Join(left, " "); got != want {
			t.Errorf("%s: left %q, want %q", source, got, want)
		}
		_, _, left = decide(must(t, "rules: [{never: "+inQuotes("not ("+source+")")+"}]"), sample())
		if got := strings.Join(left, " "); got != want {
			t.Errorf("never not (%s): left %q, want %q", source, got, want)
		}
	}
}

func TestPoints(t *testing.T) {
	for source, want := range map[string]float64{ // at openai/gpt-5.4
		`(model.tool_accuracy ?? 0.5) * 0.3`:              0.27,
		`cost < 0.002 ? 0.2 : 0`:                          0.2,
		`cost < 0.002 ? 1 : 0.5`:                          1,
		`turns > 5 ? 0.2 : turns`:                         1, // clamped
		`latency ?? 0`:                                    0,
		`provider == openai ? 0.25 : 0.0`:                 0.25,
		`-0.5`:                                            math.NaN(),
		`quality / 2`:                                     0.4,
		`(known(latency) ? latency : 1) / turns`:          1. / 3,
		`max(0, 1 - cost / 0.002)`:                        0.5,
		`if provider == openai { 0.1 } else { 0 }`:        0.1,
		`let a = model.tool_accuracy ?? 0; a > 1 ? 1 : a`: 0.9,
	} {
		if math.IsNaN(want) {
			continue
		}
		p := must(t, "rules: [{name: x, prefer: "+inQuotes(source)+"}]")
		m, verdicts, _ := decide(p, sample())
		if got := verdicts[0].Bonus; math.Abs(got-want) > 1e-9 || m.Rules[0].Error != "" {
			t.Errorf("%s: %v %+v, want %v", source, got, m.Rules[0], want)
		}
		_, verdicts, _ = decide(must(t, "rules: [{name: x, avoid: "+inQuotes(source)+"}]"), sample())
		if got := verdicts[0].Bonus; math.Abs(got+want) > 1e-9 {
			t.Errorf("avoid %s: %v, want %v", source, got, -want)
		}
	}
}

// What does not compile, and the words that its message must have.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ field, source, want string }{
		{"when", `category == "codng"`, `unknown category "codng" (did you mean "coding"?)`},
		{"when", `category == codng`, `did you mean "coding"?`},
		{"when", `category in ["math", "codng"]`, `did you mean "coding"?`},
		{"when", `"codng" == category`, `did you mean "coding"?`},
		{"when", `(turns > 2 ? "codng" : "math") == category`, `did you mean "coding"?`},
		{"when", `domain == "laws"`, `did you mean "law"?`},
		{"when", `tier >= STANDRAD`, `did you mean "STANDARD"?`},
		{"when", `tier >= 3`, "a tier can only be compared with a tier"},
		{"when", `tier + 1 > 2`, "a tier can only be compared"},
		{"when", `tier`, "must be true or false, but is a number"},
		{"when", `category < "math"`, "categories have no order"},
		{"when", `category == domain`, "a category is compared with a domain"},
		{"when", `key.profile == "bach"`, `did you mean "batch"?`},
		{"when", `label.intent == "biling"`, `did you mean "billing"?`},
		{"when", `label.intnt == "billing"`, `did you mean "intent"?`},
		{"when", `now.weekday == "tusday"`, `did you mean "tuesday"?`},
		{"when", `provider_is_down("opnai")`, `did you mean "openai"?`},
		{"when", `provider_is_down(key.team)`, "takes a provider's name"},
		{"when", `conversation.model == "openai/gpt-5.6"`, `did you mean "openai/gpt-5.`},
		{"when", `conversation.model == openai/gpt-5.6`, `did you mean "openai/gpt-5.`},
		{"when", `provder == "mistral"`, `unknown name "provder"`},
		{"when", `provider == "mistral"`, "provider is known only of a candidate (use it in only, never, prefer or avoid"},
		{"when", `cost > 1`, "cost is known only of a candidate"},
		{"when", `model == "openai/gpt-5.4"`, "asked is the model that the client asked for"},
		{"when", `key == "x"`, "key is a group of values"},
		{"when", `key.tem == "x"`, `did you mean "key.team"?`},
		{"when", `turns`, "must be true or false, but is a number"},
		{"when", `turns = 3`, "equality is written =="},
		{"when", `turns > "3"`, "mismatched types"},
		{"when", `turns >`, "ends too early"},
		{"when", `now().Hour() > 3`, "values have no methods"},
		{"when", `text.foo`, `unknown name "text.foo"`},
		{"when", `lowr(text) == "x"`, `did you mean "lower"?`},
		{"when", `now() == now()`, `unknown function "now"`},
		{"when", `$env.x == 1`, "unknown name"},
		{"when", `turns == nil`, "nil is not part of the language"},
		{"when", `count(1..100000, # > 3) > 1`, "a range can only follow in"},
		{"when", `any(key.tags, any(key.tags, # == "x"))`, "can't stand inside another"},
		{"when", `turns in 1..100000`, "too long"},
		{"when", `text matches key.team`, "a pattern must be a quoted text"},
		{"when", `text matches "("`, "missing closing"},
		{"when", `turns / 0 > 1`, "division by zero"},
		{"when", `(turns > 1 ? 1 : "x") == 1`, "differ in type"},
		{"when", `turns > 1; true`, "not part of the language"},
		{"when", `float(text) > 1`, `unknown function "float"`},
		{"when", `text + text == "x"`, "only numbers can be added"},
		{"when", `let a = [1, 1]; max([a, a]) > 1`, "a list can't hold a list"},
		{"when", `10 ** turns > 1`, "powers are not part of the language"},
		{"when", `{a: 1}.a == 1`, "not part of the language"},
		{"only", `model.tool_accuracy > 0.9`, "model.tool_accuracy may be unknown (write (model.tool_accuracy ?? 0.5), or test known(model.tool_accuracy) first)"},
		{"only", `latency < 3`, "latency may be unknown"},
		{"only", `model.context > 3`, "(model.context ?? 0)"},
		{"only", `known(model.tool_accuracy) or model.tool_accuracy > 0.9`, "may be unknown"},
		{"only", `known(model.tool_accuracy) ? true : model.tool_accuracy > 1`, "may be unknown"},
		{"only", `(model.tool_accuracy * 2 ?? 0.5) > 1`, "may be unknown"},
		{"only", `known(turns)`, "turns is always known"},
		{"only", `(model.tool_accuracy ?? "x") > 1`, "differ in type"},
		{"only", `provider == "mistrl"`, `did you mean "mistral"?`},
		{"only", `provider`, "must be true or false, but is a text"},
		{"only", `region == "ue"`, "unknown region"},
		{"only", `model.ability.codng > 1`, `did you mean "coding"?`},
		{"prefer", `provider == "mistral"`, "must be a number of quality points, but is true or false (write … ? 0.1 : 0)"},
		{"prefer", `"x"`, "but is a text"},
		{"prefer", `2 `, "quality points go from 0 to 1"},
		{"prefer", `cost < 1 ? 0.2 : "x"`, "differ in type"},
		{"when", strings.Repeat("(", 5000), "more than 4000"},
		{"when", strings.Repeat("1+", 1500) + "1 > 2", "maximum allowed nodes"},
	} {
		_, err := Parse("p.yaml", []byte("rules: [{name: x, floor: NANO, "+c.field+": "+inQuotes(c.source)+"}]"), testScope())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %s: %v\nwant %s", c.field, c.source, err, c.want)
		}
	}
}

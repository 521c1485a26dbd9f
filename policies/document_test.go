package policies

import (
	"errors"
	"strings"
	"testing"
)

// Positions are shown as line:column, and count what the reader of the file sees.
func TestErrorsHavePositions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"plain":         {"rules:\n  - name: eu only\n    only: provder == \"mistral\"", `p.yaml:3:11: rule 1 "eu only": only: unknown name "provder" (did you mean "provider"?)`},
		"later":         {"rules:\n  - only: home && provder == \"mistral\"", `p.yaml:2:19: rule 1: only: unknown name "provder"`},
		"single quotes": {"rules:\n  - only: '  home || deployment == ''x'' && provder == 1'", `p.yaml:2:36: rule 1: only: unknown deployment "x"`},
		"after quotes":  {"rules:\n  - when: 'text == ''x'' && trns > 1'", `p.yaml:2:29: rule 1: when: unknown name "trns" (did you mean "turns"?)`},
		"double quotes": {"rules:\n  - when: \"text == \\\"\\u00e4\\x41\\\" && trns > 1\"", `p.yaml:2:38: rule 1: when: unknown name "trns"`},
		"wide letters":  {"rules:\n  - when: text == \"äöü→\" && trns > 1", `p.yaml:2:29: rule 1: when: unknown name "trns"`},
		"folded plain":  {"rules:\n  - when: turns > 1\n      && trns > 1", `p.yaml:3:10: rule 1: when: unknown name "trns"`},
		"literal":       {"rules:\n  - when: |\n      turns > 1\n\n      && trns > 1\n", `p.yaml:5:10: rule 1: when: unknown name "trns"`},
		"folded":        {"rules:\n  - when: >-\n      turns > 1\n      && trns > 1\n", `p.yaml:4:10: rule 1: when: unknown name "trns"`},
		"folded quotes": {"rules:\n  - when: \"turns > 1 \\\n      && trns > 1\"\n", `p.yaml:3:10: rule 1: when: unknown name "trns"`},
		"flow":          {"rules: [{name: x, only: trns > 1}]", `p.yaml:1:25: rule 1 "x": only: unknown name "trns"`},
		"bare models":   {"rules: [{only: 'model.id == openai/gpt-5.4 or trns > 1'}]", `p.yaml:1:47: rule 1: only: unknown name "trns"`},
		"CRLF":          {"rules:\r\n  - when: turns > 1\r\n      && trns > 1\r\n", `p.yaml:3:10: rule 1: when: unknown name "trns"`},
		"the end":       {"rules:\n  - when: turns >\n    floor: NANO\n", `p.yaml:2:17: rule 1: when: the expression ends too early`},
		"a test":        {"tests:\n  - prompt: hi\n    expect:\n      - tier == NANO\n      - teir == NANO", `p.yaml:5:9: tests[0].expect[1]: unknown name "teir" (did you mean "tier"?)`},
	} {
		_, err := Parse("p.yaml", []byte(c.src), testScope())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", name, err, c.want)
		}
	}
}

// What YAML makes of an expression that is not quoted, and the form that the message shows.
func TestYAMLTraps(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"rules:\n  - when: !tools\n    floor: NANO":                      `2:11: rule 1: when: YAML reads !tools as a tag, not as text (write it quoted: when: '!tools')`,
		"rules:\n  - when: !unsure || turns > 1\n    floor: NANO":        `write it quoted: when: '!unsure || turns > 1'`,
		"rules:\n  - when: !tools && turns > 1\n    floor: NANO":         `write it quoted: when: '!tools && turns > 1'`,
		"rules:\n  - prefer: cost < 0.002 ? 0.2 : 0.0":                   `2:13: not YAML: mapping values are not allowed in this context (write it quoted: prefer: 'cost < 0.002 ? 0.2 : 0.0')`,
		"rules:\n  - when: text contains \"a #1\"\n    floor: NANO":      `a comment cut the expression; write it quoted: when: 'text contains "a #1"'`,
		"rules:\n  - when: any(key.tags, # == \"x\")\n    floor: NANO":   `a comment cut the expression; write it quoted: when: 'any(key.tags, # == "x")'`,
		"rules:\n  - when: \"coding\" == category\n    floor: NANO":      `write it quoted: when: '"coding" == category'`,
		"rules:\n  - when: true\n    floor: NANO":                        `2:11: rule 1: when: must be a text, but YAML reads true as true or false (write it quoted: when: 'true')`,
		"rules:\n  - prefer: 0.2":                                        `write it quoted: prefer: '0.2'`,
		"rules:\n  - when:\n    floor: NANO":                             `2:10: rule 1: when: has no value`,
		"rules:\n  - when: [a, b]\n    floor: NANO":                      `must be a text, but is a list (write it quoted: when: '[a, b]')`,
		"rules:\n  - when: &a turns > 1\n    floor: NANO":                `anchors and aliases are not read`,
		"rules:\n  - deny: true":                                         `write it quoted: deny: 'true'`,
		"rules:\n  - deny: ''":                                           `has no message`,
		"rules:\n  - use: [1, 2]":                                        `use[0]: must be a text (write it quoted: '1')`,
		"rules:\n  - floor: HARD":                                        `unknown tier "HARD" (known are NANO, SIMPLE, LIGHT, STANDARD, COMPLEX)`,
		"rules:\n  - flor: NANO":                                         `2:5: rule 1: unknown key "flor" (did you mean "floor"?)`,
		"rules:\n  - floor: NANO\n    floor: LIGHT":                      `3:5: rule 1: the key "floor" is given twice`,
		"rules:\n  - name: a\n    when: turns > 1":                       `the rule does nothing`,
		"rules:\n  - {name: a, floor: NANO}\n  - {name: a, floor: NANO}": `rule 1 has the same name`,
		"rules:\n  - {use: openai/gpt-5.4, split: {openai/gpt-5.5: 5%}}": `use and split are both given`,
		"rules:\n  - {floor: COMPLEX, ceiling: NANO}":                    `the floor COMPLEX is above the ceiling NANO`,
		"rules:\n  - {floor: NANO, soft: true}":                          `soft has no meaning here`,
		"rules:\n  - {deny: no, soft: true}":                             `deny never yields`,
		"rules:\n  - {floor: NANO, stop: yes please}":                    `must be true or false`,
		"rules:\n  - use: openai/gpt-5.6":                                `unknown model "openai/gpt-5.6" (did you mean "openai/gpt-5.`,
		"rules:\n  - use: gpt-4":                                         `"openai/gpt-4" is retired (use "openai/gpt-5.4")`,
		"rules:\n  - use: opena/*":                                       `no active model matches`,
		"rules:\n  - use: openai/*4":                                     `a * may only end a name`,
		"rules:\n  - split: {openai/gpt-5.4: 5}":                         `must be a share above 0% and up to 100% (write openai/gpt-5.4: 5%)`,
		"rules:\n  - split: {openai/gpt-5.4: 60%, openai/gpt-5.5: 60%}":  `the shares add up to 120%`,
		"rules:\n  - split: {openai/gpt-5.4: 1%, gpt-5.4: 1%}":           `is given twice`,
		"rules:\n  - split: {}":                                          `the split is empty`,
		"rules: 3":                                                       `must be a list`,
		"rules: [3]":                                                     `must be a mapping`,
		"rule: []":                                                       `unknown key "rule" (did you mean "rules"?)`,
		"":                                                               `the policy is empty`,
		"# nothing":                                                      `the policy is empty`,
		"- a":                                                            `a policy is a mapping`,
		"name: a\n---\nname: b":                                          `one document`,
		"name: 3":                                                        `write it quoted: name: '3'`,
		"tiers: {nano: 0.5, simple: 0.2}":                                `simple (0.2) must be above nano (0.5)`,
		"tiers: {nano: 2}":                                               `must be a number from 0 to 1`,
		"tiers: {nano: .nan}":                                            `must be a number from 0 to 1`,
		"tiers: {tiny: 0.2}":                                             `keys are nano, simple, light, standard`,
		"value: {balance: high}":                                         `must be a number from 0 to 1`,
		"value: {baseline: gpt-9}":                                       `unknown model "gpt-9"`,
		"value: {worth: {nano: 0}}":                                      `must be a number from`,
		"value: {adequate: {complex: 1.5}}":                              `must be a number from 0 to 1`,
		"unsure: {below: 0.3, tier: LIGTH}":                              `did you mean "LIGHT"?`,
		"timezone: Europe/Berln":                                         `unknown timezone`,
		"timezone: Local":                                                `unknown timezone`,
		"tests: [{prompt: hi}]":                                          `expects nothing`,
		"tests: [{expect: tier == NANO}]":                                `asks nothing`,
		"tests: [{prompt: hi, expect: cost}]":                            `must be true or false, but is a number`,
		"tests: [{prompt: hi, expect: turns > 1}]":                       `turns is not known to a test`,
		"tests: [{prompt: hi, expect: latency > 1}]":                     `latency is not known to a test`,
		"tests: [{prompt: hi, expect: model == \"gpt-9\"}]":              `unknown model "gpt-9"`,
		"tests: [{prompt: hi, expect: '\"gpt-9\" in chain'}]":            `unknown model "gpt-9"`,
		"tests: [{prompt: hi, expect: denied, profile: bach}]":           `did you mean "batch"?`,
		"tests: [{prompt: hi, expect: denied, down: opnai}]":             `did you mean "openai"?`,
		"tests: [{prompt: hi, expect: denied, now: yesterday}]":          `must be a time`,
		"tests: [{prompt: hi, expect: denied, images: 1.5}]":             `must be a whole number`,
		"tests: [{messages: hi, expect: denied}]":                        `must be a list of messages`,
		"tests: [{messages: [{content: hi}], expect: denied}]":           `must be a message with a role`,
		"a: &x [1]\ntests: [{messages: [{role: user, content: *x}], expect: denied}]": `anchors and aliases`,
	} {
		_, err := Parse("p.yaml", []byte(src), testScope())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n%v\nwant %s", src, err, want)
		}
	}
}

// Every problem is named at once, in the order of the file.
func TestAllErrorsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Parse("p.yaml", []byte("rules:\n  - {when: trns > 1, floor: HARD}\n  - use: gpt-9\nname: 3\nunsure: {blow: 1}\n"), testScope())
	var all Errors
	if !errors.As(err, &all) || len(all) != 5 {
		t.Fatalf("%v", err)
	}
	for i, e := range all {
		if e.File != "p.yaml" || e.Path == "" && e.Line != 5 || i > 0 && e.Line < all[i-1].Line {
			t.Errorf("%+v", e)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p, err := Parse("dir/mine.yaml", []byte("rules:\n"), testScope())
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "mine" || p.Thresholds != [4]float64{0.05, 0.2, 0.45, 0.7} || p.Balance != 0.5 || p.Unsure.Below != 0.35 || len(p.Hash) != 64 {
		t.Errorf("%+v", p)
	}
}

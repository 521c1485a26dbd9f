package policies

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse: whatever the bytes, Parse says yes or says where it is wrong; and what it takes can be run.
func FuzzParse(f *testing.F) {
	f.Add(Default())
	examples, _ := filepath.Glob("examples/*.yaml")
	for _, file := range examples {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	for _, src := range []string{
		"rules: [{when: 'turns > 1', only: 'provider == mistral', prefer: '(model.tool_accuracy ?? 0.5) * 0.3', soft: true}]",
		"rules: [{when: 'now.hour in 8..18 and label.intent == billing', split: {gpt-5.4: 5%}, stop: true}]",
		"rules: [{never: 'let a = latency ?? 1; a / turns > 2', use: ['openai/*'], floor: LIGHT}]",
		"tests: [{prompt: hi, images: 1, tools: 2, now: 2026-01-01, expect: ['tier == NANO', 'chain[0] == model']}]",
		"rules:\n  - when: |\n      any(key.tags, # == \"x\")\n    deny: \"a\\u00e4\\\n      b\"\n",
		"rules: [{when: !tools, floor: NANO}]", "a: &a [*a]", "\xef\xbb\xbfname: x", "name: \"\\", "? a\n: b", "rules:\n- - -",
	} {
		f.Add([]byte(src))
	}
	scope := testScope()
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := Parse("f.yaml", src, scope)
		if err != nil {
			var all Errors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("not a list of errors: %v", err)
			}
			for _, e := range all {
				if e.Line < 1 || e.Column < 1 || e.Message == "" {
					t.Fatalf("no position or no message: %+v", e)
				}
				if e.EndLine < e.Line || e.EndLine == e.Line && e.EndColumn < e.Column {
					t.Fatalf("it ends before it begins: %+v", e)
				}
			}
			return
		}
		m, _, _ := decide(p, sample())
		if len(m.Rules) != len(p.Rules) {
			t.Fatalf("%d traces of %d rules", len(m.Rules), len(p.Rules))
		}
		decide(p, &Request{})
		for i := range p.Tests {
			p.Tests[i].AppendBody(nil)
			if got := p.Tests[i].Check(Actual{}); len(got) != len(p.Tests[i].Expect) {
				t.Fatalf("%d outcomes of %d expectations", len(got), len(p.Tests[i].Expect))
			}
		}
	})
}

// FuzzExpression goes deeper into expressions than whole files do.
func FuzzExpression(f *testing.F) {
	for _, src := range []string{
		`category == "coding" && tier >= STANDARD`, `(model.tool_accuracy ?? 0.5) * 0.3`, `cost < 0.002 ? 0.2 : 0`,
		`known(latency) ? latency : 1`, `any(key.tags, # startsWith "a")`, `let a = tier; a in [LIGHT, NANO]`,
		`model.id == openai/gpt-5.4`, `text | lower() | split(" ") | len()`, `now.hour in 1..3`, `turns ?: 1`, `if home {1} else {2}`,
		`prompt_tokens / turns % 3 ** 2`, `not (text matches "a+")`, `key.tags[1:][0]`, `provider_is_down("openai")`,
	} {
		f.Add(src)
	}
	scope := testScope()
	f.Fuzz(func(t *testing.T, source string) {
		for _, part := range []string{"when", "never", "prefer"} {
			p, err := Parse("f.yaml", []byte("rules: [{floor: NANO, "+part+": "+inQuotes(source)+"}]"), scope)
			if err != nil {
				continue
			}
			decide(p, sample())
			decide(p, &Request{})
		}
	})
}

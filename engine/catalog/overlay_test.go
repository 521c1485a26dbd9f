package catalog

import (
	"errors"
	"strings"
	"testing"

	"github.com/routor/routor/engine/label"
)

func overlay(t *testing.T, src string) *Catalog {
	t.Helper()
	c, err := Builtin().Overlay("mine.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOverlayAdds(t *testing.T) {
	t.Parallel()
	c := overlay(t, `
providers:
  vllm: {name: Our vLLM, base_url: "http://10.0.0.5:8000/v1", key_env: [VLLM_KEY]}
models:
  acme/support-7b:
    aliases: [support]
    context: 32768
    input: [text]
    output: [text]
    can: {tools: yes, json: yes}
    ability: {overall: 0.8, chat_roleplay: 0.93}
deployments:
  vllm/support-7b-v3:
    model: acme/support-7b
    context: 16384
    prices: {input: 0, output: 0.02}
  vllm/kimi:
    model: moonshot/kimi-k2.6
    upstream: moonshotai/Kimi-K2.6
    region: eu
    prices: {input: 0.1, output: 0.2}
`)
	m, _ := c.Find("support")
	if m == nil || m.ID != "acme/support-7b" || m.Status != Active || m.Name != "support-7b" || m.Verbosity != 1 {
		t.Fatalf("found %+v", m)
	}
	if m.Caps.Tools != Yes || m.Caps.Image != No || m.Caps.Schema != Unknown || m.Caps.AudioOut != No {
		t.Errorf("capabilities %+v", m.Caps)
	}
	a := m.Ability
	if a.By[label.ChatRoleplay] != 0.93 || a.By[label.Coding] != 0.8 || a.Overall != 0.8 || !a.Known || a.Evidence[label.Coding] != 0 || a.Evidence[label.ChatRoleplay] != 1 {
		t.Errorf("abilities %+v", a)
	}
	d := c.DeploymentsOf(m)[0]
	if d.Context != 16384 || d.Prices.Input != 0 || d.Prices.Output != 20_000_000 || d.Prices.CachedRead != UnknownRate || d.Surface != ChatCompletions || d.Home {
		t.Errorf("deployment %+v", d)
	}
	homes := c.DeploymentsOf(c.Model("moonshot/kimi-k2.6"))
	if len(homes) != 3 || !homes[0].Home || homes[2].Upstream != "moonshotai/Kimi-K2.6" || homes[2].Region != "eu" {
		t.Errorf("Kimi's homes: %v", homes)
	}
	if p := c.Provider("vllm"); p.Dialect != "openai" || p.Auth != "bearer" || p.Builtin {
		t.Errorf("provider %+v", p)
	}
}

func TestOverlayChangesFieldByField(t *testing.T) {
	t.Parallel()
	c := overlay(t, `
models:
  openai/gpt-5.5: {aliases: [house-model], can: {tools: no, prefill: unknown}, reasoning: {default: low}}
deployments:
  openai/gpt-5.5: {prices: {output: 28, cached_read: null, service_tiers: {flex: null, scale: 1.5}}}
providers:
  openai: {base_url: "https://eu.api.openai.com/v1"}
`)
	m, _ := c.Find("house-model")
	if m == nil || m.ID != "openai/gpt-5.5" || m.Name != "GPT-5.5" || m.Context != 1_050_000 {
		t.Fatalf("what is not named stays: %+v", m)
	}
	if m.Caps.Tools != No || m.Caps.Schema != Yes || m.DefaultEffort != "low" || len(m.Efforts) != 5 {
		t.Errorf("capabilities merge key by key: %+v, default %q", m.Caps, m.DefaultEffort)
	}
	p := c.Deployment("openai/gpt-5.5").Prices
	if p.Input != 5_000_000_000 || p.Output != 28_000_000_000 || p.CachedRead != UnknownRate || len(p.Steps) != 1 {
		t.Errorf("prices merge, null takes away: %+v", p)
	}
	if _, flex := p.Tiers["flex"]; flex || p.Tiers["scale"] != 1_500_000 || p.Tiers["priority"] != 2_500_000 {
		t.Errorf("service tiers %v", p.Tiers)
	}
	if c.Provider("openai").BaseURL != "https://eu.api.openai.com/v1" || c.Provider("openai").Name != "OpenAI" {
		t.Errorf("provider %+v", c.Provider("openai"))
	}
	if c.Version == Builtin().Version {
		t.Error("another content has another version")
	}
}

func TestOverlayLeavesTheCatalogBelowAlone(t *testing.T) {
	t.Parallel()
	base := Builtin()
	overlay(t, `
models: {openai/gpt-5.5: {can: {tools: no}, livebench: {high: null}, benchmarks: []}}
deployments: {openai/gpt-5.5: {prices: {input: 1, service_tiers: {flex: 0.1}, steps: []}}}
`)
	if got := hash(base.doc); got != base.Version {
		t.Errorf("the document below changed: %s, was %s", got, base.Version)
	}
	if base.Model("openai/gpt-5.5").Caps.Tools != Yes || base.Deployment("openai/gpt-5.5").Prices.Input != 5_000_000_000 {
		t.Error("the catalog below changed")
	}
}

func TestOverlayDisables(t *testing.T) {
	t.Parallel()
	c := overlay(t, `
providers: {xai: {disabled: true}}
models: {openai/gpt-4o: {disabled: yes}}
deployments: {openrouter/openai/gpt-5.5: {disabled: true}}
`)
	if m, _ := c.Find("gpt-4o"); m != nil {
		t.Error("a disabled model is not there")
	}
	if c.Provider("xai") != nil || len(c.DeploymentsOf(c.Model("xai/grok-4.3"))) != 0 {
		t.Error("a disabled provider takes its deployments along")
	}
	if n := len(c.DeploymentsOf(c.Model("openai/gpt-5.5"))); n != 1 {
		t.Errorf("%d homes of gpt-5.5 are left, want 1", n)
	}
	back, err := c.Overlay("later.yaml", []byte("models: {openai/gpt-4o: {disabled: false}}"))
	if err != nil || back.Model("openai/gpt-4o") == nil || len(back.DeploymentsOf(back.Model("openai/gpt-4o"))) != 1 {
		t.Errorf("what a file disables a later one brings back: %v", err)
	}
}

func TestAnEmptyOverlayChangesNothing(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"", "\n", "# nothing yet\n", "models:\n", "---\n"} {
		if c := overlay(t, src); c.Version != Builtin().Version {
			t.Errorf("%q changes the version", src)
		}
	}
}

func TestOverlayErrorsPointAtTheLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"unknown field": {"models:\n  openai/gpt-5.5:\n    contxt: 5\n",
			`mine.yaml:3:5: models."openai/gpt-5.5": unknown field "contxt" (did you mean context?)`},
		"unknown section":  {"model:\n  a/b: {}\n", `mine.yaml:1:1: unknown field "model" (did you mean models?)`},
		"no near field":    {"deployments: {openai/gpt-5.5: {zzzzzz: 1}}", "(it is one of model, provider,"},
		"a key":            {"providers:\n  openai:\n    api_key: sk-1\n", "keys belong in routor.yaml"},
		"here twice":       {"models:\n  a/b: {}\n  a/b: {}\n", `mine.yaml:3:3: models: "a/b" is here twice`},
		"no number":        {"models:\n  openai/gpt-5.5:\n    context: many\n", `mine.yaml:3:14: models."openai/gpt-5.5".context: "many" is not a whole number`},
		"negative":         {"models: {openai/gpt-5.5: {context: -1}}", "not a whole number of 0 or more"},
		"price":            {"deployments:\n  openai/gpt-5.5:\n    prices:\n      input: 5e0\n", `mine.yaml:4:14: deployments."openai/gpt-5.5".prices.input: "5e0" is not a decimal number`},
		"price below 0":    {"deployments: {openai/gpt-5.5: {prices: {input: -1}}}", "is not a decimal number"},
		"huge price":       {"deployments: {openai/gpt-5.5: {prices: {input: 1000000}}}", "too large"},
		"factor":           {"deployments: {openai/gpt-5.5: {prices: {service_tiers: {flex: 0}}}}", "no factor above 0"},
		"date":             {"deployments: {openai/gpt-5.5: {prices: {valid_from: soon}}}", "is not a date such as"},
		"tri-state":        {"models: {openai/gpt-5.5: {can: {tools: perhaps}}}", "is not yes, no or unknown"},
		"capability":       {"models: {openai/gpt-5.5: {can: {tols: yes}}}", "did you mean tools?"},
		"modality":         {"models: {openai/gpt-5.5: {input: [text, imge]}}", "did you mean image?"},
		"status":           {"models: {openai/gpt-5.5: {status: retird}}", "did you mean retired?"},
		"retired to what":  {"models:\n  openai/gpt-5.5:\n    status: retired\n", "add replaced_by"},
		"effort":           {"models: {openai/gpt-5.5: {reasoning: {efforts: [low, hihg]}}}", "did you mean high?"},
		"default effort":   {"models: {openai/gpt-5.5: {reasoning: {default: minimal}}}", `"minimal" is not one of none, low`},
		"no such model":    {"deployments:\n  openai/x:\n    model: openai/gpt-5.6\n", `mine.yaml:3:5: deployments."openai/x".model: no model "openai/gpt-5.6" (did you mean openai/gpt-5`},
		"model missing":    {"deployments: {openai/x: {prices: {input: 1}}}", "is missing (name the model"},
		"no such provider": {"deployments: {opnai/x: {model: openai/gpt-5.5}}", "did you mean openai?"},
		"no URL":           {"providers: {mine: {name: Mine}}", "is missing or no URL"},
		"dialect":          {"providers: {openai: {dialect: antropic}}", "did you mean anthropic?"},
		"alias taken":      {"models: {acme/a: {aliases: [gpt-5.5-pro, gpt-5.5, openai/gpt-5.5]}}", `"openai/gpt-5.5" already means openai/gpt-5.5`},
		"model id":         {"models: {Acme Large: {}}", "a model's id is maker/name"},
		"LiveBench row":    {"models: {openai/gpt-5.5: {livebench: {high: gpt-5.5-hgh}}}", "did you mean gpt-5.5-high?"},
		"benchmark":        {"models: {openai/gpt-5.5: {benchmarks: [{name: SWE-Bench Prro, score: 1}]}}", "did you mean SWE-Bench Pro?"},
		"ability":          {"models: {openai/gpt-5.5: {ability: {codng: 0.5}}}", "did you mean coding?"},
		"ability over 1":   {"models: {openai/gpt-5.5: {ability: {coding: 50}}}", "coding must be 0 to 1"},
		"not a number":     {"models: {openai/gpt-5.5: {ability: {coding: .nan}}}", "is not a number of 0 or more"},
		"steps":            {"deployments: {openai/gpt-5.5: {prices: {steps: [{above: 9, input: 1}, {above: 9, input: 2}]}}}", "rise from step to step"},
		"siblings":         {"models:\n  a/b: {sibling: c/d}\n  c/d: {sibling: a/b}\n", `mine.yaml:2:9: models."a/b".sibling: siblings go round`},
		"sibling":          {"models: {openai/gpt-5.5: {sibling: openai/gpt-5.5}}", "no other model"},
		"alias in YAML":    {"models: &a {openai/gpt-5.5: {}}\ndeployments: *a", "anchors and aliases are not supported"},
		"a list":           {"models: [a, b]", "expected `name: value` pairs"},
		"no list":          {"models: {openai/gpt-5.5: {aliases: x}}", "expected a list"},
		"no scalar":        {"models: {openai/gpt-5.5: {name: [x]}}", "expected a single value"},
		"an entry of null": {"models:\n  openai/gpt-5.5:\n", "write `disabled: true`"},
		"two documents":    {"models: {}\n---\nmodels: {}\n", "more than one YAML document"},
		"no YAML":          {"models:\n  a: [\n", "mine.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Builtin().Overlay("mine.yaml", []byte(c.src))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			var all Errors
			if !errors.As(err, &all) || len(all) == 0 || all[0].File != "mine.yaml" {
				t.Errorf("%T is no Errors of the file", err)
			}
		})
	}
}

func TestOverlayNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := Builtin().Overlay("mine.yaml", []byte("models:\n  openai/gpt-5.5: {contxt: 1, nam: x}\n  openai/gpt-5.4: {context: x}\n"))
	var all Errors
	if !errors.As(err, &all) || len(all) != 3 || all[2].Line != 3 {
		t.Errorf("got %v", err)
	}
}

func FuzzOverlay(f *testing.F) {
	for _, s := range []string{
		"models: {a/b: {context: 5, can: {tools: yes}, ability: {overall: 0.5}}}",
		"providers: {x: {base_url: 'http://x'}}\ndeployments: {x/y: {model: openai/gpt-5.5, prices: {input: 0.1, steps: [{above: 5, output: 2}]}}}",
		"models: {openai/gpt-5.5: {disabled: true}}", "models: {a/b: {sibling: c/d}, c/d: {sibling: a/b}}",
		"models: {a/b: {livebench: {default: gpt-5.5-high}, reasoning: {efforts: [low], on: yes}}}",
		"a: &x [*x]", "\x00", "models: ~", "- 1", "models: {? {a: b} : c}", "deployments: {openai/gpt-5.5: {prices: ~}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Builtin().Overlay("f.yaml", src)
		if err != nil {
			if len(err.(Errors)) == 0 {
				t.Fatal("an error without a problem")
			}
			return
		}
		for _, m := range c.Models {
			for i, v := range m.Ability.By {
				if !(v >= 0 && v <= 1) {
					t.Fatalf("%s: ability %s is %v", m.ID, label.Category(i), v)
				}
			}
			if got, _ := c.Find(m.ID); got != m {
				t.Fatalf("%s is not found by its id", m.ID)
			}
		}
		for _, d := range c.Deployments {
			d.Prices.Cost(Tokens{Input: 1 << 40, Output: 1 << 40, CachedRead: 5}, "flex")
		}
		c.Check()
	})
}

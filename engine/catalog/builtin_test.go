package catalog

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// promised are the models that the product promises, by the name that the price list of models.json has for them.
var promised = map[string]string{
	"openai/gpt-5.4": "openai/gpt-5.4", "openai/gpt-5.5": "openai/gpt-5.5",
	"anthropic/claude-opus-4.8":   "anthropic/claude-opus-4-8",
	"anthropic/claude-sonnet-4.6": "anthropic/claude-sonnet-4-6",
	"anthropic/claude-haiku-4.5":  "anthropic/claude-haiku-4-5",
	"google/gemini-3.5-flash":     "google/gemini-3.5-flash",
	"google/gemini-3.1-pro":       "google/gemini-3.1-pro-preview",
	"deepseek/deepseek-v4-flash":  "deepseek/deepseek-v4-flash",
	"deepseek/deepseek-v4-pro":    "deepseek/deepseek-v4-pro",
	"xai/grok-4":                  "xai/grok-4",
	"nvidia/nemotron-3-ultra":     "nvidia/nvidia/nemotron-3-ultra-550b-a55b",
	"moonshot/kimi-k2.6":          "moonshot/kimi-k2.6",
	"minimax/minimax-m3":          "minimax/MiniMax-M3",
	"zai/glm-5.2":                 "zai/glm-5.2",
	"alibaba/qwen3.7-max":         "alibaba/qwen3.7-max",
	"mistral/mistral-large-3":     "mistral/mistral-large-2512",
	"mistral/mistral-small-4":     "mistral/mistral-small-2603",
	"microsoft/phi-4":             "microsoft/phi-4",
	"microsoft/mai-code-1-flash":  "",
	"xiaomi/mimo-v2.5-pro":        "xiaomi/mimo-v2.5-pro",
}

func TestPromisedModelsAreThere(t *testing.T) {
	t.Parallel()
	c := Builtin()
	for id, deployment := range promised {
		m := c.Model(id)
		if m == nil {
			t.Errorf("%s is missing", id)
			continue
		}
		if deployment != "" && (len(c.DeploymentsOf(m)) == 0 || c.DeploymentsOf(m)[0].ID != deployment) {
			t.Errorf("%s is not served at %s first", id, deployment)
		}
		want := Active
		switch id {
		case "xai/grok-4":
			want = Retired
		case "microsoft/mai-code-1-flash":
			want = Unlisted
		}
		if m.Status != want {
			t.Errorf("%s is %s, want %s", id, m.Status, want)
		}
	}
	if got := c.Model("xai/grok-4").Replaced; got != "xai/grok-4.3" {
		t.Errorf("what stands in for Grok 4: %q", got)
	}
	for _, id := range []string{"microsoft/phi-4", "microsoft/mai-code-1-flash", "xai/grok-4"} {
		if c.Model(id).Verified {
			t.Errorf("%s is marked unverified by its source", id)
		}
	}
}

func TestThirteenProviders(t *testing.T) {
	t.Parallel()
	c, n := Builtin(), 0
	for _, p := range c.Providers {
		if p.Builtin {
			n++
		}
		if p.Name == "" || p.Source == "" || len(p.KeyEnv) == 0 {
			t.Errorf("%s lacks a name, source or key variable", p.ID)
		}
	}
	if n != 13 || c.Provider("openrouter") == nil || c.Provider("openrouter").Builtin {
		t.Errorf("%d built-in providers besides OpenRouter, want 13", n)
	}
}

func TestEveryEntrySaysWhereItIsFrom(t *testing.T) {
	t.Parallel()
	c := Builtin()
	for i, m := range c.Models {
		if m.Source == "" || m.Index != i || m.Name == "" {
			t.Errorf("%s: source %q, index %d", m.ID, m.Source, m.Index)
		}
		if m.Status == Retired && (c.Model(m.Replaced) == nil || c.Model(m.Replaced).Status != Active) {
			t.Errorf("%s is retired without an active replacement", m.ID)
		}
		if m.Caps.ToolAccuracy < 0 || m.Caps.ToolAccuracy > 1 {
			t.Errorf("%s: tool accuracy %v", m.ID, m.Caps.ToolAccuracy)
		}
	}
	for i, d := range c.Deployments {
		if d.Source == "" || d.Index != i {
			t.Errorf("%s: source %q, index %d", d.ID, d.Source, d.Index)
		}
	}
}

// priceList is the part of models.json that prices are checked against.
type priceList struct {
	Models []struct {
		Provider, ID  string
		ContextWindow *int `json:"context_window"`
		Price         *struct {
			Input, Output *json.Number
			CachedRead    *json.Number `json:"cached_read"`
			AudioInput    *json.Number `json:"audio_input"`
			Tiers         []struct {
				Above         int `json:"above_input_tokens"`
				Input, Output *json.Number
			}
		} `json:"price_usd_per_1m"`
	}
}

func TestPricesAreThoseOfThePriceList(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "providers", "models.json"))
	if err != nil {
		t.Skip("the price list is not on this machine: ", err)
	}
	var list priceList
	if err := json.Unmarshal(src, &list); err != nil {
		t.Fatal(err)
	}
	c, seen := Builtin(), 0
	for _, row := range list.Models {
		d := c.Deployment(row.Provider + "/" + row.ID)
		if d == nil {
			if row.ID != "mai-code-1-flash" {
				t.Errorf("%s/%s has no deployment", row.Provider, row.ID)
			}
			continue
		}
		if row.ContextWindow != nil && d.Context != *row.ContextWindow {
			t.Errorf("%s: context %d, want %d", d.ID, d.Context, *row.ContextWindow)
		}
		if row.Price == nil || row.Price.Input == nil || d.Prices.Input == UnknownRate && row.Provider == "nvidia" {
			continue
		}
		seen++
		same := func(what string, got Rate, want *json.Number) {
			if want == nil {
				return
			}
			f, _ := want.Float64()
			if Rate(math.Round(f*1e9)) != got {
				t.Errorf("%s: %s %s, want %s", d.ID, what, got, *want)
			}
		}
		same("input", d.Prices.Input, row.Price.Input)
		same("output", d.Prices.Output, row.Price.Output)
		same("cached read", d.Prices.CachedRead, row.Price.CachedRead)
		same("audio input", d.Prices.AudioInput, row.Price.AudioInput)
		for i, step := range row.Price.Tiers {
			if d.Prices.Steps[i].Above != step.Above {
				t.Errorf("%s: step %d above %d, want %d", d.ID, i, d.Prices.Steps[i].Above, step.Above)
			}
			same("input of the step", d.Prices.Steps[i].Input, step.Input)
			same("output of the step", d.Prices.Steps[i].Output, step.Output)
		}
	}
	if seen < 110 {
		t.Errorf("only %d prices were compared", seen)
	}
}

func TestTheSameCatalogEveryTime(t *testing.T) {
	t.Parallel()
	first := Builtin()
	again, errs := build(first.doc, "again", nil)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if again.Version != first.Version || len(first.Version) != 12 {
		t.Errorf("versions %q and %q", first.Version, again.Version)
	}
	for i, m := range first.Models {
		if m.Ability.By != again.Models[i].Ability.By || m.Ability.Overall != again.Models[i].Ability.Overall {
			t.Errorf("%s has other abilities when built again", m.ID)
		}
	}
}

func TestCheckNamesWhatIsUnknown(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, p := range Builtin().Check() {
		text.WriteString(p.String() + "\n")
	}
	for _, want := range []string{"nvidia/openai/gpt-oss-120b: has no known price", "microsoft/phi-4: has no public figures"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("Check does not say %q", want)
		}
	}
	if strings.Contains(text.String(), "retired") {
		t.Errorf("a replacement is not available:\n%s", text.String())
	}
}

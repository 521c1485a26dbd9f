package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/engine/nearest"
)

func TestFind(t *testing.T) {
	t.Parallel()
	c := Builtin()
	for name, want := range map[string][2]string{ // name → model, deployment
		"anthropic/claude-opus-4.8":         {"anthropic/claude-opus-4.8"},
		"claude-opus-4.8":                   {"anthropic/claude-opus-4.8"},
		"claude-opus-4-8":                   {"anthropic/claude-opus-4.8"},
		"anthropic/claude-opus-4-8":         {"anthropic/claude-opus-4.8"}, // its home: it keeps its other homes
		"gpt-5.4":                           {"openai/gpt-5.4"},
		"GPT-5.4":                           {"openai/gpt-5.4"},
		"MiniMax-M3":                        {"minimax/minimax-m3"},
		"minimax/MiniMax-M3":                {"minimax/minimax-m3"},
		"gemini-3.1-pro-preview":            {"google/gemini-3.1-pro"},
		"mistral-large-latest":              {"mistral/mistral-large-3"},
		"mistral-small-2603":                {"mistral/mistral-small-4"},
		"grok-4-0709":                       {"xai/grok-4"},
		"nvidia/nemotron-3-ultra-550b-a55b": {"nvidia/nemotron-3-ultra"},
		"gpt-oss-120b":                      {"openai/gpt-oss-120b"},
		"moonshotai/kimi-k2.6":              {"moonshot/kimi-k2.6"}, // as OpenRouter spells it
		"openrouter/moonshotai/kimi-k2.6":   {"moonshot/kimi-k2.6", "openrouter/moonshotai/kimi-k2.6"},
		"nvidia/openai/gpt-oss-120b":        {"openai/gpt-oss-120b", "nvidia/openai/gpt-oss-120b"},
		"auto":                              {},
		"":                                  {},
		"gpt-99":                            {},
		"anthropic/":                        {},
		"anthropic/claude-opus-4.8/and-some-more": {},
	} {
		m, d := c.Find(name)
		var got [2]string
		if m != nil {
			got[0] = m.ID
		}
		if d != nil {
			got[1] = d.ID
		}
		if got != want {
			t.Errorf("Find(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	c := Builtin()
	for name, want := range map[string]string{
		"claude-opus-4.9": "anthropic/claude-opus-4.8",
		"cluade-opus-4-8": "anthropic/claude-opus-4.8",
		"gpt5.5":          "openai/gpt-5.5",
		"kimi-k26":        "moonshot/kimi-k2.6",
		"Qwen3.7-Mx":      "alibaba/qwen3.7-max",
		"openai/gpt-5.55": "openai/gpt-5.5",
	} {
		got := c.Nearest(name, 3)
		if !slices.Contains(got, want) || got[0] != want && nearest.Distance(strings.ToLower(name), strings.ToLower(got[0])) > 3 {
			t.Errorf("Nearest(%q) = %v, want %s among them", name, got, want)
		}
	}
	for _, name := range []string{"", "xyzzy-plugh-42", strings.Repeat("gpt-5.5", 1000)} {
		if got := c.Nearest(name, 3); len(got) != 0 {
			t.Errorf("Nearest(%.20q) = %v, want nothing", name, got)
		}
	}
	if got := c.Nearest("gpt-5", 0); len(got) != 0 {
		t.Errorf("none was asked for: %v", got)
	}
}

func BenchmarkFind(b *testing.B) {
	c := Builtin()
	b.ReportAllocs()
	for b.Loop() {
		c.Find("claude-opus-4-8")
	}
}

func BenchmarkNearest(b *testing.B) {
	c := Builtin()
	for b.Loop() {
		c.Nearest("claude-opos-4-8", 3)
	}
}

package catalog

import (
	"math"
	"testing"
)

func prices(t testing.TB, deployment string) *Prices {
	d := Builtin().Deployment(deployment)
	if d == nil {
		t.Fatalf("no deployment %s", deployment)
	}
	return &d.Prices
}

// Every figure here is worked out by hand from the price list: tokens × USD per million, in nano-dollars.
func TestCostByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what, deployment, tier string
		tokens                 Tokens
		want                   Money
	}{
		{"1,000 in and 500 out at 5/25: 0.005 + 0.0125", "anthropic/claude-opus-4-8", "", Tokens{Input: 1000, Output: 500}, 17_500_000},
		{"reasoning is part of the output", "anthropic/claude-opus-4-8", "", Tokens{Input: 1000, Output: 500, Reasoning: 400}, 17_500_000},
		{"cached read at 0.5, writes at 6.25 and 10", "anthropic/claude-opus-4-8", "",
			Tokens{CachedRead: 100_000, CacheWrite5m: 10_000, CacheWrite1h: 10_000}, 50_000_000 + 62_500_000 + 100_000_000},
		{"the cheapest cached read: a token is 2.8 nano-dollars", "deepseek/deepseek-v4-flash", "", Tokens{CachedRead: 1}, 3},
		{"ten of them are 28", "deepseek/deepseek-v4-flash", "", Tokens{CachedRead: 10}, 28},
		{"fractions are rounded once, not each: 2.8 + 140 + 280 = 422.8", "deepseek/deepseek-v4-flash", "",
			Tokens{CachedRead: 1, Input: 1, Output: 1}, 423},
		{"at the step's bound the base price holds: 272,000 at 2.5", "openai/gpt-5.4", "", Tokens{Input: 272_000}, 680_000_000},
		{"one more token and all of it costs 5", "openai/gpt-5.4", "", Tokens{Input: 272_001}, 1_360_005_000},
		{"cached tokens count for the step, and have a price of their own there", "openai/gpt-5.4", "",
			Tokens{Input: 1000, CachedRead: 300_000, Output: 1000}, 5_000_000 + 150_000_000 + 22_500_000},
		{"priority is twice the price", "openai/gpt-5.4", "priority", Tokens{Input: 1000, Output: 1000}, 35_000_000},
		{"2.5 times for gpt-5.5", "openai/gpt-5.5", "priority", Tokens{Input: 1000, Output: 1000}, 87_500_000},
		{"flex is half", "openai/gpt-5.5", "flex", Tokens{Input: 1000, Output: 1000}, 17_500_000},
		{"a tier that is not listed costs as standard", "openai/gpt-5.5", "turbo", Tokens{Input: 1000, Output: 1000}, 35_000_000},
		{"audio at its own price", "google/gemini-2.5-flash", "", Tokens{Input: 1000, AudioInput: 1000}, 300_000 + 1_000_000},
		{"a cached read of unknown price costs as input", "mistral/mistral-large-2512", "", Tokens{CachedRead: 1000}, 500_000},
		{"an unknown price is unknown", "nvidia/openai/gpt-oss-120b", "", Tokens{Input: 1}, UnknownMoney},
		{"but nothing costs nothing", "nvidia/openai/gpt-oss-120b", "", Tokens{}, 0},
		{"a free model is free", "zai/glm-4.7-flash", "", Tokens{Input: 1e6, Output: 1e6}, 0},
		{"negative counts count as none", "openai/gpt-5.5", "", Tokens{Input: -5, Output: -5}, 0},
	} {
		if got := prices(t, c.deployment).Cost(c.tokens, c.tier); got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
}

func TestEstimate(t *testing.T) {
	t.Parallel()
	p := prices(t, "openai/gpt-5.4")
	for _, c := range []struct{ prompt, cached, completion, want int64 }{
		{1000, 0, 100, 2_500_000 + 1_500_000},
		{1000, 400, 0, 1_500_000 + 100_000},
		{1000, 5000, 0, 250_000},
		{1000, -5, -5, 2_500_000},
		{-1000, 10, 0, 0},
	} {
		if got := p.Estimate(c.prompt, c.cached, c.completion); got != Money(c.want) {
			t.Errorf("Estimate(%d, %d, %d) = %d, want %d", c.prompt, c.cached, c.completion, got, c.want)
		}
	}
}

func TestImagesAndHostedTools(t *testing.T) {
	t.Parallel()
	c, err := Builtin().Overlay("mine.yaml", []byte(`
deployments:
  openai/gpt-5.5:
    prices: {images_per_1k: 3.613, tool_calls_per_1k: {web_search: 10, file_search: 2.5}}
`))
	if err != nil {
		t.Fatal(err)
	}
	p := &c.Deployment("openai/gpt-5.5").Prices
	if got := p.Cost(Tokens{Input: 1000, Images: 2}, ""); got != 5_000_000+7_226_000 {
		t.Errorf("two images at 3.613 a thousand: got %d", got)
	}
	if got := p.ToolCost("web_search", 3); got != 30_000_000 {
		t.Errorf("three searches at 10 a thousand: got %d", got)
	}
	if got := p.ToolCost("computer", 1); got.Known() {
		t.Errorf("a tool without a price: got %d, want unknown", got)
	}
	if got := prices(t, "anthropic/claude-opus-4-8").ToolCost("web_search", 1); got != 10_000_000 {
		t.Errorf("a search at Anthropic: got %d", got)
	}
}

func TestCostSticksAtTheTop(t *testing.T) {
	t.Parallel()
	p := Prices{Input: maxRate, Output: maxRate}
	if got := p.Cost(Tokens{Input: math.MaxInt64, Output: math.MaxInt64}, ""); got != math.MaxInt64 {
		t.Errorf("got %d", got)
	}
}

func TestCostAndFindAllocateNothing(t *testing.T) {
	c, p := Builtin(), prices(t, "openai/gpt-5.5")
	for name, f := range map[string]func(){
		"Cost":     func() { p.Cost(Tokens{Input: 300_000, CachedRead: 5, Output: 9}, "priority") },
		"Estimate": func() { p.Estimate(300_000, 5, 9) },
		"Find":     func() { c.Find("claude-opus-4-8") },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkCost(b *testing.B) {
	p := prices(b, "openai/gpt-5.5")
	t := Tokens{Input: 300_000, CachedRead: 5000, Output: 900}
	b.ReportAllocs()
	for b.Loop() {
		p.Cost(t, "priority")
	}
}

func BenchmarkEstimate(b *testing.B) {
	p := prices(b, "openai/gpt-5.5")
	b.ReportAllocs()
	for b.Loop() {
		p.Estimate(3000, 500, 900)
	}
}

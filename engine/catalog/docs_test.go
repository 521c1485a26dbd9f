package catalog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExamplesOfTheDocsLoad(t *testing.T) {
	t.Parallel()
	blocks := strings.Split(page(t, "catalog.md"), "```yaml\n")[1:]
	if len(blocks) < 6 {
		t.Fatalf("only %d examples", len(blocks))
	}
	all := Builtin()
	for i, b := range blocks {
		src, _, closed := strings.Cut(b, "```")
		if !closed {
			t.Fatalf("example %d does not end", i+1)
		}
		if _, err := Builtin().Overlay(fmt.Sprintf("example %d", i+1), []byte(src)); err != nil {
			t.Error(err)
		}
		next, err := all.Overlay(fmt.Sprintf("example %d", i+1), []byte(src))
		if err != nil {
			t.Fatalf("one over the other: %v", err)
		}
		all = next
	}
	if m, _ := all.Find("support"); m == nil || all.Deployment("openai/gpt-5.5").Prices.Input != 4_500_000_000 {
		t.Error("the examples do not do what the page says")
	}
	if d := all.Deployment("openai/gpt-5.4"); d.Prices.Steps[0].Output != 22_500_000_000 || d.Prices.Source != "our contract of 2026-09" {
		t.Errorf("the example of all price fields: %+v", d.Prices)
	}
}

func TestThePageOnAbilitiesKeepsUp(t *testing.T) {
	t.Parallel()
	text := page(t, "abilities.md")
	for _, want := range []string{
		fmt.Sprintf("difficulty %v", ReferenceDifficulty), fmt.Sprintf("about %v logits", DifficultySlope),
		fmt.Sprintf("sigmoid(θ + %.1f)", ease), fmt.Sprintf("release %s, %d rows", liveBenchRelease, len(liveBench().rows)),
		fmt.Sprintf("standing, %v\n  logits lower", siblingMargin), fmt.Sprintf("%v logits lower", priceMargin),
		fmt.Sprintf("more than %v", guessReach),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for effort, r := range defaultReasoning {
		if effort != thinking && !strings.Contains(text, fmt.Sprintf("| %v ", r)) {
			t.Errorf("the page does not have %v reasoning tokens for %s", r, effort)
		}
	}
	for name := range benchmarkWeights {
		short := strings.NewReplacer("Artificial Analysis", "AA", " Codebase QnA", "", " Refactoring", "", " Test Writing", "", " Hard", "", " Bench 2.0", "-Bench").Replace(name)
		short = strings.Replace(short, "SWE-Bench Verified", "Verified", 1)
		if !strings.Contains(text, short) {
			t.Errorf("the page does not name %s", name)
		}
	}
}

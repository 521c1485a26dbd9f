package templates_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/classifiers/templates"
	"github.com/routor/routor/engine/label"
)

// conformance is what all templates answer: they hold the same rules.
var conformance = []struct {
	name       string
	in         classifiers.Input
	category   string
	difficulty [2]float32 // from, to
	confident  bool
	urgent     bool
}{
	{"nothing", classifiers.Input{}, "chat_roleplay", [2]float32{.01, .03}, false, false},
	{"a greeting", classifiers.Input{Text: "hi"}, "chat_roleplay", [2]float32{.01, .03}, false, false},
	{"a word of the rules", classifiers.Input{Text: "Please TRANSLATE this into German: good morning"}, "translation", [2]float32{.14, .16}, true, false},
	{"the first rule wins", classifiers.Input{Text: "Summarize what this function does"}, "summarization", [2]float32{.14, .16}, true, false},
	{"mathematics is never easy", classifiers.Input{Text: "Prove it."}, "math", [2]float32{.49, .51}, true, false},
	{"tools", classifiers.Input{Text: "Book the room, it is urgent", Flags: classifiers.HasTools}, "tool_use", [2]float32{.14, .16}, false, true},
	{"a rule beats tools", classifiers.Input{Text: "Calculate 12 * 7, ASAP", Flags: classifiers.HasTools}, "math", [2]float32{.49, .51}, true, true},
	{"length", classifiers.Input{Text: strings.Repeat("lorem ipsum ", 100)}, "chat_roleplay", [2]float32{.6, .7}, false, false},
	{"longest", classifiers.Input{Text: strings.Repeat("lorem ipsum ", 100_000)}, "chat_roleplay", [2]float32{.79, .9}, false, false},
	{"not UTF-8", classifiers.Input{Text: "\xff\xferewrite\x00\xc3"}, "rewrite", [2]float32{.01, .16}, true, false},
	{"only the text counts", classifiers.Input{Text: "good morning to you", System: "translate", Context: "summarize"}, "chat_roleplay", [2]float32{.14, .16}, false, false},
}

// toolchains are what build.sh calls, and where they may have other names.
var toolchains = map[string]struct {
	tools []string
	env   map[string][]string
}{
	"go":             {tools: []string{"go"}},
	"c":              {env: map[string][]string{"CLANG": {"clang", "clang-14"}, "WASM_LD": {"wasm-ld", "wasm-ld-14"}}},
	"rust":           {env: map[string][]string{"RUSTC": {"/usr/bin/rustc", "rustc"}}},
	"assemblyscript": {tools: []string{"node", "npm"}},
}

func TestEveryTemplateBuildsAndAnswersAlike(t *testing.T) {
	for _, lang := range templates.Languages() {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			module := build(t, lang)
			m, err := classifiers.Load(context.Background(), module, classifiers.Options{Instances: 1, Slow: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			var r classifiers.Result
			for _, c := range conformance {
				cost, err := m.Measure(&c.in, &r)
				if err != nil {
					t.Errorf("%s: %v", c.name, err)
					continue
				}
				if got := label.Categories[r.Best()]; got != c.category || r.Difficulty < c.difficulty[0] || r.Difficulty > c.difficulty[1] || (r.Confidence > .5) != c.confident {
					t.Errorf("%s: %s, difficulty %.2f, confidence %.2f; want %s, %v, %v", c.name, got, r.Difficulty, r.Confidence, c.category, c.difficulty, c.confident)
				}
				if h := r.Heads[0]; h.Name != "urgent" || (h.P[1] > .5) != c.urgent {
					t.Errorf("%s: head %v, want urgent %v", c.name, h, c.urgent)
				}
				if cost.Fuel*2 > cost.Most {
					t.Errorf("%s: %d fuel of %d; a template must be far from its limit", c.name, cost.Fuel, cost.Most)
				}
			}
			a, err := m.Anatomy()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes, %d of memory, imports %v", a.Bytes, a.Memory, a.Imports)
		})
	}
}

// build writes a template into a new folder and runs its build.sh, as its user would. Where a toolchain is missing it skips,
// but with ROUTOR_TEMPLATES=all it fails.
func build(t *testing.T, lang string) []byte {
	t.Helper()
	miss := t.Skipf
	if os.Getenv("ROUTOR_TEMPLATES") == "all" {
		miss = t.Fatalf
	} else if lang == "assemblyscript" {
		t.Skip("needs npm packages: set ROUTOR_TEMPLATES=all")
	}
	chain := toolchains[lang]
	for _, tool := range chain.tools {
		if _, err := exec.LookPath(tool); err != nil {
			miss("%s is not installed", tool)
		}
	}
	dir := filepath.Join(t.TempDir(), "mine")
	if _, err := templates.Write(lang, dir); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "build.sh")
	cmd.Dir, cmd.Env = dir, os.Environ()
	for name, tools := range chain.env {
		found := ""
		for _, tool := range tools {
			if path, err := exec.LookPath(tool); err == nil && found == "" {
				found = path
			}
		}
		if found == "" {
			miss("none of %v is installed", tools)
		}
		cmd.Env = append(cmd.Env, name+"="+found)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		if lang == "rust" && strings.Contains(string(out), "can't find crate for `") {
			miss("rustc has no wasm32-unknown-unknown target: %s", out)
		}
		t.Fatalf("build.sh: %v\n%s", err, out)
	}
	module, err := os.ReadFile(filepath.Join(dir, "classifier.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

func TestWriteRefusesWhatItCouldSpoil(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := templates.Write("cobol", filepath.Join(dir, "a")); err == nil || !strings.Contains(err.Error(), "assemblyscript") {
		t.Errorf("unknown language: %v", err)
	}
	if _, err := templates.Write("../c", filepath.Join(dir, "b")); err == nil {
		t.Error("a path is no language")
	}
	if err := os.WriteFile(filepath.Join(dir, "precious"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := templates.Write("c", dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a folder with something in it: %v", err)
	}
}

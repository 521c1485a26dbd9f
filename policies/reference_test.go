package policies

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/routor/routor/engine/catalog"
)

// Everything that can be written is in the reference, with a type and an explanation.
func TestReferenceIsComplete(t *testing.T) {
	t.Parallel()
	text := ReferenceMarkdown()
	for _, v := range Environment() {
		if v.Name == "" || v.Type == "" || v.Doc == "" || v.Where != "request" && v.Where != "candidate" && v.Where != "expect" {
			t.Errorf("%+v", v)
		}
		if !strings.Contains(text, "`"+v.Name+"`") {
			t.Errorf("%s is not in the reference", v.Name)
		}
	}
	for _, f := range functions {
		if !strings.Contains(text, "`"+f+"`") {
			t.Errorf("%s is not in the reference", f)
		}
	}
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// The guide's examples are policies that check.
func TestGuideExamplesCheck(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlock.FindAllSubmatch(guide, -1)
	if len(blocks) < 6 {
		t.Errorf("%d examples", len(blocks))
	}
	scope := Scope{Catalog: catalog.Builtin(), Profiles: []string{"batch"}, Heads: map[string][]string{"intent": {"billing", "support"}}}
	for _, block := range blocks {
		if _, err := Parse("docs/policy.md", block[1], scope); err != nil {
			t.Errorf("%v\nof\n%s", err, block[1])
		}
	}
}

var messageBlock = regexp.MustCompile("(?s)```text\n(.*?)\n((?:policy.yaml:).*?)\n```")

// The messages that the guide shows are those that people get.
func TestGuideMessagesAreReal(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("..", "docs", "policy.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := messageBlock.FindAllSubmatch(guide, -1)
	if len(blocks) < 4 {
		t.Errorf("%d messages", len(blocks))
	}
	for _, block := range blocks {
		_, err := Parse("policy.yaml", block[1], Scope{Catalog: catalog.Builtin()})
		if err == nil || err.Error() != string(block[2]) {
			t.Errorf("%s\ngives\n%v\nnot\n%s", block[1], err, block[2])
		}
	}
}

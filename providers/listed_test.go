package providers

import (
	"fmt"
	"testing"
)

func TestListed(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		body, names string
		whole, bad  bool
	}{
		"OpenAI":          {body: `{"object":"list","data":[{"id":"a"},{"id":"b"}]}`, names: "[a b]", whole: true},
		"Anthropic":       {body: `{"data":[{"type":"model","id":"a"}],"has_more":false}`, names: "[a]", whole: true},
		"a page of more":  {body: `{"data":[{"id":"a"}],"has_more":true}`, names: "[a]"},
		"Google":          {body: `{"models":[{"name":"models/a"},{"name":"models/b"}]}`, names: "[a b]", whole: true},
		"Google's page":   {body: `{"models":[{"name":"models/a"}],"nextPageToken":"x"}`, names: "[a]"},
		"a bare list":     {body: `[{"id":"a"}]`, names: "[a]", whole: true},
		"facts of a key":  {body: `{"data":{"label":"x"}}`, names: "[]"},
		"nothing":         {body: `{}`, names: "[]"},
		"an empty list":   {body: `{"data":[]}`, names: "[]"},
		"a page of HTML":  {body: `<html>`, names: "[]", bad: true},
		"another's shape": {body: `{"data":"x"}`, names: "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names, whole, err := listed([]byte(x.body))
			if fmt.Sprint(names) != x.names || whole != x.whole || (err != nil) != x.bad {
				t.Errorf("%v %v %v", names, whole, err)
			}
		})
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	names := []string{"gpt-5.5-2026-03-05", "claude-haiku-4-5-20251001", "models/gemini-3.5-flash", "grok-4", "GLM-5.2"}
	for model, want := range map[string]bool{
		"gpt-5.5": true, "gpt-5.5-mini": false, "claude-haiku-4-5": true, "claude-haiku-4": false, "gemini-3.5-flash": true,
		"grok-4-latest": true, "grok-4": true, "glm-5.2": true, "gpt-5": false, "grok-4-fast": false,
	} {
		if got := Lists(names, model); got != want {
			t.Errorf("%s: %v", model, got)
		}
	}
}

func FuzzListed(f *testing.F) {
	f.Add([]byte(`{"data":[{"id":"a"}],"has_more":true}`), "a")
	f.Add([]byte(`{"models":[{"name":"models/a"}]}`), "a-001")
	f.Fuzz(func(t *testing.T, body []byte, model string) {
		names, whole, err := listed(body)
		if whole && (len(names) == 0 || err != nil) {
			t.Fatal("an empty list counts as whole")
		}
		for _, n := range names {
			if n == "" || !Lists(names, n) {
				t.Fatalf("%q is not found in its own list", n)
			}
		}
	})
}

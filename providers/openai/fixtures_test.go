package openai

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is a recorded exchange on a chat-completions surface.
type fixture struct {
	path, provider string
	stream         bool
	status         int
	body           []byte
}

// fixtures are all recorded chat completions; the test is skipped where the shared data is not beside the repository.
func fixtures(tb testing.TB) []fixture {
	tb.Helper()
	dir, _ := os.Getwd()
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	metas, _ := filepath.Glob(filepath.Join(dir, "../shared/data/fixtures/*/*/meta.json"))
	if len(metas) == 0 {
		tb.Skip("no recorded exchanges beside the repository (../shared/data/fixtures)")
	}
	var out []fixture
	for _, m := range metas {
		var meta struct {
			Provider     string
			URL          string
			Status       int
			ResponseFile string `json:"response_file"`
		}
		b, err := os.ReadFile(m)
		if err == nil {
			err = json.Unmarshal(b, &meta)
		}
		if err != nil {
			tb.Fatal(m, err)
		}
		own := meta.Provider == "minimax" || meta.Provider == "moonshot"
		if meta.ResponseFile == "" || !own && !strings.Contains(meta.URL, "/chat/completions") || strings.HasSuffix(meta.ResponseFile, ".txt") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(filepath.Dir(m), meta.ResponseFile))
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, fixture{
			path: filepath.Base(filepath.Dir(m)), provider: meta.Provider, status: meta.Status, body: body,
			stream: strings.HasSuffix(meta.ResponseFile, ".sse"),
		})
	}
	return out
}

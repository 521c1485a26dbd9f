package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rooms are the house from the top down: a package imports only what stands below it.
var rooms = []string{
	"cmd/routor", "bench", "bench/guard", "bench/cputime", "bench/chaos", "bench/load", "bench/plot", "bench/prompts", "bench/outcomes", "engine/api", "engine/replay", "engine/demo", "engine", "engine/ledger", "engine/access", "engine/config", "engine/store", "policies",
	"classifiers/train", "classifiers/templates", "classifiers/default", "classifiers", "classifiers/wasm/wasmtest", "classifiers/wasm",
	"providers", "providers/sim", "providers/openai", "providers/anthropic", "providers/gemini", "providers/sse", "providers/spectest", "engine/fit", "engine/catalog", "engine/chat", "web", "engine/label", "engine/nearest",
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	const module = "github.com/routor/routor/"
	height := map[string]int{}
	for i, r := range rooms {
		height[r] = len(rooms) - i
	}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, _ := filepath.Rel(root, filepath.Dir(path))
		dir = filepath.ToSlash(dir)
		if height[dir] == 0 {
			t.Errorf("%s is in no room: name the room in this list and in the README", path)
		}
		for _, imported := range file.Imports {
			to, _ := strconv.Unquote(imported.Path.Value)
			if to, ok := strings.CutPrefix(to, module); ok && height[to] >= height[dir] {
				t.Errorf("%s imports %s, which stands above it", path, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Package templates holds small classifiers to start one's own from: the same rules in Go, Rust, C and AssemblyScript.
package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/routor/routor/engine/nearest"
)

// Files that a Go module would keep out of this one carry the suffix .txt here, which Write takes away.
//
//go:embed go rust c assemblyscript
var files embed.FS

// Languages are the templates that there are.
func Languages() []string { return []string{"go", "rust", "c", "assemblyscript"} }

const suffix = ".txt"

// Write puts a template into a folder, which must be new or empty. It gives the paths written, below dir.
func Write(language, dir string) (written []string, err error) {
	if _, err := fs.Stat(files, language); err != nil || strings.ContainsAny(language, "/.") {
		return nil, fmt.Errorf("no template in %q: %s", language, nearest.Hint(language, Languages()))
	}
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return nil, fmt.Errorf("%s is not empty: name a new folder", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("template: %w", err)
	}
	err = fs.WalkDir(files, language, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, language+"/"), suffix)
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		written = append(written, name)
		return os.WriteFile(to, src, 0o644)
	})
	if err != nil {
		return written, fmt.Errorf("template: %w", err)
	}
	return written, nil
}

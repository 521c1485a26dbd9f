//go:build !unix

package classifiers

import (
	"fmt"
	"os"

	"github.com/tetratelabs/wazero"
)

// openCache opens a folder of compiled code. Keep others from writing there: what lies there is executed.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("classifier cache: %w", err)
	}
	return wazero.NewCompilationCacheWithDir(dir)
}

//go:build unix

package classifiers

import (
	"fmt"
	"os"
	"syscall"

	"github.com/tetratelabs/wazero"
)

// openCache opens a folder of compiled code. It is refused when anybody but this user could have put code there.
func openCache(dir string) (wazero.CompilationCache, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("classifier cache: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return nil, fmt.Errorf("classifier cache: %w", err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ok || int(stat.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("classifier cache %s: must be a folder of this user's own with mode 0700 (chmod 700), for what lies there is executed", dir)
	}
	return wazero.NewCompilationCacheWithDir(dir)
}

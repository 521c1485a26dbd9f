//go:build unix

package classifiers

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestCache(t *testing.T) {
	t.Parallel()
	module := withCard(t, answer(testResult(), ""))
	open := func(dir string) error {
		m, err := Load(context.Background(), module, Options{CacheDir: dir, Instances: 1})
		if err == nil {
			m.Close()
			<-m.Done()
		}
		return err
	}
	dir := filepath.Join(t.TempDir(), "new")
	for range 2 {
		if err := open(dir); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("cache folder: %v %v, want mode 0700", info.Mode(), err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	contains(t, open(dir), "0700")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	contains(t, open(link), "0700")
}

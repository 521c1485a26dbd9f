package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a folder must be quiet before its files are looked at: editors and ConfigMaps change a file in steps.
const settle = 100 * time.Millisecond

// watched is a file and what to do when its content is another.
type watched struct {
	file    string
	changed func()
	seen    [sha256.Size]byte
}

// watcher follows files. It watches their folders, because a file that is replaced rather than written takes its watch with it,
// and compares contents, so that neither a touch nor a symbolic link elsewhere fools it.
type watcher struct {
	files  []*watched
	notify *fsnotify.Watcher
}

func newWatcher() (*watcher, error) {
	n, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("follow files: %w", err)
	}
	return &watcher{notify: n}, nil
}

// add follows a file, which need not be there yet, as long as its folder is.
func (w *watcher) add(file string, changed func()) error {
	abs, err := filepath.Abs(file)
	if err == nil {
		err = w.notify.Add(filepath.Dir(abs))
	}
	if err != nil {
		return fmt.Errorf("follow %s: %w", file, err)
	}
	w.files = append(w.files, &watched{abs, changed, contentHash(abs)})
	return nil
}

func contentHash(file string) [sha256.Size]byte {
	src, err := os.ReadFile(file)
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(src)
}

// run calls changed for files that change, one at a time, and for all of them on again, until ctx ends.
func (w *watcher) run(ctx context.Context, again <-chan os.Signal) {
	defer w.notify.Close()
	quiet := time.NewTimer(0)
	quiet.Stop()
	folders := []string{}
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-w.notify.Events:
			if folder := filepath.Dir(e.Name); !slices.Contains(folders, folder) {
				folders = append(folders, folder)
			}
			quiet.Reset(settle)
		case <-w.notify.Errors: // events were lost: look at everything
			folders = nil
			for _, f := range w.files {
				folders = append(folders, filepath.Dir(f.file))
			}
			quiet.Reset(settle)
		case <-again:
			for _, f := range w.files {
				f.seen = contentHash(f.file)
				f.changed()
			}
		case <-quiet.C:
			w.look(folders)
			folders = folders[:0]
		}
	}
}

func (w *watcher) look(folders []string) {
	for _, f := range w.files {
		if !slices.Contains(folders, filepath.Dir(f.file)) {
			continue
		}
		if now := contentHash(f.file); now != f.seen {
			f.seen = now
			f.changed()
		}
	}
}

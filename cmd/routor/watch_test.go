package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWatcher(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, other := filepath.Join(dir, "a.yaml"), filepath.Join(dir, "b.yaml")
	write(t, file, "1")
	w, err := newWatcher()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 100)
	for _, name := range []string{file, other} {
		if err := w.add(name, func() { seen <- filepath.Base(name) }); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done, again := make(chan struct{}), make(chan os.Signal)
	go func() { w.run(ctx, again); close(done) }()
	expect := func(what, name string) {
		t.Helper()
		select {
		case got := <-seen:
			if got != name {
				t.Errorf("%s: %s was told, not %s", what, got, name)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: nothing was told", what)
		}
	}
	write(t, file, "2")
	expect("written", "a.yaml")
	write(t, file+".new", "3")
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	expect("replaced", "a.yaml")
	write(t, other, "1")
	expect("made", "b.yaml")
	write(t, file, "3") // the same content, and a sign that it was looked at
	write(t, other, "2")
	expect("touched, and the other written", "b.yaml")
	again <- os.Interrupt
	expect("asked to look again", "a.yaml")
	expect("asked to look again", "b.yaml")
	stop()
	<-done
	if _, err := w.notify.WatchList(), w.add(file, nil); err == nil {
		t.Error("a watcher that has ended takes files")
	}
}

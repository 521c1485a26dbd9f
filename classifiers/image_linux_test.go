package classifiers

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
)

// images counts what this process has of memory images: mappings and open files.
func images(t *testing.T) (mappings, files int) {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(to, "routor-classifier") {
			files++
		}
	}
	return strings.Count(string(maps), "routor-classifier"), files
}

func TestImagesAreFreed(t *testing.T) {
	module := withCard(t, strings.Replace(answer(testResult(), ifAsked("unreachable")), "memory 2", "memory 9", 1)+fmt.Sprintf(" data 300000 %x", make([]byte, 1<<16)))
	mappings, files := images(t)
	for range 3 {
		m, err := Load(context.Background(), module, Options{Instances: 3})
		if err != nil {
			t.Fatal(err)
		}
		var r Result
		for range 5 { // each breaks an instance, which is replaced
			if err := m.Classify(on("x"), &r); err == nil {
				t.Fatal("must break")
			}
			if err := m.Classify(&Input{}, &r); err != nil {
				t.Fatal(err)
			}
		}
		if n, f := images(t); n == mappings || f != files+1 {
			t.Errorf("%d mappings and %d files of images, want more than %d and %d", n, f, mappings, files+1)
		}
		m.Close()
		<-m.Done()
	}
	for _, start := range []string{" start spin func spin - - - loop - br 0 end end", " func _initialize - - - unreachable end", " func x - i - i64.const 0 end"} {
		broken := withCard(t, strings.Replace(answer(testResult(), "unreachable"), "memory 2", "memory 9", 1)+start)
		if m, err := Load(context.Background(), broken, Options{}); err == nil {
			m.Close()
			t.Fatal("must not load")
		}
	}
	if n, f := images(t); n != mappings || f != files {
		t.Errorf("%d mappings and %d files of images left behind", n-mappings, f-files)
	}
}

func TestMemoryImageIsPrivate(t *testing.T) {
	t.Parallel()
	im, err := newImage([]byte("shared"))
	if err != nil {
		t.Fatal(err)
	}
	if im == nil {
		t.Skip("this machine forbids memory images; data segments are used instead")
	}
	a, b := im.Allocate(0, 1<<20), im.Allocate(0, 1<<20)
	im.close()
	defer a.Free()
	defer b.Free()
	one, two := a.Reallocate(1<<16), b.Reallocate(1<<16)
	copy(one, "mine..")
	if string(two[:6]) != "shared" || string(one[:6]) != "mine.." {
		t.Errorf("%q and %q", one[:6], two[:6])
	}
	if grown := a.Reallocate(1 << 20); string(grown[:6]) != "mine.." || grown[1<<20-1] != 0 {
		t.Error("growing must keep what is there, with zeros behind it")
	}
	if a.Reallocate(1<<20+1) != nil {
		t.Error("grown beyond the limit")
	}
}

package ledger

import (
	"bufio"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

var million = flag.Int("million", 0, "how many records TestMillion writes and asks for; 0 = skip it")

// TestMillion measures a large ledger: go test ./engine/ledger -run Million -million 1000000 -v
func TestMillion(t *testing.T) {
	if *million == 0 {
		t.Skip("say -million 1000000")
	}
	dir := t.TempDir()
	l := opening(t, dir, Options{Buffer: 1 << 30})
	s := newSampler(1, noon, 20*time.Millisecond)
	took := func(what string, f func()) {
		t.Helper()
		runtime.GC()
		cpu, begin := used(), time.Now()
		f()
		t.Logf("%-60s %8.0f ms, %7.0f ms of CPU", what, float64(time.Since(begin).Microseconds())/1000, float64((used()-cpu).Microseconds())/1000)
	}
	took("write", func() {
		for range *million {
			for l.intake.waiting() > 50_000 {
				runtime.Gosched()
			}
			l.Put(s.fill(NewRecord()))
		}
		if err := l.Flush(soon(t)); err != nil {
			t.Fatal(err)
		}
	})
	if l.Len() != *million {
		t.Fatalf("%d of %d records are known", l.Len(), *million)
	}
	is := l.Status(t.Context())
	t.Logf("%d blocks, %.0f MB in the stream: %.0f B a record", is.Blocks, float64(is.Bytes)/1e6, float64(is.Bytes)/float64(*million))
	last := s.at
	ask := func(l *Ledger) {
		for name, f := range map[string]Filter{
			"all": {}, "one key of 40, category, tier, dear": {Key: "app-3", Category: "math", Tier: "COMPLEX", MinCostUSD: .0029}, "fallback": {Fallback: true},
			"the last hour": {From: last.Add(-time.Hour)}, "slow and dear": {MinTook: 5 * time.Second, MinCostUSD: .0029}, "nothing": {Team: "none"},
		} {
			took("list 50 of: "+name, func() {
				p, err := l.List(t.Context(), f, "", 50)
				if err != nil {
					t.Fatal(err)
				}
				if (len(p.Records) == 0) != (name == "nothing") {
					t.Errorf("%s: %d records", name, len(p.Records))
				}
			})
		}
		took("list all of a fallback (2 %)", func() {
			if p, err := l.List(t.Context(), Filter{Fallback: true}, "", *million); err != nil || len(p.Records) < *million/100 {
				t.Error(len(p.Records), err)
			}
		})
		took("list by text, where none is kept: every record is looked at", func() {
			if _, err := l.List(t.Context(), Filter{Text: "x"}, "", 50); err != nil {
				t.Error(err)
			}
		})
		var id string
		_ = l.Scan(t.Context(), Filter{}, func(r *Record) error { id = r.Request; return io.EOF }, nil)
		took("show the oldest by X-Request-Id", func() {
			if _, err := l.Get(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
		for _, span := range Spans() {
			took("rollups by "+span, func() {
				if r, err := l.Rollups(span, time.Time{}, time.Time{}); err != nil || len(r) == 0 {
					t.Error(len(r), err)
				}
			})
		}
	}
	ask(l)
	var line []byte
	export := func(what string, append func(b []byte, r *Record) []byte) {
		f, err := os.Create(filepath.Join(dir, "export"))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriterSize(f, 1<<20)
		n := 0
		took("export "+what, func() {
			err := l.Scan(t.Context(), Filter{}, func(r *Record) error {
				n++
				line = append(line[:0], r)
				_, err := w.Write(line)
				return err
			}, nil)
			if err != nil || n != *million {
				t.Error(n, err)
			}
			_ = w.Flush()
		})
		if info, err := f.Stat(); err == nil {
			t.Logf("export: %.0f MB", float64(info.Size())/1e6)
		}
		f.Close()
		os.Remove(f.Name())
	}
	export("rows", AppendRow)
	var e Encoder
	export("whole records", e.AppendJSON)
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("heap with index, rollups and NATS: %.0f MB", float64(m.HeapAlloc)/1e6)
	took("close", func() { closing(t, l) })
	if info, err := os.Stat(filepath.Join(dir, checkpointFile)); err == nil {
		t.Logf("checkpoint: %.1f MB", float64(info.Size())/1e6)
	}
	took("open with the checkpoint", func() { l = opening(t, dir, Options{}); _ = l.CaughtUp(soon(t)) })
	closing(t, l)
	os.Remove(filepath.Join(dir, checkpointFile))
	took("open without it: index and rollups from the blocks", func() {
		l = opening(t, dir, Options{})
		if err := l.CaughtUp(soon(t)); err != nil {
			t.Error(err)
		}
	})
	if l.Len() != *million {
		t.Errorf("%d records are known again", l.Len())
	}
	closing(t, l)
}

// used is the CPU time of this process.
func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package ledger

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/routor/routor/engine/store"
)

// killed is where the child of TestKilled keeps its ledger; "" = this process is no child.
var killed = os.Getenv("ROUTOR_TEST_LEDGER")

// TestKilledChild writes numbered records until it is killed, and says after each flush how many are acknowledged.
func TestKilledChild(t *testing.T) {
	if killed == "" {
		t.Skip("it is the child of TestKilled")
	}
	s, err := store.Open(context.Background(), store.Options{Dir: killed})
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(context.Background(), Options{Store: s, Dir: killed})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.CaughtUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	sampler := newSampler(uint64(os.Getpid()), noon, time.Millisecond)
	for n := l.Len(); ; {
		for range 100 {
			r := sampler.fill(NewRecord())
			r.Request = strconv.Itoa(n)
			n++
			l.Put(r)
		}
		if err := l.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		fmt.Printf("flushed %d\n", n)
	}
}

// TestKilled kills a process that writes the ledger, again and again: each time it opens clean, nothing in it is torn or
// twice, and what was acknowledged a moment before is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rounds, lost := 6, 0
	for round := range rounds {
		child := exec.Command(os.Args[0], "-test.run=TestKilledChild", "-test.v")
		child.Env = append(os.Environ(), "ROUTOR_TEST_LEDGER="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		flushed, flushes := 0, 0
		for lines := bufio.NewScanner(out); flushes < 5+round*3 && lines.Scan(); {
			if _, err := fmt.Sscanf(lines.Text(), "flushed %d", &flushed); err == nil {
				flushes++
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		if flushes == 0 {
			t.Fatal("the child wrote nothing")
		}

		l := opening(t, dir, Options{})
		if err := l.CaughtUp(soon(t)); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		err = l.Scan(t.Context(), Filter{}, func(r *Record) error {
			if seen[r.Request] {
				t.Errorf("record %s is there twice", r.Request)
			}
			seen[r.Request] = true
			return nil
		}, nil)
		if err != nil || l.counts.damaged.Get() > 0 || len(seen) != l.Len() {
			t.Errorf("%d records of %d, %d blocks damaged, %v", len(seen), l.Len(), l.counts.damaged.Get(), err)
		}
		for i := range seen {
			if n, _ := strconv.Atoi(i); n >= len(seen) {
				t.Errorf("record %s is there, and one before it is not", i)
			}
		}
		days, err := l.Rollups("day", time.Time{}, time.Time{})
		if err != nil || days[0].All.Requests != int64(len(seen)) {
			t.Errorf("the rollups count %d of %d", days[0].All.Requests, len(seen))
		}
		if missing := flushed - len(seen); missing > 0 {
			lost += missing
		}
		closing(t, l)
	}
	t.Logf("%d kills: %d records that the state had acknowledged were lost", rounds, lost)
	if lost > rounds*maxRecords {
		t.Errorf("%d acknowledged records were lost in %d kills", lost, rounds)
	}
}

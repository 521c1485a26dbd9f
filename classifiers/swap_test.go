package classifiers

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/routor/routor/engine/label"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A hundred generations are swapped while calls go on: no call fails, no generation stays behind.
func TestSwapUnderLoad(t *testing.T) {
	const generations, callers = 100, 4
	ctx := context.Background()
	// The weights make generations large enough to be seen, should they stay in memory.
	text := answer(testResult(), "") + fmt.Sprintf(" data 65000 %x", make([]byte, 8192))
	module := withCard(t, text)
	o := Options{Wait: time.Minute}
	builtin := load(t, module, o)
	open := func() *Classifier {
		m, err := Load(ctx, module, o)
		if err != nil {
			t.Fatal(err)
		}
		return New(m, builtin)
	}
	var live atomic.Pointer[Classifier]
	live.Store(open())

	var calls, failed atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			in, r := on("hello"), Result{}
			for {
				select {
				case <-stop:
					return
				default:
				}
				c := live.Load()
				if !c.Acquire() {
					continue // closed between Load and Acquire: take the next one
				}
				c.Classify(in, &r)
				c.Release()
				calls.Add(1)
				if r.Fallback != "" || r.Best() != label.Writing {
					failed.Add(1)
				}
			}
		})
	}
	var old []*Module
	for range generations {
		before := calls.Load()
		next := open()
		last := live.Swap(next)
		last.Close()
		old = append(old, last.primary)
		for calls.Load() == before {
			runtime.Gosched()
		}
	}
	close(stop)
	wg.Wait()
	live.Load().Close()
	for i, m := range append(old, live.Load().primary) {
		select {
		case <-m.Done():
		case <-time.After(10 * time.Second):
			t.Fatalf("generation %d is still open", i)
		}
	}
	if failed.Load() > 0 {
		t.Errorf("%d of %d calls failed", failed.Load(), calls.Load())
	}
	t.Logf("%d calls over %d generations", calls.Load(), generations)
}

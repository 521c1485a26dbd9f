package api

import (
	"flag"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

var ledgerCost = flag.Duration("ledgercost", 0, "how long TestLedgerCost runs with and without the ledger each; 0 = skip it")

// TestLedgerCost measures what the ledger costs at 10,000 requests a second, in one run with and without it, turn by turn:
//
//	go test ./engine/api -run LedgerCost -ledgercost 10s -v
//
// Requests go through the whole server, sockets left out, to an upstream that answers at once; CPU is the process's.
func TestLedgerCost(t *testing.T) {
	if *ledgerCost == 0 {
		t.Skip("say -ledgercost 10s")
	}
	u := &ready{[]byte(`{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}`)}
	with, l, flush := recorded(t, setup{upstreams: everywhere(u)})
	without := serve(t, setup{upstreams: everywhere(u)})
	const rounds = 5
	var spent [2]time.Duration
	var asked [2]int
	for range rounds {
		for i, r := range []*running{without, with} {
			before := used()
			asked[i] += load(t, r, *ledgerCost/rounds)
			if i == 1 {
				flush()
			}
			spent[i] += used() - before
		}
	}
	per := [2]float64{}
	for i := range per {
		per[i] = float64(spent[i].Microseconds()) / float64(asked[i])
	}
	t.Logf("%d requests without the ledger: %.1f µs of CPU each; %d with it: %.1f µs; the ledger: %.1f µs a record, %.1f %% of the run; %d dropped",
		asked[0], per[0], asked[1], per[1], per[1]-per[0], 100*(per[1]-per[0])/per[1], l.Status(t.Context()).Dropped)
}

func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// load asks 10,000 times a second for a while, by as many askers as keep up.
func load(t *testing.T, r *running, d time.Duration) int {
	const rate, askers = 10_000, 8
	body := []byte(ask("Write a SQL query for the three best customers of each month, and explain it."))
	var all sync.WaitGroup
	total := int(d.Seconds() * rate)
	begin := time.Now()
	for i := range askers {
		all.Go(func() {
			var ctx fasthttp.RequestCtx
			ctx.Init(&fasthttp.Request{}, nil, nil)
			for n := i; n < total; n += askers {
				if wait := time.Until(begin.Add(time.Duration(n) * time.Second / rate)); wait > time.Millisecond {
					time.Sleep(wait)
				}
				ctx.Request.Reset()
				ctx.Response.Reset()
				ctx.Request.Header.SetMethod("POST")
				ctx.Request.SetRequestURI("/v1/chat/completions")
				ctx.Request.Header.SetContentType(jsonType)
				ctx.Request.SetBodyRaw(body)
				r.handle(&ctx, true, true)
				if ctx.Response.StatusCode() != 200 {
					t.Errorf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
					return
				}
			}
		})
	}
	all.Wait()
	return total
}

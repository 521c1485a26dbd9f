package api

import (
	"flag"
	"net"
	"slices"
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
// The upstream answers at once. CPU is the process's: over loopback it has clients and kernel in it, else the server alone.
func TestLedgerCost(t *testing.T) {
	if *ledgerCost == 0 {
		t.Skip("say -ledgercost 10s")
	}
	u := &ready{[]byte(`{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}`)}
	with, l, flush := recorded(t, setup{upstreams: everywhere(u)})
	without := serve(t, setup{upstreams: everywhere(u)})
	const round = 300 * time.Millisecond
	for name, asker := range map[string]func(*running) func() int{"sockets left out": inside, "over loopback": loopback} {
		var cost [2][]float64 // µs of CPU a request, by round
		for begin := time.Now(); time.Since(begin) < 2**ledgerCost; {
			first := len(cost[0]) % 2 // in turns, because what is left over of one costs the next
			for k := range 2 {
				i := (first + k) % 2
				r := []*running{without, with}[i]
				before := used()
				asked := load(t, asker, r, round)
				if i == 1 {
					flush()
				}
				cost[i] = append(cost[i], float64((used()-before).Nanoseconds())/1000/float64(asked))
			}
		}
		// The quickest tenth, because other work on the machine can only make a round dearer.
		least := func(x []float64) float64 { slices.Sort(x); return x[len(x)/10] }
		off, on := least(cost[0]), least(cost[1])
		t.Logf("%s, %d rounds: %.1f µs of CPU a request without the ledger, %.1f µs with it; the ledger: %.1f µs a record, %.1f %% of the run; %d dropped",
			name, len(cost[0]), off, on, on-off, 100*(on-off)/on, l.Status(t.Context()).Dropped)
	}
}

// inside asks without a socket.
func inside(r *running) func() int {
	body := costBody()
	ctx := new(fasthttp.RequestCtx)
	ctx.Init(&fasthttp.Request{}, nil, nil)
	return func() int {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/v1/chat/completions")
		ctx.Request.Header.SetContentType(jsonType)
		ctx.Request.SetBodyRaw(body)
		r.handle(ctx, true, true)
		return ctx.Response.StatusCode()
	}
}

// loopback asks over a connection of its own.
func loopback(r *running) func() int {
	body := costBody()
	c := &fasthttp.HostClient{Addr: r.Addr().String(), MaxConns: 1, MaxIdleConnDuration: 100 * time.Millisecond, // which its cleaner sleeps
		Dial: func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }} // fasthttp's own leaves a cleaner for good
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	return func() int {
		req.Header.SetMethod("POST")
		req.SetRequestURI("http://localhost/v1/chat/completions")
		req.Header.SetContentType(jsonType)
		req.SetBodyRaw(body)
		if err := c.Do(req, res); err != nil {
			return 0
		}
		return res.StatusCode()
	}
}

func costBody() []byte {
	return []byte(ask("Write a SQL query for the three best customers of each month, and explain it."))
}

func used() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// load asks 10,000 times a second for a while, by as many askers as keep up.
func load(t *testing.T, asker func(*running) func() int, r *running, d time.Duration) int {
	const rate, askers = 10_000, 8
	var all sync.WaitGroup
	total := int(d.Seconds() * rate)
	begin := time.Now()
	for i := range askers {
		all.Go(func() {
			once := asker(r)
			for n := i; n < total; n += askers {
				if wait := time.Until(begin.Add(time.Duration(n) * time.Second / rate)); wait > time.Millisecond {
					time.Sleep(wait)
				}
				if status := once(); status != 200 {
					t.Errorf("HTTP %d", status)
					return
				}
			}
		})
	}
	all.Wait()
	return total
}

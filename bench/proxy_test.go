package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/bench/cputime"
	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// parallel is the number of client connections that ask at the same time.
const parallel = 32

// traffic is what clients send.
var traffic = []struct {
	name   string
	body   []byte
	stream bool
}{
	{"plain 150 B", question(150, ""), false},
	{"plain 2 KB", question(2<<10, ""), false},
	{"stream 20 chunks", question(150, `"stream":true,`), true},
}

// question is a request of that many bytes.
func question(size int, fields string) []byte {
	const text = "Write a function in Go that merges overlapping intervals, and explain why it is correct. Our checkout service returns 502 about once an hour. "
	head, tail := `{"model":"auto",`+fields+`"messages":[{"role":"user","content":"`, `"}]}`
	n := size - len(head) - len(tail)
	return []byte(head + strings.Repeat(text, n/len(text)+1)[:n] + tail)
}

// The whole way of a request over loopback TCP: client, proxy and upstream are in this one process and share its
// processors, so the figures count against each other, in the same run, and not by themselves.

// BenchmarkDirect is the client and the upstream, nothing between them.
func BenchmarkDirect(b *testing.B) { drive(b, direct(b), "") }

// BenchmarkBareProxy has a proxy between them that does nothing else.
func BenchmarkBareProxy(b *testing.B) { drive(b, bareProxy(b), "") }

// BenchmarkRoutor has Routor between them as its users run it: the request is read, classified by the built-in module, put to
// the shipped policy's rules, scored, dispatched with the provider's key, answered with the routor object and the X-Routor-*
// headers, counted and recorded.
func BenchmarkRoutor(b *testing.B) { drive(b, routorAlone(b), routorMark) }

// routorMark is how the routor object of an answer begins.
const routorMark = `"routor":{"model":"openai/`

// TestWays: the three that are compared give the same answers.
func TestWays(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		serve func(testing.TB) string
		mark  string
	}{"direct": {direct, ""}, "bare proxy": {bareProxy, ""}, "Routor": {routorAlone, routorMark}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := way.serve(t)
			for _, kind := range traffic {
				client := &fasthttp.HostClient{Addr: addr, StreamResponseBody: kind.stream}
				for range 3 {
					var c conversation
					err := c.ask(client, kind.body, kind.stream)
					if err == nil {
						err = c.check(kind.stream, way.mark)
					}
					if err != nil {
						t.Errorf("%s: %v\n%s", kind.name, err, c.answer)
					}
				}
				client.CloseIdleConnections()
			}
		})
	}
}

// TestConnectionsAreKept: requests one after the other share one upstream connection, streams as well.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	u := upstream(t)
	addr := routor(t, u)
	for _, kind := range traffic {
		client := &fasthttp.HostClient{Addr: addr, StreamResponseBody: kind.stream}
		var c conversation
		for range 200 {
			if err := c.ask(client, kind.body, kind.stream); err != nil {
				t.Fatal(err)
			}
		}
		client.CloseIdleConnections()
	}
	if n := u.Accepted(); n != 1 {
		t.Errorf("%d connections to the upstream for requests one after the other", n)
	}
}

// direct serves the upstream, and gives its address.
func direct(t testing.TB) string { return upstream(t).Addr() }

func upstream(t testing.TB) *Upstream {
	u, err := ServeUpstream()
	if err != nil {
		t.Fatal(err)
	}
	closing(t, u)
	return u
}

// bareProxy serves one before an upstream.
func bareProxy(t testing.TB) string {
	p, err := ServeBareProxy(direct(t))
	if err != nil {
		t.Fatal(err)
	}
	closing(t, p)
	return p.Addr()
}

func closing(t testing.TB, c io.Closer) {
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// routorAlone serves Routor before an upstream, its one provider.
func routorAlone(t testing.TB) string { return routor(t, upstream(t)) }

// routor serves Routor before a given upstream.
func routor(t testing.TB, u *Upstream) string {
	t.Helper()
	fatal := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	cat := catalog.Builtin()
	connection, err := providers.Connect(providers.Options{
		Provider: cat.Provider("openai"), BaseURL: "http://" + u.Addr() + "/v1", Key: func() string { return "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz" },
	})
	fatal(err)
	t.Cleanup(connection.Close)
	module, err := classifiers.Load(t.Context(), builtin.Module, classifiers.Options{})
	fatal(err)
	t.Cleanup(module.Close)
	policy, err := policies.Parse("default.yaml", policies.Default(), policies.Scope{Catalog: cat})
	fatal(err)
	snapshot, err := engine.NewSnapshot(engine.Parts{
		Catalog: cat, Policy: policy, Classifier: classifiers.New(nil, module), Connected: func(id string) bool { return id == "openai" },
	})
	fatal(err)
	dir := t.TempDir()
	state, err := store.Open(t.Context(), store.Options{Dir: dir})
	fatal(err)
	t.Cleanup(state.Close)
	keys, err := access.Open(t.Context(), state, dir)
	fatal(err)
	t.Cleanup(keys.Close)
	c := config.Default()
	c.Listen = "127.0.0.1:0"
	s := api.New(api.Options{
		Engine: engine.New(engine.Options{Snapshot: snapshot, Connections: map[string]*providers.Connection{"openai": connection}}),
		Config: c, Keys: keys, Version: "bench", LogTo: io.Discard,
	})
	fatal(s.Listen())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s.Addr().String()
}

// drive asks the server at addr from parallel connections. Every answer must be whole; the first one of each kind must say
// what it should, plain ones with the given mark.
func drive(b *testing.B, addr, mark string) {
	for _, t := range traffic {
		b.Run(strings.ReplaceAll(t.name, " ", ""), func(b *testing.B) {
			client := &fasthttp.HostClient{Addr: addr, MaxConns: 2 * parallel, StreamResponseBody: t.stream}
			defer client.CloseIdleConnections()
			ask := func(c *conversation) error { return c.ask(client, t.body, t.stream) }
			var first conversation
			if err := ask(&first); err != nil {
				b.Fatal(err)
			}
			if err := first.check(t.stream, mark); err != nil {
				b.Fatalf("%v\n%s", err, first.answer)
			}
			b.ReportAllocs()
			b.SetParallelism((parallel + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			b.ResetTimer()
			stop := cputime.Start(b)
			b.RunParallel(func(pb *testing.PB) {
				var c conversation
				for pb.Next() {
					if err := ask(&c); err != nil {
						b.Error(err)
						return
					}
				}
			})
			stop(b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

// conversation is a client's connection with what it used before.
type conversation struct {
	req    fasthttp.Request
	res    fasthttp.Response
	answer []byte
}

var (
	doneMark = []byte("data: [DONE]\n\n")
	bearer   = "Bearer sk-client-0123456789abcdefghijklmnop"
)

// ask sends a request and takes the whole answer.
func (c *conversation) ask(client *fasthttp.HostClient, body []byte, stream bool) error {
	c.req.Header.SetMethod(fasthttp.MethodPost)
	c.req.SetRequestURI("http://127.0.0.1/v1/chat/completions")
	c.req.Header.SetContentType("application/json")
	c.req.Header.Set("Authorization", bearer)
	c.req.SetBodyRaw(body)
	if err := client.Do(&c.req, &c.res); err != nil {
		return err
	}
	if !stream {
		c.answer = c.res.Body()
	} else if err := c.read(); err != nil {
		return err
	}
	if c.res.StatusCode() != 200 || len(c.answer) == 0 || stream && !bytes.HasSuffix(c.answer, doneMark) {
		return fmt.Errorf("HTTP %d: %s", c.res.StatusCode(), c.answer)
	}
	return nil
}

// read takes a stream into the memory of the one before.
func (c *conversation) read() error {
	body, b := c.res.BodyStream(), c.answer[:0]
	for {
		if cap(b)-len(b) < 512 {
			b = append(b, make([]byte, 4<<10)...)[:len(b)]
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			c.answer = b
			return c.res.CloseBodyStream()
		}
		if err != nil {
			return err
		}
	}
}

// check reads the words of an answer.
func (c *conversation) check(stream bool, mark string) error {
	words := bytes.Count(c.answer, []byte("word"))
	events := bytes.Count(c.answer, []byte("data: "))
	switch {
	case words != Chunks:
		return fmt.Errorf("%d words, want %d", words, Chunks)
	case stream && events != Chunks+2: // finish, end mark
		return fmt.Errorf("%d events, want %d", events, Chunks+2)
	case !stream && !bytes.Contains(c.answer, []byte(mark)):
		return fmt.Errorf("there is no %s", mark)
	}
	return nil
}

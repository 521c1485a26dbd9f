package api

import (
	"context"
	"io"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/bench/cputime"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/openai"
)

// ready is an upstream that has its answer at hand.
type ready struct{ body []byte }

func (u *ready) Do(context.Context, *providers.Call) (engine.Reply, *providers.Error) {
	r := engine.Reply{Status: 200, Body: u.body, Closer: nothing{}}
	var c openai.Chunk
	openai.Inspect(u.body, &c)
	r.Chunk = c
	return r, nil
}

// BenchmarkHandle is the whole of a request inside the server, sockets left out: reading, classifying, deciding,
// dispatching to an upstream that answers at once, and answering.
func BenchmarkHandle(b *testing.B) {
	u := &ready{[]byte(`{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hello."},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}`)}
	r := serve(b, setup{upstreams: everywhere(u)})
	body := []byte(ask("Write a SQL query for the three best customers of each month, and explain it."))
	one := func(ctx *fasthttp.RequestCtx) {
		ctx.Request.Reset()
		ctx.Response.Reset()
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.SetRequestURI("/v1/chat/completions")
		ctx.Request.Header.SetContentType(jsonType)
		ctx.Request.SetBodyRaw(body)
		r.handle(ctx, true, true)
		if ctx.Response.StatusCode() != 200 {
			b.Errorf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
		}
	}
	var first fasthttp.RequestCtx
	first.Init(&fasthttp.Request{}, nil, nil)
	for range 100 { // which fill the pools
		one(&first)
	}
	b.ReportAllocs()
	b.ResetTimer()
	stop := cputime.Start(b)
	b.RunParallel(func(pb *testing.PB) {
		var ctx fasthttp.RequestCtx
		ctx.Init(&fasthttp.Request{}, nil, nil)
		for pb.Next() {
			one(&ctx)
		}
	})
	stop(b.N)
}

// BenchmarkProxy is the same over loopback sockets, with the simulated providers in memory behind it.
func BenchmarkProxy(b *testing.B) {
	for _, stream := range []string{"plain", "stream"} {
		b.Run(stream, func(b *testing.B) {
			r := serve(b, setup{})
			body := []byte(ask("hi", `"max_tokens":16,"stream":false`))
			if stream == "stream" {
				body = []byte(ask("hi", `"max_tokens":16,"stream":true`))
			}
			c := &fasthttp.HostClient{Addr: r.Addr().String(), MaxConns: 64, StreamResponseBody: true}
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
				for pb.Next() {
					req.Header.SetMethod("POST")
					req.SetRequestURI("http://localhost/v1/chat/completions")
					req.Header.SetContentType(jsonType)
					req.SetBodyRaw(body)
					if err := c.Do(req, res); err != nil || res.StatusCode() != 200 {
						b.Errorf("%v %d", err, res.StatusCode())
						return
					}
					_, _ = io.Copy(io.Discard, res.BodyStream())
					_ = res.CloseBodyStream()
				}
			})
		})
	}
}

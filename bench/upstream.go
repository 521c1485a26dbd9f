package bench

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Upstream is a provider that thinks about nothing: it answers every chat completion at once with the same words, so that
// what is measured before it is not its own time. With `"stream":true` the answer comes in Chunks events of text, each in a
// write of its own, as a provider's do.
type Upstream struct {
	*bare
}

// Chunks is the number of events with text in an Upstream's stream; the finish, the usage, if asked for, and the end mark follow.
const Chunks = 20

var (
	plainAnswer = []byte(`{"id":"chatcmpl-bench","object":"chat.completion","created":1767614400,"model":"bench","choices":[{"index":0,` +
		`"message":{"role":"assistant","content":"` + strings.TrimSpace(strings.Repeat(word, Chunks)) + `","refusal":null},"logprobs":null,"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}}`)
	streamEvents = events(false)
	usageEvents  = events(true)
)

const word = "word "

// events are the events of a stream, with the usage or without.
func events(usage bool) (all [][]byte) {
	chunk := func(choices, rest string) {
		all = append(all, fmt.Appendf(nil, `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767614400,"model":"bench","choices":[%s]%s}`+"\n\n", choices, rest))
	}
	for i := range Chunks {
		role := ""
		if i == 0 {
			role = `"role":"assistant",`
		}
		chunk(`{"index":0,"delta":{`+role+`"content":"`+word+`"},"logprobs":null,"finish_reason":null}`, "")
	}
	chunk(`{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}`, "")
	if usage {
		chunk("", `,"usage":{"prompt_tokens":40,"completion_tokens":20,"total_tokens":60}`)
	}
	return append(all, []byte("data: [DONE]\n\n"))
}

// Pace is how slow an Upstream is. The zero value is as fast as it can be.
type Pace struct {
	Delay time.Duration // before it answers
	Chunk time.Duration // before each event of a stream
}

// ServeUpstream serves one on a port of loopback. It must be closed.
func ServeUpstream() (*Upstream, error) { return ServeSlowUpstream(Pace{}) }

// ServeSlowUpstream serves one that takes its time, as models do.
func ServeSlowUpstream(pace Pace) (*Upstream, error) {
	b, err := serveBare(func(ctx *fasthttp.RequestCtx) {
		if pace.Delay > 0 {
			time.Sleep(pace.Delay)
		}
		body := ctx.PostBody()
		if !streams(body) {
			ctx.SetContentType("application/json")
			ctx.Response.SetBodyRaw(plainAnswer)
			return
		}
		ctx.SetContentType("text/event-stream")
		r := replays.Get().(*replay)
		r.left, r.pace = streamEvents, pace.Chunk
		if bytes.Contains(body, []byte(`"include_usage":true`)) {
			r.left = usageEvents
		}
		ctx.SetBodyStream(r, -1)
	})
	if err != nil {
		return nil, fmt.Errorf("serve an upstream: %w", err)
	}
	return &Upstream{b}, nil
}

func streams(body []byte) bool { return bytes.Contains(body, []byte(`"stream":true`)) }

// replay gives one event a Read, which fasthttp writes out as one chunk.
type replay struct {
	left [][]byte
	pace time.Duration
}

var replays = sync.Pool{New: func() any { return new(replay) }}

func (r *replay) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		return 0, io.EOF
	}
	if r.pace > 0 {
		time.Sleep(r.pace)
	}
	n := copy(p, r.left[0]) // fasthttp's buffer is larger than any event
	r.left = r.left[1:]
	return n, nil
}

func (r *replay) Close() error {
	replays.Put(r)
	return nil
}

// bare is a fasthttp server on loopback with nothing around it.
type bare struct {
	listener net.Listener
	server   *fasthttp.Server
	ended    chan error
	accepted atomic.Int64
}

func serveBare(handler fasthttp.RequestHandler) (*bare, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &bare{listener: l, ended: make(chan error, 1)}
	b.server = &fasthttp.Server{Handler: handler, NoDefaultServerHeader: true, CloseOnShutdown: true, ConnState: func(_ net.Conn, s fasthttp.ConnState) {
		if s == fasthttp.StateNew {
			b.accepted.Add(1)
		}
	}}
	go func() { b.ended <- b.server.Serve(l) }()
	return b, nil
}

// Addr is its host:port.
func (b *bare) Addr() string { return b.listener.Addr().String() }

// Accepted is how many connections were made to it.
func (b *bare) Accepted() int { return int(b.accepted.Load()) }

// Close stops it when the requests that run have been answered. Connections to it must have been given up before.
func (b *bare) Close() error {
	if err := b.server.Shutdown(); err != nil {
		return err
	}
	return <-b.ended
}

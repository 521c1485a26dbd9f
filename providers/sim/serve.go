package sim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/anthropic"
)

// handle serves each provider's surfaces under its name, whatever version its path has (/openai/v1/chat/completions,
// /google/v1beta/models/M:generateContent), and /PROVIDER/faults to look at and switch its faults.
func (f *Fleet) handle(ctx *fasthttp.RequestCtx) {
	id, path, _ := strings.Cut(strings.TrimPrefix(string(ctx.Path()), "/"), "/")
	p := f.providers[id]
	if p == nil {
		ctx.Error("no simulated provider here; there are: /"+strings.Join(Providers(), "/v1, /")+"/v1\n", fasthttp.StatusNotFound)
		return
	}
	if path == "faults" {
		p.switchFaults(ctx)
		return
	}
	s := p.surfaceAt(path, ctx.IsGet())
	ctx.Response.Header.Set(p.habits.requestID, fmt.Sprintf("sim-%s-%d", p.id, ctx.ID()))
	switch key := keyOf(ctx); {
	case key == "" || strings.Contains(key, "bad"):
		r := s.refusal(p.id, "auth", "")
		if k, ok := refusals[p.id]["no_key"]; ok && key == "" {
			r = k
		}
		p.refuse(ctx, r)
	case s.kind == models:
		p.listModels(ctx, path)
	case s.kind == nowhere || !ctx.IsPost() && !ctx.IsGet() || s.legacy && !ctx.QueryArgs().Has("api-version"):
		ctx.Error(`{"error":{"message":"Invalid URL","type":"invalid_request_error","param":null,"code":null}}`, fasthttp.StatusNotFound)
		ctx.SetContentType("application/json")
	default:
		p.complete(ctx, s)
	}
}

// keyOf is the key, wherever it stands. Any will do; one with "bad" in it is refused, to show what that looks like.
func keyOf(ctx *fasthttp.RequestCtx) string {
	h := &ctx.Request.Header
	if bearer, ok := strings.CutPrefix(string(h.Peek("Authorization")), "Bearer "); ok {
		return bearer
	}
	for _, name := range []string{"X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
		if v := h.Peek(name); len(v) > 0 {
			return string(v)
		}
	}
	return ""
}

func (p *provider) switchFaults(ctx *fasthttp.RequestCtx) {
	if ctx.IsPut() || ctx.IsPost() {
		faults, err := ParseFaults(ctx.QueryArgs())
		if err == nil {
			err = p.fleet.Set(p.id, faults)
		}
		if err != nil {
			ctx.Error(err.Error()+"\n", fasthttp.StatusBadRequest)
			return
		}
	}
	b, _ := json.Marshal(p.faults.Load())
	ctx.SetContentType("application/json")
	ctx.SetBody(append(b, '\n'))
}

func (p *provider) refuse(ctx *fasthttp.RequestCtx, r refusal) {
	ctx.SetStatusCode(r.status)
	ctx.SetContentType("application/json")
	ctx.SetBodyString(r.body)
}

// complete answers a request, unless a fault hits.
func (p *provider) complete(ctx *fasthttp.RequestCtx, s surface) {
	c := chance(p.fleet.o.Seed ^ xxhash.Sum64String(p.id) ^ p.count.Add(1)*0x9e3779b97f4a7c15)
	q, problem := p.read(s, ctx)
	faults := p.faultsNow(&c, s.dialect(), q != nil && q.r.Stream)
	a := answer{p: p, faults: faults, scale: p.fleet.o.Latency * max(faults.Slow, 1)}
	switch {
	case faults.Garbage:
		a.refusal = &refusal{502, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"}
		a.contentType = "text/html"
	case faults.Error != "" && !faults.InBand:
		a.refusal = new(s.refusal(p.id, faults.Error, modelName(q)))
		if a.refusal.status == 200 && s.dialect() == chat.Generate && q != nil && q.r.Stream { // an event like any other
			a.refusal.body, a.contentType = "data: "+a.refusal.body+"\r\n\r\n", "text/event-stream"
		}
	case problem != nil:
		a.refusal = problem
	default:
		a.refuseOrAnswer(q, c)
	}
	a.send(ctx)
}

// read reads a request of any surface.
func (p *provider) read(s surface, ctx *fasthttp.RequestCtx) (*question, *refusal) {
	body := ctx.PostBody()
	if s.kind == native || s.kind == countTokens {
		if s.codec.Dialect() == chat.Messages && p.id == "anthropic" && len(ctx.Request.Header.Peek("Anthropic-Version")) == 0 {
			return nil, s.fault(400, "anthropic-version: header is required")
		}
		return p.readNative(s, body)
	}
	if s.kind == embeddings {
		return &question{s: s, body: body, r: &request{}}, nil
	}
	r, wrong := readRequest(body, s.model)
	if wrong != "" {
		return nil, refused(wrong)
	}
	return &question{s: s, body: body, r: r}, nil
}

// refuseOrAnswer answers a request that could be read, if the provider takes it.
func (a *answer) refuseOrAnswer(q *question, c chance) {
	p := a.p
	if q.s.kind == embeddings {
		a.body, a.refusal = p.embed(q.body)
		return
	}
	m := p.named(q.r.Model)
	switch {
	case m == nil:
		a.refusal = new(q.s.refusal(p.id, "model_not_found", q.r.Model))
		return
	case m.blind && q.r.images():
		a.refusal = q.s.fault(400, "this model does not take images: unknown variant `image_url`, expected `text`")
		return
	}
	if a.refusal = p.check(q, m); a.refusal != nil {
		return
	}
	if q.s.kind == countTokens {
		a.body = countOf(q)
		return
	}
	n := p.answer(m, q.r, q.body, c)
	if q.said != nil {
		a.compose(&q.s, q.r, n, &speaker{p: p, q: q, n: n, c: c})
		return
	}
	a.compose(&q.s, q.r, n, &writer{p: p, r: q.r, n: n, created: time.Now().Unix(), c: c})
}

// countOf is the answer to a call that counts tokens.
func countOf(q *question) []byte {
	n := int64(tokensOf(len(q.body)))
	if q.s.codec.Dialect() == chat.Messages {
		return anthropic.AppendCount(nil, n)
	}
	return append(strconv.AppendInt([]byte(`{"totalTokens":`), n, 10), '}')
}

// refused is a 400 in the OpenAI shape.
func refused(problem string) *refusal {
	return &refusal{400, string(append(append([]byte(`{"error":{"message":`), appendString(nil, problem)...), `,"type":"invalid_request_error","param":null,"code":null}}`...))}
}

func modelName(q *question) string {
	if q == nil {
		return ""
	}
	return q.r.Model
}

// answer is what goes out: a refusal, a body, or a stream; properly, or with the faults of a connection.
type answer struct {
	p           *provider
	faults      Faults
	scale       float64
	refusal     *refusal
	contentType string
	body        []byte
	stream      *script
	before      time.Duration // of the body
}

// voice is how a reply is put on the wire.
type voice interface {
	body(dst []byte) []byte
	stream() *script
	wrong(dst []byte, body string) []byte // an error as an event of a stream
}

// compose makes the body or the stream, with the error in it that faults may ask for.
func (a *answer) compose(s *surface, r *request, n *reply, w voice) {
	wrong := ""
	if a.faults.InBand {
		class := a.faults.Error
		if class == "" {
			class = "server"
		}
		wrong = s.refusal(a.p.id, class, r.Model).body
	}
	if !r.Stream {
		m := n.model
		a.before = m.first + time.Duration(n.count.completion+n.count.reasoning)*m.each
		if a.body = []byte(wrong); wrong == "" {
			a.body = w.body(make([]byte, 0, 1024+2*len(n.text)))
		}
		if a.faults.Malformed {
			a.body = a.body[:len(a.body)/2]
		}
		return
	}
	a.stream = w.stream()
	if a.faults.Malformed {
		a.stream.maim(a.faults.MalformedAfter)
	}
	if wrong != "" {
		n := min(a.faults.InBandAfter, len(a.stream.events)-1)
		a.stream.events = a.stream.events[:n]
		end := 0
		if n > 0 {
			end = a.stream.events[n-1].to
		}
		a.stream.bytes = a.stream.bytes[:end]
		a.stream.add(0, func(dst []byte) []byte { return w.wrong(dst, wrong) })
	}
}

func (a *answer) pause(d time.Duration) (closing bool) {
	return a.p.fleet.wait(time.Duration(float64(d) * a.scale))
}

func (a *answer) send(ctx *fasthttp.RequestCtx) {
	if a.faults.raw() {
		a.sendRaw(ctx)
		return
	}
	for _, h := range a.p.habits.headers {
		ctx.Response.Header.Set(h[0], h[1])
	}
	switch {
	case a.refusal != nil:
		a.p.refuse(ctx, *a.refusal)
		if a.contentType != "" {
			ctx.SetContentType(a.contentType)
		}
		if a.faults.RetryAfter > 0 {
			ctx.Response.Header.Set("Retry-After", a.retryAfter())
		}
	case a.stream != nil:
		ctx.SetContentType("text/event-stream")
		ctx.SetBodyStreamWriter(func(w *bufio.Writer) { a.play(w) })
	default:
		a.pause(a.before)
		ctx.SetContentType("application/json")
		ctx.Response.SetBodyRaw(a.body)
	}
}

func (a *answer) retryAfter() string {
	return strconv.Itoa(int((a.faults.RetryAfter + time.Second - 1) / time.Second))
}

// play writes a stream in its own time. It is flushed where it pauses.
func (a *answer) play(w *bufio.Writer) {
	for _, e := range a.stream.events {
		if a.scale > 0 && e.pause > 0 {
			if w.Flush() != nil || a.pause(e.pause) {
				return
			}
		}
		if _, err := w.Write(a.stream.bytes[e.from:e.to]); err != nil {
			return
		}
	}
	_ = w.Flush()
}

package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// asked is a client's request as far as it is understood.
type asked struct {
	request      *chat.Request
	caller       engine.Caller
	forward      []providers.Header // headers that belong to the dialect
	room         [4]providers.Header
	conversation string
	wait         time.Duration // how long the client says that it waits; 0 = it does not say
}

// ask checks who asks and reads what is asked.
func (c *call) ask() (*asked, *fault) {
	a, f := c.admit()
	if f != nil {
		return nil, f
	}
	start := time.Now()
	r, source, err := c.read(a.caller.Key)
	if err != nil {
		return nil, faultOf(err)
	}
	a.request = r
	if f := a.fields(&c.Request.Header); f != nil {
		r.Release()
		return nil, f
	}
	a.caller.Conversation, a.caller.Reading, a.caller.Timeout, a.caller.Source = a.conversation, time.Since(start), a.wait, source
	if c.record.asked = "auto"; r.Model != "auto" {
		c.record.asked = strings.Clone(r.Model)
	}
	c.record.stream = r.Stream
	return a, nil
}

// admit checks who asks, and whether there is room for one more request.
func (c *call) admit() (*asked, *fault) {
	s := c.s
	key, f := s.caller(c.RequestCtx)
	if f != nil {
		return nil, f
	}
	c.record.key = key
	if f := c.notFromPage(key == nil); f != nil {
		return nil, f
	}
	if !hasType(c.RequestCtx, jsonType) {
		return nil, failure(codeMedia, "the content type is %q: send %s", c.Request.Header.ContentType(), jsonType)
	}
	c.counted = true
	c.keep()
	if s.asking.Add(1) > int64(s.Config.Limits.Concurrency) {
		f := failure(codeBusy, "%d requests are being answered, which is as many as limits.concurrency allows", s.Config.Limits.Concurrency)
		f.after = time.Second
		return nil, f
	}
	if s.memory.over(0) {
		f := failure(codeMemory, "the server's memory is at its limit (limits.memory)")
		f.after = time.Second
		return nil, f
	}
	a := &c.asked
	a.caller.Key, a.forward = key, a.room[:0]
	for k, v := range c.Request.Header.All() {
		switch view(k) {
		case "Traceparent", "Tracestate", "Openai-Beta", "Anthropic-Version", "Anthropic-Beta": // engine.DialectHeaders
			a.forward = append(a.forward, providers.Header{Name: string(k), Value: string(v)})
		}
	}
	return a, nil
}

// notFromPage keeps pages of other sites from spending money on a server that asks for no key. Browsers send Origin with
// every POST; other clients send none.
func (c *call) notFromPage(open bool) *fault {
	origin := string(c.Request.Header.Peek("Origin"))
	if !open || origin == "" {
		return nil
	}
	if _, host, ok := strings.Cut(origin, "://"); ok && c.s.ownHost(host) {
		return nil
	}
	return failure(codeOrigin, "pages of %q may not call this server: create an API key, and send it", origin)
}

const fieldHeader = "X-Routor-"

// fields takes the X-Routor-* fields, the conversation and the client's own time limit.
func (a *asked) fields(h *fasthttp.RequestHeader) *fault {
	for k, v := range h.All() {
		switch name := view(k); {
		case strings.HasSuffix(name, "-Timeout"):
			if d := waits(name, view(v), a.request.Stream); d > 0 && (a.wait == 0 || d < a.wait) {
				a.wait = d
			}
		case name == "X-Routor-Conversation":
			a.conversation = string(v)
		case strings.HasPrefix(name, fieldHeader):
			if err := a.request.Routor.Set(name[len(fieldHeader):], string(v)); err != nil {
				f := failure(engine.CodeInvalidField, "header %s: %v", name, err)
				f.param = string(k)
				return f
			}
		}
	}
	if err := a.request.Routor.Check(); err != nil {
		f := failure(engine.CodeBoundsConflict, "%v", err)
		f.param, _, _ = strings.Cut(err.Error(), ":")
		return f
	}
	return nil
}

// completions answers POST /v1/chat/completions, /v1/messages and /v1/responses.
func (c *call) completions() *fault {
	a, f := c.ask()
	if f != nil {
		return f
	}
	a.caller.Record = c.kept
	rt, err := c.s.Engine.Route(a.request, a.caller)
	if err != nil {
		a.request.Release()
		return faultOf(err)
	}
	if f := c.reserve(rt, a.caller.Key); f != nil {
		c.record.decided(rt.Decision)
		rt.Decline()
		a.request.Release()
		return f
	}
	x := &c.exchange
	x.call, x.request = c, a.request
	c.s.watch.add(&x.watched, c.Conn())
	defer func() {
		if !c.later {
			x.close()
		}
	}()
	x.answer = c.s.Engine.Dispatch(&x.watched.life, rt, a.forward)
	c.headers(x.answer)
	h := &c.Response.Header
	switch {
	case x.answer.Failure != nil:
		c.failed(x.answer.Failure)
	case x.answer.Stream != nil:
		c.later = true
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Accel-Buffering", "no") // nginx would collect events
		c.SetContentType("text/event-stream; charset=utf-8")
		c.SetStatusCode(x.answer.Status)
		c.Response.SetBodyStream(x, -1)
	default:
		c.SetContentType(jsonType)
		c.SetStatusCode(x.answer.Status)
		c.SetBody(x.answer.Body)
	}
	return nil
}

// failed answers with what became of the upstream calls.
func (c *call) failed(f *engine.Failure) {
	known := byCode[f.Code]
	kind := Failure{Code: f.Code, Type: f.Type, Status: f.Status}
	if known != nil && kind.Type == "" {
		kind.Type = known.Type
	}
	c.fail(&fault{Failure: &kind, message: f.Message, param: f.Param, after: f.RetryAfter, tried: f.Tried})
	if hopeless(f.Tried) {
		c.Response.Header.Set("X-Should-Retry", "false")
	} else if f.RetryAfter > 0 { // SDKs look at this first: a limit of requests a second is over in less
		c.Response.Header.Set("Retry-After-Ms", strconv.FormatInt(max(f.RetryAfter.Milliseconds(), 1), 10))
	}
}

// decide answers POST /v1/route: the decision alone, explained.
func (c *call) decide() *fault {
	a, f := c.ask()
	if f != nil {
		return f
	}
	defer a.request.Release()
	rt, err := c.s.Engine.Route(a.request, a.caller)
	if err != nil {
		return faultOf(err)
	}
	defer rt.Release()
	d := rt.Decision
	if c.s.Config.ResponseHeaders {
		var room [8]providers.Header
		h := room[:0]
		if best := d.Best(); best != nil {
			h = append(h, providers.Header{Name: "X-Routor-Model", Value: best.Deployment.Model.ID})
		}
		c.setHeaders(d.Headers(h))
	}
	c.record.decided(d)
	c.SetContentType(jsonType)
	c.SetBody(append(d.AppendJSON(c.Response.Body()[:0:0]), '\n'))
	return nil
}

// headers sets the X-Routor-* headers and the provider's rate limits.
func (c *call) headers(a *engine.Answer) {
	if c.s.Config.ResponseHeaders {
		var room [8]providers.Header
		c.setHeaders(a.Headers(room[:0]))
	}
	if a.Header == nil {
		return
	}
	for k, v := range a.Header.All() {
		if name := view(k); isLimit(name) {
			c.Response.Header.Set("X-Upstream-"+strings.TrimPrefix(name, "X-"), string(v))
		}
	}
}

func (c *call) setHeaders(headers []providers.Header) {
	for _, h := range headers {
		c.Response.Header.Set(h.Name, h.Value)
	}
}

// isLimit says whether a provider's header tells of its limits, or which exchange it was.
func isLimit(name string) bool {
	for _, word := range [...]string{"ratelimit-", "retry-after", "request-id"} {
		for i := 0; i+len(word) <= len(name); i++ {
			if strings.EqualFold(name[i:i+len(word)], word) {
				return true
			}
		}
	}
	return false
}

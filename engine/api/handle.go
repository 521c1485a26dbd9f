package api

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/ledger"
)

// call is one HTTP request on its way through.
type call struct {
	*fasthttp.RequestCtx
	s        *Server
	id       string
	start    time.Time
	route    string // for metrics: one of a closed set
	record   record
	kept     *ledger.Record // what the ledger gets; nil = it gets nothing
	later    bool           // a stream goes on after the handler: its Close ends the call
	held     int            // bytes of the body
	counted  bool           // among those that limits.concurrency counts
	asked    asked
	exchange exchange
	dialect  chat.Dialect // of the endpoint; "" = chat completions, or none
	who      *identity    // who makes an admin call
	hold     access.Hold  // what it has reserved of its caller's limits
}

var calls = sync.Pool{New: func() any { return new(call) }}

// handle answers a request. clients and private say which endpoints the listener has.
func (s *Server) handle(ctx *fasthttp.RequestCtx, clients, private bool) {
	c := calls.Get().(*call)
	c.RequestCtx, c.s, c.id, c.start = ctx, s, requestID(&ctx.Request.Header), time.Now()
	c.record.start = c.start
	s.running.Add(1)
	s.memory.settle(&ctx.Request.Header)
	c.held = len(ctx.Request.Body())
	s.memory.hold(c.held)
	ctx.Response.Header.Set(requestIDHeader, c.id)
	if s.draining.Load() { // whoever keeps the connection would find it closed with the next request
		ctx.SetConnectionClose()
	}
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p, c.id)
			c.later = false
			ctx.Response.ResetBody()
			c.fail(failure(codeInternal, "something went wrong inside Routor; report it with the request id %s", c.id))
		}
		if !c.later {
			c.end()
		}
	}()
	if f := c.dispatch(clients, private); f != nil {
		c.fail(f)
	}
}

// end counts and logs a call whose answer is known. Nothing of it may be used afterwards.
func (c *call) end() {
	status := c.Response.StatusCode()
	r := &c.record
	r.start, r.took, r.id, r.status = c.start, time.Since(c.start), c.id, status
	c.s.running.Add(-1)
	c.s.memory.free(c.held)
	if c.counted {
		c.s.asking.Add(-1)
	}
	c.s.metrics.answered(c.route, status, r.took)
	c.settle()
	letGo(c.RequestCtx)
	switch c.route {
	case "chat", "messages", "responses":
		c.s.recent.put(r)
	}
	if c.s.Config.AccessLog {
		r.remote, r.method, r.path = c.RemoteAddr().String(), string(c.Method()), string(c.Path())
		c.s.log.write(r)
	}
	*c = call{}
	calls.Put(c)
}

// fail answers with an error.
func (c *call) fail(f *fault) {
	c.record.code = f.Code
	writeFault(c.RequestCtx, f)
	if pointless(c.Response.StatusCode(), f.Code) {
		c.Response.Header.Set("X-Should-Retry", "false")
	}
	if c.dialect != "" {
		c.SetBody(c.faultBody(f))
	}
}

func (s *Server) panicked(p any, id string) {
	s.Engine.Metrics.Panics.Inc()
	fmt.Fprintf(s.ErrorLog, "panic in request %s: %v\n%s", id, p, debug.Stack())
}

// dispatch finds the endpoint.
func (c *call) dispatch(clients, private bool) *fault {
	path := view(c.Path())
	if clients {
		switch {
		case path == "/v1/chat/completions":
			return c.at("chat", "POST", c.completions)
		case path == "/v1/messages":
			c.dialect = chat.Messages
			return c.at("messages", "POST", c.completions)
		case path == "/v1/messages/count_tokens":
			c.dialect = chat.Messages
			return c.at("count_tokens", "POST", c.countTokens)
		case path == "/v1/responses":
			c.dialect = chat.Responses
			return c.at("responses", "POST", c.completions)
		case path == "/v1/embeddings":
			return c.at("embeddings", "POST", c.embeddings)
		case path == "/v1/route":
			return c.at("route", "POST", c.decide)
		case path == "/v1/feedback":
			return c.at("feedback", "POST", c.judge)
		case path == "/v1/key":
			return c.at("key", "GET", c.holder)
		case path == "/v1/models":
			return c.at("models", "GET", c.models)
		case strings.HasPrefix(path, "/v1/models/"):
			return c.at("models", "GET", func() *fault { return c.model(path[len("/v1/models/"):]) })
		}
	}
	switch path {
	case "/healthz":
		return c.at("healthz", "GET", c.healthz)
	case "/readyz":
		return c.at("readyz", "GET", c.readyz)
	}
	if private {
		switch {
		case path == "/metrics":
			return c.at("metrics", "GET", c.prometheus)
		case path == "/admin" || strings.HasPrefix(path, "/admin/"):
			c.route = "admin"
			return c.admin(strings.TrimPrefix(strings.TrimPrefix(path, "/admin"), "/"))
		case !strings.HasPrefix(path, "/v1/"):
			return c.at("pages", "GET", func() *fault { return c.page(path) })
		}
	}
	c.route = "other"
	return failure(codeNotFound, "there is nothing at %s", path)
}

// at answers with an endpoint that takes one method; GET ones take HEAD too.
func (c *call) at(route, method string, answer func() *fault) *fault {
	c.route = route
	if given := string(c.Method()); given != method && !(method == "GET" && given == "HEAD") {
		return c.wrongMethod(method)
	}
	return answer()
}

func (c *call) wrongMethod(allowed string) *fault {
	c.Response.Header.Set("Allow", allowed)
	return failure(codeMethod, "%s takes %s, not %s", c.Path(), allowed, c.Method())
}

// unreadable answers what could not be read as a request.
func (s *Server) unreadable(ctx *fasthttp.RequestCtx, err error) {
	var small *fasthttp.ErrSmallBuffer
	var network net.Error
	f := failure(codeBadHeader, "the request could not be read")
	switch {
	case s.memory.settle(&ctx.Request.Header):
		f = failure(codeMemory, "the server's memory is at its limit (limits.memory)")
		f.after = time.Second
		swallow(ctx)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		f = failure(codeTooLarge, "the body is larger than %s", s.Config.Limits.Body)
		swallow(ctx)
	case errors.As(err, &small):
		f.status, f.message = fasthttp.StatusRequestHeaderFieldsTooLarge, "the request's headers are too large"
	case errors.As(err, &network) && network.Timeout():
		f = failure(codeTimeout, "the request did not arrive within %s", s.ReadTimeout)
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.message = "the request ended before its body was complete"
	}
	ctx.Response.Header.Set(requestIDHeader, requestID(&ctx.Request.Header))
	writeFault(ctx, f)
	s.metrics.answered("other", ctx.Response.StatusCode(), 0)
}

// swallow takes what a client is still sending, within bounds: a connection that is closed with unread data in it is
// reset, and the client would see that in place of the answer.
func swallow(ctx *fasthttp.RequestCtx) {
	const most, pause, whole = 128 << 20, 200 * time.Millisecond, 5 * time.Second
	conn := ctx.Conn()
	buf := make([]byte, 64<<10)
	end := time.Now().Add(whole)
	for n := 0; n < most && time.Now().Before(end); {
		if conn.SetReadDeadline(time.Now().Add(pause)) != nil {
			return
		}
		k, err := conn.Read(buf)
		if n += k; err != nil {
			return
		}
	}
}

// view is b as a string without a copy, for as long as b stays.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

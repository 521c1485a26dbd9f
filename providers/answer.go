package providers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/chat"
)

// Answer is a provider's answer to a call. Everything in it is valid until Close.
type Answer struct {
	Status    int
	Header    *fasthttp.ResponseHeader
	Body      []byte     // of a plain answer
	Chunk     chat.Chunk // what a plain answer is: its usage, why it ended
	Stream    *Stream    // of a streamed one, else nil
	RequestID string     // the provider's own id of the exchange, "" = it gave none

	c        *Connection
	call     *Call
	speaks   chat.Dialect
	cred     *credential
	link     *link // nil once given back
	timeouts Timeouts
	req      fasthttp.Request
	resp     fasthttp.Response
	stream   Stream
	sent     bool
	cut      bool // the request was not sent to its end
}

var answers = sync.Pool{New: func() any { return new(Answer) }}

func acquireAnswer(c *Connection, call *Call, cred *credential) *Answer {
	a := answers.Get().(*Answer)
	a.c, a.call, a.cred = c, call, cred
	cred.load.Add(1)
	return a
}

// Cancel ends the call from any goroutine, but not after Close. It is the Call's own Cancel, which has no such limit.
func (a *Answer) Cancel() { a.call.Cancel() }

// Close ends the answer and gives its connection back: to the pool if the answer was read to its end.
func (a *Answer) Close() {
	if a.link != nil {
		a.stream.drain()
		a.giveBack()
	}
	a.call.holds(nil, nil)
	a.cred.load.Add(-1)
	a.req.Reset()
	a.resp.Reset()
	a.stream.release()
	a.Status, a.Header, a.Body, a.Stream, a.RequestID, a.Chunk = 0, nil, nil, nil, "", chat.Chunk{}
	a.c, a.call, a.cred, a.sent, a.cut = nil, nil, nil, false, false
	answers.Put(a)
}

// giveBack returns the link: to the pool if it stands exactly behind the answer.
func (a *Answer) giveBack() {
	l := a.link
	a.link = nil
	a.call.holds(nil, nil)
	if a.stream.whole && !a.cut && !a.resp.ConnectionClose() && l.r.Buffered() == 0 && !a.call.isCanceled() {
		l.stays(a.resp.Header.Peek("Keep-Alive"))
		a.c.pool.put(l)
	} else {
		a.c.pool.drop(l)
	}
}

// write makes the request.
func (a *Answer) write(method, target string) {
	h := &a.req.Header
	h.DisableNormalizing()
	h.SetMethod(method)
	h.SetHost(a.c.base.Host)
	h.SetRequestURI(target)
	h.SetUserAgent(a.c.o.UserAgent)
	for _, own := range a.c.dialect.headers {
		if !slices.ContainsFunc(a.call.Header, func(h Header) bool { return strings.EqualFold(h.Name, own.Name) }) {
			h.Set(own.Name, own.Value)
		}
	}
	for _, own := range a.call.Header {
		if !ownHeader(own.Name) {
			h.Set(own.Name, own.Value)
		}
	}
	for _, own := range a.c.o.Headers {
		h.Set(own.Name, own.Value)
	}
	if a.cred.Name != "" {
		h.Set(a.cred.Name, a.cred.Value)
	}
	h.Set("Accept-Encoding", "identity")
	if a.call.Stream {
		h.Set("Accept", "text/event-stream")
	} else {
		h.Set("Accept", "application/json")
	}
	if method == fasthttp.MethodPost {
		h.SetContentType("application/json")
		a.req.SetBodyRaw(a.call.Body)
	}
}

// run sends the request over the link and reads the answer: all of it, or a stream's head.
func (a *Answer) run(start time.Time) *Error {
	l := a.link
	if err := l.begin(start, a.timeouts, a.call.Stream); err != nil {
		return a.broken(err)
	}
	a.sent = true
	unsent := l.send(&a.req)
	// Who refuses a large body may answer and close before having read it: what was said still counts.
	a.resp.StreamBody, a.cut = a.call.Stream, unsent != nil
	l.r.Reset(l)
	err := a.resp.ReadLimitBody(l.r, a.c.o.MaxBody)
	if small := (*fasthttp.ErrSmallBuffer)(nil); err != nil && errors.As(err, &small) && l.grow() {
		err = a.resp.ReadLimitBody(l.r, a.c.o.MaxBody)
	}
	if err != nil {
		return a.broken(first(unsent, err))
	}
	a.Status, a.Header = a.resp.StatusCode(), &a.resp.Header
	a.RequestID = requestID(a.Header)
	if a.call.Stream {
		a.stream.begin(a)
		if a.Status/100 == 2 && !bytes.Contains(a.Header.ContentType(), []byte("json")) {
			a.Stream = &a.stream
			return a.encoding()
		}
		// An error, or a plain answer to who asked for a stream: it is read like one.
		if a.Body, err = a.stream.all(a.c.o.MaxBody); err != nil {
			return a.broken(err)
		}
	} else {
		a.stream.whole = true
		a.Body = a.resp.Body()
	}
	if e := a.encoding(); e != nil {
		return e
	}
	switch {
	case a.Status/100 == 3:
		// Following it would take the key to another host.
		to := "another address"
		if u, err := url.Parse(string(a.Header.Peek("Location"))); err == nil && u.Host != "" {
			to = u.Scheme + "://" + u.Host
		}
		return a.fail(Server, fmt.Sprintf("redirected to %s, which is not followed; is base_url right?", to), nil)
	case a.Status/100 != 2:
		return a.refused(a.Body)
	case a.call.Stream:
		if e := a.understand(); e != nil {
			return e
		}
		return a.fail(InBand, "answered a request for a stream with a plain body", nil)
	}
	return nil
}

// encoding refuses what nobody asked for: bytes that are compressed cannot be understood, let alone spliced.
func (a *Answer) encoding() *Error {
	if e := a.Header.ContentEncoding(); len(e) > 0 && string(e) != "identity" {
		return a.fail(InBand, fmt.Sprintf("answered in encoding %q, though identity was asked for", e), nil)
	}
	return nil
}

// understand finds the errors that come with a status of success.
func (a *Answer) understand() *Error {
	inspect(a.speaks, nil, a.Body, &a.Chunk)
	switch {
	case a.Chunk.Error || a.Chunk.Invalid:
		e := a.refused(a.Body)
		a.c.noteError(a.cred.key, e)
		return e
	case a.Chunk.Choices <= 0 && a.speaks == chat.Completions:
		return a.fail(InBand, "answered without choices", nil)
	}
	return nil
}

// refused is the error that a body tells.
func (a *Answer) refused(body []byte) *Error {
	e := classify(a.c.o.Provider.ID, a.Status, a.Header, body, time.Now())
	e.Provider, e.Sent = a.c.o.Provider.ID, true
	e.Message = a.cred.scrub(e.Message)
	return e
}

// broken is the error of a connection that failed.
func (a *Answer) broken(err error) *Error {
	var e *Error
	switch {
	case a.call.isCanceled():
		e = a.fail(Canceled, "", context.Canceled)
	case isTimeout(err):
		e = a.fail(Timeout, a.link.why(a.timeouts), err)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		e = a.fail(Server, fmt.Sprintf("the answer is larger than %d bytes", a.c.o.MaxBody), err)
	case !a.link.got && a.link.reused:
		e = a.fail(Network, "a kept connection was closed before any byte of the answer", err)
		e.Fresh = true
	default:
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		e = a.fail(Network, "the connection broke: "+err.Error(), err)
	}
	return e
}

func (a *Answer) fail(class Class, message string, err error) *Error {
	if message == "" && err != nil {
		message = err.Error()
	}
	return &Error{Class: class, Provider: a.c.o.Provider.ID, Status: a.Status, Message: a.cred.scrub(message), Sent: a.sent, Err: err}
}

var requestIDs = []string{"X-Request-Id", "Request-Id", "Apim-Request-Id", "Nvcf-Reqid"}

func requestID(h *fasthttp.ResponseHeader) string {
	for _, name := range requestIDs {
		if id := h.Peek(name); len(id) > 0 {
			return string(id)
		}
	}
	return ""
}

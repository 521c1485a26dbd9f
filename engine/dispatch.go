package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// Attempt is one upstream call of a request.
type Attempt struct {
	Candidate  *Candidate
	Class      providers.Class // of the error; "" = it was answered
	Status     int
	Message    string
	Took       time.Duration // until it failed, or until the answer's first text
	Sent       bool          // may have been billed
	Usage      chat.Usage
	Cost       catalog.Money // of what may have been billed; 0 = nothing, or unknown
	CostSource string        // provider, usage or estimate; "" = there is no cost
	RequestID  string        // the provider's own
	RetryAfter time.Duration
	Seam       int // it went on after so many bytes of text of the attempt before; 0 = it began

	move      move // what the error's class says to do next
	otherKeys bool // its provider has another key, which is well
}

// Failure is why a request got no answer, or not the whole of one.
type Failure struct {
	Status                     int
	Code, Type, Message, Param string
	RetryAfter                 time.Duration
	Tried                      []Tried // who was asked or passed over, and why that was no answer
}

func (f *Failure) Error() string { return f.Message }

// exchange is one request on its way down the chain.
type exchange struct {
	e       *Engine
	rt      *Routed
	ctx     *Life
	header  []providers.Header
	start   time.Time
	pos     int // next in the chain
	current *Candidate
	began   time.Time // of the current call
	way     way
	sent    sent   // what the current candidate was sent
	prefix  string // what has been said, to be gone on with; "" = the answer begins with its beginning

	unfit    []unfit  // candidates that could not be asked at all
	strictly []string // the parameters that the last of them would have lost, in a strict profile

	Attempts []Attempt
	// refusal is the first answer that called the request bad; the next one that does ends the search.
	refusal   *providers.Error
	refusedBy *Candidate
	// tooLong is the largest context window that was too small; 0 = none was.
	tooLong int
	// dead are the providers whose account failed in this request.
	dead []string
}

// unfit is a candidate that could not be told the request.
type unfit struct {
	candidate *Candidate
	why       string
}

func (x *exchange) isUnfit(c *Candidate) bool {
	return slices.ContainsFunc(x.unfit, func(u unfit) bool { return u.candidate == c })
}

// unable is the failure of a request that no candidate could be told; nil = one could.
func (x *exchange) unable() *Failure {
	if len(x.Attempts) > 0 || len(x.unfit) == 0 {
		return nil
	}
	u := &x.unfit[len(x.unfit)-1]
	if x.strictly != nil {
		return &Failure{Status: 400, Code: CodeUnsupported, Type: "invalid_request_error", Param: x.strictly[0], Message: fmt.Sprintf(
			"%s takes no %s, and the profile is strict: leave it out, or name a model that takes it", u.candidate.Deployment.ID, strings.Join(x.strictly, ", "))}
	}
	return &Failure{Status: 422, Code: CodeNotCapable, Type: "invalid_request_error", Message: fmt.Sprintf("%s can't do this request: it %s", u.candidate.Deployment.ID, u.why)}
}

// next asks candidates down the chain until one answers with success; false = there is none left, and the failure says why.
func (x *exchange) next() (Reply, *Failure) {
	for {
		c := x.candidate()
		if c == nil {
			return Reply{}, x.gaveUp()
		}
		if why := x.write(c); why != "" {
			x.way.ticket.leave()
			if x.isUnfit(c) {
				return Reply{}, x.gaveUp()
			}
			x.unfit = append(x.unfit, unfit{c, why})
			continue
		}
		if len(x.Attempts) > 0 {
			x.e.Metrics.failedOver(x.Attempts[len(x.Attempts)-1].Class)
		}
		reply, err := x.ask(c)
		if err == nil {
			return reply, nil
		}
		if f := x.failed(err); f != nil {
			return Reply{}, f
		}
	}
}

// candidate is the next one worth asking, nil = none is left.
func (x *exchange) candidate() *Candidate {
	d := x.rt.Decision
	if len(x.Attempts) >= x.e.Limits.Attempts {
		return nil
	}
	if c := x.sameAgain(); c != nil {
		return c
	}
	for ; x.pos < len(d.Chain); x.pos++ {
		c := &d.Candidates[d.Chain[x.pos]]
		m := c.Deployment.Model
		switch {
		case x.e.upstreams[c.Deployment.Provider] == nil, x.isDead(c.Deployment.Provider):
		case x.tooLong > 0 && m.Context > 0 && m.Context <= x.tooLong:
		case x.refusal != nil && x.sameVendor(c, x.refusedBy):
			// A second opinion on a refused request is worth something only from another vendor.
		default:
			if !x.admit(c) {
				continue
			}
			x.pos++
			return c
		}
	}
	return x.resort()
}

// sameVendor is whether two candidates would judge a request alike: one provider, or, where the models were not named, one
// maker.
func (x *exchange) sameVendor(a, b *Candidate) bool {
	return a.Deployment.Provider == b.Deployment.Provider ||
		x.rt.Decision.Method != MethodDirect && a.Deployment.Model.Maker == b.Deployment.Model.Maker
}

func (x *exchange) isDead(provider string) bool {
	for _, p := range x.dead {
		if p == provider {
			return true
		}
	}
	return false
}

// drops is whether a candidate's request goes without the client's reasoning_effort.
func (x *exchange) drops(c *Candidate) bool {
	return drops(x.rt.Request, c.Deployment.Model, x.rt.Decision.Method == MethodDirect)
}

// ask sends the request to a candidate.
func (x *exchange) ask(c *Candidate) (Reply, *providers.Error) {
	x.current, x.began = c, time.Now()
	call := &providers.Call{
		Deployment: x.rt.Snapshot.options[c.Deployment.Index].call, Surface: x.sent.surface, Body: x.rt.body, Stream: x.rt.Request.Stream,
		Timeouts: x.timeouts(c), Header: x.headersFor(),
	}
	return x.e.upstreams[c.Deployment.Provider].Do(x.ctx, call)
}

// failed takes in the failure of the current call. A Failure ends the request; nil = go on down the chain.
func (x *exchange) failed(err *providers.Error) *Failure {
	c, now := x.current, time.Now()
	x.way.ticket.leave()
	x.Attempts = append(x.Attempts, Attempt{
		Candidate: c, Class: err.Class, Status: err.Status, Message: err.Message, Took: now.Sub(x.began), Sent: err.Sent, RetryAfter: err.RetryAfter,
		move: actionFor(err).move, otherKeys: err.OtherKeys,
	})
	if mayBill(err) {
		x.reckon(&x.Attempts[len(x.Attempts)-1], chat.Usage{}, 0)
	}
	x.e.Metrics.attempted(c.Deployment.Provider, err.Class)
	if err.Class == providers.Canceled || x.ctx.Err() != nil {
		if err.Class != providers.Canceled && x.ctx.Cause() == context.DeadlineExceeded {
			x.e.Monitor.Failed(c.Deployment, err, now)
		}
		return x.stopped()
	}
	x.e.Monitor.Failed(c.Deployment, err, now)
	switch err.Class {
	case providers.Auth, providers.Quota:
		if err.Status != 403 && !err.OtherKeys {
			x.dead = append(x.dead, c.Deployment.Provider)
		}
	case providers.ContextTooLong:
		x.tooLong = max(x.tooLong, c.Deployment.Model.Context, 1)
	case providers.ContentFiltered:
		if x.goesOn(err) {
			break
		}
		return &Failure{Status: 400, Code: CodeContentFiltered, Type: "invalid_request_error", Message: said(err)}
	case providers.BadRequest:
		x.e.Metrics.refusedAsBad(c.Deployment.Model.ID, err.Param)
		if x.refusal != nil {
			return refusedBy(x.refusal)
		}
		x.refusal, x.refusedBy = err, c
	}
	if f := &x.rt.Request.Facts; err.Sent && err.Status/100 != 4 && f.HostedTools > 0 {
		// It may have acted already, as it did not refuse: hosted tools are not run twice.
		return &Failure{Status: 502, Code: CodeUpstreamFailed, Type: "server_error", Message: said(err) + " (not repeated, because hosted tools may have run)"}
	}
	return nil
}

// ErrShutdown is the cause with which a server cancels a request that has not ended within the grace of its shutdown.
var ErrShutdown = errors.New("the server is shutting down")

// stopped is the failure of a request that ran out of time, whose client went away, or whose server did.
func (x *exchange) stopped() *Failure {
	switch x.ctx.Cause() {
	case ErrShutdown:
		return &Failure{Status: 503, Code: CodeShutdown, Type: "server_error", Message: "the server is shutting down: ask again", RetryAfter: time.Second}
	case context.DeadlineExceeded:
		return &Failure{Status: 504, Code: CodeDeadline, Type: "server_error", Message: fmt.Sprintf(
			"no answer within %s, after %d attempts", x.e.deadline(x.rt), len(x.Attempts))}
	}
	return &Failure{Status: 499, Code: CodeClientGone, Type: "server_error", Message: "the client went away"}
}

// exhausted is the failure of a request whose chain has ended: what the client can mend first, then what it can wait for.
func (x *exchange) exhausted() *Failure {
	if x.refusal != nil {
		return refusedBy(x.refusal)
	}
	if len(x.Attempts) == 0 {
		return &Failure{Status: 503, Code: CodeNotConnected, Type: "server_error", Message: "no candidate of the chain is connected"}
	}
	limited, least, wait := true, time.Duration(0), time.Duration(0)
	for i := range x.Attempts {
		a := &x.Attempts[i]
		switch a.Class {
		case providers.RateLimited, providers.Overloaded:
			least = time.Second
		case providers.Quota:
		default:
			limited = false
		}
		if a.RetryAfter > 0 && (wait == 0 || a.RetryAfter < wait) {
			wait = a.RetryAfter
		}
	}
	last := &x.Attempts[len(x.Attempts)-1]
	told := fmt.Sprintf("%s: %s", last.Candidate.Deployment.ID, last.Class)
	if last.Message != "" {
		told += ": " + last.Message
	}
	switch {
	case x.tooLong > 0 && last.Class == providers.ContextTooLong:
		return &Failure{Status: 400, Code: "context_length_exceeded", Type: "invalid_request_error", Param: "messages", Message: told}
	case x.rt.Decision.Method == MethodDirect && x.allMissing():
		return &Failure{Status: 404, Code: CodeModelNotFound, Type: "invalid_request_error", Param: "model", Message: told}
	case limited:
		return &Failure{Status: 429, Code: "rate_limit_exceeded", Type: "rate_limit_error", RetryAfter: max(wait, least), Message: x.whoFailed("is at its limit", "are at their limits") + told}
	}
	return &Failure{Status: 502, Code: CodeUpstreamFailed, Type: "server_error", RetryAfter: wait, Message: x.whoFailed("failed", "failed") + told}
}

// allMissing is whether everybody who serves the model says that there is none of its name.
func (x *exchange) allMissing() bool {
	return !slices.ContainsFunc(x.tried(), func(t Tried) bool { return t.Class != string(providers.ModelNotFound) })
}

// refusedBy is the failure that passes a provider's refusal on.
func refusedBy(e *providers.Error) *Failure {
	status := e.Status
	if status < 400 || status >= 500 {
		status = 400
	}
	code := e.Code
	if code == "" {
		code = "bad_request"
	}
	return &Failure{Status: status, Code: code, Type: "invalid_request_error", Param: e.Param, Message: said(e)}
}

func said(e *providers.Error) string {
	if e.Message == "" {
		return e.Provider + ": " + string(e.Class)
	}
	return e.Provider + ": " + e.Message
}

// succeeded notes the attempt that is being answered, after that long to its first text.
func (x *exchange) succeeded(reply *Reply) {
	took := time.Since(x.began)
	x.Attempts = append(x.Attempts, Attempt{Candidate: x.current, Status: reply.Status, Took: took, Sent: true, RequestID: reply.RequestID})
	x.e.Metrics.attempted(x.current.Deployment.Provider, "")
	first := 0.
	if reply.Events != nil {
		first = took.Seconds()
		x.e.Metrics.provider(x.current.Deployment.Provider).firstToken.Update(first)
	}
	x.e.Monitor.Succeeded(x.current.Deployment, took, reply.Events != nil, x.began)
}

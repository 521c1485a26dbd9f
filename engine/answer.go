package engine

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// Answer is what a client gets for a routed request: a body, a stream, or a failure. It must be closed, after the last byte
// was taken; everything in it is valid until then.
type Answer struct {
	Status  int
	Header  *fasthttp.ResponseHeader // of the provider's answer; nil = none yet
	Body    []byte                   // of a plain answer, with the routor object in it
	Stream  *AnswerStream            // nil = a plain answer or a failure
	Failure *Failure                 // nil = an answer
	exchange

	reply     *Reply
	replied   Reply      // where a plain answer's reply is
	room      [1]Attempt // where Attempts are, as long as the first one is the only one
	outcome   outcome
	cost      catalog.Money // of all attempts
	baseline  catalog.Money // of the same tokens at the policy's baseline; 0 = unknown
	known     bool          // the provider told its usage
	seen      Seen          // what was wrong with it
	spent     access.Need
	closeOnce sync.Once
}

// Dispatch sends a routed request down its chain and gives the answer; it takes rt over. Cancelling ctx ends the upstream
// call at once, before the first token too. header are the client's own that belong to the dialect.
//
// A plain answer and a failure come back whole. A stream comes back as soon as it is committed, failed, or silent for
// Limits.Silence; in the last case failover goes on while the client reads comments.
func (e *Engine) Dispatch(ctx context.Context, rt *Routed, header []providers.Header) *Answer {
	a := &Answer{}
	a.e, a.rt, a.header, a.start, a.Attempts = e, rt, header, time.Now(), a.room[:0]
	a.ctx = lifeOf(ctx)
	a.ctx.until(a.start.Add(e.deadline(rt)))
	e.Metrics.inFlight.Inc()
	defer func() {
		if p := recover(); p != nil {
			a.outcome = failed
			a.Close() // nobody else will: the caller gets no answer to close
			panic(p)
		}
	}()
	if rt.Request.Stream {
		a.stream()
	} else {
		a.plain()
	}
	return a
}

// plain takes the whole answer.
func (a *Answer) plain() {
	reply, failure := a.nextFilled()
	if failure != nil {
		a.fail(failure)
		return
	}
	a.replied = reply
	a.reply = &a.replied
	a.succeeded(a.reply)
	a.Status, a.Header = reply.Status, reply.Header
	a.used(reply.Chunk.Usage, reply.Chunk.Cost)
	a.note(reply.Chunk.Finish)
	a.inspect(reply.Body)
	if a.storing() {
		a.stored(stringOf(reply.Body, "id"))
	}
	a.Body = a.body(reply.Body)
	a.outcome = ended
}

// fail ends the request without an answer.
func (a *Answer) fail(f *Failure) {
	a.Failure, a.Status, a.outcome = f, f.Status, failed
	if f.Code == CodeClientGone {
		a.outcome = gone
	}
}

// used takes what the answering call used, and reckons what all of it cost.
func (a *Answer) used(u chat.Usage, told int64) {
	last := &a.Attempts[len(a.Attempts)-1]
	last.Usage = u
	a.reckon(last, u, told)
	a.cost = 0
	for i := range a.Attempts {
		a.cost += a.Attempts[i].Cost
	}
	if !u.Known {
		return
	}
	t := tokens(u)
	a.known = true
	if b := a.rt.Snapshot.baseline; b != nil {
		// The baseline has not cached this prompt: all of it counts at the full price.
		a.baseline = max(b.Prices.Cost(catalog.Tokens{Input: t.Prompt() - t.AudioInput, AudioInput: t.AudioInput, Output: t.Output, AudioOutput: t.AudioOutput}, ""), 0)
	}
}

// tokens are a usage's counts as the catalog prices them.
func tokens(u chat.Usage) catalog.Tokens {
	return catalog.Tokens{
		Input: u.Input, CachedRead: u.CachedRead, CacheWrite5m: u.CacheWrite5m, CacheWrite1h: u.CacheWrite1h,
		Output: u.Output, Reasoning: u.Reasoning, AudioInput: u.AudioInput, AudioOutput: u.AudioOutput,
	}
}

// Winner is the candidate that answers, nil = none (yet).
func (a *Answer) Winner() *Candidate {
	if a.Stream != nil && !a.Stream.settled() {
		return nil
	}
	if n := len(a.Attempts); n > 0 && a.Attempts[n-1].Class == "" {
		return a.Attempts[n-1].Candidate
	}
	return nil
}

// Cost is what the request cost by the usage that was told, and whether any was.
func (a *Answer) Cost() (catalog.Money, bool) { return a.cost, a.known }

// Decision is what the answer follows from.
func (a *Answer) Decision() *Decision { return a.rt.Decision }

// Routed is the request with its decision.
func (a *Answer) Routed() *Routed { return a.rt }

// SavingsPct is 100·(1 − cost of all attempts / cost of the same tokens at the baseline), from the usage that was told or
// else from what was expected; NaN = unknown. It may be negative.
func (a *Answer) SavingsPct() float64 {
	if a.known && a.baseline > 0 {
		return 100 * (1 - float64(a.cost)/float64(a.baseline))
	}
	c, d := a.Winner(), a.rt.Decision
	if c == nil {
		c = d.Best()
	}
	if c == nil || d.Baseline <= 0 || c.Estimated || d.Best().Tokens == 0 {
		return math.NaN()
	}
	// The baseline's expected cost is of the first candidate's tokens; another one's differ by its verbosity only.
	return 100 * (1 - float64(c.Spend())/float64(d.Baseline))
}

// AppendRoutor appends the `routor` object of a response:
//
//	{"model":"openai/gpt-5.5","tier":"LIGHT","category":"coding","profile":"default","confidence":0.82,"savingsPct":91.4,
//	 "method":"auto","attempts":1}
//
// model is null while nobody has answered, savingsPct where a price is unknown.
func (a *Answer) AppendRoutor(b []byte) []byte {
	d := a.rt.Decision
	b = append(b, `{"model":`...)
	if c := a.Winner(); c != nil {
		b = appendString(b, c.Deployment.Model.ID)
	} else {
		b = append(b, "null"...)
	}
	b = appendMember(b, "tier", d.Tier.String())
	b = appendMember(b, "category", d.Category.String())
	b = appendMember(b, "profile", d.Profile)
	b = appendFigure(b, "confidence", float64(d.Class.Confidence), 3)
	b = appendFigure(b, "savingsPct", a.SavingsPct(), 1)
	b = appendMember(b, "method", d.Method)
	b = append(b, `,"attempts":`...)
	return append(strconv.AppendInt(b, int64(len(a.Attempts)), 10), '}')
}

// Headers appends the X-Routor-* headers. Model and Fallback are left out while it is open who answers, as when a stream's
// headers go out before its first token; Savings is then, and in every stream, what is expected.
func (a *Answer) Headers(h []providers.Header) []providers.Header {
	if c := a.Winner(); c != nil {
		h = append(h, providers.Header{Name: "X-Routor-Model", Value: c.Deployment.Model.ID})
		if len(a.sent.dropped) > 0 {
			h = append(h, providers.Header{Name: "X-Routor-Dropped", Value: strings.Join(a.sent.dropped, ", ")})
		}
	}
	h = a.rt.Decision.Headers(h)
	if s := a.SavingsPct(); !math.IsNaN(s) {
		h = append(h, providers.Header{Name: "X-Routor-Savings", Value: strconv.FormatFloat(s, 'f', 1, 64)})
	}
	if a.Stream != nil && !a.Stream.settled() {
		return h
	}
	return append(h, providers.Header{Name: "X-Routor-Fallback", Value: strconv.FormatBool(a.Fallback())})
}

// Fallback is whether another than the first candidate answers.
func (a *Answer) Fallback() bool {
	c := a.Winner()
	return c != nil && c != a.rt.Decision.Best()
}

// Headers appends the X-Routor-* headers that a decision alone can tell.
func (d *Decision) Headers(h []providers.Header) []providers.Header {
	return append(h,
		providers.Header{Name: "X-Routor-Tier", Value: d.Tier.String()},
		providers.Header{Name: "X-Routor-Category", Value: d.Category.String()},
		providers.Header{Name: "X-Routor-Confidence", Value: strconv.FormatFloat(float64(d.Class.Confidence), 'f', 3, 64)},
		providers.Header{Name: "X-Routor-Profile", Value: d.Profile},
		providers.Header{Name: "X-Routor-History-Floor", Value: strconv.FormatBool(d.HistoryFloor)},
	)
}

// Close ends the answer: what is still under way upstream is cancelled, what happened is counted and remembered, and the
// routed request is released. It may be called more than once.
func (a *Answer) Close() { a.closeOnce.Do(a.close) }

func (a *Answer) close() {
	if a.outcome != ended {
		a.ctx.End(nil) // what came to its end is not cancelled: its connection is kept for the next call
	}
	defer a.ctx.End(nil)
	if a.Stream != nil {
		a.Stream.end()
	}
	a.way.ticket.leave()
	e, d := a.e, a.rt.Decision
	if c := a.Winner(); c != nil {
		last := &a.Attempts[len(a.Attempts)-1]
		e.Metrics.answered(c.Deployment.Provider, tokens(last.Usage), a.cost, time.Since(a.began))
		if a.outcome == ended {
			f := &a.rt.Request.Facts
			cached := f.PromptTokens
			if last.Usage.Known {
				t := tokens(last.Usage)
				cached = int(t.Prompt() + t.Output)
			}
			e.Conversations.Answered(a.rt.Conversation, time.Now(), c.Deployment.ID, d.Difficulty, !f.Continuation && !f.Thanks, cached)
			if e.Learner != nil && a.rt.Snapshot.learns(d.Profile) {
				a.learn(c)
			}
		}
	}
	if a.reply != nil {
		a.reply.Closer.Close()
		a.reply, a.Header = nil, nil
	}
	a.spent = a.reckonSpent()
	if a.rt.record != nil {
		a.remember(a.rt.record)
	}
	e.Metrics.requests[a.outcome].Inc()
	e.Metrics.inFlight.Dec()
	a.rt.Release()
}

// AppendError appends an error in OpenAI's shape: {"error":{"message":…,"type":…,"param":…,"code":…}}.
func AppendError(b []byte, kind, code, message, param string) []byte {
	b = append(b, `{"error":{"message":`...)
	b = appendString(b, message)
	b = appendMember(b, "type", kind)
	if param == "" {
		b = append(b, `,"param":null`...)
	} else {
		b = appendMember(b, "param", param)
	}
	if code == "" {
		b = append(b, `,"code":null`...)
	} else {
		b = appendMember(b, "code", code)
	}
	return append(b, "}}"...)
}

// AppendJSON appends the failure in OpenAI's shape.
func (f *Failure) AppendJSON(b []byte) []byte {
	return AppendTried(AppendError(b, f.Type, f.Code, f.Message, f.Param), f.Tried)
}

// AppendJSON appends the refusal in OpenAI's shape.
func (e *DecideError) AppendJSON(b []byte) []byte {
	kind := "invalid_request_error"
	switch {
	case e.Status >= 500:
		kind = "server_error"
	case e.Status == 429:
		kind = "rate_limit_error"
	case e.Status == 403:
		kind = "permission_error"
	}
	return AppendError(b, kind, e.Code, e.Message, e.Param)
}

// String is the failure for logs.
func (f *Failure) String() string { return fmt.Sprintf("%d %s: %s", f.Status, f.Code, f.Message) }

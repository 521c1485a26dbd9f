package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/openai"
	"github.com/routor/routor/providers/sse"
)

// AnswerStream is a stream on its way to the client: an io.ReadCloser of server-sent events, to be read by one goroutine.
//
// Until the first text or tool call it is a race down the chain, run by a goroutine of its own, which fails over on errors,
// cuts and time-outs; role-only deltas never reach the client of an attempt that failed, and reasoning is held back for a
// while. The commit ends the race: from then on Read takes events straight from the upstream, and a stream that breaks
// ends with an error event and no [DONE].
type AnswerStream struct {
	a *Answer

	mu      sync.Mutex
	pending []byte      // what the race has for the client
	held    []byte      // reasoning and roles of the attempt that runs
	aloud   bool        // reasoning is no longer held back
	timer   *time.Timer // lets go of what is held; nil = not set
	failure *Failure    // of the race
	wake    chan struct{}
	raced   chan struct{} // closed when the race is over
	beat    *time.Ticker

	out, tail []byte // what Read gives out, from off; the event that may be the last before [DONE]
	off       int
	over      bool
	events    Events
	via       relay // of the attempt that runs, or answers
}

// stream races down the chain and comes back when the race is over or has been silent for too long.
func (a *Answer) stream() {
	s := &AnswerStream{a: a, wake: make(chan struct{}, 1), raced: make(chan struct{})}
	go s.race()
	silence := time.NewTimer(a.e.Limits.Silence)
	defer silence.Stop()
	select {
	case <-s.raced:
		if s.failure != nil && len(s.pending) == 0 {
			a.fail(s.failure)
			return
		}
		if a.reply != nil {
			a.Header = a.reply.Header
		}
	case <-s.wake: // reasoning has been let go
		s.rouse()
	case <-silence.C:
		s.pendingComment()
	}
	a.Status, a.Stream = 200, s
	s.beat = time.NewTicker(a.e.Limits.Heartbeat)
}

// race asks candidates until one commits.
func (s *AnswerStream) race() {
	a := s.a
	defer close(s.raced)
	defer func() {
		if p := recover(); p != nil {
			a.e.Metrics.Panics.Inc()
			s.lose(&Failure{Status: 500, Code: "internal_error", Type: "server_error", Message: fmt.Sprintf("internal error: %v", p)})
			debug.PrintStack()
		}
	}()
	for {
		reply, failure := a.next()
		if failure != nil {
			s.lose(failure)
			return
		}
		err := s.commit(&reply)
		if err == nil {
			return
		}
		var usage chat.Usage
		var told int64
		if reply.Events != nil {
			usage, told = reply.Events.Usage(), reply.Events.Cost()
		}
		reply.Closer.Close()
		failure = a.failedAfter(err, usage, told)
		if s.spoken() {
			s.lose(&Failure{Status: 502, Code: CodeUpstreamCut, Type: "server_error", Message: "the stream broke off: " + said(err)})
			return
		}
		s.forget()
		if failure != nil {
			s.lose(failure)
			return
		}
	}
}

// commit reads a reply's events up to the one that commits. The error says why the attempt failed before that.
func (s *AnswerStream) commit(reply *Reply) *providers.Error {
	a := s.a
	if reply.Events == nil {
		return &providers.Error{Class: providers.InBand, Provider: a.current.Deployment.Provider, Status: reply.Status, Sent: true,
			Message: "answered a request for a stream with a plain body"}
	}
	s.mu.Lock()
	s.via.begin(&a.exchange, s)
	s.mu.Unlock()
	for {
		e, err := reply.Events.Next()
		if err != nil {
			return upstreamError(err, a.current)
		}
		c := reply.Events.Chunk()
		if err := a.emptied(c); err != nil {
			return err
		}
		switch {
		case e.Data == nil: // a keep-alive: the client gets its own
		case c.Done && !c.Content && c.Finish == "":
			return &providers.Error{Class: providers.InBand, Provider: a.current.Deployment.Provider, Sent: true,
				Message: "the stream ended without an answer"}
		case c.Finish == chat.Length && !c.Content && a.rt.Request.N <= 1 && a.more():
			return cutEmpty(a.current)
		case c.Content || c.Finish != "":
			a.succeeded(reply)
			a.reply, s.events = reply, reply.Events
			s.mu.Lock()
			s.stopTimer()
			s.pending = append(s.pending, s.held...)
			s.pending = s.take(s.pending, &e, c)
			s.mu.Unlock()
			return nil
		default:
			s.hold(&e, c)
		}
	}
}

// upstreamError is what an error of Events means before the commit; a proper end without an answer is a failure too.
func upstreamError(err error, c *Candidate) *providers.Error {
	var e *providers.Error
	if errors.As(err, &e) {
		return e
	}
	return &providers.Error{Class: providers.InBand, Provider: c.Deployment.Provider, Sent: true, Err: err, Message: "the stream ended without an answer"}
}

// hold keeps what does not commit until it is clear who answers, or until the client has waited long enough for reasoning.
// Once reasoning is let go, what follows it goes out as it comes.
func (s *AnswerStream) hold(e *sse.Event, c *chat.Chunk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = s.via.append(s.held, e, c)
	limits := &s.a.e.Limits
	switch {
	case s.aloud || c.Reasoning && len(s.held) >= limits.HoldBytes:
		s.letGo()
	case c.Reasoning && s.timer == nil:
		s.timer = time.AfterFunc(limits.Hold, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.timer != nil {
				s.letGo()
			}
		})
	}
}

// letGo gives what is held to the client. The caller holds the lock.
func (s *AnswerStream) letGo() {
	s.aloud = true
	s.pending = append(s.pending, s.held...)
	s.held = s.held[:0]
	s.rouse()
}

// forget drops what is held of an attempt that failed.
func (s *AnswerStream) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopTimer()
	s.held, s.aloud = s.held[:0], false
	if s.a.rt.dialect() != chat.Completions { // what was held has never been: the next attempt, or the error, begins the stream
		s.via = relay{}
	}
}

// stopTimer makes sure that the timer does nothing any more. The caller holds the lock.
func (s *AnswerStream) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// settled is whether the race is over.
func (s *AnswerStream) settled() bool {
	select {
	case <-s.raced:
		return true
	default:
		return false
	}
}

// rouse tells the reader that there is something for it.
func (s *AnswerStream) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *AnswerStream) lose(f *Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopTimer()
	s.failure = f
}

// spoken is whether an attempt's reasoning has reached a client who can't be given another's after it: in Messages and
// Responses its signature belongs to that model.
func (s *AnswerStream) spoken() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.aloud && s.a.rt.dialect() != chat.Completions
}

// last are the members that go into the last event of a chat completion that was translated.
func (s *AnswerStream) last() []chat.Member {
	if s.events != nil {
		s.a.used(s.events.Usage(), s.events.Cost())
	}
	if !s.a.rt.Request.IncludeUsage {
		return nil
	}
	return []chat.Member{{Name: "routor", Value: s.a.AppendRoutor(nil)}}
}

// take appends an event as the client gets it. Where the client asked for usage, the event that may be the last before
// [DONE] waits in tail, because the routor object goes into it.
func (s *AnswerStream) take(b []byte, e *sse.Event, c *chat.Chunk) []byte {
	s.a.note(c.Finish)
	spliced := s.via.same && s.via.client == chat.Completions
	if c.Done {
		s.over = true
		s.a.outcome = ended
		b = s.via.append(s.flush(b, true), e, c)
		if !s.via.same {
			b = s.via.finish(b)
		}
		return b
	}
	if !spliced || !s.via.usage || e.Data == nil {
		return s.via.append(b, e, c)
	}
	b = s.flush(b, false)
	if c.Finish != "" || c.Usage.Known {
		s.tail = s.via.append(s.tail[:0], e, c)
		return b
	}
	return s.via.append(b, e, c)
}

// flush appends the event that waited, with the routor object if it is the last.
func (s *AnswerStream) flush(b []byte, last bool) []byte {
	if last {
		s.a.used(s.events.Usage(), s.events.Cost())
	}
	if len(s.tail) == 0 {
		return b
	}
	if last {
		s.a.rt.note = s.a.AppendRoutor(s.a.rt.note[:0])
		b = openai.AppendRoutor(b, s.tail, s.a.rt.note)
	} else {
		b = append(b, s.tail...)
	}
	s.tail = s.tail[:0]
	return b
}

// Read gives out what is ready, at least a byte, and waits for more only where nothing is. io.EOF is the end, whether the
// stream was whole or not: an error has been told to the client in an event of its own by then.
func (s *AnswerStream) Read(p []byte) (int, error) {
	for s.off == len(s.out) {
		if s.over {
			return 0, io.EOF
		}
		s.off, s.out = 0, s.out[:0]
		if !s.live() {
			s.wait()
		} else {
			s.pull()
		}
	}
	n := copy(p, s.out[s.off:])
	s.off += n
	return n, nil
}

// live is whether the race is over and its last words have been read.
func (s *AnswerStream) live() bool { return s.settled() && s.events != nil && len(s.pending) == 0 }

// wait waits for the race.
func (s *AnswerStream) wait() {
	select {
	case <-s.raced:
	case <-s.wake:
	case <-s.beat.C:
		s.out = signOfLife(s.out, s.a.rt.dialect())
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = append(s.out, s.pending...)
	s.pending = s.pending[:0]
	if s.failure != nil {
		s.out = s.broken(s.out, s.failure, failed)
	}
}

// comment keeps a connection open that has nothing to say yet.
const comment = ": routor is waiting for a model\n\n"

func (s *AnswerStream) pendingComment() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(signOfLife(nil, s.a.rt.dialect()), s.pending...)
	s.rouse()
}

// pull takes the next event from upstream.
func (s *AnswerStream) pull() {
	e, err := s.events.Next()
	if err == nil {
		s.out = s.take(s.out, &e, s.events.Chunk())
		return
	}
	finished := s.events.Finished() && s.a.rt.Request.N <= 1
	if err == io.EOF || finished && s.a.ctx.Err() == nil {
		// Whole without an end mark of its own: a finish_reason was there.
		s.over, s.a.outcome = true, ended
		s.out = s.via.finish(s.flush(s.out, true))
		return
	}
	up, counted := upstreamError(err, s.a.current), false
	if s.a.ctx.Err() == nil && s.via.seams != nil {
		s.out, counted = s.flush(s.out, false), true
		s.a.e.Monitor.Failed(s.a.current.Deployment, up, time.Now())
		if s.goOn(up) {
			return
		}
	}
	s.out = s.flush(s.out, false)
	s.a.used(s.events.Usage(), s.events.Cost())
	last := &s.a.Attempts[len(s.a.Attempts)-1]
	f := &Failure{Status: 502, Code: CodeUpstreamCut, Type: "server_error", Message: "the stream broke off: " + said(up)}
	how := cut
	switch {
	case s.a.ctx.Cause() == ErrShutdown:
		f = s.a.stopped()
	case s.a.ctx.Cause() == context.DeadlineExceeded:
		f.Code, f.Message = CodeDeadline, fmt.Sprintf("the stream was not over within %s", s.a.e.deadline(s.a.rt))
	case s.a.ctx.Err() != nil:
		how = gone
	case !counted:
		s.a.e.Monitor.Failed(last.Candidate.Deployment, up, time.Now())
	}
	last.Message = f.Message
	s.out = s.broken(s.out, f, how)
}

// broken ends the stream with an error event: no [DONE], so that nobody takes it for complete.
func (s *AnswerStream) broken(b []byte, f *Failure, how outcome) []byte {
	s.over, s.a.Failure, s.a.outcome = true, f, how
	if f.Code == CodeClientGone {
		s.a.outcome = gone
	}
	return brokenOff(b, s.a.rt.dialect(), &s.via, f)
}

// Close ends the answer as Answer.Close does; the server calls it when the last byte is out or the client has gone.
func (s *AnswerStream) Close() error {
	s.a.Close()
	return nil
}

// end waits for the race, which has been cancelled, and counts a stream that nobody read to its end.
func (s *AnswerStream) end() {
	<-s.raced
	if s.beat != nil {
		s.beat.Stop()
	}
	if !s.over {
		s.a.outcome = gone
		if s.events != nil {
			s.a.used(s.events.Usage(), s.events.Cost())
		}
	}
	if s.via.keeper != nil && s.a.outcome == ended {
		for i := range s.via.keeper.Reply.Choices {
			s.a.keep(s.via.keeper.Reply.Choices[i].Parts)
		}
	}
}

package providers

import (
	"errors"
	"io"
	"time"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/sse"
)

// Stream is the events of a streamed answer. One goroutine reads it; any may cancel its Call.
type Stream struct {
	a      *Answer
	body   io.Reader
	reader sse.Reader
	chunk  chat.Chunk
	usage  chat.Usage
	cost   int64

	begun    bool // a byte of the body came
	spoke    bool // a token came
	whole    bool // the body was read to its end
	done     bool // the end mark came
	finished bool // a finish_reason came
	failed   *Error
}

func (s *Stream) begin(a *Answer) {
	s.a, s.body = a, a.resp.BodyStream()
	s.reader.Reset(s, a.c.o.MaxEvent)
}

// release forgets the answer but keeps the buffers.
func (s *Stream) release() {
	s.reader.Reset(nil, 0)
	*s = Stream{reader: s.reader}
}

// Next is the next event. Its error is io.EOF when the stream has come to its proper end, by the end mark or by a
// finish_reason for those who send no mark; all else is an *Error: a stream that ends earlier is cut
// (io.ErrUnexpectedEOF). An event that is an error in itself comes together with the *Error that it means, so that it can
// be forwarded or not. After an error there are no more events.
func (s *Stream) Next() (sse.Event, error) {
	if s.failed != nil {
		return sse.Event{}, s.failed
	}
	if s.done {
		return sse.Event{}, io.EOF
	}
	e, err := s.reader.Next()
	if err != nil {
		return sse.Event{}, s.end(err)
	}
	s.chunk = chat.Chunk{Choices: -1}
	if e.Data == nil {
		return e, nil
	}
	inspect(s.a.speaks, e.Name, e.Data, &s.chunk)
	switch c := &s.chunk; {
	case c.Done:
		s.done, s.finished = true, s.finished || c.Finish != ""
	case c.Invalid && !e.Ended:
		return sse.Event{}, s.end(io.EOF)
	case c.Invalid || c.Error:
		// What said that it ended, and then that it failed, has failed.
		s.finished = s.finished && !c.Error
		s.failed = s.a.refused(e.Data)
		s.a.c.noteError(s.a.cred.key, s.failed)
		return e, s.failed
	default:
		s.finished = s.finished || c.Finish != ""
	}
	if c := &s.chunk; !s.spoke && (c.Content || c.Reasoning || c.Tool) {
		s.spoke = true
		s.a.link.spoke()
	}
	if s.chunk.Usage.Known {
		s.usage.Update(s.chunk.Usage)
	}
	if s.chunk.Cost > 0 {
		s.cost = s.chunk.Cost
	}
	return e, nil
}

// end is what an error of the reader means.
func (s *Stream) end(err error) error {
	switch {
	case err == io.EOF && s.finished:
		s.done = true
		return io.EOF
	case err == io.EOF:
		s.failed = s.a.fail(InBand, "the stream ended before it was complete", io.ErrUnexpectedEOF)
	case errors.Is(err, sse.ErrTooLong):
		s.failed = s.a.fail(Server, err.Error(), err)
	default:
		s.failed = s.a.broken(err)
		s.failed.Fresh = false
	}
	return s.failed
}

// Chunk is what the event that Next gave last is; one without data is a chunk of nothing.
func (s *Stream) Chunk() *chat.Chunk { return &s.chunk }

// Usage is what the stream has told of its usage by now.
func (s *Stream) Usage() chat.Usage { return s.usage }

// Cost is what the provider says that the answer cost, in billionths of a US dollar; 0 = it has not said.
func (s *Stream) Cost() int64 { return s.cost }

// Done is whether the stream has come to its proper end.
func (s *Stream) Done() bool { return s.done }

// Finished is whether a finish_reason came.
func (s *Stream) Finished() bool { return s.finished }

// Read reads the body for the reader of events.
func (s *Stream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if n > 0 && !s.begun {
		s.begun = true
		s.a.link.flowing()
	}
	s.whole = err == io.EOF
	return n, err
}

// all is the rest of the body, for what is no stream after all.
func (s *Stream) all(limit int) ([]byte, error) {
	s.a.link.flowing()
	b, err := io.ReadAll(io.LimitReader(s, int64(limit)))
	return b, err
}

// drainFor is how long a finished stream may take to end its body, so that its connection can be used again.
const drainFor = 50 * time.Millisecond

// drain reads what is behind the end mark.
func (s *Stream) drain() {
	if s.done && !s.whole && s.a.link != nil && !s.a.call.isCanceled() {
		s.a.link.drain(drainFor)
		_, _ = io.Copy(io.Discard, io.LimitReader(s, 64<<10))
	}
}

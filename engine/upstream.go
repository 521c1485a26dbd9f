package engine

import (
	"context"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sse"
)

// Upstream is a way to a provider, as Dispatch uses it.
type Upstream interface {
	// Do sends a call and gives its answer, which must be closed. The end of ctx ends the call at whatever point it is, the
	// stream of its answer too, with class Canceled.
	Do(context.Context, *providers.Call) (Reply, *providers.Error)
}

// Reply is what an upstream answered with success.
type Reply struct {
	Status    int
	Header    *fasthttp.ResponseHeader // nil = none
	Body      []byte                   // of a plain answer
	Chunk     chat.Chunk               // what a plain answer is: its usage, why it ended
	RequestID string                   // the provider's own
	Events    Events                   // of a stream; nil = a plain answer
	Closer    interface{ Close() }
}

// Events are the events of a streamed reply. Next gives io.EOF at the proper end; every other error is a *providers.Error.
type Events interface {
	Next() (sse.Event, error)
	Chunk() *chat.Chunk // what the last event is
	Usage() chat.Usage  // told so far
	Cost() int64        // that the provider says, in billionths of a US dollar; 0 = it has not said
	Finished() bool     // a finish_reason came
}

// Through makes an Upstream of a connection.
func Through(c *providers.Connection) Upstream { return through{c} }

type through struct{ connection *providers.Connection }

func (t through) Do(ctx context.Context, call *providers.Call) (Reply, *providers.Error) {
	unhook := afterFunc(ctx, call.Cancel)
	a, err := t.connection.Do(call)
	if err != nil {
		unhook()
		return Reply{}, err
	}
	r := Reply{Status: a.Status, Header: a.Header, Body: a.Body, Chunk: a.Chunk, RequestID: a.RequestID, Closer: hooked{a, unhook}}
	if a.Stream != nil {
		r.Events = a.Stream
	}
	return r, nil
}

// hooked closes an answer and ends its tie to the request's context.
type hooked struct {
	answer *providers.Answer
	unhook func() bool
}

func (h hooked) Close() {
	h.unhook()
	h.answer.Close()
}

package api

import (
	"errors"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/chat"
)

// exchange is a completion that is being answered. As a stream it is the response's body: fasthttp writes what each Read
// gives as one chunk, in one system call, and closes it when the last byte is out or the client has gone. The request's
// body, which chat.Request is a view of, stays as it is until then.
type exchange struct {
	*call
	request *chat.Request
	answer  *engine.Answer // nil = not dispatched yet
	watched watched
	bytes   int
	closed  bool
}

// Read gives what is ready to go out. A client that takes nothing for a while loses its connection.
func (x *exchange) Read(p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			x.s.panicked(r, x.id)
			err = errors.New("internal error")
		}
	}()
	n, err = x.answer.Stream.Read(p)
	x.bytes += n
	if n > 0 {
		_ = x.Conn().SetWriteDeadline(time.Now().Add(x.s.WriteTimeout))
	}
	return n, err
}

// Close ends the exchange and the call.
func (x *exchange) Close() error {
	if !x.closed {
		x.close()
		x.end()
	}
	return nil
}

// close gives back what the exchange holds. It notes first what the access log tells.
func (x *exchange) close() {
	if x.closed {
		return
	}
	x.closed = true
	x.s.watch.remove(&x.watched)
	defer x.watched.life.End(nil) // after the answer's own end, which keeps the connection of a call that is over
	if x.answer != nil {
		x.record.answered(x.answer)
		if x.s.Ledger == nil {
			x.s.recent.explain(&x.record, x.answer.Decision())
		}
		x.answer.Close()
		x.record.settled(x.answer)
		x.hold.Settle(time.Now(), x.answer.Spent())
	} else {
		x.hold.Release(time.Now())
	}
	x.request.Release()
}

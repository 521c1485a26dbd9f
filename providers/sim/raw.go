package sim

import (
	"bytes"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"
)

// sendRaw takes the connection and misbehaves on it.
func (a *answer) sendRaw(ctx *fasthttp.RequestCtx) {
	under := ctx.Conn()
	ctx.HijackSetNoResponse(true)
	ctx.Hijack(func(conn net.Conn) {
		if a.faults.Reset && a.faults.CutAt == 0 {
			reset(under)
			return
		}
		gone := make(chan struct{})
		go func() { // the client has nothing more to say: what comes is its going away
			defer close(gone)
			_, _ = conn.Read(make([]byte, 1))
		}()
		a.misbehave(conn, gone)
		if a.faults.Reset {
			reset(under)
		}
		_ = under.Close()
		<-gone
	})
}

// reset ends a connection with a reset where that can be told from closing it.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// maim leaves half of the data of the first event from a number on that has any.
func (s *script) maim(after int) {
	for i := min(after, len(s.events)-1); i >= 0 && i < len(s.events); i++ {
		e := s.bytes[s.events[i].from:s.events[i].to]
		at := bytes.Index(e, []byte("data: {"))
		if at < 0 {
			continue
		}
		line := e[at:]
		if end := bytes.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		half := line[len(line)/2:]
		for k := range half {
			half[k] = '\n'
		}
		return
	}
}

// misbehave writes an answer that stalls, drips, is cut, or is longer or shorter than it says.
func (a *answer) misbehave(conn net.Conn, gone <-chan struct{}) {
	if a.faults.StallAfter == 0 && a.stall(conn, gone, false) {
		return
	}
	r := rawAnswer{a: a, conn: conn, gone: gone}
	status, kind, body := 200, "application/json", a.body
	switch {
	case a.refusal != nil:
		status, body = a.refusal.status, []byte(a.refusal.body)
	case a.stream != nil:
		r.play()
		return
	default:
		a.pause(a.before)
	}
	if a.contentType != "" {
		kind = a.contentType
	}
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", status, fasthttp.StatusMessage(status), kind, max(len(body)+a.faults.WrongLength, 0))
	if a.refusal != nil && a.faults.RetryAfter > 0 {
		head += "Retry-After: " + a.retryAfter() + "\r\n"
	}
	if _, err := conn.Write([]byte(head + "\r\n")); err == nil {
		r.write(body)
	}
}

// rawAnswer is an answer on a bare connection.
type rawAnswer struct {
	a       *answer
	conn    net.Conn
	gone    <-chan struct{}
	chunked bool
	sent    int // bytes of the body
}

// play writes a stream.
func (r *rawAnswer) play() {
	s, f := r.a.stream, &r.a.faults
	r.chunked = f.WrongLength == 0
	head := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	if r.chunked {
		head += "Transfer-Encoding: chunked\r\n\r\n"
	} else {
		head += fmt.Sprintf("Content-Length: %d\r\n\r\n", max(len(s.bytes)+f.WrongLength, 0))
	}
	if _, err := r.conn.Write([]byte(head)); err != nil {
		return
	}
	for i, e := range s.events {
		if f.StallAfter > 0 && i == f.StallAfter && r.a.stall(r.conn, r.gone, r.chunked) {
			return
		}
		if r.a.pause(e.pause) || !r.write(s.bytes[e.from:e.to]) {
			return
		}
	}
	if r.chunked {
		_, _ = r.conn.Write([]byte("0\r\n\r\n"))
	}
}

// write writes more of the body, in the pieces and up to the cut that the faults ask for; false = it is all over.
func (r *rawAnswer) write(b []byte) bool {
	f := &r.a.faults
	for len(b) > 0 {
		n := len(b)
		if f.Drip > 0 {
			if n = min(n, f.DripBytes); n == 0 {
				n = min(len(b), 16)
			}
			if !r.rest(f.Drip) {
				return false
			}
		}
		cut := f.CutAt > 0 && r.sent+n >= f.CutAt
		piece := b[:n]
		if cut {
			piece = b[:f.CutAt-r.sent]
		}
		if !r.put(piece, n, cut) || cut {
			return false
		}
		r.sent += n
		b = b[n:]
	}
	return true
}

// put writes a piece, as a chunk where the body is chunked: of the size n, though it may be cut.
func (r *rawAnswer) put(piece []byte, n int, cut bool) bool {
	if r.chunked {
		whole := fmt.Appendf(nil, "%x\r\n%s", n, piece)
		if !cut {
			whole = append(whole, "\r\n"...)
		}
		piece = whole
	}
	_, err := r.conn.Write(piece)
	return err == nil
}

// rest waits, and says whether there is still somebody to go on for.
func (r *rawAnswer) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.gone:
	case <-r.a.p.fleet.closing:
	}
	return false
}

// stall is silent, but for keep-alives in a stream, and says whether it is all over.
func (a *answer) stall(conn net.Conn, gone <-chan struct{}, stream bool) bool {
	if a.faults.Stall <= 0 {
		return false
	}
	over := time.NewTimer(a.faults.Stall)
	defer over.Stop()
	var alive <-chan time.Time
	if stream && a.faults.KeepAlive > 0 {
		t := time.NewTicker(a.faults.KeepAlive)
		defer t.Stop()
		alive = t.C
	}
	for {
		select {
		case <-over.C:
			return false
		case <-gone:
			return true
		case <-a.p.fleet.closing:
			return true
		case <-alive:
			if _, err := conn.Write([]byte("e\r\n: keep-alive\n\n\r\n")); err != nil {
				return true
			}
		}
	}
}

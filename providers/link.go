package providers

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// link is one upstream connection. Every read from it is bound by the deadline of where the exchange is; that is why it,
// and not the HTTP client, owns the connection.
type link struct {
	conn, tcp net.Conn
	r         *bufio.Reader // reads through the link
	idleSince time.Time
	keep      time.Duration // how long the server keeps it when idle, less a margin; 0 = it did not say
	reused    bool          // it has served an exchange before

	// Of the current exchange:
	got     bool          // a byte of the response came
	plain   bool          // no stream: the first byte ends waiting
	waiting time.Time     // until the first byte of the body; zero = no limit
	total   time.Time     // until the end; zero = no limit
	silence time.Duration // between two reads of a stream that has begun; 0 = no limit
	patient time.Time     // until when a stream that has begun may be silent all the same, as no token has come; zero = no longer
	set     time.Time     // the read deadline in force
	wrote   time.Time     // the write deadline in force
}

func newLink(conn, tcp net.Conn) *link {
	l := &link{conn: conn, tcp: tcp}
	l.r = bufio.NewReaderSize(l, readBuffer)
	return l
}

// The buffer of a link is held as long as a stream is: a small one, and a large one where a provider's response headers, which
// must fit into it, turn out not to.
const readBuffer, largeReadBuffer = 4 << 10, 32 << 10

// grow gives the link the large buffer, and is false if it has it already. Nothing of what was read is lost.
func (l *link) grow() bool {
	if l.r.Size() >= largeReadBuffer {
		return false
	}
	held, _ := l.r.Peek(l.r.Buffered())
	l.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(held)), l), largeReadBuffer)
	return true
}

// writers are what requests are written through; no link needs one while it waits.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 4<<10) }}

// send writes a request.
func (l *link) send(req *fasthttp.Request) error {
	w := writers.Get().(*bufio.Writer)
	defer writers.Put(w)
	w.Reset(l.conn)
	err := req.Write(w)
	if err == nil {
		err = w.Flush()
	}
	w.Reset(nil)
	return err
}

// begin sets the limits of an exchange that started at start.
func (l *link) begin(start time.Time, t Timeouts, stream bool) error {
	l.got, l.plain, l.silence, l.waiting, l.patient, l.total = false, !stream, 0, time.Time{}, time.Time{}, time.Time{}
	if t.Total > 0 {
		l.total = start.Add(t.Total)
	}
	if stream {
		l.silence = t.Idle
		if t.FirstToken > 0 {
			l.waiting = start.Add(t.FirstToken)
			l.patient = l.waiting
		}
	} else if t.Plain > 0 {
		l.waiting = start.Add(t.Plain)
	}
	if until := earlier(l.waiting, l.total); until != l.wrote {
		l.wrote = until
		return l.conn.SetWriteDeadline(until)
	}
	return nil
}

// flowing is called when the first byte of a stream's body is there, or of a plain answer.
func (l *link) flowing() { l.waiting = time.Time{} }

// spoke is called when a stream's first token is there: who reasons in silence, after some first events, is waited for as if
// nothing had come.
func (l *link) spoke() { l.patient = time.Time{} }

// stays notes for how long the server says that it keeps the connection open: "Keep-Alive: timeout=5" (RFC 2068, section
// 19.7.1.1). A second less is ours, so that it is not the one to close under a request.
func (l *link) stays(keepAlive []byte) {
	l.keep = 0
	if _, after, ok := bytes.Cut(keepAlive, []byte("timeout=")); ok {
		n := 0
		for n < len(after) && n < 6 && after[n] >= '0' && after[n] <= '9' {
			n++
		}
		if s, err := strconv.Atoi(string(after[:n])); err == nil {
			l.keep = max(time.Duration(s)*time.Second-time.Second, time.Millisecond)
		}
	}
}

// stale is whether a link has been idle for longer than it may be used.
func (l *link) stale(idleFor time.Duration) bool {
	idle := time.Since(l.idleSince)
	return idle > idleFor || l.keep > 0 && idle > l.keep
}

// drain allows d more for what is left.
func (l *link) drain(d time.Duration) {
	l.waiting, l.patient, l.total, l.silence = time.Time{}, time.Time{}, time.Now().Add(d), 0
}

func (l *link) Read(p []byte) (int, error) {
	until := earlier(l.waiting, l.total)
	if l.silence > 0 && l.waiting.IsZero() {
		if until = time.Now().Add(l.silence); until.Before(l.patient) {
			until = l.patient
		}
		until = earlier(until, l.total)
	}
	if until != l.set {
		l.set = until
		if err := l.conn.SetReadDeadline(until); err != nil {
			return 0, err
		}
	}
	n, err := l.conn.Read(p)
	if n > 0 && !l.got {
		if l.got = true; l.plain {
			l.flowing()
		}
	}
	return n, err
}

// why says which of the limits a timeout was.
func (l *link) why(t Timeouts) string {
	switch {
	case !l.total.IsZero() && !time.Now().Before(l.total):
		return "took longer than " + t.Total.String() + " in all"
	case !l.waiting.IsZero() && l.plain:
		return "no first byte within " + t.Plain.String()
	case !l.waiting.IsZero():
		return "no first byte within " + t.FirstToken.String()
	case !l.patient.IsZero():
		return "no token within " + max(t.FirstToken, t.Idle).String()
	}
	return "silent for " + t.Idle.String()
}

// abort closes the connection under whoever is using it. It is what lies under TLS that is closed: closing TLS itself
// would first say goodbye, and could wait for a peer that does not read.
func (l *link) abort() { _ = l.tcp.Close() }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool } // not net.Error: fasthttp's own timeout is none
	return errors.As(err, &t) && t.Timeout()
}

// earlier is the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

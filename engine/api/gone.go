package api

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/routor/routor/engine"
)

// watcher ends the upstream call of a client that has gone away, before the first token too: fasthttp notices a closed
// connection only when it writes. One goroutine looks at the sockets of all requests that have waited for a while; requests
// that are answered sooner cost it nothing.
type watcher struct {
	mu   sync.Mutex
	list watched // ring, oldest first
	n    int     // how many there are
	wake chan struct{}
}

// watched is a request that is being watched. It must not move.
type watched struct {
	prev, next *watched
	conn       syscall.Conn // nil = none
	since      time.Time
	life       engine.Life
}

// A look at a socket is a system call: those of up to watchCalm requests are looked at 40 times a second, those of thousands 10
// times.
const (
	watchAfter = 50 * time.Millisecond
	watchEvery = 25 * time.Millisecond
	watchMost  = 100 * time.Millisecond
	watchCalm  = 500 // so many requests are watched at watchEvery; more of them more slowly
)

// add begins to watch a request. Of a connection without a socket nobody can see whether it is closed.
func (w *watcher) add(x *watched, conn net.Conn) {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	x.since = time.Now()
	if socket, ok := conn.(syscall.Conn); ok {
		x.conn = socket
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ring()
	last := w.list.prev
	x.prev, x.next = last, &w.list
	last.next, w.list.prev = x, x
	w.n++
	if last == &w.list { // it was empty, and run may be asleep
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// ring makes the empty list. The caller holds the lock.
func (w *watcher) ring() {
	if w.list.next == nil {
		w.list.next, w.list.prev, w.wake = &w.list, &w.list, make(chan struct{}, 1)
	}
}

// remove stops watching.
func (w *watcher) remove(x *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x.next != nil {
		x.prev.next, x.next.prev = x.next, x.prev
		x.prev, x.next = nil, nil
		w.n--
	}
}

// cut ends all requests, because the server shuts down.
func (w *watcher) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ring()
	for x := w.list.next; x != &w.list; x = x.next {
		x.life.End(engine.ErrShutdown)
	}
}

// run watches until ctx ends. It sleeps while there is nothing to watch.
func (w *watcher) run(ctx context.Context) {
	w.mu.Lock()
	w.ring()
	w.mu.Unlock()
	timer := time.NewTimer(watchEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		for pause := watchEvery; pause > 0; {
			timer.Reset(pause)
			select {
			case <-ctx.Done():
				return
			case now := <-timer.C:
				pause = w.look(now)
			}
		}
	}
}

// look cancels the requests whose clients have gone, and says after how long to look again; 0 = there is nothing to watch.
func (w *watcher) look(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	for x := w.list.next; x != &w.list && now.Sub(x.since) >= watchAfter; x = x.next {
		if x.conn != nil && closed(x.conn) {
			x.life.End(nil)
		}
	}
	if w.n == 0 {
		return 0
	}
	return min(watchEvery*time.Duration(1+w.n/watchCalm), watchMost)
}

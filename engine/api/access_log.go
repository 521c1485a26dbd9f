package api

import (
	"io"
	"sync"
)

// accessLog writes one line of JSON a request.
type accessLog struct {
	mu  sync.Mutex
	to  io.Writer
	buf []byte
}

func (l *accessLog) write(r *record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(r.append(l.buf[:0]), '\n')
	_, _ = l.to.Write(l.buf) // there is nowhere to say that the log can't be written
}

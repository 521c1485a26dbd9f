package providers

import (
	"context"
	"errors"
	"sync"
	"time"
)

// pool keeps upstream connections for the next call. The one used last is taken first, so that what is not needed ages
// and goes. Whoever takes a link gives it back with put, or with drop.
type pool struct {
	dialer  dialer
	max     int
	idleFor time.Duration

	mu      sync.Mutex
	idle    []*link // the longest idle first
	open    int     // links in use, idle, and being dialled
	waiters []chan *link
	sweeper *time.Timer
	closed  bool
}

var errAllInUse = errors.New("all connections are in use")

// take is an idle link, or a new one; when max links are in use it waits for one.
func (p *pool) take(ctx context.Context) (*link, error) {
	if l := p.takeIdle(); l != nil {
		return l, nil
	}
	p.mu.Lock()
	if p.open < p.max {
		p.open++
		p.mu.Unlock()
		return p.dial(ctx)
	}
	turn := make(chan *link, 1)
	p.waiters = append(p.waiters, turn)
	p.mu.Unlock()
	select {
	case l := <-turn:
		if l != nil {
			return l, nil
		}
		return p.dial(ctx)
	case <-ctx.Done():
		p.mu.Lock()
		for i, w := range p.waiters {
			if w == turn {
				p.waiters = append(p.waiters[:i], p.waiters[i+1:]...)
				p.mu.Unlock()
				return nil, errAllInUse
			}
		}
		p.mu.Unlock()
		if l := <-turn; l != nil { // it came in the same moment
			p.put(l)
		} else {
			p.leave()
		}
		return nil, errAllInUse
	}
}

// takeIdle is an idle link that is not too old; nil = there is none.
func (p *pool) takeIdle() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	l := p.idle[n-1]
	if l.stale(p.idleFor) { // and so are all the others
		p.closeIdle(n)
		return nil
	}
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return l
}

// dial makes a link for a place that is already counted.
func (p *pool) dial(ctx context.Context) (*link, error) {
	conn, tcp, err := p.dialer.open(ctx)
	if err != nil {
		p.leave()
		return nil, err
	}
	return newLink(conn, tcp), nil
}

// redial replaces a dead link by a new one.
func (p *pool) redial(ctx context.Context, dead *link) (*link, error) {
	dead.abort()
	return p.dial(ctx)
}

// put gives back a link that can be used again.
func (p *pool) put(l *link) {
	l.reused, l.idleSince = true, time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.waiters) > 0:
		p.next() <- l
	case p.closed:
		l.abort()
		p.open--
	default:
		p.idle = append(p.idle, l)
		if p.sweeper == nil {
			p.sweeper = time.AfterFunc(p.idleFor, p.sweep)
		}
	}
}

// drop gives back a link that cannot be used again.
func (p *pool) drop(l *link) {
	l.abort()
	p.leave()
}

// leave frees a place.
func (p *pool) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiters) > 0 {
		p.next() <- nil // the place goes to the next one, who dials
		return
	}
	p.open--
}

func (p *pool) next() chan *link {
	turn := p.waiters[0]
	p.waiters = p.waiters[1:]
	return turn
}

// sweep closes links that were idle for too long.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.idle) && time.Since(p.idle[old].idleSince) >= p.idleFor {
		old++
	}
	p.closeIdle(old)
	if p.sweeper = nil; len(p.idle) > 0 && !p.closed {
		p.sweeper = time.AfterFunc(p.idleFor-time.Since(p.idle[0].idleSince), p.sweep)
	}
}

// closeIdle closes the n links that have been idle the longest. mu must be held.
func (p *pool) closeIdle(n int) {
	for _, l := range p.idle[:n] {
		l.abort()
	}
	p.idle = append(p.idle[:0], p.idle[n:]...)
	clear(p.idle[len(p.idle) : len(p.idle)+n])
	p.open -= n
}

// close closes what is idle; what is in use is closed when it is given back.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.closeIdle(len(p.idle))
	if p.sweeper != nil {
		p.sweeper.Stop()
	}
}

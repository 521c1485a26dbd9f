package engine

import (
	"context"
	"sync"
	"time"
)

// Life is the context of one request: it ends at its deadline, when the client goes away, when the server stops, or when the
// answer is closed. It is one value where contexts of the standard library would be three, each with its own lock, map and
// memory. The zero value lives until it is ended; it must not be copied.
type Life struct {
	mu       sync.Mutex
	deadline time.Time
	timer    *time.Timer
	done     chan struct{} // made when somebody asks for it
	cause    error         // nil = it lives
	hooks    []*hook
	leave    func() bool // the parent's hook
}

// hook is what is called when a life ends.
type hook struct{ call func() }

// lifeOf is ctx as a Life: itself, or one that ends with it.
func lifeOf(ctx context.Context) *Life {
	if l, ok := ctx.(*Life); ok {
		return l
	}
	l := &Life{}
	l.leave = context.AfterFunc(ctx, func() { l.End(context.Cause(ctx)) })
	if deadline, ok := ctx.Deadline(); ok {
		l.until(deadline)
	}
	return l
}

// until sets the deadline, unless there is an earlier one.
func (l *Life) until(deadline time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil || !l.deadline.IsZero() && !deadline.Before(l.deadline) {
		return
	}
	if l.deadline = deadline; l.timer != nil {
		l.timer.Reset(time.Until(deadline))
		return
	}
	l.timer = time.AfterFunc(time.Until(deadline), l.expire)
}

func (l *Life) expire() { l.End(context.DeadlineExceeded) }

// End ends the life with a cause, if it has not ended; nil stands for context.Canceled.
func (l *Life) End(cause error) {
	if cause == nil {
		cause = context.Canceled
	}
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		return
	}
	l.cause = cause
	if l.done != nil {
		close(l.done)
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	hooks, leave := l.hooks, l.leave
	l.hooks, l.leave = nil, nil
	l.mu.Unlock()
	if leave != nil {
		leave()
	}
	for _, h := range hooks {
		go h.call()
	}
}

// Cause is why it ended; nil = it lives.
func (l *Life) Cause() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// Deadline is that of context.Context.
func (l *Life) Deadline() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline, !l.deadline.IsZero()
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Done is that of context.Context.
func (l *Life) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		if l.cause != nil {
			return closed
		}
		l.done = make(chan struct{})
	}
	return l.done
}

// Err is that of context.Context: whatever the cause, context.DeadlineExceeded or context.Canceled.
func (l *Life) Err() error {
	switch cause := l.Cause(); cause {
	case nil, context.DeadlineExceeded:
		return cause
	}
	return context.Canceled
}

// Value is that of context.Context. A life carries no values.
func (*Life) Value(any) any { return nil }

// AfterFunc calls f in a goroutine of its own when the life ends, as context.AfterFunc does, which uses it.
func (l *Life) AfterFunc(f func()) (stop func() bool) {
	h := &hook{f}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		go f()
		return func() bool { return false }
	}
	l.hooks = append(l.hooks, h)
	return func() bool { return l.unhook(h) }
}

func (l *Life) unhook(h *hook) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.hooks {
		if l.hooks[i] == h {
			last := len(l.hooks) - 1
			l.hooks[i] = l.hooks[last]
			l.hooks[last] = nil
			l.hooks = l.hooks[:last]
			return true
		}
	}
	return false
}

// afterFunc is context.AfterFunc, without what it does for contexts of others.
func afterFunc(ctx context.Context, f func()) (stop func() bool) {
	if l, ok := ctx.(*Life); ok {
		return l.AfterFunc(f)
	}
	return context.AfterFunc(ctx, f)
}

package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		for name, x := range map[string]struct {
			end        func(l *Life)
			cause, err error
		}{
			"its deadline": {func(l *Life) { l.until(time.Now().Add(time.Second)); time.Sleep(time.Second) }, context.DeadlineExceeded, context.DeadlineExceeded},
			"the earlier deadline": {func(l *Life) {
				l.until(time.Now().Add(time.Second))
				l.until(time.Now().Add(time.Hour))
				time.Sleep(time.Second)
			}, context.DeadlineExceeded, context.DeadlineExceeded},
			"a deadline moved up": {func(l *Life) {
				l.until(time.Now().Add(time.Hour))
				l.until(time.Now().Add(time.Second))
				time.Sleep(time.Second)
			}, context.DeadlineExceeded, context.DeadlineExceeded},
			"whoever ends it":      {func(l *Life) { l.End(gone); l.End(nil); l.until(time.Now()) }, gone, context.Canceled},
			"the end of an answer": {func(l *Life) { l.End(nil) }, context.Canceled, context.Canceled},
		} {
			l := &Life{}
			called, unhooked := false, false
			stop := l.AfterFunc(func() { unhooked = true })
			context.AfterFunc(l, func() { called = true })
			if !stop() || stop() {
				t.Errorf("%s: a hook stops once", name)
			}
			done := l.Done()
			if l.Err() != nil {
				t.Errorf("%s: it ends before its time: %v", name, l.Err())
			}
			x.end(l)
			synctest.Wait()
			if l.Cause() != x.cause || l.Err() != x.err || !called || unhooked {
				t.Errorf("%s: cause %v, error %v, hook called %t, stopped hook called %t", name, l.Cause(), l.Err(), called, unhooked)
			}
			<-done
			<-l.Done()
			late := make(chan struct{})
			if stop := l.AfterFunc(func() { close(late) }); stop() {
				t.Errorf("%s: a hook of what has ended was stopped", name)
			}
			<-late
			<-(&Life{cause: gone}).Done()
		}
	})
}

// TestLifeOfAnother ends with the context that a caller brought.
func TestLifeOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		l := lifeOf(ctx)
		cancel(gone)
		<-l.Done()
		if l.Cause() != gone || lifeOf(l) != l {
			t.Errorf("cause %v", l.Cause())
		}
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		l = lifeOf(short)
		if at, ok := l.Deadline(); !ok || time.Until(at) != time.Second {
			t.Errorf("deadline %v %t", at, ok)
		}
		<-l.Done()
		l = lifeOf(t.Context())
		l.End(nil) // and leaves the caller's
	})
}

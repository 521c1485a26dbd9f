package classifiers

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
)

// Module is one loaded classifier: its compiled code and a pool of instances, in a runtime of its own, so that closing it frees
// everything at once. All methods may be called from many goroutines.
type Module struct {
	card        Card
	name        string // name and version
	bytes       int    // of the .wasm
	options     Options
	hasFeatures bool
	interpreted bool

	cache    wazero.CompilationCache // nil = none
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	image    *image // nil = data segments

	idle chan *instance // nil in it stands for an instance that is yet to be made
	refs atomic.Int64   // 1 until Close, and 1 for each call and Acquire
	once sync.Once
	done chan struct{}
}

// Card is what the module says of itself.
func (m *Module) Card() Card { return m.card }

// Classify puts in to the module. It allocates nothing when out is used again. An error is an *Error; out then holds rubbish.
func (m *Module) Classify(in *Input, out *Result) error {
	_, err := m.classify(in, out)
	return err
}

func (m *Module) classify(in *Input, out *Result) (time.Duration, error) {
	took, err := m.use(func(i *instance) error {
		b, err := i.call(m, i.classify, in)
		if err != nil {
			return err
		}
		return m.card.read(b, out)
	})
	out.Module, out.Fallback = m.name, ""
	return took, err
}

// use calls f with an instance of f's own, and says how long f took.
func (m *Module) use(f func(*instance) error) (time.Duration, error) {
	if !m.Acquire() {
		return 0, m.fail(Closed, errClosed, 0)
	}
	defer m.Release()
	i, err := m.take()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	err = guard(i, f)
	took := time.Since(start)
	return took, m.settle(i, took, err)
}

// guard makes an error of a panic, so that an instance always comes back to its pool.
func guard(i *instance, f func(*instance) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f(i)
}

var (
	errClosed = errors.New("the module is closed")
	errBusy   = errors.New("no instance is free")
)

// Acquire keeps the module open until Release, whoever closes it meanwhile. False = it is closed already.
func (m *Module) Acquire() bool {
	for n := m.refs.Load(); n > 0; n = m.refs.Load() {
		if m.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// Release ends an Acquire.
func (m *Module) Release() {
	if m.refs.Add(-1) == 0 {
		m.free()
		close(m.done)
	}
}

// Close lets go of the module. Calls in flight end as if nothing had happened; the last of them frees it.
func (m *Module) Close() { m.once.Do(m.Release) }

// Done is closed when everything that the module held has been freed.
func (m *Module) Done() <-chan struct{} { return m.done }

func (m *Module) free() {
	if m.runtime != nil {
		_ = m.runtime.Close(background)
	}
	if m.cache != nil {
		_ = m.cache.Close(background)
	}
	m.image.close()
}

var timers = sync.Pool{New: func() any { return time.NewTimer(time.Hour) }}

// take gives an instance that nobody else uses. It waits for at most Options.Wait.
func (m *Module) take() (*instance, error) {
	var i *instance
	select {
	case i = <-m.idle:
	default:
		t := timers.Get().(*time.Timer)
		t.Reset(m.options.Wait)
		select {
		case i = <-m.idle:
			t.Stop()
			timers.Put(t)
		case <-t.C:
			timers.Put(t)
			return nil, m.fail(Busy, fmt.Errorf("%w after %v: all %d are at work", errBusy, m.options.Wait, cap(m.idle)), m.options.Wait)
		}
	}
	if i != nil {
		return i, nil
	}
	i, err := m.start(background)
	if err != nil {
		m.idle <- nil
		return nil, m.fail(Trap, fmt.Errorf("start of an instance: %w", err), 0)
	}
	return i, nil
}

// settle puts an instance back after a call, or a place for a new one after an error, which it reports.
func (m *Module) settle(i *instance, took time.Duration, err error) error {
	if err == nil {
		m.idle <- i
		if took > m.options.Slow {
			m.options.OnEvent(Event{Kind: Slow, Module: m.name, Took: took})
		}
		return nil
	}
	_ = i.module.Close(background)
	m.idle <- nil
	switch {
	case errors.Is(err, errFuel):
		return m.fail(OutOfFuel, err, took)
	case errors.Is(err, errResult):
		return m.fail(BadResult, err, took)
	default:
		return m.fail(Trap, err, took)
	}
}

func (m *Module) fail(kind Kind, err error, took time.Duration) error {
	m.options.OnEvent(Event{Kind: kind, Module: m.name, Err: err, Took: took})
	return &Error{Kind: kind, Module: m.name, Err: err}
}

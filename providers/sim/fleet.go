// Package sim is 13 simulated providers: what the demo, the tests and the load generator talk to. Each speaks the dialects of
// the real one, on its paths, with its habits: how it counts, where it puts its usage, what it refuses, what its errors look
// like, what of its reasoning it wants back. Chat completions are served by all of them. All they do is decided by a seed.
package sim

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/routor/routor/engine/catalog"
)

// Options make a fleet.
type Options struct {
	Catalog *catalog.Catalog // whose models are served; nil = the built-in one
	Seed    uint64           // of everything that varies
	// Latency scales waiting: 1 = as the real models, 0 = none (tests, load).
	Latency float64
	// Strict makes chat completions refuse what the real providers refuse: parameters that a model does not take, turns that
	// lack their reasoning. The other dialects always do.
	Strict bool
	// Marked makes every text carry a mark of its own, by which a client knows whether it is whole and nobody else's: see
	// CheckMark.
	Marked bool
}

// Fleet is the simulated providers. It is safe for concurrent use.
type Fleet struct {
	o         Options
	providers map[string]*provider
	memory    *fasthttputil.InmemoryListener
	server    *fasthttp.Server
	served    sync.WaitGroup
	closing   chan struct{}
	closed    sync.Once
	weather   atomic.Pointer[weather]

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// provider is one simulated provider.
type provider struct {
	fleet  *Fleet
	id     string
	habits habits
	models map[string]*model
	order  []string // of models
	faults atomic.Pointer[Faults]
	count  atomic.Uint64 // requests so far: what chance is drawn from
	dials  atomic.Uint64 // connections so far
	cache  promptCache
}

// Providers are the ids of the simulated providers.
func Providers() []string {
	return []string{"openai", "anthropic", "google", "deepseek", "xai", "nvidia", "moonshot", "minimax", "zai", "alibaba", "mistral", "microsoft", "xiaomi"}
}

// New starts a fleet that listens in memory. Close ends it.
func New(o Options) *Fleet {
	if o.Catalog == nil {
		o.Catalog = catalog.Builtin()
	}
	f := &Fleet{o: o, providers: map[string]*provider{}, memory: fasthttputil.NewInmemoryListener(), closing: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	for _, id := range Providers() {
		p := &provider{fleet: f, id: id, habits: habitsOf(id)}
		p.models, p.order = modelsOf(o.Catalog, id)
		p.faults.Store(&Faults{})
		f.providers[id] = p
	}
	f.server = &fasthttp.Server{
		Handler: f.handle, Name: "routor-sim", NoDefaultServerHeader: true, MaxRequestBodySize: 64 << 20,
		ReadBufferSize: 16 << 10, IdleTimeout: 2 * time.Minute, CloseOnShutdown: true, StreamRequestBody: false,
		Logger: quiet{}, KeepHijackedConns: true, ConnState: f.track,
	}
	f.serve(f.memory)
	return f
}

// quiet drops the server's remarks on connections that clients gave up: that is what faults are for.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

func (f *Fleet) serve(l net.Listener) {
	f.served.Add(1)
	go func() {
		defer f.served.Done()
		_ = f.server.Serve(l)
	}()
}

// Listen serves the fleet on a TCP address as well, each provider under its name: http://HOST:PORT/openai/v1. It returns
// the address that it listens on.
func (f *Fleet) Listen(addr string) (net.Addr, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("simulated providers: %w", err)
	}
	f.serve(l)
	return l.Addr(), nil
}

// BaseURL is a provider's base URL in memory. Over TCP the host is the one of Listen.
func (f *Fleet) BaseURL(provider string) string { return "http://routor.sim/" + provider + "/v1" }

// Provider is a copy of a catalog's provider that reaches the simulated one: its address in memory, in the OpenAI dialect.
func (f *Fleet) Provider(p *catalog.Provider) *catalog.Provider {
	c := *p
	c.BaseURL, c.Dialect, c.Models = f.BaseURL(p.ID), "openai", "/models"
	return &c
}

// Native is a copy of a catalog's provider that reaches the simulated one in its own dialect, on the path that it really has.
func (f *Fleet) Native(p *catalog.Provider) *catalog.Provider {
	c := *p
	_, path, _ := strings.Cut(strings.TrimPrefix(p.BaseURL, "https://"), "/")
	c.BaseURL = strings.TrimSuffix("http://routor.sim/"+p.ID+"/"+path, "/")
	if p.ID == "microsoft" {
		c.BaseURL += "?api-version=2024-05-01-preview"
	}
	return &c
}

// Dial is how a connection reaches a provider in memory, whatever the address.
func (f *Fleet) Dial(provider string) func(addr string) (net.Conn, error) {
	return func(string) (net.Conn, error) {
		p := f.providers[provider]
		if p == nil {
			return nil, fmt.Errorf("no simulated provider %q", provider)
		}
		if f := p.dialled(); f.Refuse {
			return nil, errors.New("connection refused (simulated)")
		}
		return f.memory.Dial()
	}
}

// Set switches a provider's faults; the zero Faults switch them off. It works from the next request on.
func (f *Fleet) Set(provider string, faults Faults) error {
	p := f.providers[provider]
	if p == nil {
		return fmt.Errorf("no simulated provider %q (there are: %s)", provider, strings.Join(Providers(), ", "))
	}
	if err := faults.check(); err != nil {
		return err
	}
	p.faults.Store(&faults)
	return nil
}

// Faults are a provider's faults as they are switched.
func (f *Fleet) Faults(provider string) Faults {
	if p := f.providers[provider]; p != nil {
		return *p.faults.Load()
	}
	return Faults{}
}

// Models are the ids that a provider serves.
func (f *Fleet) Models(provider string) []string {
	if p := f.providers[provider]; p != nil {
		return p.order
	}
	return nil
}

// Requests is how many chat completions a provider was asked for.
func (f *Fleet) Requests(provider string) uint64 {
	if p := f.providers[provider]; p != nil {
		return p.count.Load()
	}
	return 0
}

// Close ends all connections and everything that waits.
func (f *Fleet) Close() {
	f.closed.Do(func() {
		close(f.closing)
		shut := make(chan struct{})
		go func() {
			defer close(shut)
			_ = f.server.Shutdown()
		}()
		// Shutdown waits for clients that keep their connections, and some would keep them until the idle timeout.
		for open := true; open; {
			f.hangUp()
			select {
			case <-shut:
				open = false
			case <-time.After(5 * time.Millisecond):
			}
		}
		_ = f.memory.Close()
		f.served.Wait()
	})
}

// track keeps the connections that are open.
func (f *Fleet) track(conn net.Conn, state fasthttp.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch state {
	case fasthttp.StateNew:
		f.conns[conn] = struct{}{}
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		delete(f.conns, conn)
	}
}

func (f *Fleet) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_ = conn.Close()
	}
}

// wait is a pause that ends early when the fleet closes, and says whether it did.
func (f *Fleet) wait(d time.Duration) (closing bool) {
	if d <= 0 {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return false
	case <-f.closing:
		return true
	}
}

// URL is the base URL of a provider behind a server that listens at addr, in its own dialect and on the path that it really has.
func (f *Fleet) URL(p *catalog.Provider, addr string) string {
	return strings.Replace(f.Native(p).BaseURL, "routor.sim", addr, 1)
}

// Connections is how many connections are open.
func (f *Fleet) Connections() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.conns)
}

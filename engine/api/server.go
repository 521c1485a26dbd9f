// Package api is Routor over HTTP: the endpoints that clients call, the admin API, health and metrics, and the pages.
package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/providers/sim"
	"github.com/routor/routor/web"
)

// Options are what a Server is made of. Engine and Config are needed.
type Options struct {
	Engine    *engine.Engine
	Config    *config.Config    // addresses, TLS, limits, shutdown, access log, response headers
	Keys      *access.Store     // nil = there are none
	Meters    *access.Meters    // nil = nobody is held to limits, and nothing is counted
	AdminKey  string            // "" = nobody may use the admin API
	Documents *Documents        // nil = what serves can't be changed through the admin API
	Demo      *sim.Fleet        // nil = no demo
	Visitors  bool              // requests without a known key are answered on loopback although there are keys
	Ledger    *ledger.Ledger    // nil = only the latest decisions are known
	Missing   map[string]string // by provider that somebody wanted: why it is not connected
	Version   string
	LogTo     io.Writer // access log; nil = stdout
	ErrorLog  io.Writer // panics; nil = stderr
	// ReadTimeout bounds the arrival of a request, WriteTimeout each write of an answer, IdleTimeout the wait for the next
	// request on a connection. Zero takes 60 s, 60 s and 3 min.
	ReadTimeout, WriteTimeout, IdleTimeout time.Duration
}

// Server serves the API.
type Server struct {
	Options
	keys     *access.Store
	adminKey string
	open     bool            // clients need no key as long as none exists
	hosts    map[string]bool // names besides loopback ones that the admin API answers to
	started  time.Time
	metrics  *httpMetrics
	watch    watcher
	log      accessLog
	recent   recent
	sample   sampled
	reports  reports
	replays  replays
	memory   *memory
	pages    *pages
	sessions *sessions
	events   *events
	tries    tries

	draining atomic.Bool
	running  atomic.Int64 // requests that are being answered
	asking   atomic.Int64 // those of them that ask a model, or for a decision

	mu       sync.Mutex
	clients  net.Listener
	private  net.Listener // nil = the same as clients
	servers  []*fasthttp.Server
	ownAdmin bool
}

// New makes a server. It listens from Listen or Serve on.
func New(o Options) *Server {
	if o.LogTo == nil {
		o.LogTo = os.Stdout
	}
	if o.ErrorLog == nil {
		o.ErrorLog = os.Stderr
	}
	for _, d := range [...]struct {
		field *time.Duration
		def   time.Duration
	}{{&o.ReadTimeout, time.Minute}, {&o.WriteTimeout, time.Minute}, {&o.IdleTimeout, 3 * time.Minute}} {
		if *d.field <= 0 {
			*d.field = d.def
		}
	}
	s := &Server{Options: o, keys: o.Keys, adminKey: o.AdminKey, hosts: map[string]bool{}}
	s.open, s.started = o.Config.Loopback(), time.Now()
	admin, own := o.Config.Admin()
	s.ownAdmin = own
	if host, _, err := net.SplitHostPort(admin); err == nil && host != "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsUnspecified() {
			s.hosts[strings.ToLower(host)] = true
		}
	}
	s.metrics = newHTTPMetrics(o.Engine.Metrics.Set(), s)
	s.log.to = o.LogTo
	s.memory = newMemory(int64(o.Config.Limits.Memory))
	s.pages, s.sessions = newPages(web.Files), newSessions()
	s.events = newEvents(s)
	return s
}

// Listen opens the addresses. The error says which one is taken and what to do.
func (s *Server) Listen() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clients != nil {
		return nil
	}
	l, err := listen(s.Config.Listen, "--listen")
	if err != nil {
		return err
	}
	if s.Config.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(string(s.Config.TLS.Cert), string(s.Config.TLS.Key))
		if err != nil {
			return errors.Join(fmt.Errorf("tls: %w", err), l.Close())
		}
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	if addr, own := s.Config.Admin(); own {
		if s.private, err = listen(addr, "--admin-listen"); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	s.clients = l
	return nil
}

func listen(addr, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: stop what listens there, or choose another address with %s HOST:PORT", addr, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

// Addr is where clients call, AdminAddr where admin API, pages and metrics are. They are known from Listen on.
func (s *Server) Addr() net.Addr { return s.clients.Addr() }

// Listening says whether the addresses are open.
func (s *Server) Listening() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients != nil
}

// AdminAddr is the address of the admin API.
func (s *Server) AdminAddr() net.Addr {
	if s.private != nil {
		return s.private.Addr()
	}
	return s.clients.Addr()
}

// Serve answers requests until ctx ends, then shuts down: /readyz says no at once, requests are taken for drain_delay
// more, and those that run then have shutdown_grace to end.
func (s *Server) Serve(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return err
	}
	defer s.events.close()
	defer s.replays.stop()
	defer s.watch.cut()
	defer s.hangUp()
	watching := make(chan struct{})
	watch, stopWatch := context.WithCancel(context.Background())
	go func() {
		defer close(watching)
		s.watch.run(watch)
	}()
	looking := make(chan struct{})
	go func() {
		defer close(looking)
		s.memory.run(watch)
	}()
	judging := make(chan struct{})
	go func() {
		defer close(judging)
		if s.Documents != nil {
			s.judgeRollouts(watch)
		}
	}()
	defer func() { stopWatch(); <-watching; <-looking; <-judging }()

	failed := make(chan error, 2)
	s.start(s.clients, s.private == nil, failed)
	if s.private != nil {
		s.start(s.private, true, failed)
	}
	select {
	case err := <-failed:
		s.draining.Store(true)
		return errors.Join(err, s.shutdown())
	case <-ctx.Done():
	}
	s.draining.Store(true)
	time.Sleep(s.Config.DrainDelay)
	return s.shutdown()
}

// ServeAdmin answers only admin calls, on a listener of the caller's, until ctx ends. Nothing else is opened or watched.
func (s *Server) ServeAdmin(ctx context.Context, l net.Listener) {
	defer s.events.close()
	failed := make(chan error, 1)
	s.start(l, true, failed)
	select {
	case <-failed:
	case <-ctx.Done():
	}
	s.draining.Store(true)
	_ = s.shutdown()
}

// hangUp closes the listeners: a shutdown that comes before fasthttp has begun to accept does not know of them.
func (s *Server) hangUp() {
	for _, l := range []net.Listener{s.clients, s.private} {
		if l != nil {
			_ = l.Close()
		}
	}
}

func (s *Server) start(l net.Listener, private bool, failed chan<- error) {
	srv := &fasthttp.Server{
		Handler:      func(ctx *fasthttp.RequestCtx) { s.handle(ctx, l == s.clients, private) },
		ErrorHandler: s.unreadable, MaxRequestBodySize: int(s.Config.Limits.Body), ReadBufferSize: 32 << 10, ReduceMemoryUsage: true, // which is the buffer while a stream runs
		ReadTimeout: s.ReadTimeout, WriteTimeout: s.WriteTimeout, IdleTimeout: s.IdleTimeout,
		HeaderReceived: func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
			return s.memory.received(h, int(s.Config.Limits.Body), s.ReadTimeout+time.Second)
		},
		NoDefaultServerHeader: true, NoDefaultContentType: true, CloseOnShutdown: true, Logger: quiet{},
	}
	s.servers = append(s.servers, srv)
	go func() {
		if err := srv.Serve(l); err != nil && !s.draining.Load() {
			failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
	}()
}

// quiet drops fasthttp's remarks on single connections: what concerns a request is in its answer and in the metrics.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// shutdown stops accepting and waits for what runs. When the grace is over upstream calls are cancelled, so that streams
// end with an error event rather than in the middle of a line.
func (s *Server) shutdown() error {
	grace, cancel := context.WithTimeout(context.Background(), s.Config.ShutdownGrace)
	defer cancel()
	err := s.stop(grace)
	if err == nil {
		return nil
	}
	running := s.running.Load()
	s.watch.cut()
	last, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.stop(last) == nil && running == 0 {
		return nil
	}
	return fmt.Errorf("shutdown: %d requests were cut off after shutdown_grace (%s)", running, s.Config.ShutdownGrace)
}

func (s *Server) stop(ctx context.Context) error {
	results := make(chan error, len(s.servers))
	for _, srv := range s.servers {
		go func() { results <- srv.ShutdownWithContext(ctx) }()
	}
	var err error
	for range s.servers {
		if e := <-results; e != nil && !errors.Is(e, net.ErrClosed) {
			err = e
		}
	}
	return err
}

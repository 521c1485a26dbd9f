package providers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
)

// Options say how a provider is reached.
type Options struct {
	Provider *catalog.Provider
	BaseURL  string        // "" = the provider's; a query in it (api-version) is sent with every call
	Key      func() string // asked for every call, so that a key file can change; nil = the provider wants none
	// Keys are several in place of Key. It is asked for every call too, and makes a new slice when something has changed.
	Keys     func() []Key
	Headers  []Header // sent with every call; they win over a call's own
	MaxConns int      // at most so many connections; 0 = 512
	MaxBody  int      // the largest plain answer in bytes; 0 = 64 MiB
	MaxEvent int      // the largest event of a stream in bytes; 0 = 32 MiB
	// IdlePool is how long an unused connection is kept, which must be less than the provider keeps it; 0 = 30 s.
	IdlePool  time.Duration
	Timeouts  Timeouts // for calls that do not say; Connect 0 = 10 s
	Dial      func(addr string) (net.Conn, error)
	Proxy     string         // outbound proxy: http[s]://[user:password@]host[:port]
	RootCAs   *x509.CertPool // nil = the system's
	UserAgent string         // "" = "routor"

	keyless bool // the provider wants no key
}

// Connection is the way to one provider: its address, key, dialect and pooled connections. It is safe for concurrent use.
//
// It speaks HTTP/1.1 with fasthttp's messages over a pool of its own, because a call must be able to end while it waits
// for a connection or dials, must know whether its connection was a used one, and must bound each read by itself.
type Connection struct {
	o       Options
	base    *url.URL
	path    string // of base, without a slash at its end
	dialect *dialect
	targets map[catalog.Surface]string // the addresses of surfaces, where they are the same for all models
	pool    pool
	ring    atomic.Pointer[ring]
}

// Connect prepares a connection; nothing is dialled before the first call.
func Connect(o Options) (*Connection, error) {
	if o.Provider == nil {
		return nil, errors.New("connect: no provider is given")
	}
	fail := func(err error) (*Connection, error) {
		return nil, fmt.Errorf("provider %s: %w", o.Provider.ID, err)
	}
	if o.BaseURL == "" {
		o.BaseURL = o.Provider.BaseURL
	}
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || base.User != nil {
		return fail(fmt.Errorf("base_url %q is no address such as https://api.example.com/v1", redactURL(o.BaseURL)))
	}
	speaks, err := dialectOf(o.Provider.Dialect)
	if err != nil {
		return fail(err)
	}
	if _, ok := authHeaders[o.Provider.Auth]; !ok {
		return fail(fmt.Errorf("unknown auth %q (there is: bearer, x-api-key, api-key, x-goog-api-key)", o.Provider.Auth))
	}
	if o.Keys == nil {
		o.Keys, o.keyless = keysOf(o.Key)
	}
	o.MaxConns = orDefault(o.MaxConns, 512)
	o.MaxBody = orDefault(o.MaxBody, 64<<20)
	o.IdlePool = orDefault(o.IdlePool, 30*time.Second)
	o.Timeouts.Connect = orDefault(o.Timeouts.Connect, 10*time.Second)
	o.UserAgent = orDefault(o.UserAgent, "routor")
	c := &Connection{o: o, base: base, path: strings.TrimRight(base.EscapedPath(), "/"), dialect: speaks}
	c.targets = c.fixedTargets()
	c.pool = pool{max: o.MaxConns, idleFor: o.IdlePool, dialer: dialer{addr: hostPort(base), dial: o.Dial, roots: o.RootCAs}}
	if base.Scheme == "https" {
		c.pool.dialer.tls = &tls.Config{
			ServerName: base.Hostname(), RootCAs: o.RootCAs, MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"}, ClientSessionCache: tls.NewLRUClientSessionCache(64),
		}
	}
	if o.Proxy != "" {
		p, err := url.Parse(o.Proxy)
		if err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			return fail(fmt.Errorf("proxy %q is no address such as http://proxy.example.com:3128", redactURL(o.Proxy)))
		}
		c.pool.dialer.proxy = p
	}
	return c, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// redactURL is a URL as it may be shown: a password in it is a secret, even where the rest of it makes no sense.
func redactURL(s string) string {
	if at := strings.LastIndexByte(s, '@'); at >= 0 {
		return "…" + s[at:]
	}
	return s
}

// Close closes what is idle; calls in flight go on.
func (c *Connection) Close() { c.pool.close() }

// Provider is whose connection it is.
func (c *Connection) Provider() *catalog.Provider { return c.o.Provider }

// BaseURL is where it calls, without the query, which may hold a credential.
func (c *Connection) BaseURL() string { return c.base.Scheme + "://" + c.base.Host + c.path }

// Do sends a call and gives its answer, which must be closed. A stream's answer comes with its headers; everything else
// comes with its body. What is no success, an error inside a 200 included, is an *Error of one of the classes.
//
// A reused connection that closes before any byte of the response is replaced once by a fresh one.
func (c *Connection) Do(call *Call) (*Answer, *Error) {
	surface := call.Surface
	if surface == "" && call.Deployment != nil {
		surface = call.Deployment.Surface
	}
	on := c.dialect.on(surface)
	if on == nil {
		return nil, &Error{Class: BadRequest, Provider: c.o.Provider.ID, Message: fmt.Sprintf("the surface %q is not served in the dialect of this provider", surface)}
	}
	cred := c.keys().pick(time.Now())
	if cred == nil {
		return nil, &Error{Class: Auth, Provider: c.o.Provider.ID, Message: c.noKey()}
	}
	a, e := c.exchange(call, cred, on.speaks, "POST", c.target(on, call))
	if e != nil {
		return nil, e
	}
	if a.Stream == nil {
		if e := a.understand(); e != nil {
			a.Close()
			return nil, e
		}
	}
	c.noteSuccess(a.cred)
	return a, nil
}

// exchange is one request and its answer with a status of success.
func (c *Connection) exchange(call *Call, cred *credential, speaks chat.Dialect, method, target string) (*Answer, *Error) {
	start := time.Now()
	a := acquireAnswer(c, call, cred)
	a.timeouts = call.Timeouts.Or(c.o.Timeouts)
	a.speaks = speaks
	a.write(method, target)
	e := a.connect(nil)
	if e == nil {
		e = a.run(start)
	}
	if e != nil && e.Fresh {
		dead := a.link
		if e = a.connect(dead); e == nil {
			e = a.run(start)
		}
	}
	if e == nil && a.Stream == nil {
		a.giveBack()
	}
	if e != nil {
		c.noteError(cred.key, e)
		a.Close()
		return nil, e
	}
	return a, nil
}

// connect takes a link for the exchange, in the place of a dead one if that is given.
func (a *Answer) connect(dead *link) *Error {
	a.link = nil
	if dead == nil {
		if a.link = a.c.pool.takeIdle(); a.link != nil {
			return a.held()
		}
	}
	ctx, stop := context.Background(), context.CancelFunc(nil)
	if t := earlierOf(a.timeouts.Connect, a.timeouts.Total); t > 0 {
		ctx, stop = context.WithTimeout(ctx, t)
	} else {
		ctx, stop = context.WithCancel(ctx)
	}
	defer stop()
	var err error
	if !a.call.holds(nil, stop) {
		err = context.Canceled
		if dead != nil {
			a.c.pool.drop(dead)
		}
	} else if dead != nil {
		a.link, err = a.c.pool.redial(ctx, dead)
	} else {
		a.link, err = a.c.pool.take(ctx)
	}
	switch {
	case err == nil:
		return a.held()
	case a.call.isCanceled():
		return a.fail(Canceled, "", context.Canceled)
	case errors.Is(err, errAllInUse):
		return a.fail(Overloaded, fmt.Sprintf("all %d connections are in use (max_conns)", a.c.pool.max), err)
	case isTimeout(err) || errors.Is(err, context.DeadlineExceeded):
		return a.fail(Timeout, "no connection within "+earlierOf(a.timeouts.Connect, a.timeouts.Total).String(), err)
	}
	return a.fail(Network, "", err)
}

func (a *Answer) held() *Error {
	if !a.call.holds(a.link, nil) {
		return a.fail(Canceled, "", context.Canceled)
	}
	return nil
}

func earlierOf(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

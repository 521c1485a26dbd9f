// Package store is what Routor remembers and shares: NATS JetStream, inside the process by default and without a port, or a
// cluster for a fleet. Both are used by the same code through a connection; nothing above this room knows which it is.
package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where the state is.
type Options struct {
	// Dir is the data directory. With an embedded server its files lie in the folder "nats" there. The directory is locked:
	// one process at a time. "" = no directory, which only a cluster's client may say.
	Dir string
	// URL is a cluster's, such as nats://10.0.0.1:4222; several are separated by commas. "" = a server inside the process.
	URL string
	// Credentials is a file with a user's JWT and key, for URL.
	Credentials string
	// TLS is for URL; zero = as the URL's scheme says.
	TLS TLS
	// Replicas is how many servers of the cluster hold each message; 0 = three where the cluster has three, else one.
	Replicas int
	// Name is this process's among the cluster's connections; "" = routor.
	Name string
	// Wait bounds how long Open waits for a cluster; zero = 2 s. A cluster that does not answer is no error: the connection is
	// made as soon as it can be.
	Wait time.Duration
	// Log gets warnings; nil = nobody.
	Log func(format string, args ...any)
}

// TLS is how a cluster's certificate is checked, and who we are to it. All are PEM files; "" = the system's, none.
type TLS struct{ CA, Cert, Key string }

// Store is the open state. Its methods are safe for concurrent use.
type Store struct {
	options  Options
	lock     *lock
	embedded *server.Server // nil = a cluster
	conn     *nats.Conn
	js       jetstream.JetStream

	mu       sync.Mutex
	replicas int // 0 = not found out yet
	warned   bool

	away  atomic.Int64 // since when nobody answers, Unix ns; 0 = connected
	backs []func()
}

// Open opens the state. With an embedded server it is ready when Open returns; a cluster that is away at that time is
// connected to later, see Connected.
func Open(ctx context.Context, o Options) (s *Store, err error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Name == "" {
		o.Name = "routor"
	}
	if o.Wait <= 0 {
		o.Wait = 2 * time.Second
	}
	if o.Dir == "" && o.URL == "" {
		return nil, errors.New("open the state: neither a data directory nor a NATS URL is given")
	}
	s = &Store{options: o}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if o.Dir != "" {
		if s.lock, err = takeLock(o.Dir); err != nil {
			return s, err
		}
	}
	if o.URL == "" {
		err = s.embed(filepath.Join(o.Dir, "nats"))
	} else {
		err = s.dial(ctx)
	}
	if err != nil {
		return s, err
	}
	// An acknowledgement that a cluster loses while it changes leaders must not be waited for without end.
	s.js, err = jetstream.New(s.conn, jetstream.WithDefaultTimeout(10*time.Second), jetstream.WithPublishAsyncMaxPending(4096), jetstream.WithPublishAsyncTimeout(30*time.Second))
	if err != nil {
		return s, fmt.Errorf("open the state: %w", err)
	}
	return s, nil
}

// JetStream is the door to streams, KV and objects.
func (s *Store) JetStream() jetstream.JetStream { return s.js }

// Conn is the connection, for messages that nobody needs to keep.
func (s *Store) Conn() *nats.Conn { return s.conn }

// Embedded says whether the server is inside this process.
func (s *Store) Embedded() bool { return s.embedded != nil }

// Connected says whether the server can be asked now, and if not, since when not.
func (s *Store) Connected() (ok bool, since time.Time) {
	if at := s.away.Load(); at != 0 {
		return false, time.Unix(0, at)
	}
	return true, time.Time{}
}

// OnReturn has f called, on a goroutine of its own, whenever a cluster that was away answers again.
func (s *Store) OnReturn(f func()) {
	s.mu.Lock()
	s.backs = append(s.backs, f)
	s.mu.Unlock()
}

func (s *Store) left() { s.away.CompareAndSwap(0, time.Now().UnixNano()) }

func (s *Store) returned() {
	s.away.Store(0)
	s.mu.Lock()
	backs := append([]func(){}, s.backs...)
	s.mu.Unlock()
	for _, f := range backs {
		go f()
	}
}

// Close ends the connection and an embedded server, writes what is not written yet, and unlocks the directory.
func (s *Store) Close() {
	if s.conn != nil {
		s.conn.Close()
	}
	if s.embedded != nil {
		s.embedded.Shutdown()
		s.embedded.WaitForShutdown()
	}
	if s.lock != nil {
		s.lock.release()
	}
}

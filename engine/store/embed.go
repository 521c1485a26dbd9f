package store

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// maxPayload is the largest message that an embedded server takes.
const maxPayload = 8 << 20

// embed starts the server inside the process: no port, no signal handlers (or a SIGTERM would end the process without our
// shutdown), every write on the disk before it is acknowledged.
func (s *Store) embed(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil { // the server's own default lets a group read
		return fmt.Errorf("make the state's folder: %w", err)
	}
	ns, err := server.NewServer(&server.Options{
		ServerName: "routor", DontListen: true, NoSigs: true, NoSystemAccount: true,
		JetStream: true, StoreDir: dir, SyncAlways: true, DisableJetStreamBanner: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 1 << 62, // the streams' own limits bound the disk
		MaxPayload: maxPayload, MaxPending: 64 << 20, JetStreamConcurrentIOs: 64,
	})
	if err != nil {
		return fmt.Errorf("start the state's server in %s: %w", dir, err)
	}
	ns.SetLoggerV2(serverLog{s.options.Log}, false, false, false)
	ns.Start()
	s.embedded = ns
	if !ns.ReadyForConnections(30 * time.Second) {
		return fmt.Errorf("the state's server in %s is not ready after 30 s: look at the messages above; is the disk full or read-only?", dir)
	}
	if !ns.JetStreamEnabled() {
		return fmt.Errorf("the state in %s can't be opened: is the folder writable, and the disk not full?", dir)
	}
	s.conn, err = nats.Connect("", nats.InProcessServer(ns), nats.Name(s.options.Name), nats.MaxReconnects(-1))
	if err != nil {
		return fmt.Errorf("connect to the state in %s: %w", dir, err)
	}
	return nil
}

// serverLog hands an embedded server's warnings and errors on. What it says in the course of things concerns nobody.
type serverLog struct{ say func(string, ...any) }

func (serverLog) Noticef(string, ...any) {}
func (serverLog) Debugf(string, ...any)  {}
func (serverLog) Tracef(string, ...any)  {}
func (l serverLog) Warnf(format string, args ...any) {
	// Each server says this of a folder that nobody else can see.
	if !strings.HasPrefix(format, "Temporary storage directory used") {
		l.say("state: "+format, args...)
	}
}
func (l serverLog) Errorf(format string, args ...any) { l.say("state: "+format, args...) }
func (l serverLog) Fatalf(format string, args ...any) { l.say("state: "+format, args...) }

package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// dial connects to a cluster. One that does not answer is tried again for good, ever since a replica that waits for it serves
// from the last good snapshot meanwhile; a wrong URL, file or credential is an error at once.
func (s *Store) dial(ctx context.Context) error {
	o := s.options
	first := make(chan struct{}, 1)
	refused := make(chan error, 1)
	options := []nats.Option{
		nats.Name(o.Name), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
		nats.ReconnectWait(200 * time.Millisecond), nats.ReconnectJitter(100*time.Millisecond, 100*time.Millisecond),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2), nats.Timeout(o.Wait),
		nats.ReconnectBufSize(-1), // what is published while nobody answers fails at once: whoever publishes keeps it
		nats.IgnoreAuthErrorAbort(),
		nats.ConnectHandler(func(*nats.Conn) {
			s.returned()
			select {
			case first <- struct{}{}:
			default:
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			o.Log("state: NATS at %s answers again", c.ConnectedUrlRedacted())
			s.returned()
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			s.left()
			if err != nil {
				o.Log("state: NATS is away: %v; the last good snapshot goes on serving", err)
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) {
				select {
				case refused <- err:
				default:
				}
			}
		}),
	}
	if o.Credentials != "" {
		options = append(options, nats.UserCredentials(o.Credentials))
	}
	if o.TLS.CA != "" {
		options = append(options, nats.RootCAs(o.TLS.CA))
	}
	if o.TLS.Cert != "" {
		options = append(options, nats.ClientCert(o.TLS.Cert, o.TLS.Key))
	}
	s.left()
	var err error
	if s.conn, err = nats.Connect(o.URL, options...); err != nil {
		return fmt.Errorf("connect to NATS: %w: look at the URL, the credentials and the TLS files", err)
	}
	select {
	case <-first:
	case err := <-refused:
		return fmt.Errorf("NATS refuses the connection: %w: look at the credentials", err)
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(o.Wait):
		if !s.conn.IsConnected() {
			o.Log("state: NATS does not answer; it is tried again until it does")
		}
	}
	return nil
}

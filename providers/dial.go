package providers

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// dialer makes upstream connections: TCP or what Options.Dial gives, through the outbound proxy if there is one, and TLS.
type dialer struct {
	addr  string // host:port of the provider
	dial  func(addr string) (net.Conn, error)
	proxy *url.URL
	tls   *tls.Config // nil = plain
	roots *x509.CertPool
}

// open dials within the context. tcp is what lies under TLS: closing it never blocks.
func (d *dialer) open(ctx context.Context) (conn, tcp net.Conn, err error) {
	addr := d.addr
	if d.proxy != nil {
		addr = hostPort(d.proxy)
	}
	if tcp, err = d.connect(ctx, addr); err != nil {
		return nil, nil, err
	}
	conn = tcp
	if d.proxy != nil {
		conn, err = d.tunnel(ctx, tcp)
	}
	if err == nil && d.tls != nil {
		conn, err = handshake(ctx, conn, d.tls)
	}
	if err != nil {
		_ = tcp.Close()
		return nil, nil, err
	}
	return conn, tcp, nil
}

func (d *dialer) connect(ctx context.Context, addr string) (net.Conn, error) {
	if d.dial == nil {
		var n net.Dialer
		return n.DialContext(ctx, "tcp", addr)
	}
	type result struct {
		conn net.Conn
		err  error
	}
	made := make(chan result, 1)
	go func() {
		conn, err := d.dial(addr)
		made <- result{conn, err}
	}()
	select {
	case r := <-made:
		return r.conn, r.err
	case <-ctx.Done():
		go func() { // a foreign dial cannot be ended: take what it brings when it comes
			if r := <-made; r.err == nil {
				_ = r.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}

// tunnel asks the proxy for a connection to the provider (RFC 9110, section 9.3.6).
func (d *dialer) tunnel(ctx context.Context, tcp net.Conn) (net.Conn, error) {
	conn := tcp
	if d.proxy.Scheme == "https" {
		var err error
		if conn, err = handshake(ctx, tcp, &tls.Config{ServerName: d.proxy.Hostname(), MinVersion: tls.VersionTLS12, RootCAs: d.roots}); err != nil {
			return nil, fmt.Errorf("proxy %s: %w", d.proxy.Host, err)
		}
	}
	defer context.AfterFunc(ctx, func() { _ = tcp.Close() })()
	ask := "CONNECT " + d.addr + " HTTP/1.1\r\nHost: " + d.addr + "\r\n"
	if u := d.proxy.User; u != nil {
		password, _ := u.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(u.Username()+":"+password)) + "\r\n"
	}
	if _, err := conn.Write([]byte(ask + "\r\n")); err != nil {
		return nil, fmt.Errorf("proxy %s: %w", d.proxy.Host, err)
	}
	// One byte at a time, so that nothing of what follows the answer is swallowed.
	resp, err := http.ReadResponse(bufio.NewReaderSize(oneByte{conn}, 16), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", d.proxy.Host, err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("proxy %s refused to connect to %s: HTTP %s", d.proxy.Host, d.addr, resp.Status)
	}
	return conn, ctx.Err()
}

type oneByte struct{ net.Conn }

func (c oneByte) Read(p []byte) (int, error) { return c.Conn.Read(p[:min(1, len(p))]) }

func handshake(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	t := tls.Client(conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// hostPort is a URL's host with its port, or the scheme's.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

package providers_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// peer is a provider made of bytes: it answers the nth request on the mth connection as a test says.
type peer struct {
	addr  string
	conns atomic.Int32
	asked atomic.Int32
	last  atomic.Pointer[http.Request]
}

// newPeer serves on a port of its own. answer gets each request, and ends the connection by returning false.
func newPeer(t *testing.T, answer func(conn net.Conn, n int) bool) *peer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{addr: l.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.conns.Add(1)
			t.Cleanup(func() { _ = conn.Close() })
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for n := 0; ; n++ {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(req.Body)
					req.Body = io.NopCloser(bytes.NewReader(body))
					p.last.Store(req)
					p.asked.Add(1)
					if !answer(conn, n) {
						return
					}
				}
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return p
}

func (p *peer) connect(t *testing.T, edit func(*providers.Options)) *providers.Connection {
	t.Helper()
	o := providers.Options{
		Provider: &catalog.Provider{ID: "openai", Dialect: "openai", Auth: "bearer", Models: "/models"},
		BaseURL:  "http://" + p.addr + "/v1", Key: func() string { return key },
		Timeouts: providers.Timeouts{Connect: 5 * time.Second, Total: 20 * time.Second},
	}
	if edit != nil {
		edit(&o)
	}
	c, err := providers.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

const good = `{"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}`

func say(conn net.Conn, format string, args ...any) bool {
	_, err := fmt.Fprintf(conn, format, args...)
	return err == nil
}

func plain(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

const streamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

func piece(data string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(data), data) }

const (
	role     = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\n\n"
	content  = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
	finished = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
	doneMark = "data: [DONE]\n\n"
)

// TestAnswers is what a connection makes of what comes over the wire.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		wire    string // the whole answer; then the connection closes
		stream  bool
		class   providers.Class // "" = success
		text    string          // in the error
		events  int
		limit   int
		unended error
	}{
		"plain":                     {wire: plain(good)},
		"plain, chunked":            {wire: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + piece(good) + "0\r\n\r\n"},
		"plain, until the end":      {wire: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + good},
		"blank lines first":         {wire: plain("\n\n\n" + good)},
		"interim response":          {wire: "HTTP/1.1 100 Continue\r\n\r\n" + plain(good)},
		"nothing":                   {wire: "", class: providers.Network, text: "unexpected EOF"},
		"half a head":               {wire: "HTTP/1.1 200 OK\r\nConte", class: providers.Network},
		"no HTTP":                   {wire: "SSH-2.0-OpenSSH_9.6\r\n\r\n", class: providers.Network},
		"cut by length":             {wire: strings.Replace(plain(good), "\r\n\r\n", "0\r\n\r\n", 1), class: providers.Network},
		"cut by chunk":              {wire: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + piece(good), class: providers.Network},
		"cut without a length":      {wire: "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + good[:30], class: providers.InBand},
		"broken chunk":              {wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", class: providers.Network},
		"too large":                 {wire: plain(good), limit: 20, class: providers.Server, text: "larger than 20 bytes"},
		"no choices":                {wire: plain(`{"choices":[]}`), class: providers.InBand, text: "without choices"},
		"empty":                     {wire: plain(""), class: providers.InBand},
		"HTML":                      {wire: plain("<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"), class: providers.InBand, text: "Just a moment..."},
		"error in a 200":            {wire: plain(`{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`), class: providers.RateLimited, text: "slow down"},
		"router's error in a 200":   {wire: plain(`{"error":{"message":"Provider returned error","code":502}}`), class: providers.Server},
		"bad gateway":               {wire: "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 52\r\n\r\n<html><head><title>502 Bad Gateway</title></head></h>", class: providers.Server, text: "502 Bad Gateway"},
		"page not found":            {wire: "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nnot found", class: providers.Server, text: "not found"},
		"error for a stream":        {wire: "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: 23\r\n\r\n{\"error\":{\"message\":1}}", stream: true, class: providers.RateLimited},
		"gzip":                      {wire: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", class: providers.InBand, text: "gzip"},
		"redirect":                  {wire: "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://evil.example.com/v1?q=1\r\nContent-Length: 0\r\n\r\n", class: providers.Server, text: "https://evil.example.com, which is not followed"},
		"key in the message":        {wire: strings.Replace(plain(`{"error":{"message":"Incorrect key: `+key+`"}}`), "200 OK", "401 Unauthorized", 1), class: providers.Auth, text: "Incorrect key: …cdef"},
		"stream":                    {wire: streamHead + piece(content+finished) + piece(doneMark) + "0\r\n\r\n", stream: true, events: 3},
		"stream without a mark":     {wire: streamHead + piece(content+finished) + "0\r\n\r\n", stream: true, events: 2},
		"stream without a length":   {wire: "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + content + finished + doneMark, stream: true, events: 3},
		"mark without a line end":   {wire: streamHead + piece(content+finished+"data: [DONE]") + "0\r\n\r\n", stream: true, events: 3},
		"stream of another type":    {wire: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + content + finished + doneMark, stream: true, events: 3},
		"cut stream":                {wire: streamHead + piece(content) + "0\r\n\r\n", stream: true, events: 1, class: providers.InBand, unended: io.ErrUnexpectedEOF},
		"cut stream by chunk":       {wire: streamHead + piece(content), stream: true, events: 1, class: providers.Network, unended: io.ErrUnexpectedEOF},
		"cut in the event":          {wire: streamHead + piece(content+"data: {\"choi") + "0\r\n\r\n", stream: true, events: 1, class: providers.InBand, unended: io.ErrUnexpectedEOF},
		"cut in the chunk":          {wire: streamHead + piece(content) + "50\r\ndata: {\"choi", stream: true, events: 1, class: providers.InBand, unended: io.ErrUnexpectedEOF},
		"nothing in the stream":     {wire: streamHead + "0\r\n\r\n", stream: true, class: providers.InBand, unended: io.ErrUnexpectedEOF},
		"error event":               {wire: streamHead + piece(content+"event: error\ndata: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n"), stream: true, events: 1, class: providers.Overloaded, text: "busy"},
		"garbage in the stream":     {wire: streamHead + piece(content+"data: <html>oops</html>\n\n"), stream: true, events: 1, class: providers.InBand, text: "oops"},
		"plain answer for a stream": {wire: plain(good), stream: true, class: providers.InBand, text: "with a plain body"},
		"in-band error of a stream": {wire: plain(`{"choices":null,"base_resp":{"status_code":1,"status_msg":"no"}}`), stream: true, class: providers.InBand, text: "no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(conn net.Conn, n int) bool { say(conn, "%s", c.wire); return false })
			conn := p.connect(t, func(o *providers.Options) { o.MaxBody = c.limit })
			call := &providers.Call{Body: []byte(`{}`), Stream: c.stream}
			a, e := conn.Do(call)
			events := 0
			var err error
			if e == nil {
				defer a.Close()
				for a.Stream != nil {
					var ev struct{ Data []byte }
					next, nextErr := a.Stream.Next()
					ev.Data = next.Data
					if err = nextErr; err != nil {
						break
					}
					events++
				}
				if err == io.EOF {
					err = nil
				}
			} else {
				err = e
			}
			if events != c.events {
				t.Errorf("%d events, want %d", events, c.events)
			}
			if c.class == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var ue *providers.Error
			if !errors.As(err, &ue) {
				t.Fatalf("error %v, want class %s", err, c.class)
			}
			if ue.Class != c.class || !strings.Contains(ue.Message, c.text) || !ue.Sent || ue.Provider != "openai" {
				t.Errorf("%+v\nwant class %s, %q", ue, c.class, c.text)
			}
			if c.unended != nil && !errors.Is(err, c.unended) {
				t.Errorf("error %v is not %v", err, c.unended)
			}
			if strings.Contains(err.Error(), key) {
				t.Errorf("the error shows the key: %v", err)
			}
			if n := p.asked.Load(); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestPoolReuse(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool {
		if n%2 == 0 {
			return say(conn, "%s", plain(good))
		}
		return say(conn, "%s", streamHead+piece(content+finished+doneMark)+"0\r\n\r\n")
	})
	c := p.connect(t, nil)
	for i := range 20 {
		a, e := c.Do(&providers.Call{Stream: i%2 == 1})
		if e != nil {
			t.Fatal(e)
		}
		for a.Stream != nil {
			if _, err := a.Stream.Next(); err != nil {
				break
			}
		}
		a.Close()
	}
	if n := p.conns.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls one after the other", n)
	}
}

// TestFreshConnection: a kept connection that turns out to be closed is replaced, and the call is sent once more.
func TestFreshConnection(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return n == 0 && say(conn, "%s", plain(good)) })
	c := p.connect(t, nil)
	for range 5 {
		a, e := c.Do(&providers.Call{})
		if e != nil {
			t.Fatal(e)
		}
		a.Close()
	}
	if n := p.conns.Load(); n != 5 {
		t.Errorf("%d connections, want 5", n)
	}
}

// TestFreshOnlyOnce: what closes again on the fresh connection is an error.
func TestFreshOnlyOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return false })
	first := true
	p2 := newPeer(t, func(conn net.Conn, n int) bool {
		if first {
			first = false
			return say(conn, "%s", plain(good))
		}
		return false
	})
	for _, c := range []*providers.Connection{p.connect(t, nil), p2.connect(t, nil)} {
		if a, e := c.Do(&providers.Call{}); e == nil {
			a.Close()
		}
		_, e := c.Do(&providers.Call{})
		if e == nil || e.Class != providers.Network || e.Fresh {
			t.Errorf("error %+v", e)
		}
	}
	if p.asked.Load() != 2 || p2.asked.Load() != 3 {
		t.Errorf("asked %d and %d times, want 2 and 3", p.asked.Load(), p2.asked.Load())
	}
}

func TestIdlePool(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return say(conn, "%s", plain(good)) })
	c := p.connect(t, func(o *providers.Options) { o.IdlePool = time.Nanosecond })
	for range 3 {
		a, e := c.Do(&providers.Call{})
		if e != nil {
			t.Fatal(e)
		}
		a.Close()
	}
	if n := p.conns.Load(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

func TestTimeouts(t *testing.T) {
	t.Parallel()
	const short, long = 60 * time.Millisecond, 20 * time.Second
	for name, c := range map[string]struct {
		wire   string
		stream bool
		limits providers.Timeouts
		text   string
	}{
		"no head":              {stream: true, limits: providers.Timeouts{FirstToken: short, Total: long, Idle: long}, text: "no first byte within 60ms"},
		"no body":              {wire: streamHead, stream: true, limits: providers.Timeouts{FirstToken: short, Total: long, Idle: long}, text: "no first byte within 60ms"},
		"silence":              {wire: streamHead + piece(content), stream: true, limits: providers.Timeouts{FirstToken: long, Idle: short, Total: long}, text: "silent for 60ms"},
		"silence, no token":    {wire: streamHead + piece(role), stream: true, limits: providers.Timeouts{FirstToken: 300 * time.Millisecond, Idle: short, Total: long}, text: "no token within 300ms"},
		"no token, long idle":  {wire: streamHead + piece(role), stream: true, limits: providers.Timeouts{FirstToken: time.Millisecond * 30, Idle: short, Total: long}, text: "no token within 60ms"},
		"in all, streamed":     {wire: streamHead + piece(content), stream: true, limits: providers.Timeouts{FirstToken: long, Idle: long, Total: short}, text: "longer than 60ms in all"},
		"in all, plain":        {limits: providers.Timeouts{Total: short}, text: "longer than 60ms in all"},
		"plain has no others":  {limits: providers.Timeouts{FirstToken: time.Millisecond, Idle: time.Millisecond, Total: short}, text: "longer than 60ms in all"},
		"in the middle, plain": {wire: plain(good)[:80], limits: providers.Timeouts{Total: short}, text: "longer than 60ms in all"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, func(conn net.Conn, n int) bool { return say(conn, "%s", c.wire) })
			_, err := readAll(p.connect(t, nil), &providers.Call{Stream: c.stream, Timeouts: c.limits})
			var e *providers.Error
			if !errors.As(err, &e) || e.Class != providers.Timeout || !strings.Contains(e.Message, c.text) || !e.Sent {
				t.Errorf("error %+v, want a timeout: %s", e, c.text)
			}
		})
	}
}

// TestPatience: who reasons, as a rule or in one call, is waited for as long as the longest of three limits says.
func TestPatience(t *testing.T) {
	t.Parallel()
	limits := providers.Timeouts{FirstToken: 30 * time.Second, Thinking: 2 * time.Minute}
	for _, x := range []struct {
		limits providers.Timeouts
		model  catalog.Model
		thinks bool
		want   time.Duration
	}{
		{limits, catalog.Model{}, false, 30 * time.Second},
		{limits, catalog.Model{Patience: 9}, false, 30 * time.Second},
		{limits, catalog.Model{}, true, 2 * time.Minute},
		{limits, catalog.Model{Thinks: true}, false, 2 * time.Minute},
		{limits, catalog.Model{Thinks: true, Patience: 4.5}, false, 9 * time.Minute},
		{limits, catalog.Model{Patience: 4.5}, true, 9 * time.Minute},
		{limits, catalog.Model{Patience: 1}, true, 2 * time.Minute},
		{providers.Timeouts{FirstToken: 5 * time.Minute, Thinking: time.Minute}, catalog.Model{}, true, 5 * time.Minute},
		{providers.Timeouts{Thinking: time.Minute}, catalog.Model{Patience: 2}, true, 0},
	} {
		if got := x.limits.For(&x.model, x.thinks).FirstToken; got != x.want {
			t.Errorf("%v of a model with %v, thinks %v and %v: %v, want %v", x.limits, x.model.Patience, x.model.Thinks, x.thinks, got, x.want)
		}
	}
}

func readAll(c *providers.Connection, call *providers.Call) (events int, err error) {
	a, e := c.Do(call)
	if e != nil {
		return 0, e
	}
	defer a.Close()
	for a.Stream != nil {
		if _, err := a.Stream.Next(); err != nil {
			if err == io.EOF {
				err = nil
			}
			return events, err
		}
		events++
	}
	return events, nil
}

// TestKeepAlive: comments are life, though they carry nothing.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	tick := make(chan struct{})
	p := newPeer(t, func(conn net.Conn, n int) bool {
		say(conn, "%s", streamHead)
		for range 6 {
			say(conn, "%s", piece(": keep-alive\n\n"))
			<-tick
		}
		return say(conn, "%s", piece(content+finished+doneMark)+"0\r\n\r\n")
	})
	c := p.connect(t, nil)
	a, e := c.Do(&providers.Call{Stream: true, Timeouts: providers.Timeouts{FirstToken: 2 * time.Second, Idle: 2 * time.Second}})
	if e != nil {
		t.Fatal(e)
	}
	defer a.Close()
	events := 0
	for {
		ev, err := a.Stream.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if events++; string(ev.Comment) == "keep-alive" {
			tick <- struct{}{}
		}
	}
	if events != 9 {
		t.Errorf("%d events, want 9", events)
	}
}

func TestCancelMidStream(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return say(conn, "%s", streamHead+piece(content)) })
	c := p.connect(t, nil)
	call := &providers.Call{Stream: true}
	a, e := c.Do(call)
	if e != nil {
		t.Fatal(e)
	}
	defer a.Close()
	if _, err := a.Stream.Next(); err != nil {
		t.Fatal(err)
	}
	start := time.AfterFunc(20*time.Millisecond, a.Cancel)
	defer start.Stop()
	began := time.Now()
	_, err := a.Stream.Next()
	if !errors.Is(err, context.Canceled) || time.Since(began) > 270*time.Millisecond {
		t.Errorf("error %v after %s", err, time.Since(began))
	}
	if _, e := c.Do(call); e == nil || e.Class != providers.Canceled || e.Sent {
		t.Errorf("a canceled call was sent again: %v", e)
	}
}

// TestConnecting: a call can be given up, and times out, while it dials and while it waits for a free connection.
func TestConnecting(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return say(conn, "%s", streamHead+piece(content)) })
	release := make(chan struct{})
	slow := func(string) (net.Conn, error) { <-release; return net.Dial("tcp", p.addr) }
	full := p.connect(t, func(o *providers.Options) { o.MaxConns = 1 })
	held, e := full.Do(&providers.Call{Stream: true})
	if e != nil {
		t.Fatal(e)
	}
	for name, c := range map[string]struct {
		conn  *providers.Connection
		class providers.Class
	}{
		"dialling": {p.connect(t, func(o *providers.Options) { o.Dial = slow }), providers.Timeout},
		"waiting":  {full, providers.Overloaded},
	} {
		call := &providers.Call{Timeouts: providers.Timeouts{Connect: 30 * time.Millisecond}}
		if _, e := c.conn.Do(call); e == nil || e.Class != c.class || e.Sent {
			t.Errorf("%s: error %+v, want class %s", name, e, c.class)
		}
		call = &providers.Call{}
		timer := time.AfterFunc(20*time.Millisecond, call.Cancel)
		if _, e := c.conn.Do(call); e == nil || e.Class != providers.Canceled || e.Sent {
			t.Errorf("%s: error %+v, want canceled", name, e)
		}
		timer.Stop()
	}
	// Whoever waits gets the place as soon as it is free.
	ended := make(chan error)
	go func() {
		_, err := readAll(full, &providers.Call{Stream: true, Timeouts: providers.Timeouts{Idle: 50 * time.Millisecond}})
		ended <- err
	}()
	held.Close()
	var te *providers.Error
	if err := <-ended; !errors.As(err, &te) || te.Class != providers.Timeout || !te.Sent {
		t.Errorf("error %v, want a timeout in the stream", err)
	}
	close(release)
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return say(conn, "%s", plain(good)) })
	c := p.connect(t, func(o *providers.Options) {
		o.BaseURL += "/?api-version=2024-05-01"
		o.Provider.Auth = "api-key"
		o.UserAgent = "routor/1.2.3"
		o.Headers = []providers.Header{{Name: "OpenAI-Organization", Value: "org"}}
	})
	a, e := c.Do(&providers.Call{Body: []byte(`{"a":1}`), Header: []providers.Header{
		{Name: "traceparent", Value: "00-1"}, {Name: "Authorization", Value: "Bearer client"}, {Name: "Cookie", Value: "c"},
		{Name: "X-Routor-Tier", Value: "NANO"}, {Name: "Host", Value: "evil"}, {Name: "Accept-Encoding", Value: "gzip"},
	}})
	if e != nil {
		t.Fatal(e)
	}
	a.Close()
	r := p.last.Load()
	for name, want := range map[string]string{
		"Api-Key": key, "Authorization": "", "Cookie": "", "X-Routor-Tier": "", "Traceparent": "00-1", "Accept-Encoding": "identity",
		"User-Agent": "routor/1.2.3", "Openai-Organization": "org", "Content-Type": "application/json", "Content-Length": "7",
	} {
		if got := r.Header.Get(name); got != want && !(name == "Content-Length" && r.ContentLength == 7) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if r.Method != "POST" || r.RequestURI != "/v1/chat/completions?api-version=2024-05-01" || r.Host != p.addr {
		t.Errorf("%s %s at %s", r.Method, r.RequestURI, r.Host)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, good) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	p := &peer{}
	trusting := p.connect(t, func(o *providers.Options) { o.BaseURL, o.RootCAs = s.URL, roots })
	for range 2 {
		if _, err := readAll(trusting, &providers.Call{}); err != nil {
			t.Error(err)
		}
	}
	var unknown *tls.CertificateVerificationError
	_, e := p.connect(t, func(o *providers.Options) { o.BaseURL = s.URL }).Do(&providers.Call{})
	if e == nil || e.Class != providers.Network || e.Sent || !errors.As(e, &unknown) {
		t.Errorf("error %v, want one of the certificate", e)
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool { return say(conn, "%s", plain(good)) })
	var tunnels atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != "Basic dTpw" { // u:p
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		tunnels.Add(1)
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		conn, rw, _ := w.(http.Hijacker).Hijack()
		_, _ = rw.WriteString("HTTP/1.1 200 Connection established\r\n\r\n")
		_ = rw.Flush()
		go func() { _, _ = io.Copy(up, conn); _ = up.Close() }()
		_, _ = io.Copy(conn, up)
		_ = conn.Close()
	}))
	t.Cleanup(proxy.Close)
	c := p.connect(t, func(o *providers.Options) { o.Proxy = strings.Replace(proxy.URL, "http://", "http://u:p@", 1) })
	for range 2 {
		if _, err := readAll(c, &providers.Call{}); err != nil {
			t.Fatal(err)
		}
	}
	if tunnels.Load() != 1 {
		t.Errorf("%d tunnels, want 1", tunnels.Load())
	}
	_, e := p.connect(t, func(o *providers.Options) { o.Proxy = strings.Replace(proxy.URL, "http://", "http://u:secret@", 1) }).Do(&providers.Call{})
	if e == nil || e.Class != providers.Network || !strings.Contains(e.Message, "407") || strings.Contains(e.Message, "secret") {
		t.Errorf("error %v", e)
	}
}

func TestConnectRefuses(t *testing.T) {
	t.Parallel()
	provider := func(edit func(*catalog.Provider)) *catalog.Provider {
		p := &catalog.Provider{ID: "x", BaseURL: "https://api.example.com/v1", Dialect: "openai"}
		if edit != nil {
			edit(p)
		}
		return p
	}
	for text, o := range map[string]providers.Options{
		"no provider":                 {},
		`base_url "api.example.com"`:  {Provider: provider(nil), BaseURL: "api.example.com"},
		`base_url "…@example.com/v1"`: {Provider: provider(nil), BaseURL: "https://user:pass@example.com/v1"},
		`unknown dialect "morse"`:     {Provider: provider(func(p *catalog.Provider) { p.Dialect = "morse" })},
		`unknown auth "basic"`:        {Provider: provider(func(p *catalog.Provider) { p.Auth = "basic" })},
		`proxy "…@host"`:              {Provider: provider(nil), Proxy: "socks9://u:pass@host"},
	} {
		_, err := providers.Connect(o)
		if err == nil || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "pass") {
			t.Errorf("error %v, want %s", err, text)
		}
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	answer := atomic.Pointer[string]{}
	p := newPeer(t, func(conn net.Conn, n int) bool { w := *answer.Load(); return w != "" && say(conn, "%s", w) })
	current := key
	c := p.connect(t, func(o *providers.Options) { o.Key = func() string { return current } })
	if a := c.Account(); a.State != providers.Unchecked || a.KeyLast4 != "cdef" {
		t.Errorf("before any call: %+v", a)
	}
	refuse := func(status int, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	}
	for _, step := range []struct {
		wire string
		want providers.State
	}{
		{plain(good), providers.Healthy},
		{refuse(401, `{"error":{"message":"m","code":"invalid_api_key"}}`), providers.KeyRejected},
		{plain(good), providers.Healthy},
		{refuse(403, `{"error":{"message":"not with this model"}}`), providers.Healthy},
		{refuse(429, `{"error":{"message":"m","code":"insufficient_quota"}}`), providers.OutOfCredit},
		{refuse(500, `{}`), providers.OutOfCredit},
	} {
		answer.Store(&step.wire)
		_, _ = readAll(c, &providers.Call{})
		if a := c.Account(); a.State != step.want {
			t.Errorf("after %.40q: %+v, want %s", step.wire, a, step.want)
		}
	}
	current = "another-key-0123456789"
	if a := c.Account(); a.State != providers.Unchecked || a.KeyLast4 != "6789" {
		t.Errorf("with another key: %+v", a)
	}
	for wire, want := range map[string]providers.State{
		plain(`{"data":[{},{}]}`):                   providers.Healthy,
		plain(`{"data":{"label":"x"}}`):             providers.Healthy,
		plain(`<html>`):                             providers.Degraded,
		refuse(401, `{}`):                           providers.KeyRejected,
		refuse(404, `{}`):                           providers.Unchecked,
		refuse(503, `{}`):                           providers.Degraded,
		refuse(429, `{"error":{"message":"wait"}}`): providers.Limited,
		"": providers.Down,
	} {
		answer.Store(&wire)
		c.Close()
		if a := p.connect(t, nil).Validate(context.Background()); a.State != want {
			t.Errorf("%.40q: %+v, want %s", wire, a, want)
		}
	}
}

// TestEarlyAnswer: a provider that refuses a large body before it has read it is still heard.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1000))
			say(conn, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
			_ = conn.(*net.TCPConn).CloseWrite()
			// It stops reading: what is still on its way ends in a full buffer, then in a broken pipe.
			time.AfterFunc(100*time.Millisecond, func() { _ = conn.Close() })
		}
	}()
	p := &peer{addr: l.Addr().String()}
	_, e := p.connect(t, nil).Do(&providers.Call{Body: bytes.Repeat([]byte("x"), 32<<20)})
	if e == nil || e.Class != providers.ContextTooLong && e.Class != providers.Network {
		t.Errorf("error %+v", e)
	}
}

package load

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/valyala/fasthttp"
)

// caller asks one target over kept connections.
type caller struct {
	client fasthttp.HostClient
	head   fasthttp.RequestHeader
	path   string
	bodies [][]byte
	stream bool
}

func newCaller(t *Target, w *Workload, connections int, timeout time.Duration) (*caller, error) {
	u, err := url.Parse(t.URL)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Name, err)
	}
	addr := u.Host
	if u.Port() == "" {
		addr += map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	}
	model := t.Model
	if model == "" {
		model = "auto"
	}
	c := &caller{path: u.RequestURI(), bodies: w.bodies(model), stream: w.Stream}
	c.client = fasthttp.HostClient{
		Addr: addr, IsTLS: u.Scheme == "https", MaxConns: connections, NoDefaultUserAgentHeader: true, StreamResponseBody: w.Stream,
		ReadTimeout: timeout, WriteTimeout: timeout, MaxIdemponentCallAttempts: 1, RetryIfErr: func(*fasthttp.Request, int, error) (bool, bool) { return false, false },
	}
	c.head.SetMethod("POST")
	c.head.SetContentType("application/json")
	c.head.SetHost(u.Host)
	for k, v := range t.Headers {
		c.head.Set(k, v)
	}
	return c, nil
}

func (c *caller) close() { c.client.CloseIdleConnections() }

var (
	dataMark = []byte("data: ")
	doneMark = []byte("[DONE]")
)

// answer is what is kept of one exchange.
type answer struct {
	first  time.Duration // to the first event of a stream
	events int
	err    error
}

// ask sends the i-th request and reads its answer to the end.
func (c *caller) ask(i int, req *fasthttp.Request, resp *fasthttp.Response, buf []byte) (a answer) {
	req.Reset()
	resp.Reset()
	c.head.CopyTo(&req.Header)
	req.SetRequestURI(c.path)
	req.Header.SetHostBytes(c.head.Host())
	req.SetBodyRaw(c.bodies[i%len(c.bodies)])
	start := time.Now()
	if a.err = c.client.Do(req, resp); a.err != nil {
		return a
	}
	if code := resp.StatusCode(); code != 200 {
		_ = resp.CloseBodyStream()
		a.err = fmt.Errorf("HTTP %d", code)
		return a
	}
	if !c.stream {
		if !bytes.Contains(resp.Body(), []byte(`"choices"`)) {
			a.err = errors.New("no completion in the answer")
		}
		return a
	}
	done := false
	body := resp.BodyStream()
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if a.first == 0 {
				a.first = time.Since(start)
			}
			a.events += bytes.Count(buf[:n], dataMark)
			done = done || bytes.Contains(buf[:n], doneMark)
		}
		if err != nil {
			break
		}
	}
	if err := resp.CloseBodyStream(); err != nil {
		a.err = err
	} else if !done {
		a.err = errors.New("the stream ended without [DONE]")
	}
	return a
}

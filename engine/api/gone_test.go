package api

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// silent is an upstream on a socket of its own that reads a request, may begin a stream, and then says nothing. It tells when
// it was asked and when its connection was ended.
func silent(t *testing.T, begins string) (addr string, asked, ended chan time.Time) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	asked, ended = make(chan time.Time, 100), make(chan time.Time, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				req, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				_, _ = io.WriteString(conn, begins)
				asked <- time.Now()
				_, _ = in.ReadByte()
				ended <- time.Now()
			}()
		}
	}()
	return l.Addr().String(), asked, ended
}

// TestClientGoneEndsUpstream measures over real sockets how long after a client went away the upstream call ends.
func TestClientGoneEndsUpstream(t *testing.T) {
	const most, times = 250 * time.Millisecond, 9
	event := "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Once\"}}]}\n\n"
	for name, x := range map[string]struct{ fields, begins string }{
		"a plain answer":         {"", ""},
		"before the first token": {`,"stream":true`, ""},
		"in the middle":          {`,"stream":true`, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(event), event)},
	} {
		t.Run(name, func(t *testing.T) {
			addr, asked, ended := silent(t, x.begins)
			own := *catalog.Builtin().Provider("openai")
			own.BaseURL, own.Dialect = "http://"+addr+"/v1", "openai"
			connection, err := providers.Connect(providers.Options{Provider: &own, Key: func() string { return "k" }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(connection.Close)
			r := serve(t, setup{upstreams: map[string]engine.Upstream{"openai": engine.Through(connection)}})
			var took []time.Duration
			for range times {
				conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
				if err != nil {
					t.Fatal(err)
				}
				body := `{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"hi"}]` + x.fields + `}`
				fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				select {
				case <-asked:
				case <-time.After(10 * time.Second):
					t.Fatal("the upstream is not asked")
				}
				if x.begins != "" {
					if _, err := bufio.NewReader(conn).ReadString('{'); err != nil {
						t.Fatal(err)
					}
				}
				_ = conn.Close()
				left := time.Now()
				select {
				case at := <-ended:
					took = append(took, at.Sub(left))
				case <-time.After(10 * time.Second):
					t.Fatal("the upstream call goes on")
				}
			}
			slices.Sort(took)
			if median := took[times/2]; median > most {
				t.Errorf("median %s", median)
			}
			t.Logf("median %s, longest %s", took[times/2], took[times-1])
		})
	}
}

// BenchmarkWatch is what a request costs that is answered before anybody looks at its socket, and what a look costs.
func BenchmarkWatch(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	b.Run("request", func(b *testing.B) {
		var w watcher
		ctx, stop := context.WithCancel(b.Context())
		defer stop()
		go w.run(ctx)
		x := &watched{}
		b.ReportAllocs()
		for b.Loop() {
			w.add(x, conn)
			w.remove(x)
		}
	})
	b.Run("look", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if closed(conn.(syscall.Conn)) {
				b.Fatal("it is open")
			}
		}
	})
}

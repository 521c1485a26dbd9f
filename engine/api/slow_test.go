package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSlowClients is that a client which sends or reads too slowly loses its connection, and with it what it holds.
func TestSlowClients(t *testing.T) {
	r := serve(t, setup{options: func(o *Options) { o.ReadTimeout, o.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond }})
	for name, sent := range map[string]string{
		"half a header": "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Le",
		"half a body":   "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"model\":",
	} {
		conn, err := net.Dial("tcp", r.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("%s: the connection stays open: %v", name, err)
		}
	}
	// A quick one on the same server is served.
	if got := r.do("POST", "/v1/chat/completions", ask("hi")); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	until(t, "no request is left over", func() bool { return r.running.Load() == 0 })
	conn, err := net.Dial("tcp", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := ask("hi")
	if _, err := io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Type"), "json") {
		t.Errorf("a connection of its own: %v %v", res, err)
	}
}

package providers_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/routor/routor/providers"
)

// TestLargeResponseHeaders: headers that do not fit into the small buffer of a connection are read all the same, nothing of the
// answer is lost, and the connection goes on.
func TestLargeResponseHeaders(t *testing.T) {
	t.Parallel()
	large := "X-Policy: " + strings.Repeat("p", 9<<10) + "\r\n"
	body := `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"all of it"},"finish_reason":"stop"}]}`
	event := "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"all of it\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
	p := newPeer(t, func(conn net.Conn, n int) bool {
		head := "HTTP/1.1 200 OK\r\n"
		if n%2 == 1 { // small ones in between
			head += large
		}
		if n < 4 {
			fmt.Fprintf(conn, "%sContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body)
		} else {
			fmt.Fprintf(conn, "%sContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(event), event)
		}
		return true
	})
	c := p.connect(t, nil)
	for n := range 8 {
		a, e := c.Do(&providers.Call{Body: smallBody, Stream: n >= 4})
		if e != nil {
			t.Fatalf("exchange %d: %v", n, e)
		}
		if n < 4 {
			if string(a.Body) != body {
				t.Errorf("exchange %d: %q", n, a.Body)
			}
		} else {
			said := ""
			for {
				e, err := a.Stream.Next()
				if err != nil {
					if err != io.EOF {
						t.Errorf("exchange %d: %v", n, err)
					}
					break
				}
				said += string(e.Raw)
			}
			if said != event {
				t.Errorf("exchange %d: %q", n, said)
			}
		}
		if got := len(a.Header.Peek("X-Policy")) > 0; got != (n%2 == 1) {
			t.Errorf("exchange %d: its headers are of another", n)
		}
		a.Close()
	}
	if n := p.conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

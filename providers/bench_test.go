package providers_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// canned is a connection to a server that answers every request with the same bytes and allocates nothing for it, so that
// what is measured is the client's.
func canned(b *testing.B, wire string) *providers.Connection {
	l := fasthttputil.NewInmemoryListener()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buf, answer := make([]byte, 64<<10), []byte(wire)
				for {
					if _, err := conn.Read(buf); err != nil { // in memory a request comes in one piece
						return
					}
					if _, err := conn.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	c, err := providers.Connect(providers.Options{
		Provider: &catalog.Provider{ID: "openai", Dialect: "openai"}, BaseURL: "http://canned/v1", Key: func() string { return key },
		Dial: func(string) (net.Conn, error) { return l.Dial() },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close(); _ = l.Close() })
	return c
}

var smallBody = []byte(`{"model":"gpt-5.4","messages":[{"role":"user","content":"` + strings.Repeat("word ", 400) + `"}]}`)

func BenchmarkDoPlain(b *testing.B) {
	body := `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-5.4","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("word ", 200) +
		`"},"finish_reason":"stop"}],"usage":{"prompt_tokens":400,"completion_tokens":200,"total_tokens":600}}`
	c := canned(b, plain(body))
	call := &providers.Call{Body: smallBody}
	b.ReportAllocs()
	for b.Loop() {
		a, e := c.Do(call)
		if e != nil {
			b.Fatal(e)
		}
		a.Close()
	}
}

func BenchmarkDoStream(b *testing.B) {
	var wire strings.Builder
	wire.WriteString(streamHead)
	for range 20 {
		wire.WriteString(piece(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-5.4","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}` + "\n\n"))
	}
	fmt.Fprintf(&wire, "%s%s0\r\n\r\n", piece(finished), piece(doneMark))
	c := canned(b, wire.String())
	call := &providers.Call{Body: smallBody, Stream: true}
	b.ReportAllocs()
	for b.Loop() {
		a, e := c.Do(call)
		if e != nil {
			b.Fatal(e)
		}
		for {
			if _, err := a.Stream.Next(); err != nil {
				break
			}
		}
		if !a.Stream.Done() {
			b.Fatal("cut")
		}
		a.Close()
	}
}

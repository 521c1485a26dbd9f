package bench

import (
	"fmt"
	"io"

	"github.com/valyala/fasthttp"
)

// BareProxy is the least that a proxy can do: fasthttp on both sides, with pooled connections, and nothing between them. It
// reads, changes and counts nothing. What Routor costs is what it costs beyond this.
type BareProxy struct {
	*bare
	plain, stream *fasthttp.HostClient
}

// mostConns is how many connections it may have: as many as it has clients.
const mostConns = 1 << 20

// ServeBareProxy serves one before the server at addr on a port of loopback. It must be closed.
func ServeBareProxy(addr string) (*BareProxy, error) {
	p := &BareProxy{
		plain:  &fasthttp.HostClient{Addr: addr, MaxConns: mostConns, NoDefaultUserAgentHeader: true},
		stream: &fasthttp.HostClient{Addr: addr, MaxConns: mostConns, NoDefaultUserAgentHeader: true, StreamResponseBody: true},
	}
	b, err := serveBare(p.handle)
	if err != nil {
		return nil, fmt.Errorf("serve a bare proxy: %w", err)
	}
	p.bare = b
	return p, nil
}

func (p *BareProxy) handle(ctx *fasthttp.RequestCtx) {
	if !streams(ctx.PostBody()) {
		if err := p.plain.Do(&ctx.Request, &ctx.Response); err != nil {
			ctx.Error(err.Error(), fasthttp.StatusBadGateway)
		}
		return
	}
	res := fasthttp.AcquireResponse()
	if err := p.stream.Do(&ctx.Request, res); err != nil {
		fasthttp.ReleaseResponse(res)
		ctx.Error(err.Error(), fasthttp.StatusBadGateway)
		return
	}
	ctx.SetStatusCode(res.StatusCode())
	ctx.Response.Header.SetContentTypeBytes(res.Header.ContentType())
	ctx.SetBodyStream(passed{res.BodyStream(), res}, -1)
}

// passed is an upstream's body on its way through, chunk by chunk.
type passed struct {
	io.Reader
	res *fasthttp.Response
}

func (p passed) Close() error {
	err := p.res.CloseBodyStream()
	fasthttp.ReleaseResponse(p.res)
	return err
}

// Close stops it. Clients must have given up their connections before.
func (p *BareProxy) Close() error {
	err := p.bare.Close()
	p.plain.CloseIdleConnections()
	p.stream.CloseIdleConnections()
	return err
}

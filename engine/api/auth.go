package api

import (
	"bytes"
	"errors"
	"net"
	"net/url"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/access"
)

var bearer = []byte("bearer ")

// credential is the key that a client sent: Authorization: Bearer, x-api-key or api-key. nil = none.
func credential(h *fasthttp.RequestHeader) []byte {
	if v := h.Peek("Authorization"); len(v) > len(bearer) && bytes.EqualFold(v[:len(bearer)], bearer) {
		return bytes.TrimSpace(v[len(bearer):])
	}
	if v := h.Peek("X-Api-Key"); len(v) > 0 {
		return v
	}
	if v := h.Peek("Api-Key"); len(v) > 0 {
		return v
	}
	return nil
}

// caller is the key that a request comes with; nil = none is needed: on loopback, as long as no key was ever made,
// whatever an SDK sends is ignored. A demo's visitors need none though there are keys.
func (s *Server) caller(ctx *fasthttp.RequestCtx) (*access.Key, *fault) {
	if s.open && (s.keys == nil || !s.keys.Any()) {
		return nil, nil
	}
	secret := credential(&ctx.Request.Header)
	visits := s.open && s.Visitors
	if len(secret) == 0 && visits {
		return nil, nil
	}
	if len(secret) == 0 {
		return nil, failure(codeNoKey, "no API key was sent: send Authorization: Bearer rtr_…, x-api-key or api-key")
	}
	if s.keys == nil {
		return nil, failure(codeBadKey, "this API key is unknown")
	}
	key, err := s.keys.Lookup(secret)
	switch {
	case err == nil:
		return key, nil
	case errors.Is(err, access.ErrRevoked):
		return nil, failure(codeRevokedKey, "this API key (…%s) was revoked", last4(secret))
	case errors.Is(err, access.ErrExpired):
		return nil, failure(codeExpiredKey, "this API key (…%s) has expired", last4(secret))
	case visits:
		return nil, nil
	}
	return nil, failure(codeBadKey, "this API key (…%s) is unknown", last4(secret))
}

// last4 is what may be shown of a key, nothing of a short one.
func last4(secret []byte) string {
	if len(secret) < 16 {
		return ""
	}
	return strings.ToValidUTF8(string(secret[len(secret)-4:]), "?")
}

// sameSite refuses requests that a page of another site makes through a browser. Admin calls are looked at so before anything
// else, on loopback too, because a page in somebody's browser reaches loopback as well, under a name of its own.
func (s *Server) sameSite(ctx *fasthttp.RequestCtx) *fault {
	host := string(ctx.Host())
	if !s.ownHost(host) {
		return failure(codeHost, "the admin API does not answer to the host %q: call it by a loopback address, or by the host of admin_listen", host)
	}
	origin := string(ctx.Request.Header.Peek("Origin"))
	if origin != "" {
		u, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(u.Host, host) || u.Scheme != scheme(ctx) {
			return failure(codeOrigin, "the admin API does not answer pages of %q", origin)
		}
	}
	if site := string(ctx.Request.Header.Peek("Sec-Fetch-Site")); origin == "" && (site == "cross-site" || site == "same-site") {
		return failure(codeOrigin, "the admin API does not answer pages of other sites")
	}
	return nil
}

func scheme(ctx *fasthttp.RequestCtx) string {
	if ctx.IsTLS() {
		return "https"
	}
	return "http"
}

// ownHost says whether a Host header names this server: a loopback name, or the host that it was told to listen on.
func (s *Server) ownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(host), "["), "]")
	if host == "localhost" {
		return true
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return true
	}
	return host != "" && s.hosts[host]
}

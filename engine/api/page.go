package api

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"io/fs"
	"mime"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"
)

// The pages, as a build leaves them: index.html, which every route of theirs begins with, and files beside it. Those under
// assets/ have a hash of their content in their names, so a browser never asks for one twice.
const (
	indexFile = "index.html"
	hashed    = "assets/"
	// noncePlace stands in index.html where each answer has a nonce of its own (CSP level 3, section 8).
	noncePlace = "__NONCE__"
)

// pageRoutes are what the pages' own addresses begin with; at others they say that there is nothing.
var pageRoutes = []string{"", "traffic", "policy", "providers", "models", "classifiers", "keys", "activity", "decision", "login"}

// pages are the files of the pages. Each is read once and packed once in each coding, when it is first asked for, so that a
// start does not wait for it.
type pages struct {
	dir   fs.FS
	mu    sync.Mutex
	files map[string]*pageFile
}

func newPages(dir fs.FS) *pages { return &pages{dir: dir, files: map[string]*pageFile{}} }

// pageFile is one file with its packed forms.
type pageFile struct {
	kind         string
	body         []byte
	brotli, gzip func() []byte // nil = packing it is no use
}

// file is a file of the pages; nil = there is none.
func (p *pages) file(name string) *pageFile {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.files[name]; f != nil {
		return f
	}
	body, err := fs.ReadFile(p.dir, name)
	if err != nil {
		return nil // unknown names are not remembered: there are as many as somebody likes
	}
	f := &pageFile{kind: mime.TypeByExtension(path.Ext(name)), body: body}
	if f.kind == "" {
		f.kind = "application/octet-stream"
	}
	if packable(f.kind) && len(body) >= 512 {
		f.brotli = sync.OnceValue(func() []byte { return fasthttp.AppendBrotliBytesLevel(nil, body, 6) })
		f.gzip = sync.OnceValue(func() []byte { return fasthttp.AppendGzipBytesLevel(nil, body, fasthttp.CompressBestCompression) })
	}
	p.files[name] = f
	return f
}

func packable(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	return strings.HasPrefix(kind, "text/") || slices.Contains([]string{"application/javascript", "application/json", "image/svg+xml", "application/wasm", "application/manifest+json"}, kind)
}

// page answers with a file of the pages, or at one of their own addresses with the page that all of them begin with.
func (c *call) page(name string) *fault {
	file := strings.TrimPrefix(path.Clean("/"+name), "/")
	if file != "" && file != indexFile {
		if f := c.s.pages.file(file); f != nil {
			c.asset(file, f)
			return nil
		}
	}
	first, _, _ := strings.Cut(file, "/")
	ours := file == indexFile || slices.Contains(pageRoutes, first)
	index := c.s.pages.file(indexFile)
	wanted := ours || strings.Contains(string(c.Request.Header.Peek("Accept")), "text/html") && !strings.HasPrefix(file, hashed)
	if index == nil || !wanted {
		return failure(codeNotFound, "there is nothing at %s", name)
	}
	if c.index(index); !ours {
		c.SetStatusCode(fasthttp.StatusNotFound)
	}
	return nil
}

// asset answers with a file.
func (c *call) asset(name string, f *pageFile) {
	h := &c.Response.Header
	guard(h)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox") // a file opened by itself, such as a drawing, does nothing
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, hashed) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	body := f.body
	if f.brotli != nil {
		h.Set("Vary", "Accept-Encoding")
		switch {
		case c.Request.Header.HasAcceptEncoding("br"):
			body = f.brotli()
			h.Set("Content-Encoding", "br")
		case c.Request.Header.HasAcceptEncoding("gzip"):
			body = f.gzip()
			h.Set("Content-Encoding", "gzip")
		}
	}
	c.SetContentType(f.kind)
	c.Response.SetBodyRaw(body)
}

// index answers with the page, its scripts and styles let in by a nonce that no other answer has.
func (c *call) index(f *pageFile) {
	var random [18]byte
	rand.Read(random[:])
	nonce := base64.RawURLEncoding.EncodeToString(random[:])
	h := &c.Response.Header
	guard(h)
	h.Set("Content-Security-Policy", contentPolicy(nonce))
	h.Set("Cache-Control", "no-store") // a nonce that is kept is none
	c.SetContentType("text/html; charset=utf-8")
	c.Response.SetBodyRaw(bytes.ReplaceAll(f.body, []byte(noncePlace), []byte(nonce)))
}

// contentPolicy lets pages load nothing from elsewhere, run no script and apply no style but those with the nonce and what
// these load, and be framed by nobody.
func contentPolicy(nonce string) string {
	return "default-src 'none'; script-src 'nonce-" + nonce + "' 'strict-dynamic'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// guard sets what every file of the pages is sent with.
func guard(h *fasthttp.ResponseHeader) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
}

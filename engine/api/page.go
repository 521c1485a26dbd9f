package api

import (
	"bytes"
	"io/fs"
	"mime"
	"path"
	"strings"

	"github.com/routor/routor/web"
)

// contentPolicy lets pages load nothing from elsewhere, run no script that is not theirs, and be framed by nobody.
const contentPolicy = "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page answers with a file of the pages.
func (c *call) page(name string) *fault {
	file := strings.TrimPrefix(path.Clean(name), "/")
	if file == "" || file == "." {
		file = "index.html"
	}
	body, err := fs.ReadFile(web.Files, file)
	if err != nil {
		return failure(codeNotFound, "there is nothing at %s", name)
	}
	kind := mime.TypeByExtension(path.Ext(file))
	if kind == "" {
		kind = "application/octet-stream"
	}
	h := &c.Response.Header
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	if host := string(c.Host()); file == "index.html" && c.s.ownHost(host) && plainHost(host) {
		// The examples of the page name the address that the page was found at.
		body = bytes.ReplaceAll(body, []byte("http://127.0.0.1:8484"), []byte(scheme(c.RequestCtx)+"://"+host))
	}
	c.SetContentType(kind)
	c.Response.SetBodyRaw(body)
	return nil
}

// plainHost says whether a Host header holds nothing that means something in HTML.
func plainHost(host string) bool { return !strings.ContainsAny(host, `<>"'&`) }

package api

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valyala/fasthttp"
)

func TestPages(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	script := strings.Repeat("console.log('the pages');\n", 100)
	r.pages = newPages(fstest.MapFS{
		"index.html":              {Data: []byte(`<meta name="csp-nonce" content="__NONCE__"><script nonce="__NONCE__" src="/assets/main-1a2b.js"></script>`)},
		"assets/main-1a2b.js":     {Data: []byte(script)},
		"assets/font-9f.woff2":    {Data: []byte("font")},
		"mark.svg":                {Data: []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")},
		"assets/editor-77aa.wasm": {Data: bytes.Repeat([]byte{0}, 2000)},
	})
	for _, c := range []struct {
		path, accept string
		status       int
		kind, cache  string
	}{
		{"/", "", 200, "text/html; charset=utf-8", "no-store"},
		{"/index.html", "", 200, "text/html; charset=utf-8", "no-store"},
		{"/traffic?range=1h", "text/html", 200, "text/html; charset=utf-8", "no-store"},
		{"/decision/dec_1_0", "text/html", 200, "text/html; charset=utf-8", "no-store"},
		{"/login", "", 200, "text/html; charset=utf-8", "no-store"},
		{"/nowhere", "text/html,*/*", 404, "text/html; charset=utf-8", "no-store"},
		{"/nowhere", "*/*", 404, "application/json", ""},
		{"/assets/gone-00.js", "text/html,*/*", 404, "application/json", ""},
		{"/assets/../../page.go", "*/*", 404, "application/json", ""},
		{"/%2e%2e/web.go", "*/*", 404, "application/json", ""},
		{"/assets/main-1a2b.js", "*/*", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/mark.svg", "image/*", 200, "image/svg+xml", "no-cache"},
	} {
		a := r.do("GET", c.path, "", "Accept: "+c.accept)
		if a.status != c.status || a.header.Get("Content-Type") != c.kind || a.header.Get("Cache-Control") != c.cache {
			t.Errorf("%s: %d %q %q, want %d %q %q", c.path, a.status, a.header.Get("Content-Type"), a.header.Get("Cache-Control"), c.status, c.kind, c.cache)
		}
		if c.kind == "application/json" {
			continue
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.path, name, got, want)
			}
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "script-src 'unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: %s", c.path, policy)
		}
	}
}

func TestNonceIsOfOneAnswer(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	r.pages = newPages(fstest.MapFS{"index.html": {Data: []byte(`<meta content="__NONCE__"><script nonce="__NONCE__"></script>`)}})
	seen := map[string]bool{}
	for range 3 {
		a := r.do("GET", "/policy", "")
		_, rest, _ := strings.Cut(a.header.Get("Content-Security-Policy"), "script-src 'nonce-")
		nonce, _, _ := strings.Cut(rest, "'")
		if len(nonce) < 22 || seen[nonce] {
			t.Errorf("nonce %q is short, or was given before", nonce)
		}
		seen[nonce] = true
		if body := string(a.body); strings.Count(body, nonce) != 2 || strings.Contains(body, "__NONCE__") {
			t.Errorf("the page does not carry the nonce of its policy: %s", body)
		}
	}
}

func TestAssetsArePacked(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	script := []byte(strings.Repeat("export const a = 'the same words again';\n", 200))
	r.pages = newPages(fstest.MapFS{"index.html": {Data: []byte("x")}, "assets/a-1.js": {Data: script}})
	plain := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	t.Cleanup(plain.CloseIdleConnections)
	for _, c := range []struct {
		accept, coding string
		unpack         func(dst, src []byte) ([]byte, error)
	}{
		{"gzip, deflate, br", "br", fasthttp.AppendUnbrotliBytes},
		{"gzip", "gzip", fasthttp.AppendGunzipBytes},
		{"br;q=0, gzip", "gzip", fasthttp.AppendGunzipBytes},
		{"identity", "", func(dst, src []byte) ([]byte, error) { return append(dst, src...), nil }},
	} {
		req, err := http.NewRequest("GET", r.url+"/assets/a-1.js", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", c.accept)
		res, err := plain.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		_, err = b.ReadFrom(res.Body)
		res.Body.Close()
		got, unpacked := c.unpack(nil, b.Bytes())
		if err != nil || unpacked != nil || !bytes.Equal(got, script) || res.Header.Get("Content-Encoding") != c.coding || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %q %v %v, %d bytes", c.accept, res.Header.Get("Content-Encoding"), err, unpacked, b.Len())
		}
		if c.coding != "" && b.Len() > len(script)/4 {
			t.Errorf("%s: %d of %d bytes", c.coding, b.Len(), len(script))
		}
	}
}

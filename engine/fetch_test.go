package engine

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
)

func TestPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false, "0.0.0.0": false,
		"100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false, "fe80::1": false, "fd00::1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false, "198.18.0.1": false,
	} {
		if got := public(netip.MustParseAddr(text).Unmap()); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	pixel := "\x89PNG"
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		switch r.URL.Path {
		case "/cat.png":
		case "/moved":
			http.Redirect(w, r, "/cat.png", http.StatusFound)
			return
		case "/plain":
			http.Redirect(w, r, "http://example.com/cat.png", http.StatusFound)
			return
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
			return
		case "/page":
			w.Header().Set("Content-Type", "text/html")
		case "/huge":
			w.Write(make([]byte, fetchMost+1))
			return
		default:
			w.WriteHeader(404)
		}
		w.Write([]byte(pixel))
	}))
	t.Cleanup(site.Close)
	trusting := func(tr *http.Transport) { tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} }
	open := newFetcher(func(netip.Addr) bool { return true }, trusting)
	for path, want := range map[string]string{
		"/cat.png": "", "/moved": "", "/plain": "only https", "/round": "too many redirects", "/page": "no media", "/huge": "larger than", "/none": "answered 404",
	} {
		kind, data, err := open.Fetch(context.Background(), site.URL+path)
		switch {
		case want == "" && (err != nil || kind != "image/png" || data != "iVBORw=="):
			t.Errorf("%s: %q, %.20q, %v", path, kind, data, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	guarded := newFetcher(public, trusting)
	_, port, _ := net.SplitHostPort(site.Listener.Addr().String())
	for _, address := range []string{site.URL + "/cat.png", "https://localhost:" + port + "/cat.png", "https://[::1]:" + port + "/", "https://2130706433:" + port + "/"} {
		if _, _, err := guarded.Fetch(context.Background(), address); err == nil || strings.Contains(err.Error(), "answered") {
			t.Errorf("%s was fetched: %v", address, err)
		}
	}
	for _, address := range []string{"http://example.com/a.png", "file:///etc/passwd", "https://u:p@example.com/", "https:///x", "gopher://x/"} {
		if _, _, err := open.Fetch(context.Background(), address); err == nil {
			t.Errorf("%s was fetched", address)
		}
	}
}

func TestMediaByURLNeedFetching(t *testing.T) {
	t.Parallel()
	s := shippedCatalog(t)
	body := `{"model":"auto","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/cat.png"}}]}]}`
	w := writing{body: body, deployment: "google/gemini-3.5-flash"}
	if _, unfit := w.write(t, s); !strings.Contains(unfit, "fetch_media") {
		t.Errorf("unfit is %q", unfit)
	}
}

// TestMediaInToolResults: what a tool gave by address is fetched for who takes bytes alone, and what lies in Google's own store
// is not.
func TestMediaInToolResults(t *testing.T) {
	t.Parallel()
	site := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		w.Write([]byte("\x89PNG"))
	}))
	t.Cleanup(site.Close)
	h := newHouse(t, nil)
	s := h.Live.Acquire()
	parts := s.Parts
	s.Release()
	parts.FetchMedia = true
	next, err := NewSnapshot(parts)
	if err != nil {
		t.Fatal(err)
	}
	h.Engine.Live = NewLive(next)
	h.Fetcher = newFetcher(func(netip.Addr) bool { return true }, func(tr *http.Transport) { tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} })
	for address, want := range map[string]string{
		site.URL + "/a.png": `"data":"iVBORw=="`,
		"https://generativelanguage.googleapis.com/v1beta/files/x": `"fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"`,
	} {
		got := h.ask(t, chat.Messages, `{"model":"fir/one","max_tokens":100,"tools":[{"name":"look","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"go"},`+
			`{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"look","input":{}}]},`+
			`{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"image","source":{"type":"url","url":"`+address+`"}}]}]}]}`)
		if _, sent, _ := h.fir.last(); got.fault != nil || !strings.Contains(sent, want) {
			t.Errorf("%s: %+v, sent %s", address, got.fault, sent)
		}
	}
}

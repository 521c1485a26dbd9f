package api

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers/sim"
)

// TestShutdown: not ready at once, still accepting for the delay, and what runs then ends whole.
func TestShutdown(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{config: func(c *config.Config) { c.DrainDelay, c.ShutdownGrace = 500*time.Millisecond, 20*time.Second }})
	for _, id := range sim.Providers() {
		if err := r.fleet.Set(id, sim.Faults{Stall: time.Second, StallAfter: 3}); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.do("GET", "/readyz", ""); a.status != 200 || a.fields(t)["status"] != "ready" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	stream := make(chan answer, 1)
	go func() { stream <- r.do("POST", "/v1/chat/completions", ask("hi", `"stream":true`)) }()
	until(t, "the stream runs", func() bool { return r.metric("routor_requests_in_flight") == "1" })
	r.stop()
	until(t, "not ready", func() bool { return r.do("GET", "/readyz", "").status == 503 })
	if res, err := client.Get(r.url + "/v1/models"); err != nil {
		t.Error(err)
	} else if res.Body.Close(); res.StatusCode != 200 || !res.Close {
		t.Errorf("while draining: %d, the connection is closed: %v", res.StatusCode, res.Close)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
	r.ended <- nil
	select {
	case a := <-stream:
		if !strings.HasSuffix(string(a.body), "data: [DONE]\n\n") {
			t.Errorf("the stream was cut: %s", a.body)
		}
	case <-time.After(5 * time.Second):
		t.Error("the stream did not end")
	}
	if _, err := net.DialTimeout("tcp", r.Addr().String(), time.Second); err == nil {
		t.Error("still accepting after shutdown")
	}
}

// TestShutdownCuts: what does not end within the grace ends with an error event.
func TestShutdownCuts(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{config: func(c *config.Config) { c.ShutdownGrace = 100 * time.Millisecond }})
	for _, id := range sim.Providers() {
		if err := r.fleet.Set(id, sim.Faults{Stall: time.Minute, StallAfter: 5}); err != nil {
			t.Fatal(err)
		}
	}
	req, _ := http.NewRequestWithContext(context.Background(), "POST", r.url+"/v1/chat/completions", strings.NewReader(ask("hi", `"stream":true`)))
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body := bufio.NewReader(res.Body)
	if _, err := body.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	r.stop()
	rest, _ := io.ReadAll(body)
	if text := string(rest); strings.Contains(text, "[DONE]") || !strings.Contains(text, `"code":"server_shutting_down"`) {
		t.Errorf("%s", text)
	}
	if err := <-r.ended; err == nil || !strings.Contains(err.Error(), "shutdown_grace") {
		t.Errorf("Serve: %v", err)
	}
	r.ended <- nil
}

func TestBusyPort(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	c := config.Default()
	c.Listen = r.Addr().String()
	err := New(Options{Engine: r.Engine, Config: c}).Listen()
	if err == nil || !strings.Contains(err.Error(), "--listen") || !strings.Contains(err.Error(), c.Listen) {
		t.Errorf("%v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) config.Path {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return config.Path(file)
	}
	tlsFiles := config.TLS{Cert: write("cert.pem", "CERTIFICATE", der), Key: write("key.pem", "PRIVATE KEY", keyDER)}
	r := serve(t, setup{config: func(c *config.Config) { c.TLS = tlsFiles }})
	roots := x509.NewCertPool()
	roots.AddCert(must(x509.ParseCertificate(der)))
	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer secure.CloseIdleConnections()
	res, err := secure.Post(r.url+"/v1/chat/completions", "application/json", strings.NewReader(ask("hi", `"stream":true`)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestEveryCodeIsInTheReference: whatever the engine refuses has a row.
func TestEveryCodeIsInTheReference(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		engine.CodeModelNotFound, engine.CodeNotConnected, engine.CodeNotCapable, engine.CodeNoEligible, engine.CodeNoHealthy,
		engine.CodeDenied, engine.CodeBeyondProfile, engine.CodeProfileUnknown, engine.CodeBoundsConflict, engine.CodeInvalidField,
		engine.CodeUpstreamFailed, engine.CodeUpstreamCut, engine.CodeDeadline, engine.CodeContentFiltered, engine.CodeClientGone, engine.CodeShutdown,
	} {
		if byCode[code] == nil || !strings.Contains(string(ErrorReference()), "`"+code+"`") {
			t.Errorf("%s has no row", code)
		}
	}
	seen := map[string]bool{}
	for _, f := range failures {
		if seen[f.Code] || f.Status < 400 || f.Means == "" || f.Mend == "" {
			t.Errorf("%+v", f)
		}
		seen[f.Code] = true
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	for given, kept := range map[string]bool{"abc-1.2:3/x": true, strings.Repeat("a", 128): true, strings.Repeat("a", 129): false, `a"b`: false, "a b": false} {
		got := r.do("GET", "/healthz", "", "X-Request-Id: "+given).header.Get("X-Request-Id")
		if (got == given) != kept || got == "" {
			t.Errorf("given %q, got %q", given, got)
		}
	}
}

func FuzzAppendFault(f *testing.F) {
	f.Add("a \"quoted\" \\ text\n\x00\xff", "messages[0]")
	f.Fuzz(func(t *testing.T, message, param string) {
		x := failure(codeInternal, "%s", message)
		x.param = param
		var v struct {
			Error struct{ Message, Param string }
		}
		if err := json.Unmarshal(appendFault(nil, x), &v); err != nil {
			t.Fatalf("%v %q", err, v.Error.Message)
		}
	})
}

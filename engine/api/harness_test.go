package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

const adminKey = "test-admin-key"

// module is the built-in classifier, loaded once for all tests.
var module = sync.OnceValues(func() (*classifiers.Module, error) {
	return classifiers.Load(context.Background(), builtin.Module, classifiers.Options{Instances: 4})
})

// running is a server over real sockets with the simulated providers behind it.
type running struct {
	*Server
	t     testing.TB
	fleet *sim.Fleet
	state *store.Store
	store *access.Store
	url   string // of clients
	log   lockedBuffer
	err   lockedBuffer
	stop  context.CancelFunc
	ended chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

type setup struct {
	config    func(*config.Config)
	options   func(*Options)
	upstreams map[string]engine.Upstream
	limits    engine.Limits
	profiles  map[string]*access.Profile
	files     map[store.Kind]File
	absent    string // a provider that is not connected
}

func serve(t testing.TB, o setup) *running {
	t.Helper()
	m, err := module()
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, fleet: sim.New(sim.Options{Seed: 1, Strict: true}), ended: make(chan error, 1)}
	t.Cleanup(r.fleet.Close)
	dir := t.TempDir()
	if r.state, err = store.Open(t.Context(), store.Options{Dir: dir, Log: t.Logf}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.state.Close)
	if r.store, err = access.Open(t.Context(), r.state, dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.store.Close)
	meters, err := access.OpenMeters(r.state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(meters.Close)
	c := config.Default()
	c.Listen = "127.0.0.1:0"
	if o.config != nil {
		o.config(c)
	}
	cat := catalog.Builtin()
	connections := map[string]*providers.Connection{}
	for _, p := range cat.Providers {
		if r.fleet.Models(p.ID) == nil || p.ID == o.absent {
			continue
		}
		connections[p.ID], err = providers.Connect(providers.Options{
			Provider: r.fleet.Native(p), Dial: r.fleet.Dial(p.ID), Key: func() string { return "simulated" },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(connections[p.ID].Close)
	}
	policy, err := policies.Parse("default.yaml", policies.Default(), policies.Scope{Catalog: cat, Heads: map[string][]string{}})
	if err != nil {
		t.Fatal(err)
	}
	isConnected := func(provider string) bool { return connections[provider] != nil }
	snapshot, err := engine.NewSnapshot(engine.Parts{
		Catalog: cat, Policy: policy, Classifier: classifiers.New(nil, m), Heads: map[string][]string{}, Profiles: o.profiles,
		Connected: isConnected, Author: "test",
	})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Options{Snapshot: snapshot, Connections: connections, Upstreams: o.upstreams, Limits: o.limits})
	options := Options{
		Engine: e, Config: c, Keys: r.store, Meters: meters, AdminKey: adminKey, Demo: r.fleet, Version: "test", LogTo: &r.log, ErrorLog: &r.err,
		Documents: &Documents{
			Publisher: &Publisher{Live: e.Live, Connected: isConnected, Builtin: m, Try: e.Try}, State: r.state, Name: "test", Version: "test", Keys: r.store,
		},
	}
	candidates, err := options.Documents.Open(t.Context(), dir, o.files)
	if err != nil {
		t.Fatal(err)
	}
	if err := options.Documents.Start(t.Context(), candidates[0]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(options.Documents.Close)
	if o.options != nil {
		o.options(&options)
	}
	r.Server = New(options)
	if err := r.Listen(); err != nil {
		t.Fatal(err)
	}
	scheme := "http://"
	if c.TLS.Cert != "" {
		scheme = "https://"
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(r.err.String()) // panics
		}
	})
	r.url = scheme + strings.Replace(r.Addr().String(), "[::]", "127.0.0.1", 1)
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- r.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case <-r.ended:
		case <-time.After(10 * time.Second):
			t.Error("the server did not shut down")
		}
	})
	return r
}

// answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// fields decodes the body.
func (a answer) fields(t testing.TB) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("HTTP %d is no JSON: %v\n%s", a.status, err, a.body)
	}
	return v
}

// error is the members of the body's error.
func (a answer) error(t testing.TB) (message, kind, param, code string) {
	t.Helper()
	e, _ := a.fields(t)["error"].(map[string]any)
	text := func(name string) string { s, _ := e[name].(string); return s }
	return text("message"), text("type"), text("param"), text("code")
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 30 * time.Second}

// do sends a request; headers are "Name: value".
func (r *running) do(method, url, body string, headers ...string) answer {
	r.t.Helper()
	if strings.HasPrefix(url, "/") {
		url = r.url + url
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
		if value == "" {
			req.Header.Del(name)
		}
	}
	res, err := client.Do(req)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, url, err)
	}
	return answer{res.StatusCode, res.Header, got}
}

const asAdmin = "Authorization: Bearer " + adminKey

func ask(text string, more ...string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"model":"auto","messages":[{"role":"user","content":%s}]%s}`, quoted, strings.Join(append([]string{""}, more...), ","))
}

// until waits for something to become true.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 10 s", what)
		}
		<-tick.C
	}
}

// metric is a line of /metrics, without its name; "" = there is none.
func (r *running) metric(name string) string {
	for line := range strings.Lines(string(r.do("GET", "http://"+r.AdminAddr().String()+"/metrics", "").body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

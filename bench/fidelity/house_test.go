package fidelity

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/api"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// place is where a recording is replayed, or a request sent: a provider of the catalog, one of its models, and a surface.
type place struct {
	provider, upstream string
	dialect            chat.Dialect
}

// providerOf is the catalog's provider that stands for a recording's.
func (r *recording) providerOf() string {
	switch {
	case strings.HasPrefix(r.provider, "google") && r.dialect == chat.Completions:
		return "google-compatible"
	case r.provider == "google-vertex":
		return "google"
	}
	return r.provider
}

func (r *recording) place() place {
	d := r.dialect
	if d == counting {
		d = chat.Messages
	}
	return place{r.providerOf(), orText(r.model, "unknown"), d}
}

// others are places where one dialect is spoken and no other, for requests that were recorded in another one.
var others = map[chat.Dialect]place{
	chat.Completions: {"groq", "any-model", chat.Completions},
	chat.Responses:   {"responses", "any-model", chat.Responses},
	chat.Messages:    {"anthropic", "any-model", chat.Messages},
	chat.Generate:    {"google", "any-model", chat.Generate},
}

var surfaces = map[chat.Dialect]string{chat.Completions: "chat", chat.Responses: "responses", chat.Messages: "messages", chat.Generate: "generate"}

// atlas is a catalog with a model for every place: one that can do everything, so that nothing falls out before it is sent.
type atlas struct {
	*catalog.Catalog
	names map[place]string // of models
}

func newAtlas(t *testing.T, all []*recording) *atlas {
	t.Helper()
	a := &atlas{names: map[place]string{}}
	var models, deployments strings.Builder
	add := func(p place) {
		if a.names[p] != "" {
			return
		}
		name := fmt.Sprintf("fidelity/m%d", len(a.names))
		a.names[p] = name
		fmt.Fprintf(&models, "  %s: {context: 4000000, max_output: 64000, input: [text, image, pdf, audio, video], output: [text, audio, image], ability: {overall: 0.5},\n    can: {tools: yes, parallel_tools: yes, json: yes, schema: yes, temperature: yes, logprobs: yes, prefill: yes}, reasoning: {efforts: [none, minimal, low, medium, high, xhigh, max], adaptive: yes}}\n", name)
		fmt.Fprintf(&deployments, "  %s/%s: {model: %s, upstream: %q, surface: %s, tool_surface: %s, prices: {input: 1, output: 2, tool_calls_per_1k: {web_search: 1}}}\n",
			p.provider, strings.TrimPrefix(name, "fidelity/"), name, p.upstream, surfaces[p.dialect], surfaces[p.dialect])
	}
	for _, r := range all {
		if r.left == "" {
			add(r.place())
		}
	}
	for _, p := range others {
		add(p)
	}
	source := "providers:\n" +
		"  google-compatible: {base_url: \"https://generativelanguage.googleapis.com/v1beta/openai\", dialect: openai, auth: bearer}\n" +
		"  responses: {base_url: \"https://api.openai.com/v1\", dialect: openai, auth: bearer}\n" +
		"  groq: {base_url: \"https://api.groq.com/openai/v1\", dialect: openai, auth: bearer}\n" +
		"  other-groq: {base_url: \"https://api.groq.com/openai/v1\", dialect: openai, auth: bearer}\n" +
		"  other-avian: {base_url: \"https://api.avian.io/v1\", dialect: openai, auth: bearer}\n" +
		"models:\n" + models.String() + "deployments:\n" + deployments.String()
	c, err := catalog.Builtin().Overlay("fidelity.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	a.Catalog = c
	return a
}

// upstream stands for all providers. What a call gets is said by its tracestate header, which reaches every provider.
type upstream struct {
	*httptest.Server
	answer func(n int, w http.ResponseWriter)

	mu  sync.Mutex
	got map[int]received
}

// received is a call that came.
type received struct {
	path string
	body []byte
}

func newUpstream(t *testing.T, answer func(n int, w http.ResponseWriter)) *upstream {
	u := &upstream{answer: answer, got: map[int]received{}}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, which, _ := strings.Cut(r.Header.Get("Tracestate"), "=")
		n, err := strconv.Atoi(which)
		if err != nil {
			w.WriteHeader(418)
			return
		}
		u.mu.Lock()
		u.got[n] = received{r.URL.RequestURI(), body}
		u.mu.Unlock()
		u.answer(n, w)
	}))
	t.Cleanup(u.Close)
	return u
}

// take is the call with a number, once.
func (u *upstream) take(n int) (received, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	r, ok := u.got[n]
	delete(u.got, n)
	return r, ok
}

// house is a server with every provider behind it.
type house struct {
	url  string
	stop func()
}

// open starts a server. A fresh one knows of no failures yet.
func open(t *testing.T, a *atlas, u *upstream) *house {
	t.Helper()
	p, err := policies.Parse("fidelity.yaml", []byte("name: fidelity"), policies.Scope{Catalog: a.Catalog})
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.NewSnapshot(engine.Parts{Catalog: a.Catalog, Policy: p, Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	connections := map[string]*providers.Connection{}
	for _, own := range a.Providers {
		base, _ := url.Parse(strings.NewReplacer("{resource}", "resource", "{model}", "model").Replace(own.BaseURL))
		c, err := providers.Connect(providers.Options{Provider: own, BaseURL: u.URL + "/" + own.ID + base.Path, Key: func() string { return "recorded" }})
		if err != nil {
			t.Fatal(err)
		}
		connections[own.ID] = c
	}
	c := config.Default()
	c.Listen = "127.0.0.1:0"
	server := api.New(api.Options{
		Engine: engine.New(engine.Options{Snapshot: s, Connections: connections, Limits: engine.Limits{Attempts: 1, Wait: -1}}),
		Config: c, Version: "test", LogTo: io.Discard, ErrorLog: t.Output(),
	})
	if err := server.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	return &house{url: "http://" + server.Addr().String(), stop: sync.OnceFunc(func() {
		cancel()
		<-ended
		for _, c := range connections {
			c.Close()
		}
	})}
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Second}, Timeout: time.Minute}

var paths = map[chat.Dialect]string{
	chat.Completions: "/v1/chat/completions", chat.Messages: "/v1/messages", chat.Responses: "/v1/responses", counting: "/v1/messages/count_tokens",
}

// answered is what a client got.
type answered struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a client's request, whose call upstream has the number n.
func (h *house) ask(t *testing.T, d chat.Dialect, n int, body []byte) answered {
	t.Helper()
	req, err := http.NewRequest("POST", h.url+paths[d], strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Tracestate", fmt.Sprintf("fidelity=%d", n))
	req.Header.Set("X-Routor-Conversation", fmt.Sprintf("conversation-%d", n))
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answered{res.StatusCode, res.Header, got}
}

// tally counts what passed.
type tally struct {
	mu     sync.Mutex
	passed map[[2]string]int
	asked  map[[2]string]int
	left   map[string][]string // reason → names
	failed int
}

func newTally() *tally {
	return &tally{passed: map[[2]string]int{}, asked: map[[2]string]int{}, left: map[string][]string{}}
}

func (c *tally) count(row, column string, passed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := [2]string{row, column}
	c.asked[at]++
	if passed {
		c.passed[at]++
	} else {
		c.failed++
	}
}

func (c *tally) leave(name, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[why] = append(c.left[why], name)
}

// report is the table, and what was left out with the reasons.
func (c *tally) report(title string) string {
	var rows, columns []string
	for at := range c.asked {
		if !slices.Contains(rows, at[0]) {
			rows = append(rows, at[0])
		}
		if !slices.Contains(columns, at[1]) {
			columns = append(columns, at[1])
		}
	}
	slices.Sort(rows)
	slices.Sort(columns)
	var b strings.Builder
	fmt.Fprintf(&b, "%s (passed/asked)\n%-34s", title, "")
	for _, column := range columns {
		fmt.Fprintf(&b, "%16s", column)
	}
	sum := map[string][2]int{}
	line := func(row string, of func(column string) (int, int)) {
		fmt.Fprintf(&b, "\n%-34s", row)
		for _, column := range columns {
			if passed, asked := of(column); asked > 0 {
				fmt.Fprintf(&b, "%16s", fmt.Sprintf("%d/%d", passed, asked))
			} else {
				fmt.Fprintf(&b, "%16s", "-")
			}
		}
	}
	for _, row := range rows {
		line(row, func(column string) (int, int) {
			at := [2]string{row, column}
			s := sum[column]
			sum[column] = [2]int{s[0] + c.passed[at], s[1] + c.asked[at]}
			return c.passed[at], c.asked[at]
		})
	}
	line("all", func(column string) (int, int) { return sum[column][0], sum[column][1] })
	var reasons []string
	for why := range c.left {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	b.WriteString("\n\nleft out:\n")
	for _, why := range reasons {
		names := c.left[why]
		slices.Sort(names)
		fmt.Fprintf(&b, "%5d  %s\n", len(names), why)
		for _, name := range slices.Compact(names) {
			fmt.Fprintf(&b, "         %s\n", name)
		}
	}
	return b.String()
}

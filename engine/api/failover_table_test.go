package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

var update = flag.Bool("update", false, "write the golden files")

// table is what docs/failover.md refers to: what clients see of each failure, and what cools down.
const table = "../../docs/failover-table.md"

// mishap is one way to fail, as the table names it.
type mishap struct {
	name   string
	faults sim.Faults
	after  bool // only streams can fail so
}

// late is an event of a stream after its first words, in every dialect.
const late = 8

var mishaps = []mishap{
	{name: "key rejected", faults: sim.Faults{Error: "auth"}},
	{name: "out of credit", faults: sim.Faults{Error: "quota"}},
	{name: "rate limit", faults: sim.Faults{Error: "rate_limited"}},
	{name: "rate limit, Retry-After: 7", faults: sim.Faults{Error: "rate_limited", RetryAfter: 7 * time.Second}},
	{name: "overloaded", faults: sim.Faults{Error: "overloaded"}},
	{name: "model not found", faults: sim.Faults{Error: "model_not_found"}},
	{name: "context too long", faults: sim.Faults{Error: "context_too_long"}},
	{name: "content filter", faults: sim.Faults{Error: "content_filtered"}},
	{name: "bad request", faults: sim.Faults{Error: "bad_request"}},
	{name: "server error", faults: sim.Faults{Error: "server"}},
	{name: "error inside a 200", faults: sim.Faults{Error: "server", InBand: true}},
	{name: "overload inside a 200", faults: sim.Faults{Error: "overloaded", InBand: true}},
	{name: "page of HTML", faults: sim.Faults{Garbage: true}},
	{name: "half of a JSON object", faults: sim.Faults{Malformed: true}},
	{name: "no connection", faults: sim.Faults{Refuse: true}},
	{name: "reset without a byte", faults: sim.Faults{Reset: true}},
	{name: "cut after 40 bytes", faults: sim.Faults{CutAt: 40}},
	{name: "longer than it said", faults: sim.Faults{WrongLength: -30}},
	{name: "shorter than it said", faults: sim.Faults{WrongLength: 30}},
	{name: "silence", faults: sim.Faults{Stall: time.Minute}},
	{name: "silence after headers", faults: sim.Faults{Stall: time.Minute, StallAfter: 1}, after: true},
	{name: "error after the first words", faults: sim.Faults{Error: "server", InBand: true, InBandAfter: late}, after: true},
	{name: "half of an event after the first words", faults: sim.Faults{Malformed: true, MalformedAfter: late}, after: true},
	{name: "cut after the first words", faults: sim.Faults{CutAt: 2500}, after: true},
	{name: "silence after the first words", faults: sim.Faults{Stall: time.Minute, StallAfter: late}, after: true},
}

// failing are models whose providers speak one dialect each; the other one is well.
var failing = []struct{ dialect, hub, model string }{
	{"chat", "completions", "mistral/mistral-large-3"}, {"responses", "responses", "openai/gpt-5.4-pro"},
	{"messages", "messages", "anthropic/claude-haiku-4.5"}, {"generate", "generate", "google/gemini-3.5-flash"},
}

const well = "deepseek/deepseek-v4-flash"

// callers are the dialects of clients, with a request in each.
var callers = []struct{ name, path, body string }{
	{"chat", "/v1/chat/completions", `{"model":%q,%s"stream":%v,"messages":[{"role":"user","content":"Explain in detail how a suspension bridge carries its load."}]}`},
	{"Messages", "/v1/messages", `{"model":%q,%s"stream":%v,"max_tokens":4096,"messages":[{"role":"user","content":"Explain in detail how a suspension bridge carries its load."}]}`},
	{"Responses", "/v1/responses", `{"model":%q,%s"stream":%v,"input":"Explain in detail how a suspension bridge carries its load."}`},
}

// TestFailoverTable lets a provider of each dialect fail in every way, asks for plain answers and streams in each client's
// dialect, and holds what clients saw and what cooled down against docs/failover-table.md. `go test ./engine/api -run
// FailoverTable -update` writes it.
func TestFailoverTable(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	rows := make([]string, len(mishaps))
	t.Run("rows", func(t *testing.T) {
		for i, f := range mishaps {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				rows[i] = rowsOf(t, f)
			})
		}
	})
	if t.Failed() {
		return
	}
	got := header + strings.Join(rows, "")
	if *update {
		if err := os.WriteFile(table, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Errorf("%s:%d:\n got %s\nwant %s", table, i+1, g[i], w[i])
			}
		}
		if len(g) != len(w) {
			t.Errorf("%d lines, want %d", len(g), len(w))
		}
	}
}

const header = `<!-- Written by: go test ./engine/api -run FailoverTable -update -->
# What clients see, and what cools down

Each row is a failure of the first candidate's provider, seen through a running server: the simulated providers fail, clients ask.
*provider* is the dialect that the failing one speaks (chat: Mistral, responses: OpenAI, messages: Anthropic, generate: Google), *answer* whether
the client asked for a stream. *with another left* is what clients see while one more candidate is well; *alone* what they see when there is
none, and nothing is waited for (` + "`limits.wait: 0`" + `). (Chat clients are asked of OpenAI in chat completions, and are left out where it speaks
Responses.) Where clients of one dialect (chat, Messages, Responses) see something else, it says so; a chat client's
code and a Messages client's type mean the same. In *cools down* stands what is left alone afterwards, and for how long; "third: …" is what
follows when it happens three times in a row; a dash is nothing. [failover.md](failover.md) says why.

| failure | provider | answer | with another left | alone | cools down |
|---|---|---|---|---|---|
`

// rowsOf are the rows of one failure. Rows of several dialects that say the same become one.
func rowsOf(t *testing.T, f mishap) string {
	silent := time.Minute
	if f.faults.Stall > 0 {
		silent = 150 * time.Millisecond
	}
	s := &stage{running: serve(t, setup{limits: engine.Limits{Wait: -1, RetryInPlace: time.Nanosecond,
		Timeouts: providers.Timeouts{FirstToken: silent, Thinking: silent, Idle: silent, Plain: silent}}})}
	var keys []string
	where := map[string][]string{}
	for _, up := range failing {
		s.mishap, s.model, s.dialects = f, up.model, []string{up.hub}
		if f.faults.CutAt > 1000 && up.hub == "responses" { // whose first words come later
			s.faults.CutAt *= 2
		}
		said := map[bool]string{}
		for _, stream := range []bool{false, true} {
			if stream || !f.after {
				said[stream] = strings.Join([]string{s.all(stream, true), s.all(stream, false), s.cooled(stream)}, " | ")
			}
		}
		add := func(answer, what string) {
			key := answer + " | " + what
			if where[key] == nil {
				keys = append(keys, key)
			}
			where[key] = append(where[key], up.dialect)
		}
		if said[false] == said[true] && !f.after {
			add("both", said[true])
			continue
		}
		for stream, answer := range []string{"plain", "stream"} {
			if what := said[stream == 1]; what != "" {
				add(answer, what)
			}
		}
	}
	var b strings.Builder
	for _, key := range keys {
		dialects := strings.Join(where[key], ", ")
		if len(where[key]) == len(failing) {
			dialects = "all"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.name, dialects, key)
	}
	return b.String()
}

// stage is a server on which one failure is played.
type stage struct {
	mishap
	*running
	model    string
	dialects []string // that the failing provider is called in
}

// all is what clients of each dialect see: one word for all where they see the same.
func (s *stage) all(stream, another bool) string {
	var seen []string
	for i := range callers {
		if s.dialects[0] == "responses" && i == 0 { // it is asked in chat completions then
			seen = append(seen, "")
			continue
		}
		s.anew()
		seen = append(seen, s.see(i, stream, another))
	}
	if seen[0] == "" {
		seen[0] = seen[2]
	}
	if seen[0] == seen[1] && seen[1] == seen[2] {
		return seen[0]
	}
	if seen[0] == seen[2] {
		return seen[0] + "; Messages: " + seen[1]
	}
	for i := range seen {
		seen[i] = callers[i].name + ": " + seen[i]
	}
	return strings.Join(seen, "; ")
}

// anew forgets what is known of the providers.
func (s *stage) anew() {
	_ = s.fleet.Play(nil)
	s.Engine.Monitor = engine.NewMonitor()
	if !s.faults.Refuse { // a connection that is kept would still be used
		s.Engine.Validate(context.Background())
	}
}

// cooled is what cools down after one failure, or else after the third in a row.
func (s *stage) cooled(stream bool) string {
	s.anew()
	for n := range 3 {
		s.see(2, stream, true)
		if what := s.out(); what != "" {
			return []string{"", "second: ", "third: "}[n] + what
		}
	}
	return "–"
}

// out is what is out now, and for how long from the failure on.
func (s *stage) out() string {
	provider, _, _ := strings.Cut(s.model, "/")
	lasts := func(h engine.Health) string {
		return fmt.Sprintf("%s, %v", h.State, h.Until.Sub(h.Since).Round(100*time.Millisecond))
	}
	if h, ok := s.Engine.Monitor.Accounts()[provider]; ok {
		return "provider: " + lasts(h)
	}
	for _, st := range s.Engine.Standings() {
		for _, d := range st.Deployments {
			if !d.Until.IsZero() {
				return "deployment: " + lasts(d.Health)
			}
		}
	}
	return ""
}

// see asks, and says what came.
func (s *stage) see(caller int, stream, another bool) string {
	provider, _, _ := strings.Cut(s.model, "/")
	step := sim.Step{Providers: []string{provider}, Dialects: s.dialects, Share: 1, Do: s.faults}
	if s.faults.Refuse {
		step.Dialects = nil
	}
	if err := s.fleet.Play(&sim.Scenario{Steps: []sim.Step{step}}); err != nil {
		s.t.Fatal(err)
	}
	more := ""
	if another {
		more = fmt.Sprintf(`"models":[%q],`, well)
	}
	c := &callers[caller]
	a := s.do("POST", c.path, fmt.Sprintf(c.body, s.model, more, stream))
	if a.status != 200 {
		return fmt.Sprintf("%d %s%s", a.status, kindOf(a.body), retry(a.header))
	}
	if !stream {
		if !json.Valid(a.body) {
			return "RUBBISH"
		}
		return answeredBy(a.header)
	}
	words := slices.ContainsFunc([]string{`"content":"`, `"text_delta"`, `"response.output_text.delta"`}, func(mark string) bool { return bytes.Contains(a.body, []byte(mark)) })
	whole := slices.ContainsFunc([]string{"data: [DONE]", `"type":"message_stop"`, `"type":"response.completed"`, `"type":"response.incomplete"`}, func(mark string) bool { return bytes.Contains(a.body, []byte(mark)) })
	kind := kindOf(a.body)
	switch {
	case whole && kind == "":
		return answeredBy(a.header)
	case whole:
		return "ERROR, AND AN END"
	case kind == "":
		return "CUT WITHOUT A WORD"
	case words:
		return "its first words, then event " + kind
	}
	return "event " + kind
}

func answeredBy(h http.Header) string {
	if h.Get("X-Routor-Model") == well {
		return "the other's answer"
	}
	return "its answer"
}

func retry(h http.Header) string {
	if after := h.Get("Retry-After"); after != "" {
		return ", Retry-After: " + after
	}
	return ""
}

// kindOf is the code of the error in a body or in the events of a stream, or its type where the dialect has no codes.
func kindOf(body []byte) string {
	for _, piece := range append(lines(body), string(body)) {
		var e struct {
			Code     string
			Type     string
			Error    *struct{ Code, Type string }
			Response struct{ Error *struct{ Code string } }
		}
		if json.Unmarshal([]byte(piece), &e) != nil {
			continue
		}
		switch {
		case e.Error != nil && e.Error.Code != "":
			return e.Error.Code
		case e.Error != nil:
			return e.Error.Type
		case e.Response.Error != nil:
			return e.Response.Error.Code
		case e.Type == "error":
			return e.Code
		}
	}
	return ""
}

package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/openai"
	"github.com/routor/routor/providers/sse"
)

// fake is an upstream that follows a script: one act a call, the last one for all further calls.
type fake struct {
	mu     sync.Mutex
	acts   []act
	calls  int
	bodies []string
}

// act is how a fake answers a call.
type act struct {
	wait  time.Duration    // before anything comes
	fail  *providers.Error // instead of an answer
	body  string           // of a plain answer
	steps []step           // of a stream
}

// step is one event of a stream, or its end.
type step struct {
	wait time.Duration
	data string // "" = a comment
	fail *providers.Error
}

func (f *fake) Do(ctx context.Context, call *providers.Call) (Reply, *providers.Error) {
	f.mu.Lock()
	a := f.acts[min(f.calls, len(f.acts)-1)]
	f.calls++
	f.bodies = append(f.bodies, string(call.Body))
	f.mu.Unlock()
	timeout := call.Timeouts.Total
	if call.Stream {
		timeout = call.Timeouts.FirstToken
	}
	if err := sleep(ctx, a.wait, timeout); err != nil {
		return Reply{}, err
	}
	if a.fail != nil {
		e := *a.fail
		return Reply{}, &e
	}
	r := Reply{Status: 200, Closer: nothing{}, RequestID: "up-1"}
	if a.steps != nil {
		r.Events = &script{ctx: ctx, steps: a.steps, idle: call.Timeouts.Idle}
		return r, nil
	}
	var c openai.Chunk
	openai.Inspect([]byte(a.body), &c)
	r.Body, r.Chunk = []byte(a.body), c
	return r, nil
}

// sleep waits as an upstream does that answers after d: until then, or until the time-out or the end of ctx.
func sleep(ctx context.Context, d, timeout time.Duration) *providers.Error {
	var limit <-chan time.Time
	if timeout > 0 {
		limit = time.After(timeout)
	}
	select {
	case <-time.After(d):
		return nil
	case <-limit:
		return &providers.Error{Class: providers.Timeout, Provider: "fake", Message: "no byte came in time", Sent: true}
	case <-ctx.Done():
		return &providers.Error{Class: providers.Canceled, Provider: "fake"}
	}
}

type nothing struct{}

func (nothing) Close() {}

// script plays steps as the events of a stream.
type script struct {
	ctx      context.Context
	steps    []step
	idle     time.Duration
	chunk    openai.Chunk
	usage    chat.Usage
	finished bool
	done     bool
}

func (s *script) Next() (sse.Event, error) {
	if s.done {
		return sse.Event{}, io.EOF
	}
	if len(s.steps) == 0 {
		if s.finished {
			return sse.Event{}, io.EOF
		}
		return sse.Event{}, &providers.Error{Class: providers.InBand, Provider: "fake", Message: "the stream ended before it was complete"}
	}
	p := s.steps[0]
	s.steps = s.steps[1:]
	if err := sleep(s.ctx, p.wait, s.idle); err != nil {
		return sse.Event{}, err
	}
	s.chunk = chat.Chunk{Choices: -1}
	if p.fail != nil {
		return sse.Event{}, p.fail
	}
	raw := "data: " + p.data + "\n\n"
	if p.data == "" {
		raw = ": ping\n\n"
	}
	e, _ := sse.NewReader(strings.NewReader(raw)).Next()
	if e.Data != nil {
		openai.Inspect(e.Data, &s.chunk)
		s.finished = s.finished || len(s.chunk.Finish) > 0
		s.done = s.chunk.Done
		if s.chunk.Usage.Known {
			s.usage = s.chunk.Usage
		}
	}
	return e, nil
}

func (s *script) Chunk() *openai.Chunk { return &s.chunk }
func (s *script) Usage() chat.Usage    { return s.usage }
func (s *script) Cost() int64          { return 0 }
func (s *script) Finished() bool       { return s.finished }

func role() step { return step{data: `{"choices":[{"delta":{"role":"assistant","content":""}}]}`} }
func think(s string) step {
	return step{data: `{"choices":[{"delta":{"reasoning_content":"` + s + `"}}]}`}
}
func text(s string) step { return step{data: `{"choices":[{"delta":{"content":"` + s + `"}}]}`} }
func finish() step {
	return step{data: `{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}`}
}
func told() step {
	return step{data: `{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`}
}
func done() step                          { return step{data: "[DONE]"} }
func (s step) after(d time.Duration) step { s.wait = d; return s }
func broken(c providers.Class) step {
	return step{fail: &providers.Error{Class: c, Provider: "fake", Message: "broke"}}
}

// good is a whole stream that says one thing.
func good(s string) []act { return []act{{steps: []step{role(), text(s), finish(), told(), done()}}} }

func failing(c providers.Class, status int) []act {
	return []act{{fail: &providers.Error{Class: c, Provider: "fake", Status: status, Message: "no", Sent: true}}}
}

const plainBody = `{"id":"x","choices":[{"message":{"role":"assistant","content":"42"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}`

// world is an engine over the small catalog with a fake for each provider. For a hard request the chain is cedar/max,
// birch/mid, ash/mini, birch/eye, relay/cedar-max.
type world struct {
	e     *Engine
	fakes map[string]*fake
}

func engineOf(t testing.TB, acts map[string][]act, limits Limits) *world {
	t.Helper()
	w := &world{fakes: map[string]*fake{}}
	upstreams := map[string]Upstream{}
	for _, p := range []string{"ash", "birch", "cedar", "relay"} {
		a := acts[p]
		if a == nil {
			a = good(p)
			if acts["*"] != nil {
				a = acts["*"]
			}
		}
		f := &fake{acts: a}
		w.fakes[p], upstreams[p] = f, f
	}
	w.e = New(Options{Snapshot: setup{policy: plainPolicy}.snapshot(t), Upstreams: upstreams, Limits: limits, Secret: []byte("s")})
	return w
}

// send routes and dispatches a request as a hard one.
func (w *world) send(t testing.TB, ctx context.Context, body string) *Answer {
	t.Helper()
	return w.e.Dispatch(ctx, w.route(t, body, hard), nil)
}

func (w *world) route(t testing.TB, body string, c *classifiers.Result) *Routed {
	t.Helper()
	rt := w.e.gather(read(t, body), Caller{})
	rt.World.Classification = c
	if err := Decide(rt.Snapshot, rt.Request, &rt.World, rt.Decision); err != nil {
		t.Fatal(err)
	}
	return rt
}

var streamed = says("auto", "prove it", `,"stream":true`)
var streamedUsage = says("auto", "prove it", `,"stream":true,"stream_options":{"include_usage":true}`)

// outcomeOf is all that a client sees: the error, the body, or the whole stream.
func outcomeOf(a *Answer) string {
	defer a.Close()
	return seen(a)
}

func seen(a *Answer) string {
	switch {
	case a.Stream != nil:
		b, err := io.ReadAll(a.Stream)
		if err != nil {
			return err.Error()
		}
		return string(b)
	case a.Failure != nil:
		return a.Failure.String()
	}
	return string(a.Body)
}

func TestDispatch(t *testing.T) {
	t.Parallel()
	plain := says("auto", "prove it", "")
	ok := []act{{body: plainBody}}
	for name, c := range map[string]struct {
		acts     map[string][]act
		limits   Limits
		body     string
		want     []string // substrings of what the client sees
		not      []string
		calls    string // upstream calls by provider: "cedar 1, birch 1"
		within   time.Duration
		fallback bool
	}{
		"plain":                             {acts: map[string][]act{"*": ok}, body: plain, want: []string{`"content":"42"`, `"routor":{"model":"cedar/max","tier":"COMPLEX","category":"math","profile":"default","confidence":0.9,"savingsPct":0,"method":"auto","attempts":1}`}, calls: "cedar 1"},
		"a server error":                    {acts: map[string][]act{"cedar": failing(providers.Server, 500), "*": ok}, body: plain, want: []string{`"model":"birch/mid"`, `"attempts":2`}, calls: "birch 1, cedar 1", fallback: true},
		"rate limit, overload, network":     {acts: map[string][]act{"cedar": failing(providers.RateLimited, 429), "birch": failing(providers.Overloaded, 529), "ash": failing(providers.Network, 0), "*": ok}, body: plain, want: []string{`"model":"cedar/max"`, `"attempts":5`}, calls: "ash 1, birch 2, cedar 1, relay 1", fallback: true},
		"a dead account is not asked twice": {acts: map[string][]act{"birch": failing(providers.Auth, 401), "cedar": failing(providers.Server, 500), "ash": failing(providers.Server, 500), "*": ok}, body: plain, calls: "ash 1, birch 1, cedar 1, relay 1", fallback: true, want: []string{`"attempts":4`}},
		"all fail":                          {acts: map[string][]act{"*": failing(providers.Server, 500)}, body: plain, want: []string{"502 " + CodeUpstreamFailed}},
		"all limited":                       {acts: map[string][]act{"*": {{fail: &providers.Error{Class: providers.RateLimited, Provider: "fake", Status: 429, RetryAfter: 7 * time.Second}}}}, body: plain, want: []string{"429 rate_limit_exceeded"}},
		"at most so many attempts":          {acts: map[string][]act{"*": failing(providers.Server, 500)}, limits: Limits{Attempts: 2}, body: plain, want: []string{"502"}, calls: "birch 1, cedar 1"},
		"a filter ends it":                  {acts: map[string][]act{"cedar": failing(providers.ContentFiltered, 400), "*": ok}, body: plain, want: []string{"400 content_filter"}, calls: "cedar 1"},
		"a refusal gets a second opinion":   {acts: map[string][]act{"cedar": failing(providers.BadRequest, 400), "*": ok}, body: plain, want: []string{`"model":"birch/mid"`}, calls: "birch 1, cedar 1", fallback: true},
		"two refusals are final":            {acts: map[string][]act{"cedar": failing(providers.BadRequest, 422), "birch": failing(providers.BadRequest, 400), "*": ok}, body: plain, want: []string{"422 bad_request: fake: no"}, calls: "birch 1, cedar 1"},
		"a named model's refusal goes to its second home": {acts: map[string][]act{"cedar": failing(providers.BadRequest, 400), "*": ok}, body: says("cedar/max", "x", ""), want: []string{`"method":"direct"`}, calls: "cedar 1, relay 1", fallback: true},
		"and is final without one":                        {acts: map[string][]act{"ash": failing(providers.BadRequest, 400), "*": ok}, body: says("ash/mini", "x", ""), want: []string{"400 bad_request"}, calls: "ash 1"},
		"too long goes to a larger window":                {acts: map[string][]act{"birch": failing(providers.ContextTooLong, 400), "*": ok}, body: says("birch/mid", "x", `,"models":["ash/mini","cedar/max"]`), want: []string{`"model":"cedar/max"`}, calls: "birch 1, cedar 1", fallback: true},
		"the deadline":                                    {acts: map[string][]act{"*": {{wait: time.Hour, body: plainBody}}}, limits: Limits{Deadline: 50 * time.Second, Timeouts: providers.Timeouts{Total: 20 * time.Second}}, body: plain, want: []string{"504 " + CodeDeadline}, within: 50 * time.Second},
		"a stall is a failure":                            {acts: map[string][]act{"cedar": {{wait: time.Hour, body: plainBody}}, "*": ok}, limits: Limits{Deadline: 40 * time.Second}, body: plain, want: []string{`"model":"birch/mid"`}, within: 20 * time.Second, fallback: true},

		"stream":                        {body: streamed, want: []string{`"content":"cedar"`, "[DONE]"}, not: []string{"usage", "routor"}, calls: "cedar 1"},
		"stream with usage":             {body: streamedUsage, want: []string{`"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15},"routor":{"model":"cedar/max"`, "}}\n\ndata: [DONE]\n\n", `"usage":null`}, calls: "cedar 1"},
		"a stream that begins badly":    {acts: map[string][]act{"cedar": {{steps: []step{role(), broken(providers.InBand)}}}}, body: streamed, want: []string{`"content":"birch"`, "[DONE]"}, not: []string{"cedar", "error"}, calls: "birch 1, cedar 1", fallback: true},
		"roles are not doubled":         {acts: map[string][]act{"cedar": {{steps: []step{role(), role(), broken(providers.Network)}}}}, body: streamed, want: []string{`"content":"birch"`}, not: []string{"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"role"}, fallback: true},
		"a stream without an answer":    {acts: map[string][]act{"cedar": {{steps: []step{role(), done()}}}}, body: streamed, want: []string{`"content":"birch"`}, fallback: true},
		"an empty answer is an answer":  {acts: map[string][]act{"cedar": {{steps: []step{role(), finish(), done()}}}}, body: streamed, want: []string{"finish_reason", "[DONE]"}, calls: "cedar 1"},
		"no end mark of its own":        {acts: map[string][]act{"cedar": {{steps: []step{role(), text("a"), finish()}}}}, body: streamedUsage, want: []string{`"finish_reason":"stop"}],"usage":null,"routor":{`, "data: [DONE]\n\n"}, calls: "cedar 1"},
		"a cut after the commit":        {acts: map[string][]act{"cedar": {{steps: []step{role(), text("half"), broken(providers.Network)}}}}, body: streamed, want: []string{`"content":"half"`, `data: {"error":{"message":"the stream broke off`, `"code":"` + CodeUpstreamCut + `"`}, not: []string{"[DONE]"}, calls: "cedar 1"},
		"a stall after the commit":      {acts: map[string][]act{"cedar": {{steps: []step{text("half"), text("b").after(time.Hour)}}}}, body: streamed, want: []string{`"content":"half"`, `"error"`}, not: []string{"[DONE]"}, within: time.Minute},
		"silence is broken by comments": {acts: map[string][]act{"cedar": {{wait: time.Hour}}, "birch": {{wait: time.Hour}}}, limits: Limits{Timeouts: providers.Timeouts{FirstToken: 20 * time.Second, Thinking: 20 * time.Second}}, body: streamed, want: []string{": routor is waiting", `"content":"ash"`, "[DONE]"}, within: 40 * time.Second, fallback: true},
		"silence that ends in failure":  {acts: map[string][]act{"*": {{wait: 6 * time.Second, fail: &providers.Error{Class: providers.Server, Provider: "fake", Status: 500}}}}, body: streamed, want: []string{": routor is waiting", `data: {"error":{`}, not: []string{"[DONE]"}},
		"all streams fail":              {acts: map[string][]act{"*": failing(providers.Server, 500)}, body: streamed, want: []string{"502"}},
		"short reasoning is held":       {acts: map[string][]act{"cedar": {{steps: []step{role(), think("hm"), broken(providers.Server)}}}}, body: streamed, want: []string{`"content":"birch"`}, not: []string{"hm"}, fallback: true},
		"long reasoning is let go":      {acts: map[string][]act{"cedar": {{steps: []step{role(), think("hm"), think("so").after(10 * time.Second), broken(providers.Server)}}}}, body: streamed, want: []string{"hm", "so", `"content":"birch"`, "[DONE]"}, fallback: true},
		"much reasoning is let go":      {acts: map[string][]act{"cedar": {{steps: []step{think(strings.Repeat("x", 100)), text("cedar"), finish(), done()}}}}, limits: Limits{HoldBytes: 50}, body: streamed, want: []string{"xxx", `"content":"cedar"`}, calls: "cedar 1"},
		"keep-alives are not content":   {acts: map[string][]act{"cedar": {{steps: []step{{}, {}, broken(providers.Server)}}}}, body: streamed, want: []string{`"content":"birch"`}, not: []string{"ping"}, fallback: true},
		"keep-alives go on after it":    {acts: map[string][]act{"cedar": {{steps: []step{text("a"), {}, text("b"), finish(), done()}}}}, body: streamed, want: []string{": ping\n\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := engineOf(t, c.acts, c.limits)
				start := time.Now()
				a := w.send(t, t.Context(), c.body)
				got := seen(a)
				took := time.Since(start)
				if f := a.Fallback(); f != c.fallback {
					t.Errorf("fallback: %v", f)
				}
				a.Close()
				for _, s := range c.want {
					if !strings.Contains(got, s) {
						t.Errorf("%q is not in\n%s", s, got)
					}
				}
				for _, s := range c.not {
					if strings.Contains(got, s) {
						t.Errorf("%q is in\n%s", s, got)
					}
				}
				if calls := w.calls(); c.calls != "" && calls != c.calls {
					t.Errorf("calls: %s, want %s", calls, c.calls)
				}
				if c.within > 0 && took > c.within {
					t.Errorf("took %s, more than %s", took, c.within)
				}
				if n := w.e.Live.current.Load().refs.Load(); n != 1 {
					t.Errorf("the snapshot is held %d times", n)
				}
			})
		})
	}
}

func (w *world) calls() string {
	var out []string
	for _, p := range []string{"ash", "birch", "cedar", "relay"} {
		if n := w.fakes[p].calls; n > 0 {
			out = append(out, fmt.Sprintf("%s %d", p, n))
		}
	}
	return strings.Join(out, ", ")
}

// TestClientGone ends the upstream call before the first token and in the middle of a stream.
func TestClientGone(t *testing.T) {
	t.Parallel()
	for name, acts := range map[string][]act{
		"before the first token": {{wait: time.Hour}},
		"in the middle":          {{steps: []step{text("a"), text("b").after(30 * time.Second), finish().after(time.Hour)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := engineOf(t, map[string][]act{"*": acts}, Limits{})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				start := time.Now()
				got := outcomeOf(w.send(t, ctx, streamed))
				if took := time.Since(start); took > 2*time.Second {
					t.Errorf("went on for %s after the client had gone", took)
				}
				if strings.Contains(got, "[DONE]") || w.calls() != "cedar 1" {
					t.Errorf("%s\n%s", w.calls(), got)
				}
				if n := w.e.Metrics.requests[gone].Get(); n != 1 {
					t.Errorf("%d requests counted as gone", n)
				}
			})
		})
	}
}

// TestCloseEarly closes a stream that nobody reads, while its race is still on.
func TestCloseEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := engineOf(t, map[string][]act{"*": {{wait: time.Hour}}}, Limits{})
		a := w.send(t, t.Context(), streamed)
		if a.Stream == nil || a.Winner() != nil {
			t.Fatal("no stream after the silence")
		}
		for _, h := range a.Headers(nil) {
			if h.Name == "X-Routor-Model" || h.Name == "X-Routor-Fallback" {
				t.Errorf("%s %s, while nobody has answered", h.Name, h.Value)
			}
		}
		a.Close()
		a.Close()
		if n := w.e.Live.current.Load().refs.Load(); n != 1 {
			t.Errorf("the snapshot is held %d times", n)
		}
	})
}

// TestThousand sends a thousand requests, plain and streamed, with one provider down and another flaky: none fails.
func TestThousand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		flaky := []act{}
		for i := range 400 {
			switch i % 4 {
			case 0:
				flaky = append(flaky, failing(providers.Server, 503)...)
			case 1:
				flaky = append(flaky, act{steps: []step{role(), broken(providers.InBand)}})
			default:
				flaky = append(flaky, good("birch")...)
			}
		}
		w := engineOf(t, map[string][]act{"cedar": failing(providers.Server, 500), "birch": flaky}, Limits{})
		for i := range 1000 {
			got := outcomeOf(w.send(t, t.Context(), streamed))
			if !strings.HasSuffix(got, "data: [DONE]\n\n") || strings.Contains(got, "error") {
				t.Fatalf("request %d: %s", i, got)
			}
		}
		if n := w.fakes["cedar"].calls; n > 30 {
			t.Errorf("the provider that is down was asked %d times", n)
		}
	})
}

// TestConversationGoesOn remembers who answered, and how difficult it was.
func TestConversationGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := engineOf(t, map[string][]act{"*": {{body: plainBody}}}, Limits{})
		outcomeOf(w.send(t, t.Context(), says("auto", "prove it", "")))
		next := `{"model":"auto","messages":[{"role":"user","content":"prove it"},{"role":"assistant","content":"42"},{"role":"user","content":"go on"}]}`
		rt := w.route(t, next, easy)
		defer rt.Release()
		if c := rt.World.Conversation; c.Model != "cedar/max" || c.Floor < .89 || c.Cached != 15 || c.Turns != 1 {
			t.Errorf("%+v", c)
		}
		if !rt.Decision.HistoryFloor || rt.Decision.Tier.String() != "COMPLEX" {
			t.Errorf("tier %s", rt.Decision.Tier)
		}
		time.Sleep(conversationLife + time.Second)
		later := w.route(t, next, easy)
		defer later.Release()
		if c := later.World.Conversation; c != (Conversation{}) {
			t.Errorf("still known: %+v", c)
		}
	})
}

// TestEffortThatAModelLacks leaves the client's reasoning_effort out for a model without a choice of effort, and says so.
func TestEffortThatAModelLacks(t *testing.T) {
	t.Parallel()
	w := engineOf(t, map[string][]act{"cedar": failing(providers.Server, 500), "*": {{body: plainBody}}}, Limits{})
	a := w.send(t, t.Context(), says("auto", "prove it", `,"reasoning_effort":"high"`))
	defer a.Close()
	if sent := w.fakes["cedar"].bodies[0]; !strings.Contains(sent, `"reasoning_effort":"high"`) {
		t.Errorf("a model with efforts got %s", sent)
	}
	if sent := w.fakes["birch"].bodies[0]; strings.Contains(sent, "effort") || !json.Valid([]byte(sent)) {
		t.Errorf("a model without efforts got %s", sent)
	}
	if h := a.Headers(nil); !slices.Contains(h, providers.Header{Name: "X-Routor-Dropped", Value: "reasoning_effort"}) {
		t.Errorf("headers %v do not name what was dropped", h)
	}
}

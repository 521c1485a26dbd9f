package providers_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

func TestMain(m *testing.M) {
	// A stopped server of fasthttp keeps a sleeping cleaner for up to ten seconds, and a clock for good.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

const key = "sk-routor-test-0123456789abcdef"

// connect is a connection to a simulated provider of its own fleet.
func connect(tb testing.TB, fleet *sim.Fleet, provider string, edit func(*providers.Options)) *providers.Connection {
	tb.Helper()
	o := providers.Options{
		Provider: fleet.Provider(catalog.Builtin().Provider(provider)),
		Key:      func() string { return key },
		Dial:     fleet.Dial(provider),
		Timeouts: providers.Timeouts{Connect: 5 * time.Second, FirstToken: 20 * time.Second, Idle: 20 * time.Second, Total: time.Minute},
	}
	if edit != nil {
		edit(&o)
	}
	c, err := providers.Connect(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return c
}

func newFleet(tb testing.TB) *sim.Fleet {
	f := sim.New(sim.Options{Seed: 1})
	tb.Cleanup(f.Close)
	return f
}

// TestConformance is what every provider must do through a Connection.
func TestConformance(t *testing.T) {
	t.Parallel()
	for _, id := range sim.Providers() {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			fleet := newFleet(t)
			c := connect(t, fleet, id, nil)
			if len(fleet.Models(id)) == 0 {
				t.Fatal("the catalog has no model of this provider")
			}
			model := fleet.Models(id)[0]
			call := func(rest string, stream bool) *providers.Call {
				return &providers.Call{Stream: stream, Body: []byte(`{"model":"` + model + `",` + rest + `}`)}
			}
			const hello = `"messages":[{"role":"user","content":"Say hello to Ada"}]`

			t.Run("plain", func(t *testing.T) {
				a, e := c.Do(call(hello, false))
				if e != nil {
					t.Fatal(e)
				}
				defer a.Close()
				if a.Status != 200 || a.RequestID == "" || string(a.Chunk.Finish) != "stop" {
					t.Errorf("status %d, request id %q, finish %q", a.Status, a.RequestID, a.Chunk.Finish)
				}
				if u := a.Chunk.Usage; !u.Known || u.Prompt() == 0 || u.Output == 0 {
					t.Errorf("usage %+v", u)
				}
				if got := decode(t, a.Body); !strings.Contains(got.Choices[0].Message.Content, "Say hello to Ada") {
					t.Errorf("answer %q", got.Choices[0].Message.Content)
				}
			})
			t.Run("stream", func(t *testing.T) {
				got := stream(t, c, call(hello+`,"stream":true,"stream_options":{"include_usage":true}`, true))
				if !strings.Contains(got.text, "Say hello to Ada") || !got.done || got.err != nil {
					t.Errorf("text %q, done %t, error %v", got.text, got.done, got.err)
				}
				if u := got.usage; !u.Known || u.Prompt() == 0 || u.Output == 0 {
					t.Errorf("usage %+v", u)
				}
				if !got.quietStart {
					t.Error("the first event was taken for content")
				}
			})
			t.Run("the same usage plain and streamed", func(t *testing.T) {
				fresh := newFleet(t)
				a, e := connect(t, fresh, id, nil).Do(call(hello, false))
				if e != nil {
					t.Fatal(e)
				}
				want := a.Chunk.Usage
				a.Close()
				fresh = newFleet(t) // the same seed, and nothing cached
				got := stream(t, connect(t, fresh, id, nil), call(hello+`,"stream":true,"stream_options":{"include_usage":true}`, true))
				if got.usage.Output != want.Output || got.usage.Reasoning != want.Reasoning {
					t.Errorf("streamed %+v, plain %+v", got.usage, want)
				}
			})
			const tools = `"messages":[{"role":"user","content":"What is the weather in Paris?"}],"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":2,"maximum":5},"unit":{"enum":["celsius","fahrenheit"]}},"required":["city","unit"]}}}]`
			check := func(t *testing.T, name, arguments string) {
				var args struct {
					City, Unit string
					Days       int
				}
				if err := json.Unmarshal([]byte(arguments), &args); err != nil || name != "get_weather" ||
					args.City != "Paris" || args.Unit != "celsius" || args.Days < 2 || args.Days > 5 {
					t.Errorf("called %s(%s): %v", name, arguments, err)
				}
			}
			t.Run("tools", func(t *testing.T) {
				a, e := c.Do(call(tools, false))
				if e != nil {
					t.Fatal(e)
				}
				defer a.Close()
				f := decode(t, a.Body).Choices[0].Message.ToolCalls[0].Function
				check(t, f.Name, f.Arguments)
				if !a.Chunk.Tool || string(a.Chunk.Finish) != "tool_calls" {
					t.Errorf("Tool %t, finish %q", a.Chunk.Tool, a.Chunk.Finish)
				}
			})
			t.Run("tools streamed", func(t *testing.T) {
				got := stream(t, c, call(tools+`,"stream":true`, true))
				check(t, got.tool, got.arguments)
			})
			t.Run("structured output", func(t *testing.T) {
				a, e := c.Do(call(hello+`,"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{"type":"object","properties":{"name":{"type":"string","minLength":2},"tags":{"type":"array","items":{"type":"string"},"minItems":2},"next":{"anyOf":[{"type":"null"},{"$ref":"#"}]}},"required":["name","tags","next"]}}}`, false))
				if e != nil {
					t.Fatal(e)
				}
				defer a.Close()
				var v struct {
					Name string
					Tags []string
				}
				if err := json.Unmarshal([]byte(decode(t, a.Body).Choices[0].Message.Content), &v); err != nil || v.Name != "Ada" || len(v.Tags) != 2 {
					t.Errorf("%+v: %v", v, err)
				}
			})
			t.Run("limits", func(t *testing.T) {
				a, e := c.Do(call(hello+`,"n":2,"max_tokens":4`, false))
				if e != nil {
					t.Fatal(e)
				}
				defer a.Close()
				if d := decode(t, a.Body); len(d.Choices) != 2 || d.Choices[0].FinishReason != "length" {
					t.Errorf("%s", a.Body)
				}
			})
			t.Run("unknown model", func(t *testing.T) {
				_, e := c.Do(&providers.Call{Body: []byte(`{"model":"no-such-model",` + hello + `}`)})
				if e == nil || e.Class != providers.ModelNotFound {
					t.Errorf("error %v", e)
				}
			})
			t.Run("fields of our own", func(t *testing.T) {
				_, e := c.Do(call(hello+`,"routor_tier":"NANO"`, false))
				if e == nil || e.Class != providers.BadRequest {
					t.Errorf("error %v", e)
				}
			})
			t.Run("validate", func(t *testing.T) {
				if a := c.Validate(context.Background()); a.State != providers.Healthy || a.KeyLast4 != "cdef" || a.CheckedAt.IsZero() {
					t.Errorf("%+v", a)
				}
				rejected := connect(t, fleet, id, func(o *providers.Options) { o.Key = func() string { return "a-bad-key-0123456789" } })
				if a := rejected.Validate(context.Background()); a.State != providers.KeyRejected || strings.Contains(a.Detail, "a-bad-key-0123456789") {
					t.Errorf("%+v", a)
				}
				none := connect(t, fleet, id, func(o *providers.Options) { o.Key = func() string { return "" } })
				if a := none.Validate(context.Background()); a.State != providers.NotConfigured {
					t.Errorf("%+v", a)
				}
			})
			for _, class := range sim.Classes() {
				for _, streamed := range []bool{false, true} {
					t.Run(class, func(t *testing.T) {
						set(t, fleet, id, sim.Faults{Error: class, RetryAfter: 3 * time.Second})
						defer set(t, fleet, id, sim.Faults{})
						rest := hello
						if streamed {
							rest += `,"stream":true`
						}
						_, e := c.Do(call(rest, streamed))
						if e == nil || string(e.Class) != class {
							t.Fatalf("error %v, want class %s", e, class)
						}
						if e.Provider != id || e.Status == 0 || e.Message == "" || !e.Sent {
							t.Errorf("%+v", e)
						}
						if e.Class == providers.RateLimited && e.Status != 200 && e.RetryAfter != 3*time.Second {
							t.Errorf("RetryAfter %s", e.RetryAfter)
						}
					})
				}
				t.Run("in band "+class, func(t *testing.T) {
					set(t, fleet, id, sim.Faults{Error: class, InBand: true, InBandAfter: 4})
					defer set(t, fleet, id, sim.Faults{})
					_, e := c.Do(call(hello, false))
					if e == nil || e.Status != 200 {
						t.Errorf("plain: error %v", e)
					}
					got := stream(t, c, call(hello+`,"stream":true`, true))
					var ue *providers.Error
					if !errors.As(got.err, &ue) || got.done || ue.Status != 200 {
						t.Errorf("stream: error %v", got.err)
					}
				})
			}
			t.Run("cancel before the first byte", func(t *testing.T) {
				set(t, fleet, id, sim.Faults{Stall: time.Minute})
				defer set(t, fleet, id, sim.Faults{})
				for _, streamed := range []bool{false, true} {
					cl := call(hello, streamed)
					ended := make(chan *providers.Error)
					before := fleet.Requests(id)
					go func() {
						_, e := c.Do(cl)
						ended <- e
					}()
					until(t, func() bool { return fleet.Requests(id) > before })
					start := time.Now()
					cl.Cancel()
					if e := <-ended; e == nil || e.Class != providers.Canceled || !errors.Is(e, context.Canceled) {
						t.Errorf("error %v", e)
					}
					if took := time.Since(start); took > 250*time.Millisecond {
						t.Errorf("took %s", took)
					}
				}
			})
		})
	}
}

func set(t *testing.T, f *sim.Fleet, provider string, faults sim.Faults) {
	t.Helper()
	if err := f.Set(provider, faults); err != nil {
		t.Fatal(err)
	}
}

// until polls a condition.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to pass")
		}
	}
}

type completion struct {
	Choices []struct {
		Index          int
		Message, Delta struct {
			Content   string
			ToolCalls []struct {
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
	}
}

func decode(t *testing.T, body []byte) (d completion) {
	t.Helper()
	if err := json.Unmarshal(body, &d); err != nil || len(d.Choices) == 0 {
		t.Fatalf("%v: %s", err, body)
	}
	return d
}

type streamed struct {
	text, tool, arguments string
	raw                   []byte
	usage                 chat.Usage
	done, quietStart      bool
	events                int
	err                   error
}

// stream reads a stream to its end.
func stream(t *testing.T, c *providers.Connection, call *providers.Call) (out streamed) {
	t.Helper()
	a, e := c.Do(call)
	if e != nil {
		return streamed{err: e}
	}
	defer a.Close()
	for {
		ev, err := a.Stream.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			out.err = err
			break
		}
		out.events++
		out.raw = append(out.raw, ev.Raw...)
		k := a.Stream.Chunk()
		if out.events == 1 {
			out.quietStart = !k.Content
		}
		if ev.Data == nil || k.Done || k.Choices <= 0 {
			continue
		}
		d := decode(t, ev.Data)
		if d.Choices[0].Index != 0 {
			continue
		}
		out.text += d.Choices[0].Delta.Content
		for _, tc := range d.Choices[0].Delta.ToolCalls {
			out.tool += tc.Function.Name
			out.arguments += tc.Function.Arguments
		}
	}
	out.done, out.usage = a.Stream.Done(), a.Stream.Usage()
	return out
}

func TestProvidersAreTheCatalogs(t *testing.T) {
	t.Parallel()
	for _, p := range catalog.Builtin().Providers {
		if p.Builtin != slices.Contains(sim.Providers(), p.ID) {
			t.Errorf("%s: builtin %t", p.ID, p.Builtin)
		}
	}
}

package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

// troubles are the ways in which a simulated provider is made to fail before it has said anything.
var troubles = []struct {
	name   string
	faults sim.Faults
}{
	{"server error", sim.Faults{Error: "server"}},
	{"server error now and then", sim.Faults{Error: "server", Rate: .5}},
	{"rate limit", sim.Faults{Error: "rate_limited", RetryAfter: time.Second}},
	{"overload", sim.Faults{Error: "overloaded"}},
	{"key rejected", sim.Faults{Error: "auth"}},
	{"out of credit", sim.Faults{Error: "quota"}},
	{"model not found", sim.Faults{Error: "model_not_found"}},
	{"refused as bad", sim.Faults{Error: "bad_request"}},
	{"error inside a 200", sim.Faults{InBand: true}},
	{"error in the stream", sim.Faults{InBand: true, InBandAfter: 1, Error: "overloaded"}},
	{"page instead of JSON", sim.Faults{Garbage: true}},
	{"connection refused", sim.Faults{Refuse: true}},
	{"connection reset", sim.Faults{Reset: true}},
	{"cut before the first text", sim.Faults{CutAt: 40}},
	{"silence", sim.Faults{Stall: time.Minute}},
	{"silence now and then", sim.Faults{Stall: time.Minute, Rate: .3}},
}

// kinds are requests that go to different models.
var kinds = []struct{ name, text, more string }{
	{"greeting", "hi", ""},
	{"proof", "Prove that every finite integral domain is a field, and show rigorously where finiteness is needed.", ""},
	{"tools", "Use get_weather to look up the weather in Paris.", `"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`},
	{"code", "Write a Go function that merges two sorted channels, with tests.", ""},
}

// spoken is an answer as far as it tells who gave it.
type spoken struct {
	text, finish string
	models       map[string]bool // named in the body or in the chunks
	tool         bool
	routor       string // the model that the routor object names
	done         bool
	failed       string // an error in the stream
}

func read(t testing.TB, a answer, stream bool) (s spoken) {
	s.models = map[string]bool{}
	pieces := []string{string(a.body)}
	if stream {
		pieces = lines(a.body)
	}
	for _, piece := range pieces {
		if piece == "[DONE]" {
			s.done = true
			continue
		}
		var c struct {
			Model   string
			Error   json.RawMessage
			Routor  struct{ Model string }
			Choices []struct {
				Message, Delta struct {
					Content string
					Calls   []json.RawMessage `json:"tool_calls"`
				}
				Finish string `json:"finish_reason"`
			}
		}
		if err := json.Unmarshal([]byte(piece), &c); err != nil {
			t.Errorf("%v: %s", err, piece)
			return s
		}
		if s.models[c.Model] = true; c.Error != nil {
			s.failed = string(c.Error)
		}
		s.routor += c.Routor.Model
		for _, choice := range c.Choices {
			s.text += choice.Message.Content + choice.Delta.Content
			s.tool = s.tool || len(choice.Message.Calls)+len(choice.Delta.Calls) > 0
			s.finish += choice.Finish
		}
	}
	return s
}

// TestAProviderThatFailsIsNeverSeen lets the provider that would be asked first fail in every way, and asks 1,000 times:
// every request is answered, whole, by the one model that the answer names.
func TestAProviderThatFailsIsNeverSeen(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	t.Run("in every way", func(t *testing.T) {
		for _, trouble := range troubles {
			t.Run(trouble.name, func(t *testing.T) {
				t.Parallel()
				r := serve(t, setup{limits: engine.Limits{Timeouts: providers.Timeouts{FirstToken: patience, Thinking: patience, Total: patience}}})
				before := asked.Load()
				for _, kind := range kinds {
					asked.Add(r.fail(kind.text, kind.more, trouble.faults))
				}
				metrics := r.do("GET", "http://"+r.AdminAddr().String()+"/metrics", "").body
				if !strings.Contains(string(metrics), "\nroutor_failovers_total{") {
					t.Errorf("none of %d requests had to fail over", asked.Load()-before)
				}
			})
		}
	})
	if asked.Load() < 1000 {
		t.Errorf("%d requests", asked.Load())
	}
}

// patience is how long a silent provider is waited for.
const patience = 500 * time.Millisecond

// fail lets the provider that a question would go to fail, asks the question a number of times at once, and mends the
// provider.
func (r *running) fail(text, more string, faults sim.Faults) int64 {
	t := r.t
	t.Helper()
	fields := []string{}
	if more != "" {
		fields = append(fields, more)
	}
	chain := r.do("POST", "/v1/route", ask(text, fields...)).fields(t)["chain"].([]any)
	first := chain[0].(map[string]any)["provider"].(string)
	if err := r.fleet.Set(first, faults); err != nil {
		t.Fatal(err)
	}
	const times = 16 // 16 troubles × 4 kinds × 16 = 1,024
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			stream := i%2 == 0
			asked := append([]string{fmt.Sprintf(`"stream":%v`, stream)}, fields...)
			if i%4 == 0 {
				asked = append(asked, `"stream_options":{"include_usage":true}`)
			}
			a := r.do("POST", "/v1/chat/completions", ask(text, asked...))
			if wrong := wrong(t, a, stream, more != ""); wrong != "" {
				t.Errorf("%s fails, %q, stream %v: %s: %d %v %s", first, text, stream, wrong, a.status, a.header, a.body)
			}
		})
	}
	all.Wait()
	if err := r.fleet.Set(first, sim.Faults{}); err != nil {
		t.Fatal(err)
	}
	return times
}

// wrong is what is wrong with an answer: that it is none, that it is not whole, or that it is not that of the model that
// its headers name; "" = nothing.
func wrong(t testing.TB, a answer, stream, tool bool) string {
	s := read(t, a, stream)
	m, _ := catalog.Builtin().Find(a.header.Get("X-Routor-Model"))
	if a.status != 200 || m == nil || s.failed != "" {
		return "no answer"
	}
	if s.finish == "" || stream && !s.done || s.tool != tool {
		return "not the whole answer"
	}
	known := false
	for _, d := range catalog.Builtin().DeploymentsOf(m) {
		known = known || s.models[d.Upstream]
	}
	if len(s.models) != 1 || !known || !tool && (!strings.HasPrefix(s.text, "I am "+m.Name+", simulated at ") || strings.Count(s.text, "I am ") != 1) {
		return "another model speaks"
	}
	if s.routor != "" && s.routor != m.ID {
		return "routor object and headers differ"
	}
	return ""
}

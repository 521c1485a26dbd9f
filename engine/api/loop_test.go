package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers/sim"
)

// loop is a conversation of a client that knows its dialect's plainest fields, and drops all others that it gets.
type loop struct {
	r        *running
	turns    []any
	id       string
	streamed bool
}

const lookFor = "Call the look tool for Rome."

// step asks a model, takes its answer into the conversation, and answers the tool calls with what makes a model call again.
func (l *loop) step(t *testing.T, dialect, model string, last bool) (calls int) {
	t.Helper()
	body, path := l.body(dialect, model)
	if l.streamed {
		body = `{"stream":true,` + body[1:]
	}
	a := l.r.do("POST", path, body, "X-Routor-Conversation: "+l.id)
	if a.status != 200 || a.header.Get("X-Routor-Fallback") != "false" {
		t.Errorf("%s at %s: HTTP %d, fallback %s: %s\nasked: %s", dialect, model, a.status, a.header.Get("X-Routor-Fallback"), a.body, body)
		return 0
	}
	answer := a.fields
	if l.streamed {
		answer = func(t testing.TB) map[string]any { return gathered(t, dialect, string(a.body)) }
	}
	ids := l.take(dialect, answer(t))
	said := "It is sunny. Now call look for Paris."
	if last {
		said = "It is raining."
	}
	l.answer(dialect, ids, said)
	return len(ids)
}

func (l *loop) body(dialect, model string) (body, path string) {
	turns, _ := json.Marshal(l.turns)
	schema := `{"type":"object","properties":{"at":{"type":"string"}},"required":["at"]}`
	switch dialect {
	case "messages":
		return fmt.Sprintf(`{"model":%q,"max_tokens":4000,"messages":%s,"tools":[{"name":"look","input_schema":%s}]}`, model, turns, schema), "/v1/messages"
	case "responses":
		return fmt.Sprintf(`{"model":%q,"input":%s,"tools":[{"type":"function","name":"look","parameters":%s}]}`, model, turns, schema), "/v1/responses"
	}
	return fmt.Sprintf(`{"model":%q,"messages":%s,"tools":[{"type":"function","function":{"name":"look","parameters":%s}}]}`, model, turns, schema), "/v1/chat/completions"
}

// take keeps of an answer what the client knows: text and calls, and what its dialect itself says must come back.
func (l *loop) take(dialect string, answer map[string]any) (ids []string) {
	list := func(v any) []any { l, _ := v.([]any); return l }
	switch dialect {
	case "messages":
		l.turns = append(l.turns, map[string]any{"role": "assistant", "content": answer["content"]})
		for _, b := range list(answer["content"]) {
			if b := b.(map[string]any); b["type"] == "tool_use" {
				ids = append(ids, b["id"].(string))
			}
		}
	case "responses":
		for _, item := range list(answer["output"]) {
			l.turns = append(l.turns, item)
			if item := item.(map[string]any); item["type"] == "function_call" {
				ids = append(ids, item["call_id"].(string))
			}
		}
	default:
		m := list(answer["choices"])[0].(map[string]any)["message"].(map[string]any)
		var calls []any
		for _, c := range list(m["tool_calls"]) {
			c := c.(map[string]any)
			f := c["function"].(map[string]any)
			calls = append(calls, map[string]any{"id": c["id"], "type": "function", "function": map[string]any{"name": f["name"], "arguments": f["arguments"]}})
			ids = append(ids, c["id"].(string))
		}
		turn := map[string]any{"role": "assistant", "content": m["content"]}
		if calls != nil {
			turn["tool_calls"] = calls
		}
		l.turns = append(l.turns, turn)
	}
	return ids
}

func (l *loop) answer(dialect string, ids []string, text string) {
	var results []any
	for _, id := range ids {
		switch dialect {
		case "messages":
			results = append(results, map[string]any{"type": "tool_result", "tool_use_id": id, "content": text})
		case "responses":
			l.turns = append(l.turns, map[string]any{"type": "function_call_output", "call_id": id, "output": text})
		default:
			l.turns = append(l.turns, map[string]any{"role": "tool", "tool_call_id": id, "content": text})
		}
	}
	if results != nil {
		l.turns = append(l.turns, map[string]any{"role": "user", "content": results})
	}
}

// thinker is a provider's model for the loops: one that calls tools, and reasons where it has one.
func thinker(fleet *sim.Fleet, provider string) string {
	cat := catalog.Builtin()
	best := ""
	for _, m := range cat.Models {
		for _, d := range cat.DeploymentsOf(m) {
			if d.Provider != provider || !slices.Contains(fleet.Models(provider), d.Upstream) || m.Status != catalog.Active && m.Status != "" || m.Caps.Tools == catalog.No {
				continue
			}
			if best == "" || m.Thinks && m.Caps.Tools == catalog.Yes {
				best = d.ID
			}
			if m.Thinks && m.Caps.Tools == catalog.Yes {
				return best
			}
		}
	}
	return best
}

// TestToolLoopsAcrossProviders: three steps of a tool loop, each forced onto another provider, over all pairs of providers. None
// may refuse what it gets, though each wants its own state back and takes nobody else's.
func TestToolLoopsAcrossProviders(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("1,014 conversations")
	}
	r := serve(t, setup{})
	models := map[string]string{}
	for _, p := range sim.Providers() {
		models[p] = thinker(r.fleet, p)
		t.Logf("%s: %s", p, models[p])
	}
	type job struct {
		dialect, first, second, third string
		streamed                      bool
	}
	work := make(chan job)
	var done sync.WaitGroup
	var mu sync.Mutex
	loops := map[string]int{}
	for range 4 {
		done.Go(func() {
			for j := range work {
				l := &loop{r: r, id: fmt.Sprint(j.dialect, j.first, j.second, j.streamed), streamed: j.streamed}
				l.turns = []any{map[string]any{"role": "user", "content": lookFor}}
				ok := true
				for i, provider := range []string{j.first, j.second, j.third} {
					if ok = l.step(t, j.dialect, models[provider], i == 2) > 0 && ok; !ok {
						t.Errorf("%s: %s → %s → %s: no call at step %d", j.dialect, j.first, j.second, j.third, i+1)
						break
					}
				}
				// The last answer is words, from the first one again.
				if ok && l.step(t, j.dialect, models[j.first], true) == 0 {
					mu.Lock()
					loops[map[bool]string{false: j.dialect, true: j.dialect + " streamed"}[j.streamed]]++
					mu.Unlock()
				} else if ok {
					t.Errorf("%s: %s → %s → %s: calls without end: %v", j.dialect, j.first, j.second, j.third, l.turns)
				}
			}
		})
	}
	for _, dialect := range []string{"completions", "messages", "responses"} {
		for i, first := range sim.Providers() {
			for k, second := range sim.Providers() {
				third := sim.Providers()[(k+1+i%11)%13]
				work <- job{dialect, first, second, third, false}
				work <- job{dialect, first, second, third, true}
			}
		}
	}
	close(work)
	done.Wait()
	t.Logf("loops that went through: %s", strings.TrimPrefix(fmt.Sprint(loops), "map"))
}

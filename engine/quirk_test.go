package engine

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/policies"
)

// shippedCatalog is a snapshot of the catalog that ships, every provider connected in its own dialect.
func shippedCatalog(t testing.TB) *Snapshot {
	t.Helper()
	c := catalog.Builtin()
	p, err := policies.Parse("test.yaml", []byte("name: test"), policies.Scope{Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSnapshot(Parts{Catalog: c, Policy: p, Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// writing is a request on its way to one deployment.
type writing struct {
	client     chat.Dialect
	body       string
	deployment string
	effort     string
	tier       label.Tier
	direct     bool
	last       string   // deployment that answered last
	answered   []string // deployments that answered so far
	states     *States
}

func (w writing) write(t testing.TB, s *Snapshot) (*exchange, string) {
	t.Helper()
	r, source, err := Read(w.client, []byte(w.body))
	if err != nil {
		t.Fatalf("%s: %v", w.body, err)
	}
	d := NewDecision()
	d.Method, d.Tier = MethodAuto, w.tier
	if w.direct {
		d.Method = MethodDirect
	}
	dep := s.Catalog.Deployment(w.deployment)
	if dep == nil {
		t.Fatalf("no deployment %q", w.deployment)
	}
	d.Candidates = append(d.Candidates, Candidate{Deployment: dep, Effort: w.effort})
	e := New(Options{Snapshot: s})
	if w.states != nil {
		e.States = w.states
	}
	rt := &Routed{Snapshot: s, Request: r, Decision: d, source: source}
	rt.World.Conversation.Model = w.last
	for _, deployment := range w.answered {
		rt.Conversation = e.Conversations.Identify("", "a header", r)
		e.Conversations.Answered(rt.Conversation, time.Now(), deployment, 0, true, 0)
		rt.World.Conversation = e.Conversations.Get(rt.Conversation, time.Now())
	}
	x := &exchange{e: e, rt: rt, ctx: lifeOf(context.Background())}
	x.current = &d.Candidates[0]
	return x, x.write(x.current)
}

func TestQuirks(t *testing.T) {
	t.Parallel()
	s := shippedCatalog(t)
	const m = `"messages":[{"role":"user","content":"hi"}]`
	for name, c := range map[string]struct {
		writing
		want, dropped string
	}{
		"GPT-5 renames the limit":              {writing{body: `{"model":"auto","max_tokens":2000,` + m + `}`, deployment: "openai/gpt-5.5", effort: "low"}, `{"model":"gpt-5.5","max_completion_tokens":2000,` + m + `,"reasoning_effort":"low"}`, ""},
		"GPT-5 drops sampling while it thinks": {writing{body: `{"model":"auto","temperature":0.2,` + m + `,"reasoning_effort":"high"}`, deployment: "openai/gpt-5.5", effort: "high"}, `{"model":"gpt-5.5",` + m + `,"reasoning_effort":"high"}`, "temperature"},
		"what holds anyway is not named":       {writing{body: `{"model":"auto","temperature":1.0,` + m + `,"reasoning_effort":"high"}`, deployment: "openai/gpt-5.5", effort: "high"}, `{"model":"gpt-5.5",` + m + `,"reasoning_effort":"high"}`, ""},
		"effort gives way to sampling":         {writing{body: `{"model":"auto","temperature":0.2,` + m + `}`, deployment: "openai/gpt-5.5", effort: "low", tier: label.Light}, `{"model":"gpt-5.5","temperature":0.2,` + m + `,"reasoning_effort":"none"}`, ""},
		"a small limit is not thought away":    {writing{body: `{"model":"auto","max_tokens":100,` + m + `}`, deployment: "openai/gpt-5.5", effort: "low", tier: label.Light}, `{"model":"gpt-5.5","max_completion_tokens":100,` + m + `,"reasoning_effort":"none"}`, ""},
		"Mistral takes what it knows":          {writing{body: `{"model":"auto","seed":7,"user":"u","max_completion_tokens":9000,"stream":true,` + m + `}`, deployment: "mistral/mistral-large-2512"}, `{"model":"mistral-large-2512","random_seed":7,"max_tokens":9000,"stream":true,` + m + `}`, "user"},
		"MiniMax clamps and splits":            {writing{body: `{"model":"auto","temperature":1.7,` + m + `}`, deployment: "minimax/MiniMax-M3"}, `{"model":"MiniMax-M3","temperature":1,` + m + `,"reasoning_split":true}`, ""},
		"Z.AI does not think about a greeting": {writing{body: `{"model":"auto",` + m + `}`, deployment: "zai/glm-5.2", tier: label.Nano}, `{"model":"glm-5.2",` + m + `,"thinking":{"type":"disabled"}}`, ""},
		"a client's own switch stays":          {writing{body: `{"model":"auto","thinking":{"type":"enabled"},` + m + `}`, deployment: "zai/glm-5.2", tier: label.Nano}, `{"model":"glm-5.2","thinking":{"type":"enabled"},` + m + `}`, ""},
		"Mistral spells documents its own way": {writing{body: `{"model":"auto","messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,JVBE","filename":"a.pdf"}}]}]}`, deployment: "mistral/mistral-large-2512"},
			`{"model":"mistral-large-2512","messages":[{"role":"user","content":[{"type":"document_url","document_url":"data:application/pdf;base64,JVBE","document_name":"a.pdf"}]}]}`, ""},
		"those that Messages give by URL too": {writing{client: chat.Messages, body: `{"model":"auto","max_tokens":9000,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://a/b.pdf"}}]}]}`, deployment: "mistral/mistral-large-2512"},
			`{"model":"mistral-large-2512","messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://a/b.pdf"}]}],"max_tokens":9000}`, ""},
		"audio it takes as OpenAI has it": {writing{body: `{"model":"auto","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}`, deployment: "mistral/mistral-large-2512"},
			`{"model":"mistral-large-2512","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}`, ""},
		"who spells so already is left alone": {writing{body: `{"model":"auto","messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://a/b.pdf","document_image_limit":3}]}]}`, deployment: "mistral/mistral-large-2512"},
			`{"model":"mistral-large-2512","messages":[{"role":"user","content":[{"type":"document_url","document_url":"https://a/b.pdf","document_image_limit":3}]}]}`, ""},
		"Gemini gets content that is cached there": {writing{body: `{"model":"auto","extra_body":{"google":{"cached_content":"cachedContents/x"}},` + m + `}`, deployment: "google/gemini-3.5-flash", effort: "low", direct: true},
			`{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}},"cachedContent":"cachedContents/x"}`, ""},
		"and what stands beside it is named": {writing{body: `{"model":"auto","extra_body":{"google":{"cached_content":"cachedContents/x","y":1}},` + m + `}`, deployment: "google/gemini-3.5-flash", effort: "low", direct: true},
			`{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}},"cachedContent":"cachedContents/x"}`, "extra_body"},
		"tools in a namespace are called by their full names": {writing{client: chat.Responses, body: `{"model":"auto","input":"hi","max_output_tokens":9000,"tool_choice":{"type":"function","name":"look"},"tools":[{"type":"namespace","name":"sky","description":"d","tools":[{"type":"function","name":"look","parameters":{"type":"object","properties":{}}}]}]}`, deployment: "anthropic/claude-haiku-4-5"},
			`{"model":"claude-haiku-4-5","max_tokens":9000,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"sky__look","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"sky__look"}}`, ""},
		"who names a model gets it as it is": {writing{body: `{"model":"zai/glm-5.2",` + m + `}`, deployment: "zai/glm-5.2", tier: label.Nano, direct: true}, `{"model":"glm-5.2",` + m + `}`, ""},
		"Grok knows no penalties":            {writing{body: `{"model":"auto","presence_penalty":0.5,"stop":["x"],` + m + `,"reasoning_effort":"high"}`, deployment: "xai/grok-4.3", effort: "high"}, `{"model":"grok-4.3",` + m + `,"reasoning_effort":"high"}`, "presence_penalty, stop"},
		"Kimi has one temperature":           {writing{body: `{"model":"auto","temperature":0.3,` + m + `}`, deployment: "moonshot/kimi-k2.6", tier: label.Complex}, `{"model":"kimi-k2.6",` + m + `}`, "temperature"},
	} {
		x, unfit := c.write(t, s)
		if unfit != "" {
			t.Errorf("%s: unfit: %s", name, unfit)
			continue
		}
		if got := string(x.rt.body); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		if got := strings.Join(x.sent.dropped, ", "); got != c.dropped {
			t.Errorf("%s: dropped %q, want %q", name, got, c.dropped)
		}
	}
}

const toolTurn = `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_1","content":"sun"}],"tools":[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}]}`

// TestStateComesBack: a client that drops what it does not know sends a turn with nothing but the tool call.
func TestStateComesBack(t *testing.T) {
	t.Parallel()
	s := shippedCatalog(t)
	call := chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: "call_1", Name: "look", Arguments: "{}"}}
	kept := func(maker string, parts ...chat.Part) *States {
		states := NewStates()
		states.Keep("", maker, parts)
		return states
	}
	signed := chat.Part{Kind: chat.Reasoning, Text: "I wonder.", State: &chat.State{Form: "signature", Data: "c2lnbmVk"}}
	said := chat.Part{Kind: chat.Reasoning, Text: "I wonder.", State: &chat.State{Form: "text"}}
	thought := call
	thought.State = &chat.State{Form: "thought_signature", Data: "dGhvdWdodA=="}
	for name, c := range map[string]struct {
		writing
		has, lacks []string
	}{
		"DeepSeek gets its reasoning":             {writing{deployment: "deepseek/deepseek-v4-pro", effort: "high", states: kept("deepseek", said, call)}, []string{`"reasoning_content":"I wonder."`}, nil},
		"DeepSeek gets a placeholder for others'": {writing{deployment: "deepseek/deepseek-v4-pro", effort: "high", states: kept("xiaomi", said, call)}, []string{`"reasoning_content":"` + anotherThought + `"`}, []string{"I wonder"}},
		"Anthropic gets its signature":            {writing{deployment: "anthropic/claude-opus-4-8", effort: "high", states: kept("anthropic", signed, call)}, []string{`"signature":"c2lnbmVk"`, `"thinking":"I wonder."`}, nil},
		"Anthropic gets nobody else's":            {writing{deployment: "anthropic/claude-opus-4-8", effort: "high", states: kept("minimax", signed, call)}, nil, []string{"c2lnbmVk", "I wonder"}},
		"Gemini gets its thought signature":       {writing{deployment: "google/gemini-3.5-flash", states: kept("google", thought)}, []string{`"thoughtSignature":"dGhvdWdodA=="`}, nil},
		"Gemini gets the sentinel for others'":    {writing{deployment: "google/gemini-3.5-flash", states: kept("deepseek", said, call)}, []string{"skip_thought_signature_validator"}, []string{"I wonder"}},
		"OpenAI gets none":                        {writing{deployment: "openai/gpt-4.1", states: kept("deepseek", said, call)}, []string{`"call_1"`}, []string{"I wonder"}},
		"Mistral gets ids of its form":            {writing{deployment: "mistral/mistral-large-2512"}, []string{`"tool_call_id":"` + chat.EncodeID("call_1", chat.MistralIDs)}, []string{`"call_1"`}},
	} {
		c.body, c.tier = `{"model":"auto",`+toolTurn, label.Complex
		x, unfit := c.write(t, s)
		if unfit != "" {
			t.Errorf("%s: unfit: %s", name, unfit)
			continue
		}
		body := string(x.rt.body)
		for _, text := range c.has {
			if !strings.Contains(body, text) {
				t.Errorf("%s: lacks %s:\n%s", name, text, body)
			}
		}
		for _, text := range c.lacks {
			if strings.Contains(body, text) {
				t.Errorf("%s: has %s:\n%s", name, text, body)
			}
		}
	}
	if x, _ := (writing{deployment: "deepseek/deepseek-v4-pro", effort: "high", body: `{"model":"auto",` + toolTurn, states: kept("deepseek", said, call)}).write(t, s); x.rt.World.Key != nil {
		t.Error("no key was given")
	}
}

func TestStatesAreBounded(t *testing.T) {
	t.Parallel()
	states := NewStates()
	states.most = 10_000
	part := func(id string) []chat.Part {
		return []chat.Part{{Kind: chat.Reasoning, Text: strings.Repeat("x", 3000), State: &chat.State{Form: "text"}}, {Kind: chat.ToolCall, Call: &chat.Call{ID: id}}}
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		states.Keep("key", "deepseek", part(id))
	}
	if states.of("key", "a") != nil || states.of("key", "d") == nil || states.bytes > states.most {
		t.Errorf("%d bytes are kept, of %d", states.bytes, states.most)
	}
	if states.of("other", "d") != nil {
		t.Error("another key gets it")
	}
	late := time.Now().Add(stateKeep + time.Minute)
	states.now = func() time.Time { return late }
	if states.of("key", "d") != nil {
		t.Error("it is kept for ever")
	}
}

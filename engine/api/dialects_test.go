package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

const messagesAsk = `{"model":"%s","max_tokens":300,"messages":[{"role":"user","content":"hi"}]%s}`

func TestMessages(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("POST", "/v1/messages", fmt.Sprintf(messagesAsk, "auto", ""), "Anthropic-Version: 2023-06-01", "X-Api-Key: whatever")
	m := a.fields(t)
	if a.status != 200 || m["type"] != "message" || m["role"] != "assistant" || m["routor"] != nil || a.header.Get("X-Routor-Tier") == "" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	a = r.do("POST", "/v1/messages", fmt.Sprintf(messagesAsk, "auto", `,"stream":true`))
	text := string(a.body)
	if a.status != 200 || !strings.HasPrefix(text, "event: message_start\n") || !strings.HasSuffix(text, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n") {
		t.Errorf("%d %s", a.status, text)
	}
	// Errors have the dialect's own shape.
	for body, want := range map[string]string{
		`{"model":"auto"}`: "messages",
		fmt.Sprintf(messagesAsk, "no/such-model", ""): "does not exist",
		`{`: "JSON",
	} {
		a = r.do("POST", "/v1/messages", body)
		e := a.fields(t)
		inner, _ := e["error"].(map[string]any)
		if a.status/100 != 4 || e["type"] != "error" || inner == nil || !strings.Contains(fmt.Sprint(inner["message"]), want) || a.header.Get("X-Should-Retry") != "false" {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestResponses(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("POST", "/v1/responses", `{"model":"auto","input":"hi"}`)
	m := a.fields(t)
	if a.status != 200 || m["object"] != "response" || m["status"] != "completed" || m["routor"] != nil {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = r.do("POST", "/v1/responses", `{"model":"auto","input":"hi","stream":true}`)
	if text := string(a.body); a.status != 200 || !strings.HasPrefix(text, "event: response.created\n") || !strings.Contains(text, "event: response.completed\n") || strings.Contains(text, "[DONE]") {
		t.Errorf("%d %s", a.status, text)
	}
	a = r.do("POST", "/v1/responses", `{"model":"auto","input":"hi","previous_response_id":"resp_1"}`)
	e, _ := a.fields(t)["error"].(map[string]any)
	if a.status != 400 || e["param"] != "previous_response_id" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestAgentsNames: an agent that knows Claude's names alone works where Anthropic is not connected; others are told.
func TestAgentsNames(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{absent: "anthropic", profiles: map[string]*access.Profile{"default": {Name: "default"}}})
	a := r.do("POST", "/v1/messages", fmt.Sprintf(messagesAsk, "claude-sonnet-4-6", ""))
	if a.status != 200 || strings.HasPrefix(a.header.Get("X-Routor-Model"), "anthropic/") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	a = r.do("POST", "/v1/messages", fmt.Sprintf(messagesAsk, "claude-something-new-20270101", ""))
	if a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = r.do("POST", "/v1/chat/completions", strings.Replace(ask("hi"), `"auto"`, `"claude-sonnet-4-6"`, 1))
	if a.status == 200 && !strings.HasPrefix(a.header.Get("X-Routor-Model"), "anthropic/") {
		t.Errorf("a named model was swapped: %d %v", a.status, a.header)
	}
}

func TestCountTokens(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("POST", "/v1/messages/count_tokens", `{"model":"auto","messages":[{"role":"user","content":"How long is this?"}]}`)
	if n, ok := a.fields(t)["input_tokens"].(float64); a.status != 200 || !ok || n < 3 || a.header.Get("X-Routor-Estimated") != "true" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	// Anthropic counts its own.
	a = r.do("POST", "/v1/messages/count_tokens", `{"model":"claude-sonnet-4-6","routor_profile":"default","messages":[{"role":"user","content":"How long is this?"}]}`, "Anthropic-Version: 2023-06-01")
	if n, ok := a.fields(t)["input_tokens"].(float64); a.status != 200 || !ok || n < 3 || a.header.Get("X-Routor-Estimated") != "" || a.header.Get("X-Routor-Model") != "anthropic/claude-sonnet-4.6" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a = r.do("POST", "/v1/messages/count_tokens", `{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"How long is this?"}]}`); a.status != 200 || a.header.Get("X-Routor-Estimated") != "true" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

func TestEmbeddings(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{upstreams: everywhere(stub(func(c *providers.Call) (engine.Reply, *providers.Error) {
		if c.Surface != catalog.Embeddings || !strings.Contains(string(c.Body), `"model":"text-embedding-3-small"`) {
			t.Errorf("%s got %s", c.Surface, c.Body)
		}
		return engine.Reply{Status: 200, Body: []byte(`{"object":"list","data":[{"embedding":[0.5]}],"usage":{"prompt_tokens":2,"total_tokens":2}}`), Closer: nothing{}}, nil
	}))})
	a := r.do("POST", "/v1/embeddings", `{"model":"openai/text-embedding-3-small","input":"hi"}`)
	if a.status != 200 || !strings.Contains(string(a.body), "0.5") || a.header.Get("X-Routor-Model") != "openai/text-embedding-3-small" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	if a = r.do("POST", "/v1/embeddings", `{"model":"text-embedding-3-small","input":"hi"}`); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a = r.do("POST", "/v1/embeddings", `{"input":"hi"}`); a.status != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestModelsInTheCallersDialect(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	a := r.do("GET", "/v1/models", "", "Anthropic-Version: 2023-06-01")
	m := a.fields(t)
	list, _ := m["data"].([]any)
	if a.status != 200 || m["has_more"] != false || len(list) < 2 || m["first_id"] != list[0].(map[string]any)["id"] || list[0].(map[string]any)["type"] != "model" {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = r.do("GET", "/v1/models/claude-opus-4-8", "", "Anthropic-Version: 2023-06-01")
	if m := a.fields(t); m["type"] != "model" || m["display_name"] != "Claude Opus 4.8" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if m := r.do("GET", "/v1/models", "").fields(t); m["object"] != "list" {
		t.Errorf("%v", m)
	}
}

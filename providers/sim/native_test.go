package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/anthropic"
	"github.com/routor/routor/providers/gemini"
	"github.com/routor/routor/providers/openai"
	"github.com/routor/routor/providers/spectest"
	"github.com/routor/routor/providers/sse"
)

// tongue is a dialect as one provider speaks it.
type tongue struct {
	provider, model string
	codec           chat.Codec
	path            func(model string, stream bool) string
	answer          string // the schema of an answer; "" = the document asks for more than the real answers have
	spec            spectest.Spec
}

func tongues() []tongue {
	messages := func(string, bool) string { return "/anthropic/v1/messages" }
	responses := func(provider string) func(string, bool) string {
		return func(string, bool) string { return "/" + provider + "/v1/responses" }
	}
	return []tongue{
		{"openai", "gpt-5.4", openai.Responses, responses("openai"), "Response", spectest.OpenAI},
		{"xai", "grok-4.3", openai.Responses, responses("xai"), "Response", spectest.OpenAI},
		{"anthropic", "claude-sonnet-4-6", anthropic.Messages, messages, "", spectest.Anthropic},
		{"google", "gemini-3.5-flash", gemini.Generate, func(model string, stream bool) string { return "/google/v1beta" + gemini.Path(model, stream) }, "GenerateContentResponse", spectest.Gemini},
	}
}

// post asks a fleet over TCP.
func post(t *testing.T, base, path string, body []byte) (int, []byte) {
	t.Helper()
	r, _ := http.NewRequest("POST", base+path, bytes.NewReader(body))
	r.Header.Set("X-Api-Key", "k")
	r.Header.Set("Anthropic-Version", "2023-06-01")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	return resp.StatusCode, b
}

// ask has a conversation answered, whole or streamed.
func (g *tongue) ask(t *testing.T, base string, c *chat.Conversation) (chat.Reply, string) {
	t.Helper()
	c.Model = g.model
	body, _, err := g.codec.AppendRequest(nil, c, &chat.Target{Provider: g.provider, Model: g.model, MaxOutput: 8000, Thinks: true, Efforts: []string{"low", "medium", "high"}})
	if err != nil {
		t.Fatal(err)
	}
	status, answer := post(t, base, g.path(g.model, c.Stream), body)
	if status != 200 {
		return chat.Reply{}, fmt.Sprintf("%d %s", status, answer)
	}
	if !c.Stream {
		var r chat.Reply
		if err := g.codec.ReadReply(answer, &r); err != nil {
			t.Fatal(err, string(answer))
		}
		if g.answer != "" {
			spectest.Validate(t, g.spec, g.answer, answer)
		}
		return r, ""
	}
	var whole chat.Gather
	d := g.codec.Decoder()
	in := sse.NewReader(bytes.NewReader(answer))
	for {
		e, err := in.Next()
		if err != nil {
			break
		}
		if e.Data == nil {
			continue
		}
		if g.spec == spectest.OpenAI {
			spectest.Validate(t, g.spec, "ResponseStreamEvent", e.Data)
		}
		if g.spec == spectest.Gemini {
			spectest.Validate(t, g.spec, g.answer, e.Data)
			if !bytes.Contains(e.Data, []byte(`"usageMetadata"`)) {
				t.Errorf("a chunk without the usage: %s", e.Data)
			}
		}
		if err := d.Decode(string(e.Name), e.Data, whole.Tell); err != nil {
			t.Fatal(err)
		}
	}
	d.End(whole.Tell)
	if !whole.Ended {
		t.Errorf("the stream has no end:\n%s", answer)
	}
	return whole.Reply, ""
}

// TestToolLoop: in each dialect a model is asked, calls two tools at once, is told the results and answers; what it thought
// goes back with its signature, and is refused without it or where it was changed.
func TestToolLoop(t *testing.T) {
	f := New(Options{Seed: 3})
	t.Cleanup(f.Close)
	addr, err := f.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + addr.String()
	budget, thoughts := int64(2000), true
	for _, g := range tongues() {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/stream=%v", g.provider, stream), func(t *testing.T) {
				c := chat.Conversation{From: chat.Completions, Stream: stream, Messages: []chat.Message{
					{Role: chat.User, Parts: []chat.Part{{Kind: chat.Text, Text: "What are the weather and the population of Paris?"}}},
				}, Tools: []chat.Tool{
					{Name: "get_weather", Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)},
					{Name: "get_population", Parameters: json.RawMessage(`{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}`)},
				}}
				c.Settings.Thinking = &chat.Thinking{Mode: "enabled", Budget: &budget, Thoughts: &thoughts, Summary: "auto"}
				if g.codec.Dialect() == chat.Responses {
					c.Settings.Effort, c.Settings.Include = "medium", []string{"reasoning.encrypted_content"}
				}
				limit := int64(6000)
				c.Settings.MaxTokens = &limit
				first, refused := g.ask(t, base, &c)
				if refused != "" {
					t.Fatal(refused)
				}
				parts := first.Choices[0].Parts
				if len(parts) != 3 || parts[0].Kind != chat.Reasoning || parts[1].Call.Arguments != `{"city":"Paris"}` || first.Choices[0].Finish != chat.ToolCalls || first.Usage.Reasoning == 0 && g.provider == "google" {
					t.Fatalf("%+v", first)
				}
				c.Messages = append(c.Messages, chat.Message{Role: chat.Assistant, Parts: parts}, chat.Message{Role: chat.User, Parts: []chat.Part{
					{Kind: chat.ToolResult, Result: &chat.Result{CallID: parts[1].Call.ID, Parts: []chat.Part{{Kind: chat.Text, Text: "rain"}}}},
					{Kind: chat.ToolResult, Result: &chat.Result{CallID: parts[2].Call.ID, Parts: []chat.Part{{Kind: chat.Text, Text: "two million"}}}},
				}})
				second, refused := g.ask(t, base, &c)
				if refused != "" {
					t.Fatal(refused)
				}
				last := second.Choices[0].Parts[len(second.Choices[0].Parts)-1]
				if !strings.Contains(last.Text, `The tool answered "two million"`) || second.Choices[0].Finish != chat.Stop {
					t.Errorf("%+v", second)
				}
				for i := range parts {
					if parts[i].State != nil {
						changed := *parts[i].State
						changed.Data = "c29tZWJvZHkgZWxzZSdz"
						parts[i].State = &changed
						break
					}
				}
				if _, refused = g.ask(t, base, &c); !strings.HasPrefix(refused, "400") || !strings.Contains(refused, "ignature") && !strings.Contains(refused, "could not be verified") {
					t.Errorf("a forged signature was taken: %s", refused)
				}
			})
		}
	}
}

// TestRefusals: what the real providers refuse is refused, in their words.
func TestRefusals(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{Strict: true})
	phi := f.Models("microsoft")[0]
	_, lax := tcp(t, Options{})
	const hi = `"messages":[{"role":"user","content":"hi"}]`
	loop := func(call, id string) string {
		return `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"` + id + `","type":"function","function":{"name":"f","arguments":"{}"}}]` + call + `},{"role":"tool","tool_call_id":"` + id + `","content":"x"}]`
	}
	for _, c := range []struct {
		path, body string
		status     int
		text       string
	}{
		{"/openai/v1/chat/completions", `{"model":"gpt-5.4","max_tokens":5,` + hi + `}`, 400, "unsupported_parameter"},
		{"/openai/v1/chat/completions", `{"model":"gpt-5.4","max_tokens":5,"max_completion_tokens":5,` + hi + `}`, 400, "invalid_parameter_combination"},
		{"/openai/v1/chat/completions", `{"model":"gpt-5.4","temperature":0.5,"reasoning_effort":"none",` + hi + `}`, 200, "chat.completion"},
		{"/openai/v1/chat/completions", `{"model":"gpt-5.4","temperature":0.5,"reasoning_effort":"low",` + hi + `}`, 400, "unsupported_value"},
		{"/xai/v1/chat/completions", `{"model":"grok-4.3","stop":"x",` + hi + `}`, 400, `"error":"Model does not support parameter stop."`},
		{"/deepseek/chat/completions", `{"model":"deepseek-v4-pro","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:"}}]}]}`, 400, "unknown variant"},
		{"/deepseek/chat/completions", `{"model":"deepseek-v4-pro","tool_choice":"required",` + hi + `}`, 400, "does not support this tool_choice"},
		{"/deepseek/chat/completions", `{"model":"deepseek-v4-pro",` + loop("", "a") + `}`, 400, "reasoning_content"},
		{"/deepseek/chat/completions", `{"model":"deepseek-v4-pro",` + loop(`,"reasoning_content":"hm"`, "a") + `}`, 200, "The tool answered"},
		{"/deepseek/chat/completions", `{"model":"deepseek-v4-pro","thinking":{"type":"disabled"},` + loop("", "a") + `}`, 200, "The tool answered"},
		{"/moonshot/v1/chat/completions", `{"model":"kimi-k2.6","temperature":0.5,` + hi + `}`, 400, "only 1 is allowed"},
		{"/minimax/v1/chat/completions", `{"model":"MiniMax-M3","n":2,` + hi + `}`, 200, `"status_code":2013`},
		{"/mistral/v1/chat/completions", `{"model":"mistral-large-2512","seed":2,` + hi + `}`, 422, `"loc":["body","seed"]`},
		{"/mistral/v1/chat/completions", `{"model":"mistral-large-2512","logprobs":true,` + hi + `}`, 400, "raw_status_code"},
		{"/mistral/v1/chat/completions", `{"model":"mistral-large-2512",` + loop("", "call_1") + `}`, 400, "length of 9"},
		{"/microsoft/models/chat/completions", `{}`, 404, "Invalid URL"},
		{"/microsoft/models/chat/completions?api-version=2024-05-01-preview", `{"model":"` + phi + `",` + hi + `}`, 200, "simulated at microsoft"},
		{"/microsoft/openai/deployments/" + phi + "/chat/completions?api-version=1", `{` + hi + `}`, 200, "simulated at microsoft"},
		{"/zai/api/paas/v4/chat/completions", `{"model":"glm-5.2",` + hi + `}`, 200, "simulated at zai"},
	} {
		if status, text := ask("POST", c.path, "k", c.body); status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s %s: %d %.300s\nwant %d with %q", c.path, c.body, status, text, c.status, c.text)
		}
	}
	if status, text := lax("POST", "/openai/v1/chat/completions", "k", `{"model":"gpt-5.4","max_tokens":5,`+hi+`}`); status != 200 {
		t.Errorf("a fleet that is not strict refuses: %d %s", status, text)
	}
}

// TestNativeRefusals: what Anthropic and Google refuse in their own dialects.
func TestNativeRefusals(t *testing.T) {
	f := New(Options{})
	t.Cleanup(f.Close)
	addr, err := f.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const hi = `"messages":[{"role":"user","content":"hi"}]`
	const call = `{"contents":[{"role":"user","parts":[{"text":"hi"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}`
	const result = `}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}`
	messages, generate := "/anthropic/v1/messages", "/google/v1beta/models/gemini-3.5-flash:generateContent"
	for _, c := range []struct {
		path, body string
		status     int
		text       string
	}{
		{messages, `{"model":"claude-sonnet-4-6",` + hi + `}`, 400, "max_tokens: Field required"},
		{messages, `{"model":"claude-nobody","max_tokens":9,` + hi + `}`, 404, "model: claude-nobody"},
		{messages, `{"model":"claude-sonnet-4-6","max_tokens":9,"temperature":1.5,` + hi + `}`, 400, "range: 0..1"},
		{messages, `{"model":"claude-opus-4-8","max_tokens":9,"temperature":0.5,` + hi + `}`, 400, "not supported"},
		{messages, `{"model":"claude-opus-4-8","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},` + hi + `}`, 400, "adaptive"},
		{messages, `{"model":"claude-sonnet-4-6","max_tokens":2000,"thinking":{"type":"enabled","budget_tokens":2000},` + hi + `}`, 400, "greater than"},
		{messages, `{"model":"claude-sonnet-4-6","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}`, 400, "must start with a thinking block"},
		{messages, `{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]}`, 400, "unexpected `tool_use_id`"},
		{messages, `{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":""}]}]}`, 400, "non-empty"},
		{messages + "/count_tokens", `{"model":"claude-sonnet-4-6",` + hi + `}`, 200, `{"input_tokens":`},
		{messages, `{"model":"claude-sonnet-4-6","max_tokens":900,` + hi + `}`, 200, "simulated at anthropic"},
		{"/openai/v1/responses", `{"model":"gpt-5.4","input":"hi"}`, 200, "simulated at openai"},
		{"/openai/v1/responses", `{"model":"gpt-5.4","input":"hi","previous_response_id":"resp_1"}`, 400, "previous_response_not_found"},
		{"/openai/v1/responses", `{"model":"gpt-nobody","input":"hi"}`, 404, "model_not_found"},
		{"/deepseek/responses", `{"model":"deepseek-v4-pro","input":"hi","stream":true}`, 200, "event: response.completed"},
		{"/microsoft/openai/v1/responses", `{"model":"` + f.Models("microsoft")[0] + `","input":"hi"}`, 200, "simulated at microsoft"},
		{"/mistral/v1/responses", `{}`, 404, "Invalid URL"},
		{"/minimax/anthropic/v1/messages", `{"model":"MiniMax-M3","max_tokens":900,` + hi + `}`, 200, "simulated at minimax"},
		{"/zai/api/anthropic/v1/messages", `{"model":"glm-0","max_tokens":900,` + hi + `}`, 400, `{"type":"error","error":{"type":"invalid_request_error","message":"Unknown Model`},
		{generate, call + result, 400, "missing a thought_signature"},
		{generate, call + `,"thoughtSignature":"AAAA"` + result, 400, "not valid"},
		{generate, call + `,"thoughtSignature":"skip_thought_signature_validator"` + result, 200, "The tool answered"},
		{"/google/v1beta/models/gemini-2.5-flash:generateContent", call + result, 200, "The tool answered"},
		{generate, call + `,"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"text":"no"}]}]}`, 400, "number of function response parts"},
		{generate, `{"contents":[{"parts":[{"text":"hi"}]}],"max_tokens":5}`, 400, "Unknown name"},
		{generate, `{"contents":[]}`, 400, `"status":"INVALID_ARGUMENT"`},
		{"/google/v1beta/models/nobody:generateContent", `{"contents":[{"parts":[{"text":"hi"}]}]}`, 404, "NOT_FOUND"},
		{"/google/v1beta/models/gemini-3.5-flash:countTokens", `{"contents":[{"parts":[{"text":"hi"}]}]}`, 200, `{"totalTokens":`},
		{"/google/v1beta/models/gemini-3.5-flash:embedContent", `{}`, 404, "Invalid URL"},
		{generate, `{"contents":[{"parts":[{"text":"hi"}]}]}`, 200, "simulated at google"},
	} {
		status, text := post(t, "http://"+addr.String(), c.path, []byte(c.body))
		if status != c.status || !strings.Contains(string(text), c.text) {
			t.Errorf("%s %s: %d %.300s\nwant %d with %q", c.path, c.body, status, text, c.status, c.text)
		}
	}
	for provider, event := range map[string]string{"anthropic": "event: error\ndata: {\"type\":\"error\"", "google": "data: {\"error\""} {
		if err := f.Set(provider, Faults{Error: "overloaded", InBand: true, InBandAfter: 3}); err != nil {
			t.Fatal(err)
		}
		path, body := messages, `{"model":"claude-sonnet-4-6","stream":true,"max_tokens":900,`+hi+`}`
		if provider == "google" {
			path, body = "/google/v1beta"+gemini.Path("gemini-3.5-flash", true), `{"contents":[{"parts":[{"text":"hi"}]}]}`
		}
		status, text := post(t, "http://"+addr.String(), path, []byte(body))
		if status != 200 || !strings.Contains(string(text), event) || strings.Contains(string(text), "message_stop") || strings.Contains(string(text), "finishReason") {
			t.Errorf("%s: an error in the stream: %d %s", provider, status, text)
		}
	}
}

func TestListsAndKeys(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{})
	for _, c := range []struct {
		path, key string
		status    int
		text      string
	}{
		{"/anthropic/v1/models", "k", 200, `"has_more":false`},
		{"/google/v1beta/models", "k", 200, `"name":"models/gemini-`},
		{"/google/v1beta/openai/models", "k", 200, `"object":"list"`},
		{"/deepseek/models", "k", 200, `"object":"list"`},
		{"/google/v1beta/models", "", 403, "PERMISSION_DENIED"},
		{"/google/v1beta/models", "a-bad-one", 400, "API_KEY_INVALID"},
		{"/xai/v1/models", "", 401, "no-credentials"},
		{"/xai/v1/models", "a-bad-one", 400, "Incorrect API key"},
	} {
		if status, text := ask("GET", c.path, c.key, ""); status != c.status || !strings.Contains(text, c.text) {
			t.Errorf("%s: %d %.200s\nwant %d with %q", c.path, status, text, c.status, c.text)
		}
	}
	for _, p := range catalog.Builtin().Providers {
		if !p.Builtin {
			continue
		}
		if base := f.Native(p).BaseURL; !strings.HasPrefix(base, "http://routor.sim/"+p.ID) || strings.Contains(base, "https") {
			t.Errorf("%s is reached at %s", p.ID, base)
		}
	}
}

package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sse"
)

// speaker is a provider that answers every request of its dialect with one text, one tool call and a usage.
type speaker struct {
	*httptest.Server
	mu     sync.Mutex
	paths  []string
	heads  []http.Header
	bodies []string
	answer func(path string, body []byte) (kind, text string) // nil = as its dialect does
}

func (s *speaker) last() (path, body string, head http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.paths) - 1
	if n < 0 {
		return "", "", nil
	}
	return s.paths[n], s.bodies[n], s.heads[n]
}

func newSpeaker(t testing.TB, answers map[string][2]string) *speaker {
	s := &speaker{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.paths, s.bodies, s.heads = append(s.paths, r.URL.RequestURI()), append(s.bodies, string(body)), append(s.heads, r.Header)
		s.mu.Unlock()
		for part, a := range answers {
			if !strings.Contains(r.URL.Path, part) {
				continue
			}
			streams := strings.Contains(string(body), `"stream":true`) || strings.Contains(r.URL.Path, "stream")
			text, kind := a[0], "application/json"
			if streams {
				text, kind = a[1], "text/event-stream"
			}
			if s.answer != nil {
				kind, text = s.answer(r.URL.Path, body)
			}
			w.Header().Set("Content-Type", kind)
			io.WriteString(w, text)
			return
		}
		w.WriteHeader(404)
	}))
	t.Cleanup(s.Close)
	return s
}

const (
	chatPlain  = `{"id":"c1","object":"chat.completion","created":1700000000,"model":"oak-1","choices":[{"index":0,"message":{"role":"assistant","content":"It is sunny.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":\"Rome\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":5}}}`
	chatEvents = `data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[{"index":0,"delta":{"content":"It is "},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[{"index":0,"delta":{"content":"sunny."},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"look","arguments":"{\"at\":"}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Rome\"}"}}]},"finish_reason":null}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

data: {"id":"c1","object":"chat.completion.chunk","created":1700000000,"model":"oak-1","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":9,"total_tokens":29,"prompt_tokens_details":{"cached_tokens":5}}}

data: [DONE]

`
	messagesPlain  = `{"id":"m1","type":"message","role":"assistant","model":"elm-1","content":[{"type":"text","text":"It is sunny."},{"type":"tool_use","id":"call_1","name":"look","input":{"at":"Rome"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":15,"cache_read_input_tokens":5,"output_tokens":9}}`
	messagesEvents = `event: message_start
data: {"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"elm-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":15,"cache_read_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"It is sunny."}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"call_1","name":"look","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"at\":\"Rome\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":9}}

event: message_stop
data: {"type":"message_stop"}

`
	generatePlain = `{"candidates":[{"content":{"role":"model","parts":[{"text":"It is sunny."},{"functionCall":{"id":"call_1","name":"look","args":{"at":"Rome"}}}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":20,"cachedContentTokenCount":5,"candidatesTokenCount":9,"totalTokenCount":29},"modelVersion":"fir-1","responseId":"g1"}`
)

var generateEvents = "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"It is \"}]},\"index\":0}],\"responseId\":\"g1\",\"modelVersion\":\"fir-1\"}\r\n\r\n" +
	"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"sunny.\"},{\"functionCall\":{\"id\":\"call_1\",\"name\":\"look\",\"args\":{\"at\":\"Rome\"}}}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":20,\"cachedContentTokenCount\":5,\"candidatesTokenCount\":9,\"totalTokenCount\":29},\"responseId\":\"g1\",\"modelVersion\":\"fir-1\"}\r\n\r\n"

const dialectCatalog = `
providers:
  oak: {base_url: "http://oak/v1", dialect: openai, auth: bearer}
  elm: {base_url: "http://elm/v1", dialect: anthropic, auth: x-api-key}
  fir: {base_url: "http://fir/v1beta", dialect: gemini, auth: x-goog-api-key, media_urls: no}
models:
  oak/one: {context: 100000, max_output: 4000, input: [text, image], output: [text], can: {tools: yes}, ability: {overall: 0.5}}
  elm/one: {context: 100000, max_output: 4000, input: [text, image], output: [text], can: {tools: yes}, ability: {overall: 0.5}}
  fir/one: {context: 100000, max_output: 4000, input: [text, image], output: [text], can: {tools: yes}, ability: {overall: 0.5}}
  ash/one: {context: 100000, max_output: 4000, input: [text, image], output: [text], can: {tools: yes}, ability: {overall: 0.5}}
deployments:
  oak/oak-1: {model: oak/one, prices: {input: 1, output: 2}}
  elm/elm-1: {model: elm/one, surface: messages, prices: {input: 1, output: 2}}
  fir/fir-1: {model: fir/one, surface: generate, prices: {input: 1, output: 2}}
  oak/ash-1: {model: ash/one, surface: responses, prices: {input: 1, output: 2}}
`

// inResponses is the same answer on the Responses surface, whole and streamed.
func inResponses(t testing.TB) [2]string {
	var reply chat.Reply
	if err := providers.CodecOf(chat.Completions).ReadReply([]byte(chatPlain), &reply); err != nil {
		t.Fatal(err)
	}
	codec := providers.CodecOf(chat.Responses)
	encoder := codec.Encoder(chat.Encoding{})
	var events []byte
	reply.Events(func(e *chat.Event) { events = encoder.Append(events, e) })
	return [2]string{string(codec.AppendReply(nil, &reply)), string(events)}
}

// house is an engine over real sockets with a provider of each dialect.
type house struct {
	*Engine
	oak, elm, fir *speaker
}

func newHouse(t testing.TB, edit func(catalog string) string) *house {
	t.Helper()
	h := &house{
		oak: newSpeaker(t, map[string][2]string{"/chat/completions": {chatPlain, chatEvents}, "/responses": inResponses(t)}),
		elm: newSpeaker(t, map[string][2]string{"/messages": {messagesPlain, messagesEvents}}),
		fir: newSpeaker(t, map[string][2]string{"enerateContent": {generatePlain, generateEvents}}),
	}
	source := dialectCatalog
	if edit != nil {
		source = edit(source)
	}
	c, err := (&catalog.Catalog{}).Overlay("dialects.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Parse("test.yaml", []byte("name: test"), policies.Scope{Catalog: c})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSnapshot(Parts{Catalog: c, Policy: p, Version: 1})
	if err != nil {
		t.Fatal(err)
	}
	connections := map[string]*providers.Connection{}
	for id, up := range map[string]*speaker{"oak": h.oak, "elm": h.elm, "fir": h.fir} {
		base := up.URL + "/v1"
		if id == "fir" {
			base = up.URL + "/v1beta"
		}
		connection, err := providers.Connect(providers.Options{Provider: c.Provider(id), BaseURL: base, Key: func() string { return "secret-key" }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(connection.Close)
		connections[id] = connection
	}
	h.Engine = New(Options{Snapshot: s, Connections: connections})
	return h
}

// asked is a client's request in a dialect, with a tool and a question.
func askedIn(d chat.Dialect, model string, stream bool) string {
	switch d {
	case chat.Messages:
		return fmt.Sprintf(`{"model":%q,"max_tokens":500,"stream":%t,"system":"Be brief.","messages":[{"role":"user","content":"How is the weather in Rome?"}],"tools":[{"name":"look","description":"looks","input_schema":{"type":"object","properties":{"at":{"type":"string"}}}}]}`, model, stream)
	case chat.Responses:
		return fmt.Sprintf(`{"model":%q,"max_output_tokens":500,"stream":%t,"instructions":"Be brief.","input":"How is the weather in Rome?","tools":[{"type":"function","name":"look","description":"looks","parameters":{"type":"object","properties":{"at":{"type":"string"}}}}]}`, model, stream)
	}
	return fmt.Sprintf(`{"model":%q,"max_completion_tokens":500,"stream":%t,"stream_options":{"include_usage":true},"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"How is the weather in Rome?"}],"tools":[{"type":"function","function":{"name":"look","description":"looks","parameters":{"type":"object","properties":{"at":{"type":"string"}}}}}]}`, model, stream)
}

// answered is what a client reads out of an answer in its dialect.
type answered struct {
	reply chat.Reply
	text  string
	calls []chat.Call
	ended bool
	fault *chat.Fault
	raw   string
	head  map[string]string
}

func (h *house) ask(t testing.TB, d chat.Dialect, body string, header ...providers.Header) answered {
	t.Helper()
	r, source, err := Read(d, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	defer r.Release()
	rt, err := h.Route(r, Caller{Source: source})
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	a := h.Dispatch(context.Background(), rt, header)
	out := answered{head: map[string]string{}}
	for _, v := range a.Headers(nil) {
		out.head[v.Name] = v.Value
	}
	defer a.Close()
	codec := providers.CodecOf(d)
	switch {
	case a.Failure != nil:
		out.fault = a.Failure.Fault()
		return out
	case a.Stream != nil:
		raw, err := io.ReadAll(a.Stream)
		if err != nil {
			t.Fatal(err)
		}
		out.raw = string(raw)
		var g chat.Gather
		dec := codec.Decoder()
		events := sse.NewReader(strings.NewReader(out.raw))
		for {
			e, err := events.Next()
			if err == io.EOF {
				break
			}
			if e.Data != nil {
				if err := dec.Decode(string(e.Name), e.Data, g.Tell); err != nil {
					t.Fatalf("%s: %v", e.Raw, err)
				}
			}
		}
		dec.End(g.Tell)
		out.reply, out.ended, out.fault = g.Reply, g.Ended, g.Fault
	default:
		out.raw, out.ended = string(a.Body), true
		if !json.Valid(a.Body) {
			t.Fatalf("no JSON: %s", a.Body)
		}
		if err := codec.ReadReply(a.Body, &out.reply); err != nil {
			t.Fatalf("%s: %v", a.Body, err)
		}
	}
	for _, c := range out.reply.Choices {
		for _, p := range c.Parts {
			switch p.Kind {
			case chat.Text:
				out.text += p.Text
			case chat.ToolCall:
				out.calls = append(out.calls, *p.Call)
			}
		}
	}
	return out
}

var clientDialects = func() []chat.Dialect {
	list := []chat.Dialect{chat.Completions, chat.Messages}
	if providers.CodecOf(chat.Responses) != nil {
		list = append(list, chat.Responses)
	}
	return list
}()

func TestEveryClientHearsTheSameFromEveryProvider(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, client := range clientDialects {
		for _, model := range []string{"oak/one", "elm/one", "fir/one", "ash/one"} {
			for _, stream := range []bool{false, true} {
				name := fmt.Sprintf("%s from %s, stream %t", client, model, stream)
				got := h.ask(t, client, askedIn(client, model, stream))
				if got.fault != nil || !got.ended || got.text != "It is sunny." {
					t.Errorf("%s: text %q, ended %t, fault %+v\n%s", name, got.text, got.ended, got.fault, got.raw)
					continue
				}
				if len(got.calls) != 1 || got.calls[0].ID != "call_1" || got.calls[0].Name != "look" || got.calls[0].Arguments != `{"at":"Rome"}` {
					t.Errorf("%s: calls %+v", name, got.calls)
				}
				if u := got.reply.Usage; u.Input != 15 || u.CachedRead != 5 || u.Output != 9 {
					t.Errorf("%s: usage %+v\n%s", name, u, got.raw)
				}
				if f := got.reply.Choices[0].Finish; f != chat.ToolCalls {
					t.Errorf("%s: finish %q", name, f)
				}
				if client == chat.Completions && !strings.Contains(got.raw, `"routor":{"model":"`+model+`"`) {
					t.Errorf("%s: no routor object:\n%s", name, got.raw)
				}
				if client != chat.Completions && strings.Contains(got.raw, "routor") {
					t.Errorf("%s: says something of ours:\n%s", name, got.raw)
				}
			}
		}
	}
	path, body, head := h.elm.last()
	if path != "/v1/messages" || head.Get("X-Api-Key") != "secret-key" || head.Get("Anthropic-Version") == "" || !strings.Contains(body, `"model":"elm-1"`) {
		t.Errorf("elm got %s with %v: %s", path, head, body)
	}
	if path, _, head := h.fir.last(); path != "/v1beta/models/fir-1:streamGenerateContent?alt=sse" || head.Get("X-Goog-Api-Key") != "secret-key" {
		t.Errorf("fir got %s with %v", path, head)
	}
}

func TestSameDialectIsSpliced(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	body := `{ "model" : "elm/one" ,"max_tokens":500, "strange":[1, 2],"routor_tier_floor":"SIMPLE","messages":[{"role":"user","content":"hi"}]}`
	got := h.ask(t, chat.Messages, body)
	if got.raw != messagesPlain {
		t.Errorf("answered %s", got.raw)
	}
	want := `{ "model" : "elm-1" ,"max_tokens":500, "strange":[1, 2],"messages":[{"role":"user","content":"hi"}]}`
	if _, sent, _ := h.elm.last(); sent != want {
		t.Errorf("sent %s\nwant %s", sent, want)
	}
	got = h.ask(t, chat.Messages, `{"model":"elm/one","max_tokens":500,"stream":true,"messages":[{"role":"user","content":"hi"}]}`)
	if got.raw != messagesEvents {
		t.Errorf("streamed %s", got.raw)
	}
}

func TestResponsesKeepNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.ask(t, chat.Responses, `{"model":"ash/one","input":"hi"}`)
	if path, sent, _ := h.oak.last(); path != "/v1/responses" || sent != `{"model":"ash-1","input":"hi","store":false}` {
		t.Errorf("%s got %s", path, sent)
	}
	h.ask(t, chat.Completions, `{"model":"ash/one","messages":[{"role":"user","content":"hi"}]}`)
	if _, sent, _ := h.oak.last(); !strings.Contains(sent, `"store":false`) {
		t.Errorf("sent %s", sent)
	}
	for _, field := range []string{`"previous_response_id":"r1"`, `"conversation":"c1"`, `"background":true`} {
		r, source, err := Read(chat.Responses, []byte(`{"model":"auto","input":"hi",`+field+`}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Route(r, Caller{Source: source})
		if refusal, ok := err.(*DecideError); !ok || refusal.Status != 400 || refusal.Param != strings.Split(field, `"`)[1] {
			t.Errorf("%s: %v", field, err)
		}
		r.Release()
	}
}

func TestHeadersGoWhereTheyBelong(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	header := []providers.Header{{Name: "Anthropic-Version", Value: "2024-01-01"}, {Name: "Anthropic-Beta", Value: "x"}, {Name: "Traceparent", Value: "00-a-b-01"}}
	got := h.ask(t, chat.Messages, askedIn(chat.Messages, "elm/one", false), header...)
	_, _, head := h.elm.last()
	if head.Get("Anthropic-Beta") != "x" || head.Get("Anthropic-Version") != "2024-01-01" || head.Get("Traceparent") == "" || got.head["X-Routor-Dropped"] != "" {
		t.Errorf("elm got %v, dropped %q", head, got.head["X-Routor-Dropped"])
	}
	got = h.ask(t, chat.Messages, askedIn(chat.Messages, "oak/one", false), header...)
	_, _, head = h.oak.last()
	if head.Get("Anthropic-Beta") != "" || head.Get("Traceparent") == "" || !strings.Contains(got.head["X-Routor-Dropped"], "anthropic-beta") {
		t.Errorf("oak got %v, dropped %q", head, got.head["X-Routor-Dropped"])
	}
}

// cutAfter is the beginning of a stream: up to and with the first event that has the text, nothing behind it.
func cutAfter(events, text string) string {
	i := strings.Index(events, text)
	return events[:i+strings.Index(events[i:], "\n")+1] + "\n"
}

func TestCutStreamsAreNeverPassedOffAsWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, up := range []struct {
		*speaker
		model, events string
	}{
		{h.oak, "oak/one", cutAfter(chatEvents, "It is ")},
		{h.elm, "elm/one", cutAfter(messagesEvents, "It is sunny.")},
		{h.fir, "fir/one", cutAfter(generateEvents, "It is ")},
		{h.oak, "ash/one", cutAfter(inResponses(t)[1], "It is sunny.")},
	} {
		up.answer = func(string, []byte) (string, string) { return "text/event-stream", up.events }
		for _, client := range clientDialects {
			got := h.ask(t, client, askedIn(client, up.model, true))
			if got.ended || got.fault == nil || !strings.HasPrefix(got.text, "It is") || strings.Contains(got.raw, "[DONE]") || strings.Contains(got.raw, "message_stop") || strings.Contains(got.raw, "response.completed") {
				t.Errorf("%s from %s: ended %t, fault %+v, text %q:\n%s", client, up.model, got.ended, got.fault, got.text, got.raw)
			}
		}
	}
}

// TestLateErrorsAreTold: who says why it ended, and then that it failed, has failed.
func TestLateErrorsAreTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, up := range []struct {
		*speaker
		model, events string
	}{
		{h.oak, "oak/one", cutAfter(chatEvents, `"finish_reason":"tool_calls"`) + "data: {\"error\":{\"message\":\"too late\",\"code\":502}}\n\ndata: [DONE]\n\n"},
		{h.elm, "elm/one", cutAfter(messagesEvents, `"stop_reason":"tool_use"`) + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"too late\"}}\n\n"},
		{h.fir, "fir/one", generateEvents + "data: {\"error\":{\"code\":503,\"message\":\"too late\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n"},
		{h.oak, "ash/one", cutAfter(inResponses(t)[1], "response.output_item.done") + "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"too late\",\"param\":null,\"sequence_number\":90}\n\n"},
	} {
		up.answer = func(string, []byte) (string, string) { return "text/event-stream", up.events }
		for _, client := range clientDialects {
			got := h.ask(t, client, askedIn(client, up.model, true))
			if got.ended || got.fault == nil || !strings.Contains(got.fault.Message, "too late") || strings.Contains(got.raw, "[DONE]") || strings.Contains(got.raw, "message_stop") || strings.Contains(got.raw, "response.completed") {
				t.Errorf("%s from %s: ended %t, fault %+v, text %q:\n%s", client, up.model, got.ended, got.fault, got.text, got.raw)
			}
		}
	}
}

// TestErrorsInside200 fail over to whoever is next, whatever the dialects.
func TestErrorsInside200(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, c := range []struct {
		*speaker
		model, plain, events string
	}{
		{h.oak, "oak/one", `{"error":{"message":"no","code":502}}`, "data: {\"error\":{\"message\":\"no\",\"code\":502}}\n\n"},
		{h.elm, "elm/one", `{"type":"error","error":{"type":"overloaded_error","message":"no"}}`, cutAfter(messagesEvents, "message_start\",") + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no\"}}\n\n"},
		{h.fir, "fir/one", `{"error":{"code":503,"message":"no","status":"UNAVAILABLE"}}`, "data: {\"error\":{\"code\":503,\"message\":\"no\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n"},
	} {
		other := "elm/one"
		if c.model == other {
			other = "oak/one"
		}
		for _, stream := range []bool{false, true} {
			c.answer = func(string, []byte) (string, string) {
				if stream {
					return "text/event-stream", c.events
				}
				return "application/json", c.plain
			}
			for _, client := range clientDialects {
				h.Monitor = NewMonitor()
				body := strings.Replace(askedIn(client, c.model, stream), "{", `{"models":["`+other+`"],`, 1)
				got := h.ask(t, client, body)
				if got.text != "It is sunny." || !got.ended || got.head["X-Routor-Fallback"] != "true" {
					t.Errorf("%s from %s, stream %t: text %q, fault %+v, %v", client, c.model, stream, got.text, got.fault, got.head)
				}
			}
			c.answer = nil
		}
	}
}

func TestEmptyAnswersThatTheLimitCutFailOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	cut := func(plain, events string) func(string, []byte) (string, string) {
		return func(_ string, body []byte) (string, string) {
			if strings.Contains(string(body), `"stream":true`) {
				return "text/event-stream", events
			}
			return "application/json", plain
		}
	}
	h.oak.answer = cut(`{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":5,"total_tokens":10}}`,
		"data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"reasoning_content\":\"hm\"},\"finish_reason\":null}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n")
	for _, stream := range []bool{false, true} {
		body := strings.Replace(askedIn(chat.Completions, "oak/one", stream), "{", `{"models":["elm/one"],`, 1)
		if got := h.ask(t, chat.Completions, body); got.text != "It is sunny." {
			t.Errorf("stream %t: %+v", stream, got)
		}
		// With nobody else to ask it is what the client asked for.
		if got := h.ask(t, chat.Completions, askedIn(chat.Completions, "oak/one", stream)); got.fault != nil || got.reply.Choices[0].Finish != chat.Length {
			t.Errorf("stream %t, alone: %+v", stream, got)
		}
	}
}

package openai

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

// TestChatRequestsStay are requests with what no recording has: they come out as they went in.
func TestChatRequestsStay(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"every setting":   `{"model":"m","messages":[{"role":"user","content":"hi","name":"u"}],"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},"max_completion_tokens":9,"temperature":0.5,"top_p":1,"n":2,"seed":7,"frequency_penalty":0.1,"presence_penalty":-0.1,"stop":["a","b"],"logprobs":true,"top_logprobs":2,"logit_bias":{"50256":-100},"reasoning_effort":"low","response_format":{"type":"json_object"},"verbosity":"high","service_tier":"flex","prompt_cache_key":"k","prompt_cache_retention":"24h","safety_identifier":"s","user":"u","store":true,"metadata":{"a":"b"},"modalities":["text","audio"],"audio":{"voice":"alloy","format":"wav"},"prediction":{"type":"content","content":"x"},"web_search_options":{"search_context_size":"low"},"moderation":{"x":1},"parallel_tool_calls":false}`,
		"custom tools":    `{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"custom","custom":{"name":"g","input":"x = 1"}}]},{"role":"tool","tool_call_id":"c","content":"ok"}],"tools":[{"type":"custom","custom":{"name":"g","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}}],"tool_choice":{"type":"custom","custom":{"name":"g"}}}`,
		"allowed tools":   `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","z":1.0,"a":1e2},"strict":true}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}}]}}}`,
		"allowed custom":  `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"custom","custom":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"custom","custom":{"name":"f"}}]}}}`,
		"functions":       `{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}],"functions":[{"name":"f","description":"d","parameters":{"type":"object"}}],"function_call":{"name":"f"}}`,
		"refusals, audio": `{"model":"m","messages":[{"role":"assistant","content":[{"type":"text","text":"a"},{"type":"refusal","refusal":"b"}]},{"role":"assistant","content":null,"refusal":"no"},{"role":"assistant","content":"","audio":{"id":"audio_1"}}]}`,
		"thinking":        `{"model":"m","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":100,"clear_thinking":false},"top_k":4,"min_p":0.1}`,
		"google's":        `{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"sig"}}}]},{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}`,
		"cache":           `{"model":"m","messages":[{"role":"system","content":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":[{"type":"text","text":"x","prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"image_url","image_url":{"url":"https://x.org/a.png","detail":"low"}},{"type":"file","file":{"file_data":"data:application/pdf;base64,AA==","filename":"a.pdf"}}]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c chat.Conversation
			if err := Chat.ReadRequest([]byte(body), &c); err != nil {
				t.Fatal(err)
			}
			out, dropped, err := Chat.AppendRequest(nil, &c, nil)
			if err != nil || dropped != nil {
				t.Fatal(dropped, err)
			}
			if got, want := canonChat(t, out), canonChat(t, []byte(body)); !reflect.DeepEqual(got, want) {
				t.Error(strings.Join(differences(got, want), "\n"))
			}
		})
	}
}

func TestResponsesRequestsStay(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"settings":   `{"model":"m","instructions":"i","input":"hi","stream":true,"max_output_tokens":20,"temperature":1,"top_p":0.5,"top_logprobs":3,"text":{"format":{"type":"json_schema","name":"n","description":"d","schema":{"type":"object"},"strict":true},"verbosity":"low"},"reasoning":{"effort":"high","summary":"auto","context":"all_turns"},"include":["reasoning.encrypted_content","message.output_text.logprobs"],"store":false,"metadata":{"a":"b"},"truncation":"auto","service_tier":"flex","prompt_cache_key":"k","prompt_cache_retention":"24h","safety_identifier":"s","stream_options":{"include_obfuscation":false},"max_tool_calls":3,"parallel_tool_calls":true,"previous_response_id":"resp_1"}`,
		"items":      `{"model":"m","input":[{"role":"developer","content":"d"},{"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_image","file_id":"f","detail":"high"},{"type":"input_file","file_url":"https://x.org/a.pdf"},{"type":"input_audio","input_audio":{"data":"AA","format":"mp3"}}]},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s"},{"type":"summary_text","text":"t"}],"encrypted_content":"e"},{"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"commentary","content":[{"type":"output_text","text":"t","annotations":[{"type":"url_citation","url":"https://x.org","title":"x","start_index":0,"end_index":1}],"logprobs":[]}]},{"type":"custom_tool_call","id":"ctc_1","call_id":"c1","name":"g","input":"x"},{"type":"custom_tool_call_output","call_id":"c1","output":"y"},{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},{"type":"message","id":"msg_2","role":"assistant","status":"completed","phase":"final_answer","content":[{"type":"refusal","refusal":"no"}]},{"type":"item_reference","id":"x"},{"type":"computer_call_output","call_id":"c2","output":{"type":"computer_screenshot"}}]}`,
		"namespaces": `{"model":"m","input":"hi","tools":[{"type":"namespace","name":"crm","description":"d","tools":[{"type":"function","name":"a","parameters":{"type":"object"},"strict":true,"defer_loading":true},{"type":"custom","name":"b"}]},{"type":"function","name":"f","parameters":{"type":"object"},"strict":false},{"type":"custom","name":"g","format":{"type":"grammar","syntax":"lark","definition":"x"}},{"type":"mcp","server_label":"s","server_url":"https://x.org"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},{"type":"mcp","server_label":"s"}]}}`,
		"hosted":     `{"model":"m","input":"hi","tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c chat.Conversation
			if err := Responses.ReadRequest([]byte(body), &c); err != nil {
				t.Fatal(err)
			}
			out, dropped, err := Responses.AppendRequest(nil, &c, nil)
			if err != nil || dropped != nil {
				t.Fatal(dropped, err)
			}
			if got, want := canonResponses(t, out), canonResponses(t, []byte(body)); !reflect.DeepEqual(got, want) {
				t.Error(strings.Join(differences(got, want), "\n"))
			}
		})
	}
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                "the body is empty; send a JSON object (at byte 0)",
		`[]`:              "must be an object, not an array (at byte 0)",
		`{"messages":{}}`: "messages: must be an array, not an object (at byte 12)",
		`{"messages":[{"role":"user","content":[{"type":"text","text":7}]}]}`: "messages[0].content[0]: text must be a string, not a number (at byte 13)",
		`{"messages":[{"role":"king","content":""}]}`:                         "messages[0].role: must be system, developer, user, assistant, tool or function (at byte 13)",
		`{"messages":[],"temperature":"hot"}`:                                 "temperature: must be a number, not a string (at byte 29)",
		`{"messages":[],"tools":[{"type":"function"}]}`:                       "tools[0].function: missing (at byte 24)",
	} {
		var c chat.Conversation
		if err := Chat.ReadRequest([]byte(body), &c); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
	for body, want := range map[string]string{
		`{"input":7}`:                           "input: must be an array, not a number (at byte 9)",
		`{"input":[{"role":"user"}]}`:           "input[0].content: must be a string or an array of parts (at byte 10)",
		`{"input":[{"role":"x","content":""}]}`: "input[0].role: must be user, assistant, system or developer (at byte 10)",
		`{"input":"a","tools":[{"name":"f"}]}`:  "tools[0].type: missing (at byte 22)",
		`{"input":"a","reasoning":"high"}`:      "reasoning: must be an object, not a string (at byte 25)",
	} {
		var c chat.Conversation
		if err := Responses.ReadRequest([]byte(body), &c); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

// TestDropped names what the other dialect can't say, as the client spelt it.
func TestDropped(t *testing.T) {
	t.Parallel()
	target := &chat.Target{Provider: "openai", Model: "m"}
	for _, c := range []struct {
		from, to chat.Codec
		body     string
		want     []string
	}{
		{Chat, Responses, `{"messages":[{"role":"user","content":"a"}],"stop":"x","n":2,"seed":1,"logit_bias":{"1":2},"frequency_penalty":1,"top_k":3,"web_search_options":{}}`, []string{"frequency_penalty", "logit_bias", "n", "seed", "stop", "top_k", "web_search_options"}},
		{Chat, Responses, `{"messages":[{"role":"user","content":"a"}],"n":1,"stop":[],"presence_penalty":0,"modalities":["text"]}`, nil},
		{Responses, Chat, `{"input":[{"role":"user","content":"a"},{"type":"web_search_call","id":"w"}],"tools":[{"type":"web_search"}],"reasoning":{"effort":"low","summary":"auto"},"truncation":"auto","include":["file_search_call.results"]}`, []string{"include", "input.web_search_call", "reasoning.effort", "reasoning.summary", "tools.web_search", "truncation"}},
	} {
		var conv chat.Conversation
		if err := c.from.ReadRequest([]byte(c.body), &conv); err != nil {
			t.Fatal(err)
		}
		_, dropped, err := c.to.AppendRequest(nil, &conv, target)
		slices.Sort(dropped)
		if err != nil || !slices.Equal(dropped, c.want) {
			t.Errorf("%s: dropped %q, want %q (%v)", c.body, dropped, c.want, err)
		}
	}
	// What another dialect says: Anthropic's names, with efforts out of budgets.
	budget, top := int64(2000), int64(5)
	conv := &chat.Conversation{From: chat.Messages, Settings: chat.Settings{TopK: &top, Thinking: &chat.Thinking{Mode: "enabled", Budget: &budget}}, Messages: []chat.Message{
		{Role: chat.User, Parts: []chat.Part{{Kind: chat.Text, Text: "a", Cache: json.RawMessage(`{}`)}}},
		{Role: chat.Assistant, Parts: []chat.Part{{Kind: chat.ToolCall, Call: &chat.Call{ID: "a", Name: "f", Arguments: "{}"}}}},
		{Role: chat.Assistant, Parts: []chat.Part{{Kind: chat.ToolCall, Call: &chat.Call{ID: "b", Name: "f", Arguments: "{}"}}}},
		{Role: chat.User, Parts: []chat.Part{
			{Kind: chat.Text, Text: "and"},
			{Kind: chat.ToolResult, Result: &chat.Result{CallID: "a", Error: true, Parts: []chat.Part{{Kind: chat.Image, Media: &chat.Media{Type: "image/png", Data: "AA=="}}}}},
			{Kind: chat.ToolResult, Result: &chat.Result{CallID: "b", Parts: []chat.Part{{Kind: chat.Text, Text: "1"}, {Kind: chat.Text, Text: "2"}}}},
		}},
	}}
	target.Efforts = []string{"low", "high"}
	body, dropped, _ := Chat.AppendRequest(nil, conv, target)
	want := `{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},` +
		`{"role":"tool","tool_call_id":"a","content":"The result follows in the next message."},{"role":"tool","tool_call_id":"b","content":"1\n2"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},{"type":"text","text":"and"}]}],"reasoning_effort":"low"}`
	if string(body) != want || !slices.Equal(dropped, []string{"cache_control", "tool_result.is_error", "top_k"}) {
		t.Errorf("got  %s\nwant %s\ndropped %q", body, want, dropped)
	}
	spectest.Validate(t, spectest.OpenAI, "CreateChatCompletionRequest", body)
}

// TestStateComesBack gives a client reasoning with another dialect's state, whole and streamed; the client sends it back, and the
// state is there, with its maker and its text, for that maker alone.
func TestStateComesBack(t *testing.T) {
	t.Parallel()
	made := &chat.State{Maker: "anthropic", Form: "signature", Data: "EqQB/+=:x"}
	reply := chat.Reply{From: chat.Messages, ID: "msg_1", Model: "claude", Created: 1, Choices: []chat.Choice{{Finish: chat.ToolCalls, Parts: []chat.Part{
		{Kind: chat.Reasoning, Text: "let me see", State: made},
		{Kind: chat.Reasoning, Redacted: true, State: &chat.State{Maker: "anthropic", Form: "redacted", Data: "abc"}},
		{Kind: chat.Text, Text: "well"},
		{Kind: chat.ToolCall, Call: &chat.Call{ID: "toolu_1", Name: "f", Arguments: `{}`}, State: &chat.State{Maker: "google", Form: formThought, Data: "sig"}},
	}}}}
	for _, codec := range []chat.Codec{Chat, Responses} {
		var whole, streamed chat.Reply
		if err := codec.ReadReply(codec.AppendReply(nil, &reply), &whole); err != nil {
			t.Fatal(err)
		}
		var out []byte
		enc := codec.Encoder(chat.Encoding{})
		reply.Events(func(e *chat.Event) { out = enc.Append(out, e) })
		streamed = decode(t, codec, out).Reply
		for _, r := range []chat.Reply{whole, streamed} {
			p := r.Choices[0].Parts
			if len(p) != 4 || p[0].Text != "let me see" || *p[0].State != *made || p[1].State.Form != "redacted" || p[1].State.Data != "abc" || !p[1].Redacted {
				t.Fatalf("%s: %s", codec.Dialect(), show(r))
			}
		}
		// The client echoes what it got as the next request.
		var c chat.Conversation
		if err := codec.ReadRequest(echo(t, codec, &reply), &c); err != nil {
			t.Fatal(err)
		}
		got := c.Messages[1].Parts
		if got[0].Text != "let me see" || got[0].State == nil || *got[0].State != *made || got[1].State.Data != "abc" {
			t.Errorf("%s: came back as %s", codec.Dialect(), show(got))
		}
		for _, to := range []chat.Codec{Chat, Responses} {
			body, _, err := to.AppendRequest(nil, &c, &chat.Target{Provider: "deepseek"})
			if err != nil || strings.Contains(string(body), "EqQB") || strings.Contains(string(body), "let me see") || CarriesState(body) {
				t.Errorf("sent to another: %s", body)
			}
		}
	}
}

// echo is a request in which a client brings an answer back.
func echo(t *testing.T, codec chat.Codec, r *chat.Reply) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(codec.AppendReply(nil, r), &v); err != nil {
		t.Fatal(err)
	}
	user := map[string]any{"role": "user", "content": "hi"}
	req := map[string]any{"model": "m"}
	if codec == Chat {
		req["messages"] = []any{user, v["choices"].([]any)[0].(map[string]any)["message"]}
	} else {
		req["input"] = append([]any{user}, v["output"].([]any)...)
	}
	b, _ := json.Marshal(req)
	if !CarriesState(b) {
		t.Errorf("does not say that it carries state: %s", b)
	}
	return b
}

var answer = chat.Reply{From: chat.Messages, ID: "msg_1", Model: "claude", Created: 7, Usage: chat.Usage{Input: 5, CachedRead: 2, Output: 3, Reasoning: 1, Known: true},
	Choices: []chat.Choice{{Finish: chat.ToolCalls, Parts: []chat.Part{
		{Kind: chat.Reasoning, Text: "hm"},
		{Kind: chat.Text, Text: "hello"},
		{Kind: chat.ToolCall, Call: &chat.Call{ID: "c1", Name: "f", Arguments: `{"a":1}`}},
		{Kind: chat.ToolCall, Call: &chat.Call{ID: "c2", Name: "g", Arguments: `x = 1`, Custom: true}},
	}}}}

func TestChatChunks(t *testing.T) {
	t.Parallel()
	head := `data: {"id":"msg_1","object":"chat.completion.chunk","created":7,"model":"claude","choices":[`
	body := func(usage string) string {
		return head + `{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]` + usage + "}\n\n" +
			head + `{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}]` + usage + "}\n\n" +
			head + `{"index":0,"delta":{"content":"hello"},"finish_reason":null}]` + usage + "}\n\n" +
			head + `{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},"finish_reason":null}]` + usage + "}\n\n" +
			head + `{"index":0,"delta":{"tool_calls":[{"index":1,"id":"c2","type":"custom","custom":{"name":"g","input":"x = 1"}}]},"finish_reason":null}]` + usage + "}\n\n" +
			head + `{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]` + usage
	}
	last := func() []chat.Member { return []chat.Member{{Name: "routor", Value: json.RawMessage(`{}`)}} }
	used := `],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":1,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`
	for name, c := range map[string]struct {
		o    chat.Encoding
		want string
	}{
		"plain":           {chat.Encoding{}, body("") + "}\n\ndata: [DONE]\n\n"},
		"usage":           {chat.Encoding{IncludeUsage: true}, body(`,"usage":null`) + "}\n\n" + head + used + "}\n\ndata: [DONE]\n\n"},
		"last":            {chat.Encoding{Last: last}, body("") + `,"routor":{}` + "}\n\ndata: [DONE]\n\n"},
		"usage with last": {chat.Encoding{IncludeUsage: true, Last: last}, body(`,"usage":null`) + "}\n\n" + head + used + `,"routor":{}` + "}\n\ndata: [DONE]\n\n"},
	} {
		var out []byte
		enc := Chat.Encoder(c.o)
		answer.Events(func(e *chat.Event) { out = enc.Append(out, e) })
		if string(out) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, out, c.want)
		}
	}
	enc := Chat.Encoder(chat.Encoding{Last: last})
	out := enc.Append(nil, &chat.Event{Kind: chat.EventStart, Reply: answer})
	out = enc.Append(out, &chat.Event{Kind: chat.EventOpen, Part: chat.Part{Kind: chat.Text, Text: "he"}})
	from := len(out)
	out = enc.Break(enc.Ping(out), &chat.Fault{Type: "server_error", Message: "gone"})
	if got := string(out[from:]); got != ": ping\n\ndata: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n" {
		t.Errorf("broken off: %s", got)
	}
	spectest.Validate(t, spectest.OpenAI, "ErrorResponse", Chat.AppendFault(nil, &chat.Fault{Message: "x", Code: "c", Param: "p"}))
}

func TestResponsesEvents(t *testing.T) {
	t.Parallel()
	request := []byte(`{"model":"auto","instructions":"be brief","input":"hi","temperature":0.5,"reasoning":{"effort":"low"},"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true},{"type":"custom","name":"g"}],"tool_choice":"required","metadata":{"a":"b"},"text":{"format":{"type":"json_object"}}}`)
	var c chat.Conversation
	if err := Responses.ReadRequest(request, &c); err != nil {
		t.Fatal(err)
	}
	var out []byte
	enc := Responses.Encoder(chat.Encoding{Request: &c})
	answer.Events(func(e *chat.Event) { out = enc.Append(out, e) })
	validEvents(t, "answer", out, true)
	var names []string
	list := events(t, out)
	for _, e := range list {
		names = append(names, strings.TrimPrefix(e[0], "response."))
	}
	if want := strings.Fields(`created in_progress
		output_item.added reasoning_summary_part.added reasoning_summary_text.delta reasoning_summary_text.done reasoning_summary_part.done output_item.done
		output_item.added content_part.added output_text.delta output_text.done content_part.done output_item.done
		output_item.added function_call_arguments.delta function_call_arguments.done output_item.done
		output_item.added custom_tool_call_input.delta custom_tool_call_input.done output_item.done completed`); !slices.Equal(names, want) {
		t.Errorf("got  %q\nwant %q", names, want)
	}
	end := list[len(list)-1][1]
	for _, want := range []string{`"instructions":"be brief"`, `"temperature":0.5`, `"tool_choice":"required"`, `"metadata":{"a":"b"}`, `"effort":"low"`,
		`"format":{"type":"json_object"}`, `"id":"rs_msg_1_0"`, `"id":"fc_msg_1_2"`, `"id":"ctc_msg_1_3"`, `"total_tokens":10`, `"strict":true`} {
		if !strings.Contains(end, want) {
			t.Errorf("the end has no %s: %s", want, end)
		}
	}
	whole := answer
	whole.Request = &c
	spectest.Validate(t, spectest.OpenAI, "Response", Responses.AppendReply(nil, &whole))

	for name, c := range map[string]struct {
		before int
		want   string
	}{
		"before the start": {0, "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,\"code\":\"x\",\"message\":\"gone\",\"param\":null}\n\n"},
		"in the middle":    {4, "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":"},
	} {
		enc, n := Responses.Encoder(chat.Encoding{}), 0
		answer.Events(func(e *chat.Event) {
			if n++; n <= c.before {
				enc.Append(nil, e)
			}
		})
		got := string(enc.Break(nil, &chat.Fault{Code: "x", Message: "gone"}))
		if !strings.HasPrefix(got, c.want) || strings.Contains(got, "[DONE]") {
			t.Errorf("%s: %s", name, got)
		}
		valid(t, name, "ResponseStreamEvent", []byte(events(t, []byte(got))[0][1]))
	}
}

// TestNamespaces calls a tool in a namespace through a dialect that knows none.
func TestNamespaces(t *testing.T) {
	t.Parallel()
	var c chat.Conversation
	if err := Responses.ReadRequest([]byte(`{"model":"m","input":"hi","tools":[{"type":"namespace","name":"crm","description":"d","tools":[{"type":"function","name":"find"}]}]}`), &c); err != nil {
		t.Fatal(err)
	}
	body, _, _ := Chat.AppendRequest(nil, &c, nil)
	if !strings.Contains(string(body), `"name":"crm__find"`) {
		t.Errorf("got %s", body)
	}
	r := chat.Reply{Request: &c, Choices: []chat.Choice{{Parts: []chat.Part{{Kind: chat.ToolCall, Call: &chat.Call{ID: "c", Name: "crm__find", Arguments: "{}"}}}}}}
	if out := string(Responses.AppendReply(nil, &r)); !strings.Contains(out, `"name":"find","namespace":"crm","arguments":"{}"`) {
		t.Errorf("got %s", out)
	}
}

func TestInspectResponses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want chat.Chunk
	}{
		"created":       {`{"type":"response.created","response":{"status":"in_progress","output":[],"error":null}}`, chat.Chunk{}},
		"empty message": {`{"type":"response.output_item.added","item":{"type":"message","content":[]}}`, chat.Chunk{}},
		"empty part":    {`{"type":"response.content_part.added","part":{"type":"output_text","text":""}}`, chat.Chunk{}},
		"text":          {`{"delta":"a","type":"response.output_text.delta"}`, chat.Chunk{Content: true}},
		"empty text":    {`{"delta":"","type":"response.output_text.delta"}`, chat.Chunk{}},
		"refusal":       {`{"type":"response.refusal.delta","delta":"a"}`, chat.Chunk{Content: true}},
		"reasoning":     {`{"type":"response.reasoning_summary_text.delta","delta":"a"}`, chat.Chunk{Reasoning: true}},
		"call":          {`{"type":"response.output_item.added","item":{"type":"function_call","name":"f"}}`, chat.Chunk{Content: true, Tool: true}},
		"arguments":     {`{"type":"response.function_call_arguments.delta","delta":"{"}`, chat.Chunk{Content: true, Tool: true}},
		"search":        {`{"type":"response.web_search_call.searching"}`, chat.Chunk{}},
		"completed":     {`{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call"}],"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":1},"output_tokens":2,"total_tokens":5}}}`, chat.Chunk{Done: true, Finish: chat.ToolCalls, Choices: 1, Usage: chat.Usage{Input: 2, CachedRead: 1, Output: 2, Known: true}}},
		"incomplete":    {`{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}}`, chat.Chunk{Done: true, Finish: chat.Length, Choices: 1}},
		"failed":        {`{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error"},"output":[]}}`, chat.Chunk{Error: true, Choices: 1}},
		"error":         {`{"type":"error","code":"x","message":"y"}`, chat.Chunk{Error: true}},
		"error's body":  {`{"error":{"message":"x"}}`, chat.Chunk{Error: true}},
		"xai's error":   {`{"code":"x","error":"text"}`, chat.Chunk{Error: true}},
		"body":          {`{"object":"response","status":"completed","error":null,"output":[{"type":"reasoning"},{"type":"message","content":[{"type":"output_text","text":"a"}]}]}`, chat.Chunk{Content: true, Reasoning: true, Finish: chat.Stop, Choices: 1}},
		"cut":           {`{"type":"response.output_text.delta","delta":"a`, chat.Chunk{Invalid: true}},
	} {
		var got chat.Chunk
		Responses.Inspect("", []byte(c.in), &got)
		if c.want.Choices == 0 {
			c.want.Choices = -1
		}
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, c.want)
		}
	}
}

// TestCutStreams ends streams too soon: none of them is whole.
func TestCutStreams(t *testing.T) {
	t.Parallel()
	for _, codec := range []chat.Codec{Chat, Responses} {
		var whole []byte
		enc := codec.Encoder(chat.Encoding{IncludeUsage: true})
		answer.Events(func(e *chat.Event) { whole = enc.Append(whole, e) })
		list := events(t, whole)
		for n := range list {
			d := codec.Decoder()
			var g chat.Gather
			for _, e := range list[:n] {
				if err := d.Decode(e[0], []byte(e[1]), g.Tell); err != nil {
					t.Fatal(err)
				}
			}
			if d.End(g.Tell); g.Ended && !(codec == Chat && len(g.Reply.Choices) == 1 && g.Reply.Choices[0].Finish != "") {
				t.Errorf("%s: whole after %d of %d events", codec.Dialect(), n, len(list))
			}
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]chat.Fault{
		`{"error":{"message":"m","type":"t","code":"c","param":"p"}}`:                {Message: "m", Type: "t", Code: "c", Param: "p"},
		`{"error":{"message":"m","code":502}}`:                                       {Message: "m", Code: "502"},
		`{"code":"c","error":"m"}`:                                                   {Message: "m", Code: "c"},
		`{"object":"error","message":"m","type":"t","code":"1500"}`:                  {Message: "m", Code: "1500"},
		`{"detail":"Invalid API Key"}`:                                               {Message: "Invalid API Key"},
		`{"base_resp":{"status_code":1008,"status_msg":"no money"}}`:                 {Message: "no money", Code: "1008"},
		`{"type":"error","code":"c","message":"m","param":null}`:                     {Message: "m", Code: "c"},
		`{"type":"response.failed","response":{"error":{"code":"c","message":"m"}}}`: {Message: "m", Code: "c"},
	} {
		if got := readFault([]byte(in)); got != want {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
}

// TestRefusalWithoutWords: Anthropic may refuse without a word, which is no completed response.
func TestRefusalWithoutWords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		part   chat.Part
		status string
	}{
		"without": {chat.Part{Kind: chat.Text, Text: "Well"}, "incomplete"},
		"with":    {chat.Part{Kind: chat.Refusal, Text: "No."}, "completed"},
	} {
		r := chat.Reply{ID: "a", Model: "m", Choices: []chat.Choice{{Finish: chat.Refused, Parts: []chat.Part{c.part}}}}
		enc := Responses.Encoder(chat.Encoding{})
		var stream []byte
		r.Events(func(e *chat.Event) { stream = enc.Append(stream, e) })
		if body := Responses.AppendReply(nil, &r); !strings.Contains(string(body), `"status":"`+c.status+`","error":null`) {
			t.Errorf("%s: %s", name, body)
		}
		if !strings.Contains(string(stream), "event: response."+c.status+"\n") {
			t.Errorf("%s: %s", name, stream)
		}
	}
}

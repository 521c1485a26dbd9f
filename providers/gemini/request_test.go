package gemini

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

func ptr[T any](v T) *T { return &v }

func words(role chat.Role, parts ...chat.Part) chat.Message {
	return chat.Message{Role: role, Parts: parts}
}

func said(s string) chat.Part { return chat.Part{Kind: chat.Text, Text: s} }

// TestForeignRequests: what a request of another dialect becomes, and what of it is named as dropped.
func TestForeignRequests(t *testing.T) {
	t.Parallel()
	hi := []chat.Message{words(chat.User, said("hi"))}
	const contents = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`
	call := func(id string, state *chat.State) chat.Part {
		return chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: id, Name: "f", Arguments: `{"a":1}`}, State: state}
	}
	result := func(id string, failed bool, parts ...chat.Part) chat.Part {
		return chat.Part{Kind: chat.ToolResult, Result: &chat.Result{CallID: id, Parts: parts, Error: failed}}
	}
	signed := &chat.State{Maker: "google", Form: ThoughtSignature, Data: "c2ln"}
	gemini3 := chat.Target{Provider: "google", Thinks: true, Efforts: []string{"low", "high"}, MaxOutput: 1000}
	for _, c := range []struct {
		name    string
		c       chat.Conversation
		t       chat.Target
		want    string
		dropped string
	}{
		{"roles merge, the system leads", chat.Conversation{Messages: []chat.Message{
			words(chat.System, said("a")), words(chat.Developer, said("b")), words(chat.User, said("c")), words(chat.User, said("")),
			words(chat.User, said("d")), words(chat.Assistant, said("")), words(chat.System, said("e")), words(chat.Assistant, said("f"))}}, gemini3,
			`{"systemInstruction":{"parts":[{"text":"a"},{"text":"b"}]},"contents":[{"role":"user","parts":[{"text":"c"},{"text":"d"},{"text":"e"}]},{"role":"model","parts":[{"text":"f"}]}]}`, ""},
		{"a system message alone", chat.Conversation{Messages: []chat.Message{words(chat.System, said("a"))}}, gemini3,
			`{"contents":[{"role":"user","parts":[{"text":"a"}]}]}`, ""},
		{"nothing", chat.Conversation{}, gemini3, `{"contents":[{"role":"user","parts":[{"text":""}]}]}`, ""},
		{"calls of another maker, results in order, names looked up", chat.Conversation{Messages: []chat.Message{
			words(chat.Assistant, call("x", &chat.State{Maker: "openai", Form: "encrypted", Data: "?"}), call("y", nil)),
			words(chat.User, result("y", false, said("two"))), words(chat.User, result("x", true, said("one")), said("go on"))}}, gemini3,
			`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","id":"x","args":{"a":1}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"f","id":"y","args":{"a":1}}}]},` +
				`{"role":"user","parts":[{"functionResponse":{"name":"f","id":"y","response":{"output":"two"}}},{"functionResponse":{"name":"f","id":"x","response":{"error":"one"}}},{"text":"go on"}]}]}`, ""},
		{"results of one message are sorted", chat.Conversation{Messages: []chat.Message{
			words(chat.Assistant, call("x", nil), call("y", nil)), words(chat.User, said("and"), result("y", false, said("2")), result("x", false, said("1")))}}, gemini3,
			`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","id":"x","args":{"a":1}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"f","id":"y","args":{"a":1}}}]},` +
				`{"role":"user","parts":[{"functionResponse":{"name":"f","id":"x","response":{"output":"1"}}},{"functionResponse":{"name":"f","id":"y","response":{"output":"2"}}},{"text":"and"}]}]}`, ""},
		{"its own signature, an id of its own making", chat.Conversation{Messages: []chat.Message{
			words(chat.Assistant, chat.Part{Kind: chat.Reasoning, Text: "hm", State: &chat.State{Maker: "anthropic", Form: "signature", Data: "?"}}, call(madeUp+"r_1", signed)),
			words(chat.User, result(madeUp+"r_1", false, said(`{"b":2}`)))}}, gemini3,
			`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}},"thoughtSignature":"c2ln"}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"b":2}}}]}]}`, ""},
		{"a result without its call, with an image", chat.Conversation{Messages: []chat.Message{
			words(chat.User, result("gone", false, said("x"), chat.Part{Kind: chat.Image, Media: &chat.Media{Data: "iVBORw0KGgo=", Detail: "low"}}))}}, gemini3,
			`{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"tool","id":"gone","response":{"output":"x"}}},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}}]}]}`, "detail"},
		{"a document as text", chat.Conversation{Messages: []chat.Message{words(chat.User, chat.Part{Kind: chat.File, Media: &chat.Media{Text: "doc"}, Cache: json.RawMessage("{}")})}}, gemini3,
			`{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"text/plain","data":"ZG9j"}}]}]}`, "cache_control"},
		{"settings and their bounds", chat.Conversation{From: chat.Completions, Messages: hi, Settings: chat.Settings{
			MaxTokens: ptr(int64(5000)), Temperature: ptr(2.5), TopP: ptr(0.5), Seed: ptr(int64(1) << 40), N: ptr(int64(2)), TopK: ptr(int64(3)),
			Stop: []string{"1", "2", "3", "4", "5", "6"}, FrequencyPenalty: ptr(1.0), Logprobs: ptr(true), TopLogprobs: ptr(int64(2)),
			Effort: "medium", User: "u", Store: ptr(true), ServiceTier: "auto", LogitBias: json.RawMessage(`{"1":2}`), Modalities: []string{"text"}}}, gemini3,
			`{` + contents + `,"generationConfig":{"maxOutputTokens":1000,"temperature":2,"topP":0.5,"topK":3,"seed":256,"candidateCount":2,"stopSequences":["1","2","3","4","5"],"frequencyPenalty":1,"responseLogprobs":true,"logprobs":2,"thinkingConfig":{"thinkingLevel":"HIGH"}}}`,
			"stop,logit_bias,user,store"},
		{"thinking off where levels are all there is", chat.Conversation{Messages: hi, Settings: chat.Settings{Effort: "none"}}, gemini3,
			`{` + contents + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}`, ""},
		{"a budget for a model of levels", chat.Conversation{From: chat.Messages, Messages: hi, Settings: chat.Settings{Thinking: &chat.Thinking{Mode: "enabled", Budget: ptr(int64(1024))}}}, gemini3,
			`{` + contents + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW","includeThoughts":true}}}`, ""},
		{"thinking off by a budget", chat.Conversation{Messages: hi, Settings: chat.Settings{Effort: "none"}}, chat.Target{Thinks: true},
			`{` + contents + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`, ""},
		{"an effort as a budget", chat.Conversation{From: chat.Responses, Messages: hi, Settings: chat.Settings{Effort: "medium", Thinking: &chat.Thinking{Summary: "auto"}}}, chat.Target{Thinks: true},
			`{` + contents + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}}`, ""},
		{"an effort for a model that does not think", chat.Conversation{From: chat.Responses, Messages: hi, Settings: chat.Settings{Effort: "low"}}, chat.Target{},
			`{` + contents + `}`, "reasoning.effort"},
		{"tools and a choice among some", chat.Conversation{From: chat.Messages, Messages: hi, Parallel: ptr(false), Choice: chat.ToolChoice{Mode: "auto", Allowed: []string{"f"}}, Tools: []chat.Tool{
			{Name: "f", Description: "d", Strict: ptr(true), Parameters: json.RawMessage(`{"properties":{"x":{"const":1}}}`)}, {Name: "g"},
			{Hosted: "web_search_20250305", Dialect: chat.Messages, Raw: json.RawMessage(`{}`)}, {Name: "patch", Custom: true}}}, gemini3,
			`{` + contents + `,"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object","properties":{"x":{"enum":[1],"type":"integer"}}}},{"name":"g","description":""},` +
				`{"name":"patch","description":"","parametersJsonSchema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["f"]}}}`,
			"tools.strict,tools.web_search_20250305,tool_choice.disable_parallel_tool_use"},
		{"a tool that has to be called", chat.Conversation{Messages: hi, Choice: chat.ToolChoice{Mode: "tool", Name: "f"}, Tools: []chat.Tool{{Name: "f"}}}, gemini3,
			`{` + contents + `,"tools":[{"functionDeclarations":[{"name":"f","description":""}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}}`, ""},
		{"a format", chat.Conversation{Messages: hi, Settings: chat.Settings{Format: &chat.AnswerFormat{Kind: chat.FormatJSONSchema, Schema: json.RawMessage(`{"type":"object"}`)}}}, gemini3,
			`{` + contents + `,"generationConfig":{"responseJsonSchema":{"type":"object"},"responseMimeType":"application/json"}}`, ""},
		{"foreign members are named", chat.Conversation{From: chat.Completions, Messages: hi, Extra: []chat.Member{{Name: "web_search_options", Value: json.RawMessage("{}")}}}, gemini3,
			`{` + contents + `}`, "web_search_options"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, dropped, err := Generate.AppendRequest(nil, &c.c, &c.t)
			if err != nil || string(got) != c.want || strings.Join(dropped, ",") != c.dropped {
				t.Errorf("%v, dropped %v\n%s\nwant %s\n%s", err, dropped, c.dropped, got, c.want)
			}
			if err == nil {
				spectest.Validate(t, spectest.Gemini, "GenerateContentRequest", got)
			}
		})
	}
}

func TestMediaByURL(t *testing.T) {
	t.Parallel()
	image := func(m chat.Media) chat.Part { return chat.Part{Kind: chat.Image, Media: &m} }
	for _, c := range []struct {
		part  chat.Part
		err   error
		needs bool
	}{
		{image(chat.Media{URL: "https://example.com/a.png"}), ErrNeedsBytes, true},
		{image(chat.Media{FileID: "file-abc"}), ErrForeignFile, false},
		{image(chat.Media{FileID: fileStore + "v1beta/files/x"}), nil, false},
		{chat.Part{Kind: chat.ToolResult, Result: &chat.Result{Name: "f", Parts: []chat.Part{image(chat.Media{URL: "https://x.example/"})}}}, ErrNeedsBytes, true},
	} {
		m := chat.Conversation{Messages: []chat.Message{words(chat.User, c.part)}}
		_, _, err := Generate.AppendRequest(nil, &m, &chat.Target{})
		if !errors.Is(err, c.err) || NeedsBytes(&m) != c.needs {
			t.Errorf("%+v: %v, needs bytes %v", c.part, err, NeedsBytes(&m))
		}
	}
}

func TestReadRequestErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                               "the body is empty",
		`[]`:                             "must be a JSON object",
		`{"contents":7}`:                 "contents: must be an array",
		`{"contents":[7]}`:               "contents[0]: must be an object with parts (at byte 13)",
		`{"contents":[{"role":"king"}]}`: `contents[0].role: must be user or model, not "king" (at byte 21)`,
		`{"contents":[{"parts":["x"]}]}`: "contents[0].parts[0]: must be an object (at byte 23)",
		`{"tools":{}}`:                   "tools: must be an array",
		`{"tools":[{"functionDeclarations":[{}]}]}`: "a function needs a name",
		`{"generationConfig":[]}`:                   "generationConfig: must be an object",
	} {
		err := Generate.ReadRequest([]byte(body), new(chat.Conversation))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
}

// TestCallsFindTheirResults: Google's calls have no ids, so results are matched by name and order.
func TestCallsFindTheirResults(t *testing.T) {
	t.Parallel()
	var c chat.Conversation
	err := Generate.ReadRequest([]byte(`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"a"}},{"functionCall":{"name":"b"}},{"functionCall":{"name":"a","id":"own"}},{"functionCall":{"name":"a"}}]},
		{"role":"user","parts":[{"functionResponse":{"name":"b","response":{"output":"B"}}},{"functionResponse":{"name":"a","response":{"output":"1"}}},{"functionResponse":{"name":"a","id":"own","response":{"error":"2"}}},{"functionResponse":{"name":"a","response":{"output":"3"}}}]}]}`), &c)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, m := range c.Messages {
		for _, p := range m.Parts {
			if p.Call != nil {
				ids = append(ids, p.Call.ID)
			} else {
				ids = append(ids, p.Result.CallID+"="+p.Result.Parts[0].Text)
			}
		}
	}
	if got := strings.Join(ids, " "); got != "call_g_1 call_g_2 own call_g_3 call_g_2=B call_g_1=1 own=2 call_g_3=3" {
		t.Error(got)
	}
}

func TestSchemas(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`true`:                        `{}`,
		`{"$schema":"x","const":"a"}`: `{"enum":["a"],"type":"string"}`,
		`{"type":["string","null"],"const":null}`:                                                                                    `{"type":["string","null"],"enum":[null]}`,
		`{"$ref":"#/definitions/A","description":"d","definitions":{"A":{"const":1}}}`:                                               `{"anyOf":[{"$ref":"#/$defs/A"}],"description":"d","$defs":{"A":{"enum":[1],"type":"integer"}}}`,
		`{"$ref":"#/$defs/A","$defs":{"A":true}}`:                                                                                    `{"$ref":"#/$defs/A","$defs":{"A":{}}}`,
		`{"allOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"b":{}},"required":["b"]}],"required":[]}`: `{"required":["a","b"],"properties":{"a":{"type":"string"},"b":{}}}`,
		`{"allOf":[{"$ref":"#/$defs/A"}],"$defs":{"A":{"allOf":[{"$ref":"#/$defs/A"},{"title":"t"}]}}}`:                              "",
		`{"items":[{"const":1},{}]}`:                                                                                                 `{"prefixItems":[{"enum":[1],"type":"integer"},{}]}`,
		`{"items":{"const":1},"additionalProperties":{"const":true}}`:                                                                `{"items":{"enum":[1],"type":"integer"},"additionalProperties":{"enum":[true],"type":"boolean"}}`,
		`{"oneOf":[{"const":1.5}],"additionalProperties":false}`:                                                                     `{"oneOf":[{"enum":[1.5],"type":"number"}],"additionalProperties":false}`,
		`{"properties":{"$ref":{"type":"string"},"const":{"type":"null"}}}`:                                                          `{"properties":{"$ref":{"type":"string"},"const":{"type":"null"}}}`,
	} {
		got := string(mendSchema([]byte(in)))
		if !json.Valid([]byte(got)) || want != "" && got != want {
			t.Errorf("%s\nis   %s\nwant %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		`{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true,"enum":["x"],"format":"enum"},"n":{"type":3,"minimum":1}},"propertyOrdering":["a"]}`: `{"properties":{"a":{"enum":["x",null],"type":["string","null"]},"n":{"minimum":1,"type":"integer"}},"type":"object"}`,
		`{"type":"ARRAY","items":{"anyOf":[{"type":"NUMBER"}]},"minItems":"2","example":7}`:                                                                       `{"items":{"anyOf":[{"type":"number"}]},"minItems":2,"examples":[7],"type":"array"}`,
	} {
		if got := string(fromSchema([]byte(in))); got != want {
			t.Errorf("%s\nis   %s\nwant %s", in, got, want)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		model  string
		stream bool
		path   string
	}{
		{"gemini-3.5-flash", false, "/models/gemini-3.5-flash:generateContent"},
		{"models/gemini-3.5-flash", true, "/models/gemini-3.5-flash:streamGenerateContent?alt=sse"},
	} {
		if got := Path(c.model, c.stream); got != c.path {
			t.Errorf("%s, want %s", got, c.path)
		}
		path, _, _ := strings.Cut(c.path, "?")
		model, method, ok := ParsePath(path)
		if !ok || model != "gemini-3.5-flash" || !slices.Contains([]string{"generateContent", "streamGenerateContent"}, method) {
			t.Errorf("%s is read as %s, %s", path, model, method)
		}
	}
	if _, _, ok := ParsePath("/files/x"); ok {
		t.Error("a file passed for a model")
	}
}

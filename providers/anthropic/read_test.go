package anthropic

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
)

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want chat.Conversation
	}{
		"settings": {`{"model":"m","max_tokens":1e3,"stream":true,"temperature":0.5,"top_p":0.9,"top_k":5,"stop_sequences":["a"],"service_tier":"auto",
			"metadata":{"user_id":"u"},"thinking":{"type":"enabled","budget_tokens":1024,"display":"summarized"},
			"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"b":1,"a":2}}},"container":"c","routor_tier":"NANO","messages":[]}`,
			chat.Conversation{Stream: true, Messages: nil, Settings: chat.Settings{
				MaxTokens: ptr[int64](1000), Temperature: ptr(0.5), TopP: ptr(0.9), TopK: ptr[int64](5), Stop: []string{"a"}, ServiceTier: "auto",
				Metadata: json.RawMessage(`{"user_id":"u"}`), User: "u", Effort: "low",
				Thinking: &chat.Thinking{Mode: "enabled", Budget: ptr[int64](1024), Thoughts: ptr(true)},
				Format:   &chat.AnswerFormat{Kind: chat.FormatJSONSchema, Schema: json.RawMessage(`{"b":1,"a":2}`)},
			}, Extra: []chat.Member{{Name: "container", Value: json.RawMessage(`"c"`)}, {Name: "routor_tier", Value: json.RawMessage(`"NANO"`)}}}},
		"nulls say nothing": {`{"model":"m","messages":[],"system":null,"tools":null,"tool_choice":null,"thinking":null,"output_config":null,"output_format":null,"metadata":null,"temperature":null,"stream":null,"stop_sequences":null}`,
			chat.Conversation{}},
		"tools": {`{"model":"m","messages":[],"tools":[{"name":"f","description":"d","input_schema":{"z":1},"strict":true,"cache_control":{"type":"ephemeral"},"eager_input_streaming":true},
			{"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`,
			chat.Conversation{
				Tools: []chat.Tool{
					{Name: "f", Description: "d", Parameters: json.RawMessage(`{"z":1}`), Strict: ptr(true), Cache: json.RawMessage(`{"type":"ephemeral"}`), Dialect: chat.Messages, Extra: []chat.Member{{Name: "eager_input_streaming", Value: json.RawMessage("true")}}},
					{Name: "web_search", Hosted: "web_search_20250305", Dialect: chat.Messages, Raw: json.RawMessage(`{"type":"web_search_20250305","name":"web_search"}`)},
				}, Choice: chat.ToolChoice{Mode: "required"}, Parallel: ptr(false)}},
		"blocks": {`{"model":"m","system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[
				{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},
				{"type":"image","source":{"type":"url","url":"https://x"}},
				{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"t","citations":{"enabled":true}},
				{"type":"document","source":{"type":"content","content":[{"type":"text","text":"c"}]}},
				{"type":"image","source":{"type":"new","x":1}}]},
			{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"d"},
				{"type":"thinking","thinking":"other","signature":"routor:xai:encrypted:e"},
				{"type":"text","text":"b","citations":[{"type":"x"}]},{"type":"tool_use","id":"1","name":"f","input":{"z":1.0,"a":2},"caller":{"type":"direct"}},
				{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]},
			{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","is_error":true,"content":"no"}]}]}`,
			chat.Conversation{Messages: []chat.Message{
				{Role: chat.System, Parts: []chat.Part{say("s")}},
				{Role: chat.User, Parts: []chat.Part{
					{Kind: chat.Text, Text: "a", Cache: json.RawMessage(`{"type":"ephemeral"}`)},
					{Kind: chat.Image, Media: &chat.Media{URL: "https://x"}},
					{Kind: chat.File, Media: &chat.Media{Type: "application/pdf", Data: "JVBE", Name: "t", Extra: json.RawMessage(`{"citations":{"enabled":true}}`)}},
					{Kind: chat.File, Media: &chat.Media{Type: "text/plain", Text: "c", Extra: json.RawMessage(`{"source":{"type":"content","content":[{"type":"text","text":"c"}]}}`)}},
					{Kind: chat.Other, Dialect: chat.Messages, Raw: json.RawMessage(`{"type":"image","source":{"type":"new","x":1}}`)},
				}},
				{Role: chat.Assistant, Parts: []chat.Part{
					{Kind: chat.Reasoning, Text: "hm", State: &chat.State{Form: Signature, Data: "sig"}},
					{Kind: chat.Reasoning, Redacted: true, State: &chat.State{Form: Redacted, Data: "d"}},
					{Kind: chat.Reasoning, Text: "other", State: &chat.State{Maker: "xai", Form: "encrypted", Data: "e"}},
					{Kind: chat.Text, Text: "b", Annotations: json.RawMessage(`[{"type":"x"}]`), Dialect: chat.Messages},
					{Kind: chat.ToolCall, Call: &chat.Call{ID: "1", Name: "f", Arguments: `{"z":1.0,"a":2}`}, Extra: []chat.Member{{Name: "caller", Value: json.RawMessage(`{"type":"direct"}`)}}},
					{Kind: chat.Other, Dialect: chat.Messages, Raw: json.RawMessage(`{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`)},
				}},
				{Role: chat.User, Parts: []chat.Part{{Kind: chat.ToolResult, Result: &chat.Result{CallID: "1", Error: true, Parts: []chat.Part{say("no")}}}}},
			}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got chat.Conversation
			if err := Messages.ReadRequest([]byte(c.body), &got); err != nil {
				t.Fatal(err)
			}
			c.want.From, c.want.Model, c.want.IncludeUsage = chat.Messages, "m", true
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s", differ(c.want, got))
			}
		})
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		``:                               "the body is empty; send a JSON object (at byte 0)",
		`{"model":`:                      "invalid JSON: unexpected EOF (at byte 9)",
		`[]`:                             "must be a JSON object with model and messages (at byte 0)",
		`{"messages":[]}`:                `model: missing: name a model, or "auto" to have one chosen (at byte 0)`,
		`{"model":"m"}`:                  "messages: missing: give at least one message (at byte 0)",
		`{"model":1}`:                    "model: must be a string, not a number (at byte 9)",
		`{"model":"m","messages":{}}`:    "messages: must be an array, not an object (at byte 24)",
		`{"model":"m","messages":[1]}`:   "messages[0]: must be an object, not a number (at byte 25)",
		`{"model":"m","messages":[{}]}`:  "messages[0].role: missing: user, assistant or system (at byte 25)",
		`{"messages":[{"role":"tool"}]}`: "messages[0].role: must be user, assistant or system (at byte 21)",
		`{"messages":[{"role":"user"}]}`: "messages[0].content: missing: give a string or an array of blocks (at byte 13)",
		`{"messages":[{"role":"user","content":[{"type":"text","text":1}]}]}`:                                                         "messages[0].content[0].text: must be a string, not a number (at byte 61)",
		`{"messages":[{"role":"user","content":[{"text":"a"}]}]}`:                                                                     "messages[0].content[0].type: missing: text, image, document, tool_use, tool_result, … (at byte 39)",
		`{"messages":[{"role":"user","content":[{"type":"image"}]}]}`:                                                                 "messages[0].content[0].source: must be an object, not nothing (at byte 0)",
		`{"messages":[{"role":"user","content":[{"type":"tool_result","content":"a"}]}]}`:                                             "messages[0].content[0].tool_use_id: missing: name the tool_use block that this answers (at byte 39)",
		`{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":true}]}]}]}`: "messages[0].content[0].content[0].text: must be a string, not a boolean (at byte 112)",
		`{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":"x"}]}]}`:                         "messages[0].content[0].input: must be an object, not a string (at byte 91)",
		`{"tools":[{"description":"d"}]}`:                                                                                             "tools[0].name: missing: name the tool (at byte 10)",
		`{"tool_choice":"any"}`:                                                                                                       "tool_choice: must be an object, not a string (at byte 15)",
		`{"max_tokens":1.5}`:                                                                                                          "max_tokens: must be a whole number, not a number (at byte 14)",
		`{"stop_sequences":["a",2]}`:                                                                                                  "stop_sequences[1]: must be a string, not a number (at byte 23)",
		`{"thinking":{"budget_tokens":1}}`:                                                                                            "thinking.type: missing: enabled, adaptive or disabled (at byte 12)",
		`{"output_config":{"format":{"type":"json_object"}}}`:                                                                         "output_config.format.type: must be json_schema (at byte 35)",
		`{"metadata":{"user_id":{}}}`:                                                                                                 "metadata.user_id: must be a string, not an object (at byte 23)",
	} {
		err := Messages.ReadRequest([]byte(body), &chat.Conversation{})
		var e *chat.Error
		if !errors.As(err, &e) || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", body, err, want)
		}
	}
}

// TestGeneratedRequests: what a generated request says is the same after a way through the hub types.
func TestGeneratedRequests(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		g := generator{newRand(seed)}
		body := g.request()
		got := rewrite(t, fmt.Sprint("seed ", seed), body)
		if a, b := canonical(t, body), canonical(t, got); !reflect.DeepEqual(a, b) || !sameInputs(body, got) {
			t.Fatalf("seed %d: %s\n%s", seed, differ(a, b), body)
		}
	}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

// generator makes requests of all that the dialect can say.
type generator struct{ *rand.Rand }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

func (g generator) maybe(member string) string {
	if g.IntN(2) == 0 {
		return ""
	}
	return "," + member
}

func (g generator) some(of func() string) string {
	list := make([]string, 1+g.IntN(3))
	for i := range list {
		list[i] = of()
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (g generator) text() string { return g.one(`"a"`, `"\u00e4\n\"x\""`, `"  b "`, `"{}"`) }

func (g generator) cache() string {
	return g.maybe(`"cache_control":` + g.one(`{"type":"ephemeral"}`, `{"type":"ephemeral","ttl":"1h"}`))
}

func (g generator) value() string {
	return g.one("1", "1.0", "1e3", "-0.5", "true", "null", `"x"`, `{"b":[],"a":{}}`, "[1,2]")
}

func (g generator) object() string { return `{"z":` + g.value() + `,"a":` + g.value() + "}" }

func (g generator) textBlock() string { return `{"type":"text","text":` + g.text() + g.cache() + "}" }

func (g generator) image() string {
	return `{"type":"image","source":` + g.one(`{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}`, `{"type":"url","url":"https://x/y"}`, `{"type":"file","file_id":"file_1"}`) + g.cache() + "}"
}

func (g generator) document() string {
	source := g.one(`{"type":"base64","media_type":"application/pdf","data":"JVBERi0="}`, `{"type":"text","media_type":"text/plain","data":"t"}`,
		`{"type":"url","url":"https://x/y"}`, `{"type":"file","file_id":"file_1"}`, `{"type":"content","content":"c"}`, `{"type":"content","content":[{"type":"text","text":"c"}]}`)
	return `{"type":"document","source":` + source + g.maybe(`"title":"t"`) + g.maybe(`"context":"c"`) + g.maybe(`"citations":{"enabled":true}`) + g.cache() + "}"
}

func (g generator) userBlock() string {
	return g.one(g.textBlock(), g.image(), g.document(), `{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"x"}]}`, `{"type":"container_upload","file_id":"f"}`)
}

func (g generator) result(id string) string {
	content := g.one(g.text(), g.some(func() string {
		return g.one(g.textBlock(), g.image(), g.document(), `{"type":"tool_reference","tool_name":"f"}`)
	}))
	return `{"type":"tool_result","tool_use_id":"` + id + `"` + g.maybe(`"content":`+content) + g.maybe(`"is_error":true`) + g.cache() + "}"
}

// turns are a question, a call with thinking, its result, and maybe an instruction in the middle.
func (g generator) turns() string {
	id := g.one("toolu_1", "call-2", "3")
	thinking := g.one(`{"type":"thinking","thinking":"hm","signature":"sig"}`, `{"type":"redacted_thinking","data":"d"}`)
	said := g.one(`{"type":"text","text":"b"`+g.maybe(`"citations":[{"type":"char_location","cited_text":"x"}]`)+"}", `{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":`+g.object()+`},{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}`)
	call := `{"type":"tool_use","id":"` + id + `","name":"f","input":` + g.object() + g.maybe(`"caller":{"type":"direct"}`) + g.cache() + "}"
	return `{"role":"user","content":` + g.one(g.text(), g.some(g.userBlock)) + `},` +
		`{"role":"assistant","content":[` + thinking + "," + said + "," + call + `]},` +
		`{"role":"user","content":[` + g.result(id) + "," + g.userBlock() + `]}` + g.maybe(`{"role":"system","content":`+g.text()+`,"clear_at":"never"}`)
}

func (g generator) tool() string {
	return g.one(`{"name":"f","input_schema":`+g.object()+g.maybe(`"description":"d"`)+g.maybe(`"strict":false`)+g.maybe(`"type":"custom"`)+g.maybe(`"defer_loading":true`)+g.cache()+"}",
		`{"type":"bash_20250124","name":"bash"`+g.cache()+"}")
}

func (g generator) request() []byte {
	choice := g.one(`{"type":"auto"}`, `{"type":"none"}`, `{"type":"auto","disable_parallel_tool_use":`+g.one("true", "false")+`}`, `{"type":"new","x":1}`)
	thinking := g.one(`{"type":"enabled","budget_tokens":1500}`, `{"type":"adaptive","display":"omitted"}`, `{"type":"disabled"}`, `{"type":"between_tools"}`, `{"type":"enabled","budget_tokens":2000,"new":1}`)
	return []byte(`{"model":"m","max_tokens":3000,"messages":[` + g.turns() + "]" +
		g.maybe(`"system":`+g.one(g.text(), g.some(g.textBlock))) + g.maybe(`"tools":`+g.some(g.tool)) + g.maybe(`"tool_choice":`+choice) +
		g.maybe(`"thinking":`+thinking) + g.maybe(`"temperature":1`) + g.maybe(`"top_p":0.97`) + g.maybe(`"stop_sequences":["a","b"]`) +
		g.maybe(`"stream":true`) + g.maybe(`"metadata":{"user_id":"u"}`) + g.maybe(`"service_tier":"standard_only"`) +
		g.maybe(`"output_config":{"effort":"`+g.one(levels...)+`","format":{"type":"json_schema","schema":`+g.object()+`},"task_budget":`+g.object()+"}") +
		g.maybe(`"container":{"skills":[]}`) + g.maybe(`"mcp_servers":[{"type":"url"}]`) + g.maybe(`"context_management":`+g.object()) + "}")
}

package anthropic

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

func ptr[T any](v T) *T { return &v }

func says(role chat.Role, parts ...chat.Part) chat.Message {
	return chat.Message{Role: role, Parts: parts}
}

func say(s string) chat.Part { return chat.Part{Kind: chat.Text, Text: s} }

func calls(id, name, arguments string) chat.Part {
	return chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: id, Name: name, Arguments: arguments}}
}

func answers(id string, parts ...chat.Part) chat.Part {
	return chat.Part{Kind: chat.ToolResult, Result: &chat.Result{CallID: id, Parts: parts}}
}

func thinks(text string, s *chat.State) chat.Part {
	return chat.Part{Kind: chat.Reasoning, Text: text, State: s}
}

var hi = []chat.Message{says(chat.User, say("hi"))}

// TestWrite says what becomes of conversations in other dialects. want has the members behind model, or those named in only.
func TestWrite(t *testing.T) {
	t.Parallel()
	f := []chat.Tool{{Name: "f", Parameters: json.RawMessage(`{"type":"object","properties":{"b":{},"a":{}}}`)}}
	loop := func(first ...chat.Part) []chat.Message {
		return []chat.Message{
			says(chat.User, say("hi")), says(chat.Assistant, append(first, calls("c1", "f", "{}"))...), says(chat.User, answers("c1", say("ok"))),
		}
	}
	mine := &chat.State{Maker: "anthropic", Form: Signature, Data: "sig"}
	haiku := chat.Target{Thinks: true, MaxOutput: 64000}
	opus := chat.Target{Thinks: true, Adaptive: true, MaxOutput: 128000, Efforts: []string{"low", "medium", "high", "max"}}
	effort := func(e string) chat.Settings { return chat.Settings{Effort: e} }
	for name, c := range map[string]struct {
		messages []chat.Message
		tools    []chat.Tool
		choice   chat.ToolChoice
		parallel *bool
		set      chat.Settings
		target   chat.Target
		extra    []chat.Member
		only     string // the members that are looked at
		want     string
		dropped  string
	}{
		"the least":                {want: `{"max_tokens":4096,"messages":[{"role":"user","content":"hi"}]}`},
		"limit of the catalog":     {target: chat.Target{MaxOutput: 9}, only: "max_tokens", want: `{"max_tokens":9}`},
		"limit of the client":      {set: chat.Settings{MaxTokens: ptr[int64](7)}, target: chat.Target{MaxOutput: 9}, only: "max_tokens", want: `{"max_tokens":7}`},
		"limit above the model's":  {set: chat.Settings{MaxTokens: ptr[int64](70)}, target: chat.Target{MaxOutput: 9}, only: "max_tokens", want: `{"max_tokens":9}`},
		"instructions":             {messages: []chat.Message{says(chat.System, say("a")), hi[0], says(chat.Developer, say("b")), says(chat.Assistant, say("c")), says(chat.User, say("d"))}, only: "system messages", want: `{"system":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"c"},{"role":"user","content":"d"}]}`},
		"instructions alone":       {messages: []chat.Message{says(chat.System, say("a"))}, only: "system messages", want: `{"messages":[{"role":"user","content":"a"}]}`},
		"turns of one role":        {messages: []chat.Message{hi[0], says(chat.User, say("b")), says(chat.Assistant, say("c")), says(chat.Assistant, calls("1", "f", `{"z":1.0,"a":2}`)), says(chat.User, answers("1"))}, only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"text","text":"c"},{"type":"tool_use","id":"1","name":"f","input":{"z":1.0,"a":2}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]}]}`},
		"results first":            {messages: []chat.Message{hi[0], says(chat.Assistant, calls("1", "f", ""), calls("2", "f", "{}")), says(chat.User, answers("1", say("x"))), says(chat.User, say("and")), says(chat.User, answers("2", say("y"), say("z")))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}},{"type":"tool_use","id":"2","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","content":"x"},{"type":"tool_result","tool_use_id":"2","content":[{"type":"text","text":"y"},{"type":"text","text":"z"}]},{"type":"text","text":"and"}]}]}`},
		"empty texts":              {messages: []chat.Message{says(chat.System, say("")), says(chat.User, say(" "), say("hi"), say("")), says(chat.Assistant, say("")), says(chat.User, say("go"))}, only: "system messages", want: `{"messages":[{"role":"user","content":[{"type":"text","text":"hi"},{"type":"text","text":"go"}]}]}`},
		"a prefix":                 {messages: []chat.Message{hi[0], says(chat.Assistant, say("{ \n"))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"{"}]}`},
		"ids":                      {messages: []chat.Message{hi[0], says(chat.Assistant, calls("functions.f:0", "f", "{}")), says(chat.User, answers("functions.f:0"))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"ridxfunctionsZ2efZ3a0","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"ridxfunctionsZ2efZ3a0"}]}]}`},
		"arguments that were cut":  {messages: []chat.Message{hi[0], says(chat.Assistant, calls("1", "f", `{"a":`)), says(chat.User, answers("1"))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{"input":"{\"a\":"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]}]}`},
		"a failed tool":            {messages: []chat.Message{hi[0], says(chat.Assistant, calls("1", "f", "{}")), says(chat.User, chat.Part{Kind: chat.ToolResult, Result: &chat.Result{CallID: "1", Error: true}, Cache: json.RawMessage(`{"type":"ephemeral"}`)})}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1","is_error":true,"cache_control":{"type":"ephemeral"}}]}]}`},
		"a refusal, said before":   {messages: []chat.Message{hi[0], says(chat.Assistant, chat.Part{Kind: chat.Refusal, Text: "no"}), says(chat.User, say("do"))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"text","text":"no"}]},{"role":"user","content":"do"}]}`},
		"names":                    {messages: []chat.Message{{Role: chat.User, Name: "Ann", Parts: hi[0].Parts}}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"}]}`, dropped: "messages.name"},
		"caching":                  {messages: []chat.Message{says(chat.User, chat.Part{Kind: chat.Text, Text: "a", Cache: json.RawMessage(`{"type":"ephemeral","ttl":"1h"}`)})}, only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}`},
		"an image's bytes":         {messages: media(chat.Image, chat.Media{Type: "image/jpg", Data: "/9j/"}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/"}}]}]}`},
		"bytes of no type":         {messages: media(chat.Image, chat.Media{Data: "iVBORw0KGgo="}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}`},
		"an image's address":       {messages: media(chat.Image, chat.Media{URL: "https://x/y", Detail: "high"}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x/y"}}]}]}`, dropped: "image_url.detail"},
		"a PDF":                    {messages: media(chat.File, chat.Media{Data: "JVBERi0x", Name: "a.pdf"}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0x"},"title":"a.pdf"}]}]}`},
		"a PDF's address":          {messages: media(chat.File, chat.Media{URL: "https://x/y.pdf"}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x/y.pdf"}}]}]}`},
		"a text file":              {messages: media(chat.File, chat.Media{Type: "text/csv", Data: "YSxi"}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"}}]}]}`},
		"an image as a file":       {messages: media(chat.File, chat.Media{Type: "image/png", Data: "iVBORw0KGgo="}), only: "messages", want: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}]}`},
		"another's file":           {messages: media(chat.File, chat.Media{FileID: "file-1"}, say("hi")), only: "messages", want: `{"messages":[{"role":"user","content":"hi"}]}`, dropped: "file"},
		"a recording":              {messages: media(chat.Audio, chat.Media{Data: "AAAA"}, say("hi")), only: "messages", want: `{"messages":[{"role":"user","content":"hi"}]}`, dropped: "input_audio"},
		"another's block":          {messages: []chat.Message{says(chat.User, say("hi"), chat.Part{Kind: chat.Other, Dialect: chat.Responses, Raw: json.RawMessage(`{"type":"web_search_call"}`)})}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"}]}`, dropped: "web_search_call"},
		"no parameters":            {tools: []chat.Tool{{Name: "f", Description: "d"}}, only: "tools", want: `{"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{}}}]}`},
		"parameters of no type":    {tools: []chat.Tool{{Name: "f", Parameters: json.RawMessage(`{"properties":{}}`), Strict: ptr(false)}}, only: "tools", want: `{"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}`},
		"a strict tool":            {tools: []chat.Tool{{Name: "f", Strict: ptr(true), Parameters: json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer","minimum":1}},"required":["n"]}`)}}, only: "tools", want: `{"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{"n":{"type":"integer","description":"{minimum: 1}"}},"required":["n"],"additionalProperties":false}}]}`},
		"a custom tool":            {tools: []chat.Tool{{Name: "p", Description: "d", Custom: true, Raw: json.RawMessage(`{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"start: A"}}`)}}, only: "tools", want: `{"tools":[{"name":"p","description":"d\n\nThe input must follow this grammar (lark):\nstart: A","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}]}`},
		"a custom tool's call":     {messages: []chat.Message{hi[0], says(chat.Assistant, chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: "1", Name: "p", Arguments: "*** \"x\"", Custom: true}}), says(chat.User, answers("1"))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"p","input":{"input":"*** \"x\""}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"1"}]}]}`},
		"another's hosted tool":    {tools: append([]chat.Tool{{Hosted: "web_search", Dialect: chat.Responses}}, f...), only: "tools", want: `{"tools":[{"name":"f","input_schema":{"type":"object","properties":{"b":{},"a":{}}}}]}`, dropped: "tools.web_search"},
		"allowed tools":            {tools: append([]chat.Tool{{Name: "g"}}, f...), choice: chat.ToolChoice{Mode: "auto", Allowed: []string{"f"}}, only: "tools tool_choice", want: `{"tools":[{"name":"f","input_schema":{"type":"object","properties":{"b":{},"a":{}}}}],"tool_choice":{"type":"auto"}}`},
		"a tool must be called":    {tools: f, choice: chat.ToolChoice{Mode: "required"}, only: "tool_choice", want: `{"tool_choice":{"type":"any"}}`},
		"one tool must be called":  {tools: f, choice: chat.ToolChoice{Mode: "tool", Name: "f"}, parallel: ptr(false), only: "tool_choice", want: `{"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true}}`},
		"no tool may be called":    {tools: f, choice: chat.ToolChoice{Mode: "none"}, parallel: ptr(false), only: "tool_choice", want: `{"tool_choice":{"type":"none"}}`},
		"one call at a time":       {tools: f, parallel: ptr(false), only: "tool_choice", want: `{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}`},
		"several calls at a time":  {tools: f, parallel: ptr(true), only: "tool_choice", want: `{}`},
		"a choice without tools":   {choice: chat.ToolChoice{Mode: "required"}, only: "tool_choice", want: `{}`, dropped: "tool_choice"},
		"another's choice":         {tools: f, choice: chat.ToolChoice{Dialect: chat.Responses, Raw: json.RawMessage(`{"type":"file_search"}`)}, only: "tool_choice", want: `{}`, dropped: "tool_choice"},
		"temperature":              {set: chat.Settings{Temperature: ptr(0.3)}, only: "temperature", want: `{"temperature":0.3}`},
		"temperature above":        {set: chat.Settings{Temperature: ptr(1.7)}, only: "temperature", want: `{"temperature":1}`},
		"both samplers":            {set: chat.Settings{Temperature: ptr(0.3), TopP: ptr(0.5)}, only: "temperature top_p", want: `{"temperature":0.3}`, dropped: "top_p"},
		"samplers":                 {set: chat.Settings{TopP: ptr(0.5), TopK: ptr[int64](4)}, only: "top_p top_k", want: `{"top_p":0.5,"top_k":4}`},
		"a sampler that is off":    {set: chat.Settings{TopP: ptr(1.0), Temperature: ptr(0.0)}, only: "temperature top_p", want: `{"temperature":0}`},
		"stop":                     {set: chat.Settings{Stop: []string{"a", "\n"}}, only: "stop_sequences", want: `{"stop_sequences":["a"]}`, dropped: "stop"},
		"the user":                 {set: chat.Settings{User: "u", SafetyIdentifier: "s", Metadata: json.RawMessage(`{"a":"b"}`)}, only: "metadata", want: `{"metadata":{"user_id":"s"}}`, dropped: "metadata"},
		"a user of too many words": {set: chat.Settings{User: strings.Repeat("u", 257)}, only: "metadata", want: `{}`, dropped: "user"},
		"the default tier":         {set: chat.Settings{ServiceTier: "default"}, only: "service_tier", want: `{"service_tier":"standard_only"}`},
		"the best tier":            {set: chat.Settings{ServiceTier: "priority"}, only: "service_tier", want: `{"service_tier":"auto"}`},
		"another's tier":           {set: chat.Settings{ServiceTier: "flex"}, only: "service_tier", want: `{}`, dropped: "service_tier"},
		"a schema":                 {set: chat.Settings{Format: &chat.AnswerFormat{Kind: chat.FormatJSONSchema, Name: "n", Strict: ptr(true), Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}}}`)}}, only: "output_config", want: `{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}}}}`},
		"any object":               {set: chat.Settings{Format: &chat.AnswerFormat{Kind: chat.FormatJSONObject}}, only: "output_config", want: `{}`, dropped: "response_format"},
		"what only others know":    {set: chat.Settings{N: ptr[int64](2), Seed: ptr[int64](1), MinP: ptr(0.1), FrequencyPenalty: ptr(0.5), PresencePenalty: ptr(0.0), Logprobs: ptr(true), TopLogprobs: ptr[int64](2), LogitBias: json.RawMessage(`{"1":2}`), Verbosity: "low", PromptCacheKey: "k", Store: ptr(true), Modalities: []string{"text", "audio"}, Prediction: json.RawMessage(`{}`), Include: []string{"reasoning.encrypted_content", "x"}}, extra: []chat.Member{{Name: "web_search_options", Value: json.RawMessage(`{}`)}, {Name: "routor_tier", Value: json.RawMessage(`"NANO"`)}}, only: "max_tokens", want: `{"max_tokens":4096}`, dropped: "web_search_options n seed min_p frequency_penalty logprobs top_logprobs logit_bias verbosity prompt_cache_key store modalities prediction include.x"},

		"no wish to think":              {target: opus, only: "thinking output_config", want: `{}`},
		"no thinking":                   {set: effort("none"), target: opus, only: "thinking output_config", want: `{"thinking":{"type":"disabled"}}`},
		"no thinking for who can't":     {set: effort("none"), only: "thinking output_config", want: `{}`},
		"thinking for who can't":        {set: effort("high"), only: "thinking output_config", want: `{}`, dropped: "reasoning_effort"},
		"adaptive":                      {set: effort("high"), target: opus, only: "thinking output_config", want: `{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}`},
		"an effort between":             {set: effort("xhigh"), target: opus, only: "thinking output_config", want: `{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}`},
		"an effort below":               {set: effort("minimal"), target: opus, only: "thinking output_config", want: `{"thinking":{"type":"adaptive"},"output_config":{"effort":"low"}}`},
		"adaptive, with a summary":      {set: chat.Settings{Effort: "low", Thinking: &chat.Thinking{Summary: "auto"}}, target: opus, only: "thinking output_config", want: `{"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"low"}}`},
		"adaptive for a budget":         {set: chat.Settings{Thinking: &chat.Thinking{Mode: "enabled", Budget: ptr[int64](9000)}}, target: opus, only: "thinking output_config", want: `{"thinking":{"type":"adaptive"},"output_config":{"effort":"high"}}`},
		"adaptive, and a tool forced":   {set: effort("low"), target: opus, tools: f, choice: chat.ToolChoice{Mode: "required"}, only: "thinking", want: `{"thinking":{"type":"adaptive"}}`},
		"adaptive in another's loop":    {set: effort("low"), target: opus, tools: f, messages: loop(), only: "thinking", want: `{"thinking":{"type":"adaptive"}}`},
		"a budget":                      {set: effort("medium"), target: haiku, only: "thinking max_tokens", want: `{"max_tokens":64000,"thinking":{"type":"enabled","budget_tokens":8192}}`},
		"a budget in a small limit":     {set: chat.Settings{Effort: "high", MaxTokens: ptr[int64](5000)}, target: haiku, only: "thinking", want: `{"thinking":{"type":"enabled","budget_tokens":2500}}`},
		"no room for a budget":          {set: chat.Settings{Effort: "high", MaxTokens: ptr[int64](2000)}, target: haiku, only: "thinking", want: `{"thinking":{"type":"disabled"}}`, dropped: "reasoning_effort"},
		"a budget of Gemini's":          {set: chat.Settings{Thinking: &chat.Thinking{Budget: ptr[int64](0)}}, target: haiku, only: "thinking", want: `{"thinking":{"type":"disabled"}}`},
		"a dynamic budget of Gemini's":  {set: chat.Settings{Thinking: &chat.Thinking{Budget: ptr[int64](-1), Thoughts: ptr(true)}}, target: haiku, only: "thinking", want: `{"thinking":{"type":"enabled","budget_tokens":16384,"display":"summarized"}}`},
		"a budget, and a tool forced":   {set: effort("low"), target: haiku, tools: f, choice: chat.ToolChoice{Mode: "tool", Name: "f"}, only: "thinking tool_choice", want: `{"thinking":{"type":"disabled"},"tool_choice":{"type":"tool","name":"f"}}`, dropped: "reasoning_effort"},
		"samplers and thinking":         {set: chat.Settings{Effort: "low", Temperature: ptr(0.2), TopP: ptr(0.5), TopK: ptr[int64](3)}, target: haiku, only: "temperature top_p top_k", want: `{}`, dropped: "temperature top_p top_k"},
		"the one temperature":           {set: chat.Settings{Effort: "low", Temperature: ptr(1.0)}, target: haiku, only: "temperature", want: `{"temperature":1}`},
		"a prefix and thinking":         {set: effort("low"), target: haiku, messages: []chat.Message{hi[0], says(chat.Assistant, thinks("hm", mine), say("so"))}, only: "thinking messages", want: `{"thinking":{"type":"disabled"},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so"}]}`, dropped: "reasoning_effort"},
		"its own loop":                  {set: effort("low"), target: haiku, tools: f, messages: loop(thinks("hm", mine)), only: "thinking messages", want: `{"thinking":{"type":"enabled","budget_tokens":2048},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}]}`},
		"its own loop, redacted":        {set: effort("low"), target: haiku, tools: f, messages: loop(chat.Part{Kind: chat.Reasoning, Redacted: true, State: &chat.State{Form: Redacted, Data: "xyz"}}), only: "thinking messages", want: `{"thinking":{"type":"enabled","budget_tokens":2048},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"xyz"},{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}]}`},
		"another's loop":                {set: effort("low"), target: haiku, tools: f, messages: loop(thinks("hm", &chat.State{Maker: "minimax", Form: Signature, Data: "x"})), only: "thinking messages", want: `{"thinking":{"type":"disabled"},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}]}`, dropped: "reasoning_effort"},
		"a loop of long ago":            {set: effort("low"), target: haiku, tools: f, messages: append(loop(), says(chat.Assistant, say("done")), says(chat.User, say("more"))), only: "thinking", want: `{"thinking":{"type":"enabled","budget_tokens":2048}}`},
		"a second step without thought": {set: effort("low"), target: haiku, tools: f, messages: append(loop(thinks("hm", mine)), says(chat.Assistant, calls("c2", "f", "{}")), says(chat.User, answers("c2"))), only: "thinking", want: `{"thinking":{"type":"enabled","budget_tokens":2048}}`},
		"another's thoughts":            {messages: []chat.Message{hi[0], says(chat.Assistant, thinks("hm", nil), thinks("", &chat.State{Form: "encrypted", Data: "x"}), say("so")), says(chat.User, say("go"))}, only: "messages", want: `{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so"},{"role":"user","content":"go"}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conversation := &chat.Conversation{
				From: chat.Completions, Messages: c.messages, Tools: c.tools, Choice: c.choice, Parallel: c.parallel, Settings: c.set, Extra: c.extra,
			}
			if c.messages == nil {
				conversation.Messages = hi
			}
			c.target.Provider, c.target.Model = "anthropic", "claude-x"
			body, dropped, err := Messages.AppendRequest(nil, conversation, &c.target)
			if err != nil {
				t.Fatal(err)
			}
			got := body
			if c.only == "" {
				c.only = "max_tokens messages"
			}
			for name := range chat.Object(body) {
				if !strings.Contains(" "+c.only+" ", " "+name+" ") {
					got = chat.EditMembers(nil, got, chat.Edit{Kind: chat.Remove, Name: name})
				}
			}
			if !sameJSON(got, []byte(c.want)) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if s := strings.Join(dropped, " "); s != c.dropped {
				t.Errorf("dropped %q, want %q", s, c.dropped)
			}
			spectest.Validate(t, spectest.Anthropic, "BetaCreateMessageParams", older(t, body))
		})
	}
}

func media(kind chat.Kind, m chat.Media, more ...chat.Part) []chat.Message {
	return []chat.Message{says(chat.User, append([]chat.Part{{Kind: kind, Media: &m}}, more...)...)}
}

func TestWriteNothing(t *testing.T) {
	t.Parallel()
	for _, messages := range [][]chat.Message{nil, {says(chat.User, say(" "))}} {
		got, _, err := Messages.AppendRequest([]byte("x"), &chat.Conversation{From: chat.Completions, Messages: messages}, &chat.Target{Model: "m"})
		if err == nil || string(got) != "x" {
			t.Errorf("%+v became %s", messages, got)
		}
	}
}

// TestWriteForAnotherModel: a conversation in this dialect changes only as another model of it needs.
func TestWriteForAnotherModel(t *testing.T) {
	t.Parallel()
	const body = `{"model":"auto","max_tokens":9000,"routor_tier":"NANO","context_management":{"edits":[]},
		"system":"s","messages":[{"role":"user","content":"hi"},
		{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"routor:deepseek:text:"},{"type":"text","text":"so"}]},
		{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"go"}]}],
		"thinking":{"type":"enabled","budget_tokens":8000,"display":"omitted"},"output_config":{"effort":"max","task_budget":{"total":1}}}`
	for name, c := range map[string]struct {
		target        chat.Target
		want, dropped string
	}{
		"adaptive": {chat.Target{Thinks: true, Adaptive: true, Efforts: []string{"low", "high"}}, `{"model":"m","max_tokens":9000,"context_management":{"edits":[]},
			"system":"s","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so"},{"role":"system","content":"be brief"},{"role":"user","content":"go"}],
			"thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high","task_budget":{"total":1}}}`, ""},
		"small": {chat.Target{Thinks: true, MaxOutput: 4000}, `{"model":"m","max_tokens":4000,"context_management":{"edits":[]},
			"system":"s","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so"},{"role":"system","content":"be brief"},{"role":"user","content":"go"}],
			"thinking":{"type":"enabled","budget_tokens":3999,"display":"omitted"},"output_config":{"task_budget":{"total":1}}}`, "output_config.effort"},
		"none": {chat.Target{}, `{"model":"m","max_tokens":9000,"context_management":{"edits":[]},
			"system":"s","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"so"},{"role":"system","content":"be brief"},{"role":"user","content":"go"}],
			"output_config":{"task_budget":{"total":1}}}`, "thinking"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var conversation chat.Conversation
			if err := Messages.ReadRequest([]byte(body), &conversation); err != nil {
				t.Fatal(err)
			}
			c.target.Provider, c.target.Model = "anthropic", "m"
			got, dropped, err := Messages.AppendRequest(nil, &conversation, &c.target)
			if err != nil || !sameJSON(got, []byte(c.want)) || strings.Join(dropped, " ") != c.dropped {
				t.Errorf("dropped %v, %v:\ngot  %s\nwant %s", dropped, err, got, c.want)
			}
		})
	}
}

func TestStrictSchema(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"type":"object","properties":{"b":{"type":"string","format":"date","minLength":2},"a":{"type":["object","null"],"properties":{}}},"required":["b"],"additionalProperties":true}`: `{"type":"object","properties":{"b":{"type":"string","format":"date","description":"{minLength: 2}"},"a":{"type":["object","null"],"properties":{},"additionalProperties":false}},"required":["b"],"additionalProperties":false}`,
		`{"$schema":"x","$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n","title":"t"}`:                                                        `{"$ref":"#/$defs/n","$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"}},"additionalProperties":false}}}`,
		`{"oneOf":[{"type":"string"},true,{"type":"object"}],"description":"d"}`:                                                                                                           `{"anyOf":[{"type":"string"},true,{"type":"object","properties":{},"additionalProperties":false}],"description":"d"}`,
		`{"type":"array","items":{"type":"number","multipleOf":2},"minItems":1,"maxItems":3}`:                                                                                              `{"type":"array","items":{"type":"number","description":"{multipleOf: 2}"},"minItems":1,"description":"{maxItems: 3}"}`,
		`{"type":"string","enum":["a"],"format":"regex","description":"d"}`:                                                                                                                `{"type":"string","enum":["a"],"description":"d\n\n{format: \"regex\"}"}`,
		`null`: `{"type":"object","properties":{},"additionalProperties":false}`,
	} {
		if got := string(appendStrict(nil, json.RawMessage(in))); got != want {
			t.Errorf("%s\nbecame %s\nwant   %s", in, got, want)
		}
	}
	deep := strings.Repeat(`{"type":"array","items":`, 5000) + `{}` + strings.Repeat(`}`, 5000)
	if got := appendStrict(nil, json.RawMessage(deep)); !reflect.DeepEqual(string(got), deep) {
		t.Error("a deep schema is another")
	}
}

package chat

import (
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/label"
)

func read(t testing.TB, body string) *Request {
	t.Helper()
	r, err := Read([]byte(body))
	if err != nil {
		t.Fatalf("Read(%s): %v", body, err)
	}
	return r
}

// TestReadKnowsTheRequest reads one body that has everything and looks at all that is made of it.
func TestReadKnowsTheRequest(t *testing.T) {
	t.Parallel()
	r := read(t, `{
		"model": "auto/fast", "models": ["openai/gpt-5.5", "xai/grok-4.3"], "stream": true,
		"stream_options": {"include_usage": true}, "max_tokens": 10, "max_completion_tokens": 2e2, "n": 2,
		"reasoning_effort": "high", "service_tier": "flex", "prompt_cache_key": "c1", "user": "u1", "metadata": {"user_id": "m1", "x": 1},
		"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
		"modalities": ["text", "audio"], "logprobs": true, "temperature": 0.70, "x_unknown": [{"a": "}"}],
		"tools": [{"type": "function", "function": {"description": "d", "name": "look\u0075p", "parameters": {"name": 1}}},
			{"type": "web_search"}, {"type": "custom", "custom": {"name": "run"}}],
		"tool_choice": "required",
		"messages": [
			{"role": "system", "content": "Be \"brief\"."},
			{"role": "developer", "content": [{"type": "text", "text": "No lists."}]},
			{"content": "What is in\nthe picture?", "role": "user"},
			{"role": "assistant", "content": null, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}]},
			{"role": "tool", "tool_call_id": "1", "content": "a cat"},
			{"role": "assistant", "content": "A cat."},
			{"role": "user", "content": [
				{"type": "text", "text": "And in these, \u4e2d\ud83d\ude00?"},
				{"type": "image_url", "image_url": {"url": "https://a.example/b.png", "detail": "low"}},
				{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
				{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
				{"type": "file", "file": {"file_id": "f"}}, {"type": "video_url", "video_url": {"url": "https://v"}},
				{"type": "hologram", "hologram": {}},
				{"type": "text", "text": "Compare."}]},
			{"role": "assistant", "tool_calls": []},
			{"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "two cats"}]}
		],
		"routor_profile": "team-a", "routor_mode": "auto", "routor_tier_floor": "light", "routor_tier_ceiling": "COMPLEX",
		"routor_max_cost": 0.05, "routor_bfcl_min": "0.8", "routor_code_quality": 2, "routor_chat_quality": "fast", "routor_tier": null
	}`)
	defer r.Release()
	light, complex, cost, bfcl, best, fast := label.Light, label.Complex, 0.05, 0.8, 2, 0
	want := Request{
		Model: "auto/fast", Models: []string{"openai/gpt-5.5", "xai/grok-4.3"}, Stream: true, IncludeUsage: true,
		MaxTokens: 200, N: 2, Effort: "high", ServiceTier: "flex", Format: FormatJSONSchema,
		PromptCacheKey: "c1", User: "u1", MetadataUserID: "m1",
		Facts: Facts{
			Turns: 2, Messages: 9, Tools: 2, HostedTools: 1, ToolNames: []string{"lookup", "web_search", "run"}, Hosted: []string{"web_search"}, ForcedTool: true,
			Images: 2, Files: 1, Audio: 2, Video: 1, ImageURLs: 1, Unknown: 1, AudioOut: true, Logprobs: true, EndsInTool: true,
			TextBytes: r.Facts.TextBytes, Calls: 2, Developer: r.Facts.Developer, PromptTokens: r.Facts.PromptTokens,
			Kept: Kept{What: "file", ID: "f", In: Completions},
		},
		Text:   "And in these, 中😀?\nCompare.",
		System: "Be \"brief\".\nNo lists.", Context: "What is in\nthe picture?\nA cat.", FirstUser: `What is in\nthe picture?`,
		Routor: Fields{
			Profile: "team-a", Mode: "auto", TierFloor: &light, Ceiling: &complex, MaxCostUSD: &cost, BFCLMin: &bfcl,
			CodeQuality: &best, ChatQuality: &fast,
		},
	}
	got := *r
	got.Body, got.members, got.messages, got.buf, got.estimate = nil, Members{}, nil, nil, estimate{}
	got.FirstUser = strings.ReplaceAll(got.FirstUser, "\n", `\n`)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	if r.Facts.PromptTokens < 5000 || r.Facts.PromptTokens > 9000 {
		t.Errorf("PromptTokens = %d, want the fixed figures of two images, a file and a video and some text", r.Facts.PromptTokens)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const ok = `"messages":[{"role":"user","content":"hi"}]`
	for _, c := range []struct{ body, path, message string }{
		{``, "", "empty"},
		{`  `, "", "empty"},
		{`{"model":"auto",}`, "", "invalid JSON"},
		{`{"model":"auto"`, "", "invalid JSON"},
		{`{"model":"auto",` + ok + `} x`, "", "something follows"},
		{`{"model":"a` + "\n" + `b",` + ok + `}`, "", "invalid JSON"},
		{`{"model":"a\x",` + ok + `}`, "", "unknown escape"},
		{`{"model":"a\u12g4",` + ok + `}`, "", "unknown escape"},
		{strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "", "depth"},
		{`[]`, "", "must be an object, not an array"},
		{`{` + ok + `}`, "model", "missing"},
		{`{"model":"",` + ok + `}`, "model", "missing"},
		{`{"model":7,` + ok + `}`, "model", "must be a string, not a number"},
		{`{"model":"auto"}`, "messages", "missing"},
		{`{"model":"auto","messages":[]}`, "messages", "empty"},
		{`{"model":"auto","messages":{}}`, "messages", "must be an array, not an object"},
		{`{"model":"auto","messages":["hi"]}`, "messages[0]", "must be an object, not a string"},
		{`{"model":"auto","messages":[{"role":"user","content":"a"},{"content":"b"}]}`, "messages[1].role", "missing"},
		{`{"model":"auto","messages":[{"role":1}]}`, "messages[0].role", "must be a string"},
		{`{"model":"auto","messages":[{"role":"user","content":"a"},{"role":"user","content":"a"},{"role":"user","content":7}]}`, "messages[2].content", "not a number"},
		{`{"model":"auto","messages":[{"role":"user","content":["a"]}]}`, "messages[0].content[0]", "must be an object"},
		{`{"model":"auto","messages":[{"role":"user","content":[{"text":"a"}]}]}`, "messages[0].content[0].type", "missing"},
		{`{"model":"auto","messages":[{"role":"user","content":[{"type":"text","text":1}]}]}`, "messages[0].content[0].text", "must be a string"},
		{`{"model":"auto","messages":[{"role":"user","content":[{"type":"text"}]}]}`, "messages[0].content[0].text", "missing"},
		{`{"model":"auto","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}`, "messages[0].content[0].image_url.url", "missing"},
		{`{"model":"auto",` + ok + `,"tools":[{"type":"function","function":{}}]}`, "tools[0].function.name", "missing"},
		{`{"model":"auto",` + ok + `,"tools":[{"type":"function","function":{"name":1}}]}`, "tools[0].function.name", "must be a string"},
		{`{"model":"auto",` + ok + `,"tools":{}}`, "tools", "must be an array"},
		{`{"model":"auto",` + ok + `,"stream":"yes"}`, "stream", "must be a boolean"},
		{`{"model":"auto",` + ok + `,"stream_options":{"include_usage":1}}`, "stream_options.include_usage", "must be a boolean"},
		{`{"model":"auto",` + ok + `,"max_tokens":1.5}`, "max_tokens", "whole number"},
		{`{"model":"auto",` + ok + `,"max_tokens":-1}`, "max_tokens", "at least 1"},
		{`{"model":"auto",` + ok + `,"n":"2"}`, "n", "must be a whole number, not a string"},
		{`{"model":"auto",` + ok + `,"models":["a",2]}`, "models[1]", "must be a string"},
		{`{"model":"auto",` + ok + `,"response_format":"json"}`, "response_format", "must be an object"},
		{`{"model":"auto",` + ok + `,"routor_tier":"HUGE"}`, "routor_tier", "must be one of NANO, SIMPLE, LIGHT, STANDARD, COMPLEX"},
		{`{"model":"auto",` + ok + `,"routor_max_cost":-1}`, "routor_max_cost", "USD"},
		{`{"model":"auto",` + ok + `,"routor_bfcl_min":1.1}`, "routor_bfcl_min", "0 to 1"},
		{`{"model":"auto",` + ok + `,"routor_code_quality":3}`, "routor_code_quality", "2 (best)"},
		{`{"model":"auto",` + ok + `,"routor_mode":"fast"}`, "routor_mode", "auto, tier or direct"},
		{`{"model":"auto",` + ok + `,"routor_teir":"NANO"}`, "routor_teir", "unknown"},
		{`{"model":"auto",` + ok + `,"routor_tier":[]}`, "routor_tier", "must be a string or a number"},
	} {
		r, err := Read([]byte(c.body))
		if err == nil {
			t.Errorf("Read(%.80s) = %+v, want an error at %q", c.body, r.Facts, c.path)
			continue
		}
		e := err.(*Error)
		if e.Path != c.path || !strings.Contains(e.Message, c.message) || e.Offset > len(c.body) {
			t.Errorf("Read(%.80s): %#v, want path %q and %q", c.body, e, c.path, c.message)
		}
	}
}

func TestReadOffset(t *testing.T) {
	t.Parallel()
	body := `{"model":"auto","messages":[{"role":"user","content":7}]}`
	_, err := Read([]byte(body))
	if e := err.(*Error); e.Offset != strings.IndexByte(body, '7') {
		t.Errorf("offset %d, want that of the 7", e.Offset)
	}
	body = `{"model":"auto",}`
	_, err = Read([]byte(body))
	if e := err.(*Error); e.Offset != len(body)-1 {
		t.Errorf("offset %d, want %d", e.Offset, len(body)-1)
	}
}

// TestReadLastWins puts every kind of member twice.
func TestReadLastWins(t *testing.T) {
	t.Parallel()
	r := read(t, `{"model":"a","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}],"tools":[{"type":"x"}],
		"mod\u0065l":"b","messages":[{"role":"tool","role":"user","content":"one","content":"two"}],"tools":[{"type":"function","function":{"name":"f"}}],"stream":true,"stream":false}`)
	defer r.Release()
	if r.Model != "b" || r.Text != "two" || r.Facts.Images != 0 || r.Facts.Tools != 1 || r.Facts.HostedTools != 0 || r.Facts.Turns != 1 || r.Stream {
		t.Errorf("%+v", r)
	}
	if got := len(r.Facts.ToolNames); got != 1 {
		t.Errorf("%d tool names, want 1", got)
	}
}

func TestToolChoice(t *testing.T) {
	t.Parallel()
	for choice, want := range map[string]bool{
		`null`: false, `"auto"`: false, `"none"`: false, `"required"`: true,
		`{"type":"function","function":{"name":"f"}}`:                  true,
		`{"type":"allowed_tools","allowed_tools":{"mode":"auto"}}`:     false,
		`{"type":"allowed_tools","allowed_tools":{"mode":"required"}}`: true,
	} {
		r := read(t, `{"model":"auto","messages":[{"role":"user","content":"x"}],"tool_choice":`+choice+`}`)
		if r.Facts.ForcedTool != want {
			t.Errorf("tool_choice %s: ForcedTool = %v, want %v", choice, r.Facts.ForcedTool, want)
		}
		r.Release()
	}
}

// TestKept: what lies at one provider alone is noted, and whose dialect it is from.
func TestKept(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]Kept{
		`"plain"`: {},
		`[{"type":"file","file":{"file_data":"data:application/pdf;base64,AA==","filename":"a.pdf"}}]`:                                       {},
		`[{"type":"file","file":{"filename":"a","file_id":"file-1"}},{"type":"file","file":{"file_id":"file-2"}}]`:                           {"file", "file-1", Completions},
		`[{"type":"file","file":{"file_id":"gs://bucket/a.pdf"}}]`:                                                                           {"file", "gs://bucket/a.pdf", Generate},
		`[{"type":"image_url","image_url":{"url":"https://generativelanguage.googleapis.com/v1beta/files/x"}}]`:                              {"file", "https://generativelanguage.googleapis.com/v1beta/files/x", Generate},
		`[{"type":"image_url","image_url":{"url":"https://a.example/generativelanguage.googleapis.com/"}},{"type":"file","file":"strange"}]`: {},
	} {
		r := read(t, `{"model":"a","messages":[{"role":"user","content":`+content+`}]}`)
		if got := r.Facts.Kept; got != want {
			t.Errorf("%s: %+v, want %+v", content, got, want)
		}
		if want.In == Generate && r.Facts.ImageURLs != 0 {
			t.Errorf("%s counts as an address to be fetched", content)
		}
		r.Release()
	}
}

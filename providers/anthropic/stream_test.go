package anthropic

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

// TestEncode says what is written of hub events, as "name data" lines without message_start and ping.
func TestEncode(t *testing.T) {
	t.Parallel()
	open := func(i int, p chat.Part) chat.Event { return chat.Event{Kind: chat.EventOpen, Index: i, Part: p} }
	delta := func(i int, s string) chat.Event { return chat.Event{Kind: chat.EventDelta, Index: i, Text: s} }
	done := func(i int) chat.Event { return chat.Event{Kind: chat.EventClose, Index: i} }
	state := func(i int, p chat.Part) chat.Event { return chat.Event{Kind: chat.EventState, Index: i, Part: p} }
	call := func(id string) chat.Part { return chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: id, Name: "f"}} }
	finish := func(f chat.Finish) chat.Event { return chat.Event{Kind: chat.EventFinish, Finish: f} }
	end := chat.Event{Kind: chat.EventEnd}
	begin := func(i int, block string) string {
		return `{"type":"content_block_start","index":` + string(rune('0'+i)) + `,"content_block":` + block + "}"
	}
	more := func(i int, d string) string {
		return `{"type":"content_block_delta","index":` + string(rune('0'+i)) + `,"delta":{"type":` + d + "}}"
	}
	stop := func(i int) string { return `{"type":"content_block_stop","index":` + string(rune('0'+i)) + "}" }
	tool := func(id string) string { return `{"type":"tool_use","id":"` + id + `","name":"f","input":{}}` }
	why := func(reason string) string {
		return `{"type":"message_delta","delta":{"stop_reason":"` + reason + `","stop_sequence":null},"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0,"server_tool_use":null}}`
	}
	const last = `{"type":"message_stop"}`
	for name, c := range map[string]struct {
		events []chat.Event
		want   []string
	}{
		"text": {[]chat.Event{open(0, say("")), delta(0, "a\n"), delta(0, `"b"`), done(0), finish(chat.Stop), end},
			[]string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a\n"`), more(0, `"text_delta","text":"\"b\""`), stop(0), why("end_turn"), last}},
		"a text that stays empty": {[]chat.Event{open(0, say("")), open(1, call("1")), delta(1, "{}"), finish(chat.ToolCalls), end},
			[]string{begin(0, tool("1")), more(0, `"input_json_delta","partial_json":"{}"`), stop(0), why("tool_use"), last}},
		"no close": {[]chat.Event{open(0, say("a")), open(1, say("b")), end},
			[]string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a"`), stop(0), begin(1, `{"type":"text","text":""}`), more(1, `"text_delta","text":"b"`), stop(1), why("end_turn"), last}},
		"calls that interleave": {[]chat.Event{open(0, call("1")), open(1, call("2")), delta(0, `{"a":`), delta(1, `{"b"`), delta(0, `1}`), done(0), delta(1, `:2}`), done(1), finish(chat.Stop), end},
			[]string{begin(0, tool("1")), more(0, `"input_json_delta","partial_json":"{\"a\":"`), more(0, `"input_json_delta","partial_json":"1}"`), stop(0),
				begin(1, tool("2")), more(1, `"input_json_delta","partial_json":"{\"b\""`), more(1, `"input_json_delta","partial_json":":2}"`), stop(1), why("tool_use"), last}},
		"text goes on after a call": {[]chat.Event{open(0, say("a")), open(1, call("1")), delta(0, "b"), done(1), delta(0, "c"), end},
			[]string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a"`), stop(0), begin(1, tool("1")), stop(1), begin(2, `{"type":"text","text":""}`), more(2, `"text_delta","text":"b"`), more(2, `"text_delta","text":"c"`), stop(2), why("tool_use"), last}},
		"thinking": {[]chat.Event{open(0, chat.Part{Kind: chat.Reasoning}), delta(0, "hm"), state(0, chat.Part{State: &chat.State{Form: Signature, Data: "sig"}}), done(0), end},
			[]string{begin(0, `{"type":"thinking","thinking":"","signature":""}`), more(0, `"thinking_delta","thinking":"hm"`), more(0, `"signature_delta","signature":"sig"`), stop(0), why("end_turn"), last}},
		"thinking that is not shown": {[]chat.Event{open(0, chat.Part{Kind: chat.Reasoning, State: &chat.State{Form: Signature, Data: "sig"}}), done(0), end},
			[]string{begin(0, `{"type":"thinking","thinking":"","signature":""}`), more(0, `"signature_delta","signature":"sig"`), stop(0), why("end_turn"), last}},
		"redacted thinking": {[]chat.Event{open(0, chat.Part{Kind: chat.Reasoning, Redacted: true, State: &chat.State{Form: Redacted, Data: "d"}}), done(0), end},
			[]string{begin(0, `{"type":"redacted_thinking","data":"d"}`), stop(0), why("end_turn"), last}},
		"another's state": {[]chat.Event{open(0, chat.Part{Kind: chat.Reasoning, Text: "hm"}), state(0, chat.Part{State: &chat.State{Maker: "xai", Form: "encrypted", Data: "e"}}), end},
			[]string{begin(0, `{"type":"thinking","thinking":"","signature":""}`), more(0, `"thinking_delta","thinking":"hm"`), more(0, `"signature_delta","signature":"routor:xai:encrypted:e"`), stop(0), why("end_turn"), last}},
		"thinking in summaries": {[]chat.Event{open(0, chat.Part{Kind: chat.Reasoning}), state(0, chat.Part{Summary: []string{"a", "b"}}), end},
			[]string{begin(0, `{"type":"thinking","thinking":"","signature":""}`), more(0, `"thinking_delta","thinking":"a\n\nb"`), stop(0), why("end_turn"), last}},
		"a citation": {[]chat.Event{open(0, say("")), delta(0, "a"), state(0, chat.Part{Annotations: json.RawMessage(`[{"type":"x"}]`), Dialect: chat.Messages}), state(0, chat.Part{Annotations: json.RawMessage(`[1]`), Dialect: chat.Completions}), end},
			[]string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a"`), more(0, `"citations_delta","citation":{"type":"x"}`), stop(0), why("end_turn"), last}},
		"a hosted tool": {[]chat.Event{open(0, other(json.RawMessage(`{"type":"server_tool_use","id":"s","name":"w","input":{"q":1}}`))), open(1, other(json.RawMessage(`{"type":"web_search_tool_result","content":[]}`))), end},
			[]string{begin(0, `{"type":"server_tool_use","id":"s","name":"w","input":{}}`), more(0, `"input_json_delta","partial_json":"{\"q\":1}"`), stop(0), begin(1, `{"type":"web_search_tool_result","content":[]}`), stop(1), why("end_turn"), last}},
		"what it can't say": {[]chat.Event{open(0, chat.Part{Kind: chat.Image, Media: &chat.Media{}}), open(1, chat.Part{Kind: chat.Other, Dialect: chat.Responses, Raw: json.RawMessage(`{}`)}), open(2, say("a")), {Kind: chat.EventOpen, Choice: 1, Part: say("x")}, {Kind: chat.EventFinish, Choice: 1, Finish: chat.Length}, finish(chat.Stop), end},
			[]string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a"`), stop(0), why("end_turn"), last}},
		"a custom tool": {[]chat.Event{open(0, chat.Part{Kind: chat.ToolCall, Call: &chat.Call{ID: "1", Name: "f", Custom: true}}), delta(0, "a"), delta(0, "\n"), done(0), end},
			[]string{begin(0, tool("1")), more(0, `"input_json_delta","partial_json":"{\"input\":\"a\\n\"}"`), stop(0), why("tool_use"), last}},
		"a refusal":        {[]chat.Event{open(0, chat.Part{Kind: chat.Refusal, Text: "no"}), finish(chat.Stop), end}, []string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"no"`), stop(0), why("refusal"), last}},
		"a content filter": {[]chat.Event{finish(chat.ContentFilter), end}, []string{why("refusal"), last}},
		"too long":         {[]chat.Event{open(0, call("1")), finish(chat.Length), end}, []string{begin(0, tool("1")), stop(0), why("max_tokens"), last}},
		"an error":         {[]chat.Event{open(0, say("a")), {Kind: chat.EventError, Fault: chat.Fault{Status: 529, Message: "busy"}}, done(0), end}, []string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a"`), `{"type":"error","error":{"type":"overloaded_error","message":"busy"},"request_id":null}`}},
		"cut":              {[]chat.Event{open(0, say("a"))}, []string{begin(0, `{"type":"text","text":""}`), more(0, `"text_delta","text":"a"`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Messages.Encoder(chat.Encoding{})
			var out []byte
			for i := range c.events {
				out = e.Append(out, &c.events[i])
			}
			var got []string
			for _, s := range events(t, out) {
				var m struct{ Type string }
				if err := json.Unmarshal(s.data, &m); err != nil || m.Type != s.name {
					t.Errorf("event %q: %v in %s", s.name, err, s.data)
				}
				got = append(got, string(s.data))
			}
			if len(got) < 2 || !strings.Contains(got[0], "message_start") || got[1] != `{"type":"ping"}` {
				t.Fatalf("begins with %.2q", got)
			}
			if !reflect.DeepEqual(got[2:], c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got[2:], "\n"), strings.Join(c.want, "\n"))
			}
			spectest.Validate(t, spectest.Anthropic, "MessageStartEvent", []byte(got[0]))
		})
	}
}

func TestEncodeEnds(t *testing.T) {
	t.Parallel()
	e := Messages.Encoder(chat.Encoding{Last: func() []chat.Member {
		return []chat.Member{{Name: "routor", Value: json.RawMessage(`{"tier":"NANO"}`)}}
	}})
	out := e.Append(nil, &chat.Event{Kind: chat.EventStart, Reply: chat.Reply{ID: "msg_1", Model: "m", Usage: chat.Usage{Input: 3, CacheWrite1h: 2, Known: true}}})
	out = e.Append(out, &chat.Event{Kind: chat.EventUsage, Usage: chat.Usage{Input: 3, CacheWrite1h: 2, CachedRead: 1, Output: 9, Reasoning: 4, AudioInput: 5, WebSearches: 1, Known: true}})
	out = e.Append(out, &chat.Event{Kind: chat.EventFinish, Finish: chat.StopSequence, Sequence: "###"})
	out = e.Append(out, &chat.Event{Kind: chat.EventEnd})
	out = e.Append(out, &chat.Event{Kind: chat.EventPing})
	out = e.Break(out, &chat.Fault{})
	list := events(t, out)
	want := []string{
		`{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"cache_creation_input_tokens":2,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":2},"output_tokens":0,"server_tool_use":null,"service_tier":null}}}`,
		`{"type":"ping"}`,
		`{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"###"},"usage":{"input_tokens":8,"cache_creation_input_tokens":2,"cache_read_input_tokens":1,"output_tokens":9,"output_tokens_details":{"thinking_tokens":4},"server_tool_use":{"web_search_requests":1,"web_fetch_requests":0}},"routor":{"tier":"NANO"}}`,
		`{"type":"message_stop"}`,
	}
	for i := range max(len(list), len(want)) {
		if i >= len(list) || i >= len(want) || string(list[i].data) != want[i] {
			t.Fatalf("event %d: got %s", i, list[min(i, len(list)-1)].data)
		}
	}
	cut := Messages.Encoder(chat.Encoding{})
	got := string(cut.Break(nil, &chat.Fault{Status: 504, Message: "no answer", RequestID: "req_1"}))
	if want := "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"timeout_error\",\"message\":\"no answer\"},\"request_id\":\"req_1\"}\n\n"; got != want {
		t.Errorf("broke with %q", got)
	}
	if got := cut.Append(nil, &chat.Event{Kind: chat.EventEnd}); len(got) > 0 {
		t.Errorf("after the break: %s", got)
	}
}

// TestDecode says what streams that no recording has become.
func TestDecode(t *testing.T) {
	t.Parallel()
	const head = `{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":3,"output_tokens":1,"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":5},"service_tier":"priority","inference_geo":"eu"},"container":{"id":"c"}}}`
	for name, c := range map[string]struct {
		data  string
		want  chat.Reply
		ended bool
		fault *chat.Fault
	}{
		"usage and late members": {head + `
{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null,"stop_details":{"type":"refusal"}},"usage":{"output_tokens":9,"server_tool_use":{"web_search_requests":2}},"context_management":{"applied_edits":[]}}
{"type":"message_stop"}`, chat.Reply{ServiceTier: "priority",
			Choices: []chat.Choice{{Finish: chat.Refused}},
			Usage:   chat.Usage{Input: 3, Output: 9, CacheWrite5m: 2, CacheWrite1h: 5, WebSearches: 2, Known: true},
			Extra: []chat.Member{{Name: "container", Value: json.RawMessage(`{"id":"c"}`)}, {Name: "usage.inference_geo", Value: json.RawMessage(`"eu"`)},
				{Name: "stop_details", Value: json.RawMessage(`{"type":"refusal"}`)}, {Name: "context_management", Value: json.RawMessage(`{"applied_edits":[]}`)},
				{Name: "usage.server_tool_use", Value: json.RawMessage(`{"web_search_requests":2}`)}}}, true, nil},
		"a citation and a compaction": {`{"type":"message_start","message":{"id":"msg_1","model":"m"}}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a","citations":[]}}
{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"x"}}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"b"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"compaction","content":""}}
{"type":"content_block_delta","index":1,"delta":{"type":"compaction_delta","content":"so "}}
{"type":"content_block_delta","index":1,"delta":{"type":"compaction_delta","content":"far"}}
{"type":"content_block_stop","index":1}
{"type":"message_delta","delta":{"stop_reason":"compaction"}}
{"type":"message_stop"}`, chat.Reply{Choices: []chat.Choice{{Finish: chat.Stop, Parts: []chat.Part{
			{Kind: chat.Text, Text: "ab", Annotations: json.RawMessage(`[{"type":"x"}]`), Dialect: chat.Messages},
			{Kind: chat.Other, Dialect: chat.Messages, Raw: json.RawMessage(`{"type":"compaction","content":"so far"}`)},
		}}}, Extra: []chat.Member{{Name: "stop_reason", Value: json.RawMessage(`"compaction"`)}}}, true, nil},
		"input at once, and none": {`{"type":"message_start","message":{"id":"msg_1","model":"m"}}
{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"1","name":"f","input":{"a":1.0}}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"2","name":"f","input":{}}}
{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}
{"type":"content_block_stop","index":1}
{"type":"message_delta","delta":{"stop_reason":"tool_use"}}`, chat.Reply{Choices: []chat.Choice{{Finish: chat.ToolCalls, Parts: []chat.Part{
			calls("1", "f", `{"a":1.0}`), calls("2", "f", "{}"),
		}}}}, true, nil},
		"cut": {`{"type":"message_start","message":{"id":"msg_1","model":"m"}}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"b"}}`, chat.Reply{Choices: []chat.Choice{{Parts: []chat.Part{say("b")}}}}, false, nil},
		"an error": {`{"type":"message_start","message":{"id":"msg_1","model":"m"}}
{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}`, chat.Reply{}, false,
			&chat.Fault{Status: 529, Type: "server_error", Code: "overloaded_error", Message: "Overloaded", RequestID: "req_1"}},
		"begun twice": {`{"type":"message_start","message":{"id":"msg_1","model":"m"}}
{"type":"message_start","message":{"id":"msg_1","model":"m"}}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}
{"type":"message_delta","delta":{"stop_reason":"end_turn"}}
{"type":"message_stop"}`, chat.Reply{Choices: []chat.Choice{{Finish: chat.Stop, Parts: []chat.Part{say("a")}}}}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, _ := pass(t, name, events(t, []byte(c.data)))
			c.want.From, c.want.ID, c.want.Model = chat.Messages, "msg_1", "m"
			if !reflect.DeepEqual(g.Reply, c.want) || g.Ended != c.ended || !reflect.DeepEqual(g.Fault, c.fault) {
				t.Errorf("ended %t, fault %+v\n%s", g.Ended, g.Fault, differ(c.want, g.Reply))
			}
		})
	}
	if err := Messages.Decoder().Decode("message_start", []byte(`{"type":`), func(*chat.Event) {}); err == nil {
		t.Error("half an event is taken")
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]chat.Chunk{
		`{"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}`: {Choices: 1, Usage: chat.Usage{Input: 3, Output: 1, Known: true}},
		`{"type": "ping"}   `: {Choices: 1},
		`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`:                                 {Choices: 1},
		`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`:          {Choices: 1, Reasoning: true},
		`{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"x"}}`:                   {Choices: 1, Reasoning: true},
		`{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"1","name":"f","input":{}}}`:        {Choices: 1, Content: true, Tool: true},
		`{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"1","name":"f","input":{}}}`: {Choices: 1, Content: true},
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}`:                                  {Choices: 1, Content: true},
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}`:                                   {Choices: 1},
		`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}`:                          {Choices: 1, Reasoning: true},
		`{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"a"}}`:                        {Choices: 1, Reasoning: true},
		`{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}`:                    {Choices: 1, Content: true, Tool: true},
		`{"type":"content_block_stop","index":0}`:                                                                            {Choices: 1},
		`{"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":7}}`:     {Choices: 1, Finish: chat.Length, Usage: chat.Usage{Output: 7, Known: true}},
		`{"type":"message_stop"}`: {Choices: 1, Done: true},
		`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`: {Choices: -1, Error: true},
		`{"error":{"message":"x"}}`: {Choices: -1, Error: true},
		`{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}`: {Choices: 1, Content: true, Finish: chat.Stop},
		`{"type":"message_st`: {Choices: 1, Invalid: true},
		`[DONE]`:              {Choices: 1, Invalid: true},
		``:                    {Choices: 1, Invalid: true},
	} {
		var got chat.Chunk
		if Messages.Inspect("", []byte(data), &got); got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", data, got, want)
		}
	}
}

func TestAppendFault(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
		413: "request_too_large", 422: "invalid_request_error", 429: "rate_limit_error", 500: "api_error", 502: "api_error",
		503: "overloaded_error", 504: "timeout_error", 529: "overloaded_error", 0: "api_error",
	} {
		body := Messages.AppendFault(nil, &chat.Fault{Status: status, Type: "x", Message: "m \"x\""})
		if got := string(body); got != `{"type":"error","error":{"type":"`+want+`","message":"m \"x\""},"request_id":null}` {
			t.Errorf("%d became %s", status, got)
		}
		if want != "request_too_large" { // younger than the document
			spectest.Validate(t, spectest.Anthropic, "ErrorResponse", body)
		}
	}
	if got := string(Messages.AppendFault(nil, &chat.Fault{Code: "overloaded_error", RequestID: "r"})); got != `{"type":"error","error":{"type":"overloaded_error","message":"overloaded_error"},"request_id":"r"}` {
		t.Error(got)
	}
}

// TestAppendReply says what becomes of answers in other dialects.
func TestAppendReply(t *testing.T) {
	t.Parallel()
	const use = `"usage":{"input_tokens":2,"cache_creation_input_tokens":0,"cache_read_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":5,"server_tool_use":null,"service_tier":"standard"}`
	for name, c := range map[string]struct {
		choice chat.Choice
		want   string
	}{
		"text":      {chat.Choice{Finish: chat.Stop, Parts: []chat.Part{say("a"), say("")}}, `"content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","stop_sequence":null`},
		"calls":     {chat.Choice{Finish: chat.Stop, Parts: []chat.Part{calls("1", "f", `{"b":1.0,"a":2}`), calls("2", "g", "")}}, `"content":[{"type":"tool_use","id":"1","name":"f","input":{"b":1.0,"a":2}},{"type":"tool_use","id":"2","name":"g","input":{}}],"stop_reason":"tool_use","stop_sequence":null`},
		"reasoning": {chat.Choice{Finish: chat.Length, Parts: []chat.Part{thinks("hm", &chat.State{Maker: "deepseek", Form: "text"}), thinks("", nil)}}, `"content":[{"type":"thinking","thinking":"hm","signature":"routor:deepseek:text:"}],"stop_reason":"max_tokens","stop_sequence":null`},
		"a refusal": {chat.Choice{Finish: chat.Stop, Parts: []chat.Part{{Kind: chat.Refusal, Text: "no"}}}, `"content":[{"type":"text","text":"no"}],"stop_reason":"refusal","stop_sequence":null`},
		"speech":    {chat.Choice{Finish: chat.StopSequence, Sequence: "x", Parts: []chat.Part{{Kind: chat.Audio, Text: "said", Media: &chat.Media{Data: "A"}}, {Kind: chat.Image, Media: &chat.Media{}}}}, `"content":[{"type":"text","text":"said"}],"stop_reason":"stop_sequence","stop_sequence":"x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &chat.Reply{From: chat.Completions, ID: "c1", Model: "m", ServiceTier: "default", Usage: chat.Usage{Input: 2, CachedRead: 3, Output: 5, Known: true},
				Choices: []chat.Choice{c.choice, {Index: 1, Parts: []chat.Part{say("another")}}}, Extra: []chat.Member{{Name: "system_fingerprint", Value: json.RawMessage(`"x"`)}}}
			got := string(Messages.AppendReply(nil, r))
			if want := `{"id":"c1","type":"message","role":"assistant","model":"m",` + c.want + "," + use + "}"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			spectest.Validate(t, spectest.Anthropic, "Message", withCitations(t, got))
		})
	}
	var again chat.Reply
	if err := Messages.ReadReply(Messages.AppendReply(nil, &chat.Reply{}), &again); err != nil || !strings.HasPrefix(again.ID, "msg_") {
		t.Errorf("an empty answer: %+v, %v", again, err)
	}
}

// withCitations is an answer with what the document asks for and Anthropic leaves out of texts without citations.
func withCitations(t *testing.T, body string) []byte {
	t.Helper()
	return []byte(strings.ReplaceAll(body, `{"type":"text",`, `{"type":"text","citations":null,`))
}

func TestAppendCount(t *testing.T) {
	t.Parallel()
	got := AppendCount(nil, 42)
	if string(got) != `{"input_tokens":42}` {
		t.Errorf("%s", got)
	}
	spectest.Validate(t, spectest.Anthropic, "CountMessageTokensResponse", got)
}

package openai

import (
	"encoding/json"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/sse"

	"bytes"
)

var fuzzRequests = map[chat.Dialect][]string{
	chat.Completions: {
		`{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}},{"type":"file","file":{"file_id":"f"}}]},{"role":"assistant","content":null,"reasoning_content":"r","reasoning_details":[{"type":"reasoning.text","text":"t","signature":"routor:a:signature:x"}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"ok"}],"tools":[{"type":"function","function":{"name":"f","parameters":{}}},{"type":"custom","custom":{"name":"g","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"f"}}]}},"stop":"x","max_tokens":5}`,
		`{"messages":[{"role":"assistant","function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}],"functions":[{"name":"f"}],"function_call":{"name":"f"}}`,
	},
	chat.Responses: {
		`{"model":"m","instructions":"i","input":[{"role":"user","content":"hi"},{"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"s"}],"encrypted_content":"e"},{"type":"message","id":"msg","role":"assistant","status":"completed","content":[{"type":"output_text","text":"t","annotations":[{}],"logprobs":[]},{"type":"refusal","refusal":"n"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":[{"type":"input_text","text":"x"}]},{"type":"item_reference","id":"x"}],"tools":[{"type":"namespace","name":"n","description":"d","tools":[{"type":"function","name":"f"}]},{"type":"web_search"}],"text":{"format":{"type":"json_schema","name":"a","schema":{}}},"reasoning":{"effort":"low","summary":"auto"}}`,
	},
}

// FuzzRequests reads requests of either dialect: whatever is taken can be written in both, as JSON, and read again.
func FuzzRequests(f *testing.F) {
	for d, list := range fuzzRequests {
		for _, s := range list {
			f.Add([]byte(s), d == chat.Responses)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, responses bool) {
		from, to := Chat, Responses
		if responses {
			from, to = to, from
		}
		var c chat.Conversation
		if from.ReadRequest(body, &c) != nil {
			return
		}
		for _, codec := range []chat.Codec{from, to} {
			out, _, err := codec.AppendRequest(nil, &c, &chat.Target{Provider: "p"})
			if err != nil || !json.Valid(out) {
				t.Fatalf("%q became %q as %s: %v", body, out, codec.Dialect(), err)
			}
		}
	})
}

// FuzzReplies reads answers of either dialect: whatever is taken can be written in both, as JSON, and read again.
func FuzzReplies(f *testing.F) {
	f.Add([]byte(`{"id":"x","choices":[{"index":0,"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"t"}]},{"type":"text","text":"a"}],"refusal":"n","annotations":[{"type":"url_citation","url_citation":{"url":"u"}}],"audio":{"id":"a","data":"x"},"tool_calls":[{"function":{"name":"f","arguments":{}}}],"executed_tools":[1]},"finish_reason":"stop","logprobs":{"content":[]}}],"usage":{"prompt_tokens":1}}`), false)
	f.Add([]byte(`{"id":"x","status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[{"type":"reasoning","id":"r","summary":[{"text":"s"}],"encrypted_content":"routor:a:signature:x"},{"type":"message","id":"m","content":[{"type":"output_text","text":"t","logprobs":[{}]}]},{"type":"web_search_call","id":"w"},{"type":"custom_tool_call","call_id":"c","name":"n","input":"i"}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, responses bool) {
		from := Chat
		if responses {
			from = Responses
		}
		var r chat.Reply
		var k chat.Chunk
		from.Inspect("", body, &k)
		if from.ReadReply(body, &r) != nil {
			return
		}
		for _, codec := range []chat.Codec{Chat, Responses} {
			var again chat.Reply
			out := codec.AppendReply(nil, &r)
			if err := codec.ReadReply(out, &again); err != nil || !json.Valid(out) {
				t.Fatalf("%q became %q as %s: %v", body, out, codec.Dialect(), err)
			}
		}
	})
}

// FuzzStreams decodes streams of either dialect and writes them in both: all data is JSON.
func FuzzStreams(f *testing.F) {
	f.Add([]byte("data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"reasoning_content\":\"r\",\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":\"d\"}],\"content\":\"a\",\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}]},\"logprobs\":{\"content\":[1]},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\n"), false)
	f.Add([]byte("data: {\"type\":\"response.output_item.added\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"id\":\"f\",\"call_id\":\"c\",\"name\":\"n\"}}\n\ndata: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":0,\"delta\":\"{\"}\n\ndata: {\"type\":\"response.output_text.delta\",\"output_index\":1,\"delta\":\"t\",\"logprobs\":[1]}\n\ndata: {\"type\":\"response.reasoning_summary_text.delta\",\"output_index\":2,\"delta\":\"t\"}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"output\":[]}}\n\n"), true)
	f.Fuzz(func(t *testing.T, stream []byte, responses bool) {
		from := Chat
		if responses {
			from = Responses
		}
		d := from.Decoder()
		to := []chat.Encoder{Chat.Encoder(chat.Encoding{IncludeUsage: true}), Responses.Encoder(chat.Encoding{})}
		out := make([][]byte, len(to))
		var g chat.Gather
		tell := func(e *chat.Event) {
			g.Tell(e)
			for i, enc := range to {
				out[i] = enc.Append(out[i], e)
			}
		}
		r := sse.NewReader(bytes.NewReader(stream))
		for {
			e, err := r.Next()
			if err != nil {
				break
			}
			if e.Data == nil || !json.Valid(e.Data) && string(e.Data) != "[DONE]" {
				continue
			}
			var k chat.Chunk
			from.Inspect(string(e.Name), e.Data, &k)
			if d.Decode(string(e.Name), e.Data, tell) != nil {
				break
			}
		}
		d.End(tell)
		for i := range out {
			r := sse.NewReader(bytes.NewReader(out[i]))
			for {
				e, err := r.Next()
				if err != nil {
					break
				}
				if e.Data != nil && !json.Valid(e.Data) && string(e.Data) != "[DONE]" {
					t.Fatalf("%q became %q", stream, e.Data)
				}
			}
		}
	})
}

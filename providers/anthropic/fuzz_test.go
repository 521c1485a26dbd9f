package anthropic

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/routor/routor/engine/chat"
)

// FuzzReadRequest: whatever the bytes are, nothing panics; what is read can be written, and the same is read from that.
func FuzzReadRequest(f *testing.F) {
	for seed := range uint64(5) {
		f.Add(generator{newRand(seed)}.request(), true, int64(0))
	}
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a.b","content":[{"type":"tool_result","tool_use_id":"x"}]}]}]}`), false, int64(100))
	f.Add([]byte(`{"model":"\ud800","messages":[{"role":"system","content":[]}],"tools":[{"name":"f","input_schema":1}]}`), false, int64(1))
	f.Fuzz(func(t *testing.T, body []byte, adaptive bool, most int64) {
		before := bytes.Clone(body)
		var c chat.Conversation
		err := Messages.ReadRequest(body, &c)
		if !bytes.Equal(body, before) {
			t.Fatal("ReadRequest changed the body")
		}
		if err != nil {
			if e, ok := err.(*chat.Error); !ok || e.Message == "" || e.Offset < 0 || e.Offset > len(body) {
				t.Fatalf("error without place or message: %#v", err)
			}
			return
		}
		target := &chat.Target{Provider: "anthropic", Model: "m", Thinks: true, Adaptive: adaptive, MaxOutput: max(most, 0), Efforts: levels}
		for _, from := range []chat.Dialect{chat.Messages, chat.Completions} {
			c.From = from
			out, _, err := Messages.AppendRequest(nil, &c, target)
			if err != nil {
				continue
			}
			if !json.Valid(out) {
				t.Fatalf("%s\nbecame %s", body, out)
			}
			var again chat.Conversation
			if err := Messages.ReadRequest(out, &again); err != nil && from == chat.Messages && c.Model == "m" && len(c.Extra) == 0 && len(c.Tools) == 0 {
				t.Fatalf("%s\nbecame %s: %v", body, out, err)
			}
		}
	})
}

// FuzzReadReply: what is read of an answer is the same after it was written.
func FuzzReadReply(f *testing.F) {
	f.Add([]byte(`{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"a","citations":[{}]},{"type":"tool_use","id":"1","name":"f","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":2,"cache_creation_input_tokens":9,"service_tier":"standard","server_tool_use":{"web_search_requests":1}},"container":{"id":"c"}}`))
	f.Add([]byte(`{"content":[{"type":"text"},{"type":"tool_use"},{"type":"x"}],"stop_reason":"new","usage":{"output_tokens":1e9,"x":{}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var r, again chat.Reply
		if err := Messages.ReadReply(body, &r); err != nil {
			return
		}
		out := Messages.AppendReply(nil, &r)
		if !json.Valid(out) {
			t.Fatalf("%s\nbecame %s", body, out)
		}
		if err := Messages.ReadReply(out, &again); err != nil {
			t.Fatalf("%s\nbecame %s: %v", body, out, err)
		}
		if a, b := len(r.Choices[0].Parts), len(again.Choices[0].Parts); b > a {
			t.Fatalf("%s\nbecame %s with more parts", body, out)
		}
		var c chat.Chunk
		Messages.Inspect("", body, &c)
	})
}

// FuzzDecoder: whatever comes, nothing panics, parts are opened before they go on, and what is written is events of JSON.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte(`{"type":"message_start","message":{"id":"a"}}
{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","input":{}}}
{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"1","name":"f"}}
{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}
{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{"}}
{"type":"content_block_stop","index":0}
{"type":"message_delta","delta":{"stop_reason":"x","a":1},"usage":{"output_tokens":3}}
{"type":"message_stop"}`))
	f.Add([]byte(`{"type":"content_block_start","index":0,"content_block":{"type":"thinking"}}
{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"routor:a:b:c"}}
{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":1}}
{"type":"error"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, e := Messages.Decoder(), Messages.Encoder(chat.Encoding{})
		var g chat.Gather
		var out []byte
		open := map[int]bool{}
		ended := false
		tell := func(ev *chat.Event) {
			switch ev.Kind {
			case chat.EventOpen:
				open[ev.Index] = true
			case chat.EventDelta, chat.EventState, chat.EventClose:
				if !open[ev.Index] {
					t.Fatalf("event %d of part %d, which was not opened", ev.Kind, ev.Index)
				}
			case chat.EventEnd, chat.EventError:
				if ended {
					t.Fatal("ended twice")
				}
				ended = true
			}
			g.Tell(ev)
			out = e.Append(out, ev)
		}
		for _, line := range bytes.Split(body, []byte("\n")) {
			_ = d.Decode("", line, tell)
		}
		d.End(tell)
		for _, s := range events(t, out) {
			if !json.Valid(s.data) {
				t.Fatalf("%s\nbecame %s", body, s.data)
			}
		}
		Messages.AppendReply(nil, &g.Reply)
	})
}

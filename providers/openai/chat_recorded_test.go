package openai

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

// TestRecordedChatRequests reads every recorded request and writes it again: nothing may be lost or changed.
func TestRecordedChatRequests(t *testing.T) {
	t.Parallel()
	passed, out := 0, 0
	for _, e := range exchanges(t, "chat") {
		if e.request == nil {
			continue
		}
		var c chat.Conversation
		if err := Chat.ReadRequest(e.request, &c); err != nil {
			t.Logf("left out: %s: HTTP %d: %v", e.path, e.status, err)
			out++
			if e.status == 200 {
				t.Errorf("%s: %v", e.path, err)
			}
			continue
		}
		body, dropped, err := Chat.AppendRequest(nil, &c, &chat.Target{})
		if err != nil || len(dropped) > 0 {
			t.Errorf("%s: dropped %v, error %v", e.path, dropped, err)
			continue
		}
		got, want := canonChat(t, body), canonChat(t, e.request)
		for i, m := range list(want["messages"]) { // Z.AI takes answers that don't say of which call
			if m := m.(map[string]any); m["role"] == "tool" && m["tool_call_id"] == nil && i < len(list(got["messages"])) {
				delete(list(got["messages"])[i].(map[string]any), "tool_call_id")
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: changed on the way: %s", e.path, strings.Join(differences(got, want), "\n"))
			continue
		}
		passed++
	}
	t.Logf("%d requests the same again, %d left out", passed, out)
}

// canonChat is a request with what has several spellings in one: max_tokens, a single stop, a text alone, an image's URL alone,
// a tool without type, null and "" where there is no content, what is null.
func canonChat(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for k, e := range v {
		if e == nil {
			delete(v, k)
		}
	}
	if n, ok := v["max_tokens"]; ok && v["max_completion_tokens"] == nil {
		v["max_completion_tokens"] = n
		delete(v, "max_tokens")
	}
	if s, ok := v["stop"].(string); ok {
		v["stop"] = []any{s}
	}
	if v["stream"] == false {
		delete(v, "stream")
	}
	if o, ok := v["stream_options"].(map[string]any); ok && v["stream"] == nil {
		_ = o
		delete(v, "stream_options") // it says nothing where nothing is streamed
	}
	if v["model"] == nil {
		v["model"] = "" // Azure has it in the path
	}
	for _, tool := range list(v["tools"]) {
		o := tool.(map[string]any)
		if o["type"] == nil {
			o["type"] = "function"
		}
		if f, _ := o["function"].(map[string]any); f["description"] == "" || f != nil && f["description"] == nil {
			delete(f, "description")
		}
	}
	if f, _ := v["response_format"].(map[string]any); f != nil {
		if s, _ := f["json_schema"].(map[string]any); s["description"] == "" {
			delete(s, "description")
		}
	}
	if messages := list(v["messages"]); messages != nil {
		for i := range messages {
			messages[i] = canonMessage(messages[i].(map[string]any))
		}
	}
	return v
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func canonMessage(m map[string]any) map[string]any {
	for k, e := range m {
		if e == nil || (k == "annotations" || k == "tool_calls") && len(list(e)) == 0 || k == "tool_call_id" && m["name"] != nil {
			delete(m, k)
		}
	}
	if parts := list(m["content"]); len(parts) == 1 {
		if p := parts[0].(map[string]any); p["type"] == "text" && len(p) == 2 {
			m["content"] = p["text"]
		}
	}
	if m["content"] == nil || fmt.Sprint(m["content"]) == "[]" {
		m["content"] = ""
	}
	if m["reasoning_content"] == "" {
		delete(m, "reasoning_content")
	}
	return m
}

// TestRecordedChatAnswers reads every recorded answer; what is written of it reads as the same and is valid by OpenAI's document.
func TestRecordedChatAnswers(t *testing.T) {
	t.Parallel()
	passed, failed := 0, 0
	for _, e := range exchanges(t, "chat") {
		if e.stream || e.answer == nil || e.status != 200 {
			continue
		}
		if isError(e) {
			failed++
			continue
		}
		var r, again chat.Reply
		if err := Chat.ReadReply(e.answer, &r); err != nil {
			t.Errorf("%s: %v", e.path, err)
			continue
		}
		body := Chat.AppendReply(nil, &r)
		valid(t, e.path, "CreateChatCompletionResponse", body)
		if err := Chat.ReadReply(body, &again); err != nil {
			t.Errorf("%s: %v: %s", e.path, err, body)
			continue
		}
		same(t, e.path, again, r)
		passed++
	}
	t.Logf("%d answers, %d more are errors", passed, failed)
}

func valid(t *testing.T, path, schema string, body []byte) {
	t.Helper()
	if err := spectest.Check(t, spectest.OpenAI, schema, body); err != nil {
		if len(body) > 2500 {
			body = body[:2500]
		}
		t.Errorf("%s: %s: %v\n%s", path, schema, err, body)
	}
}

// TestRecordedChatStreams reads every recorded stream, whose encoding reads as the same, chunk by chunk as well as whole, and is
// valid by OpenAI's document.
func TestRecordedChatStreams(t *testing.T) {
	t.Parallel()
	passed, failed := 0, 0
	for _, e := range exchanges(t, "chat") {
		if !e.stream || e.status != 200 {
			continue
		}
		g := decode(t, Chat, e.answer)
		if g.Fault != nil {
			t.Logf("left out: %s tells an error: %+v", e.path, *g.Fault)
			failed++
			continue
		}
		if !g.Ended {
			t.Errorf("%s: not whole", e.path)
		}
		for _, usage := range []bool{true, false} {
			out := encode(t, Chat, e.answer, chat.Encoding{IncludeUsage: usage})
			whole := Chat.Encoder(chat.Encoding{IncludeUsage: usage})
			var out2 []byte
			g.Reply.Events(func(ev *chat.Event) { out2 = whole.Append(out2, ev) })
			for i, b := range [][]byte{out, out2} {
				validChunks(t, e.path, b, i == 0)
				again := decode(t, Chat, b)
				want := g.Reply
				if !usage {
					want.Usage = chat.Usage{}
				}
				same(t, e.path, again.Reply, want)
			}
		}
		passed++
	}
	t.Logf("%d streams, %d more are errors", passed, failed)
}

func validChunks(t *testing.T, path string, stream []byte, all bool) {
	t.Helper()
	list := events(t, stream)
	if n := len(list); n == 0 || list[n-1][1] != "[DONE]" {
		t.Errorf("%s: no [DONE] at the end: %s", path, stream)
		return
	}
	for i, e := range list[:len(list)-1] {
		if all && i > 5 && i < len(list)-5 && i%16 != 0 {
			continue // validating takes its time; deltas are all alike
		}
		if !strings.Contains(e[1], `"type":"custom"`) { // the document knows no custom tools in chunks, though OpenAI streams them
			valid(t, path, "CreateChatCompletionStreamResponse", []byte(e[1]))
		}
	}
}

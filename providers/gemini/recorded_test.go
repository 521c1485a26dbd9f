package gemini

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
	"github.com/routor/routor/providers/sse"
)

// truth is what a plain reading of recorded answers finds, by the general JSON package.
type truth struct {
	text, thoughts string
	calls          []string
	finish         bool
	prompt, output int64
}

func truthOf(t *testing.T, bodies [][]byte) (out truth) {
	for _, b := range bodies {
		var body struct {
			Candidates []struct {
				Content struct {
					Parts []struct {
						Text         string
						Thought      bool
						FunctionCall *struct {
							Name string
							Args json.RawMessage
						}
					}
				}
				FinishReason any
			}
			UsageMetadata *struct{ PromptTokenCount, CandidatesTokenCount, ThoughtsTokenCount, ToolUsePromptTokenCount int64 }
		}
		if err := json.Unmarshal(b, &body); err != nil {
			t.Fatal(err)
		}
		for _, c := range body.Candidates {
			for _, p := range c.Content.Parts {
				switch {
				case p.FunctionCall != nil && p.FunctionCall.Name != "":
					out.calls = append(out.calls, p.FunctionCall.Name)
				case p.Thought:
					out.thoughts += p.Text
				default:
					out.text += p.Text
				}
			}
			out.finish = out.finish || c.FinishReason != nil
		}
		if u := body.UsageMetadata; u != nil && u.PromptTokenCount+u.CandidatesTokenCount+u.ThoughtsTokenCount > 0 {
			out.prompt, out.output = u.PromptTokenCount+u.ToolUsePromptTokenCount, u.CandidatesTokenCount+u.ThoughtsTokenCount
		}
	}
	return out
}

func truthOfReply(r *chat.Reply) (out truth) {
	for _, c := range r.Choices {
		for _, p := range c.Parts {
			switch p.Kind {
			case chat.Text:
				out.text += p.Text
			case chat.Reasoning:
				out.thoughts += p.Text
			case chat.ToolCall:
				out.calls = append(out.calls, p.Call.Name)
			}
		}
		out.finish = out.finish || c.Finish != ""
	}
	out.prompt, out.output = r.Usage.Prompt(), r.Usage.Completion()
	return out
}

// TestRecordedAnswers: every recorded answer is read whole, and what is read, written and read again is the same.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	all, left := fixtures(t)
	passed := map[string]int{}
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			bodies := f.bodies()
			if len(bodies) == 0 {
				left["no response recorded"]++
				return
			}
			var first chat.Chunk
			Generate.Inspect("", bodies[0], &first)
			if f.status >= 400 {
				if !first.Error || f.response != nil && Generate.ReadReply(f.response, new(chat.Reply)) == nil {
					t.Errorf("an error passed for an answer: %s", bodies[0])
				}
				passed["error"]++
				return
			}
			reply := read(t, &f)
			want := truthOf(t, withoutEndMark(bodies))
			got := truthOfReply(&reply)
			if first := strings.Contains(string(bodies[0]), "blockReason"); first {
				want.finish = true
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("read %+v\nwant %+v", got, want)
			}
			again(t, &reply, f.response != nil)
			passed[map[bool]string{true: "plain", false: "stream"}[f.response != nil]]++
		})
	}
	t.Logf("passed: %v; left out: %v", passed, left)
}

// withoutEndMark are the chunks one by one, without a gateway's [DONE].
func withoutEndMark(chunks [][]byte) (out [][]byte) {
	for _, c := range chunks {
		if json.Valid(c) {
			out = append(out, c)
			continue
		}
		for line := range bytes.Lines(c) {
			if json.Valid(line) {
				out = append(out, line)
			}
		}
	}
	return out
}

func read(t *testing.T, f *fixture) (r chat.Reply) {
	t.Helper()
	if f.response != nil {
		if err := Generate.ReadReply(f.response, &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	var g chat.Gather
	d := Generate.Decoder()
	for _, c := range f.chunks {
		if err := d.Decode("", c, g.Tell); err != nil {
			t.Fatal(err)
		}
	}
	d.End(g.Tell)
	if !g.Ended {
		t.Errorf("not ended: %+v", g)
	}
	return g.Reply
}

// again writes a reply, whole and as a stream, and reads it again. What was read from a whole body has the members that only
// Gemini knows as well.
func again(t *testing.T, r *chat.Reply, whole bool) {
	t.Helper()
	var second chat.Reply
	written := Generate.AppendReply(nil, r)
	if err := Generate.ReadReply(written, &second); err != nil {
		t.Fatalf("%v\n%s", err, written)
	}
	a, b := *r, second
	if !whole {
		forget(&a)
		forget(&b)
	}
	if a, b := plain(&a), plain(&b); a != b {
		t.Errorf("whole:\n%.1500s\nwritten as %.1500s\nis\n%.1500s", a, written, b)
	}
	enc := Generate.Encoder(chat.Encoding{})
	var stream []byte
	r.Events(func(e *chat.Event) { stream = enc.Append(stream, e) })
	var g chat.Gather
	d := Generate.Decoder()
	in := sse.NewReader(bytes.NewReader(stream))
	for {
		e, err := in.Next()
		if err != nil {
			break
		}
		if err := d.Decode("", e.Data, g.Tell); err != nil {
			t.Fatal(err)
		}
	}
	d.End(g.Tell)
	a, b = *r, g.Reply
	forget(&a)
	forget(&b)
	if a, b := plain(&a), plain(&b); a != b || !g.Ended {
		t.Errorf("stream:\n%.1500s\nwritten as %.1500s\nis\n%.1500s", a, stream, b)
	}
}

// forget takes away what a stream of one chunk a part does not carry: the members that only Gemini knows, sources, and the ids
// that are made up for every answer anew.
func forget(r *chat.Reply) {
	r.Extra, r.Created, r.ServiceTier = nil, 0, ""
	r.Choices = append([]chat.Choice(nil), r.Choices...)
	for i := range r.Choices {
		c := &r.Choices[i]
		c.Extra = nil
		var parts []chat.Part
		for _, p := range c.Parts {
			p.Annotations, p.Dialect, p.Extra = nil, map[bool]chat.Dialect{true: p.Dialect}[p.Kind == chat.Other], nil
			if n := len(parts); n > 0 && parts[n-1].Kind == p.Kind && p.Kind == chat.Text && parts[n-1].State == nil {
				parts[n-1].Text += p.Text
				parts[n-1].State = p.State
				continue
			}
			parts = append(parts, p)
		}
		c.Parts = parts
	}
}

func plain(r *chat.Reply) string {
	b, _ := json.Marshal(r)
	return string(b)
}

// TestRecordedRequests: what a client of this dialect says arrives as it said it.
func TestRecordedRequests(t *testing.T) {
	t.Parallel()
	all, left := fixtures(t)
	passed, refused := 0, 0
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			var v map[string]any
			if f.request == nil || json.Unmarshal(f.request, &v) != nil || v["contents"] == nil {
				left["no request recorded"]++
				return
			}
			var c chat.Conversation
			if err := Generate.ReadRequest(f.request, &c); err != nil {
				if f.status != 400 {
					t.Fatal(err)
				}
				refused++
				return
			}
			out, dropped, err := Generate.AppendRequest(nil, &c, &chat.Target{Provider: "google"})
			if err != nil || len(dropped) > 0 {
				t.Fatalf("%v, dropped %v", err, dropped)
			}
			if want, got := canonical(t, f.request), canonical(t, out); want != got {
				t.Errorf("sent  %s\nwrote %s", want, got)
			}
			// What the hub holds is also all that another dialect's request would bring: it has to be a valid request.
			c.From = chat.Messages
			for i := range c.Tools {
				if c.Tools[i].Hosted == "" {
					c.Tools[i].Dialect, c.Tools[i].Raw = "", nil
				}
			}
			if out, _, err = Generate.AppendRequest(nil, &c, &chat.Target{Provider: "google", Thinks: true, Efforts: []string{"low", "high"}}); err != nil {
				if !NeedsBytes(&c) && !strings.Contains(err.Error(), "store") {
					t.Fatal(err)
				}
				passed++
				return
			}
			if !bytes.Contains(out, []byte("toolCall")) && !bytes.Contains(out, []byte("file_search_store_names")) { // newer than the document
				spectest.Validate(t, spectest.Gemini, "GenerateContentRequest", out)
			}
			passed++
		})
	}
	t.Logf("%d passed, %d refused as Google did; left out: %v", passed, refused, left)
}

// canonical is a request in one spelling: names in camel case, functions in one list, no empty things, one spelling of enums.
func canonical(t *testing.T, body []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	m := respell(v).(map[string]any)
	delete(m, "model")
	if tools, ok := m["tools"].([]any); ok {
		var list []any
		for _, tool := range tools {
			for k, v := range tool.(map[string]any) {
				if k == "functionDeclarations" {
					list = append(list, v.([]any)...)
					continue
				}
				list = append(list, map[string]any{k: v})
			}
		}
		m["tools"] = list
	}
	b, _ := json.Marshal(prune(m))
	return string(b)
}

func respell(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = respell(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			n := camel([]byte(k))
			if e == nil || n == "thought" && e == false {
				continue
			}
			switch n {
			case "args", "response", "parameters", "parametersJsonSchema", "responseJsonSchema", "responseSchema", "file_search_store_names":
			default:
				e = respell(e)
			}
			if s, ok := e.(string); ok && n == "thinkingLevel" {
				e = strings.ToUpper(s)
			}
			out[n] = e
		}
		return out
	}
	return v
}

// prune takes away what says nothing: empty objects in places where they are the default, roles that go without saying.
func prune(m map[string]any) map[string]any {
	if s, ok := m["systemInstruction"].(map[string]any); ok {
		delete(s, "role")
	}
	for _, name := range []string{"generationConfig", "toolConfig", "tools", "safetySettings"} {
		switch v := m[name].(type) {
		case map[string]any:
			for k, e := range v {
				if e == nil || fmt.Sprint(e) == "map[]" {
					delete(v, k)
				}
			}
			if len(v) == 0 {
				delete(m, name)
			}
		case []any:
			if len(v) == 0 && name == "tools" {
				delete(m, name)
			}
		case nil:
			delete(m, name)
		}
	}
	list, _ := m["contents"].([]any)
	for _, c := range list {
		c := c.(map[string]any)
		if c["role"] == nil {
			c["role"] = "user"
		}
	}
	return m
}

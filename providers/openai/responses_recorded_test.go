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

// TestRecordedResponsesRequests reads every recorded request and writes it again: nothing may be lost or changed.
func TestRecordedResponsesRequests(t *testing.T) {
	t.Parallel()
	passed, out := 0, 0
	for _, e := range exchanges(t, "responses") {
		if e.request == nil {
			continue
		}
		var c chat.Conversation
		if err := Responses.ReadRequest(e.request, &c); err != nil {
			t.Logf("left out: %s: HTTP %d: %v", e.path, e.status, err)
			if out++; e.status == 200 {
				t.Errorf("%s: %v", e.path, err)
			}
			continue
		}
		body, dropped, err := Responses.AppendRequest(nil, &c, nil)
		if err != nil || len(dropped) > 0 {
			t.Errorf("%s: dropped %v, error %v", e.path, dropped, err)
			continue
		}
		if got, want := canonResponses(t, body), canonResponses(t, e.request); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: changed on the way: %s", e.path, strings.Join(differences(got, want), "\n"))
			continue
		}
		passed++
	}
	t.Logf("%d requests the same again, %d left out", passed, out)
}

// canonResponses is a request with what has several spellings in one: an input that is a text, a text alone, a system message at
// the beginning, the type of a message, image details, what is null or empty.
func canonResponses(t *testing.T, body []byte) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if v["stream"] == false {
		delete(v, "stream")
	}
	if s, ok := v["input"].(string); ok {
		v["input"] = []any{map[string]any{"role": "user", "content": s}}
	}
	items := list(v["input"])
	for i := range items {
		items[i] = canonItem(items[i].(map[string]any))
	}
	if len(items) > 0 && v["instructions"] == nil {
		if m := items[0].(map[string]any); m["role"] == "system" {
			v["instructions"], v["input"] = m["content"], items[1:]
		}
	}
	return prune(v)
}

func canonItem(m map[string]any) map[string]any {
	if m["type"] == "message" {
		delete(m, "type")
	}
	if m["status"] == "completed" {
		delete(m, "status")
	}
	for _, name := range []string{"content", "output"} {
		parts := list(m[name])
		for _, p := range parts {
			p := p.(map[string]any)
			if p["type"] == "input_image" && p["detail"] == nil {
				p["detail"] = "auto"
			}
			for _, name := range []string{"annotations", "logprobs"} {
				if len(list(p[name])) == 0 {
					delete(p, name)
				}
			}
		}
		if len(parts) == 1 && m["id"] == nil {
			if p := parts[0].(map[string]any); (p["type"] == "input_text" || p["type"] == "output_text") && len(p) == 2 {
				m[name] = p["text"]
			}
		}
	}
	return m
}

// TestRecordedResponses reads every recorded answer; what is written of it reads as the same and is valid by OpenAI's document.
func TestRecordedResponses(t *testing.T) {
	t.Parallel()
	passed, failed, foreign := 0, 0, 0
	for _, e := range exchanges(t, "responses") {
		if e.stream || e.answer == nil || e.status != 200 {
			continue
		}
		var k chat.Chunk
		if Responses.Inspect("", e.answer, &k); k.Error {
			failed++
			continue
		}
		var r, again chat.Reply
		if err := Responses.ReadReply(e.answer, &r); err != nil {
			t.Errorf("%s: %v", e.path, err)
			continue
		}
		if k.Finish != r.Choices[0].Finish || k.Usage != r.Usage || !k.Content {
			t.Errorf("%s: inspected %+v", e.path, k)
		}
		body := Responses.AppendReply(nil, &r)
		valid(t, e.path, "Response", Responses.AppendReply(nil, ownWords(r)))
		if spectest.Check(t, spectest.OpenAI, "Response", body) != nil {
			foreign++
		}
		if err := Responses.ReadReply(body, &again); err != nil {
			t.Errorf("%s: %v: %s", e.path, err, body)
			continue
		}
		same(t, e.path, withEcho(again), withEcho(r))
		passed++
	}
	t.Logf("%d answers, of which %d repeat what is not valid by OpenAI's document; %d more are errors", passed, foreign, failed)
}

// ownWords is a reply without what is repeated as the provider spelt it: settings, items that only it knows.
func ownWords(r chat.Reply) *chat.Reply {
	r.Extra = nil
	c := r.Choices[0]
	c.Parts = slices.DeleteFunc(slices.Clone(c.Parts), func(p chat.Part) bool { return p.Kind == chat.Other })
	for i := range c.Parts {
		c.Parts[i].Annotations = nil // xAI's citations have no place in the text
	}
	r.Choices = []chat.Choice{c}
	return &r
}

// ownEvents writes a stream anew without what is repeated as the provider spelt it.
func ownEvents(t *testing.T, stream []byte) (out []byte) {
	t.Helper()
	d, w := Responses.Decoder(), Responses.Encoder(chat.Encoding{})
	tell := func(e *chat.Event) {
		ev := *e
		ev.Reply.Extra, ev.Part.Annotations = nil, nil
		if ev.Kind != chat.EventOpen || ev.Part.Kind != chat.Other {
			out = w.Append(out, &ev)
		}
	}
	for _, e := range events(t, stream) {
		if err := d.Decode(e[0], []byte(e[1]), tell); err != nil {
			t.Fatal(err)
		}
	}
	d.End(tell)
	return out
}

// withEcho is a reply without the settings that it repeats, which have defaults.
func withEcho(r chat.Reply) chat.Reply {
	r.Extra = nil
	return r
}

// TestRecordedResponsesStreams reads every recorded stream, whose encoding reads as the same, event by event as well as whole, and
// is valid by OpenAI's document.
func TestRecordedResponsesStreams(t *testing.T) {
	t.Parallel()
	passed := 0
	for _, e := range exchanges(t, "responses") {
		if !e.stream || e.status != 200 {
			continue
		}
		g := decode(t, Responses, e.answer)
		if g.Fault != nil || !g.Ended {
			t.Errorf("%s: fault %+v, ended %t", e.path, g.Fault, g.Ended)
			continue
		}
		var whole []byte
		w := Responses.Encoder(chat.Encoding{})
		g.Reply.Events(func(ev *chat.Event) { whole = w.Append(whole, ev) })
		validEvents(t, e.path, ownEvents(t, e.answer), true)
		for _, b := range [][]byte{encode(t, Responses, e.answer, chat.Encoding{}), whole} {
			validEvents(t, e.path, b, false)
			same(t, e.path, withEcho(decode(t, Responses, b).Reply), withEcho(g.Reply))
		}
		// What the last event repeats is what was told.
		list := events(t, e.answer)
		var last struct{ Response json.RawMessage }
		_ = json.Unmarshal([]byte(list[len(list)-1][1]), &last)
		var r chat.Reply
		if err := Responses.ReadReply(last.Response, &r); err != nil {
			t.Errorf("%s: %v", e.path, err)
			continue
		}
		same(t, e.path+" at its end", unsealed(g.Reply), unsealed(r))
		passed++
	}
	t.Logf("%d streams", passed)
}

// unsealed is a reply without what Azure says anew at a stream's end: encrypted reasoning, the tier that was had; and without the
// message's id, which a stream does not tell apart from its parts'.
func unsealed(r chat.Reply) chat.Reply {
	r.Extra, r.ServiceTier = nil, ""
	for i := range r.Choices {
		r.Choices[i].ID = ""
		for j := range r.Choices[i].Parts {
			if p := &r.Choices[i].Parts[j]; p.State != nil {
				p.State = &chat.State{Form: p.State.Form}
			}
		}
	}
	return r
}

// validEvents holds a stream against the document, and its events against each other: numbers that ascend, items that are
// announced, told and ended.
func validEvents(t *testing.T, path string, stream []byte, document bool) {
	t.Helper()
	open := map[float64]string{}
	seen := map[string]int{}
	for i, e := range events(t, stream) {
		if seen[e[0]]++; document && seen[e[0]] < 4 {
			valid(t, path, "ResponseStreamEvent", []byte(e[1]))
		}
		var v map[string]any
		_ = json.Unmarshal([]byte(e[1]), &v)
		if v["type"] != e[0] || v["sequence_number"] != float64(i) {
			t.Errorf("%s: event %d is called %s: %s", path, i, e[0], e[1])
		}
		output, about := v["output_index"].(float64)
		switch {
		case e[0] == "response.output_item.added":
			open[output] = v["item"].(map[string]any)["id"].(string)
		case e[0] == "response.output_item.done":
			if v["item"].(map[string]any)["id"] != open[output] {
				t.Errorf("%s: item %v ends under another id: %s", path, output, e[1])
			}
			delete(open, output)
		case about && open[output] != v["item_id"]:
			t.Errorf("%s: not about an open item: %s", path, e[1])
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: items left open: %v", path, open)
	}
}

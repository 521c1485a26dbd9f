package anthropic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/spectest"
)

// TestRecordedReplies reads every recorded answer, compares it with what the recording says by a plain reading of its JSON,
// writes it and reads that again.
func TestRecordedReplies(t *testing.T) {
	t.Parallel()
	plain, streams, faults, counts := 0, 0, 0, 0
	for _, f := range fixtures(t) {
		switch {
		case strings.Contains(f.id, "spliced-message-start"):
			t.Logf("apart: %s: two answers in one stream, of which the first broke off; it must be an error", f.id)
			if g, _ := pass(t, f.id, events(t, f.response)); g.Ended || g.Fault == nil || g.Fault.Status != 502 {
				t.Errorf("%s: ended %t, fault %+v", f.id, g.Ended, g.Fault)
			}
		case f.stream:
			streams++
			checkStream(t, f.id, f.response)
		case f.status >= 400 || get(f.response, "error") != nil:
			faults++
			checkError(t, f.id, f.response)
		case get(f.response, "input_tokens") != nil:
			counts++
			if got := AppendCount(nil, count(get(f.response, "input_tokens"))); !sameJSON(got, f.response) {
				t.Errorf("%s: the count %s became %s", f.id, f.response, got)
			}
		default:
			plain++
			checkPlain(t, f.id, f.response)
		}
	}
	t.Logf("%d answers, %d streams, %d errors, %d token counts the same; 1 stream apart, none left out", plain, streams, faults, counts)
}

func checkPlain(t *testing.T, id string, body []byte) {
	t.Helper()
	var r, again chat.Reply
	if err := Messages.ReadReply(body, &r); err != nil {
		t.Errorf("%s: %v", id, err)
		return
	}
	if want := simple(t, body); !reflect.DeepEqual(simpleOf(&r), want) {
		t.Errorf("%s: read as\n%+v\nwant\n%+v", id, simpleOf(&r), want)
	}
	out := Messages.AppendReply(nil, &r)
	if err := Messages.ReadReply(out, &again); err != nil {
		t.Errorf("%s: %v in %s", id, err, out)
		return
	}
	if !sameReply(&r, &again) {
		t.Errorf("%s: another answer when written: %s", id, differ(&r, &again))
	}
	if a, b := canonicalReply(t, body), canonicalReply(t, out); !reflect.DeepEqual(a, b) {
		t.Errorf("%s: written as another answer: %s", id, differ(a, b))
	}
	checkInspect(t, id, body, &r)
}

func checkInspect(t *testing.T, id string, body []byte, r *chat.Reply) {
	t.Helper()
	var c chat.Chunk
	Messages.Inspect("", body, &c)
	parts := r.Choices[0].Parts
	has := func(kinds ...chat.Kind) bool {
		return slices.ContainsFunc(parts, func(p chat.Part) bool { return slices.Contains(kinds, p.Kind) })
	}
	if c.Invalid || c.Error || c.Finish != r.Choices[0].Finish || c.Usage != r.Usage || c.Choices != 1 ||
		c.Content != has(chat.Text, chat.ToolCall, chat.Other) || c.Tool != has(chat.ToolCall) || c.Reasoning != has(chat.Reasoning) {
		t.Errorf("%s: inspected as %+v", id, c)
	}
}

func checkError(t *testing.T, id string, body []byte) {
	t.Helper()
	var c chat.Chunk
	if Messages.Inspect("", body, &c); !c.Error || c.Content {
		t.Errorf("%s: %+v is no error", id, c)
	}
	var r chat.Reply
	if err := Messages.ReadReply(body, &r); err == nil {
		t.Errorf("%s: an error is read as an answer", id)
	}
	f := readFault(body)
	out := Messages.AppendFault(nil, &f)
	if !sameJSON(withID(out), withID(body)) {
		t.Errorf("%s: the error became %s", id, out)
	}
	spectest.Validate(t, spectest.Anthropic, "ErrorResponse", out)
}

// withID is an error with the request_id that older recordings lack.
func withID(body []byte) []byte {
	return chat.EditMembers(nil, body, chat.Edit{Kind: chat.Add, Name: "request_id", Value: []byte("null")})
}

// checkStream gathers a recorded stream in two ways, writes it as a stream, and reads that again.
func checkStream(t *testing.T, id string, body []byte) {
	t.Helper()
	list := events(t, body)
	g, encoded := pass(t, id, copied(list))
	whole := false
	for _, e := range list {
		whole = whole || strings.Contains(string(e.data), `"message_stop"`)
	}
	if g.Ended != whole || g.Fault != nil {
		t.Errorf("%s: ended %t, want %t; fault %+v", id, g.Ended, whole, g.Fault)
	}
	simple := spliced(t, list)
	if got := simpleOf(&g.Reply); !reflect.DeepEqual(got, simple) {
		t.Errorf("%s: gathered\n%+v\nwant\n%+v", id, got, simple)
	}
	again, _ := pass(t, id, events(t, encoded))
	if whole && (!again.Ended || !sameReply(&g.Reply, &again.Reply)) {
		t.Errorf("%s: another answer when written: %s", id, differ(&g.Reply, &again.Reply))
	}
	for _, e := range events(t, encoded) {
		recorded := bytes.Contains(e.data, []byte(`"container":{`)) // Anthropic's own container lacks members of the document's
		if e.name == "message_delta" && !recorded || e.name == "content_block_delta" {
			spectest.Validate(t, spectest.Anthropic, "BetaMessageStreamEvent", withNulls(e.data))
		}
	}
}

// withNulls is message_delta with the members that the document asks for and Anthropic leaves out.
func withNulls(data []byte) []byte {
	if !bytes.Contains(data, []byte(`"message_delta"`)) {
		return data
	}
	return chat.EditMembers(nil, data, chat.Edit{Kind: chat.Add, Name: "context_management", Value: []byte("null")},
		chat.Edit{Kind: chat.Within, Name: "delta", Edits: []chat.Edit{{Kind: chat.Add, Name: "container", Value: []byte("null")}}})
}

// pass reads a stream, gathers it and writes it.
func pass(t *testing.T, id string, list []sent) (g chat.Gather, encoded []byte) {
	t.Helper()
	d, e := Messages.Decoder(), Messages.Encoder(chat.Encoding{})
	tell := func(ev *chat.Event) {
		g.Tell(ev)
		encoded = e.Append(encoded, ev)
	}
	for _, s := range list {
		if err := d.Decode(s.name, s.data, tell); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		clear(s.data) // nothing that was told may refer to it
	}
	d.End(tell)
	return g, encoded
}

func copied(list []sent) []sent {
	list = slices.Clone(list)
	for i := range list {
		list[i].data = bytes.Clone(list[i].data)
	}
	return list
}

// said is what a minimal reading of an answer finds in it.
type said struct {
	ID, Model, Text, Thinking, Signatures, Stop, Sequence string
	Calls                                                 []string
	Kinds                                                 []string
	Input, Output, Read, Written                          int64
}

func simple(t *testing.T, body []byte) (s said) {
	t.Helper()
	var m struct {
		ID, Model    string
		Content      []map[string]json.RawMessage
		StopReason   string `json:"stop_reason"`
		StopSequence string `json:"stop_sequence"`
		Usage        map[string]any
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	s = said{ID: m.ID, Model: m.Model, Stop: m.StopReason, Sequence: m.StopSequence}
	for _, b := range m.Content {
		s.block(b)
	}
	s.use(m.Usage)
	return s
}

func (s *said) block(b map[string]json.RawMessage) {
	str := func(name string) (v string) { _ = json.Unmarshal(b[name], &v); return v }
	if str("type") == "text" && str("text") == "" && len(b["citations"]) < 3 {
		return
	}
	s.Kinds = append(s.Kinds, str("type"))
	s.Text += str("text")
	s.Thinking += str("thinking")
	s.Signatures += str("signature")
	if str("type") == "tool_use" {
		s.Calls = append(s.Calls, str("id")+" "+str("name")+" "+string(b["input"]))
	}
}

func (s *said) use(u map[string]any) {
	for name, to := range map[string]*int64{"input_tokens": &s.Input, "output_tokens": &s.Output, "cache_read_input_tokens": &s.Read, "cache_creation_input_tokens": &s.Written} {
		if v, ok := u[name].(float64); ok {
			*to = int64(v)
		}
	}
}

// spliced reads a stream as Anthropic's SDKs do, with maps.
func spliced(t *testing.T, list []sent) (s said) {
	t.Helper()
	var blocks []map[string]json.RawMessage
	parts := map[int]map[string]string{}
	var order []int
	for _, e := range list {
		var m struct {
			Type    string
			Index   int
			Message struct {
				ID, Model string
				Usage     map[string]any
			}
			Block map[string]json.RawMessage `json:"content_block"`
			Delta map[string]any
			Usage map[string]any
		}
		if err := json.Unmarshal(e.data, &m); err != nil {
			t.Fatal(err)
		}
		switch m.Type {
		case "message_start":
			s.ID, s.Model = m.Message.ID, m.Message.Model
			s.use(m.Message.Usage)
		case "content_block_start":
			blocks = append(blocks, m.Block)
			parts[m.Index] = map[string]string{}
			order = append(order, m.Index)
		case "content_block_delta":
			for _, name := range []string{"text", "thinking", "partial_json", "signature"} {
				if v, ok := m.Delta[name].(string); ok {
					parts[m.Index][name] += v
				}
			}
		case "message_delta":
			if v, ok := m.Delta["stop_reason"].(string); ok {
				s.Stop = v
			}
			if v, ok := m.Delta["stop_sequence"].(string); ok {
				s.Sequence = v
			}
			s.use(m.Usage)
		}
	}
	for i, b := range blocks {
		for name, v := range parts[order[i]] {
			if name == "partial_json" {
				b["input"] = json.RawMessage(v)
				continue
			}
			var old string
			_ = json.Unmarshal(b[name], &old)
			b[name], _ = json.Marshal(old + v)
		}
		if in, ok := b["input"]; ok && len(in) == 0 {
			b["input"] = json.RawMessage("{}")
		}
		s.block(b)
	}
	return s
}

func simpleOf(r *chat.Reply) (s said) {
	s = said{ID: r.ID, Model: r.Model}
	if len(r.Choices) > 0 {
		c := &r.Choices[0]
		e := ending{finish: c.Finish}
		if c.Finish != "" {
			s.Stop = e.reason()
		}
		s.Sequence = c.Sequence
		for i := range c.Parts {
			p := &c.Parts[i]
			switch p.Kind {
			case chat.Text:
				s.Kinds = append(s.Kinds, "text")
				s.Text += p.Text
			case chat.Reasoning:
				s.Kinds = append(s.Kinds, "thinking")
				s.Thinking += p.Text
				s.Signatures += field(p.State)
			case chat.ToolCall:
				s.Kinds = append(s.Kinds, "tool_use")
				s.Calls = append(s.Calls, p.Call.ID+" "+p.Call.Name+" "+p.Call.Arguments)
			default:
				kind, _ := chat.View(get(p.Raw, "type"))
				s.Kinds = append(s.Kinds, kind)
			}
		}
	}
	u := r.Usage
	s.Input, s.Output, s.Read, s.Written = u.Input, u.Output, u.CachedRead, u.CacheWrite5m+u.CacheWrite1h
	return s
}

// sameReply compares two answers; the order of their extra members says nothing.
func sameReply(a, b *chat.Reply) bool {
	x, y := *a, *b
	x.Extra, y.Extra = sorted(a.Extra), sorted(b.Extra)
	return show(x) == show(y)
}

// differ shows what differs between two values, by the lines of their JSON.
func differ(a, b any) string {
	lines := func(v any) []string {
		text, _ := json.MarshalIndent(v, "", " ")
		return strings.Split(string(text), "\n")
	}
	x, y := lines(a), lines(b)
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("\n-%.300q\n+%.300q", x[i:min(i+4, len(x))], y[min(i, len(y)):min(i+4, len(y))])
		}
	}
	return fmt.Sprintf("\n+%.300q", y[len(x):])
}

func sorted(list []chat.Member) []chat.Member {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b chat.Member) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// canonicalReply is what an answer says, without nulls, and with what older answers leave out.
func canonicalReply(t *testing.T, body []byte) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	u := m["usage"].(map[string]any)
	for _, name := range []string{"cache_creation_input_tokens", "cache_read_input_tokens"} {
		if u[name] == nil {
			u[name] = 0.0
		}
	}
	if d, ok := u["output_tokens_details"].(map[string]any); ok && d["thinking_tokens"] == 0.0 {
		delete(u, "output_tokens_details")
	}
	if u["cache_creation"] == nil {
		u["cache_creation"] = map[string]any{"ephemeral_1h_input_tokens": 0.0, "ephemeral_5m_input_tokens": u["cache_creation_input_tokens"]}
	}
	split := u["cache_creation"].(map[string]any) // one recording has a sum, and nothing in its parts
	if total := u["cache_creation_input_tokens"].(float64); split["ephemeral_5m_input_tokens"] == 0.0 && split["ephemeral_1h_input_tokens"] == 0.0 {
		split["ephemeral_5m_input_tokens"] = total
	}
	return withoutNull(m)
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

package chat

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestGatherIsTheInverseOfEvents(t *testing.T) {
	t.Parallel()
	want := Reply{
		ID: "r1", Model: "m", Created: 7, Usage: Usage{Input: 3, Output: 2, Known: true},
		Choices: []Choice{
			{Index: 0, Finish: ToolCalls, Parts: []Part{
				{Kind: Reasoning, Text: "hm", State: &State{Form: "signature", Data: "s"}},
				{Kind: Text, Text: "hello"},
				{Kind: ToolCall, Call: &Call{ID: "c1", Name: "f", Arguments: `{"a":1}`}},
			}},
			{Index: 1, Finish: Stop, Parts: []Part{{Kind: Text, Text: "other"}}, Logprobs: json.RawMessage(`{"content":[]}`)},
		},
	}
	var g Gather
	want.Events(g.Tell)
	if !g.Ended || !reflect.DeepEqual(g.Reply, want) {
		t.Errorf("got %+v\nwant %+v", g.Reply, want)
	}
}

func TestGatherJoinsDeltas(t *testing.T) {
	t.Parallel()
	var g Gather
	for _, e := range []Event{
		{Kind: EventStart, Reply: Reply{ID: "x"}},
		{Kind: EventOpen, Index: 0, Part: Part{Kind: Text, Text: "a"}},
		{Kind: EventOpen, Index: 1, Part: Part{Kind: ToolCall, Call: &Call{Name: "f"}}},
		{Kind: EventDelta, Index: 0, Text: "b"},
		{Kind: EventDelta, Index: 1, Text: `{"k":`},
		{Kind: EventDelta, Index: 1, Text: `1}`},
		{Kind: EventState, Index: 0, Part: Part{Annotations: json.RawMessage(`[1]`)}},
		{Kind: EventState, Index: 0, Part: Part{Annotations: json.RawMessage(`[2]`)}},
		{Kind: EventFinish, Finish: Stop},
		{Kind: EventUsage, Usage: Usage{Output: 4, Known: true}},
		{Kind: EventEnd},
	} {
		g.Tell(&e)
	}
	parts := g.Reply.Choices[0].Parts
	if parts[0].Text != "ab" || parts[1].Call.Arguments != `{"k":1}` || string(parts[0].Annotations) != "[1,2]" || g.Reply.Usage.Output != 4 {
		t.Errorf("got %+v", g.Reply)
	}
}

func TestGatherJoinsLogprobs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want string }{
		{`[1]`, `[2]`, `[1,2]`},
		{`[]`, `[2]`, `[2]`},
		{`{"content":[1],"refusal":null}`, `{"content":[2],"refusal":[3]}`, `{"content":[1,2],"refusal":[3]}`},
		{`{"content":[1]}`, `{"content":null,"reasoning_content":[2]}`, `{"content":[1],"reasoning_content":[2]}`},
		{`{"content":[1]}`, `[2]`, `[2]`},
	} {
		if got := string(joinLists([]byte(c.a), []byte(c.b))); got != c.want {
			t.Errorf("%s and %s: got %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

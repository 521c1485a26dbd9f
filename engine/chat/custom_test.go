package chat

import "testing"

func TestCustomText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"input":"a\nb"}`:    "a\nb",
		` { "input" : "" } `:  "",
		`{"input":1}`:         `{"input":1}`,
		`{"input":"a","b":1}`: `{"input":"a","b":1}`,
		`{"input":"a"`:        `{"input":"a"`,
		"*** Begin Patch":     "*** Begin Patch",
		"":                    "",
		`{"other":"a"}`:       `{"other":"a"}`,
	} {
		if got := CustomText(in); got != want {
			t.Errorf("%q says %q, want %q", in, got, want)
		}
	}
	if got := CustomText(string(AppendCustom(nil, "\"x\"\n"))); got != "\"x\"\n" {
		t.Errorf("came back as %q", got)
	}
}

func TestRestoreCustom(t *testing.T) {
	t.Parallel()
	c := Conversation{Tools: []Tool{{Name: "patch", Custom: true}, {Name: "f"}}}
	for _, closes := range []bool{true, false} {
		var g Gather
		tell := RestoreCustom(c.CustomTools(), g.Tell)
		tell(&Event{Kind: EventOpen, Index: 0, Part: Part{Kind: Text, Text: "so"}})
		tell(&Event{Kind: EventOpen, Index: 1, Part: Part{Kind: ToolCall, Call: &Call{ID: "1", Name: "patch"}}})
		tell(&Event{Kind: EventOpen, Index: 2, Part: Part{Kind: ToolCall, Call: &Call{ID: "2", Name: "f"}}})
		tell(&Event{Kind: EventDelta, Index: 1, Text: `{"input":"a\`})
		tell(&Event{Kind: EventDelta, Index: 2, Text: `{"input":"b"}`})
		tell(&Event{Kind: EventDelta, Index: 1, Text: `n"}`})
		if closes {
			tell(&Event{Kind: EventClose, Index: 1})
		}
		tell(&Event{Kind: EventFinish, Finish: ToolCalls})
		tell(&Event{Kind: EventEnd})
		parts := g.Reply.Choices[0].Parts
		if a := *parts[1].Call; a != (Call{ID: "1", Name: "patch", Arguments: "a\n", Custom: true}) {
			t.Errorf("closes %t: the custom call is %+v", closes, a)
		}
		if b := *parts[2].Call; b != (Call{ID: "2", Name: "f", Arguments: `{"input":"b"}`}) {
			t.Errorf("closes %t: the function's call is %+v", closes, b)
		}
	}
	r := Reply{Choices: []Choice{{Parts: []Part{{Kind: ToolCall, Call: &Call{Name: "patch", Arguments: `{"input":"x"}`}}}}}}
	r.RestoreCustom(c.CustomTools())
	if call := r.Choices[0].Parts[0].Call; !call.Custom || call.Arguments != "x" {
		t.Errorf("the call is %+v", call)
	}
}

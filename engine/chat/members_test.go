package chat

import (
	"encoding/json"
	"maps"
	"testing"
)

func TestEditMembers(t *testing.T) {
	t.Parallel()
	one := []byte("1")
	for _, c := range []struct {
		object string
		edits  []Edit
		want   string
	}{
		{`{}`, []Edit{{Kind: Set, Name: "a", Value: one}}, `{"a":1}`},
		{`{ }`, []Edit{{Kind: Add, Name: "a", Value: one}}, `{"a":1 }`},
		{`{"a" : 2 , "b":3}`, []Edit{{Kind: Set, Name: "a", Value: one}}, `{"a" : 1 , "b":3}`},
		{`{"a":2}`, []Edit{{Kind: Add, Name: "a", Value: one}}, `{"a":2}`},
		{`{"a":2}`, []Edit{{Kind: Replace, Name: "b", Value: one}}, `{"a":2}`},
		{`{"a":2}`, []Edit{{Kind: Replace, Name: "a", Text: `x"y`}}, `{"a":"x\"y"}`},
		{`{"a":2, "b":3 , "c":4}`, []Edit{{Kind: Remove, Name: "b"}}, `{"a":2 , "c":4}`},
		{`{ "a":2, "b":3}`, []Edit{{Kind: Remove, Name: "a"}}, `{ "b":3}`},
		{`{"a":2, "b":3}`, []Edit{{Kind: Remove, Name: "a"}, {Kind: Remove, Name: "b"}, {Kind: Set, Name: "c", Value: one}}, `{"c":1}`},
		{`{"a":2, "b":3 }`, []Edit{{Kind: Remove, Name: "b"}, {Kind: Set, Name: "c", Value: one}}, `{"a":2,"c":1 }`},
		{`{"a":2,"a":3}`, []Edit{{Kind: Set, Name: "a", Value: one}}, `{"a":1,"a":1}`},
		{`{"a":2,"b":3}`, []Edit{{Kind: Rename, Name: "a", As: "z"}}, `{"z":2,"b":3}`},
		{`{"a":2,"b":3}`, []Edit{{Kind: Rename, Name: "a", As: "b"}}, `{"b":3}`},
		{`{"a":2}`, []Edit{{Kind: Rename, Name: "a", As: "z"}, {Kind: Replace, Name: "z", Value: one}}, `{"z":1}`},
		{`{}`, []Edit{{Kind: Set, Name: "a", Value: one}, {Kind: Rename, Name: "a", As: "z"}}, `{"z":1}`},
		{`{}`, []Edit{{Kind: Set, Name: "a", Value: one}, {Kind: Remove, Name: "a"}}, `{}`},
		{`{"x_a":1,"b":2,"x_c":3}`, []Edit{{Kind: Strip, Name: "x_"}}, `{"b":2}`},
		{`{"o":{"k":1}}`, []Edit{{Kind: Within, Name: "o", Edits: []Edit{{Kind: Set, Name: "a", Value: one}}}}, `{"o":{"k":1,"a":1}}`},
		{`{"o":null}`, []Edit{{Kind: Within, Name: "o", Edits: []Edit{{Kind: Set, Name: "a", Value: one}}}}, `{"o":{"a":1}}`},
		{`{"b":2}`, []Edit{{Kind: Within, Name: "o", Edits: []Edit{{Kind: Set, Name: "a", Value: one}}}}, `{"b":2,"o":{"a":1}}`},
		{`{"\u0061":2}`, []Edit{{Kind: Replace, Name: "a", Value: one}}, `{"\u0061":1}`},
		{`[1]`, []Edit{{Kind: Set, Name: "a", Value: one}}, `[1]`},
		{`{"a":1`, []Edit{{Kind: Set, Name: "a", Value: one}}, `{"a":1`},
		{`{"a" 1}`, []Edit{{Kind: Set, Name: "a", Value: one}}, `{"a" 1}`},
		{`{"a":1}x`, []Edit{{Kind: Remove, Name: "a"}}, `{"a":1}x`},
	} {
		if got := string(EditMembers([]byte("+"), []byte(c.object), c.edits...)); got != "+"+c.want {
			t.Errorf("%s with %+v\n got %s\nwant %s", c.object, c.edits, got[1:], c.want)
		}
	}
}

func FuzzEditMembers(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[1,{"a":2}],"c":"x\"}"}`, `{"a":1,"a":2 , "d":null}`, `{"a" : {"b":1}}`, `{"a"`, `{"\u0061":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, object string) {
		edits := []Edit{{Kind: Set, Name: "a", Value: []byte("7")}, {Kind: Remove, Name: "b"}, {Kind: Rename, Name: "c", As: "e"}, {Kind: Add, Name: "d", Text: "x"}}
		out := EditMembers(nil, []byte(object), edits...)
		var was, is map[string]json.RawMessage
		if json.Unmarshal([]byte(object), &was) != nil || was == nil {
			return
		}
		if err := json.Unmarshal(out, &is); err != nil {
			t.Fatalf("%s became %s: %v", object, out, err)
		}
		want := maps.Clone(was)
		want["a"] = json.RawMessage("7")
		delete(want, "b")
		if _, there := want["e"]; !there && want["c"] != nil {
			want["e"] = want["c"]
		}
		delete(want, "c")
		if _, there := want["d"]; !there {
			want["d"] = json.RawMessage(`"x"`)
		}
		if len(is) != len(want) {
			t.Fatalf("%s became %s", object, out)
		}
		for k, v := range want {
			if string(is[k]) != string(v) && k != "e" {
				t.Fatalf("%s became %s: %q", object, out, k)
			}
		}
	})
}

func BenchmarkEditMembers(b *testing.B) {
	body := []byte(`{"model":"auto","messages":[{"role":"user","content":"What is the capital of France, and why?"}],"temperature":0.7,"max_tokens":200,"stream":true}`)
	edits := []Edit{{Kind: Replace, Name: "model", Text: "gpt-5.5"}, {Kind: Rename, Name: "max_tokens", As: "max_completion_tokens"}, {Kind: Remove, Name: "temperature"}}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = EditMembers(dst[:0], body, edits...)
	}
}

package chat

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

var seeds = []string{
	`{"model":"auto","messages":[{"role":"user","content":"hi"}]}`,
	`{"routor_tier":"NANO" , "model":"auto","models":["a"],"messages":[{"role":"user","content":"a\"b\\"}],"routor_mode":"auto"}`,
	` { "models" : [ ] , "routor_profile" : "x" , "messages" : [ { "role" : "user" , "content" : [ { "type":"text", "text":"\u4e2d\ud83d\ude00\udead" } ] } ] , "model" : "a" , "model" : "b" } `,
	`{"stream":true,"stream_options":null,"model":"a","messages":[{"role":"system","content":null},{"role":"user","content":"<system-reminder>x</system-reminder>go on"}]}`,
	`{"stream":true,"stream_options":{},"model":"a","messages":[{"role":"assistant","content":"y"}],"n":1e0,"x":-0.10e+5}`,
	`{"stream_options":{"include_usage":false,"x":1,"include_usage":null},"reasoning_effort":null,"mod\u0065l":"a","messages":[{"role":"tool","content":"z"}]}`,
	`{"stream_options":{"x":[{}]},"model":"a","messages":[{"role":"user","content":"` + strings.Repeat("<task>", 30) + `\n{\"name\":1,\"parameters\":{}}"}],"tools":[{"type":"function","function":{"name":"f"}}]}`,
	`{"model":"a\/b","metadata":{"user_id":"u"},"modalities":["audio"],"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:x"}]}],"routor_x":1}`,
	`[1,2`, `{"model":`, `"`, "{\"\\",
}

// FuzzRead: whatever the bytes are, Read neither panics nor accepts what is no JSON; and what goes upstream of an accepted
// body is what the client sent, but for what Routor owns.
func FuzzRead(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "openai-id", true, "low")
		f.Add([]byte(s), "a\"\\\n", false, "")
	}
	f.Fuzz(func(t *testing.T, body []byte, model string, usage bool, effort string) {
		before := bytes.Clone(body)
		r, err := Read(body)
		if !bytes.Equal(body, before) {
			t.Fatal("Read changed the body")
		}
		if err != nil {
			if e := err.(*Error); e.Offset < 0 || e.Offset > len(body) || e.Message == "" {
				t.Fatalf("error without place or message: %#v", e)
			}
			return
		}
		defer r.Release()
		if !json.Valid(body) {
			t.Fatalf("accepted what is no JSON: %q", body)
		}
		model, effort = strings.ToValidUTF8(model, "?"), strings.ToValidUTF8(effort, "?")
		out := r.AppendUpstream([]byte("x"), Upstream{Model: model, IncludeUsage: usage, Effort: effort})[1:]
		checkUpstream(t, body, out, model, usage, effort)
	})
}

func checkUpstream(t *testing.T, body, out []byte, model string, usage bool, effort string) {
	t.Helper()
	got, err := members(out)
	if err != nil {
		t.Fatalf("upstream body is no JSON: %v\n%s\nof\n%s", err, out, body)
	}
	want, err := members(body)
	if err != nil {
		t.Fatal(err)
	}
	if got["model"] != model {
		t.Fatalf("model is %v, want %q", got["model"], model)
	}
	for key := range want {
		if strings.HasPrefix(key, "routor_") || key == "models" {
			delete(want, key)
		}
	}
	want["model"] = model
	if usage {
		options, ok := want["stream_options"].(map[string]any)
		if !ok {
			options = map[string]any{}
		}
		options["include_usage"] = true
		want["stream_options"] = options
	}
	if effort != "" {
		want["reasoning_effort"] = effort
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("upstream body differs:\n%s\nof\n%s", out, body)
	}
}

// members decodes an object. Numbers stay as they are spelt: those that no float64 holds are carried through as well.
func members(body []byte) (m map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err = d.Decode(&m)
	return m, err
}

func FuzzHuman(f *testing.F) {
	f.Add("<system-reminder>a</system-reminder>do <b>it</b>\n[{\"name\":\"x\",\"parameters\":{}}]")
	f.Add("<user_query>a</user_query><task>")
	f.Fuzz(func(t *testing.T, text string) {
		if got := new(Request).human(text); len(got) > len(text) {
			t.Fatalf("human(%q) = %q is longer", text, got)
		}
		followUp(text)
	})
}

package openai

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/routor/routor/providers/sse"
)

func TestAppendRoutor(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":1}`:        `{"a":1,"routor":{}}`,
		`{}`:             `{"routor":{}}`,
		"{ }":            `{"routor":{} }`,
		"{\n \"a\":1\n}": "{\n \"a\":1,\"routor\":{}\n}",
		"\n{\"a\":[]} ":  "\n{\"a\":[],\"routor\":{}} ",
		`no JSON`:        `no JSON`,
		`}`:              `}`,
	} {
		if got := string(AppendRoutor(nil, []byte(in), []byte("{}"))); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":1,"x":{"x":2},"b":3}`: `{"a":1,"b":3}`,
		`{"x":null , "b":3}`:        `{"b":3}`,
		`{"b":3,"x":1}`:             `{"b":3}`,
		`{"x":1}`:                   `{}`,
		`{"b":{"x":1}}`:             `{"b":{"x":1}}`,
		`{"x":1,"x":2}`:             `{}`, // a name given twice
		`{"x":`:                     `{"x":`,
		`[]`:                        `[]`,
	} {
		if got := string(Remove(nil, []byte(in), "x")); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func TestAppendEvent(t *testing.T) {
	t.Parallel()
	routor := []byte(`{"m":1}`)
	for name, c := range map[string]struct {
		in, want string
		edit     Edit
	}{
		"nothing to do":            {"data: {\"choices\":[],\"usage\":{}}\n\n", "data: {\"choices\":[],\"usage\":{}}\n\n", Edit{}},
		"usage alone, not asked":   {": c\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n", "", Edit{DropUsage: true}},
		"the same with routor":     {"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\n", "data: {\"choices\":[],\"routor\":{\"m\":1}}\n\n", Edit{DropUsage: true, Routor: routor}},
		"null usage":               {"data: {\"usage\":null,\"choices\":[{\"delta\":{}}]}\r\n\r\n", "data: {\"choices\":[{\"delta\":{}}]}\r\n\r\n", Edit{DropUsage: true}},
		"null usage in the middle": {"data: {\"a\":1, \"usage\":null, \"b\":2}\n\n", "data: {\"a\":1, \"b\":2}\n\n", Edit{DropUsage: true}},
		"usage with a choice":      {"data: {\"choices\":[{}],\"usage\":{}}\n\n", "data: {\"choices\":[{}]}\n\n", Edit{DropUsage: true}},
		"the same, asked for":      {"data: {\"choices\":[{}],\"usage\":{}}\n\n", "data: {\"choices\":[{}],\"usage\":{}}\n\n", Edit{}},
		"routor":                   {"event: x\ndata: {\"choices\":[{}]}  \n\n", "event: x\ndata: {\"choices\":[{}],\"routor\":{\"m\":1}}  \n\n", Edit{Routor: routor}},
		"done":                     {"data: [DONE]\n\n", "data: [DONE]\n\n", Edit{Routor: routor, DropUsage: true}},
		"comment":                  {": keep-alive\n\n", ": keep-alive\n\n", Edit{Routor: routor, DropUsage: true}},
		"lines":                    {"data: {\ndata: \"a\":1}\n\n", "data: { \"a\":1,\"routor\":{\"m\":1}}\n\n", Edit{Routor: routor}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := sse.NewReader(strings.NewReader(c.in)).Next()
			if err != nil {
				t.Fatal(err)
			}
			var k Chunk
			Inspect(e.Data, &k)
			if got := string(AppendEvent([]byte("before "), &e, &k, c.edit)); got != "before "+c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestSpliceAndBack adds the routor object to every recorded body and chunk and takes it away again.
func TestSpliceAndBack(t *testing.T) {
	t.Parallel()
	routor := []byte(`{"model":"x/y","tier":"NANO"}`)
	check := func(path string, b []byte) {
		if bytes.IndexByte(b, '{') < 0 || bytes.TrimSpace(b)[0] != '{' {
			return
		}
		with := AppendRoutor(nil, b, routor)
		if len(with) != len(b)+len(routor)+len(`,"routor":`) {
			t.Errorf("%s: not spliced: %s", path, with)
		}
		if back := Remove(nil, with, "routor"); !bytes.Equal(back, b) {
			t.Errorf("%s: other bytes after adding and removing:\n%s\n%s", path, b, back)
		}
	}
	for _, f := range fixtures(t) {
		if !f.stream {
			check(f.path, f.body)
			continue
		}
		r := sse.NewReader(bytes.NewReader(f.body))
		var out []byte
		for {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			var c Chunk
			Inspect(e.Data, &c)
			if !c.Done && !c.Invalid {
				check(f.path, e.Data)
			}
			out = AppendEvent(out, &e, &c, Edit{})
		}
		if !bytes.Equal(out, f.body) {
			t.Errorf("%s: a stream without edits is not what came", f.path)
		}
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	in := []byte("data: {\"id\":\"chatcmpl-DIgQXTrfHNvrR7nDubnJ5oLUWTcEg\",\"object\":\"chat.completion.chunk\",\"created\":1773345365,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"age\"},\"finish_reason\":null}],\"usage\":null}\n\n")
	e, _ := sse.NewReader(bytes.NewReader(in)).Next()
	var c Chunk
	Inspect(e.Data, &c)
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendEvent(dst[:0], &e, &c, Edit{DropUsage: true})
	}
}

package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/sse"
)

// exchange is a recorded request with its answer.
type exchange struct {
	path, provider, surface string
	status                  int
	stream                  bool
	request, answer         []byte // nil = not recorded
}

// exchanges are all recorded ones on a surface of OpenAI's: "chat" or "responses".
func exchanges(tb testing.TB, surface string) []exchange {
	tb.Helper()
	dir, _ := os.Getwd()
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	metas, _ := filepath.Glob(filepath.Join(dir, "../shared/data/fixtures/*/*/meta.json"))
	if len(metas) == 0 {
		tb.Skip("no recorded exchanges beside the repository (../shared/data/fixtures)")
	}
	var out []exchange
	for _, m := range metas {
		var meta struct {
			Provider, URL string
			Status        int
			Request       string `json:"request_file"`
			Response      string `json:"response_file"`
		}
		b, err := os.ReadFile(m)
		if err == nil {
			err = json.Unmarshal(b, &meta)
		}
		if err != nil {
			tb.Fatal(m, err)
		}
		e := exchange{path: meta.Provider + "/" + filepath.Base(filepath.Dir(m)), provider: meta.Provider, status: meta.Status}
		if e.request, e.answer, e.stream = nil, nil, strings.HasSuffix(meta.Response, ".sse"); meta.Request != "" {
			e.request, _ = os.ReadFile(filepath.Join(filepath.Dir(m), meta.Request))
		}
		if meta.Response != "" && !strings.HasSuffix(meta.Response, ".txt") {
			e.answer, _ = os.ReadFile(filepath.Join(filepath.Dir(m), meta.Response))
		}
		e.surface = surfaceOf(meta.URL, e)
		if e.surface == surface {
			out = append(out, e)
		}
	}
	return out
}

// surfaceOf tells the surface by the URL, else by what the answer looks like.
func surfaceOf(url string, e exchange) string {
	switch {
	case strings.Contains(url, "/chat/completions"):
		return "chat"
	case strings.Contains(url, "/responses"):
		return "responses"
	case url != "":
		return ""
	case bytes.Contains(e.answer, []byte(`"chat.completion`)) || bytes.Contains(e.answer, []byte(`"delta": {`)):
		return "chat"
	case bytes.Contains(e.answer, []byte(`"object": "response"`)) || bytes.Contains(e.answer, []byte(`"object":"response"`)):
		return "responses"
	}
	return ""
}

// events are the server-sent events of a stream: name and data.
func events(tb testing.TB, stream []byte) [][2]string {
	tb.Helper()
	r := sse.NewReader(bytes.NewReader(stream))
	var out [][2]string
	for {
		e, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			tb.Fatal(err)
		}
		if e.Data != nil {
			out = append(out, [2]string{string(e.Name), string(e.Data)})
		}
	}
}

// decode gathers what a stream tells. The decoder gets its data in memory that is overwritten afterwards.
func decode(tb testing.TB, c chat.Codec, stream []byte) (g chat.Gather) {
	tb.Helper()
	d := c.Decoder()
	for _, e := range events(tb, stream) {
		data := []byte(e[1])
		if err := d.Decode(e[0], data, g.Tell); err != nil {
			tb.Fatalf("%v: %s", err, e[1])
		}
		for i := range data {
			data[i] = 'x'
		}
	}
	d.End(g.Tell)
	return g
}

// encode writes a stream anew: what the decoder tells, event by event.
func encode(tb testing.TB, c chat.Codec, stream []byte, o chat.Encoding) (out []byte) {
	tb.Helper()
	d, w := c.Decoder(), c.Encoder(o)
	tell := func(e *chat.Event) { out = w.Append(out, e) }
	for _, e := range events(tb, stream) {
		if err := d.Decode(e[0], []byte(e[1]), tell); err != nil {
			tb.Fatalf("%v: %s", err, e[1])
		}
	}
	d.End(tell)
	return out
}

// same compares two answers; what the codec has to make up where a provider told nothing is left out.
func same(tb testing.TB, path string, got, want chat.Reply) {
	tb.Helper()
	if want.ID == "" {
		got.ID = ""
	}
	if want.Created == 0 {
		got.Created = 0
	}
	if putTier(nil, want.ServiceTier) == nil {
		want.ServiceTier = ""
	}
	a, b := plainReply(got), plainReply(want)
	if !reflect.DeepEqual(a, b) {
		tb.Errorf("%s: changed on the way: %s", path, strings.Join(differences(a, b), "\n"))
	}
}

// plainReply is a reply as JSON values, in which empty lists are nothing and raw values have no spelling.
func plainReply(r chat.Reply) any {
	b, _ := json.Marshal(r)
	var v any
	_ = json.Unmarshal(b, &v)
	return prune(v)
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e = prune(e); e == nil || e == "" {
				delete(v, k)
			} else {
				v[k] = e
			}
		}
		if len(v) == 0 {
			return nil
		}
		return v
	case []any:
		if len(v) == 0 {
			return nil
		}
		for i := range v {
			v[i] = prune(v[i])
		}
	}
	return v
}

func show(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 3000 {
		b = b[:3000]
	}
	return string(b)
}

func isError(e exchange) bool {
	var c chat.Chunk
	Inspect(e.answer, &c)
	return c.Error || c.Choices < 0
}

// differences are the places where two JSON values differ, the first few.
func differences(got, want any) []string {
	var out []string
	var walk func(path string, a, b any)
	walk = func(path string, a, b any) {
		x, ok1 := a.(map[string]any)
		y, ok2 := b.(map[string]any)
		if ok1 && ok2 {
			for k := range x {
				walk(path+"."+k, x[k], y[k])
			}
			for k := range y {
				if _, ok := x[k]; !ok {
					walk(path+"."+k, nil, y[k])
				}
			}
			return
		}
		l, ok1 := a.([]any)
		m, ok2 := b.([]any)
		if ok1 && ok2 && len(l) == len(m) {
			for i := range l {
				walk(at(path, i), l[i], m[i])
			}
			return
		}
		if !reflect.DeepEqual(a, b) && len(out) < 6 {
			out = append(out, fmt.Sprintf("%s: got %.300s, want %.300s", path, show(a), show(b)))
		}
	}
	walk("", got, want)
	return out
}

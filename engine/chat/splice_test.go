package chat

import "testing"

func TestAppendUpstream(t *testing.T) {
	t.Parallel()
	const m = `"messages":[{"role":"user","content":"hi"}]`
	for _, c := range []struct {
		body string
		o    Upstream
		want string
	}{
		{`{ "temperature" : 0.70, "model" : "auto" , ` + m + `}`, Upstream{Model: "up"}, `{ "temperature" : 0.70, "model" : "up" , ` + m + `}`},
		{`{"routor_tier":"NANO", "models":[], "model":"auto",` + m + `,"routor_mode":"auto" , "routor_profile":"x"}`, Upstream{Model: "up"}, `{"model":"up",` + m + ` }`},
		{`{"model":"a",` + m + `,"model":"b"}`, Upstream{Model: "up"}, `{"model":"up",` + m + `,"model":"up"}`},
		{`{"model":"a",` + m + `}`, Upstream{Model: "up", IncludeUsage: true, Effort: "low"}, `{"model":"up",` + m + `,"stream_options":{"include_usage":true},"reasoning_effort":"low"}`},
		{`{"routor_tier":"NANO","model":"a",` + m + `}`, Upstream{Model: "up", Effort: "low"}, `{"model":"up",` + m + `,"reasoning_effort":"low"}`},
		{`{"model":"a",` + m + `,"reasoning_effort":"high"}`, Upstream{Model: "up", Effort: "low"}, `{"model":"up",` + m + `,"reasoning_effort":"low"}`},
		{`{"model":"a",` + m + `,"reasoning_effort":"high"}`, Upstream{Model: "up"}, `{"model":"up",` + m + `,"reasoning_effort":"high"}`},
		{`{"model":"a",` + m + `,"stream_options":null}`, Upstream{Model: "up", IncludeUsage: true}, `{"model":"up",` + m + `,"stream_options":{"include_usage":true}}`},
		{`{"model":"a",` + m + `,"stream_options":{ }}`, Upstream{Model: "up", IncludeUsage: true}, `{"model":"up",` + m + `,"stream_options":{"include_usage":true }}`},
		{`{"model":"a",` + m + `,"stream_options":{"x":1}}`, Upstream{Model: "up", IncludeUsage: true}, `{"model":"up",` + m + `,"stream_options":{"x":1,"include_usage":true}}`},
		{`{"model":"a",` + m + `,"stream_options":{"include_usage":false}}`, Upstream{Model: "up", IncludeUsage: true}, `{"model":"up",` + m + `,"stream_options":{"include_usage":true}}`},
		{`{"model":"a",` + m + `,"stream_options":{"include_usage":false}}`, Upstream{Model: "up"}, `{"model":"up",` + m + `,"stream_options":{"include_usage":false}}`},
	} {
		r := read(t, c.body)
		if got := string(r.AppendUpstream(nil, c.o)); got != c.want {
			t.Errorf("AppendUpstream(%+v)\n got %s\nwant %s", c.o, got, c.want)
		}
		r.Release()
	}
}

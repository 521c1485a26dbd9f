package engine

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/routor/routor/engine/access"
)

// TestEmptiedByFilter: an answer of which a content filter left nothing, with a status of success, is passed on as it is, unless
// the profile says that the next provider is asked.
func TestEmptiedByFilter(t *testing.T) {
	t.Parallel()
	const filtered = `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"content_filter"}],"usage":{"prompt_tokens":10,"completion_tokens":0,"total_tokens":10}}`
	cut := act{body: filtered, steps: []step{role(), {data: `{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}`}, done()}}
	half := act{
		body:  strings.Replace(filtered, `"content":""`, `"content":"half of it"`, 1),
		steps: []step{role(), text("half of it"), {data: `{"choices":[{"index":0,"delta":{},"finish_reason":"content_filter"}]}`}, done()},
	}
	plain := says("auto", "prove it", "")
	other := act{body: plainBody, steps: good("42")[0].steps}
	for name, x := range map[string]struct {
		body, choice string
		first        act
		rest         act
		want, calls  string
	}{
		"plain, as it is":         {plain, "", cut, other, `"finish_reason":"content_filter"`, "cedar 1"},
		"plain, the next one":     {plain, "next", cut, other, `"content":"42"`, "birch 1, cedar 1"},
		"plain, half of it":       {plain, "next", half, other, "half of it", "cedar 1"},
		"plain, all are emptied":  {plain, "next", cut, cut, "400 content_filter", "ash 1, birch 1, cedar 1, relay 1"},
		"stream, as it is":        {streamed, "", cut, other, `"finish_reason":"content_filter"`, "cedar 1"},
		"stream, the next one":    {streamed, "next", cut, other, `"content":"42"`, "birch 1, cedar 1"},
		"stream, half of it":      {streamed, "next", half, other, "half of it", "cedar 1"},
		"stream, all are emptied": {streamed, "next", cut, cut, "400 content_filter", "ash 1, birch 1, cedar 1, relay 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if x.body == plain {
					x.first.steps, x.rest.steps = nil, nil
				}
				w := engineOf(t, map[string][]act{"cedar": {x.first}, "*": {x.rest}}, Limits{})
				w.e.Live.current.Load().bounds[defaultProfile] = &bound{Profile: &access.Profile{Name: defaultProfile, OnFilter: x.choice}}
				if got := outcomeOf(w.send(t, t.Context(), x.body)); !strings.Contains(got, x.want) {
					t.Errorf("%s", got)
				}
				if got := w.calls(); got != x.calls {
					t.Errorf("asked: %s, want %s", got, x.calls)
				}
				w.idle(t)
			})
		})
	}
}

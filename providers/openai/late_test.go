package openai

import (
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
)

// TestLateMembers: what a provider says of the whole answer only in its last chunks, after the finish_reason too, reaches the
// client in the last one.
func TestLateMembers(t *testing.T) {
	t.Parallel()
	const head = `{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","region":"eu",`
	chunks := []string{
		head + `"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi."},"finish_reason":null}]}`,
		head + `"citations":["https://a"],"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		head + `"citations":["https://a","https://b"],"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`,
		head + `"timings":{"total":7},"choices":[]}`,
	}
	for _, usage := range []bool{false, true} {
		var g chat.Gather
		var out []byte
		dec := Chat.Decoder()
		enc := Chat.Encoder(chat.Encoding{IncludeUsage: usage, Last: func() []chat.Member { return nil }})
		tell := func(e *chat.Event) {
			g.Tell(e)
			out = enc.Append(out, e)
		}
		for _, c := range append(chunks, "[DONE]") {
			if err := dec.Decode("", []byte(c), tell); err != nil {
				t.Fatal(err)
			}
		}
		events := strings.Split(strings.TrimSpace(string(out)), "\n\n")
		last := events[len(events)-2]
		for _, want := range []string{`"citations":["https://a","https://b"]`, `"timings":{"total":7}`} {
			if !strings.Contains(last, want) || strings.Count(string(out), want) != 1 {
				t.Errorf("usage %v: no %s in %s", usage, want, out)
			}
		}
		if strings.Count(string(out), `"region":"eu"`) != 1 || g.Reply.Usage.Output != 2 || len(g.Reply.Extra) != 3 {
			t.Errorf("usage %v: %+v\n%s", usage, g.Reply, out)
		}
	}
}

package engine

import (
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
)

// TestAnswersAreWrittenAnew: where an official SDK reads text, a provider has a list with its thinking in it.
func TestAnswersAreWrittenAnew(t *testing.T) {
	t.Parallel()
	const (
		list   = `[{"type":"thinking","thinking":[{"type":"text","text":"I wonder."}]},{"type":"text","text":"It is sunny."}]`
		plain  = `{"id":"a","object":"chat.completion","created":1,"model":"oak-1","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":` + list + `}}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}`
		before = `data: {"id":"a","object":"chat.completion.chunk","created":1,"model":"oak-1","choices":[{"index":0,"delta":{"role":"assistant","content":`
		events = before + list + `},"finish_reason":null}]}` + "\n\n" + before + `""},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	)
	h := newHouse(t, func(catalog string) string {
		return strings.Replace(catalog, "  oak: {", "  oak: {quirks: [{surface: chat, anew: yes}], ", 1)
	})
	h.oak.answer = func(_ string, body []byte) (kind, text string) {
		if strings.Contains(string(body), `"stream":true`) {
			return "text/event-stream", events
		}
		return "application/json", plain
	}
	for _, stream := range []bool{false, true} {
		got := h.ask(t, chat.Completions, askedIn(chat.Completions, "oak/one", stream))
		if got.text != "It is sunny." || !got.ended || strings.Contains(got.raw, `"content":[`) || !strings.Contains(got.raw, `"reasoning_content":"I wonder."`) {
			t.Errorf("stream %t: %s", stream, got.raw)
		}
	}
	h.ask(t, chat.Completions, `{"model":"oak/one","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"ho","reasoning_content":"I wonder."},{"role":"user","content":"hi"}]}`)
	if _, body, _ := h.oak.last(); strings.Contains(body, "wonder") {
		t.Errorf("what was told comes back in a field that the provider does not know: %s", body)
	}
}

package openai

import (
	"slices"
	"testing"

	"github.com/routor/routor/engine/chat"
)

// TestInspectWhatIsCut: an event that ends anywhere is no event, whether there is memory behind it or none.
func TestInspectWhatIsCut(t *testing.T) {
	t.Parallel()
	for _, whole := range []string{
		`{"type":"response.output_item.done","output_index":0,"item":{"id":"m","type":"message","content":[{"type":"output_text","text":"a \" b"}]},"usage":{"input_tokens":[1,{"x":-2}]}}`,
		`{"id":"x","choices":[{"index":0,"delta":{"content":"a \\","tool_calls":[{"index":0,"function":{"arguments":"{"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`,
	} {
		for _, inspect := range []func([]byte, *chat.Chunk){Inspect, func(b []byte, c *chat.Chunk) { Responses.Inspect("", b, c) }} {
			for n := 1; n < len(whole); n++ {
				var c chat.Chunk
				inspect(slices.Clip([]byte(whole)[:n]), &c)
				if !c.Invalid && !c.Done {
					t.Errorf("taken: %s", whole[:n])
				}
			}
		}
	}
}

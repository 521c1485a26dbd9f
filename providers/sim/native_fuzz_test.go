package sim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"
)

// FuzzNative: whatever is sent to a surface, what comes back is JSON or events of JSON.
func FuzzNative(f *testing.F) {
	fleet := New(Options{Strict: true})
	f.Cleanup(fleet.Close)
	for i, body := range []string{
		`{"model":"claude-sonnet-4-6","max_tokens":2000,"stream":true,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}],"tools":[{"name":"get_weather","input_schema":{}}]}`,
		`{"contents":[{"role":"user","parts":[{"text":"weather"},{"inlineData":{}}]}],"tools":[{"functionDeclarations":[{"name":"get_weather"}]}],"generationConfig":{"candidateCount":3,"stopSequences":["a"]}}`,
		`{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"includeThoughts":true}}}`,
		`{"model":"gpt-5.4","input":"hi","stream":true}`,
	} {
		f.Add(uint8(i), []byte(body))
	}
	paths := []string{"/anthropic/v1/messages", "/google/v1beta/models/gemini-3.5-flash:generateContent", "/google/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse", "/openai/v1/responses"}
	f.Fuzz(func(t *testing.T, path uint8, body []byte) {
		var ctx fasthttp.RequestCtx
		ctx.Request.SetRequestURI(paths[int(path)%len(paths)])
		ctx.Request.Header.SetMethod("POST")
		ctx.Request.Header.Set("X-Api-Key", "k")
		ctx.Request.Header.Set("Anthropic-Version", "2023-06-01")
		ctx.Request.SetBody(body)
		fleet.handle(&ctx)
		out := string(ctx.Response.Body())
		if json.Valid([]byte(out)) {
			return
		}
		for line := range strings.Lines(out) {
			if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok && data != "[DONE]" && !json.Valid([]byte(data)) {
				t.Fatalf("%q answers %q", body, out)
			}
		}
	})
}

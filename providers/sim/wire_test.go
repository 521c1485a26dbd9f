package sim

import (
	"strings"
	"testing"
)

// TestHabits: what each provider does in its own way in a chat completion.
func TestHabits(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{Seed: 2})
	const tools = `,"tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}},{"type":"function","function":{"name":"get_time"}}]`
	for _, c := range []struct {
		provider, user, rest string
		want, never          string // parts of the answer, one after the other with "…" between
	}{
		{"openai", "hi", `,"stream":true,"stream_options":{"include_usage":true}`, `"usage":null…"obfuscation":…"choices":[],"usage":{"prompt_tokens":…data: [DONE]`, "reasoning_content"},
		{"microsoft", "hi", `,"stream":true`, `data: {"choices":[],"created":0,"id":"","model":""…prompt_filter_results…data: [DONE]`, `"usage":{`},
		{"mistral", "hi", `,"reasoning_effort":"high","stream":true`, `"content":[{"type":"thinking","thinking":[{"type":"text","text":"Let"}]}]…"content":"I"…"finish_reason":"stop"…"usage":{…data: [DONE]`, "reasoning_content"},
		{"mistral", "hi", `,"reasoning_effort":"high"`, `"content":[{"type":"thinking"…{"type":"text","text":"I am`, "reasoning_content"},
		{"minimax", "hi", `,"reasoning_effort":"high"`, `"content":"<think>\n`, ""},
		{"minimax", "hi", `,"reasoning_effort":"high","reasoning_split":true`, `"reasoning_content":"Let…"base_resp":{"status_code":0`, "think>"},
		{"deepseek", "hi", `,"stream":true,"reasoning_effort":"high"`, `: keep-alive…"reasoning_content":"Let"…"finish_reason":"stop"…"prompt_cache_hit_tokens"…data: [DONE]`, ""},
		{"alibaba", "the weather in Paris", `,"stream":true` + tools, `"name":"get_weather","arguments":""…"name":"","arguments":"{\"city\":…"role":null`, ""},
		{"xai", "the weather in Paris", tools, `"name":"get_weather","arguments":"{\"city\":\"Paris\"}"…"num_sources_used":0`, ""},
		{"zai", "the weather and the time in Paris", tools, `"index":0…get_weather…"index":1…get_time`, ""},
		{"zai", "the weather and the time in Paris", tools + `,"parallel_tool_calls":false`, `get_weather`, "get_time"},
		{"moonshot", "hi", `,"stream":true`, `"finish_reason":"stop","usage":{…"cached_tokens"…data: [DONE]`, ""},
	} {
		_, text := ask("POST", "/"+c.provider+"/v1/chat/completions", "k", `{"model":"`+f.Models(c.provider)[0]+`","messages":[{"role":"user","content":"`+c.user+`"}]`+c.rest+`}`)
		rest := text
		for part := range strings.SplitSeq(c.want, "…") {
			at := strings.Index(rest, part)
			if at < 0 {
				t.Errorf("%s %s has no %q:\n%.1500s", c.provider, c.rest, part, text)
				break
			}
			rest = rest[at:]
		}
		if c.never != "" && strings.Contains(text, c.never) {
			t.Errorf("%s %s has %q:\n%.1500s", c.provider, c.rest, c.never, text)
		}
	}
}

package openai

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/sse"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want Chunk
	}{
		"role only":              {`{"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}]}`, Chunk{Choices: 1}},
		"null content":           {`{"choices":[{"delta":{"content":null,"reasoning_content":"","role":"assistant"}}]}`, Chunk{Choices: 1}},
		"text":                   {`{"choices":[{"delta":{"content":"a"}}]}`, Chunk{Choices: 1, Content: true}},
		"text in the second":     {`{"choices":[{"delta":{}},{"delta":{"content":"a"}}]}`, Chunk{Choices: 2, Content: true}},
		"reasoning":              {`{"choices":[{"delta":{"role":"assistant","reasoning_content":"The"}}]}`, Chunk{Choices: 1, Reasoning: true}},
		"reasoning of routers":   {`{"choices":[{"delta":{"content":"","reasoning":"x","reasoning_details":[{"text":"x"}]}}]}`, Chunk{Choices: 1, Reasoning: true}},
		"thinking parts":         {`{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}`, Chunk{Choices: 1, Reasoning: true}},
		"text parts":             {`{"choices":[{"delta":{"content":[{"type":"text","text":"hm"}]}}]}`, Chunk{Choices: 1, Content: true}},
		"empty text parts":       {`{"choices":[{"delta":{"content":[{"type":"text","text":""},{"type":"thinking","thinking":[ ]}]}}]}`, Chunk{Choices: 1}},
		"tool call":              {`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"","arguments":"{"}}]}}]}`, Chunk{Choices: 1, Content: true, Tool: true}},
		"no tool calls":          {`{"choices":[{"delta":{"content":"","tool_calls":[]}}]}`, Chunk{Choices: 1}},
		"refusal":                {`{"choices":[{"delta":{"refusal":"no"}}]}`, Chunk{Choices: 1, Content: true}},
		"audio":                  {`{"choices":[{"delta":{"audio":{"id":"x"}}}]}`, Chunk{Choices: 1, Content: true}},
		"finish":                 {`{"choices":[{"delta":{},"finish_reason":"stop"}]}`, Chunk{Choices: 1, Finish: chat.Stop}},
		"azure's first":          {`{"choices":[],"created":0,"id":"","model":"","prompt_filter_results":[{"prompt_index":0}]}`, Chunk{}},
		"error":                  {`{"error":{"message":"x","code":"rate_limit_exceeded"}}`, Chunk{Choices: -1, Error: true}},
		"error that is a string": {`{"code":"c","error":"text"}`, Chunk{Choices: -1, Error: true}},
		"error with choices":     {`{"error":{"code":502},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}`, Chunk{Choices: 1, Error: true, Finish: chat.Stop}},
		"no error":               {`{"error":null,"choices":[{"delta":{"content":"a"}}]}`, Chunk{Choices: 1, Content: true}},
		"mistral's error":        {`{"object":"error","message":"m","code":"1"}`, Chunk{Choices: -1, Error: true}},
		"detail":                 {`{"detail":"Invalid API Key"}`, Chunk{Choices: -1, Error: true}},
		"minimax's error":        {`{"choices":null,"base_resp":{"status_code":1008,"status_msg":"m"}}`, Chunk{Choices: -1, Error: true}},
		"minimax's error 1000":   {`{"choices":null,"base_resp":{"status_code":1000,"status_msg":"m"}}`, Chunk{Choices: -1, Error: true}},
		"minimax's success":      {`{"choices":[],"base_resp":{"status_code":0,"status_msg":""}}`, Chunk{}},
		"done":                   {` [DONE] `, Chunk{Choices: -1, Done: true}},
		"cut":                    {`{"choices":[{"delta":{"content":"a`, Chunk{Choices: 1, Content: false, Invalid: true}},
		"html":                   {`<html>`, Chunk{Choices: -1, Invalid: true}},
		"two values":             {`{"choices":[]}{}`, Chunk{Invalid: true}},
		"quotes and brackets":    {`{"a":"\\\"}{","choices":[{"delta":{"content":"]\"}"}}]}`, Chunk{Choices: 1, Content: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got Chunk
			Inspect([]byte(c.in), &got)
			got.UsageFrom, got.UsageTo, got.UsageNull = 0, 0, false
			if got != c.want {
				t.Errorf("%s\n got %+v\nwant %+v", c.in, got, c.want)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want chat.Usage
	}{
		"openai":   {`{"prompt_tokens":95,"completion_tokens":281,"total_tokens":376,"prompt_tokens_details":{"cached_tokens":5,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":256,"audio_tokens":0}}`, chat.Usage{Input: 90, CachedRead: 5, Output: 281, Reasoning: 256}},
		"audio":    {`{"prompt_tokens":50,"completion_tokens":30,"total_tokens":80,"prompt_tokens_details":{"audio_tokens":20},"completion_tokens_details":{"audio_tokens":10}}`, chat.Usage{Input: 30, AudioInput: 20, Output: 20, AudioOutput: 10}},
		"written":  {`{"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":20,"cache_write_tokens":30}}`, chat.Usage{Input: 50, CachedRead: 20, CacheWrite5m: 30, Output: 1}},
		"xai":      {`{"prompt_tokens":432,"completion_tokens":68,"total_tokens":636,"prompt_tokens_details":{"text_tokens":432,"cached_tokens":153},"completion_tokens_details":{"reasoning_tokens":136}}`, chat.Usage{Input: 279, CachedRead: 153, Output: 204, Reasoning: 136}},
		"google":   {`{"completion_tokens":6,"prompt_tokens":66,"total_tokens":100}`, chat.Usage{Input: 66, Output: 34, Reasoning: 28}},
		"deepseek": {`{"prompt_tokens":390,"completion_tokens":22,"total_tokens":412,"prompt_cache_hit_tokens":256,"prompt_cache_miss_tokens":134}`, chat.Usage{Input: 134, CachedRead: 256, Output: 22}},
		"moonshot": {`{"prompt_tokens":20,"completion_tokens":30,"total_tokens":50,"cached_tokens":10,"completion_tokens_details":{"reasoning_tokens":22}}`, chat.Usage{Input: 10, CachedRead: 10, Output: 30, Reasoning: 22}},
		"mistral":  {`{"completion_tokens":93,"num_cached_tokens":48,"prompt_tokens":254,"total_tokens":347}`, chat.Usage{Input: 206, CachedRead: 48, Output: 93}},
		"voxtral":  {`{"completion_tokens":15,"prompt_audio_seconds":5,"prompt_tokens":11,"prompt_tokens_details":{"audio_tokens":375,"cached_tokens":9},"total_tokens":401}`, chat.Usage{Input: 2, CachedRead: 9, AudioInput: 375, Output: 15}},
		"more cached than prompt (Grok on Azure)": {`{"prompt_tokens":29,"completion_tokens":6,"total_tokens":35,"prompt_tokens_details":{"cached_tokens":157}}`, chat.Usage{CachedRead: 29, Output: 6}},
		"more reasoning than completion":          {`{"prompt_tokens":43,"completion_tokens":10,"total_tokens":53,"completion_tokens_details":{"reasoning_tokens":11}}`, chat.Usage{Input: 43, Output: 10, Reasoning: 10}},
		"null details":                            {`{"prompt_tokens":4,"completion_tokens":1,"prompt_tokens_details":null}`, chat.Usage{Input: 4, Output: 1}},
		"a fraction":                              {`{"prompt_tokens":4.0,"completion_tokens":1e0}`, chat.Usage{Input: 4, Output: 1}},
		"nothing but totals (minimax's error)":    {`{"total_tokens":0,"total_characters":0}`, chat.Usage{}},
		"null":                                    {`null`, chat.Usage{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.want.Known = c.want != chat.Usage{}
			for _, in := range []string{`{"choices":[],"usage":` + c.in + `}`, `{"choices":[{"delta":{},"usage":` + c.in + `}]}`} {
				var got Chunk
				Inspect([]byte(in), &got)
				if got.Usage != c.want || got.Invalid {
					t.Errorf("%s\n got %+v\nwant %+v", in, got.Usage, c.want)
				}
			}
		})
	}
}

// TestRecordedStreams holds Inspect against a plain decoding of every recorded chunk.
func TestRecordedStreams(t *testing.T) {
	t.Parallel()
	streams, chunks := 0, 0
	for _, f := range fixtures(t) {
		if !f.stream {
			continue
		}
		streams++
		r := sse.NewReader(bytes.NewReader(f.body))
		content, finished, known, failed := false, false, false, false
		for {
			e, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(f.path, err)
			}
			if e.Data == nil {
				continue
			}
			chunks++
			var c Chunk
			Inspect(e.Data, &c)
			if c.Done {
				continue
			}
			if c.Invalid != !json.Valid(e.Data) {
				t.Errorf("%s: Invalid is %t for %s", f.path, c.Invalid, e.Data)
			}
			var d struct {
				Choices []struct {
					Delta struct {
						Content   any
						ToolCalls []any `json:"tool_calls"`
						Refusal   string
					}
					Finish string `json:"finish_reason"`
				}
				Usage *struct {
					Prompt     int64 `json:"prompt_tokens"`
					Completion int64 `json:"completion_tokens"`
					Total      int64 `json:"total_tokens"`
				}
				Error any
			}
			if err := json.Unmarshal(e.Data, &d); err != nil {
				t.Fatal(f.path, err)
			}
			want := false
			for _, ch := range d.Choices {
				text, isText := ch.Delta.Content.(string)
				_, isList := ch.Delta.Content.([]any)
				want = want || isText && text != "" || isList && c.Content || len(ch.Delta.ToolCalls) > 0 || ch.Delta.Refusal != ""
				finished = finished || ch.Finish != ""
			}
			if c.Content != want {
				t.Errorf("%s: Content is %t for %s", f.path, c.Content, e.Data)
			}
			if (d.Error != nil) != c.Error {
				t.Errorf("%s: Error is %t for %s", f.path, c.Error, e.Data)
			}
			if u := c.Usage; u.Known {
				sum := u.Input + u.CachedRead + u.CacheWrite5m + u.AudioInput + u.Output + u.AudioOutput
				if d.Usage != nil && sum != max(d.Usage.Total, d.Usage.Prompt+d.Usage.Completion) {
					t.Errorf("%s: tokens add up to %d: %s", f.path, sum, e.Data)
				}
			}
			content, known, failed = content || c.Content, known || c.Usage.Known, failed || c.Error
		}
		if !finished && !failed && content {
			t.Logf("%s/%s: recorded without a finish_reason", f.provider, f.path)
		}
	}
	t.Logf("%d streams, %d chunks", streams, chunks)
}

func TestRecordedBodies(t *testing.T) {
	t.Parallel()
	n := 0
	for _, f := range fixtures(t) {
		if f.stream || !json.Valid(f.body) || bytes.TrimSpace(f.body)[0] != '{' {
			continue
		}
		n++
		var c Chunk
		Inspect(f.body, &c)
		if c.Invalid {
			t.Errorf("%s: %s is no JSON to us", f.path, f.body)
		}
		// Three of them came with HTTP 200: a content filter, a failed upstream, MiniMax.
		var d struct {
			Choices []any
			Error   any
		}
		failed := json.Unmarshal(f.body, &d) == nil && (d.Error != nil || d.Choices == nil)
		if (c.Error || c.Choices <= 0) != failed {
			t.Errorf("%s: HTTP %d, Error %t, %d choices: %.200s", f.path, f.status, c.Error, c.Choices, f.body)
		}
	}
	t.Logf("%d bodies", n)
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte(`{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`))
	f.Add([]byte(`{"choices":null,"base_resp":{"status_code":1008}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Chunk
		Inspect(b, &c)
		if json.Valid(b) && bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) && c.Invalid {
			t.Fatalf("%q is JSON", b)
		}
		if c.Invalid {
			return
		}
		for _, edit := range []Edit{{DropUsage: true}, {Routor: []byte(`{"a":1}`)}, {Routor: []byte(`{"a":1}`), DropUsage: true}} {
			if out := AppendData(nil, b, &c, edit); json.Valid(b) && !json.Valid(out) && !c.Done {
				t.Fatalf("%q became %q with %+v", b, out, edit)
			}
		}
	})
}

func BenchmarkInspect(b *testing.B) {
	data := []byte(`{"id":"chatcmpl-DIgQXTrfHNvrR7nDubnJ5oLUWTcEg","object":"chat.completion.chunk","created":1773345365,"model":"gpt-5-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":"age"},"finish_reason":null}],"usage":null,"obfuscation":"PZHJ6YVRf"}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	var c Chunk
	for b.Loop() {
		Inspect(data, &c)
	}
}

package gemini

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers/sse"
)

// tell is the events of chunks, a word each.
func tellAll(chunks ...string) string {
	var out []string
	say := func(e *chat.Event) {
		switch e.Kind {
		case chat.EventStart:
			out = append(out, "start:"+e.Reply.ID)
		case chat.EventOpen:
			text := e.Part.Text
			if c := e.Part.Call; c != nil {
				text = c.ID + c.Name + c.Arguments
			}
			out = append(out, fmt.Sprintf("open%d.%d:%s:%s", e.Choice, e.Index, e.Part.Kind, text))
		case chat.EventDelta:
			out = append(out, fmt.Sprintf("+%d:%s", e.Index, e.Text))
		case chat.EventState:
			if e.Part.State != nil {
				out = append(out, "state:"+e.Part.State.Data)
			} else {
				out = append(out, "sources:"+string(e.Part.Annotations))
			}
		case chat.EventClose:
			out = append(out, fmt.Sprintf("close%d", e.Index))
		case chat.EventFinish:
			out = append(out, "finish:"+string(e.Finish))
		case chat.EventUsage:
			out = append(out, fmt.Sprintf("usage:%d+%d", e.Usage.Prompt(), e.Usage.Completion()))
		case chat.EventError:
			out = append(out, fmt.Sprintf("error:%d:%s", e.Fault.Status, e.Fault.Code))
		case chat.EventEnd:
			out = append(out, "end")
		}
	}
	d := Generate.Decoder()
	for _, c := range chunks {
		if err := d.Decode("", []byte(c), say); err != nil {
			return err.Error()
		}
	}
	d.End(say)
	return strings.Join(out, " ")
}

func chunkOf(parts, rest string) string {
	return `{"responseId":"r","candidates":[{"index":0,"content":{"role":"model","parts":[` + parts + `]}` + rest + `}]}`
}

func TestDecoder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		chunks []string
		want   string
	}{
		{"text, its signature last", []string{chunkOf(`{"text":"a"}`, ""), chunkOf(`{"text":"b"}`, ""), chunkOf(`{"text":"","thoughtSignature":"s"}`, `,"finishReason":"STOP"`)},
			"start:r open0.0:text:a +0:b state:s close0 finish:stop end"},
		{"thoughts, then text", []string{chunkOf(`{"text":"t","thought":true},{"text":"a"}`, `,"finishReason":"MAX_TOKENS"`)},
			"start:r open0.0:reasoning:t close0 open0.1:text:a close1 finish:length end"},
		{"a signature alone", []string{chunkOf(`{"thoughtSignature":"s"},{"text":"a"}`, `,"finishReason":"STOP"`)},
			"start:r open0.0:reasoning: close0 open0.1:text:a close1 finish:stop end"},
		{"signed text and more of it", []string{chunkOf(`{"text":"a","thoughtSignature":"s"},{"text":"b"}`, `,"finishReason":"STOP"`)},
			"start:r open0.0:text:a close0 open0.1:text:b close1 finish:stop end"},
		{"calls", []string{chunkOf(`{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g","id":"x"}}`, `,"finishReason":"STOP"`)},
			`start:r open0.0:tool_call:call_g_r_1f{"a":1} close0 open0.1:tool_call:xg{} close1 finish:tool_calls end`},
		{"a call in pieces", []string{chunkOf(`{"functionCall":{"name":"f","willContinue":true}}`, ""),
			chunkOf(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a[1].b","stringValue":"x\"","willContinue":true}],"willContinue":true}}`, ""),
			chunkOf(`{"functionCall":{"partialArgs":[{"jsonPath":"$.a[1].b","stringValue":"y"},{"jsonPath":"$['c d']","boolValue":true}],"willContinue":true}}`, ""),
			chunkOf(`{"functionCall":{}}`, `,"finishReason":"STOP"`)},
			`start:r open0.0:tool_call:call_g_r_1f +0:{"a":[null,{"b":"x\"y"}],"c d":true} close0 finish:tool_calls end`},
		{"STOP in every chunk, as older servers say it", []string{chunkOf(`{"text":"a"}`, `,"finishReason":"STOP"`), chunkOf(`{"text":"b"}`, `,"finishReason":1`)},
			"start:r open0.0:text:a +0:b close0 finish:stop end"},
		{"cut", []string{chunkOf(`{"text":"a"}`, "")}, "start:r open0.0:text:a close0"},
		{"filtered", []string{chunkOf(``, `,"finishReason":"PROHIBITED_CONTENT"`)}, "start:r finish:content_filter end"},
		{"a blocked prompt", []string{`{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}`}, "start: finish:content_filter usage:4+0 end"},
		{"a malformed call", []string{chunkOf(``, `,"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"bad"`)}, "start:r error:502:malformed_function_call"},
		{"no reason for nothing", []string{chunkOf(``, `,"finishReason":"OTHER"`)}, "start:r error:502:other"},
		{"no reason for something", []string{chunkOf(`{"text":"a"}`, `,"finishReason":"OTHER"`)}, "start:r open0.0:text:a close0 finish:stop end"},
		{"an error in the stream", []string{chunkOf(`{"text":"a"}`, ""), `{"error":{"code":503,"status":"UNAVAILABLE","message":"m"}}`}, "start:r open0.0:text:a error:503:unavailable close0"},
		{"the usage last told counts", []string{`{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}}`, `{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":2,"thoughtsTokenCount":3,"toolUsePromptTokenCount":5}}`},
			"start: usage:15+5"},
		{"an array, and chunks by lines", []string{"[" + chunkOf(`{"text":"a"}`, "") + "," + chunkOf(`{"text":"b"}`, "") + "]", chunkOf(`{"text":"c"}`, "") + "\n" + chunkOf(`{"text":"d"}`, `,"finishReason":"STOP"`)},
			"start:r open0.0:text:a +0:b +0:c +0:d close0 finish:stop end"},
		{"sources", []string{chunkOf(`{"text":"ä b"}`, `,"finishReason":"STOP","groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"groundingSupports":[{"segment":{"startIndex":3,"endIndex":4},"groundingChunkIndices":[0]}]}`)},
			`start:r open0.0:text:ä b sources:[{"type":"url_citation","url_citation":{"start_index":2,"end_index":3,"title":"t","url":"u"}}] close0 finish:stop end`},
		{"no JSON", []string{`{"cand`}, `gemini: a chunk of the stream is no JSON: "{\"cand"`},
	} {
		if got := tellAll(c.chunks...); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]chat.Usage{
		`{"promptTokenCount":100,"cachedContentTokenCount":40,"candidatesTokenCount":10,"thoughtsTokenCount":5,"toolUsePromptTokenCount":7}`: {Input: 67, CachedRead: 40, Output: 15, Reasoning: 5, Known: true},
		`{"promptTokenCount":50,"promptTokensDetails":[{"modality":"TEXT","tokenCount":20},{"modality":"AUDIO","tokenCount":30}],"candidatesTokenCount":9,"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":8}]}`: {
			Input: 20, AudioInput: 30, Output: 1, AudioOutput: 8, Known: true},
		`{"trafficType":"ON_DEMAND"}`: {},
	} {
		var c counts
		c.read([]byte(raw))
		got := c.usage()
		if got != want {
			t.Errorf("%s\nis   %+v\nwant %+v", raw, got, want)
		}
		if !got.Known {
			continue
		}
		var again counts
		again.read(appendUsage(nil, &got, ""))
		if again.usage() != want {
			t.Errorf("written and read again it is %+v", again.usage())
		}
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]chat.Chunk{
		chunkOf(`{"text":"a"}`, ""):                                        {Content: true, Choices: 1},
		chunkOf(`{"text":"a","thought":true}`, ""):                         {Reasoning: true, Choices: 1},
		chunkOf(`{"text":"","thoughtSignature":"s"}`, ""):                  {Choices: 1},
		chunkOf(`{"functionCall":{"name":"f"}}`, `,"finishReason":"STOP"`): {Content: true, Tool: true, Finish: chat.ToolCalls, Choices: 1},
		chunkOf(`{"text":"a"}`, `,"finishReason":"SAFETY"`):                {Content: true, Finish: chat.ContentFilter, Choices: 1},
		chunkOf(``, `,"finishReason":"MALFORMED_FUNCTION_CALL"`):           {Error: true, Choices: 1},
		`{"promptFeedback":{"blockReason":"SAFETY"}}`:                      {Finish: chat.ContentFilter, Choices: 1},
		`[{"error":{"code":429}}]`:                                         {Error: true},
		`{"cand`:                                                           {Invalid: true},
		`7`:                                                                {Invalid: true},
	} {
		var got chat.Chunk
		Generate.Inspect("", []byte(body), &got)
		if got != want {
			t.Errorf("%s\nis   %+v\nwant %+v", body, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	b := Generate.AppendFault(nil, &chat.Fault{Status: 429, Message: "slow", Code: "rate_limit_exceeded"})
	if string(b) != `{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"routor","reason":"RATE_LIMIT_EXCEEDED"}]}}` {
		t.Errorf("%s", b)
	}
	enc := Generate.Encoder(chat.Encoding{})
	var stream []byte
	for _, e := range []chat.Event{
		{Kind: chat.EventStart}, {Kind: chat.EventOpen, Part: said("a")},
		{Kind: chat.EventOpen, Index: 1, Part: chat.Part{Kind: chat.ToolCall, Call: &chat.Call{Name: "f"}}},
		{Kind: chat.EventDelta, Index: 1, Text: `{"a":`},
	} {
		stream = enc.Append(stream, &e)
	}
	stream = enc.Break(enc.Ping(stream), &chat.Fault{Status: 502, Message: "gone"})
	if s := string(stream); strings.Contains(s, "finishReason") || strings.Contains(s, "functionCall") || !strings.Contains(s, `data: {"error":{"code":502`) || !strings.Contains(s, ": ping\r\n\r\n") {
		t.Errorf("a stream that breaks off:\n%s", s)
	}
}

func FuzzReadRequest(f *testing.F) {
	f.Add([]byte(`{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"}]},{"parts":[{"functionResponse":{"name":"f","response":{"output":"x"}}},{"file_data":{"file_uri":"gs://x"}}]}],"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","nullable":true,"enum":[]}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},"generationConfig":{"thinkingConfig":{"thinkingBudget":-1},"responseSchema":{},"responseMimeType":"application/json"}}`))
	f.Add([]byte(`{"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"allOf":[{"$ref":"#"}],"const":1}}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c chat.Conversation
		if Generate.ReadRequest(body, &c) != nil {
			return
		}
		for _, from := range []chat.Dialect{chat.Generate, chat.Completions} {
			c.From = from
			out, _, err := Generate.AppendRequest(nil, &c, &chat.Target{Provider: "google", Thinks: true})
			if err == nil && !json.Valid(out) {
				t.Fatalf("%q\nis written as %q", body, out)
			}
			for i := range c.Tools {
				c.Tools[i].Raw = nil
			}
		}
	})
}

func FuzzReadReply(f *testing.F) {
	f.Add([]byte(chunkOf(`{"text":"a","thought":true},{"functionCall":{"name":"f","partialArgs":[{"jsonPath":"$.a[3].b","numberValue":1}]}},{"inlineData":{"data":"x"}}`, `,"finishReason":"STOP","logprobsResult":{"chosenCandidates":[{"token":"a"}]},"citationMetadata":{"citations":[{"uri":"u","endIndex":9}]}`)))
	f.Fuzz(func(t *testing.T, body []byte) {
		var c chat.Chunk
		Generate.Inspect("", body, &c)
		var r chat.Reply
		if Generate.ReadReply(body, &r) != nil {
			return
		}
		if out := Generate.AppendReply(nil, &r); !json.Valid(out) {
			t.Fatalf("%q\nis written as %q", body, out)
		}
	})
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte(chunkOf(`{"text":"a"}`, "")), []byte(chunkOf(`{"functionCall":{"willContinue":true}}`, `,"finishReason":"STOP"`)))
	f.Add([]byte(`[{"error":"x"}]`), []byte(`{"promptFeedback":{"blockReason":1}}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		enc := Generate.Encoder(chat.Encoding{})
		var stream []byte
		open := map[[2]int]bool{}
		say := func(e *chat.Event) {
			at := [2]int{e.Choice, e.Index}
			switch e.Kind {
			case chat.EventOpen:
				open[at] = true
			case chat.EventDelta, chat.EventState, chat.EventClose:
				if !open[at] {
					t.Fatalf("%v of a part that was not opened: %q %q", e.Kind, a, b)
				}
			}
			stream = enc.Append(stream, e)
		}
		d := Generate.Decoder()
		for _, chunk := range [][]byte{a, b} {
			if d.Decode("", chunk, say) != nil {
				return
			}
		}
		d.End(say)
		in := sse.NewReader(strings.NewReader(string(stream)))
		for {
			e, err := in.Next()
			if err != nil {
				break
			}
			if e.Data != nil && !json.Valid(e.Data) {
				t.Fatalf("%q %q\nis written as %q", a, b, stream)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	chunk := []byte(`{"candidates": [{"content": {"parts": [{"text": " is Paris. The city is well-known for its"}],"role": "model"},"index": 0}],"usageMetadata": {"promptTokenCount": 15,"candidatesTokenCount": 29,"totalTokenCount": 1556,"promptTokensDetails": [{"modality": "TEXT","tokenCount": 15}],"thoughtsTokenCount": 742},"modelVersion": "gemini-2.5-pro","responseId": "6hkqaYC5BbGEz7IPwb3ggA8"}`)
	d := Generate.Decoder()
	enc := Generate.Encoder(chat.Encoding{})
	var buf []byte
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = d.Decode("", chunk, func(*chat.Event) {})
		}
	})
	b.Run("inspect", func(b *testing.B) {
		b.ReportAllocs()
		var c chat.Chunk
		for b.Loop() {
			Generate.Inspect("", chunk, &c)
		}
	})
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		buf = enc.Append(buf[:0], &chat.Event{Kind: chat.EventOpen, Part: said("a")})
		e := &chat.Event{Kind: chat.EventDelta, Text: " is Paris. The city is well-known for its"}
		for b.Loop() {
			buf = enc.Append(buf[:0], e)
		}
	})
}

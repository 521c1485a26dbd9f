package openai

import (
	"testing"

	"github.com/routor/routor/engine/chat"
)

var delta = map[chat.Dialect][]byte{
	chat.Completions: []byte(`{"id":"chatcmpl-DIgQXTrfHNvrR7nDubnJ5oLUWTcEg","object":"chat.completion.chunk","created":1773345365,"model":"gpt-5-2025-08-07","service_tier":"default","system_fingerprint":null,"choices":[{"index":0,"delta":{"content":"age"},"finish_reason":null}],"usage":null,"obfuscation":"PZHJ6YVRf"}`),
	chat.Responses:   []byte(`{"type":"response.output_text.delta","content_index":0,"delta":"age","item_id":"msg_06c839edbdd88254016a3c11ab9f1c819084fd5aef02a61a57","logprobs":[],"obfuscation":"8jGLy1kg","output_index":0,"sequence_number":97}`),
}

// BenchmarkDecode is a text delta, of which the text is the only thing that has to be allocated.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []chat.Codec{Chat, Responses} {
		b.Run(string(c.Dialect()), func(b *testing.B) {
			d := c.Decoder()
			data := delta[c.Dialect()]
			n := 0
			tell := func(e *chat.Event) { n += len(e.Text) }
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if err := d.Decode("", data, tell); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEncode is a text delta into memory that is there.
func BenchmarkEncode(b *testing.B) {
	for _, c := range []chat.Codec{Chat, Responses} {
		b.Run(string(c.Dialect()), func(b *testing.B) {
			enc := c.Encoder(chat.Encoding{})
			dst := enc.Append(nil, &chat.Event{Kind: chat.EventStart, Reply: chat.Reply{ID: "resp_1", Model: "m", Created: 1}})
			dst = enc.Append(dst, &chat.Event{Kind: chat.EventOpen, Part: chat.Part{Kind: chat.Text}})
			more := &chat.Event{Kind: chat.EventDelta, Text: "age"}
			b.ReportAllocs()
			for b.Loop() {
				dst = enc.Append(dst[:0], more)
			}
		})
	}
}

func BenchmarkInspectEvent(b *testing.B) {
	b.ReportAllocs()
	var c chat.Chunk
	for b.Loop() {
		Responses.Inspect("", delta[chat.Responses], &c)
	}
}

// BenchmarkRequest reads a request and writes it in the other dialect.
func BenchmarkRequest(b *testing.B) {
	for i, from := range []chat.Codec{Chat, Responses} {
		to := []chat.Codec{Responses, Chat}[i]
		body := []byte(fuzzRequests[from.Dialect()][0])
		var dst []byte
		b.Run(string(from.Dialect()), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var c chat.Conversation
				if err := from.ReadRequest(body, &c); err != nil {
					b.Fatal(err)
				}
				dst, _, _ = to.AppendRequest(dst[:0], &c, nil)
			}
		})
	}
}

package anthropic

import (
	"testing"

	"github.com/routor/routor/engine/chat"
)

var delta = []byte(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" of the words that"}           }`)

func BenchmarkInspect(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(delta)))
	var c chat.Chunk
	for b.Loop() {
		Messages.Inspect("content_block_delta", delta, &c)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	d := Messages.Decoder()
	tell := func(*chat.Event) {}
	_ = d.Decode("", []byte(`{"type":"message_start","message":{"id":"msg_1","model":"m"}}`), tell)
	_ = d.Decode("", []byte(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`), tell)
	for b.Loop() {
		_ = d.Decode("content_block_delta", delta, tell)
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	e := Messages.Encoder(chat.Encoding{})
	out := e.Append(nil, &chat.Event{Kind: chat.EventOpen, Part: chat.Part{Kind: chat.Text}})
	more := &chat.Event{Kind: chat.EventDelta, Text: " of the words that"}
	for b.Loop() {
		out = e.Append(out[:0], more)
	}
}

func BenchmarkReadRequest(b *testing.B) {
	body := generator{newRand(3)}.request()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	var c chat.Conversation
	for b.Loop() {
		_ = Messages.ReadRequest(body, &c)
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	var c chat.Conversation
	_ = Messages.ReadRequest(generator{newRand(3)}.request(), &c)
	target := &chat.Target{Provider: "anthropic", Model: "m", Thinks: true, Adaptive: true, Efforts: levels}
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		out, _, _ = Messages.AppendRequest(out[:0], &c, target)
	}
}

package chat

import (
	"fmt"
	"strings"
	"testing"
)

// body makes a request of about size bytes: system prompt, tools, a conversation.
func body(size int) []byte {
	var b strings.Builder
	b.WriteString(`{"model":"auto","stream":true,"temperature":0.7,"messages":[{"role":"system","content":"You are a careful assistant.\nAnswer briefly."}`)
	for i := 0; b.Len() < size-180; i++ {
		role := [2]string{"user", "assistant"}[i%2]
		n := min(1500, max(20, size-180-b.Len()))
		text := strings.Repeat("Explain how the tide follows the moon, \\\"why\\\" twice a day.\\n", n/60+1)
		fmt.Fprintf(&b, `,{"role":%q,"content":"%s"}`, role, text[:strings.LastIndexByte(text[:min(n, len(text))], ' ')])
	}
	b.WriteString(`,{"role":"user","content":"And in spring, when both stand in line?"}],"max_tokens":200}`)
	return []byte(b.String())
}

var sizes = []struct {
	name string
	size int
}{{"200B", 200}, {"2KB", 2 << 10}, {"200KB", 200 << 10}}

func BenchmarkRead(b *testing.B) {
	for _, c := range sizes {
		b.Run(c.name, func(b *testing.B) {
			body := body(c.size)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r, err := Read(body)
				if err != nil {
					b.Fatal(err)
				}
				r.Release()
			}
		})
	}
}

func BenchmarkAppendUpstream(b *testing.B) {
	for _, c := range sizes {
		b.Run(c.name, func(b *testing.B) {
			r, err := Read(body(c.size))
			if err != nil {
				b.Fatal(err)
			}
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = r.AppendUpstream(dst[:0], Upstream{Model: "gpt-5.5", IncludeUsage: true})
			}
		})
	}
}

// TestReadAllocates: a Request from the pool reads without allocating.
func TestReadAllocates(t *testing.T) {
	if raced {
		t.Skip("the race detector makes pools forget")
	}
	for _, c := range sizes {
		body := body(c.size)
		n := testing.AllocsPerRun(50, func() {
			r, err := Read(body)
			if err != nil {
				t.Fatal(err)
			}
			r.Release()
		})
		if n >= 1 {
			t.Errorf("%s: %v allocations a Read, want 0", c.name, n)
		}
	}
}

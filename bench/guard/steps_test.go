package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/bench/cputime"
	"github.com/routor/routor/classifiers"
	builtin "github.com/routor/routor/classifiers/default"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers"
)

// The steps of a request, each alone, as make guard holds them against their baselines.

const text = "Write a function in Go that merges overlapping intervals, and explain why it is correct. Our checkout service returns 502 about once an hour. "

var lengths = []struct {
	name string
	size int
}{{"200B", 200}, {"2KB", 2 << 10}}

func said(n int) string { return strings.Repeat(text, n/len(text)+1)[:n] }

func module(b *testing.B) *classifiers.Module {
	m, err := classifiers.Load(b.Context(), builtin.Module, classifiers.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(m.Close)
	return m
}

func BenchmarkRead(b *testing.B) {
	for _, l := range lengths {
		body := chat.Prompt{Text: said(l.size)}.AppendBody(nil)
		b.Run(l.name, func(b *testing.B) {
			b.ReportAllocs()
			stop := cputime.Start(b)
			for b.Loop() {
				r, err := chat.Read(body)
				if err != nil {
					b.Fatal(err)
				}
				r.Release()
			}
			stop(b.N)
		})
	}
}

func BenchmarkClassify(b *testing.B) {
	m := module(b)
	for _, l := range lengths {
		in := &classifiers.Input{Text: said(l.size), Turns: 1}
		b.Run(l.name, func(b *testing.B) {
			var r classifiers.Result
			b.ReportAllocs()
			stop := cputime.Start(b)
			for b.Loop() {
				if err := m.Classify(in, &r); err != nil {
					b.Fatal(err)
				}
			}
			stop(b.N)
		})
	}
}

// rules are twenty, of four kinds, as a large team has them; five read the cost.
func rules() string {
	var b strings.Builder
	b.WriteString("name: large\nrules:\n")
	for i := range 5 {
		fmt.Fprintf(&b, "  - {name: team %d, when: 'key.team == \"team%d\"', only: 'provider == \"mistral\"'}\n", i, i)
		fmt.Fprintf(&b, "  - {name: hard %d, when: 'category == \"coding\" && tier >= STANDARD', prefer: '(model.tool_accuracy ?? 0.5) * 0.0%d'}\n", i, i+1)
		fmt.Fprintf(&b, "  - {name: cheap %d, when: 'now.hour < %d && tier <= LIGHT', prefer: 'cost < 0.002 ? 0.2 : 0.0'}\n", i, i+3)
		fmt.Fprintf(&b, "  - {name: long %d, when: 'prompt_tokens > %d000', floor: LIGHT}\n", i, i+1)
	}
	return b.String()
}

// BenchmarkDecide is a decision among all of the built-in catalog's deployments under twenty rules, what the classifier says
// being known.
func BenchmarkDecide(b *testing.B) {
	cat := catalog.Builtin()
	policy, err := policies.Parse("large", []byte(rules()), policies.Scope{Catalog: cat})
	if err != nil {
		b.Fatal(err)
	}
	s, err := engine.NewSnapshot(engine.Parts{Catalog: cat, Policy: policy, Classifier: classifiers.New(nil, module(b))})
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range lengths {
		r, err := chat.Read(chat.Prompt{Text: said(l.size)}.AppendBody(nil))
		if err != nil {
			b.Fatal(err)
		}
		var in classifiers.Input
		var class classifiers.Result
		s.Classify(r, &in, &class)
		b.Run(l.name, func(b *testing.B) {
			w := engine.World{Now: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC), Classification: &class}
			var d engine.Decision
			_ = engine.Decide(s, r, &w, &d) // which makes room for the next ones
			b.ReportAllocs()
			stop := cputime.Start(b)
			for b.Loop() {
				if err := engine.Decide(s, r, &w, &d); err != nil {
					b.Fatal(err)
				}
			}
			stop(b.N)
		})
	}
}

const asked = `{"model":"auto","stream":true,"max_tokens":400,"temperature":0.5,"tools":[{"type":"function","function":{"name":"find","description":"Finds a file.",` +
	`"parameters":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}}],"messages":[{"role":"system","content":"You are brief."},` +
	`{"role":"user","content":"Where is the list of rooms?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"find","arguments":"{\"name\":\"rooms\"}"}}]},` +
	`{"role":"tool","tool_call_id":"call_1","content":"cmd/routor/rooms_test.go"},{"role":"user","content":"And who reads it?"}]}`

// dialects are those that there are translations for.
var dialects = []chat.Dialect{chat.Completions, chat.Responses, chat.Messages, chat.Generate}

// BenchmarkRequest reads a request of a dialect and writes it again.
func BenchmarkRequest(b *testing.B) {
	var c chat.Conversation
	if err := providers.CodecOf(chat.Completions).ReadRequest([]byte(asked), &c); err != nil {
		b.Fatal(err)
	}
	for _, d := range dialects {
		codec, to := providers.CodecOf(d), &chat.Target{Model: "m", MaxOutput: 4096}
		body, _, err := codec.AppendRequest(nil, &c, to)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(string(d), func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			stop := cputime.Start(b)
			for b.Loop() {
				var again chat.Conversation
				if err := codec.ReadRequest(body, &again); err != nil {
					b.Fatal(err)
				}
				dst, _, _ = codec.AppendRequest(dst[:0], &again, to)
			}
			stop(b.N)
		})
	}
}

// streamed are the data of a stream's events in a dialect: a text in twenty pieces.
func streamed(codec chat.Codec) (names []string, data [][]byte) {
	e := codec.Encoder(chat.Encoding{IncludeUsage: true})
	all := e.Append(nil, &chat.Event{Kind: chat.EventStart, Reply: chat.Reply{ID: "x1", Model: "m", Created: 1767614400}})
	all = e.Append(all, &chat.Event{Kind: chat.EventOpen, Part: chat.Part{Kind: chat.Text}})
	for range 20 {
		all = e.Append(all, &chat.Event{Kind: chat.EventDelta, Text: " of the words that"})
	}
	all = e.Append(all, &chat.Event{Kind: chat.EventClose})
	all = e.Append(all, &chat.Event{Kind: chat.EventFinish, Finish: chat.Stop})
	all = e.Append(all, &chat.Event{Kind: chat.EventUsage, Usage: chat.Usage{Input: 40, Output: 20, Known: true}})
	all = e.Append(all, &chat.Event{Kind: chat.EventEnd})
	for block := range strings.SplitSeq(strings.ReplaceAll(string(all), "\r\n", "\n"), "\n\n") {
		name, one := "", ""
		for line := range strings.SplitSeq(block, "\n") {
			if v, ok := strings.CutPrefix(line, "event: "); ok {
				name = v
			}
			if v, ok := strings.CutPrefix(line, "data: "); ok {
				one = v
			}
		}
		if one != "" {
			names, data = append(names, name), append(data, []byte(one))
		}
	}
	return names, data
}

// BenchmarkStream reads the stream of a dialect, twenty pieces of text, and writes it as chat completions; theirs as Messages.
func BenchmarkStream(b *testing.B) {
	for _, d := range dialects {
		from, to := providers.CodecOf(d), providers.CodecOf(chat.Completions)
		if d == chat.Completions {
			to = providers.CodecOf(chat.Messages)
		}
		names, data := streamed(from)
		if len(data) < 20 {
			b.Fatalf("%s: %d events", d, len(data))
		}
		b.Run(string(d), func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			stop := cputime.Start(b)
			for b.Loop() {
				dst = dst[:0]
				dec, enc := from.Decoder(), to.Encoder(chat.Encoding{IncludeUsage: true})
				tell := func(e *chat.Event) { dst = enc.Append(dst, e) }
				for i := range data {
					if err := dec.Decode(names[i], data[i], tell); err != nil {
						b.Fatal(err)
					}
				}
				dec.End(tell)
			}
			stop(b.N)
		})
	}
}

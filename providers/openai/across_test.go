package openai

import (
	"reflect"
	"strings"
	"testing"

	"github.com/routor/routor/engine/chat"
)

// TestRecordedRequestsAcross writes every recorded request in OpenAI's other dialect, where it is valid by OpenAI's document, and
// reads as the same conversation as far as both can say it.
func TestRecordedRequestsAcross(t *testing.T) {
	t.Parallel()
	target := &chat.Target{Provider: "openai", Model: "gpt-5.4", Thinks: true, Efforts: []string{"none", "low", "medium", "high"}}
	for _, w := range []struct {
		surface, schema string
		from, to        chat.Codec
	}{
		{"chat", "CreateResponse", Chat, Responses},
		{"responses", "CreateChatCompletionRequest", Responses, Chat},
	} {
		passed, dropped := 0, map[string]int{}
		for _, e := range exchanges(t, w.surface) {
			var c, again chat.Conversation
			if e.request == nil || e.status != 200 || w.from.ReadRequest(e.request, &c) != nil {
				continue
			}
			body, names, err := w.to.AppendRequest(nil, &c, target)
			if err != nil {
				t.Errorf("%s: %v", e.path, err)
				continue
			}
			for _, name := range names {
				dropped[name]++
			}
			valid(t, e.path, w.schema, body)
			if err := w.to.ReadRequest(body, &again); err != nil {
				t.Errorf("%s: %v: %s", e.path, err, body)
				continue
			}
			if got, want := turns(&again), turns(&c); !reflect.DeepEqual(got, want) && len(names) == 0 && !strings.Contains(string(body), elsewhere) {
				t.Errorf("%s: another conversation:\n got %q\nwant %q", e.path, got, want)
			}
			passed++
		}
		t.Logf("%d requests of %s written as %s; left out: %v", passed, w.surface, w.schema, dropped)
	}
}

// turns is what is said in a conversation, without what one of the dialects splits and the other joins.
func turns(c *chat.Conversation) (out []string) {
	say := func(role chat.Role, what string) {
		if n := len(out); n > 0 && strings.HasPrefix(out[n-1], string(role)+": ") && !strings.Contains(out[n-1], "call ") && !strings.HasPrefix(what, "call ") {
			out[n-1] += what
			return
		}
		out = append(out, string(role)+": "+what)
	}
	for _, m := range c.Messages {
		for _, p := range m.Parts {
			switch p.Kind {
			case chat.Text, chat.Refusal:
				if p.Text != "" {
					say(m.Role, p.Text)
				}
			case chat.ToolCall:
				out = append(out, "call "+p.Call.ID+" "+p.Call.Name+" "+p.Call.Arguments)
			case chat.ToolResult:
				said := ""
				for _, q := range p.Result.Parts {
					said += q.Text
				}
				out = append(out, "result "+p.Result.CallID+" "+said)
			case chat.Image, chat.File:
				say(m.Role, "["+p.Media.Type+" "+p.Media.URL+p.Media.FileID+p.Media.Data[:min(20, len(p.Media.Data))]+"]")
			}
		}
	}
	for _, tool := range c.Tools {
		if tool.Hosted == "" {
			out = append(out, "tool "+tool.Name+" "+tool.Description+" "+string(tool.Parameters))
		}
	}
	return out
}

// TestRecordedAnswersAcross gives every recorded answer, whole and streamed, to a client of OpenAI's other dialect: the same text,
// refusal, calls, reasoning, reason to end and usage.
func TestRecordedAnswersAcross(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		surface string
		from    chat.Codec
		to      chat.Codec
	}{{"chat", Chat, Responses}, {"responses", Responses, Chat}} {
		bodies, streams := 0, 0
		for _, e := range exchanges(t, w.surface) {
			if e.answer == nil || e.status != 200 {
				continue
			}
			var want, got chat.Reply
			if !e.stream {
				if w.from.ReadReply(e.answer, &want) != nil {
					continue
				}
				if err := w.to.ReadReply(w.to.AppendReply(nil, &want), &got); err != nil {
					t.Errorf("%s: %v", e.path, err)
					continue
				}
				bodies++
			} else {
				g := decode(t, w.from, e.answer)
				if g.Fault != nil {
					continue
				}
				d, enc := w.from.Decoder(), w.to.Encoder(chat.Encoding{IncludeUsage: true})
				var out []byte
				tell := func(ev *chat.Event) { out = enc.Append(out, ev) }
				for _, ev := range events(t, e.answer) {
					if err := d.Decode(ev[0], []byte(ev[1]), tell); err != nil {
						t.Fatal(e.path, err)
					}
				}
				d.End(tell)
				if want = g.Reply; w.to == Responses {
					validEvents(t, e.path, out, false)
				}
				got = decode(t, w.to, out).Reply
				streams++
			}
			if a, b := gist(&got), gist(&want); !reflect.DeepEqual(a, b) {
				t.Errorf("%s:\n got %q\nwant %q", e.path, a, b)
			}
		}
		t.Logf("%s: %d answers and %d streams told in the other dialect", w.surface, bodies, streams)
	}
}

// gist is what a client has of an answer's first choice.
func gist(r *chat.Reply) []string {
	if len(r.Choices) == 0 {
		return nil
	}
	c := &r.Choices[0]
	for i := range r.Choices {
		if r.Choices[i].Index == 0 {
			c = &r.Choices[i]
		}
	}
	var calls []string
	for _, p := range c.Parts {
		if p.Kind == chat.ToolCall {
			calls = append(calls, p.Call.ID+" "+p.Call.Name+" "+p.Call.Arguments)
		}
	}
	finish := c.Finish
	if finish == chat.ToolCalls && calls == nil || finish == chat.Stop && calls != nil {
		finish = "" // Responses don't tell, some makers tell it wrong
	}
	reasoning := strings.ReplaceAll(joined(c.Parts, chat.Reasoning), between, "")
	return append(calls, joined(c.Parts, chat.Text), joined(c.Parts, chat.Refusal), reasoning, string(finish),
		show(chat.Usage{Input: r.Usage.Prompt(), CachedRead: r.Usage.CachedRead, Output: r.Usage.Completion(), Reasoning: r.Usage.Reasoning}))
}

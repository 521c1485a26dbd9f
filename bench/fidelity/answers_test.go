package fidelity

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/routor/routor/engine/chat"
)

var clients = []chat.Dialect{chat.Completions, chat.Messages, chat.Responses}

// TestRecordedAnswers replays every recorded answer, whole or streamed, success or error, as its provider would give it; a client
// of each dialect has to hear what was said.
func TestRecordedAnswers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("replays a thousand exchanges three times each")
	}
	all := load(t)
	a, count := newAtlas(t, all), newTally()
	u := newUpstream(t, func(n int, w http.ResponseWriter) { all[n/8].replay(w) })
	shared := open(t, a, u)
	t.Cleanup(shared.stop)
	work := make(chan *recording)
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			for r := range work {
				replayTo(t, a, u, shared, r, count)
			}
		})
	}
	for _, r := range all {
		work <- r
	}
	close(work)
	done.Wait()
	t.Log(count.report(fmt.Sprintf("%d recorded exchanges: answers by provider and dialect, as clients hear them", len(all))))
}

// replay answers as was recorded.
func (r *recording) replay(w http.ResponseWriter) {
	for name, value := range r.header {
		switch name {
		case "content-length", "content-encoding", "transfer-encoding", "connection", "date", "alt-svc":
		default:
			w.Header().Set(name, value)
		}
	}
	kind := "application/json"
	if r.stream && r.status == 200 {
		kind = "text/event-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(r.status)
	w.Write(r.answer)
}

func replayTo(t *testing.T, a *atlas, u *upstream, shared *house, r *recording, count *tally) {
	if r.left != "" {
		count.leave(r.name, r.left)
		return
	}
	row := r.provider + " " + string(r.dialect)
	if r.dialect == counting {
		got := shared.ask(t, counting, r.index*8, asked(counting, a.names[r.place()], false, 1))
		want, is := parse(r.answer), parse(got.body)
		ok := got.status == 200 && is.int("input_tokens") == want.int("input_tokens") && want.int("input_tokens") > 0
		if !ok {
			t.Errorf("%s: HTTP %d %s instead of %s", r.name, got.status, got.body, r.answer)
		}
		count.count(row, string(chat.Messages), ok)
		return
	}
	failed := hear(r.dialect, r.stream, r.answer, 0).Error != "" || r.status != 200
	for i, d := range clients {
		h := shared
		if failed {
			h = open(t, a, u)
		}
		choices := r.choices()
		if d != chat.Completions {
			choices = 1 // nobody else knows several
		}
		got := h.ask(t, d, r.index*8+i, asked(d, a.names[r.place()], r.stream, choices))
		u.take(r.index*8 + i)
		wrong := r.compare(d, got, choices)
		if wrong != "" {
			t.Errorf("%s (%s) to %s: %s", r.name, r.dialect, d, wrong)
		}
		count.count(row, string(d), wrong == "")
		if failed {
			h.stop()
		}
	}
}

// asked is a client's plain request in a dialect.
func asked(d chat.Dialect, model string, stream bool, choices int) []byte {
	switch d {
	case counting:
		return fmt.Appendf(nil, `{"model":%q,"messages":[{"role":"user","content":"hi"}]}`, model)
	case chat.Messages:
		return fmt.Appendf(nil, `{"model":%q,"max_tokens":9000,"stream":%t,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"look","input_schema":{"type":"object"}}]}`, model, stream)
	case chat.Responses:
		return fmt.Appendf(nil, `{"model":%q,"stream":%t,"input":"hi","tools":[{"type":"function","name":"look","parameters":{"type":"object","properties":{}}}]}`, model, stream)
	}
	options := ""
	if stream {
		options = `"stream_options":{"include_usage":true},`
	}
	return fmt.Appendf(nil, `{"model":%q,%s"n":%d,"stream":%t,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"look"}}]}`, model, options, choices, stream)
}

// compare says how what a client got differs from what was recorded; "" = it does not.
func (r *recording) compare(d chat.Dialect, got answered, choices int) string {
	for k := range choices {
		want := hear(r.dialect, r.stream, r.answer, k)
		if want.Error != "" || r.status != 200 {
			return r.compareError(d, got, want)
		}
		if got.status != 200 {
			return fmt.Sprintf("HTTP %d: %s", got.status, cut(got.body))
		}
		is := hear(d, r.stream, got.body, k)
		if d != r.dialect {
			is.Usage = is.Usage.whole()
		}
		if why := differs(is, r.told(want, d)); why != "" {
			return fmt.Sprintf("choice %d: %s", k, why)
		}
	}
	return ""
}

func cut(b []byte) string {
	if len(b) > 600 {
		b = b[:600]
	}
	return string(b)
}

// compareError holds an error against the recorded one: its message is there, and its shape is that of the client's dialect.
func (r *recording) compareError(d chat.Dialect, got answered, want heard) string {
	said := want.Error
	if said == "" {
		said, _ = failure(parse(r.answer))
	}
	body := got.body
	is := hear(d, strings.Contains(got.header.Get("Content-Type"), "event-stream"), body, 0)
	switch {
	case got.status == 200 && !r.stream:
		return "an error came as a success: " + cut(body)
	case got.status != 200 && d == chat.Messages && parse(body).text("type") != "error":
		return "not an error of the dialect: " + cut(body)
	case is.Error == "":
		return "no error: " + cut(body)
	case is.Whole:
		return "the stream came to its proper end after an error: " + cut(body)
	case !strings.Contains(is.Error, strings.TrimSpace(said)):
		return fmt.Sprintf("error %q instead of %q", is.Error, said)
	}
	return r.compareStatus(got, said)
}

func differs(is, want heard) string {
	var out []string
	say := func(what string, is, want any) {
		if is != want {
			out = append(out, fmt.Sprintf("%s is %.300q instead of %.300q", what, fmt.Sprint(is), fmt.Sprint(want)))
		}
	}
	say("error", is.Error, want.Error)
	say("whole", is.Whole, want.Whole)
	say("text", is.Text, want.Text)
	say("refusal", is.Refusal, want.Refusal)
	say("reasoning", squeezed(is.Reasoning), squeezed(want.Reasoning))
	say("finish", is.Finish, want.Finish)
	say("usage", fmt.Sprintf("%+v", is.Usage), fmt.Sprintf("%+v", want.Usage))
	say("calls", len(is.Calls), len(want.Calls))
	for i := range min(len(is.Calls), len(want.Calls)) {
		if want.Calls[i].ID == "" && is.Calls[i].ID != "" {
			want.Calls[i].ID = is.Calls[i].ID // made up: the provider has none
		}
		say("call", fmt.Sprintf("%+v", is.Calls[i]), fmt.Sprintf("%+v", want.Calls[i]))
	}
	return strings.Join(out, "; ")
}

// told is what of an answer a client's dialect has words for.
func (r *recording) told(h heard, d chat.Dialect) heard {
	if d == r.dialect {
		return h
	}
	h.Usage = h.Usage.whole()
	if h.Finish == "" && !r.stream && r.dialect == chat.Generate { // Google left it out; who answers whole has ended
		h.Finish = "stop"
		h.settle()
	}
	switch {
	case d == chat.Messages:
		if h.Refusal != "" { // Messages have no part for it
			h.Text, h.Refusal, h.Finish = h.Text+h.Refusal, "", "refusal"
		}
		if h.Finish == "content_filter" {
			h.Finish = "refusal"
		}
		for i := range h.Calls { // the input is an object there, whatever the model wrote
			if c := &h.Calls[i]; !r.stream && !strings.HasPrefix(canonicalJSON(c.Arguments), "{\"") && c.Arguments != "{}" || !r.stream && !json.Valid([]byte(c.Arguments)) {
				b, _ := json.Marshal(map[string]string{"input": c.Arguments})
				c.Arguments = string(b)
			}
		}
	case h.Finish == "stop_sequence", h.Finish == "pause":
		h.Finish = "stop"
	case h.Finish == "refusal":
		h.Finish = "content_filter"
	case h.Finish == "context":
		h.Finish = "length"
	}
	return h
}

// squeezed is a text without white space: summaries in several pieces are told with empty lines between them.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

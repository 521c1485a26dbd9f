package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
	"github.com/routor/routor/providers/sse"
)

// answer is what a client got.
type answer struct {
	text, arguments string
	calls           int
	whole           bool   // it came to its proper end
	broken          string // what an error event says; "" = there was none
	thought         bool   // some reasoning came
	model           string // that answered, as the header says; of a stream the one that began
}

var dialects = map[string]chat.Dialect{chatPath: chat.Completions, messagesPath: chat.Messages, responsesPath: chat.Responses}

// readPlain reads a whole body.
func readPlain(q *question, body []byte) (*answer, error) {
	var r chat.Reply
	if err := providers.CodecOf(dialects[q.path]).ReadReply(body, &r); err != nil {
		return nil, fmt.Errorf("the body can't be read: %w", err)
	}
	a := &answer{whole: true}
	a.take(&r)
	return a, nil
}

func (a *answer) take(r *chat.Reply) {
	for i := range r.Choices {
		for _, p := range r.Choices[i].Parts {
			switch {
			case p.Kind == chat.Reasoning:
				a.thought = true
			case p.Kind == chat.Text:
				a.text += p.Text
			case p.Call != nil:
				a.calls++
				a.arguments += p.Call.Arguments
			}
		}
	}
}

// readStream reads events to the end. The error is for what no client can make sense of.
func readStream(q *question, body io.Reader) (*answer, error) {
	a := &answer{}
	codec := providers.CodecOf(dialects[q.path])
	dec := codec.Decoder()
	var g chat.Gather
	var events sse.Reader
	events.Reset(body, 1<<20)
	tell := func(e *chat.Event) {
		if e.Kind == chat.EventError {
			a.broken = e.Fault.Message
			return
		}
		g.Tell(e)
	}
	defer func() { a.take(&g.Reply) }()
	for {
		e, err := events.Next()
		if errors.Is(err, io.EOF) {
			return a, nil
		}
		if err != nil {
			return a, fmt.Errorf("the stream broke off without a word: %w", err)
		}
		if e.Data == nil {
			continue
		}
		if a.whole || a.broken != "" {
			return a, fmt.Errorf("the stream went on after its end with %.80q", e.Data)
		}
		var c chat.Chunk
		codec.Inspect(string(e.Name), e.Data, &c)
		a.whole = c.Done
		if c.Error {
			a.broken = "error"
		}
		if string(e.Data) == "[DONE]" {
			continue
		}
		if !json.Valid(e.Data) {
			return a, fmt.Errorf("an event that is no JSON (ended: %v): %q", e.Ended, e.Data)
		}
		if err := dec.Decode(string(e.Name), e.Data, tell); err != nil {
			return a, fmt.Errorf("an event that can't be read: %w: %.80q", err, e.Data)
		}
	}
}

// check is what is wrong with an answer: not whole and not said to be broken, or not an answer to this question.
func (a *answer) check(q *question) (id string, err error) {
	if !a.whole {
		if a.broken == "" {
			return "", errors.New("the stream is cut, and nothing says so")
		}
		if q.kind == "text" {
			return "", sim.CheckPart(a.text)
		}
		return "", nil
	}
	got := a.arguments
	if q.kind == "json" {
		got = a.text
	}
	if q.kind != "text" && (q.kind == "json" || a.calls > 0) {
		var place struct{ City string }
		if err := json.Unmarshal([]byte(got), &place); err != nil || place.City != q.word || a.calls > 1 {
			return "", fmt.Errorf("%d calls, %q: not one about %s", a.calls, got, q.word)
		}
		return "", nil
	}
	m, err := sim.CheckMark(a.text)
	if err == nil && m.Word != q.word {
		err = fmt.Errorf("an answer for %s went to who asked about %s", m.Word, q.word)
	}
	return m.ID, err
}

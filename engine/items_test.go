package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/chat"
)

// TestReferredItems: what clients refer to instead of sending it.
func TestReferredItems(t *testing.T) {
	t.Parallel()
	e := &Engine{Items: NewItems()}
	keeping, plain := NewLive(pinsSnapshot(t, "")), NewLive(pinsSnapshot(t, ""))
	delete(plain.current.Load().bounds, "keeping")
	e.Items.keepOutput("mine", []byte(`{"output":[{"type":"reasoning","id":"rs_1","summary":[]},{"type":"message","id":"msg_1","role":"assistant","content":[]}]}`))
	e.Items.keepDone("mine", []byte("event: response.output_item.done\ndata: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"}}\n\n"))
	const ask, hi = `{"model":"auto","input":[`, `{"role":"user","content":"hi"}`
	for name, c := range map[string]struct {
		key, items, want string
		lost             bool
		err              string
		keeps            bool // a profile lets providers keep answers
	}{
		"nothing to resolve": {items: hi, want: hi},
		"all are known":      {items: hi + `,{"type":"item_reference","id":"rs_1"},{"type":"item_reference","id":"fc_1"}`, want: hi + `,{"type":"reasoning","id":"rs_1","summary":[]},{"type":"function_call","id":"fc_1","call_id":"c","name":"f","arguments":"{}"}`},
		"a message":          {items: `{"id":"msg_1","type":"item_reference"},` + hi, want: `{"type":"message","id":"msg_1","role":"assistant","content":[]},` + hi},
		"reasoning is lost":  {items: `{"type":"item_reference","id":"rs_2"},` + hi, want: hi, lost: true},
		"a message is not":   {items: hi + `,{"type":"item_reference","id":"msg_2"}`, err: `input[1]: nobody here keeps the item "msg_2"`},
		"another's":          {key: "other", items: hi + `,{"type":"item_reference","id":"msg_1"}`, err: "nobody here keeps"},
		"a provider may have it": {items: `{"type":"item_reference","id":"rs_2"},{"type":"item_reference","id":"msg_2"},` + hi,
			want: `{"type":"item_reference","id":"rs_2"},{"type":"item_reference","id":"msg_2"},` + hi, keeps: true},
		"in a text": {items: `{"role":"user","content":"item_reference"}`, want: `{"role":"user","content":"item_reference"}`},
	} {
		key := &access.Key{ID: "mine"}
		if c.key != "" {
			key.ID = c.key
		}
		if e.Live = plain; c.keeps {
			e.Live = keeping
		}
		got, lost, err := e.Resolve(key, []byte(ask+c.items+`]}`))
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", name, err, c.err)
			}
		case err != nil || string(got) != ask+c.want+`]}` || lost != c.lost:
			t.Errorf("%s: lost %v, %v\n got %s\nwant %s", name, lost, err, got, ask+c.want+`]}`)
		}
	}
	late := time.Now().Add(itemsKeep + time.Minute)
	e.Items.now = func() time.Time { return late }
	if e.Items.get(ownedKey{"mine", "rs_1"}) != nil {
		t.Error("it is kept for ever")
	}
}

func FuzzResolve(f *testing.F) {
	s := pinsSnapshot(f, "")
	delete(s.bounds, "keeping")
	e := &Engine{Items: NewItems(), Live: NewLive(s)}
	e.Items.Keep("", []byte(`{"type":"reasoning","id":"rs_1","summary":[]}`))
	f.Add([]byte(`{"model":"auto","input":[{"type":"item_reference","id":"rs_1"},{"type":"item_reference","id":"rs_2"}]}`), []byte("data: {\"type\":\"response.output_item.done\",\"item\":{\"id\":\"x\"}}\n\n"))
	f.Fuzz(func(t *testing.T, body, events []byte) {
		e.Items.keepDone("", events)
		got, _, err := e.Resolve(nil, body)
		if err == nil && chat.Check(body) == nil && chat.Check(got) != nil {
			t.Errorf("%s became %s", body, got)
		}
	})
}

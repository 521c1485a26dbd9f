package anthropic

import (
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/chat"
)

func TestSpliceable(t *testing.T) {
	t.Parallel()
	for block, want := range map[string]bool{
		`{"type":"text","text":"a"}`:                                                     true,
		`{"type":"thinking","thinking":"a","signature":"EqQB"}`:                          true,
		`{"type":"redacted_thinking","data":"EqQB"}`:                                     true,
		`{"type":"thinking","thinking":"a","signature":""}`:                              false,
		`{"type":"thinking","thinking":"a","signature":"routor:xai:encrypted:e"}`:        false,
		`{"type":"thinking","thinking":"a","signature":"routor:anthropic:signature:Eq"}`: false,
		`{"type":"tool_use","id":"toolu_1","name":"f","input":{}}`:                       true,
		`{"type":"tool_use","id":"functions.f:0","name":"f","input":{}}`:                 false,
		`{"type":"tool_result","tool_use_id":"functions.f:0"}`:                           false,
	} {
		var c chat.Conversation
		if err := Messages.ReadRequest([]byte(`{"model":"m","messages":[{"role":"user","content":[`+block+`]}]}`), &c); err != nil {
			t.Fatal(err)
		}
		if got := Spliceable(&c); got != want {
			t.Errorf("%s: %t", block, got)
		}
	}
	for _, f := range fixtures(t) {
		var c chat.Conversation
		if f.request != nil && (Messages.ReadRequest(f.request, &c) != nil || !Spliceable(&c)) {
			t.Errorf("%s can't be spliced", f.id)
		}
	}
}

// TestNesting: bodies that are nested without an end cost no more than their length.
func TestNesting(t *testing.T) {
	t.Parallel()
	const n = 8000
	open := `{"type":"tool_result","tool_use_id":"1","content":[`
	blocks := `{"model":"m","messages":[{"role":"user","content":[` + strings.Repeat(open, n) + strings.Repeat(`]}`, n) + `]}]}`
	schema := strings.Repeat(`{"type":"object","properties":{"a":`, n) + "{}" + strings.Repeat("}}", n)
	tools := `{"model":"m","messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","strict":true,"input_schema":` + schema + `}]}`
	for _, body := range []string{blocks, tools} {
		start := time.Now()
		var c chat.Conversation
		if err := Messages.ReadRequest([]byte(body), &c); err == nil { // a parser may also say that it is too deep
			c.From = chat.Completions
			_, _, _ = Messages.AppendRequest(nil, &c, &chat.Target{Model: "m"})
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%d bytes took %v", len(body), took)
		}
	}
}

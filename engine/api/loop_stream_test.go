package api

import (
	"encoding/json"
	"strings"
	"testing"
)

// gathered is the plain answer that a client makes of a stream: of the fields that it knows, and of no others.
func gathered(t testing.TB, dialect, body string) map[string]any {
	t.Helper()
	var g gatherer
	for _, block := range strings.Split(body, "\n\n") {
		for line := range strings.Lines(block) {
			data, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "data: ")
			if !ok || data == "[DONE]" {
				g.done = g.done || ok
				continue
			}
			var e map[string]any
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Errorf("%s: %v in %s", dialect, err, data)
				return nil
			}
			switch dialect {
			case "messages":
				g.message(e)
			case "responses":
				g.response(e)
			default:
				g.chunk(e)
			}
		}
	}
	if !g.done {
		t.Errorf("%s: a stream without its proper end: %s", dialect, body)
	}
	switch dialect {
	case "messages":
		return map[string]any{"content": g.list}
	case "responses":
		return map[string]any{"output": g.list}
	}
	m := map[string]any{"content": g.text, "tool_calls": g.list}
	return map[string]any{"choices": []any{map[string]any{"message": m}}}
}

type gatherer struct {
	list  []any // blocks, items or tool calls
	text  string
	input string // of the block that is under way
	done  bool
}

func object(v any) map[string]any { m, _ := v.(map[string]any); return m }
func text(v any) string           { s, _ := v.(string); return s }

func (g *gatherer) chunk(e map[string]any) {
	choices, _ := e["choices"].([]any)
	if len(choices) == 0 {
		return
	}
	delta := object(object(choices[0])["delta"])
	g.text += text(delta["content"])
	calls, _ := delta["tool_calls"].([]any)
	for _, c := range calls {
		c := object(c)
		for int(c["index"].(float64)) >= len(g.list) {
			g.list = append(g.list, map[string]any{"function": map[string]any{"name": "", "arguments": ""}})
		}
		call := object(g.list[int(c["index"].(float64))])
		if id := text(c["id"]); id != "" {
			call["id"] = id
		}
		from, to := object(c["function"]), object(call["function"])
		to["name"] = text(to["name"]) + text(from["name"])
		to["arguments"] = text(to["arguments"]) + text(from["arguments"])
	}
}

func (g *gatherer) message(e map[string]any) {
	last := func() map[string]any { return object(g.list[len(g.list)-1]) }
	switch e["type"] {
	case "content_block_start":
		g.list, g.input = append(g.list, e["content_block"]), ""
	case "content_block_delta":
		d := object(e["delta"])
		for _, name := range []string{"text", "thinking", "signature"} {
			if more := text(d[name]); more != "" {
				last()[name] = text(last()[name]) + more
			}
		}
		g.input += text(d["partial_json"])
	case "content_block_stop":
		if last()["type"] == "tool_use" && g.input != "" {
			last()["input"] = json.RawMessage(g.input)
		}
	case "message_stop":
		g.done = true
	}
}

func (g *gatherer) response(e map[string]any) {
	switch e["type"] {
	case "response.output_item.done":
		g.list = append(g.list, e["item"])
	case "response.completed":
		g.done = true
	}
}

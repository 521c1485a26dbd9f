package chaos

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
)

// question is one request of a client, and what is known of a right answer to it.
type question struct {
	path   string
	stream bool
	kind   string // text, tool, json
	word   string // its own, which the answer has to hold
	body   []byte
}

// The paths of the dialects that clients speak.
const (
	chatPath      = "/v1/chat/completions"
	messagesPath  = "/v1/messages"
	responsesPath = "/v1/responses"
)

var prompts = []string{
	"Say hello, please. My name is %s",
	"Translate to French and explain each choice: the harbour was quiet when we left it, said %s",
	"Write a function in Go that merges overlapping intervals, with tests, for project %s",
	"Prove that there are infinitely many primes of the form 4k+3, then generalise as far as you can. Reference: %s",
	"Summarise the causes of the First World War in five points for a class called %s",
	"Our checkout service returns 502 about once an hour; find out what could cause it. The host is %s",
}

// draw makes a question. models are those that may be asked for by name.
func draw(r *rand.Rand, models []string) *question {
	q := &question{stream: r.IntN(3) > 0, word: fmt.Sprintf("Q%08x", r.Uint32()), kind: "text"}
	prompt := fmt.Sprintf(prompts[r.IntN(len(prompts))], q.word)
	model := "auto"
	if r.IntN(4) == 0 {
		model = "auto/go-on"
	}
	switch r.IntN(6) {
	case 0:
		q.kind, prompt = "tool", "Use the lookup tool on "+q.word
	case 1:
		q.kind = "json"
	}
	m := map[string]any{"stream": q.stream}
	schema := map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}, "additionalProperties": false}
	turns := []any{map[string]any{"role": "user", "content": prompt}}
	switch r.IntN(3) {
	case 0:
		q.path = chatPath
		m["messages"] = turns
		if r.IntN(2) == 0 && q.stream {
			m["stream_options"] = map[string]any{"include_usage": true}
		}
		if q.kind == "tool" {
			m["tools"] = []any{map[string]any{"type": "function", "function": map[string]any{"name": "lookup", "description": "Looks a place up.", "parameters": schema}}}
		}
		if q.kind == "json" {
			m["response_format"] = map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "place", "strict": true, "schema": schema}}
		}
		if r.IntN(3) == 0 {
			model = models[r.IntN(len(models))]
			m["models"] = []string{models[r.IntN(len(models))], models[r.IntN(len(models))]}
		}
	case 1:
		q.path = messagesPath
		m["messages"], m["max_tokens"] = turns, 4096
		if q.kind == "tool" {
			m["tools"] = []any{map[string]any{"name": "lookup", "description": "Looks a place up.", "input_schema": schema}}
		} else {
			q.kind = "text"
		}
	case 2:
		q.path = responsesPath
		m["input"] = turns
		if q.kind == "tool" {
			m["tools"] = []any{map[string]any{"type": "function", "name": "lookup", "description": "Looks a place up.", "parameters": schema, "strict": true}}
		}
		if q.kind == "json" {
			m["text"] = map[string]any{"format": map[string]any{"type": "json_schema", "name": "place", "strict": true, "schema": schema}}
		}
	}
	m["model"] = model
	q.body, _ = json.Marshal(m)
	return q
}

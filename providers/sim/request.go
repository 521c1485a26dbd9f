package sim

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/bytedance/sonic"
)

// request is what a simulated provider reads of a chat completion.
type request struct {
	Model         string    `json:"model"`
	Messages      []message `json:"messages"`
	Stream        bool      `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Tools      []tool          `json:"tools"`
	ToolChoice json.RawMessage `json:"tool_choice"`
	Format     struct {
		Type   string
		Schema struct {
			Schema json.RawMessage
		} `json:"json_schema"`
	} `json:"response_format"`
	N             int             `json:"n"`
	MaxTokens     int             `json:"max_tokens"`
	MaxCompletion int             `json:"max_completion_tokens"`
	Stop          json.RawMessage `json:"stop"`
	Effort        string          `json:"reasoning_effort"`
	Parallel      *bool           `json:"parallel_tool_calls"`
	Split         bool            `json:"reasoning_split"` // MiniMax

	aloud bool // reasoning is switched on, whatever the model does by itself
	quiet bool // no reasoning: the request switches it off, or does not switch it on
}

type tool struct {
	Type     string
	Function struct {
		Name, Description string
		Parameters        json.RawMessage
	}
}

type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

// text is a message's text, and how much of anything else there is in it.
func (m *message) text() (text string, others int) {
	if len(m.Content) == 0 {
		return "", 0
	}
	if m.Content[0] == '"' {
		_ = sonic.Unmarshal(m.Content, &text)
		return text, 0
	}
	var parts []struct{ Type, Text string }
	_ = sonic.Unmarshal(m.Content, &parts)
	var b strings.Builder
	for _, p := range parts {
		if p.Text == "" {
			others++
			continue
		}
		b.WriteString(p.Text)
		b.WriteByte('\n')
	}
	return strings.TrimSpace(b.String()), others
}

// readRequest reads a body as a strict provider does; the problem is an error message in the end. model is the one that the
// path names, "" = none.
func readRequest(body []byte, model string) (r *request, problem string) {
	r = new(request)
	if err := sonic.Unmarshal(body, r); err != nil {
		return nil, "We could not parse the JSON body of your request."
	}
	if model != "" {
		r.Model = model
	}
	switch {
	case r.Model == "":
		return nil, "you must provide a model parameter"
	case len(r.Messages) == 0:
		return nil, "Missing required parameter: 'messages'."
	case r.N < 0 || r.N > 128:
		return nil, "Invalid 'n': expected a value from 1 to 128."
	}
	for _, m := range r.Messages {
		switch m.Role {
		case "system", "developer", "user", "assistant", "tool", "function":
		default:
			return nil, "Invalid value: '" + m.Role + "'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'."
		}
	}
	if own := routorField(body); own != "" {
		return nil, "Unrecognized request argument supplied: " + own
	}
	r.N = max(r.N, 1)
	if r.MaxCompletion > 0 {
		r.MaxTokens = r.MaxCompletion
	}
	return r, ""
}

// routorField is a field of Routor's own that should not have come this far.
func routorField(body []byte) string {
	if !bytes.Contains(body, []byte(`"routor_`)) {
		return ""
	}
	var fields map[string]json.RawMessage
	_ = sonic.Unmarshal(body, &fields)
	for name := range fields {
		if strings.HasPrefix(name, "routor_") {
			return name
		}
	}
	return ""
}

// images is whether there is an image in any message.
func (r *request) images() bool {
	for _, m := range r.Messages {
		if bytes.Contains(m.Content, []byte(`"image_url"`)) && m.Content[0] == '[' {
			return true
		}
	}
	return false
}

// last is the last message of a role, and its text.
func (r *request) last(role string) (text string, others int) {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == role {
			return r.Messages[i].text()
		}
	}
	return "", 0
}

// turn is who spoke last, instructions left out: agents put some behind what the user said.
func (r *request) turn() string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if role := r.Messages[i].Role; role != "system" && role != "developer" {
			return role
		}
	}
	return ""
}

// stops are the stop sequences.
func (r *request) stops() []string {
	var one string
	var many []string
	if sonic.Unmarshal(r.Stop, &many) != nil && sonic.Unmarshal(r.Stop, &one) == nil && one != "" {
		many = []string{one}
	}
	return many
}

// called is which of the tools offered are called: the one that tool_choice names, the first if one is required, else those
// that the user's words speak of, one unless several may be called at once. A tool's answer may say that one is to be called
// next ("call NAME"), which makes loops of several steps.
func (r *request) called() []int {
	if len(r.Tools) == 0 {
		return nil
	}
	if r.turn() != "user" {
		return r.next()
	}
	var mode string
	if len(r.ToolChoice) > 0 && sonic.Unmarshal(r.ToolChoice, &mode) != nil {
		var named struct{ Function struct{ Name string } }
		_ = sonic.Unmarshal(r.ToolChoice, &named)
		for i := range r.Tools {
			if r.Tools[i].Function.Name == named.Function.Name {
				return []int{i}
			}
		}
		return []int{0}
	}
	if mode == "none" {
		return nil
	}
	spoken := r.spokenOf()
	switch {
	case len(spoken) == 0 && (mode == "required" || mode == "any"):
		return []int{0}
	case len(spoken) > 1 && r.Parallel != nil && !*r.Parallel:
		return spoken[:1]
	}
	return spoken
}

// next is the tool that a tool's answer says is to be called.
func (r *request) next() []int {
	text, _ := r.last("tool")
	for i := range r.Tools {
		if strings.Contains(text, "call "+r.Tools[i].Function.Name) {
			return []int{i}
		}
	}
	return nil
}

// spokenOf are the tools that the user's words speak of; the first where they speak of tools in general.
func (r *request) spokenOf() (spoken []int) {
	text, _ := r.last("user")
	text = strings.ToLower(text)
	for i := range r.Tools {
		for _, word := range strings.FieldsFunc(strings.ToLower(r.Tools[i].Function.Name), func(c rune) bool { return c == '_' || c == '-' || c == '.' }) {
			if len(word) > 3 && strings.Contains(text, word) {
				spoken = append(spoken, i)
				break
			}
		}
	}
	if spoken == nil && (strings.Contains(text, " tool") || strings.Contains(text, "function")) {
		return []int{0}
	}
	return spoken
}

package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Prompt is one line of the training data and of `routor classify`'s input. Serving, training and classifying on the
// command line read it the same way: as the body that AppendBody makes of it.
type Prompt struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	System string `json:"system,omitempty"`
	// Messages is the conversation in OpenAI's shape. If it ends in a user turn, that is the prompt; else Text follows it.
	Messages json.RawMessage `json:"messages,omitempty"`
	Tools    Tools           `json:"tools,omitempty"`
}

// Tools is a list of tools in OpenAI's shape, or just how many there were.
type Tools struct {
	List  json.RawMessage
	Count int // where List is nil
}

// UnmarshalJSON reads a list or a number.
func (t *Tools) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	*t = Tools{}
	switch {
	case string(b) == "null":
	case len(b) > 0 && b[0] == '[':
		t.List = bytes.Clone(b)
	default:
		n, err := strconv.Atoi(string(b))
		if err != nil || n < 0 || n > 10_000 {
			return fmt.Errorf("tools: must be a list of tools or their number, not %s", b)
		}
		t.Count = n
	}
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t Tools) MarshalJSON() ([]byte, error) {
	if t.List != nil {
		return t.List, nil
	}
	return strconv.AppendInt(nil, int64(t.Count), 10), nil
}

// AppendBody appends the chat-completions body that asks for the prompt to be answered. Tools of which only the number is
// known become functions without parameters. Messages must be JSON; Read says where it is not in shape.
func (p Prompt) AppendBody(dst []byte) []byte {
	dst = append(dst, `{"model":"auto","messages":[`...)
	comma := false
	if p.System != "" {
		dst = append(appendQuoted(append(dst, `{"role":"system","content":`...), p.System), '}')
		comma = true
	}
	list := bytes.TrimSpace(p.Messages)
	if len(list) > 2 && list[0] == '[' && list[len(list)-1] == ']' {
		if inside := bytes.TrimSpace(list[1 : len(list)-1]); len(inside) > 0 {
			if comma {
				dst = append(dst, ',')
			}
			dst = append(dst, inside...)
			comma = true
		}
	}
	if !endsInUser(list) {
		if comma {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(append(dst, `{"role":"user","content":`...), p.Text), '}')
	}
	dst = append(dst, ']')
	switch {
	case p.Tools.List != nil:
		dst = append(append(dst, `,"tools":`...), p.Tools.List...)
	case p.Tools.Count > 0:
		dst = append(dst, `,"tools":[`...)
		for i := range p.Tools.Count {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"type":"function","function":{"name":"tool_`...)
			dst = append(strconv.AppendInt(dst, int64(i+1), 10), `"}}`...)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// endsInUser says whether the last of a list of messages is the user's.
func endsInUser(list []byte) bool {
	var messages []struct {
		Role string `json:"role"`
	}
	if len(list) == 0 || json.Unmarshal(list, &messages) != nil || len(messages) == 0 {
		return false
	}
	return messages[len(messages)-1].Role == "user"
}

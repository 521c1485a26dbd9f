package anthropic

import (
	"bytes"
	"encoding/json"

	"github.com/routor/routor/engine/chat"
)

// Inspect says what an event, or a whole body, means. message_start, ping and the start of a block in which nothing stands yet
// are no content.
func (codec) Inspect(name string, data []byte, c *chat.Chunk) {
	*c = chat.Chunk{Choices: 1}
	data = bytes.TrimSpace(data)
	if len(data) == 0 || data[0] != '{' || chat.Check(data) != nil {
		c.Invalid = true
		return
	}
	e := split(name, data)
	switch e.kind {
	case "message": // a whole body
		inspectBlocks(get(data, "content"), c)
		c.Finish = finishOf(get(data, "stop_reason"))
		c.Usage = usage(e.usage)
	case "message_start":
		c.Usage = usage(get(e.message, "usage"))
	case "content_block_start":
		inspectBlock(e.block, c)
	case "content_block_delta":
		inspectDelta(e.delta, c)
	case "message_delta":
		c.Finish = finishOf(get(e.delta, "stop_reason"))
		c.Usage = usage(e.usage)
	case "message_stop":
		c.Done = true
	case "error":
		c.Error = true
	case "content_block_stop", "ping":
	default:
		c.Error = get(data, "error") != nil
		c.Choices = -1
	}
	if c.Error {
		c.Choices = -1
	}
}

// event is an event's members, by the places that they have in any of the events.
type event struct {
	kind                                          string
	index                                         int64
	message, block, delta, usage, failed, context json.RawMessage
}

// split finds the members of an event. Its name is only asked where the data don't say what they are.
func split(name string, data []byte) (e event) {
	e.kind = name
	for n, v := range chat.Object(data) {
		switch n {
		case "type":
			if kind, ok := chat.View(v); ok {
				e.kind = kind
			}
		case "index":
			e.index = count(v)
		case "message":
			e.message = v
		case "content_block":
			e.block = v
		case "delta":
			e.delta = v
		case "usage":
			e.usage = v
		case "error":
			e.failed = v
		case "context_management":
			e.context = v
		}
	}
	return e
}

func finishOf(reason json.RawMessage) chat.Finish {
	s, _ := chat.View(reason)
	f, _ := finish(s)
	return f
}

func inspectBlocks(content json.RawMessage, c *chat.Chunk) {
	for _, b := range chat.Array(content) {
		inspectBlock(b, c)
	}
}

func inspectBlock(block json.RawMessage, c *chat.Chunk) {
	kind, _ := chat.View(get(block, "type"))
	switch kind {
	case "text":
		c.Content = c.Content || len(get(block, "text")) > len(`""`)
	case "thinking", "redacted_thinking":
		c.Reasoning = true
	case "tool_use":
		c.Content, c.Tool = true, true
	default: // a hosted tool's call or result
		c.Content = true
	}
}

func inspectDelta(delta json.RawMessage, c *chat.Chunk) {
	for name, v := range chat.Object(delta) {
		filled := len(v) > len(`""`)
		switch name {
		case "text", "citation":
			c.Content = filled
		case "partial_json":
			c.Content, c.Tool = filled, true
		case "thinking", "signature":
			c.Reasoning = true
		}
	}
}

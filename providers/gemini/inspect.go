package gemini

import (
	"bytes"

	"github.com/routor/routor/engine/chat"
)

// Inspect says what a chunk, or a whole body, means to a router. Done is never told: the stream's end is the end of its bytes
// after a Finish.
func (codec) Inspect(_ string, data []byte, c *chat.Chunk) {
	*c = chat.Chunk{}
	data = bytes.TrimSpace(data)
	if chat.Check(data) != nil {
		c.Invalid = true
		for line := range bytes.Lines(data) { // as the decoder takes them
			if line = bytes.TrimSpace(line); chat.Check(line) != nil {
				*c = chat.Chunk{Invalid: true}
				return
			}
			c.Invalid = false
			inspect(line, c)
		}
		return
	}
	if list, ok := open(data, '['); ok {
		for list.more() {
			inspect(list.value(), c)
		}
		return
	}
	inspect(data, c)
}

func inspect(data []byte, c *chat.Chunk) {
	var whole chunk
	if !whole.read(data) {
		c.Invalid = true
		return
	}
	if whole.failure != nil {
		c.Error = true
		return
	}
	if whole.counts.known {
		c.Usage = whole.counts.usage()
	}
	c.Choices = 1 // a chunk that says how a prompt was blocked, or what was used, has none of its own
	list, ok := open(whole.candidates, '[')
	for i := 1; ok && list.more(); i++ {
		c.Choices = i
		var cand candidate
		if !cand.read(list.value()) {
			c.Invalid = true
			return
		}
		parts, ok := open(cand.parts, '[')
		for ok && parts.more() {
			inspectPart(parts.value(), c)
		}
		switch o := outcomeOf(cand.reason); {
		case o == failed, o == vague && !c.Content:
			c.Error = true
		case o != going:
			c.Finish = o.finish(c.Tool)
		}
	}
	if whole.blocked && !c.Content {
		c.Finish = chat.ContentFilter
	}
}

// inspectPart looks at a part without making anything of it.
func inspectPart(raw []byte, c *chat.Chunk) {
	members, ok := open(raw, '{')
	said, thought, other := false, false, false
	for ok && members.more() {
		switch name, value := members.member(); string(name) {
		case "text":
			said = said || !empty(value)
		case "thought":
			thought = string(value) == "true"
		case "functionCall":
			c.Tool, other = true, true
		case "inlineData", "fileData", "executableCode", "codeExecutionResult":
			other = true
		}
	}
	switch {
	case thought && said:
		c.Reasoning = true
	case said, other && !thought:
		c.Content = true
	}
}

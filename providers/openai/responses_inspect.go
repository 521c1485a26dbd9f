package openai

import (
	"strings"

	"github.com/routor/routor/engine/chat"
)

// Inspect says what an event, or a whole body, means. It allocates nothing.
func (ResponsesCodec) Inspect(name string, data []byte, c *chat.Chunk) {
	*c = chat.Chunk{Choices: -1}
	s := scan{b: data}
	s.space()
	if s.peek() != '{' {
		c.Invalid = true
		return
	}
	s.i++
	var kind, delta, item, part, whole, output, use, status, cut, fault []byte
	for s.more('}') {
		member := s.key()
		from := s.i
		s.skip()
		v := data[from:s.i]
		switch string(member) {
		case "type":
			kind = v
		case "delta", "partial_image_b64":
			delta = v
		case "item":
			item = v
		case "part":
			part = v
		case "response":
			whole = v
		case "output":
			output = v
		case "usage":
			use = v
		case "status":
			status = v
		case "incomplete_details":
			cut = v
		case "error":
			fault = v
		}
	}
	s.space()
	if s.bad || s.i != len(data) {
		c.Invalid = true
		return
	}
	event := text(kind)
	if event == "" {
		event = name
	}
	switch {
	case output != nil && !strings.HasPrefix(event, "response."):
		inspectResponse(c, output, use, status, cut, fault)
	case event == "" || !empty(fault):
		Inspect(data, c) // an error in whichever shape
		c.Error = c.Error || !empty(fault)
	default:
		inspectEvent(c, event, delta, item, part, whole)
	}
}

func inspectEvent(c *chat.Chunk, event string, delta, item, part, whole []byte) {
	switch event {
	case "response.output_text.delta", "response.refusal.delta", "response.audio.delta", "response.audio.transcript.delta",
		"response.image_generation_call.partial_image":
		c.Content = !empty(delta)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		c.Content, c.Tool = true, true
	case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
		c.Reasoning = !empty(delta)
	case "response.output_item.added", "response.output_item.done":
		inspectItem(c, item)
	case "response.content_part.added", "response.content_part.done":
		inspectOutputPart(c, part)
	case "response.completed", "response.incomplete", "response.failed":
		output, use, status, cut, fault := responseMembers(whole)
		inspectResponse(c, output, use, status, cut, fault)
		c.Content, c.Tool, c.Reasoning = false, false, false // all of it was told before
		c.Done = event != "response.failed"
		c.Error = c.Error || !c.Done
	case "error":
		c.Error = true
	}
}

func responseMembers(whole []byte) (output, use, status, cut, fault []byte) {
	s := scan{b: whole}
	if len(whole) == 0 || !s.into('{') {
		return
	}
	for s.more('}') {
		member := s.key()
		from := s.i
		s.skip()
		v := whole[from:s.i]
		switch string(member) {
		case "output":
			output = v
		case "usage":
			use = v
		case "status":
			status = v
		case "incomplete_details":
			cut = v
		case "error":
			fault = v
		}
	}
	return
}

func inspectResponse(c *chat.Chunk, output, use, status, cut, fault []byte) {
	c.Choices = 1
	if !isNull(use) {
		u := scan{b: use}
		c.Usage, c.Cost = usageAndCost(&u)
	}
	s := scan{b: output}
	if len(output) > 0 && s.into('[') {
		for s.more(']') {
			from := s.i
			s.skip()
			inspectItem(c, output[from:s.i])
		}
	}
	state := text(status)
	c.Error = !empty(fault) || state == "failed" || state == "cancelled"
	switch {
	case c.Error:
	case state == "incomplete" && !isNull(cut) && strings.Contains(text(get1(cut, "reason")), "content_filter"):
		c.Finish = chat.ContentFilter
	case state == "incomplete":
		c.Finish = chat.Length
	case c.Tool:
		c.Finish = chat.ToolCalls
	default:
		c.Finish = chat.Stop
	}
}

// get1 is a member of an object that has no others of its name.
func get1(object []byte, name string) []byte {
	s := scan{b: object}
	if len(object) == 0 || !s.into('{') {
		return nil
	}
	for s.more('}') {
		member := s.key()
		from := s.i
		s.skip()
		if string(member) == name {
			return object[from:s.i]
		}
	}
	return nil
}

func inspectItem(c *chat.Chunk, item []byte) {
	switch text(get1(item, "type")) {
	case "message":
		content := get1(item, "content")
		s := scan{b: content}
		if len(content) > 0 && s.into('[') {
			for s.more(']') {
				from := s.i
				s.skip()
				inspectOutputPart(c, content[from:s.i])
			}
		}
	case "reasoning":
		c.Reasoning = true
	case "function_call", "custom_tool_call":
		c.Content, c.Tool = true, true
	case "mcp_approval_request", "computer_call", "local_shell_call", "shell_call", "apply_patch_call": // the client has to act
		c.Content = true
	case "image_generation_call":
		c.Content = c.Content || !empty(get1(item, "result"))
	}
}

func inspectOutputPart(c *chat.Chunk, part []byte) {
	switch text(get1(part, "type")) {
	case "reasoning_text", "summary_text":
		c.Reasoning = c.Reasoning || !empty(get1(part, "text"))
	default:
		c.Content = c.Content || !empty(get1(part, "text")) || !empty(get1(part, "refusal"))
	}
}

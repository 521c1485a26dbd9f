// Package openai understands OpenAI's two dialects, as its own provider and all who imitate it speak them. Where they come in and
// go out alike nothing is decoded: bodies and chunks are scanned for what a router must know, and edited by splicing bytes. Chat
// and Responses are the codecs that translate chat completions and Responses to and from the hub types of engine/chat, both ways.
//
// What the hub types have no place for is kept: members that are not known here stand in Extra, parts, tools and items that only
// these dialects have in Raw. Tool arguments and schemas stay the bytes that they were.
package openai

import (
	"bytes"

	"github.com/routor/routor/engine/chat"
)

// Chunk is what a chunk of a stream, or a whole body, means to a router.
type Chunk = chat.Chunk

// member is a JSON member by its offsets: all that goes when it is removed, and its value.
type member struct{ from, to, value, end int }

var done = []byte("[DONE]")

// finishOf is what a finish_reason says. A reason that nobody knows is an end all the same.
func finishOf(reason []byte) chat.Finish {
	switch string(reason) {
	case "":
		return ""
	case "length", "max_tokens", "model_length":
		return chat.Length
	case "tool_calls", "function_call":
		return chat.ToolCalls
	case "content_filter", "sensitive":
		return chat.ContentFilter
	}
	return chat.Stop
}

// Inspect reads a chunk's data, or a whole body, into c.
func Inspect(data []byte, c *Chunk) {
	*c = Chunk{Choices: -1}
	s := scan{b: data}
	s.space()
	if s.peek() != '{' {
		c.Done = bytes.Equal(bytes.TrimSpace(data), done)
		c.Invalid = !c.Done
		return
	}
	s.i++
	var choiceUsage chat.Usage // Moonshot tells it in the last choice
	var loose, wrong bool      // members of errors that come without an "error" object
	for s.more('}') {
		from, comma := s.i, s.comma
		key := s.key()
		value := s.i
		switch string(key) {
		case "choices":
			if s.into('[') {
				c.Choices = 0
				for s.more(']') {
					c.Choices++
					inspectChoice(c, &s, &choiceUsage)
				}
			}
		case "usage":
			c.UsageNull = s.peek() == 'n'
			c.Usage, c.Cost = usageAndCost(&s)
			m := removable(data, from, comma, value, s.i)
			c.UsageFrom, c.UsageTo = m.from, m.to
		case "error":
			c.Error = s.filled() || c.Error
		case "base_resp": // MiniMax
			if s.into('{') {
				for s.more('}') {
					if string(s.key()) == "status_code" {
						wrong = s.number() != 0 || wrong
					} else {
						s.skip()
					}
				}
			}
		case "object":
			wrong = string(s.text()) == "error" || wrong
		case "message", "detail", "error_code":
			loose = s.filled() || loose
		default:
			s.skip()
		}
	}
	s.space()
	if c.Invalid = s.bad || s.i != len(data); c.Invalid {
		c.UsageFrom, c.UsageTo = 0, 0
	}
	c.Error = c.Error || wrong || loose && c.Choices < 0
	if !c.Usage.Known {
		c.Usage = choiceUsage
	}
}

func inspectChoice(c *Chunk, s *scan, use *chat.Usage) {
	if !s.into('{') {
		return
	}
	for s.more('}') {
		switch string(s.key()) {
		case "delta", "message":
			inspectDelta(c, s)
		case "finish_reason":
			reason := s.text()
			if c.Finish == "" {
				c.Finish = finishOf(reason)
			}
			c.Error = failure(reason) || c.Error
		case "usage":
			*use = usage(s)
		case "text": // of old completions
			c.Content = s.filled() || c.Content
		default:
			s.skip()
		}
	}
}

func inspectDelta(c *Chunk, s *scan) {
	if !s.into('{') {
		return
	}
	for s.more('}') {
		switch string(s.key()) {
		case "content":
			if s.peek() == '[' {
				inspectParts(c, s)
			} else {
				c.Content = s.filled() || c.Content
			}
		case "tool_calls", "function_call":
			if s.filled() {
				c.Content, c.Tool = true, true
			}
		case "refusal", "audio", "audio_content", "images":
			c.Content = s.filled() || c.Content
		case "reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks":
			c.Reasoning = s.filled() || c.Reasoning
		default:
			s.skip()
		}
	}
}

// parts reads content given as a list, in which Mistral puts its thinking as well.
func inspectParts(c *Chunk, s *scan) {
	s.i++
	for s.more(']') {
		if !s.into('{') {
			c.Content = true
			continue
		}
		thinking, filled := false, false
		for s.more('}') {
			if string(s.key()) == "type" {
				thinking = string(s.text()) == "thinking"
			} else {
				filled = s.filled() || filled
			}
		}
		if thinking {
			c.Reasoning = c.Reasoning || filled
		} else {
			c.Content = c.Content || filled
		}
	}
}

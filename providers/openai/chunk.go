// Package openai understands the OpenAI chat-completions dialect, as its own provider and all who imitate it speak it,
// without decoding it: bodies and chunks are scanned for what a router must know, and edited by splicing bytes.
package openai

import (
	"bytes"

	"github.com/routor/routor/engine/chat"
)

// Chunk is what a chunk of a stream, or a whole body, means to a router. Its slices are views into what was inspected.
type Chunk struct {
	// Content is whether there is anything that the client came for: text, a tool call, a refusal, audio, an image.
	// Delivering it commits; a chunk with nothing but a role, an empty delta or reasoning does not.
	Content bool
	// Reasoning is whether there is reasoning in it, in any of the fields in which providers put it.
	Reasoning bool
	// Tool is whether there is a part of a tool call in it.
	Tool bool
	// Choices is how many choices there are; -1 = the member is missing or null. Azure's first chunk and the one with the
	// usage have none.
	Choices int
	// Finish is the first finish_reason that is not null; empty = none.
	Finish []byte
	// Usage is what was used, if it is told here.
	Usage chat.Usage
	// Error is whether this is an error, whatever the HTTP status said.
	Error bool
	// Done is whether this is the mark that ends a stream: [DONE].
	Done bool
	// Invalid is whether this is no JSON object, for example because it was cut.
	Invalid bool

	usage member // the "usage" member of the whole; zero = there is none
	null  bool   // its value is null
}

// member is a JSON member by its offsets: all that goes when it is removed, and its value.
type member struct{ from, to, value, end int }

// UsageOnly is whether the chunk is the one that stream_options.include_usage adds at the end: usage, but no choices.
func (c *Chunk) UsageOnly() bool { return c.usage.to > 0 && !c.null && c.Choices <= 0 && !c.Error }

var done = []byte("[DONE]")

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
					c.choice(&s, &choiceUsage)
				}
			}
		case "usage":
			c.null = s.peek() == 'n'
			c.Usage = usage(&s)
			c.usage = removable(data, from, comma, value, s.i)
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
		c.usage = member{}
	}
	c.Error = c.Error || wrong || loose && c.Choices < 0
	if !c.Usage.Known {
		c.Usage = choiceUsage
	}
}

func (c *Chunk) choice(s *scan, use *chat.Usage) {
	if !s.into('{') {
		return
	}
	for s.more('}') {
		switch string(s.key()) {
		case "delta", "message":
			c.delta(s)
		case "finish_reason":
			if reason := s.text(); len(c.Finish) == 0 {
				c.Finish = reason
			}
		case "usage":
			*use = usage(s)
		case "text": // of old completions
			c.Content = s.filled() || c.Content
		default:
			s.skip()
		}
	}
}

func (c *Chunk) delta(s *scan) {
	if !s.into('{') {
		return
	}
	for s.more('}') {
		switch string(s.key()) {
		case "content":
			if s.peek() == '[' {
				c.parts(s)
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
func (c *Chunk) parts(s *scan) {
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

package gemini

import (
	"time"

	"github.com/routor/routor/engine/chat"
)

// chunk is a GenerateContentResponse: a whole answer, or a piece of a streamed one.
type chunk struct {
	candidates []byte
	counts     counts
	model, id  []byte // as JSON strings
	created    []byte
	blocked    bool   // Google refused the prompt
	failure    []byte // an error in the place of an answer

	keep  bool // extra is wanted
	extra []chat.Member
}

func (c *chunk) read(raw []byte) bool {
	members, ok := open(raw, '{')
	for ok && members.more() {
		name, value := members.member()
		switch string(name) {
		case "candidates":
			c.candidates = value
			continue
		case "usageMetadata":
			c.counts.read(value)
			continue
		case "modelVersion":
			c.model = value
			continue
		case "responseId":
			c.id = value
			continue
		case "error":
			c.failure = value
		case "promptFeedback":
			c.blocked = blocked(value)
		case "createTime":
			c.created = value
		}
		if c.keep {
			c.extra = append(c.extra, chat.Member{Name: string(name), Value: value})
		}
	}
	return ok
}

// head is what the chunk says of the answer as a whole.
func (c *chunk) head() chat.Reply {
	r := chat.Reply{From: chat.Generate, ID: text(c.id), Model: text(c.model), ServiceTier: c.counts.tier}
	if c.created != nil {
		if t, err := time.Parse(time.RFC3339Nano, text(c.created)); err == nil {
			r.Created = t.Unix()
		}
	}
	return r
}

// blocked is whether a promptFeedback has a reason to have blocked the prompt.
func blocked(raw []byte) bool {
	members, ok := open(raw, '{')
	for ok && members.more() {
		if name, value := members.member(); string(name) == "blockReason" {
			return !empty(value) && string(value) != "0" && string(value) != `"BLOCK_REASON_UNSPECIFIED"`
		}
	}
	return false
}

// candidate is one of an answer's alternatives, or a piece of one.
type candidate struct {
	index                int // -1 = not said
	parts                []byte
	reason               string
	message              []byte
	grounding, citations []byte
	logprobs             []byte

	keep  bool
	extra []chat.Member
}

func (c *candidate) read(raw []byte) bool {
	c.index = -1
	members, ok := open(raw, '{')
	for ok && members.more() {
		name, value := members.member()
		keep := c.keep
		switch string(name) {
		case "content":
			keep = false
			inner, ok := open(value, '{')
			for ok && inner.more() {
				if name, value := inner.member(); string(name) == "parts" {
					c.parts = value
				}
			}
		case "index":
			keep = false
			if n, ok := integer(value); ok {
				c.index = int(min(max(n, 0), 1<<20))
			}
		case "finishReason":
			c.reason = reason(value)
			o := outcomeOf(c.reason)
			keep = keep && (o > filtered || o == filtered && c.reason != "SAFETY")
		case "logprobsResult":
			c.logprobs, keep = value, false
		case "finishMessage":
			c.message = value
		case "groundingMetadata":
			c.grounding = value
		case "citationMetadata":
			c.citations = value
		}
		if keep {
			c.extra = append(c.extra, chat.Member{Name: string(name), Value: value})
		}
	}
	return ok
}

// reason is a finishReason, without a string of its own for the usual ones.
func reason(raw []byte) string {
	switch string(raw) {
	case "null", `""`:
		return ""
	case `"STOP"`:
		return "STOP"
	case `"MAX_TOKENS"`:
		return "MAX_TOKENS"
	}
	if r := enum(raw, finishReasons...); r != "FINISH_REASON_UNSPECIFIED" {
		return r
	}
	return ""
}

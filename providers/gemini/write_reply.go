package gemini

import (
	"strings"

	"github.com/routor/routor/engine/chat"
)

// AppendReply appends a whole answer.
func (codec) AppendReply(dst []byte, r *chat.Reply) []byte {
	own := r.From == chat.Generate
	dst = append(dst, '{')
	if !own || len(r.Choices) != 1 || len(r.Choices[0].Parts) > 0 || find(r.Extra, "promptFeedback") == nil {
		dst = append(key(dst, "candidates"), '[')
		for i := range r.Choices {
			dst = appendChoice(comma(dst), &r.Choices[i], own)
		}
		dst = append(dst, ']')
	}
	if r.Usage.Known {
		dst = appendUsage(key(dst, "usageMetadata"), &r.Usage, r.ServiceTier)
	}
	if r.Model != "" {
		dst = putText(dst, "modelVersion", r.Model)
	}
	if r.ID != "" {
		dst = putText(dst, "responseId", r.ID)
	}
	if own {
		for _, e := range r.Extra {
			dst = putRaw(dst, e.Name, e.Value)
		}
	}
	return append(dst, '}')
}

func appendChoice(dst []byte, c *chat.Choice, own bool) []byte {
	dst = append(dst, `{"content":{"parts":[`...)
	for i := range c.Parts {
		dst = appendPart(dst, &c.Parts[i])
	}
	dst = append(dst, `],"role":"model"}`...)
	said := false // why it ended, by a member of its own
	if own {
		for _, e := range c.Extra {
			dst = putRaw(dst, e.Name, e.Value)
			said = said || e.Name == "finishReason"
		}
	}
	if c.Finish != "" && !said {
		dst = putText(dst, "finishReason", reasonOf(c.Finish))
	}
	if c.Logprobs != nil {
		dst = appendLogprobs(key(dst, "logprobsResult"), c.Logprobs)
	}
	return append(putInteger(dst, "index", int64(c.Index)), '}')
}

// appendPart appends a part of an answer; nothing for what Gemini's answers don't have.
func appendPart(dst []byte, p *chat.Part) []byte {
	from := len(dst)
	switch p.Kind {
	case chat.Text, chat.Refusal:
		dst = putText(append(comma(dst), '{'), "text", p.Text)
	case chat.Reasoning:
		if p.Text == "" && signatureOf(p) == "" {
			return dst
		}
		dst = append(putText(append(comma(dst), '{'), "text", p.Text), `,"thought":true`...)
	case chat.ToolCall:
		dst = append(key(append(comma(dst), '{'), "functionCall"), '{')
		dst = putText(dst, "name", p.Call.Name)
		if p.Call.ID != "" && !strings.HasPrefix(p.Call.ID, madeUp) {
			dst = putText(dst, "id", p.Call.ID)
		}
		dst = append(putRaw(dst, "args", arguments(p.Call)), '}')
	case chat.Image, chat.Audio, chat.Video, chat.File:
		if p.Media == nil || p.Media.Data == "" {
			return dst
		}
		dst = putText(append(key(append(comma(dst), '{'), "inlineData"), '{'), "mimeType", typeOf(p.Media))
		dst = append(putText(dst, "data", p.Media.Data), '}')
	default:
		if p.Dialect != chat.Generate || p.Raw == nil {
			return dst[:from]
		}
		return append(comma(dst), p.Raw...)
	}
	if s := signatureOf(p); s != "" {
		dst = putText(dst, "thoughtSignature", s)
	}
	return append(dst, '}')
}

func signatureOf(p *chat.Part) string {
	if p.State == nil || p.State.Form != ThoughtSignature {
		return ""
	}
	return p.State.Data
}

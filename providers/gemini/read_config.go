package gemini

import (
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// config reads a generationConfig. What has no place in the hub stays in an extra member of that name.
func (r *requestReader) config(raw []byte) *chat.Error {
	members, ok := open(raw, '{')
	if !ok {
		return wrong(r.body, raw, "generationConfig", "must be an object")
	}
	s := &r.c.Settings
	var rest, jsonSchema, schema []byte
	mime := ""
	for members.more() {
		name, value := members.member()
		if string(value) == "null" {
			continue
		}
		taken := true
		switch n := camel(name); n {
		case "maxOutputTokens":
			s.MaxTokens = integerOf(value)
			taken = s.MaxTokens != nil
		case "temperature":
			s.Temperature = numberOf(value)
			taken = s.Temperature != nil
		case "topP":
			s.TopP = numberOf(value)
			taken = s.TopP != nil
		case "topK":
			s.TopK = integerOf(value)
			taken = s.TopK != nil
		case "seed":
			s.Seed = integerOf(value)
			taken = s.Seed != nil
		case "candidateCount":
			s.N = integerOf(value)
			taken = s.N != nil
		case "stopSequences":
			s.Stop = texts(value)
		case "presencePenalty":
			s.PresencePenalty = numberOf(value)
			taken = s.PresencePenalty != nil
		case "frequencyPenalty":
			s.FrequencyPenalty = numberOf(value)
			taken = s.FrequencyPenalty != nil
		case "responseLogprobs":
			s.Logprobs = boolOf(value)
			taken = s.Logprobs != nil
		case "logprobs":
			s.TopLogprobs = integerOf(value)
			taken = s.TopLogprobs != nil
		case "responseMimeType":
			mime = text(value)
		case "responseJsonSchema":
			jsonSchema = value
		case "_responseJsonSchema": // as the older SDKs call it
			jsonSchema = value
		case "responseSchema":
			schema, taken = value, false
		case "responseModalities":
			for _, m := range texts(value) {
				s.Modalities = append(s.Modalities, strings.ToLower(m))
			}
		case "thinkingConfig":
			taken = r.thinking(value)
		default:
			taken = false
		}
		if !taken {
			rest = putRaw(begin(rest), camel(name), value)
		}
	}
	switch {
	case jsonSchema != nil:
		s.Format = &chat.AnswerFormat{Kind: chat.FormatJSONSchema, Schema: jsonSchema}
	case schema != nil && mime == "application/json":
		s.Format = &chat.AnswerFormat{Kind: chat.FormatJSONSchema, Schema: fromSchema(schema)}
	case mime == "application/json":
		s.Format = &chat.AnswerFormat{Kind: chat.FormatJSONObject}
	case mime == "text/plain":
		s.Format = &chat.AnswerFormat{Kind: chat.FormatText}
	case mime != "":
		rest = putText(begin(rest), "responseMimeType", mime)
	}
	r.rest("generationConfig", rest)
	return nil
}

// thinking reads a thinkingConfig, and says whether it knows all of it.
func (r *requestReader) thinking(raw json.RawMessage) bool {
	members, ok := open(raw, '{')
	if !ok {
		return false
	}
	s := &r.c.Settings
	t := &chat.Thinking{}
	for members.more() {
		name, value := members.member()
		switch camel(name) {
		case "thinkingLevel":
			s.Effort = strings.ToLower(enum(value, "", "low", "high"))
		case "thinkingBudget":
			n := integerOf(value)
			switch t.Budget = n; {
			case n == nil:
				return false
			case *n == 0:
				t.Mode = "disabled"
			case *n < 0: // as much as the model thinks fit
				t.Mode, t.Budget = "adaptive", nil
			default:
				t.Mode = "enabled"
			}
		case "includeThoughts":
			t.Thoughts = boolOf(value)
		default:
			return false
		}
	}
	if *t != (chat.Thinking{}) {
		s.Thinking = t
	}
	return true
}

package openai

import (
	"slices"

	"github.com/routor/routor/engine/chat"
)

// AppendRequest appends the conversation as a request for chat completions.
func (ChatCodec) AppendRequest(dst []byte, c *chat.Conversation, t *chat.Target) ([]byte, []string, error) {
	w := newWriter(c, t, chat.Completions)
	model := w.t.Model
	if model == "" {
		model = c.Model
	}
	dst = putText(append(dst, '{'), "model", model)
	dst = append(key(dst, "messages"), '[')
	for i := 0; i < len(c.Messages); i++ {
		m := c.Messages[i]
		for !w.same && m.Role == chat.Assistant && i+1 < len(c.Messages) && c.Messages[i+1].Role == chat.Assistant && calls(m.Parts) {
			m.Parts = append(slices.Clip(m.Parts), c.Messages[i+1].Parts...) // tools' answers have to follow all calls
			i++
		}
		dst = w.chatMessage(dst, &m)
	}
	dst = append(dst, ']')
	dst = w.chatTools(dst)
	dst = w.chatSettings(dst)
	dst = w.extra(dst, "stream_options")
	return append(dst, '}'), w.dropped, nil
}

func calls(parts []chat.Part) bool {
	return slices.ContainsFunc(parts, func(p chat.Part) bool { return p.Kind == chat.ToolCall })
}

func (w *writer) chatSettings(dst []byte) []byte {
	c, s := w.c, &w.c.Settings
	if c.Stream {
		dst = putBool(dst, "stream", true)
		usage := c.IncludeUsage && w.same || w.t.IncludeUsage
		if rest := w.extraOf("stream_options"); usage || rest != nil {
			dst = append(key(dst, "stream_options"), '{')
			if usage {
				dst = putBool(dst, "include_usage", true)
			}
			for name, v := range chat.Object(rest) {
				dst = putRaw(dst, name, v)
			}
			dst = append(dst, '}')
		}
	}
	dst = optInt(dst, "max_completion_tokens", s.MaxTokens)
	dst = optFloat(optFloat(dst, "temperature", s.Temperature), "top_p", s.TopP)
	dst = optInt(optInt(dst, "n", s.N), "seed", s.Seed)
	dst = optFloat(optFloat(dst, "frequency_penalty", s.FrequencyPenalty), "presence_penalty", s.PresencePenalty)
	if len(s.Stop) > 0 {
		dst = putTexts(dst, "stop", s.Stop)
	}
	dst = optInt(optBool(dst, "logprobs", s.Logprobs), "top_logprobs", s.TopLogprobs)
	dst = optText(optRaw(dst, "logit_bias", s.LogitBias), "reasoning_effort", w.effort())
	dst = w.chatFormat(dst)
	dst = optText(optText(dst, "verbosity", s.Verbosity), "service_tier", s.ServiceTier)
	dst = optText(optText(dst, "prompt_cache_key", s.PromptCacheKey), "prompt_cache_retention", s.PromptCacheRetention)
	dst = optText(optText(dst, "safety_identifier", s.SafetyIdentifier), "user", s.User)
	dst = optBool(dst, "store", s.Store)
	if s.Metadata != nil && (w.same || s.Store != nil && *s.Store) {
		dst = putRaw(dst, "metadata", s.Metadata) // OpenAI takes it of stored completions only
	} else if s.Metadata != nil && (c.From != chat.Messages || s.User == "") {
		w.drop("metadata")
	}
	if len(s.Modalities) > 0 {
		dst = putTexts(dst, "modalities", s.Modalities)
	}
	dst = optRaw(optRaw(dst, "audio", s.Audio), "prediction", s.Prediction)
	return w.chatRest(dst)
}

// chatRest is what is no part of OpenAI's own dialect: said where the client said it so.
func (w *writer) chatRest(dst []byte) []byte {
	s := &w.c.Settings
	if w.same {
		dst = optFloat(optInt(dst, "top_k", s.TopK), "min_p", s.MinP)
		if t := s.Thinking; t != nil && w.extraOf("thinking") == nil {
			dst = append(key(dst, "thinking"), '{')
			dst = append(optInt(optText(dst, "type", t.Mode), "budget_tokens", t.Budget), '}')
		}
		return dst
	}
	if s.TopK != nil {
		w.drop("top_k")
	}
	if s.MinP != nil {
		w.drop("min_p")
	}
	if t := s.Thinking; t != nil && t.Summary != "" {
		w.drop("summary")
	}
	for _, name := range s.Include {
		if name != "reasoning.encrypted_content" && name != "message.output_text.logprobs" {
			w.drop("include")
		}
	}
	return dst
}

func (w *writer) chatFormat(dst []byte) []byte {
	f := w.c.Settings.Format
	if f == nil {
		return dst
	}
	dst = append(key(dst, "response_format"), '{')
	switch f.Kind {
	case chat.FormatJSONObject:
		dst = putText(dst, "type", "json_object")
	case chat.FormatJSONSchema:
		dst = append(putText(dst, "type", "json_schema"), `,"json_schema":{`...)
		dst = append(putSchema(dst, f), '}')
	default:
		dst = putText(dst, "type", "text")
	}
	return append(dst, '}')
}

// putSchema appends a format's name, description, schema and strictness.
func putSchema(dst []byte, f *chat.AnswerFormat) []byte {
	name := f.Name
	if name == "" { // OpenAI wants one, others have none
		name = "answer"
	}
	dst = optText(putText(dst, "name", name), "description", f.Description)
	return optBool(optRaw(dst, "schema", f.Schema), "strict", f.Strict)
}

func (w *writer) chatTools(dst []byte) []byte {
	c := w.c
	if c.Functions {
		dst = append(key(dst, "functions"), '[')
		for i := range c.Tools {
			dst = appendLegacy(dst, &c.Tools[i])
		}
		dst = append(dst, ']')
		if c.Choice.Mode == "tool" {
			dst = append(putText(append(key(dst, "function_call"), '{'), "name", c.Choice.Name), '}')
		} else {
			dst = optText(dst, "function_call", c.Choice.Mode)
		}
		return dst
	}
	from, n := len(dst), 0
	dst = append(key(dst, "tools"), '[')
	for i := range c.Tools {
		t, ok := &c.Tools[i], false
		if dst, ok = appendTool(dst, t); !ok {
			w.drop("tools." + t.Hosted)
			continue
		}
		n++
		if t.Cache != nil && !w.same {
			w.drop("cache_control")
		}
		for _, m := range t.Extra {
			if !w.same {
				w.drop("tools." + m.Name)
			}
		}
	}
	dst = append(dst, ']')
	if n == 0 && (len(c.Tools) > 0 || !w.same || c.Tools == nil) {
		dst = dst[:from]
	}
	if n == 0 && !w.same {
		return dst
	}
	return w.choice(optBool(dst, "parallel_tool_calls", c.Parallel), chat.Completions)
}

// choice appends tool_choice.
func (w *writer) choice(dst []byte, d chat.Dialect) []byte {
	c := &w.c.Choice
	if c.Mode == "" && c.Raw == nil && c.Allowed == nil {
		return dst
	}
	if flat := w.c.Flat(c.Name); flat != c.Name && d == chat.Completions {
		named := *c
		named.Name = flat
		c = &named
	}
	from := len(dst)
	dst, ok := appendChoice(key(dst, "tool_choice"), c, d)
	if !ok {
		w.drop("tool_choice")
		return dst[:from]
	}
	return dst
}

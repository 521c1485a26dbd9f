package openai

import (
	"slices"
	"strconv"

	"github.com/routor/routor/engine/chat"
)

// AppendRequest appends the conversation as a request to POST /responses. What comes from another dialect is stateless: store is
// false unless the client says otherwise, and reasoning is asked for in the form in which it can come back.
func (ResponsesCodec) AppendRequest(dst []byte, c *chat.Conversation, t *chat.Target) ([]byte, []string, error) {
	w := &responsesWriter{writer: newWriter(c, t, chat.Responses)}
	model := w.t.Model
	if model == "" {
		model = c.Model
	}
	dst = putText(append(dst, '{'), "model", model)
	messages := c.Messages
	if len(messages) > 0 && isInstructions(&messages[0]) {
		w.cache(&messages[0].Parts[0])
		dst = putText(dst, "instructions", messages[0].Parts[0].Text)
		messages = messages[1:]
	}
	dst = append(key(dst, "input"), '[')
	for i := range messages {
		dst = w.message(dst, &messages[i])
	}
	dst = append(dst, ']')
	dst = w.tools(dst)
	dst = w.settings(dst)
	dst = w.extra(dst, "text", "reasoning")
	return append(dst, '}'), w.dropped, nil
}

// isInstructions is whether a message can be said as instructions: a system message that is one text.
func isInstructions(m *chat.Message) bool {
	return m.Role == chat.System && m.ID == "" && m.Extra == nil && len(m.Parts) == 1 && m.Parts[0].Kind == chat.Text && m.Parts[0].Extra == nil
}

type responsesWriter struct {
	*writer
	custom   []string // ids of calls of custom tools
	thoughts int
}

func (w *responsesWriter) settings(dst []byte) []byte {
	c, s := w.c, &w.c.Settings
	if c.Stream {
		dst = putBool(dst, "stream", true)
	}
	limit := s.MaxTokens
	if limit != nil && *limit < 16 && !w.same { // OpenAI takes no less
		least := int64(16)
		limit = &least
	}
	dst = optInt(dst, "max_output_tokens", limit)
	dst = optFloat(optFloat(dst, "temperature", s.Temperature), "top_p", s.TopP)
	dst = optInt(dst, "top_logprobs", s.TopLogprobs)
	dst = w.reasoning(w.format(dst))
	dst = w.include(dst)
	dst = optText(optText(dst, "service_tier", s.ServiceTier), "prompt_cache_key", s.PromptCacheKey)
	dst = optText(optText(dst, "prompt_cache_retention", s.PromptCacheRetention), "safety_identifier", s.SafetyIdentifier)
	dst = optText(dst, "user", s.User)
	switch {
	case s.Metadata != nil && c.From != chat.Messages:
		dst = putRaw(dst, "metadata", s.Metadata)
	case s.Metadata != nil && s.User == "":
		w.drop("metadata")
	}
	if s.Store != nil {
		dst = putBool(dst, "store", *s.Store)
	} else if !w.same {
		dst = putBool(dst, "store", false)
	}
	return w.unsaid(dst)
}

// unsaid is what Responses don't have: said where the client said it so, as makers who imitate them may take it.
func (w *responsesWriter) unsaid(dst []byte) []byte {
	s := &w.c.Settings
	if w.same {
		dst = optInt(optInt(optInt(dst, "n", s.N), "seed", s.Seed), "top_k", s.TopK)
		dst = optFloat(optFloat(dst, "frequency_penalty", s.FrequencyPenalty), "presence_penalty", s.PresencePenalty)
		dst = optRaw(optRaw(optRaw(optFloat(dst, "min_p", s.MinP), "logit_bias", s.LogitBias), "audio", s.Audio), "prediction", s.Prediction)
		if len(s.Modalities) > 0 {
			dst = putTexts(dst, "modalities", s.Modalities)
		}
		return dst
	}
	for name, said := range map[string]bool{
		"n": s.N != nil && *s.N > 1, "seed": s.Seed != nil, "top_k": s.TopK != nil, "min_p": s.MinP != nil,
		"frequency_penalty": s.FrequencyPenalty != nil && *s.FrequencyPenalty != 0,
		"presence_penalty":  s.PresencePenalty != nil && *s.PresencePenalty != 0,
		"logit_bias":        s.LogitBias != nil && !empty(s.LogitBias), "stop": len(s.Stop) > 0, "prediction": s.Prediction != nil,
		"audio": s.Audio != nil, "modalities": slices.ContainsFunc(s.Modalities, func(m string) bool { return m != "text" && m != "TEXT" }),
	} {
		if said {
			w.drop(name)
		}
	}
	slices.Sort(w.dropped)
	return dst
}

func (w *responsesWriter) format(dst []byte) []byte {
	f, s, rest := w.c.Settings.Format, &w.c.Settings, w.extraOf("text")
	if f == nil && s.Verbosity == "" && rest == nil {
		return dst
	}
	dst = append(key(dst, "text"), '{')
	if f != nil {
		dst = append(key(dst, "format"), '{')
		switch f.Kind {
		case chat.FormatJSONObject:
			dst = putText(dst, "type", "json_object")
		case chat.FormatJSONSchema:
			dst = putSchema(putText(dst, "type", "json_schema"), f)
		default:
			dst = putText(dst, "type", "text")
		}
		dst = append(dst, '}')
	}
	dst = optText(dst, "verbosity", s.Verbosity)
	for name, v := range chat.Object(rest) {
		dst = putRaw(dst, name, v)
	}
	return append(dst, '}')
}

func (w *responsesWriter) reasoning(dst []byte) []byte {
	effort, rest, summary := w.effort(), w.extraOf("reasoning"), ""
	if t := w.c.Settings.Thinking; t != nil {
		if summary = t.Summary; summary == "" && t.Thoughts != nil && *t.Thoughts {
			summary = "auto"
		}
	}
	if effort == "" && summary == "" && rest == nil {
		return dst
	}
	dst = append(key(dst, "reasoning"), '{')
	dst = optText(optText(dst, "effort", effort), "summary", summary)
	for name, v := range chat.Object(rest) {
		dst = putRaw(dst, name, v)
	}
	return append(dst, '}')
}

func (w *responsesWriter) include(dst []byte) []byte {
	s := &w.c.Settings
	list := s.Include
	if !w.same {
		list = nil
		if s.Logprobs != nil && *s.Logprobs {
			list = append(list, "message.output_text.logprobs")
		}
		if w.t.Thinks && (s.Store == nil || !*s.Store) {
			list = append(list, "reasoning.encrypted_content")
		}
	}
	if len(list) == 0 {
		return dst
	}
	return putTexts(dst, "include", list)
}

func (w *responsesWriter) tools(dst []byte) []byte {
	c := w.c
	from, n := len(dst), 0
	dst = append(key(dst, "tools"), '[')
	for i := 0; i < len(c.Tools); i++ {
		t := &c.Tools[i]
		if t.Hosted != "" && t.Dialect != chat.Responses {
			w.drop("tools." + t.Hosted)
			continue
		}
		n++
		if t.Namespace == nil {
			dst = w.tool(dst, t)
			continue
		}
		dst = putText(append(comma(dst), `{"type":"namespace"`...), "name", t.Namespace.Name)
		dst = append(key(putText(dst, "description", t.Namespace.Description), "tools"), '[')
		for ; i < len(c.Tools) && c.Tools[i].Namespace == t.Namespace; i++ {
			dst = w.tool(dst, &c.Tools[i])
		}
		i--
		dst = append(dst, "]}"...)
	}
	dst = append(dst, ']')
	if n == 0 && (len(c.Tools) > 0 || !w.same || c.Tools == nil) {
		dst = dst[:from]
	}
	if n == 0 && !w.same {
		return dst
	}
	return w.choice(optBool(dst, "parallel_tool_calls", c.Parallel), chat.Responses)
}

func (w *responsesWriter) tool(dst []byte, t *chat.Tool) []byte {
	if !w.same {
		if t.Cache != nil {
			w.drop("cache_control")
		}
		for _, m := range t.Extra {
			w.drop("tools." + m.Name)
		}
	}
	return appendResponsesTool(dst, t, w.same)
}

// appendResponsesTool appends a tool; same is whether the client spoke Responses, where not saying strict means something else
// than in the other dialects.
func appendResponsesTool(dst []byte, t *chat.Tool, same bool) []byte {
	switch {
	case t.Raw != nil && t.Dialect == chat.Responses && !t.Custom:
		return append(comma(dst), t.Raw...)
	case t.Custom:
		dst = optText(putText(append(comma(dst), `{"type":"custom"`...), "name", t.Name), "description", t.Description)
		if dst = putFormat(dst, t, chat.Responses); t.Dialect == chat.Responses {
			dst = putExtra(dst, t.Extra)
		}
		return append(dst, '}')
	}
	dst = optText(putText(append(comma(dst), `{"type":"function"`...), "name", t.Name), "description", t.Description)
	switch {
	case t.Parameters != nil:
		dst = putRaw(dst, "parameters", t.Parameters)
	default:
		dst = putRaw(dst, "parameters", null)
	}
	switch {
	case t.Strict != nil:
		dst = putBool(dst, "strict", *t.Strict)
	case same:
		dst = putRaw(dst, "strict", null)
	default:
		dst = putBool(dst, "strict", false)
	}
	return append(dst, '}')
}

// message appends the items of a message.
func (w *responsesWriter) message(dst []byte, m *chat.Message) []byte {
	if m.Role == chat.Assistant {
		return w.assistant(dst, m)
	}
	var rest []chat.Part
	for i := range m.Parts {
		p := &m.Parts[i]
		switch {
		case p.Kind == chat.ToolResult:
			dst = w.result(dst, p)
		case p.Kind == chat.Other && p.Dialect == chat.Responses && !isInput(p):
			dst = append(comma(dst), p.Raw...)
		default:
			rest = append(rest, *p)
		}
	}
	if len(rest) == 0 && len(m.Parts) > 0 {
		return dst
	}
	dst = putText(append(comma(dst), `{"type":"message"`...), "role", string(m.Role))
	dst = w.content(key(dst, "content"), rest)
	if w.same {
		dst = putExtra(optText(dst, "id", m.ID), m.Extra)
	}
	return append(dst, '}')
}

// isInput is whether a part that nobody here knows is a part of a message rather than an item.
func isInput(p *chat.Part) bool {
	return p.ID == "" && len(text(get(p.Raw, "type"))) > 6 && text(get(p.Raw, "type"))[:6] == "input_"
}

func (w *responsesWriter) content(dst []byte, parts []chat.Part) []byte {
	if len(parts) == 0 {
		return append(dst, `""`...)
	}
	if p := &parts[0]; len(parts) == 1 && p.Kind == chat.Text && (!w.same || p.Extra == nil && p.Cache == nil) {
		w.cache(p)
		return chat.AppendQuoted(dst, p.Text)
	}
	from := len(dst)
	dst = append(dst, '[')
	for i := range parts {
		dst = w.part(dst, &parts[i])
	}
	if dst[len(dst)-1] == '[' {
		return append(dst[:from], `""`...)
	}
	return append(dst, ']')
}

// part appends a part of a message to the model, or of a tool's answer.
func (w *responsesWriter) part(dst []byte, p *chat.Part) []byte {
	if p.Kind == chat.Other && p.Dialect == chat.Responses {
		return append(comma(dst), p.Raw...)
	}
	m := p.Media
	if m == nil {
		m = &chat.Media{}
	}
	if p.Kind == chat.Text && p.Text == "" && !w.same {
		return dst
	}
	from := len(dst)
	dst = append(comma(dst), `{"type":`...)
	switch {
	case p.Kind == chat.Text || p.Kind == chat.Refusal:
		dst = putText(append(dst, `"input_text"`...), "text", p.Text)
	case p.Kind == chat.File && m.Text != "":
		dst = putText(append(dst, `"input_text"`...), "text", m.Text)
	case p.Kind == chat.Image && (m.FileID != "" || urlOf(m) != ""):
		detail := m.Detail
		if detail == "" {
			detail = "auto"
		}
		dst = optText(append(dst, `"input_image"`...), "file_id", m.FileID)
		dst = putText(optText(dst, "image_url", urlOf(m)), "detail", detail)
	case p.Kind == chat.File && (m.FileID != "" || urlOf(m) != ""):
		dst = optText(putFile(append(dst, `"input_file"`...), m), "detail", m.Detail)
	case p.Kind == chat.Audio && m.Data != "" && w.same:
		dst = putText(append(append(dst, `"input_audio"`...), `,"input_audio":{`...), "data", m.Data)
		dst = append(putText(dst, "format", audioFormat(m)), '}')
	default:
		w.dropPart(p)
		return dst[:from]
	}
	w.cache(p)
	if w.same {
		dst = putExtra(optRaw(dst, "cache_control", p.Cache), p.Extra)
	}
	return append(dst, '}')
}

func (w *responsesWriter) result(dst []byte, p *chat.Part) []byte {
	r := p.Result
	kind := "function_call_output"
	if r.Custom || slices.Contains(w.custom, r.CallID) {
		kind = "custom_tool_call_output"
	}
	dst = putText(putText(append(comma(dst), '{'), "type", kind), "call_id", r.CallID)
	dst = w.content(key(dst, "output"), r.Parts)
	if r.Error {
		w.drop("tool_result.is_error")
	}
	if w.same {
		dst = putExtra(optText(dst, "id", p.ID), p.Extra)
	}
	return append(dst, '}')
}

// assistant appends what the model said and did: a message item for each run of text, an item for each other part.
func (w *responsesWriter) assistant(dst []byte, m *chat.Message) []byte {
	for i := 0; i < len(m.Parts); i++ {
		p := &m.Parts[i]
		switch p.Kind {
		case chat.Text, chat.Refusal:
			n := i + 1
			for n < len(m.Parts) && (m.Parts[n].Kind == chat.Text || m.Parts[n].Kind == chat.Refusal) {
				n++
			}
			dst = w.spoken(dst, m, m.Parts[i:n])
			i = n - 1
		case chat.Reasoning:
			dst = w.thought(dst, p)
		case chat.ToolCall:
			dst = w.call(dst, p)
		case chat.Other:
			if p.Dialect == chat.Responses {
				dst = append(comma(dst), p.Raw...)
				continue
			}
			w.dropPart(p)
		default:
			w.dropPart(p)
		}
	}
	if len(m.Parts) == 0 && w.same {
		dst = w.spoken(dst, m, nil)
	}
	return dst
}

// spoken appends a message of the model's: as it was, if it is known by an id, else in the easy form.
func (w *responsesWriter) spoken(dst []byte, m *chat.Message, parts []chat.Part) []byte {
	id := m.ID
	if len(parts) > 0 && parts[0].ID != "" {
		id = parts[0].ID
	}
	plain := true
	for i := range parts {
		plain = plain && parts[i].Kind == chat.Text && parts[i].Annotations == nil && parts[i].Extra == nil
		w.cache(&parts[i])
	}
	if !w.same {
		if said := joined(parts, chat.Text) + joined(parts, chat.Refusal); said != "" {
			dst = putText(append(comma(dst), `{"type":"message","role":"assistant"`...), "content", said)
			return append(optText(dst, "phase", m.Phase), '}')
		}
		return dst
	}
	dst = append(optText(append(comma(dst), `{"type":"message"`...), "id", id), `,"role":"assistant"`...)
	switch {
	case id == "" && plain && len(parts) < 2:
		dst = putText(dst, "content", joined(parts, chat.Text))
	default:
		dst = append(key(dst, "content"), '[')
		for i := range parts {
			p := &parts[i]
			if dst = appendOutputPart(dst, p, partLogs(p)); len(p.Extra) > 0 {
				dst = append(putExtra(dst[:len(dst)-1], slices.DeleteFunc(slices.Clone(p.Extra), isLogs)), '}')
			}
		}
		dst = append(dst, ']')
	}
	dst = putExtra(optText(dst, "phase", m.Phase), m.Extra)
	if id != "" && !slices.ContainsFunc(m.Extra, func(x chat.Member) bool { return x.Name == "status" }) {
		dst = putText(dst, "status", "completed")
	}
	return append(dst, '}')
}

func isLogs(m chat.Member) bool { return m.Name == "logprobs" }

// partLogs are a text's log probabilities as a request brings them back.
func partLogs(p *chat.Part) []byte {
	for _, m := range p.Extra {
		if isLogs(m) {
			return m.Value
		}
	}
	return nil
}

// thought appends reasoning that its maker gets back. From another dialect its maker has to be known.
func (w *responsesWriter) thought(dst []byte, p *chat.Part) []byte {
	s, id := p.State, p.ID
	switch own := s != nil && (s.Form == formEncrypted || s.Form == formText); {
	case s != nil && !sendable(s, w.t.Provider):
		return dst
	case !own && (!w.same || s != nil && w.t.Provider != ""):
		return dst
	case !w.same && s.Form == formText && (s.Maker == "" || s.Maker != w.t.Provider):
		return dst
	}
	if w.thoughts++; id == "" && !w.same {
		id = "rs_" + strconv.Itoa(w.thoughts)
	}
	dst = optText(append(comma(dst), `{"type":"reasoning"`...), "id", id)
	dst = putReasoningItem(dst, p, s != nil && s.Form == formText || isNative(p, w.same))
	if w.same {
		dst = putExtra(dst, p.Extra)
	}
	return append(dst, '}')
}

func (w *responsesWriter) call(dst []byte, p *chat.Part) []byte {
	if p.Call.Custom {
		w.custom = append(w.custom, p.Call.ID)
	}
	dst = optText(putText(append(comma(dst), '{'), "type", callKind(p.Call)), "id", w.itemID(p))
	if dst = putCallItem(dst, p.Call, w.c); w.same {
		dst = putExtra(dst, p.Extra)
	}
	return append(dst, '}')
}

// itemID is an item's id where the client has it from this dialect.
func (w *responsesWriter) itemID(p *chat.Part) string {
	if w.same {
		return p.ID
	}
	return ""
}

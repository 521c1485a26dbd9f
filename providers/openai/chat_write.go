package openai

import (
	"slices"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// writer writes a request in either dialect, and notes what it can't say.
type writer struct {
	c       *chat.Conversation
	t       *chat.Target
	same    bool // the client speaks the dialect that is written
	dropped []string
}

func newWriter(c *chat.Conversation, t *chat.Target, d chat.Dialect) *writer {
	if t == nil {
		t = &chat.Target{}
	}
	return &writer{c: c, t: t, same: c.From == d}
}

// drop notes what can't be said, once, as the client's dialect spells it; name is chat completions' spelling.
func (w *writer) drop(name string) {
	if s := spelt(w.c.From, name); s != "" && !slices.Contains(w.dropped, s) {
		w.dropped = append(w.dropped, s)
	}
}

// spelt is how a dialect calls what chat completions call by that name.
func spelt(d chat.Dialect, name string) string {
	var names map[string]string
	switch d {
	case chat.Messages:
		names = inMessages
	case chat.Responses:
		names = inResponses
	case chat.Generate:
		names = inGenerate
	}
	if s, ok := names[name]; ok {
		return s
	}
	return name
}

var (
	inMessages = map[string]string{
		"max_tokens": "max_tokens", "stop": "stop_sequences", "reasoning_effort": "thinking", "response_format": "output_config.format",
		"thinking": "thinking", "user": "metadata.user_id", "tool_result.is_error": "tool_result.is_error",
	}
	inResponses = map[string]string{
		"max_tokens": "max_output_tokens", "reasoning_effort": "reasoning.effort", "response_format": "text.format", "verbosity": "text.verbosity",
		"thinking": "reasoning", "summary": "reasoning.summary", "messages": "input",
	}
	inGenerate = map[string]string{
		"max_tokens": "generationConfig.maxOutputTokens", "stop": "generationConfig.stopSequences", "top_k": "generationConfig.topK",
		"top_p": "generationConfig.topP", "temperature": "generationConfig.temperature", "seed": "generationConfig.seed",
		"n": "generationConfig.candidateCount", "presence_penalty": "generationConfig.presencePenalty",
		"frequency_penalty": "generationConfig.frequencyPenalty", "logprobs": "generationConfig.responseLogprobs",
		"top_logprobs": "generationConfig.logprobs", "response_format": "generationConfig.responseSchema",
		"reasoning_effort": "generationConfig.thinkingConfig", "thinking": "generationConfig.thinkingConfig",
		"tool_choice": "toolConfig", "messages": "contents", "modalities": "generationConfig.responseModalities",
	}
)

// dropPart notes a part of a message.
func (w *writer) dropPart(p *chat.Part) {
	kind := string(p.Kind)
	if p.Kind == chat.Other {
		kind = text(get(p.Raw, "type"))
	}
	w.drop(spelt(w.c.From, "messages") + "." + kind)
}

// extra appends the members that only the client's dialect has, or notes them.
func (w *writer) extra(dst []byte, merged ...string) []byte {
	for _, m := range w.c.Extra {
		switch {
		case slices.Contains(merged, m.Name):
		case w.same:
			dst = append(append(chat.AppendQuoted(comma(dst), m.Name), ':'), m.Value...)
		default:
			w.drop(m.Name)
		}
	}
	return dst
}

func (w *writer) extraOf(name string) []byte {
	for _, m := range w.c.Extra {
		if w.same && m.Name == name {
			return m.Value
		}
	}
	return nil
}

// effort is the reasoning effort to ask for; "" = none. A client that speaks of budgets or modes is translated, and what the
// model does not know becomes the nearest that it knows, the weaker of two.
func (w *writer) effort() string {
	s := &w.c.Settings
	wish := s.Effort
	if th := s.Thinking; wish == "" && th != nil && !w.same {
		switch {
		case th.Mode == "disabled" || th.Budget != nil && *th.Budget == 0:
			wish = "none"
		case th.Budget != nil && *th.Budget > 0:
			wish = worth(*th.Budget)
		}
	}
	switch {
	case wish == "" || w.same:
		return wish
	case len(w.t.Efforts) == 0:
		if wish != "none" || w.t.Thinks {
			w.drop("reasoning_effort")
		}
		return ""
	}
	return nearest(wish, w.t.Efforts)
}

// worth is the effort that a budget of reasoning tokens comes to.
func worth(budget int64) string {
	switch {
	case budget <= 1024:
		return "minimal"
	case budget <= 4096:
		return "low"
	case budget <= 12288:
		return "medium"
	case budget <= 32768:
		return "high"
	}
	return "xhigh"
}

var efforts = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

func nearest(wish string, known []string) string {
	rank := slices.Index(efforts, wish)
	if rank < 0 || slices.Contains(known, wish) {
		return wish
	}
	best, least := "", len(efforts)
	for _, e := range known {
		r := slices.Index(efforts, e)
		if away := max(r-rank, rank-r); r >= 0 && (away < least || away == least && r < rank) {
			best, least = e, away
		}
	}
	return best
}

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
	from := len(dst)
	dst, ok := appendChoice(key(dst, "tool_choice"), c, d)
	if !ok {
		w.drop("tool_choice")
		return dst[:from]
	}
	return dst
}

func (w *writer) chatMessage(dst []byte, m *chat.Message) []byte {
	if m.Role == chat.Assistant {
		return w.chatAssistant(dst, m)
	}
	rest, media := m.Parts, []chat.Part(nil)
	if slices.ContainsFunc(rest, func(p chat.Part) bool { return p.Kind == chat.ToolResult }) {
		rest = nil
		for i := range m.Parts {
			p := &m.Parts[i]
			if p.Kind != chat.ToolResult {
				rest = append(rest, *p)
				continue
			}
			dst, media = w.chatResult(dst, p, media)
		}
		if rest = append(media, rest...); len(rest) == 0 {
			return dst
		}
	}
	dst = putText(append(comma(dst), '{'), "role", string(m.Role))
	dst = w.chatContent(key(dst, "content"), rest)
	dst = optText(dst, "name", m.Name)
	if w.same {
		dst = putExtra(dst, m.Extra)
	}
	return append(dst, '}')
}

// chatContent appends a content: a string where there is nothing but one text, else a list.
func (w *writer) chatContent(dst []byte, parts []chat.Part) []byte {
	if len(parts) == 0 {
		return append(dst, `""`...)
	}
	if p := &parts[0]; len(parts) == 1 && p.Kind == chat.Text && (!w.same || p.Cache == nil && p.Extra == nil && p.Raw == nil) {
		w.cache(p)
		return chat.AppendQuoted(dst, p.Text)
	}
	from := len(dst)
	dst = append(dst, '[')
	for i := range parts {
		dst = w.chatPart(dst, &parts[i])
	}
	if dst[len(dst)-1] == '[' { // all of it was left out
		return append(dst[:from], `""`...)
	}
	return append(dst, ']')
}

func (w *writer) chatPart(dst []byte, p *chat.Part) []byte {
	if !w.same && p.Kind == chat.Text && p.Text == "" {
		return dst
	}
	dst, ok := appendPart(dst, p)
	switch {
	case !ok:
		w.dropPart(p)
	case w.same && p.Raw == nil:
		dst = closePart(dst, p)
	default:
		w.cache(p)
	}
	return dst
}

func (w *writer) cache(p *chat.Part) {
	if p.Cache != nil && !w.same {
		w.drop("cache_control")
	}
}

// elsewhere stands for a tool's answer that is no text, and follows as the user's.
const elsewhere = "The result follows in the next message."

// chatResult appends a tool's answer. What is no text in it goes into the user's message behind all answers.
func (w *writer) chatResult(dst []byte, p *chat.Part, media []chat.Part) ([]byte, []chat.Part) {
	r := p.Result
	said := r.Parts
	if !w.same {
		said = nil
		for _, part := range r.Parts {
			switch {
			case part.Kind == chat.Text || part.Kind == chat.Refusal:
				said = append(said, chat.Part{Kind: chat.Text, Text: part.Text})
			default:
				media = append(media, part)
			}
		}
		if len(said) > 1 {
			said = []chat.Part{{Kind: chat.Text, Text: lines(said)}}
		}
		if len(said) == 0 && len(media) > 0 {
			said = []chat.Part{{Kind: chat.Text, Text: elsewhere}}
		}
		if r.Error {
			w.drop("tool_result.is_error")
		}
	}
	role := "tool"
	legacy := w.c.Functions && strings.HasPrefix(r.CallID, legacyID)
	if legacy {
		role = "function"
	}
	dst = putText(append(comma(dst), '{'), "role", role)
	if !legacy {
		dst = putText(dst, "tool_call_id", r.CallID)
	}
	if w.same {
		dst = putExtra(optText(dst, "name", r.Name), p.Extra)
	}
	return append(w.chatContent(key(dst, "content"), said), '}'), media
}

func lines(parts []chat.Part) string {
	all := make([]string, len(parts))
	for i := range parts {
		all[i] = parts[i].Text
	}
	return strings.Join(all, "\n")
}

func (w *writer) chatAssistant(dst []byte, m *chat.Message) []byte {
	var content []chat.Part
	var sign *chat.State
	n := 0
	for i := range m.Parts {
		switch p := &m.Parts[i]; p.Kind {
		case chat.ToolCall:
			n++
		case chat.Reasoning:
			if p.State != nil && p.State.Form == formThinking && sendable(p.State, w.t.Provider) {
				content = append(content, mistral(p))
			}
		case chat.Audio:
			if p.ID == "" || p.Media == nil || p.Media.FileID == "" {
				w.dropPart(p)
			}
		case chat.Text:
			if s := p.State; s != nil && s.Form == formThought && sendable(s, w.t.Provider) {
				sign = s
			}
			content = append(content, *p)
		case chat.Image:
			if !w.same {
				w.dropPart(p)
			}
		default:
			content = append(content, *p)
		}
	}
	dst = putText(append(comma(dst), '{'), "role", "assistant")
	dst = w.spokenContent(dst, content, n > 0)
	dst = optText(dst, "name", m.Name)
	dst = putReasoning(dst, m.Parts, true, w.returns)
	if sign != nil {
		dst = putGoogleSignature(dst, sign)
	}
	dst = w.pictures(dst, m.Parts)
	if n > 0 {
		dst = w.chatCalls(dst, m.Parts)
	}
	if w.same {
		dst = putExtra(dst, m.Extra)
	}
	return append(dst, '}')
}

// spokenContent appends content, refusal and annotations. From other dialects all text is one string, which all who speak
// this one take.
func (w *writer) spokenContent(dst []byte, parts []chat.Part, calls bool) []byte {
	refusal := ""
	if !w.same || len(parts) == 1 || !slices.ContainsFunc(parts, func(p chat.Part) bool { return p.Kind == chat.Text }) {
		refusal = joined(parts, chat.Refusal)
		parts = slices.DeleteFunc(slices.Clone(parts), func(p chat.Part) bool { return p.Kind == chat.Refusal })
	}
	if !w.same {
		thinks := false
		for i := range parts {
			p := &parts[i]
			w.cache(p)
			if thinks = thinks || p.Kind == chat.Reasoning; p.Kind != chat.Text && p.Kind != chat.Reasoning {
				w.dropPart(p)
			}
		}
		if thinks {
			return optText(w.chatContent(key(dst, "content"), parts), "refusal", refusal)
		}
		if said := joined(parts, chat.Text); said != "" || !calls && refusal == "" {
			dst = putText(dst, "content", said)
		} else {
			dst = putRaw(dst, "content", null)
		}
		return optText(dst, "refusal", refusal)
	}
	if len(parts) == 0 && (calls || refusal != "") {
		dst = putRaw(dst, "content", null)
	} else {
		dst = w.chatContent(key(dst, "content"), parts)
	}
	for i := range parts {
		if p := &parts[i]; p.Annotations != nil && p.Dialect == chat.Completions && len(parts) == 1 {
			dst = putRaw(dst, "annotations", p.Annotations)
		}
	}
	return optText(dst, "refusal", refusal)
}

// returns is whether reasoning goes back to its maker in a message's own fields.
func (w *writer) returns(p *chat.Part) bool {
	switch s := p.State; {
	case s == nil:
		return w.same
	case s.Form == formThinking || !sendable(s, w.t.Provider):
		return false
	}
	return w.same || plain(p.State)
}

// pictures appends what the model drew and said aloud, as its message had it.
func (w *writer) pictures(dst []byte, parts []chat.Part) []byte {
	n := 0
	for i := range parts {
		p := &parts[i]
		switch {
		case p.Kind == chat.Image && w.same:
			if n++; n == 1 {
				dst = append(key(dst, "images"), '[')
			}
			dst, _ = appendPart(dst, p)
		case p.Kind == chat.Audio && p.ID != "" && p.Media != nil && p.Media.FileID != "":
			dst = append(putText(append(key(dst, "audio"), '{'), "id", p.ID), '}')
		}
	}
	if n > 0 {
		dst = append(dst, ']')
	}
	return dst
}

func (w *writer) chatCalls(dst []byte, parts []chat.Part) []byte {
	if w.c.Functions {
		for i := range parts {
			if p := &parts[i]; p.Kind == chat.ToolCall && strings.HasPrefix(p.Call.ID, legacyID) {
				dst = append(key(dst, "function_call"), '{')
				return append(putText(putText(dst, "name", p.Call.Name), "arguments", p.Call.Arguments), '}')
			}
		}
	}
	dst = append(key(dst, "tool_calls"), '[')
	for i := range parts {
		p := parts[i]
		if p.Kind != chat.ToolCall {
			continue
		}
		if !sendable(p.State, w.t.Provider) {
			p.State = nil
		}
		if dst = putCall(dst, &p, -1); w.same {
			dst = putExtra(dst, p.Extra)
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// mistral is reasoning as a part of a content list.
func mistral(p *chat.Part) chat.Part {
	out := *p
	if p.Raw == nil || p.Dialect != chat.Completions {
		out.Dialect = chat.Completions
		out.Raw = append(putText([]byte(`{"type":"thinking","thinking":[{"type":"text"`), "text", p.Text), "}]}"...)
	}
	return out
}

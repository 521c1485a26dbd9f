package anthropic

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// DefaultMaxTokens is the limit that a request asks for where neither the client nor the catalog says one, because the
// dialect requires it: what every model that is served takes.
const DefaultMaxTokens = 4096

// maxUserID is the longest metadata.user_id (CreateMessageParams, Metadata).
const maxUserID = 256

var errNothing = errors.New("the request can't be said in Anthropic's Messages: no message has any content; send at least one with text")

// AppendRequest appends a conversation as the body of POST /v1/messages. Of a conversation in this dialect nothing changes
// but what another model asks for: State of another maker, thinking, limits.
func (codec) AppendRequest(dst []byte, c *chat.Conversation, t *chat.Target) (body []byte, dropped []string, err error) {
	w := &writer{c: c, t: t, same: c.From == chat.Messages}
	from := len(dst)
	w.limit()
	w.think()
	system, turns := w.turns()
	if len(turns) == 0 {
		if len(system) == 0 {
			return dst[:from], nil, errNothing
		}
		system, turns = nil, []turn{{role: chat.User, parts: system}} // a request of instructions alone
	}
	w.b = text(append(dst, '{'), "model", t.Model)
	w.b = number(w.b, "max_tokens", w.maxTokens)
	if len(system) > 0 {
		w.b = w.content(member(w.b, "system"), system)
	}
	w.messages(turns)
	w.tools()
	w.thinking()
	w.output()
	w.samplers()
	if c.Stream {
		w.b = append(w.b, `,"stream":true`...)
	}
	w.user()
	w.tier()
	w.rest()
	w.drops()
	return append(w.b, '}'), w.dropped, nil
}

// writer writes one request.
type writer struct {
	c    *chat.Conversation
	t    *chat.Target
	b    []byte
	same bool // the conversation is in this dialect

	maxTokens int64
	thought   thought
	dropped   []string
}

// drop names what can't be said, by its name in chat completions.
func (w *writer) drop(name string) { w.dropAs(chat.Spell(w.c.From, name)) }

func (w *writer) dropAs(name string) {
	if !slices.Contains(w.dropped, name) {
		w.dropped = append(w.dropped, name)
	}
}

func (w *writer) limit() {
	w.maxTokens = DefaultMaxTokens
	if w.t.MaxOutput > 0 {
		w.maxTokens = w.t.MaxOutput
	}
	if asked := w.c.Settings.MaxTokens; asked != nil {
		w.maxTokens = *asked
		if w.t.MaxOutput > 0 {
			w.maxTokens = min(w.maxTokens, w.t.MaxOutput)
		}
	}
}

// turn is a message as it will be written: what can be said of it.
type turn struct {
	role  chat.Role
	parts []*chat.Part
	extra []chat.Member
}

// turns gathers what can be said. System and developer messages go into the system prompt, wherever they stand, unless the
// client speaks this dialect and has put them where they are. Turns of one role become one, so that the results of all calls
// stand in the message behind them, before any text, as the dialect asks for.
func (w *writer) turns() (system []*chat.Part, turns []turn) {
	for i := range w.c.Messages {
		m := &w.c.Messages[i]
		if m.Role == chat.Developer || m.Role == chat.System && !(w.same && len(turns) > 0) {
			system = append(system, w.sayable(m)...)
			continue
		}
		if m.Name != "" {
			w.dropAs("messages.name")
		}
		t := turn{role: m.Role, parts: w.sayable(m)}
		if w.same {
			t.extra = m.Extra
		}
		switch last := len(turns) - 1; {
		case len(t.parts) == 0 && (len(t.extra) == 0 || m.Role != chat.System):
		case last >= 0 && turns[last].role == m.Role && !w.same:
			turns[last].parts = append(turns[last].parts, t.parts...)
		default:
			turns = append(turns, t)
		}
	}
	for i := range turns {
		if turns[i].role == chat.User {
			slices.SortStableFunc(turns[i].parts, func(a, b *chat.Part) int { return rank(a) - rank(b) })
		}
	}
	return system, trimPrefix(turns)
}

func rank(p *chat.Part) int {
	if p.Kind == chat.ToolResult {
		return 0
	}
	return 1
}

// trimPrefix takes the white space off the end of an answer that the model is to go on with: the dialect refuses it there.
func trimPrefix(turns []turn) []turn {
	if len(turns) == 0 || turns[len(turns)-1].role != chat.Assistant {
		return turns
	}
	last := &turns[len(turns)-1]
	p := last.parts[len(last.parts)-1]
	if trimmed := strings.TrimRight(p.Text, " \t\r\n"); p.Kind == chat.Text && trimmed != p.Text {
		short := *p
		short.Text = trimmed
		last.parts[len(last.parts)-1] = &short
	}
	return turns
}

// sayable is the parts of a message that the dialect can say; what it can't is named, but for reasoning, which no other
// maker's model needs.
func (w *writer) sayable(m *chat.Message) (parts []*chat.Part) {
	for i := range m.Parts {
		p := &m.Parts[i]
		if m.Role == chat.System || m.Role == chat.Developer {
			if p.Kind != chat.Text && p.Kind != chat.Other {
				w.dropAs(partName(w.c.From, p))
				continue
			}
		}
		if w.says(p) {
			parts = append(parts, p)
		}
	}
	return parts
}

// says is whether a part can be said. Blocks without any text are refused (RequestTextBlock).
func (w *writer) says(p *chat.Part) bool {
	switch p.Kind {
	case chat.Text, chat.Refusal:
		return strings.TrimSpace(p.Text) != ""
	case chat.Reasoning:
		return own(p.State, w.t.Provider) && !w.thought.strip
	case chat.ToolCall, chat.ToolResult:
		return true
	case chat.Image:
		if w.pinned(p.Media) || p.Media.URL != "" || p.Media.Data != "" {
			if d := p.Media.Detail; d != "" && d != "auto" {
				w.dropAs(partName(w.c.From, p) + ".detail")
			}
			return true
		}
	case chat.File:
		if form, _ := w.document(p.Media); form != "" {
			return true
		}
	case chat.Other:
		if p.Dialect == chat.Messages {
			return true
		}
	}
	w.dropAs(partName(w.c.From, p))
	return false
}

// pinned is whether a medium lies in the file store of a provider of this dialect.
func (w *writer) pinned(m *chat.Media) bool { return w.same && m.FileID != "" }

// partName is a kind of part as its dialect calls it.
func partName(d chat.Dialect, p *chat.Part) string {
	if p.Kind == chat.Other {
		if kind, _ := chat.View(get(p.Raw, "type")); kind != "" {
			return kind
		}
	}
	names := map[chat.Kind][3]string{ // chat completions, Responses, Gemini
		chat.Image: {"image_url", "input_image", "inlineData"},
		chat.Audio: {"input_audio", "input_audio", "inlineData"},
		chat.File:  {"file", "input_file", "fileData"},
		chat.Video: {"video_url", "input_video", "fileData"},
	}[p.Kind]
	i := slices.Index([]chat.Dialect{chat.Completions, chat.Responses, chat.Generate}, d)
	if i < 0 || names[i] == "" {
		return string(p.Kind)
	}
	return names[i]
}

func (w *writer) messages(turns []turn) {
	w.b = append(member(w.b, "messages"), '[')
	for _, t := range turns {
		w.b = text(append(element(w.b), '{'), "role", string(t.role))
		if len(t.parts) > 0 {
			w.b = w.content(member(w.b, "content"), t.parts)
		}
		w.b = append(rest(w.b, t.extra), '}')
	}
	w.b = append(w.b, ']')
}

// samplers writes what bends the choice of tokens. A temperature above what the dialect knows is its highest.
func (w *writer) samplers() {
	s := &w.c.Settings
	if v := s.Temperature; v != nil {
		switch clamped := min(max(*v, 0), 1); {
		case w.thought.on && *v != 1: // "temperature may only be set to 1 when thinking is enabled or in adaptive mode"
			w.drop("temperature")
		default:
			w.b = float(member(w.b, "temperature"), clamped)
		}
	}
	if v := s.TopP; v != nil {
		switch {
		case w.thought.on && *v < 0.95, !w.same && s.Temperature != nil && *v != 1: // newer models take one of the two
			w.drop("top_p")
		case !w.same && *v == 1: // says nothing
		default:
			w.b = float(member(w.b, "top_p"), min(max(*v, 0), 1))
		}
	}
	if v := s.TopK; v != nil {
		if w.thought.on {
			w.drop("top_k")
		} else {
			w.b = number(w.b, "top_k", max(*v, 0))
		}
	}
	if len(s.Stop) > 0 {
		w.stop(s.Stop)
	}
}

// stop writes the stop sequences; those of white space alone are refused.
func (w *writer) stop(list []string) {
	from := len(w.b)
	w.b = append(member(w.b, "stop_sequences"), '[')
	empty := len(w.b)
	for _, s := range list {
		if strings.TrimSpace(s) == "" {
			w.drop("stop")
			continue
		}
		w.b = chat.AppendQuoted(element(w.b), s)
	}
	if len(w.b) == empty {
		w.b = w.b[:from]
		return
	}
	w.b = append(w.b, ']')
}

func float(dst []byte, f float64) []byte { return strconv.AppendFloat(dst, f, 'g', -1, 64) }

// user writes who the end user is.
func (w *writer) user() {
	s := &w.c.Settings
	if w.same {
		if s.Metadata != nil {
			w.b = raw(w.b, "metadata", s.Metadata)
		}
		return
	}
	id, name := s.SafetyIdentifier, "safety_identifier"
	if id == "" {
		id, name = s.User, "user"
	}
	switch {
	case id == "":
	case len(id) > maxUserID:
		w.drop(name)
	default:
		w.b = append(text(append(member(w.b, "metadata"), '{'), "user_id", id), '}')
	}
	if s.Metadata != nil {
		w.drop("metadata")
	}
}

// tier writes the service tier. What others call default is standard_only here; auto is the default here too.
func (w *writer) tier() {
	switch tier := w.c.Settings.ServiceTier; {
	case tier == "":
	case w.same:
		w.b = text(w.b, "service_tier", tier)
	case tier == "default":
		w.b = text(w.b, "service_tier", "standard_only")
	case tier == "auto", tier == "priority": // priority is used where the account has bought it
		w.b = text(w.b, "service_tier", "auto")
	default:
		w.drop("service_tier")
	}
}

// rest writes the members that only this dialect knows, or names those that only another one does.
func (w *writer) rest() {
	for _, m := range w.c.Extra {
		switch {
		case strings.HasPrefix(m.Name, "routor_") || m.Name == "models": // Routor's own
		case !w.same:
			w.dropAs(m.Name)
		case m.Name == "thinking" || m.Name == "output_config": // written with what is known of them
		default:
			w.b = raw(w.b, m.Name, m.Value)
		}
	}
}

// extra is what a member of the request that is known in part holds besides.
func (w *writer) extra(name string) []byte {
	if !w.same {
		return nil
	}
	for i := range w.c.Extra {
		if w.c.Extra[i].Name == name {
			return w.c.Extra[i].Value
		}
	}
	return nil
}

// drops names the settings that the dialect does not know. What asks for nothing but the default is not missed.
func (w *writer) drops() {
	s := &w.c.Settings
	for _, d := range []struct {
		said bool
		name string
	}{
		{s.N != nil && *s.N > 1, "n"},
		{s.Seed != nil, "seed"},
		{s.MinP != nil, "min_p"},
		{s.FrequencyPenalty != nil && *s.FrequencyPenalty != 0, "frequency_penalty"},
		{s.PresencePenalty != nil && *s.PresencePenalty != 0, "presence_penalty"},
		{s.Logprobs != nil && *s.Logprobs, "logprobs"},
		{s.TopLogprobs != nil && *s.TopLogprobs > 0, "top_logprobs"},
		{!null(s.LogitBias) && string(s.LogitBias) != "{}", "logit_bias"},
		{s.Verbosity != "" && s.Verbosity != "medium", "verbosity"},
		{s.PromptCacheKey != "", "prompt_cache_key"},
		{s.PromptCacheRetention != "", "prompt_cache_retention"},
		{s.Store != nil && *s.Store, "store"},
		{slices.ContainsFunc(s.Modalities, func(m string) bool { return !strings.EqualFold(m, "text") }), "modalities"},
		{!null(s.Audio), "audio"},
		{!null(s.Prediction), "prediction"},
	} {
		if d.said {
			w.drop(d.name)
		}
	}
	for _, name := range s.Include {
		if name != "reasoning.encrypted_content" { // signatures always come
			w.dropAs("include." + name)
		}
	}
}

package openai

import (
	"slices"

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

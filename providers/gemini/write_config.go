package gemini

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// mostStops is how many stop sequences Gemini takes.
const mostStops = 5

// config writes the generationConfig.
func (w *requestWriter) config(dst []byte) []byte {
	s := &w.c.Settings
	b := []byte{'{'}
	count := func(name string, n *int64) {
		if n != nil {
			b = putInteger(b, name, *n)
		}
	}
	number := func(name string, f *float64, least, most float64) {
		if f != nil {
			b = strconv.AppendFloat(key(b, name), min(max(*f, least), most), 'g', -1, 64)
		}
	}
	if n := s.MaxTokens; n != nil {
		limit := int64(math.MaxInt32)
		if w.t.MaxOutput > 0 && !w.own {
			limit = w.t.MaxOutput
		}
		b = putInteger(b, "maxOutputTokens", min(*n, limit))
	}
	number("temperature", s.Temperature, 0, 2)
	number("topP", s.TopP, 0, 1)
	count("topK", s.TopK)
	if s.Seed != nil { // 32 bits there: a larger one is folded, the same one always to the same
		seed := *s.Seed
		if seed != int64(int32(seed)) {
			seed = (seed ^ seed>>32) & math.MaxInt32
		}
		b = putInteger(b, "seed", seed)
	}
	count("candidateCount", s.N)
	if stops := s.Stop; stops != nil {
		if len(stops) > mostStops && !w.own {
			stops = stops[:mostStops]
			w.drop("stop")
		}
		b = append(key(b, "stopSequences"), '[')
		for _, stop := range stops {
			b = chat.AppendQuoted(comma(b), stop)
		}
		b = append(b, ']')
	}
	number("presencePenalty", s.PresencePenalty, -2, 2)
	number("frequencyPenalty", s.FrequencyPenalty, -2, 2)
	if s.Logprobs != nil {
		b = strconv.AppendBool(key(b, "responseLogprobs"), *s.Logprobs)
	}
	count("logprobs", s.TopLogprobs)
	b = w.modalities(b)
	b = w.format(b)
	b = w.thinking(b)
	for _, e := range membersOf(w.extra("generationConfig")) {
		b = putRaw(b, e.Name, e.Value)
	}
	w.unsaid()
	if len(b) == 1 {
		return dst
	}
	return putRaw(dst, "generationConfig", append(b, '}'))
}

func (w *requestWriter) modalities(b []byte) []byte {
	list := w.c.Settings.Modalities
	if len(list) == 0 || !w.own && slices.Equal(list, []string{"text"}) {
		return b
	}
	b = append(key(b, "responseModalities"), '[')
	for _, m := range list {
		b = chat.AppendQuoted(comma(b), strings.ToUpper(m))
	}
	return append(b, ']')
}

func (w *requestWriter) format(b []byte) []byte {
	f := w.c.Settings.Format
	if f == nil {
		return b
	}
	switch f.Kind {
	case chat.FormatText:
		if w.own {
			b = putText(b, "responseMimeType", "text/plain")
		}
		return b
	case chat.FormatJSONSchema:
		switch {
		case !w.own:
			b = putRaw(b, "responseJsonSchema", mendSchema(f.Schema))
		case find(membersOf(w.extra("generationConfig")), "responseSchema") == nil:
			b = putRaw(b, "responseJsonSchema", f.Schema)
			if find(membersOf(w.extra("generationConfig")), "responseMimeType") != nil {
				return b
			}
		}
	}
	return putText(b, "responseMimeType", "application/json")
}

// budgets are what the efforts come to for models that take a number of tokens, as Google's own OpenAI-compatible surface
// has them (ai.google.dev/gemini-api/docs/openai).
var budgets = map[string]int64{"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}

// thinking writes the thinkingConfig: by level where the model knows efforts, else by a budget of tokens.
func (w *requestWriter) thinking(b []byte) []byte {
	s := &w.c.Settings
	t := s.Thinking
	if t == nil {
		t = &chat.Thinking{}
	}
	if w.own {
		return w.ownThinking(b, t)
	}
	off := s.Effort == "none" || s.Effort == "" && t.Mode == "disabled"
	if !w.t.Thinks {
		if !off && (s.Effort != "" || t.Mode != "") {
			w.drop("reasoning_effort")
		}
		return b
	}
	var c []byte
	switch levels := len(w.t.Efforts) > 0 || w.t.Adaptive; {
	case levels:
		if effort := w.effort(off, t); effort != "" {
			c = putText(begin(c), "thinkingLevel", strings.ToUpper(effort))
		}
	case off:
		c = putInteger(begin(c), "thinkingBudget", 0)
	case s.Effort != "" && t.Budget == nil:
		c = putInteger(begin(c), "thinkingBudget", budgets[s.Effort])
	case t.Budget != nil:
		c = putInteger(begin(c), "thinkingBudget", *t.Budget)
	case t.Mode == "adaptive":
		c = putInteger(begin(c), "thinkingBudget", -1)
	}
	shown := t.Mode == "enabled" || t.Mode == "adaptive" || t.Summary != ""
	if t.Thoughts != nil {
		shown = *t.Thoughts
	}
	if shown && !off {
		c = append(key(begin(c), "includeThoughts"), "true"...)
	}
	if c == nil {
		return b
	}
	return putRaw(b, "thinkingConfig", append(c, '}'))
}

// ownThinking writes what a client of this dialect said, in its terms.
func (w *requestWriter) ownThinking(b []byte, t *chat.Thinking) []byte {
	var c []byte
	if e := w.c.Settings.Effort; e != "" {
		c = putText(begin(c), "thinkingLevel", strings.ToUpper(e))
	}
	switch {
	case t.Budget != nil:
		c = putInteger(begin(c), "thinkingBudget", *t.Budget)
	case t.Mode == "adaptive":
		c = putInteger(begin(c), "thinkingBudget", -1)
	}
	if t.Thoughts != nil {
		c = strconv.AppendBool(key(begin(c), "includeThoughts"), *t.Thoughts)
	}
	if c == nil {
		return b
	}
	return putRaw(b, "thinkingConfig", append(c, '}'))
}

// ranks are the efforts from the weakest.
var ranks = []string{"none", "minimal", "low", "medium", "high", "xhigh", "max"}

// effort is the level that comes closest to what the client wants: the weakest that is no weaker, else the strongest there is.
// A budget is taken for the level that it stands for.
func (w *requestWriter) effort(off bool, t *chat.Thinking) string {
	want := w.c.Settings.Effort
	switch {
	case off:
		want = "none"
	case want == "" && t.Budget != nil:
		switch n := *t.Budget; {
		case n <= budgets["low"]:
			want = "low"
		case n <= budgets["medium"]:
			want = "medium"
		default:
			want = "high"
		}
	}
	rank := slices.Index(ranks, want)
	if rank < 0 {
		return ""
	}
	known := w.t.Efforts
	if len(known) == 0 {
		known = []string{"minimal", "low", "medium", "high"}
	}
	best := ""
	for _, e := range known {
		if r := slices.Index(ranks, e); e == "none" || r < 0 || r > slices.Index(ranks, "high") {
			continue // Google has no such level
		} else if best = e; r >= rank {
			break
		}
	}
	return best
}

// unsaid names what the client asked for that Gemini has nothing for.
func (w *requestWriter) unsaid() {
	if w.own {
		return
	}
	s := &w.c.Settings
	for _, d := range []struct {
		said bool
		name string
	}{
		{s.MinP != nil, "min_p"},
		{len(s.LogitBias) > 0 && string(s.LogitBias) != "null" && string(s.LogitBias) != "{}", "logit_bias"},
		{s.Verbosity != "" && s.Verbosity != "medium", "verbosity"},
		{!slices.Contains([]string{"", "auto", "default", "standard_only"}, s.ServiceTier), "service_tier"},
		{s.PromptCacheKey != "", "prompt_cache_key"},
		{s.PromptCacheRetention != "", "prompt_cache_retention"},
		{s.SafetyIdentifier != "", "safety_identifier"},
		{s.User != "", "user"},
		{!nothing(s.Metadata), "metadata"},
		{s.Store != nil && *s.Store, "store"},
		{!nothing(s.Audio), "audio"},
		{!nothing(s.Prediction), "prediction"},
	} {
		if d.said {
			w.drop(d.name)
		}
	}
	for _, include := range s.Include {
		if include != "reasoning.encrypted_content" { // state travels by itself
			w.drop("include." + include)
		}
	}
}

func nothing(raw json.RawMessage) bool {
	return len(raw) == 0 || string(raw) == "null" || string(raw) == "{}"
}

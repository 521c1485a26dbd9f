package anthropic

import (
	"slices"

	"github.com/routor/routor/engine/chat"
)

// minBudget is the least number of tokens that can be given to manual thinking (ThinkingConfigEnabled).
const minBudget = 1024

// budgets are how many tokens an effort is worth to models that know a budget only.
var budgets = map[string]int64{"minimal": minBudget, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 24576, "max": 32768}

// levels are the efforts of output_config, weakest first.
var levels = []string{"low", "medium", "high", "xhigh", "max"}

// thought is how the model is to think.
type thought struct {
	mode   string // enabled, adaptive, disabled, or one that only the dialect knows; "" = not said
	budget int64  // for enabled
	effort string // for output_config
	on     bool   // it may think
	strip  bool   // an answer that the model goes on with must have no thinking in it
}

// think decides how the model is to think: as the client says, in the terms that the model knows.
func (w *writer) think() {
	s := &w.c.Settings
	t := &w.thought
	wish, budget := w.wish()
	switch {
	case wish == "":
		w.effort(s.Effort)
		return
	case wish == "disabled":
		if w.same || w.t.Thinks {
			t.mode = "disabled"
		}
		t.strip = w.prefix()
		if w.same && s.Effort != "none" {
			w.effort(s.Effort)
		}
		return
	case wish != "enabled" && wish != "adaptive": // what came later than this code
		t.mode, t.on = wish, true
		w.effort(s.Effort)
		return
	case !w.t.Thinks:
		w.drop("reasoning_effort")
		return
	}
	effort := s.Effort
	switch {
	case w.prefix():
		w.off()
	case w.t.Adaptive:
		if effort == "" {
			effort = worth(budget)
		}
		t.mode, t.on = "adaptive", true
		w.effort(effort)
	case w.toolForced() || w.unsigned():
		w.off()
	default:
		w.budget(effort, budget)
		if w.same {
			w.effort(s.Effort)
		}
	}
}

// wish is what the client asks for: a mode, and the tokens if it names them. In other dialects an effort is a wish to think;
// here it also shapes answers without thinking.
func (w *writer) wish() (mode string, budget *int64) {
	s := &w.c.Settings
	if th := s.Thinking; th != nil {
		mode, budget = th.Mode, th.Budget
		if mode == "" && budget != nil {
			switch {
			case *budget == 0:
				mode = "disabled"
			case *budget > 0:
				mode = "enabled"
			default: // Gemini's -1
				mode, budget = "adaptive", nil
			}
		}
	}
	switch {
	case mode != "":
	case s.Effort == "none":
		mode = "disabled"
	case s.Effort != "" && !w.same:
		mode = "adaptive"
	}
	return mode, budget
}

// off leaves thinking out of this turn, because the dialect would refuse it.
func (w *writer) off() {
	w.thought.mode, w.thought.strip = "disabled", w.prefix()
	w.drop("reasoning_effort")
}

// budget gives manual thinking its tokens. They count in the limit, so that half of it is left for the answer where the
// client named an effort, and one token where it named the budget itself.
func (w *writer) budget(effort string, asked *int64) {
	budget, most := budgets[effort], w.maxTokens/2
	if budget == 0 {
		budget = budgets["high"] // what adaptive thinking has by default
	}
	if asked != nil {
		budget, most = *asked, w.maxTokens-1
	}
	if budget = min(max(budget, minBudget), most); budget < minBudget {
		w.off()
		return
	}
	w.thought.mode, w.thought.budget, w.thought.on = "enabled", budget, true
}

// worth is the effort that a budget is worth.
func worth(budget *int64) string {
	if budget == nil {
		return ""
	}
	for _, level := range levels {
		if *budget <= budgets[level] {
			return level
		}
	}
	return "max"
}

// effort is the level of output_config: the wished one, else the next weaker that the model knows, else its weakest.
func (w *writer) effort(wish string) {
	if wish == "" || wish == "none" {
		return
	}
	rank := slices.Index(levels, wish) // minimal is below all
	best := ""
	for _, level := range levels {
		if !slices.Contains(w.t.Efforts, level) {
			continue
		}
		if best == "" || slices.Index(levels, level) <= rank {
			best = level
		}
	}
	if best == "" && w.same {
		w.dropAs("output_config.effort")
	}
	w.thought.effort = best
}

// prefix is whether the model is to go on with an answer that has begun: it can't think then.
func (w *writer) prefix() bool {
	n := len(w.c.Messages)
	return n > 0 && w.c.Messages[n-1].Role == chat.Assistant
}

// toolForced is whether a tool must be called, which manual thinking refuses and adaptive thinking takes.
func (w *writer) toolForced() bool { return w.forced() && len(w.c.Tools) > 0 }

// unsigned is whether a tool loop is going on that the model did not begin with thinking of its own: manual thinking asks for
// it ("a final `assistant` message must start with a thinking block"), adaptive thinking does not.
func (w *writer) unsigned() bool {
	first := -1
loop:
	for i := len(w.c.Messages) - 1; i >= 0; i-- {
		switch m := &w.c.Messages[i]; m.Role {
		case chat.Assistant:
			first = i
		case chat.User:
			if !slices.ContainsFunc(m.Parts, func(p chat.Part) bool { return p.Kind == chat.ToolResult }) {
				break loop
			}
		}
	}
	if first < 0 {
		return false
	}
	for i := range w.c.Messages[first].Parts {
		p := &w.c.Messages[first].Parts[i]
		if p.Kind == chat.Reasoning && own(p.State, w.t.Provider) {
			return false
		}
		if p.Kind != chat.Reasoning && w.says(p) {
			return true
		}
	}
	return true
}

// thinking writes the member.
func (w *writer) thinking() {
	t := &w.thought
	if t.mode == "" {
		return
	}
	w.b = text(append(member(w.b, "thinking"), '{'), "type", t.mode)
	if t.mode == "enabled" {
		w.b = number(w.b, "budget_tokens", t.budget)
	}
	if th := w.c.Settings.Thinking; th != nil && t.on {
		switch {
		case th.Thoughts != nil && *th.Thoughts, th.Thoughts == nil && th.Summary != "":
			w.b = text(w.b, "display", "summarized")
		case th.Thoughts != nil:
			w.b = text(w.b, "display", "omitted")
		}
	}
	for name, v := range chat.Object(w.extra("thinking")) {
		w.b = raw(w.b, name, v)
	}
	w.b = append(w.b, '}')
}

// output writes output_config: the effort and the answer's schema.
func (w *writer) output() {
	from := len(w.b)
	w.b = append(member(w.b, "output_config"), '{')
	empty := len(w.b)
	if w.thought.effort != "" {
		w.b = text(w.b, "effort", w.thought.effort)
	}
	if f := w.c.Settings.Format; f != nil {
		switch {
		case f.Kind == chat.FormatJSONObject: // the prompt says what the object is to be; nothing can enforce it
			w.drop("response_format")
		case f.Kind == chat.FormatJSONSchema:
			w.b = append(text(append(member(w.b, "format"), '{'), "type", "json_schema"), `,"schema":`...)
			if w.same {
				w.b = append(w.b, f.Schema...)
			} else {
				w.b = appendStrict(w.b, f.Schema)
			}
			w.b = append(w.b, '}')
		}
	}
	for name, v := range chat.Object(w.extra("output_config")) {
		w.b = raw(w.b, name, v)
	}
	if len(w.b) == empty {
		w.b = w.b[:from]
		return
	}
	w.b = append(w.b, '}')
}

package anthropic

import (
	"slices"

	"github.com/routor/routor/engine/chat"
)

// tools writes the tools and which of them the model may call. Without tools the dialect refuses a choice.
func (w *writer) tools() {
	from := len(w.b)
	w.b = append(member(w.b, "tools"), '[')
	empty := len(w.b)
	for i := range w.c.Tools {
		if t := &w.c.Tools[i]; w.c.Choice.Allowed == nil || t.Hosted != "" || slices.Contains(w.c.Choice.Allowed, t.Name) {
			w.tool(t)
		}
	}
	if len(w.b) == empty {
		w.b = w.b[:from]
		if w.forced() && !w.same {
			w.drop("tool_choice")
		}
		if !w.same {
			return
		}
	} else {
		w.b = append(w.b, ']')
	}
	w.choice()
}

func (w *writer) tool(t *chat.Tool) {
	switch {
	case t.Hosted != "" && t.Dialect == chat.Messages:
		w.b = append(element(w.b), t.Raw...)
		return
	case t.Hosted != "":
		w.dropAs("tools." + t.Hosted)
		return
	}
	w.b = append(element(w.b), '{')
	w.b = text(w.b, "name", t.Flat())
	if d := description(t); d != "" {
		w.b = text(w.b, "description", d)
	}
	strict := t.Strict != nil && *t.Strict && !t.Custom
	w.b = member(w.b, "input_schema")
	switch {
	case t.Custom:
		w.b = append(w.b, chat.CustomSchema...)
	case w.same && t.Parameters != nil:
		w.b = append(w.b, t.Parameters...)
	case strict:
		w.b = appendStrict(w.b, t.Parameters)
	default:
		w.b = appendObjectSchema(w.b, t.Parameters)
	}
	if strict || w.same && t.Strict != nil {
		w.b = append(member(w.b, "strict"), boolean(*t.Strict)...)
	}
	if t.Cache != nil {
		w.b = raw(w.b, "cache_control", t.Cache)
	}
	if w.same {
		w.b = rest(w.b, t.Extra)
	}
	w.b = append(w.b, '}')
}

// description is what the model is told of a tool. The grammar of a custom tool's text can't be enforced here, but said.
func description(t *chat.Tool) string {
	if !t.Custom {
		return t.Description
	}
	format := get(t.Raw, "format")
	if inner := get(format, "grammar"); inner != nil { // chat completions have one level more
		format = inner
	}
	grammar, _ := chat.View(get(format, "definition"))
	if grammar == "" {
		return t.Description
	}
	syntax, _ := chat.View(get(format, "syntax"))
	return t.Description + "\n\nThe input must follow this grammar (" + syntax + "):\n" + grammar
}

// forced is whether the model must call a tool.
func (w *writer) forced() bool { return w.c.Choice.Mode == "required" || w.c.Choice.Mode == "tool" }

func (w *writer) choice() {
	t := &w.c.Choice
	if t.Raw != nil {
		if t.Dialect == chat.Messages {
			w.b = raw(w.b, "tool_choice", t.Raw)
			return
		}
		if t.Mode == "" || t.Mode == "tool" {
			w.drop("tool_choice")
			return
		}
	}
	kind := map[string]string{"auto": "auto", "none": "none", "required": "any", "tool": "tool"}[t.Mode]
	// That several tools may be called at once is the default.
	parallel := w.c.Parallel != nil && (w.same || !*w.c.Parallel) && kind != "none"
	if kind == "" {
		if !parallel {
			return
		}
		kind = "auto"
	}
	w.b = text(append(member(w.b, "tool_choice"), '{'), "type", kind)
	if kind == "tool" {
		w.b = text(w.b, "name", w.c.Flat(t.Name))
	}
	if parallel {
		w.b = append(member(w.b, "disable_parallel_tool_use"), boolean(!*w.c.Parallel)...)
	}
	w.b = append(w.b, '}')
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

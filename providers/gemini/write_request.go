package gemini

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/routor/routor/engine/chat"
)

// ErrNeedsBytes says that a request has media by URL, which Gemini does not read from any address: somebody has to fetch it,
// or another provider has to answer.
var ErrNeedsBytes = errors.New("gemini takes media as bytes or from Google's own file store, not by URL")

// ErrForeignFile says that a request names a file in the file store of another provider.
var ErrForeignFile = errors.New("the file lies in another provider's store")

// NeedsBytes is whether a conversation has media by URL that would have to be fetched before Gemini can be asked:
// AppendRequest fails with ErrNeedsBytes then.
func NeedsBytes(c *chat.Conversation) bool {
	return c.From != chat.Generate && slices.ContainsFunc(c.Messages, func(m chat.Message) bool { return anyByURL(m.Parts) })
}

func anyByURL(parts []chat.Part) bool {
	return slices.ContainsFunc(parts, func(p chat.Part) bool {
		return p.Media != nil && p.Media.URL != "" || p.Result != nil && anyByURL(p.Result.Parts)
	})
}

// AppendRequest appends the body of a request; the model and whether it streams are for Path to say. Google's own clients'
// requests keep what only they can say. The error is ErrNeedsBytes or ErrForeignFile, with the place.
func (codec) AppendRequest(dst []byte, c *chat.Conversation, t *chat.Target) (body []byte, dropped []string, err error) {
	w := requestWriter{c: c, t: t, own: c.From == chat.Generate}
	if dst, err = w.contents(append(dst, '{')); err != nil {
		return nil, nil, err
	}
	dst = w.tools(dst)
	dst = w.toolConfig(dst)
	dst = w.config(dst)
	for _, e := range c.Extra {
		switch {
		case !w.own:
			id, whole := chat.CachedContent(e.Name, e.Value)
			if id != "" {
				dst = putText(dst, "cachedContent", id)
			}
			if id == "" || !whole {
				w.drop(e.Name)
			}
		case e.Name != "toolConfig" && e.Name != "generationConfig":
			dst = putRaw(dst, e.Name, e.Value)
		}
	}
	return append(dst, '}'), w.dropped, nil
}

// requestWriter is one request on its way out of the hub.
type requestWriter struct {
	c       *chat.Conversation
	t       *chat.Target
	own     bool // it came in this dialect
	dropped []string
	calls   []pending // all so far: a result needs its function's name
}

// drop names what is not said, by its name in chat completions.
func (w *requestWriter) drop(name string) {
	name = chat.Spell(w.c.From, name)
	if !slices.Contains(w.dropped, name) {
		w.dropped = append(w.dropped, name)
	}
}

// extra is the object that a client of this dialect sent under a name, as far as it had no place in the hub.
func (w *requestWriter) extra(name string) json.RawMessage {
	if w.own {
		return find(w.c.Extra, name)
	}
	return nil
}

// contents writes the system's instruction, which is what the system says before anybody else does, and the turns. What
// the system says later stays where it was said, as the user's words: there is no other place for it.
func (w *requestWriter) contents(dst []byte) ([]byte, error) {
	messages := w.c.Messages
	lead := 0
	for lead < len(messages) && (messages[lead].Role == chat.System || messages[lead].Role == chat.Developer) {
		lead++
	}
	var err error
	if lead > 0 && lead < len(messages) { // alone it is a prompt: there has to be one
		start := len(dst)
		dst = append(key(dst, "systemInstruction"), `{"parts":[`...)
		from := len(dst)
		for i := range messages[:lead] {
			if dst, err = w.parts(dst, &messages[i], i); err != nil {
				return nil, err
			}
		}
		if len(dst) == from {
			dst = dst[:start]
		} else {
			dst = w.members(append(dst, ']'), messages[0].Extra)
			dst = append(dst, '}')
		}
		messages = messages[lead:]
	}
	dst = append(key(dst, "contents"), '[')
	role := ""
	for i := range messages {
		m := &messages[i]
		before, was := len(dst), role
		if next := roleOf(m.Role); role != next || w.own {
			dst = append(append(append(closeContent(dst, role), `{"role":"`...), next...), `","parts":[`...)
			role = next
		}
		empty := len(dst)
		if dst, err = w.parts(dst, m, lead+i); err != nil {
			return nil, err
		}
		if len(dst) == empty { // nothing in it: no content for it either
			dst, role = dst[:before], was
		}
	}
	if role == "" { // there has to be a turn, and it may be an empty one
		dst = append(dst, `{"role":"user","parts":[{"text":""`...)
		dst = append(dst, '}')
	}
	return append(dst, ']', '}', ']'), nil
}

func closeContent(dst []byte, role string) []byte {
	if role == "" {
		return dst
	}
	return append(dst, ']', '}', ',')
}

func roleOf(r chat.Role) string {
	if r == chat.Assistant {
		return "model"
	}
	return "user"
}

func (w *requestWriter) members(dst []byte, extra []chat.Member) []byte {
	if w.own {
		for _, e := range extra {
			dst = putRaw(dst, e.Name, e.Value)
		}
	}
	return dst
}

// parts writes a message's parts, those of an answer in their order, results in that of their calls.
func (w *requestWriter) parts(dst []byte, m *chat.Message, at int) (_ []byte, err error) {
	if m.Role == chat.Assistant {
		for i := range m.Parts {
			if call := m.Parts[i].Call; call != nil {
				w.calls = append(w.calls, pending{id: call.ID, name: chat.FullName(call.Namespace, call.Name)})
			}
		}
	}
	signed := false // whether a function call of this step was written: only the first needs a signature
	for _, p := range w.ordered(m.Parts) {
		if p.Kind == chat.ToolCall {
			dst = w.call(dst, p, !signed)
			signed = true
			continue
		}
		if dst, err = w.part(dst, p); err != nil {
			return nil, fmt.Errorf("messages[%d]: %w", at, err)
		}
	}
	return dst, nil
}

// ordered is a message's parts with its results first, in the order of the calls that they answer: where results have no
// ids Google goes by their order.
func (w *requestWriter) ordered(parts []chat.Part) []*chat.Part {
	out := make([]*chat.Part, len(parts))
	results := 0
	for i := range parts {
		out[i] = &parts[i]
		if parts[i].Kind == chat.ToolResult {
			results++
		}
	}
	if results > 0 && !w.own {
		rank := func(p *chat.Part) int {
			if p.Kind != chat.ToolResult {
				return len(w.calls) + 1
			}
			if i := w.callOf(p.Result.CallID); i >= 0 {
				return i
			}
			return len(w.calls)
		}
		slices.SortStableFunc(out, func(a, b *chat.Part) int { return rank(a) - rank(b) })
	}
	return out
}

// callOf is which call has an id, the latest where it comes twice; -1 = none.
func (w *requestWriter) callOf(id string) int {
	for i := len(w.calls) - 1; i >= 0; i-- {
		if w.calls[i].id == id {
			return i
		}
	}
	return -1
}

func (w *requestWriter) tools(dst []byte) []byte {
	start := len(dst)
	dst = append(key(dst, "tools"), '[')
	from, functions := len(dst), false
	for i := range w.c.Tools {
		t := &w.c.Tools[i]
		if t.Hosted != "" {
			if t.Dialect != chat.Generate || t.Raw == nil {
				w.drop("tools." + t.Hosted)
				continue
			}
			if functions {
				dst, functions = append(dst, ']', '}'), false
			}
			dst = append(comma(dst), t.Raw...)
			continue
		}
		if !functions {
			dst, functions = append(comma(dst), `{"functionDeclarations":[`...), true
		}
		dst = w.declaration(comma(dst), t)
	}
	if functions {
		dst = append(dst, ']', '}')
	}
	if len(dst) == from {
		return dst[:start]
	}
	return append(dst, ']')
}

func (w *requestWriter) declaration(dst []byte, t *chat.Tool) []byte {
	if t.Dialect == chat.Generate && t.Raw != nil {
		return append(dst, t.Raw...)
	}
	parameters := t.Parameters
	if t.Custom {
		parameters = json.RawMessage(chat.CustomSchema)
	}
	if t.Strict != nil && *t.Strict {
		w.drop("tools.strict")
	}
	if t.Cache != nil {
		w.drop("cache_control")
	}
	dst = putText(append(dst, '{'), "name", t.Flat())
	dst = putText(dst, "description", t.Description)
	if !empty(parameters) {
		dst = putRaw(dst, "parametersJsonSchema", mendParameters(parameters))
	}
	return append(dst, '}')
}

// toolConfig writes which functions may be called. A choice among some of them is VALIDATED where none has to be called:
// it is the only mode beside ANY that takes a list.
func (w *requestWriter) toolConfig(dst []byte) []byte {
	var config []byte
	choice := &w.c.Choice
	mode, allowed := "", choice.Allowed
	switch choice.Mode {
	case "auto":
		if mode = "AUTO"; allowed != nil {
			mode = "VALIDATED"
		}
	case "none":
		mode, allowed = "NONE", nil
	case "required":
		mode = "ANY"
	case "tool":
		mode, allowed = "ANY", []string{w.c.Flat(choice.Name)}
	}
	functions := slices.ContainsFunc(w.c.Tools, func(t chat.Tool) bool { return t.Hosted == "" })
	switch {
	case choice.Dialect == chat.Generate && choice.Raw != nil:
		config = putRaw(begin(config), "functionCallingConfig", choice.Raw)
	case choice.Raw != nil && mode == "":
		w.drop("tool_choice")
	case mode != "" && (functions || w.own):
		config = putText(append(key(begin(config), "functionCallingConfig"), '{'), "mode", mode)
		if allowed != nil {
			config = append(key(config, "allowedFunctionNames"), '[')
			for _, n := range allowed {
				config = chat.AppendQuoted(comma(config), w.c.Flat(n))
			}
			config = append(config, ']')
		}
		config = append(config, '}')
	}
	if w.c.Parallel != nil && !*w.c.Parallel && functions {
		w.drop("parallel_tool_calls")
	}
	for _, e := range membersOf(w.extra("toolConfig")) {
		config = putRaw(begin(config), e.Name, e.Value)
	}
	if config == nil {
		return dst
	}
	return putRaw(dst, "toolConfig", append(config, '}'))
}

package openai

import (
	"encoding/json"
	"strconv"

	"github.com/routor/routor/engine/chat"
)

// reader reads a request of either dialect. The first thing that is wrong ends it.
type reader struct {
	body  []byte
	c     *chat.Conversation
	err   *chat.Error
	calls int // function calls of before tools
}

func (r *reader) refuse(piece []byte, path, message string) {
	if r.err == nil {
		r.err = refuse(r.body, piece, path, message)
	}
}

// expect refuses a value of another type; kind is how kindOf names the right one.
func (r *reader) expect(v []byte, path, kind string) bool {
	if kindOf(v) == kind {
		return true
	}
	r.refuse(v, path, "must be "+kind+", not "+kindOf(v))
	return false
}

func (r *reader) text(v []byte, path string) string {
	if !r.expect(v, path, "a string") {
		return ""
	}
	return text(v)
}

func (r *reader) integer(v []byte, path string) *int64 {
	n := integerOf(v)
	if n == nil {
		r.refuse(v, path, "must be a whole number, not "+kindOf(v))
	}
	return n
}

func (r *reader) float(v []byte, path string) *float64 {
	n := floatOf(v)
	if n == nil {
		r.refuse(v, path, "must be a number, not "+kindOf(v))
	}
	return n
}

func (r *reader) bool(v []byte, path string) *bool {
	r.expect(v, path, "a boolean")
	return boolOf(v)
}

func (r *reader) texts(v []byte, path string) []string {
	if !r.expect(v, path, "an array") {
		return nil
	}
	for i, e := range chat.Array(v) {
		r.expect(e, at(path, i), "a string")
	}
	return textsOf(v)
}

func (r *reader) extra(name string, v json.RawMessage) {
	r.c.Extra = append(r.c.Extra, chat.Member{Name: name, Value: v})
}

// read reads the members of the body, of which null says nothing.
func (r *reader) read(member func(name string, v json.RawMessage)) error {
	if err := chat.Check(r.body); err != nil {
		return err
	}
	first := 0
	for first < len(r.body) && r.body[first] <= ' ' {
		first++
	}
	if r.body[first] != '{' {
		return refuse(r.body, r.body[first:], "", "must be an object, not "+kindOf(r.body[first:]))
	}
	for name, v := range chat.Object(r.body) {
		if !isNull(v) && !ours(name) {
			member(name, v)
		}
	}
	if r.err != nil {
		return r.err
	}
	return nil
}

// ReadRequest reads a request's body. Its strings and raw values are views of the body.
func (ChatCodec) ReadRequest(body []byte, c *chat.Conversation) error {
	*c = chat.Conversation{From: chat.Completions}
	r := &reader{body: body, c: c}
	var maxTokens json.RawMessage
	err := r.read(func(name string, v json.RawMessage) {
		if name == "max_tokens" {
			maxTokens = v
			return
		}
		r.chatMember(name, v)
	})
	if err != nil {
		return err
	}
	if maxTokens != nil && c.Settings.MaxTokens == nil {
		c.Settings.MaxTokens = r.integer(maxTokens, "max_tokens")
	} else if maxTokens != nil {
		r.extra("max_tokens", maxTokens)
	}
	if r.err != nil {
		return r.err
	}
	return nil
}

func (r *reader) chatMember(name string, v json.RawMessage) {
	c := r.c
	switch name {
	case "messages":
		if !r.expect(v, name, "an array") {
			return
		}
		c.Messages = c.Messages[:0]
		for i, m := range chat.Array(v) {
			r.chatMessage(m, at(name, i))
		}
	case "tools", "functions":
		if !r.expect(v, name, "an array") {
			return
		}
		c.Functions = name == "functions"
		for i, t := range chat.Array(v) {
			r.chatTool(t, at(name, i))
		}
	case "tool_choice", "function_call":
		r.chatChoice(v, name)
	case "parallel_tool_calls":
		c.Parallel = r.bool(v, name)
	case "stream_options":
		r.streamOptions(v)
	case "max_completion_tokens":
		c.Settings.MaxTokens = r.integer(v, name)
	case "stop":
		if c.Settings.Stop = []string{text(v)}; v[0] != '"' {
			c.Settings.Stop = r.texts(v, name)
		}
	case "reasoning_effort":
		c.Settings.Effort = r.text(v, name)
	case "response_format":
		r.format(v, name)
	case "verbosity":
		c.Settings.Verbosity = r.text(v, name)
	case "thinking":
		r.thinking(v)
	default:
		r.sampling(name, v)
	}
}

// sampling reads the members that both dialects have, or that need nothing but a type.
func (r *reader) sampling(name string, v json.RawMessage) {
	c, s := r.c, &r.c.Settings
	switch name {
	case "model":
		c.Model = r.text(v, name)
	case "stream":
		if b := r.bool(v, name); b != nil {
			c.Stream = *b
		}
	case "temperature":
		s.Temperature = r.float(v, name)
	case "top_p":
		s.TopP = r.float(v, name)
	case "min_p":
		s.MinP = r.float(v, name)
	case "top_k":
		s.TopK = r.integer(v, name)
	case "seed":
		s.Seed = r.integer(v, name)
	case "n":
		s.N = r.integer(v, name)
	case "frequency_penalty":
		s.FrequencyPenalty = r.float(v, name)
	case "presence_penalty":
		s.PresencePenalty = r.float(v, name)
	case "logprobs":
		s.Logprobs = r.bool(v, name)
	case "top_logprobs":
		s.TopLogprobs = r.integer(v, name)
	case "logit_bias":
		s.LogitBias = v
	case "service_tier":
		s.ServiceTier = r.text(v, name)
	case "prompt_cache_key":
		s.PromptCacheKey = r.text(v, name)
	case "prompt_cache_retention":
		s.PromptCacheRetention = r.text(v, name)
	case "safety_identifier":
		s.SafetyIdentifier = r.text(v, name)
	case "user":
		s.User = r.text(v, name)
	case "metadata":
		s.Metadata = v
	case "store":
		s.Store = r.bool(v, name)
	case "modalities":
		s.Modalities = r.texts(v, name)
	case "audio":
		s.Audio = v
	case "prediction":
		s.Prediction = v
	default:
		r.extra(name, v)
	}
}

func (r *reader) streamOptions(v json.RawMessage) {
	if !r.expect(v, "stream_options", "an object") {
		return
	}
	rest := []byte{'{'}
	for name, w := range chat.Object(v) {
		if name == "include_usage" {
			r.c.IncludeUsage = string(w) == "true"
			continue
		}
		rest = putRaw(rest, name, w)
	}
	if len(rest) > 1 {
		r.extra("stream_options", append(rest, '}'))
	}
}

// thinking reads what DeepSeek, Z.AI and Moonshot have; a member of it that only they know keeps the whole.
func (r *reader) thinking(v json.RawMessage) {
	if !r.expect(v, "thinking", "an object") {
		return
	}
	t := &chat.Thinking{}
	for name, w := range chat.Object(v) {
		switch name {
		case "type":
			t.Mode = text(w)
		case "budget_tokens":
			t.Budget = integerOf(w)
		default:
			r.extra("thinking", v)
		}
	}
	r.c.Settings.Thinking = t
}

// format reads response_format, or the text.format of Responses, whose schema stands one level higher.
func (r *reader) format(v json.RawMessage, path string) {
	if !r.expect(v, path, "an object") {
		return
	}
	f := &chat.AnswerFormat{}
	switch kind := text(get(v, "type")); kind {
	case "text":
	case "json_object":
		f.Kind = chat.FormatJSONObject
	case "json_schema":
		f.Kind = chat.FormatJSONSchema
		inner := v
		if path == "response_format" {
			inner = get(v, "json_schema")
		}
		for name, w := range chat.Object(inner) {
			switch name {
			case "name":
				f.Name = text(w)
			case "description":
				f.Description = text(w)
			case "schema":
				f.Schema = w
			case "strict":
				f.Strict = boolOf(w)
			}
		}
	default:
		r.extra(path, v)
		return
	}
	r.c.Settings.Format = f
}

func (r *reader) chatMessage(v json.RawMessage, path string) {
	if !r.expect(v, path, "an object") {
		return
	}
	role := text(get(v, "role"))
	var a spoken
	m := chat.Message{Role: chat.Role(role)}
	var callID json.RawMessage
	for name, w := range chat.Object(v) {
		switch {
		case name == "role" || isNull(w):
		case name == "name":
			m.Name = text(w)
		case name == "tool_call_id":
			callID = w
		case name == "content" || role == "assistant":
			a.take(name, w)
		default:
			m.Extra = append(m.Extra, chat.Member{Name: name, Value: w})
		}
	}
	made := ""
	if role == "assistant" && !empty(a.call) {
		r.calls++
		made = strconv.Itoa(r.calls)
	}
	parts, inner, problem := a.parts(made)
	if problem != "" {
		r.refuse(v, path+"."+inner, problem)
		return
	}
	switch role {
	case "assistant":
		m.Parts, m.Extra = parts, a.extra
		for i := range parts {
			if c := parts[i].Call; c != nil && c.Name == "" {
				r.refuse(v, path+".tool_calls", "needs a function or a custom tool with a name")
			}
		}
	case "system", "developer", "user":
		m.Parts = parts
	case "tool", "function":
		r.result(role, text(callID), &m, parts)
		return
	default:
		r.refuse(v, path+".role", "must be system, developer, user, assistant, tool or function")
		return
	}
	r.c.Messages = append(r.c.Messages, m)
}

// result puts a tool's answer into the user's message in which those before it are.
func (r *reader) result(role, callID string, m *chat.Message, parts []chat.Part) {
	if callID == "" {
		callID = r.callOf(m.Name)
	}
	p := chat.Part{Kind: chat.ToolResult, Extra: m.Extra, Result: &chat.Result{CallID: callID, Name: m.Name, Parts: parts}}
	if n := len(r.c.Messages); n > 0 && r.results(&r.c.Messages[n-1]) {
		r.c.Messages[n-1].Parts = append(r.c.Messages[n-1].Parts, p)
		return
	}
	r.c.Messages = append(r.c.Messages, chat.Message{Role: chat.User, Parts: []chat.Part{p}})
}

// results is whether a message has nothing but tools' answers.
func (r *reader) results(m *chat.Message) bool {
	for i := range m.Parts {
		if m.Parts[i].Kind != chat.ToolResult {
			return false
		}
	}
	return m.Role == chat.User && len(m.Parts) > 0
}

// callOf is the id of the last call of a tool with that name, for answers that name no call; without a name, of the last call.
func (r *reader) callOf(name string) string {
	for i := len(r.c.Messages) - 1; i >= 0; i-- {
		for _, p := range r.c.Messages[i].Parts {
			if p.Kind == chat.ToolCall && (name == "" || p.Call.Name == name) {
				return p.Call.ID
			}
		}
	}
	return legacyID
}

package anthropic

import (
	"github.com/routor/routor/engine/chat"
)

// ReadRequest reads a request of POST /v1/messages or of /v1/messages/count_tokens.
func (codec) ReadRequest(body []byte, c *chat.Conversation) error {
	if err := chat.Check(body); err != nil {
		return err
	}
	*c = chat.Conversation{From: chat.Messages, IncludeUsage: true}
	r := &reader{body: body}
	r.request(body, c)
	if r.err != nil {
		return r.err
	}
	return nil
}

func (r *reader) request(body []byte, c *chat.Conversation) {
	var system []chat.Part
	hasMessages, object := false, false
	s := &c.Settings
	for name, v := range chat.Object(body) {
		object = true
		switch name {
		case "model":
			c.Model = r.text(name, v)
		case "stream":
			if b := r.boolean(name, v); b != nil {
				c.Stream = *b
			}
		case "system":
			if !null(v) {
				system = r.content(name, v)
			}
		case "messages":
			hasMessages = true
			r.messages(v, c)
		case "tools":
			r.tools(v, c)
		case "tool_choice":
			r.choice(v, c)
		case "max_tokens":
			s.MaxTokens = r.integer(name, v)
		case "temperature":
			s.Temperature = r.number(name, v)
		case "top_p":
			s.TopP = r.number(name, v)
		case "top_k":
			s.TopK = r.integer(name, v)
		case "stop_sequences":
			s.Stop = r.strings(name, v)
		case "service_tier":
			s.ServiceTier = r.text(name, v)
		case "metadata":
			if s.Metadata = r.object(name, v); s.Metadata != nil {
				s.User = r.text("metadata.user_id", get(v, "user_id"))
			}
		case "thinking":
			r.thinking(v, c)
		case "output_config":
			r.outputConfig(v, c)
		case "output_format": // what output_config.format was called at first
			if !null(v) {
				r.format(name, v, c)
			}
		default:
			c.Extra = append(c.Extra, chat.Member{Name: name, Value: v})
		}
		if r.err != nil {
			return
		}
	}
	switch {
	case !object:
		r.fail("", body, "must be a JSON object with model and messages")
	case c.Model == "":
		r.fail("model", nil, `missing: name a model, or "auto" to have one chosen`)
	case !hasMessages:
		r.fail("messages", nil, "missing: give at least one message")
	}
	if len(system) > 0 {
		c.Messages = append([]chat.Message{{Role: chat.System, Parts: system}}, c.Messages...)
	}
}

func (r *reader) messages(value []byte, c *chat.Conversation) {
	if len(value) == 0 || value[0] != '[' {
		r.want("messages", value, "an array")
		return
	}
	c.Messages = nil // of two members of that name the last counts
	for i, v := range chat.Array(value) {
		m := r.message(v)
		if r.in("messages", i) {
			return
		}
		c.Messages = append(c.Messages, m)
	}
}

func (r *reader) message(value []byte) (m chat.Message) {
	if r.object("", value) == nil {
		r.want("", value, "an object")
		return m
	}
	said := false
	for name, v := range chat.Object(value) {
		switch name {
		case "role":
			switch role := r.text(name, v); role {
			case "user", "assistant", "system":
				m.Role = chat.Role(role)
			default:
				r.fail(name, v, "must be user, assistant or system")
			}
		case "content":
			if said = !null(v); said {
				m.Parts = r.content(name, v)
			}
		default:
			m.Extra = append(m.Extra, chat.Member{Name: name, Value: v})
		}
		if r.err != nil {
			return m
		}
	}
	switch {
	case m.Role == "":
		r.fail("role", value, "missing: user, assistant or system")
	case !said && m.Role != chat.System:
		r.fail("content", value, "missing: give a string or an array of blocks")
	}
	return m
}

func (r *reader) tools(value []byte, c *chat.Conversation) {
	if null(value) {
		return
	}
	if value[0] != '[' {
		r.want("tools", value, "an array")
		return
	}
	c.Tools = nil
	for i, v := range chat.Array(value) {
		tool := r.tool(v)
		if r.in("tools", i) {
			return
		}
		c.Tools = append(c.Tools, tool)
	}
}

func (r *reader) tool(value []byte) (t chat.Tool) {
	if r.object("", value) == nil {
		r.want("", value, "an object")
		return t
	}
	t.Dialect = chat.Messages
	kind := r.text("type", get(value, "type"))
	if kind != "" && kind != "custom" { // a tool of the provider's, or one whose schema only the provider knows
		t.Hosted, t.Raw = kind, value
		t.Name = r.text("name", get(value, "name"))
		if v := get(value, "cache_control"); !null(v) {
			t.Cache = v
		}
		return t
	}
	for name, v := range chat.Object(value) {
		switch name {
		case "name":
			t.Name = r.text(name, v)
		case "description":
			t.Description = r.text(name, v)
		case "input_schema":
			if !null(v) { // an object, but it is for the provider to say so
				t.Parameters = v
			}
		case "strict":
			t.Strict = r.boolean(name, v)
		case "cache_control":
			if !null(v) {
				t.Cache = v
			}
		default:
			t.Extra = append(t.Extra, chat.Member{Name: name, Value: v})
		}
	}
	if t.Name == "" {
		r.fail("name", value, "missing: name the tool")
	}
	return t
}

func (r *reader) choice(value []byte, c *chat.Conversation) {
	if r.object("tool_choice", value) == nil {
		return
	}
	t := &c.Choice
	*t = chat.ToolChoice{}
	unknown := false
	for name, v := range chat.Object(value) {
		switch name {
		case "type":
			switch kind := r.text(name, v); kind {
			case "auto", "none", "tool":
				t.Mode = kind
			case "any":
				t.Mode = "required"
			default:
				unknown = true
			}
		case "name":
			t.Name = r.text(name, v)
		case "disable_parallel_tool_use":
			if b := r.boolean(name, v); b != nil {
				parallel := !*b
				c.Parallel = &parallel
			}
		default:
			unknown = true
		}
	}
	if unknown {
		t.Dialect, t.Raw = chat.Messages, value
	}
	r.in("tool_choice", -1)
}

func (r *reader) thinking(value []byte, c *chat.Conversation) {
	if r.object("thinking", value) == nil {
		return
	}
	t := &chat.Thinking{}
	var unknown []chat.Member
	for name, v := range chat.Object(value) {
		switch name {
		case "type":
			t.Mode = r.text(name, v)
		case "budget_tokens":
			t.Budget = r.integer(name, v)
		case "display":
			switch r.text(name, v) {
			case "summarized":
				t.Thoughts = new(bool)
				*t.Thoughts = true
			case "omitted":
				t.Thoughts = new(bool)
			default:
				unknown = append(unknown, chat.Member{Name: name, Value: v})
			}
		default:
			unknown = append(unknown, chat.Member{Name: name, Value: v})
		}
	}
	if t.Mode == "" {
		r.fail("type", value, "missing: enabled, adaptive or disabled")
	}
	r.in("thinking", -1)
	c.Settings.Thinking = t
	if left := others(unknown); left != nil {
		c.Extra = append(c.Extra, chat.Member{Name: "thinking", Value: left})
	}
}

func (r *reader) outputConfig(value []byte, c *chat.Conversation) {
	if r.object("output_config", value) == nil {
		return
	}
	var unknown []chat.Member
	for name, v := range chat.Object(value) {
		switch {
		case name == "effort":
			c.Settings.Effort = r.text(name, v)
		case name == "format":
			if !null(v) {
				r.format(name, v, c)
			}
		default:
			unknown = append(unknown, chat.Member{Name: name, Value: v})
		}
	}
	r.in("output_config", -1)
	if left := others(unknown); left != nil {
		c.Extra = append(c.Extra, chat.Member{Name: "output_config", Value: left})
	}
}

func (r *reader) format(path string, value []byte, c *chat.Conversation) {
	if r.object(path, value) == nil {
		return
	}
	f := &chat.AnswerFormat{Kind: chat.FormatJSONSchema}
	for name, v := range chat.Object(value) {
		switch name {
		case "type":
			if kind := r.text(name, v); kind != "json_schema" {
				r.fail(name, v, "must be json_schema")
			}
		case "schema":
			f.Schema = r.object(name, v)
		case "name":
			f.Name = r.text(name, v)
		}
	}
	if f.Schema == nil {
		r.fail("schema", value, "missing: give a JSON schema")
	}
	r.in(path, -1)
	c.Settings.Format = f
}

package openai

import (
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// ReadRequest reads a request's body. Its strings and raw values are views of the body. What the model said and did between two
// turns of the user is one message, whose parts are the items in their order.
func (ResponsesCodec) ReadRequest(body []byte, c *chat.Conversation) error {
	*c = chat.Conversation{From: chat.Responses, IncludeUsage: true}
	r := &responsesReader{reader: reader{body: body, c: c}}
	instructions := ""
	err := r.read(func(name string, v json.RawMessage) {
		if name == "instructions" {
			instructions = r.text(v, name)
			return
		}
		r.member(name, v)
	})
	if err != nil {
		return err
	}
	if instructions != "" {
		first := chat.Message{Role: chat.System, Parts: []chat.Part{{Kind: chat.Text, Text: instructions}}}
		c.Messages = append([]chat.Message{first}, c.Messages...)
	}
	return nil
}

type responsesReader struct {
	reader
	spoke bool // the last message has a message item of the model's
}

func (r *responsesReader) member(name string, v json.RawMessage) {
	c := r.c
	switch name {
	case "input":
		r.input(v)
	case "tools":
		if r.expect(v, name, "an array") {
			for i, t := range chat.Array(v) {
				r.tool(t, at(name, i), nil)
			}
		}
	case "tool_choice":
		switch v[0] {
		case '"':
			c.Choice = chat.ToolChoice{Mode: text(v)}
		case '{':
			c.Choice = objectChoice(v, chat.Responses)
		default:
			r.refuse(v, name, "must be a string or an object, not "+kindOf(v))
		}
	case "parallel_tool_calls":
		c.Parallel = r.bool(v, name)
	case "max_output_tokens":
		c.Settings.MaxTokens = r.integer(v, name)
	case "include":
		c.Settings.Include = r.texts(v, name)
		for _, what := range c.Settings.Include {
			if what == "message.output_text.logprobs" {
				yes := true
				c.Settings.Logprobs = &yes
			}
		}
	case "text":
		r.textOptions(v)
	case "reasoning":
		r.reasoning(v)
	default:
		r.sampling(name, v)
	}
}

func (r *responsesReader) textOptions(v json.RawMessage) {
	if !r.expect(v, "text", "an object") {
		return
	}
	rest := []byte{'{'}
	for name, w := range chat.Object(v) {
		switch {
		case isNull(w):
		case name == "format":
			r.format(w, "text.format")
		case name == "verbosity":
			r.c.Settings.Verbosity = r.text(w, "text.verbosity")
		default:
			rest = putRaw(rest, name, w)
		}
	}
	r.rest("text", rest)
}

func (r *responsesReader) reasoning(v json.RawMessage) {
	if !r.expect(v, "reasoning", "an object") {
		return
	}
	rest := []byte{'{'}
	for name, w := range chat.Object(v) {
		switch {
		case isNull(w):
		case name == "effort":
			r.c.Settings.Effort = r.text(w, "reasoning.effort")
		case name == "summary":
			yes := true
			r.c.Settings.Thinking = &chat.Thinking{Summary: r.text(w, "reasoning.summary"), Thoughts: &yes}
		default:
			rest = putRaw(rest, name, w)
		}
	}
	r.rest("reasoning", rest)
}

// rest keeps the members of an object that have no place of their own.
func (r *responsesReader) rest(name string, members []byte) {
	if len(members) > 1 {
		r.extra(name, append(members, '}'))
	}
}

// tool reads a tool; a namespace's tools become tools of their own that know where they are from.
func (r *responsesReader) tool(v json.RawMessage, path string, in *chat.Namespace) {
	if !r.expect(v, path, "an object") {
		return
	}
	switch kind := text(get(v, "type")); kind {
	case "function":
		r.function(v, v, path)
	case "custom":
		r.custom(v, path)
	case "namespace":
		space := &chat.Namespace{Name: text(get(v, "name")), Description: text(get(v, "description"))}
		for i, t := range chat.Array(get(v, "tools")) {
			r.tool(t, at(path+".tools", i), space)
		}
		return
	case "":
		r.refuse(v, path+".type", "missing")
		return
	default:
		r.c.Tools = append(r.c.Tools, chat.Tool{Hosted: kind, Dialect: chat.Responses, Raw: v})
	}
	if n := len(r.c.Tools); n > 0 {
		r.c.Tools[n-1].Namespace = in
	}
}

func (r *responsesReader) input(v json.RawMessage) {
	r.c.Messages = r.c.Messages[:0]
	if s, ok := chat.View(v); ok {
		r.c.Messages = append(r.c.Messages, chat.Message{Role: chat.User, Parts: []chat.Part{{Kind: chat.Text, Text: s}}})
		return
	}
	if !r.expect(v, "input", "an array") {
		return
	}
	for i, item := range chat.Array(v) {
		if r.expect(item, at("input", i), "an object") {
			r.item(item, at("input", i))
		}
	}
}

func (r *responsesReader) item(v json.RawMessage, path string) {
	kind := text(get(v, "type"))
	switch kind {
	case "message", "":
		r.message(v, path)
	case "function_call_output", "custom_tool_call_output":
		r.result(v, path, kind == "custom_tool_call_output")
	case "additional_tools":
		r.c.Messages = append(r.c.Messages, chat.Message{Role: chat.Developer, Parts: []chat.Part{other(v)}})
	default:
		p := readItem(v, kind)
		if p.Kind == chat.Other && (strings.HasSuffix(kind, "_output") || kind == "mcp_approval_response") {
			r.add(chat.User, p)
			return
		}
		r.add(chat.Assistant, p)
	}
}

// add puts a part into the message that is under way, if it is of the role.
func (r *responsesReader) add(role chat.Role, p chat.Part) {
	if n := len(r.c.Messages); n > 0 && r.c.Messages[n-1].Role == role {
		m := &r.c.Messages[n-1]
		if role == chat.Assistant || p.Kind == chat.ToolResult && r.results(m) {
			m.Parts = append(m.Parts, p)
			return
		}
	}
	r.spoke = false
	r.c.Messages = append(r.c.Messages, chat.Message{Role: role, Parts: []chat.Part{p}})
}

func (r *responsesReader) message(v json.RawMessage, path string) {
	m := chat.Message{}
	var content json.RawMessage
	for name, w := range chat.Object(v) {
		switch {
		case isNull(w) || name == "type":
		case name == "role":
			m.Role = chat.Role(text(w))
		case name == "id":
			m.ID = text(w)
		case name == "phase":
			m.Phase = text(w)
		case name == "content":
			content = w
		default:
			m.Extra = append(m.Extra, chat.Member{Name: name, Value: w})
		}
	}
	switch m.Role {
	case chat.User, chat.System, chat.Developer, chat.Assistant:
	default:
		r.refuse(v, path+".role", "must be user, assistant, system or developer")
		return
	}
	switch {
	case len(content) > 0 && content[0] == '"':
		m.Parts = []chat.Part{{Kind: chat.Text, Text: text(content), ID: m.ID}}
	case len(content) > 0 && content[0] == '[':
		for i, raw := range chat.Array(content) {
			p := chat.Part{ID: m.ID}
			if problem := readPart(raw, &p, chat.Responses); problem != "" {
				r.refuse(raw, at(path+".content", i), problem)
				return
			}
			m.Parts = append(m.Parts, p)
		}
	default:
		r.refuse(v, path+".content", "must be a string or an array of parts")
		return
	}
	if n := len(r.c.Messages); m.Role == chat.Assistant && n > 0 && r.c.Messages[n-1].Role == chat.Assistant && !r.spoke {
		last := &r.c.Messages[n-1]
		last.ID, last.Phase, last.Extra, r.spoke = m.ID, m.Phase, m.Extra, true
		last.Parts = append(last.Parts, m.Parts...)
		return
	}
	r.spoke = m.Role == chat.Assistant
	r.c.Messages = append(r.c.Messages, m)
}

func (r *responsesReader) result(v json.RawMessage, path string, custom bool) {
	res := &chat.Result{Custom: custom}
	p := chat.Part{Kind: chat.ToolResult, Result: res}
	for name, w := range chat.Object(v) {
		switch {
		case isNull(w) || name == "type":
		case name == "id":
			p.ID = text(w)
		case name == "call_id":
			res.CallID = text(w)
		case name == "output" && w[0] == '"':
			res.Parts = []chat.Part{{Kind: chat.Text, Text: text(w)}}
		case name == "output":
			if !r.expect(w, path+".output", "an array") {
				return
			}
			for i, raw := range chat.Array(w) {
				part := chat.Part{}
				if problem := readPart(raw, &part, chat.Responses); problem != "" {
					r.refuse(raw, at(path+".output", i), problem)
					return
				}
				res.Parts = append(res.Parts, part)
			}
		default:
			p.Extra = append(p.Extra, chat.Member{Name: name, Value: w})
		}
	}
	r.add(chat.User, p)
}

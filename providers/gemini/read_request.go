package gemini

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// ReadRequest reads a request's body. The model is read where the body names it; else it, and whether the answer is to be
// streamed, are the path's to say.
func (codec) ReadRequest(body []byte, c *chat.Conversation) error {
	if err := chat.Check(body); err != nil {
		return err
	}
	top, ok := open(body, '{')
	if !ok {
		return &chat.Error{Message: "must be a JSON object"}
	}
	c.From, c.IncludeUsage = chat.Generate, true
	r := requestReader{body: body, c: c}
	var system []chat.Message
	for top.more() {
		name, value := top.member()
		if string(value) == "null" {
			continue
		}
		var err *chat.Error
		switch n := camel(name); n {
		case "model":
			c.Model = strings.TrimPrefix(text(value), "models/")
		case "contents":
			err = r.contents(value)
		case "systemInstruction":
			var m chat.Message
			if m, err = r.content(value, "systemInstruction"); err == nil {
				m.Role = chat.System
				system = append(system, m)
			}
		case "tools":
			err = r.tools(value)
		case "toolConfig":
			err = r.toolConfig(value)
		case "generationConfig":
			err = r.config(value)
		default:
			c.Extra = append(c.Extra, chat.Member{Name: n, Value: value})
		}
		if err != nil {
			return err
		}
	}
	c.Messages = append(system, c.Messages...)
	return nil
}

// requestReader is one request on its way into the hub.
type requestReader struct {
	body  []byte
	c     *chat.Conversation
	calls []pending // of the model's last turn, for the results that follow
	made  int       // ids
}

// pending is a function call whose result is still to come.
type pending struct {
	id, name string
	answered bool
}

func (r *requestReader) contents(raw []byte) *chat.Error {
	list, ok := open(raw, '[')
	if !ok {
		if raw[0] != '{' {
			return wrong(r.body, raw, "contents", "must be an array of contents")
		}
		m, err := r.content(raw, "contents") // Google takes a single one for a list of one
		if err == nil {
			r.c.Messages = append(r.c.Messages, m)
		}
		return err
	}
	for i := 0; list.more(); i++ {
		m, err := r.content(list.value(), "contents["+strconv.Itoa(i)+"]")
		if err != nil {
			return err
		}
		r.c.Messages = append(r.c.Messages, m)
	}
	return nil
}

func (r *requestReader) content(raw []byte, path string) (m chat.Message, _ *chat.Error) {
	members, ok := open(raw, '{')
	if !ok {
		return m, wrong(r.body, raw, path, "must be an object with parts")
	}
	m.Role = chat.User
	var parts []byte
	for members.more() {
		name, value := members.member()
		switch n := camel(name); n {
		case "role":
			switch role := text(value); role {
			case "", "user", "function":
			case "model":
				m.Role = chat.Assistant
			case "system":
				m.Role = chat.System
			default:
				return m, wrong(r.body, value, path+".role", fmt.Sprintf("must be user or model, not %q", role))
			}
		case "parts":
			parts = value
		default:
			m.Extra = append(m.Extra, chat.Member{Name: n, Value: value})
		}
	}
	if empty(parts) {
		return m, nil
	}
	if m.Role == chat.Assistant {
		r.calls = r.calls[:0]
	}
	list, ok := open(parts, '[')
	if !ok {
		list = cursor{b: parts} // a single one for a list of one
	}
	for i := 0; ok && list.more() || i == 0 && !ok; i++ {
		var p part
		value := list.value()
		if err := p.read(value); err != "" {
			return m, wrong(r.body, value, path+".parts["+strconv.Itoa(i)+"]", err)
		}
		if p.Kind != "" {
			m.Parts = append(m.Parts, r.take(p.Part))
		}
	}
	return m, nil
}

// take gives calls that have no id one, and results the id of the call that they answer.
func (r *requestReader) take(p chat.Part) chat.Part {
	switch p.Kind {
	case chat.ToolCall:
		if p.Call.ID == "" {
			r.made++
			p.Call.ID = madeUp + strconv.Itoa(r.made)
		}
		r.calls = append(r.calls, pending{id: p.Call.ID, name: p.Call.Name})
	case chat.ToolResult:
		if i := r.answers(p.Result); i >= 0 {
			r.calls[i].answered = true
			p.Result.CallID = r.calls[i].id
		} else if p.Result.CallID == "" {
			r.made++
			p.Result.CallID = madeUp + strconv.Itoa(r.made)
		}
	}
	return p
}

// answers is which call a result belongs to: the one with its id, else the first open one of its name, else the first open
// one; -1 = none.
func (r *requestReader) answers(result *chat.Result) int {
	byName, any := -1, -1
	for i := range r.calls {
		p := &r.calls[i]
		switch {
		case p.answered:
		case result.CallID != "" && p.id == result.CallID:
			return i
		case byName < 0 && p.name == result.Name:
			byName = i
		case any < 0:
			any = i
		}
	}
	if result.CallID != "" {
		return -1
	}
	if byName >= 0 {
		return byName
	}
	return any
}

func (r *requestReader) tools(raw []byte) *chat.Error {
	list, ok := open(raw, '[')
	if !ok {
		return wrong(r.body, raw, "tools", "must be an array")
	}
	for list.more() {
		tool := list.value()
		members, ok := open(tool, '{')
		if !ok {
			return wrong(r.body, tool, "tools", "must hold objects")
		}
		for members.more() {
			name, value := members.member()
			n := camel(name)
			if string(value) == "null" {
				continue
			}
			if n == "functionDeclarations" {
				if err := r.declarations(value); err != nil {
					return err
				}
				continue
			}
			whole := append(putRaw([]byte{'{'}, n, value), '}')
			r.c.Tools = append(r.c.Tools, chat.Tool{Hosted: n, Dialect: chat.Generate, Raw: whole})
		}
	}
	return nil
}

func (r *requestReader) declarations(raw []byte) *chat.Error {
	list, ok := open(raw, '[')
	if !ok {
		return wrong(r.body, raw, "tools.functionDeclarations", "must be an array")
	}
	for list.more() {
		value := list.value()
		members, ok := open(value, '{')
		if !ok {
			return wrong(r.body, value, "tools.functionDeclarations", "must hold objects")
		}
		tool := chat.Tool{Dialect: chat.Generate, Raw: value}
		for members.more() {
			name, value := members.member()
			switch n := camel(name); n {
			case "name":
				tool.Name = text(value)
			case "description":
				tool.Description = text(value)
			case "parameters":
				tool.Parameters = fromSchema(value)
			case "parametersJsonSchema":
				tool.Parameters = value
			default:
				tool.Extra = append(tool.Extra, chat.Member{Name: n, Value: value})
			}
		}
		if tool.Name == "" {
			return wrong(r.body, value, "tools.functionDeclarations", "a function needs a name")
		}
		r.c.Tools = append(r.c.Tools, tool)
	}
	return nil
}

// toolConfig reads which functions may be called; what else it holds stays as it is.
func (r *requestReader) toolConfig(raw []byte) *chat.Error {
	members, ok := open(raw, '{')
	if !ok {
		return wrong(r.body, raw, "toolConfig", "must be an object")
	}
	var rest []byte
	for members.more() {
		name, value := members.member()
		n := camel(name)
		if n == "functionCallingConfig" && r.choice(value) {
			continue
		}
		rest = putRaw(begin(rest), n, value)
	}
	r.rest("toolConfig", rest)
	return nil
}

// choice reads a functionCallingConfig, unless it is one that says nothing.
func (r *requestReader) choice(raw []byte) bool {
	members, ok := open(raw, '{')
	if !ok {
		return false
	}
	var mode string
	var allowed []string
	known := true
	for members.more() {
		name, value := members.member()
		switch camel(name) {
		case "mode":
			mode = strings.ToUpper(enum(value, "MODE_UNSPECIFIED", "AUTO", "ANY", "NONE"))
		case "allowedFunctionNames":
			allowed = texts(value)
		default:
			known = false
		}
	}
	choice := &r.c.Choice
	switch mode {
	case "AUTO":
		choice.Mode, choice.Allowed = "auto", allowed
	case "NONE":
		choice.Mode = "none"
	case "VALIDATED":
		choice.Mode, choice.Allowed = "auto", allowed
		known = known && len(allowed) > 0
	case "ANY":
		if choice.Mode, choice.Allowed = "required", allowed; len(allowed) == 1 {
			choice.Mode, choice.Name, choice.Allowed = "tool", allowed[0], nil
		}
	default:
		return false
	}
	if !known || mode == "AUTO" && allowed != nil {
		choice.Dialect, choice.Raw = chat.Generate, raw
	}
	return true
}

// rest keeps the members of an object that have no place of their own.
func (r *requestReader) rest(name string, members []byte) {
	if members != nil {
		r.c.Extra = append(r.c.Extra, chat.Member{Name: name, Value: append(members, '}')})
	}
}

// begin opens an object unless it is open.
func begin(object []byte) []byte {
	if object == nil {
		return []byte{'{'}
	}
	return object
}

// enum is an enumeration's value, which comes as its name or, from some clients, as its number.
func enum(raw []byte, names ...string) string {
	if n, ok := integer(raw); ok && raw[0] != '"' {
		if n >= 0 && int(n) < len(names) {
			return names[n]
		}
		return ""
	}
	return text(raw)
}

func texts(raw []byte) []string {
	list, ok := open(raw, '[')
	if !ok {
		return nil
	}
	out := []string{}
	for list.more() {
		out = append(out, text(list.value()))
	}
	return out
}

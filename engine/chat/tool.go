package chat

// readTools counts the tools that are offered. A second "tools" replaces the first.
func (r *Request) readTools(s *scan) *Error {
	f := &r.Facts
	f.Tools, f.HostedTools, f.ToolNames, f.Hosted = 0, 0, f.ToolNames[:0], f.Hosted[:0]
	if s.peek() == 'n' {
		s.value()
		return nil
	}
	if s.peek() != '[' {
		return s.want("tools", "an array")
	}
	at := s.i
	s.i++
	for i := 0; s.more(']'); i++ {
		if err := r.readTool(s); err != nil {
			return err.in(index("tools", i))
		}
	}
	r.estimate.tools = schemaTokens(r.Body[at:s.i])
	return nil
}

func (r *Request) readTool(s *scan) *Error {
	if s.peek() != '{' {
		return s.want("", "an object")
	}
	at := s.i
	s.i++
	kind, name := "", ""
	var err *Error
	for s.more('}') {
		switch key := s.key(); key {
		case "type":
			if kind, err = r.string(s, key); err != nil {
				return err
			}
		case "function", "custom":
			if s.peek() != '{' {
				return s.want(key, "an object")
			}
			if name, err = r.name(s); err != nil {
				return err.in(key)
			}
		default:
			s.value()
		}
	}
	if kind == "" && name != "" {
		kind = "function" // Mistral and others take tools that don't say so
	}
	switch kind {
	case "function", "custom":
		if name == "" {
			return &Error{Path: kind + ".name", Offset: at, Message: "missing"}
		}
		r.Facts.Tools++
	case "":
		return &Error{Path: "type", Offset: at, Message: `missing: say "function" or "custom"`}
	default: // a tool that the provider runs itself is known by its type
		name = kind
		r.Facts.HostedTools++
		r.Facts.Hosted = append(r.Facts.Hosted, kind)
	}
	r.Facts.ToolNames = append(r.Facts.ToolNames, name)
	return nil
}

// name takes an object and gives its "name".
func (r *Request) name(s *scan) (name string, err *Error) {
	s.i++
	for s.more('}') {
		if s.key() != "name" {
			s.value()
			continue
		}
		if name, err = r.string(s, "name"); err != nil {
			return "", err
		}
	}
	return name, nil
}

// readFunctions counts the tools of the older spelling.
func (r *Request) readFunctions(s *scan) *Error {
	if s.peek() == 'n' {
		s.value()
		return nil
	}
	if s.peek() != '[' {
		return s.want("functions", "an array")
	}
	at := s.i
	s.i++
	for i := 0; s.more(']'); i++ {
		if s.peek() != '{' {
			return s.want(index("functions", i), "an object")
		}
		name, err := r.name(s)
		if err != nil {
			return err.in(index("functions", i))
		}
		r.Facts.Tools++
		r.Facts.ToolNames = append(r.Facts.ToolNames, name)
	}
	r.estimate.functions = schemaTokens(r.Body[at:s.i])
	return nil
}

// forced says whether a tool_choice makes the model call a tool.
func forced(s *scan, path string) (bool, *Error) {
	switch s.peek() {
	case '"':
		in := s.string()
		choice := string(s.b[in.from:in.to])
		return choice == "required" || choice == "any", nil
	case '{':
		in := s.value()
		return !allowsNone(s.b[in.from:in.to]), nil
	case 'n':
		s.value()
		return false, nil
	}
	return false, s.want(path, "a string or an object")
}

// allowsNone says whether a tool_choice object is {"type":"allowed_tools","allowed_tools":{"mode":"auto",…}}: it narrows
// the tools and leaves the model free.
func allowsNone(object []byte) bool {
	s := &scan{b: object, i: 1}
	for s.more('}') {
		if s.key() != "allowed_tools" || s.peek() != '{' {
			s.value()
			continue
		}
		s.i++
		for s.more('}') {
			if s.key() == "mode" && s.peek() == '"' {
				in := s.string()
				return string(s.b[in.from:in.to]) != "required"
			}
			s.value()
		}
		return true
	}
	return false
}

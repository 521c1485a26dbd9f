package chat

// message is where one message's content lies in Body.
type message struct {
	role    role
	content span // the value's bytes; empty = none or null
}

type role uint8

const (
	roleOther role = iota // carried through; its text counts as prompt
	roleSystem
	roleUser
	roleAssistant
	roleTool
)

func roleOf(name string) role {
	switch name {
	case "system", "developer":
		return roleSystem
	case "user":
		return roleUser
	case "assistant":
		return roleAssistant
	case "tool", "function":
		return roleTool
	}
	return roleOther
}

// readMessages reads the conversation. A second "messages" replaces the first.
func (r *Request) readMessages(s *scan) *Error {
	r.messages, r.estimate.messages = r.messages[:0], 0
	f := &r.Facts
	f.Turns, f.Messages, f.Images, f.ImageURLs, f.Files, f.Audio, f.Video, f.Unknown, f.TextBytes, f.Calls, f.Reasoned, f.Developer = 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
	if f.Kept.What != keptCache { // which is no part of the messages
		f.Kept = Kept{}
	}
	if s.peek() != '[' {
		return s.want("messages", "an array")
	}
	at := s.i
	s.i++
	for i := 0; s.more(']'); i++ {
		if err := r.readMessage(s); err != nil {
			return err.in(index("", i)).in("messages")
		}
	}
	f.Messages = len(r.messages)
	if f.Messages == 0 {
		return &Error{Path: "messages", Offset: at, Message: "is empty: give at least one message"}
	}
	last := r.messages[f.Messages-1].role
	f.EndsInTool, f.LastIsAssist = last == roleTool, last == roleAssistant
	return nil
}

func (r *Request) readMessage(s *scan) *Error {
	if s.peek() != '{' {
		return s.want("", "an object")
	}
	at := s.i
	s.i++
	var m message
	name := ""
	for s.more('}') {
		key := s.key()
		from := s.i
		switch key {
		case "role":
			if s.peek() != '"' {
				return s.want("role", "a string")
			}
			name = r.text(s.quoted())
		case "content":
			switch s.peek() {
			case '"', '[':
				m.content = s.value()
			case 'n':
				s.value()
				m.content = span{}
			default:
				return s.want("content", "a string, an array of parts or null")
			}
		case "tool_calls", "function_call":
			called := s.peek() == '{' || s.peek() == '['
			s.value()
			if called {
				r.Facts.Calls++
			}
			r.estimate.messages += textTokens(r.Body[from:s.i])
		case "reasoning_content", "reasoning", "reasoning_details", "thinking_blocks", "extra_content":
			if s.peek() != 'n' {
				r.Facts.Reasoned++
			}
			s.value()
		default:
			s.value()
		}
	}
	if name == "" {
		return &Error{Path: "role", Offset: at, Message: "missing: say system, developer, user, assistant or tool"}
	}
	m.role = roleOf(name)
	switch {
	case m.role == roleUser:
		r.Facts.Turns++
	case name == "developer":
		r.Facts.Developer++
	}
	r.messages = append(r.messages, m)
	r.estimate.messages += messageTokens
	return r.readContent(m.content)
}

// readContent counts what a message's content holds.
func (r *Request) readContent(in span) *Error {
	if in.from == in.to {
		return nil
	}
	if r.Body[in.from] == '"' {
		r.countText(in.inside())
		return nil
	}
	s := &scan{b: r.Body[:in.to], i: in.from + 1}
	for i := 0; s.more(']'); i++ {
		if err := r.readPart(s); err != nil {
			return err.in(index("content", i))
		}
	}
	return nil
}

func (r *Request) countText(in span) {
	r.Facts.TextBytes += in.to - in.from
	r.estimate.messages += textTokens(r.Body[in.from:in.to])
}

// readPart counts one content part.
func (r *Request) readPart(s *scan) *Error {
	if s.peek() != '{' {
		return s.want("", "an object")
	}
	part, kind, err := r.part(s)
	if err != nil {
		return err
	}
	inner := &scan{b: r.Body[:part.to], i: part.from}
	f := &r.Facts
	switch kind {
	case "text", "input_text", "output_text":
		if inner.peek() != '"' {
			return inner.want("text", "a string")
		}
		r.countText(part.inside())
	case "refusal":
		if inner.peek() == '"' {
			r.countText(part.inside())
		}
	case "image_url", "input_image":
		url, low, err := r.image(inner)
		if err != nil {
			return err
		}
		f.Images++
		switch {
		case InGoogleStore(url):
			f.Keep("file", url, Generate)
		case !isData(url):
			f.ImageURLs++
		}
		r.estimate.messages += imageTokens
		if low {
			r.estimate.messages += lowImageTokens - imageTokens
		}
	case "input_audio", "audio_url":
		f.Audio++
		r.estimate.messages += audioTokens(part.to - part.from)
	case "file", "input_file", "document", "document_url", "file_url":
		f.Files++
		if err := r.keptFile(inner); err != nil {
			return err
		}
		r.estimate.messages += fileTokens
	case "video_url", "video", "input_video":
		f.Video++
		r.estimate.messages += videoTokens
	default:
		f.Unknown++
	}
	return nil
}

// keptFile notes the id of a file part that lies in a provider's store.
func (r *Request) keptFile(s *scan) *Error {
	if s.peek() != '{' {
		return nil
	}
	s.i++
	for s.more('}') {
		if s.key() != "file_id" || s.peek() != '"' {
			s.value()
			continue
		}
		id, err := r.string(s, "file_id")
		if err != nil {
			return err.in("file")
		}
		r.Facts.Keep("file", id, Completions)
	}
	return nil
}

// part takes a content part: its type and the value of the member that is named after it, or "text".
func (r *Request) part(s *scan) (value span, kind string, err *Error) {
	at := s.i
	s.i++
	var text, image, other span
	for s.more('}') {
		key := s.key()
		if key == "type" {
			if s.peek() != '"' {
				return value, "", s.want("type", "a string")
			}
			kind = r.text(s.quoted())
			continue
		}
		v := s.value()
		switch key {
		case "text":
			text = v
		case "image_url":
			image = v
		case "refusal", "input_audio", "file", "video_url", "audio_url":
			other = v
		}
	}
	switch kind {
	case "":
		return value, "", &Error{Path: "type", Offset: at, Message: "missing: say text, image_url, input_audio or file"}
	case "text", "input_text", "output_text":
		if text.to == 0 {
			return value, "", &Error{Path: "text", Offset: at, Message: "missing"}
		}
		return text, kind, nil
	case "image_url", "input_image":
		if image.to == 0 && kind == "image_url" {
			return value, "", &Error{Path: "image_url", Offset: at, Message: "missing"}
		}
		return image, kind, nil
	}
	return other, kind, nil
}

// image reads an image_url: {"url": …, "detail": …}, or just the URL as some clients send it.
func (r *Request) image(s *scan) (url string, low bool, err *Error) {
	switch s.peek() {
	case '"':
		return view(s.b[s.i+1:]), false, nil // only its beginning is looked at
	case '{':
	case 0:
		return "data:", false, nil
	default:
		return "", false, s.want("image_url", "an object with a url")
	}
	at := s.i
	s.i++
	for s.more('}') {
		switch s.key() {
		case "url":
			if s.peek() != '"' {
				return "", false, s.want("image_url.url", "a string")
			}
			in := s.string()
			url = view(s.b[in.from:in.to])
		case "detail":
			low = s.peek() == '"' && view(s.b[s.i:min(s.i+5, len(s.b))]) == `"low"`
			s.value()
		default:
			s.value()
		}
	}
	if url == "" {
		return "", false, &Error{Path: "image_url.url", Offset: at, Message: "missing"}
	}
	return url, low, nil
}

// isData says whether an image is given inline.
func isData(url string) bool { return len(url) >= 5 && (url[:5] == "data:" || url[:5] == "DATA:") }

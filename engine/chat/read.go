package chat

import (
	"strconv"
	"strings"

	"github.com/bytedance/sonic"
)

// Read reads a chat-completions request. sonic checks that the body is JSON, one scan finds what Routor knows; all else
// is left alone. The body must stay as it is until Release. The error is an *Error.
func Read(body []byte) (*Request, error) {
	if !sonic.Valid(body) {
		return nil, invalid(body)
	}
	if err := strict(body); err != nil {
		return nil, err
	}
	r := requests.Get().(*Request)
	r.reset(body)
	if err := r.read(); err != nil {
		err.Path = strings.Clone(err.Path) // it may point into the body
		r.Release()
		return nil, err
	}
	return r, nil
}

// read reads the body's members. Of a name that comes twice, the last counts, as decoders have it.
func (r *Request) read() *Error {
	s := &scan{b: r.Body}
	s.space()
	if s.peek() != '{' {
		return s.want("", "an object")
	}
	s.i++
	m := &r.members
	m.open, m.ok = s.i, true
	var maxTokens, maxCompletion int
	var hasModel, hasMessages, webSearch bool
	for {
		comma := s.i
		if !s.more('}') {
			break
		}
		for comma < s.i && s.b[comma] != ',' {
			comma++
		}
		from := s.i
		key := s.key()
		at := s.i
		var err *Error
		switch key {
		case "model":
			r.Model, err = r.string(s, key)
			hasModel = r.Model != ""
		case "messages":
			err = r.readMessages(s)
			hasMessages = true
		case "tools":
			err = r.readTools(s)
		case "functions":
			err = r.readFunctions(s)
		case "tool_choice", "function_call":
			r.Facts.ForcedTool, err = forced(s, key)
		case "stream":
			r.Stream, err = boolean(s, key)
		case "stream_options":
			err = r.readStreamOptions(s)
		case "max_tokens":
			maxTokens, err = integer(s, key, 1)
		case "max_completion_tokens":
			maxCompletion, err = integer(s, key, 1)
		case "n":
			r.N, err = integer(s, key, 1)
			r.N = max(r.N, 1)
		case "reasoning_effort":
			r.Effort, err = r.string(s, key)
		case "service_tier":
			r.ServiceTier, err = r.string(s, key)
		case "prompt_cache_key":
			r.PromptCacheKey, err = r.string(s, key)
		case "user":
			r.User, err = r.string(s, key)
		case "metadata":
			err = r.readMetadata(s)
		case "response_format":
			err = r.readFormat(s)
		case "modalities":
			err = r.readModalities(s)
		case "logprobs":
			r.Facts.Logprobs, err = boolean(s, key)
		case "web_search_options":
			webSearch = s.peek() == '{'
			s.value()
		case "cached_content", "cachedContent", "extra_body":
			v := s.value()
			r.Facts.KeepCached(key, s.b[v.from:v.to])
		case "models":
			r.Models, err = r.strings(s, key, r.Models[:0])
		default:
			if strings.HasPrefix(key, ownPrefix) {
				err = r.readField(s, key)
			} else {
				s.value()
			}
		}
		if err != nil {
			return err
		}
		m.list = append(m.list, place{name: key, comma: comma, from: from, value: at, end: s.i})
	}
	if !hasModel {
		return &Error{Path: "model", Message: `missing: name a model, or "auto" to have one chosen`}
	}
	if !hasMessages {
		return &Error{Path: "messages", Message: "missing: give at least one message"}
	}
	if webSearch {
		r.Facts.HostedTools++
		r.Facts.Hosted = append(r.Facts.Hosted, "web_search_options")
	}
	if r.Facts.AudioOut {
		r.Facts.Audio++
	}
	if r.MaxTokens = maxCompletion; maxCompletion == 0 {
		r.MaxTokens = maxTokens
	}
	r.Facts.PromptTokens = r.estimate.tokens()
	r.readTurns()
	return nil
}

func (r *Request) readStreamOptions(s *scan) *Error {
	r.IncludeUsage = false
	if s.peek() == 'n' {
		s.value()
		return nil
	}
	if s.peek() != '{' {
		return s.want("stream_options", "an object")
	}
	s.i++
	for s.more('}') {
		if s.key() != "include_usage" {
			s.value()
			continue
		}
		var err *Error
		if r.IncludeUsage, err = boolean(s, "include_usage"); err != nil {
			return err.in("stream_options")
		}
	}
	return nil
}

func (r *Request) readMetadata(s *scan) *Error {
	r.MetadataUserID = ""
	if s.peek() != '{' {
		s.value()
		return nil
	}
	s.i++
	for s.more('}') {
		if s.key() != "user_id" || s.peek() != '"' {
			s.value()
			continue
		}
		r.MetadataUserID, _ = r.string(s, "user_id")
	}
	return nil
}

func (r *Request) readFormat(s *scan) *Error {
	r.Format = FormatText
	if s.peek() == 'n' {
		s.value()
		return nil
	}
	if s.peek() != '{' {
		return s.want("response_format", "an object")
	}
	s.i++
	for s.more('}') {
		key := s.key()
		at := s.i
		switch key {
		case "type":
			kind, err := r.string(s, "type")
			if err != nil {
				return err.in("response_format")
			}
			switch kind {
			case "json_object":
				r.Format = FormatJSONObject
			case "json_schema":
				r.Format = FormatJSONSchema
			default:
				r.Format = FormatText
			}
		case "json_schema":
			s.value()
			r.estimate.format = schemaTokens(r.Body[at:s.i])
		default:
			s.value()
		}
	}
	return nil
}

func (r *Request) readModalities(s *scan) *Error {
	r.Facts.AudioOut = false
	names, err := r.strings(s, "modalities", nil)
	for _, name := range names {
		r.Facts.AudioOut = r.Facts.AudioOut || name == "audio"
	}
	return err
}

// want is the error that a value of another type was expected at the cursor.
func (s *scan) want(path, what string) *Error {
	got := "nothing"
	switch c := s.peek(); {
	case c == '"':
		got = "a string"
	case c == '{':
		got = "an object"
	case c == '[':
		got = "an array"
	case c == 't' || c == 'f':
		got = "a boolean"
	case c == 'n':
		got = "null"
	case c != 0:
		got = "a number"
	}
	return &Error{Path: path, Offset: s.i, Message: "must be " + what + ", not " + got}
}

// string takes a string or null.
func (r *Request) string(s *scan, path string) (string, *Error) {
	switch s.peek() {
	case '"':
		return r.text(s.quoted()), nil
	case 'n':
		s.value()
		return "", nil
	}
	return "", s.want(path, "a string")
}

// text is what a string's inside says: the body's own bytes, or a copy without escapes.
func (r *Request) text(in span, escaped bool) string {
	if !escaped {
		return view(r.Body[in.from:in.to])
	}
	from := len(r.buf)
	r.buf = appendUnescaped(r.buf, r.Body[in.from:in.to])
	return view(r.buf[from:])
}

// strings takes an array of strings or null.
func (r *Request) strings(s *scan, path string, dst []string) ([]string, *Error) {
	if s.peek() == 'n' {
		s.value()
		return dst, nil
	}
	if s.peek() != '[' {
		return dst, s.want(path, "an array of strings")
	}
	s.i++
	for i := 0; s.more(']'); i++ {
		if s.peek() != '"' {
			return dst, s.want(index(path, i), "a string")
		}
		dst = append(dst, r.text(s.quoted()))
	}
	return dst, nil
}

func boolean(s *scan, path string) (bool, *Error) {
	switch c := s.peek(); c {
	case 't', 'f', 'n':
		s.value()
		return c == 't', nil
	}
	return false, s.want(path, "a boolean")
}

// integer takes a whole number of at least least, or null, which is 0.
func integer(s *scan, path string, least int) (int, *Error) {
	at := *s
	c := s.peek()
	if c == 'n' {
		s.value()
		return 0, nil
	}
	if c != '-' && (c < '0' || c > '9') {
		return 0, s.want(path, "a whole number")
	}
	in := s.value()
	text := view(s.b[in.from:in.to])
	n, err := strconv.Atoi(text)
	if err != nil { // 1e3 and 100.0 are whole numbers too
		f, err := strconv.ParseFloat(text, 64)
		if n = int(f); err != nil || float64(n) != f || f > 1<<53 {
			return 0, &Error{Path: path, Offset: at.i, Message: "must be a whole number, not " + strings.Clone(text)}
		}
	}
	if n < least {
		return 0, &Error{Path: path, Offset: at.i, Message: "must be at least " + strconv.Itoa(least) + ", not " + strings.Clone(text)}
	}
	return n, nil
}

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

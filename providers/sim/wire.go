package sim

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// writer puts replies on the wire as their provider does.
type writer struct {
	p       *provider
	r       *request
	n       *reply
	created int64
	c       chance
}

// appendString appends a JSON string.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			dst = append(dst, "\uFFFD"...)
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return append(dst, '"')
}

func (w *writer) head(dst []byte, object string) []byte {
	dst = append(append(append(dst, `{"id":"`...), w.n.id...), `","object":"`...)
	dst = append(append(append(dst, object...), `","created":`...), strconv.FormatInt(w.created, 10)...)
	return append(appendString(append(dst, `,"model":`...), w.n.model.id), ',')
}

// body is the plain answer.
func (w *writer) body(dst []byte) []byte {
	dst = append(w.head(dst, "chat.completion"), `"choices":[`...)
	for i := range w.r.N {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"index":`...), int64(i), 10)
		dst = append(dst, `,"message":{"role":"assistant","content":`...)
		if w.n.calls != nil {
			dst = append(dst, `null,"tool_calls":[`...)
			for i, c := range w.n.calls {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = w.call(dst, i, c.id, c.name, c.arguments)
			}
			dst = append(dst, ']')
		} else {
			dst = w.content(dst)
		}
		if field := w.reasoningField(); field != "" && w.n.reasoning != "" {
			dst = appendString(append(append(append(dst, `,"`...), field...), `":`...), w.n.reasoning)
		}
		if w.p.id == "openai" {
			dst = append(dst, `,"refusal":null,"annotations":[]`...)
		}
		dst = append(append(append(dst, `},"finish_reason":"`...), w.n.finish...), `"}`...)
	}
	dst = w.usage(append(dst, `],"usage":`...))
	if w.p.habits.baseResp {
		dst = append(dst, `,"base_resp":{"status_code":0,"status_msg":""}`...)
	}
	return append(dst, '}')
}

// reasoningField is where the reasoning text goes; "" = it is not shown, or is part of the content.
func (w *writer) reasoningField() string {
	if w.inline() {
		return ""
	}
	return w.p.habits.reasoning
}

// inline is whether the reasoning stands within the text, as MiniMax's does unless it is asked to split them. Where the text
// is not for people it would break it.
func (w *writer) inline() bool {
	return w.p.habits.inline && !w.r.Split && w.n.reasoning != "" && w.n.calls == nil && w.r.Format.Type == ""
}

// content is the text, with the reasoning before it where the provider has it there.
func (w *writer) content(dst []byte) []byte {
	switch {
	case w.inline():
		return appendString(dst, "<think>\n"+w.n.reasoning+"\n</think>\n\n"+w.n.text)
	case w.p.habits.thinkingParts && w.n.reasoning != "":
		dst = append(w.thinkingPart(dst, w.n.reasoning), `,{"type":"text","text":`...)
		return append(appendString(dst, w.n.text), '}', ']')
	}
	return appendString(dst, w.n.text)
}

// thinkingPart opens a list of content with Mistral's part for reasoning.
func (w *writer) thinkingPart(dst []byte, text string) []byte {
	return append(appendString(append(dst, `[{"type":"thinking","thinking":[{"type":"text","text":`...), text), `}]}`...)
}

// thought is the delta of a piece of the reasoning; "" = it is not shown.
func (w *writer) thought(piece string, first, last bool) string {
	switch {
	case w.inline():
		if first {
			piece = "<think>\n" + piece
		}
		if last {
			piece += "\n</think>\n\n"
		}
		return `"content":` + string(appendString(nil, piece))
	case w.p.habits.thinkingParts:
		return `"content":` + string(append(w.thinkingPart(nil, piece), ']'))
	case w.p.habits.reasoning != "":
		return `"` + w.p.habits.reasoning + `":` + string(appendString(nil, piece))
	}
	return ""
}

func (w *writer) call(dst []byte, index int, id, name, arguments string) []byte {
	dst = strconv.AppendInt(append(dst, `{"index":`...), int64(index), 10)
	dst = append(append(append(dst, `,"id":"`...), id...), `","type":"function","function":{"name":`...)
	dst = appendString(append(appendString(dst, name), `,"arguments":`...), arguments)
	return append(dst, '}', '}')
}

// usage is the usage object, in the provider's own way of counting.
func (w *writer) usage(dst []byte) []byte {
	t := w.n.count
	completion, all := t.completion*w.r.N+t.reasoning, t.prompt+t.completion*w.r.N+t.reasoning
	if k := w.p.habits.counting; k == countXAI || k == countGoogle {
		completion -= t.reasoning
	}
	field := func(name string, n int) {
		dst = append(append(append(dst, '"'), name...), `":`...)
		dst = append(strconv.AppendInt(dst, int64(n), 10), ',')
	}
	close := func() { dst[len(dst)-1] = '}' }
	dst = append(dst, '{')
	field("prompt_tokens", t.prompt)
	field("completion_tokens", completion)
	field("total_tokens", all)
	switch w.p.habits.counting {
	case countGoogle:
		close()
		return dst
	case countMoonshot:
		field("cached_tokens", t.cached)
	case countDeepSeek:
		field("prompt_cache_hit_tokens", t.cached)
		field("prompt_cache_miss_tokens", t.prompt-t.cached)
	}
	if w.p.habits.counting != countMoonshot {
		dst = append(dst, `"prompt_tokens_details":{`...)
		field("cached_tokens", t.cached)
		close()
		dst = append(dst, ',')
	}
	if w.p.habits.counting != countMistral {
		dst = append(dst, `"completion_tokens_details":{`...)
		field("reasoning_tokens", t.reasoning)
		close()
		dst = append(dst, ',')
	}
	if w.p.habits.counting == countXAI {
		field("num_sources_used", 0)
	}
	close()
	return dst
}

func (w *writer) wrong(dst []byte, body string) []byte {
	return append(append(append(dst, "data: "...), body...), "\n\n"...)
}

// event is a piece of a stream with the pause before it.
type event struct {
	from, to int
	pause    time.Duration
}

// script is a whole stream, ready to be played.
type script struct {
	bytes  []byte
	events []event
}

func (s *script) add(pause time.Duration, write func(dst []byte) []byte) {
	from := len(s.bytes)
	s.bytes = write(s.bytes)
	s.events = append(s.events, event{from, len(s.bytes), pause})
}

// chunk adds one chunk with a choice.
func (w *writer) chunk(s *script, pause time.Duration, choice int, delta, finish string) {
	s.add(pause, func(dst []byte) []byte {
		dst = append(w.head(append(dst, "data: "...), "chat.completion.chunk"), `"choices":[{"index":`...)
		dst = append(strconv.AppendInt(dst, int64(choice), 10), `,"delta":{`...)
		dst = append(append(dst, delta...), `},"finish_reason":`...)
		if finish == "" {
			dst = append(dst, "null"...)
		} else {
			dst = append(append(append(dst, '"'), finish...), '"')
		}
		if finish != "" && w.p.habits.usage == usageInChoice {
			dst = w.usage(append(dst, `,"usage":`...))
		}
		dst = append(dst, '}', ']')
		switch {
		case finish != "" && w.p.habits.usage == usageInFinish:
			dst = w.usage(append(dst, `,"usage":`...))
		case w.p.habits.nullUsage && w.r.StreamOptions.IncludeUsage:
			dst = append(dst, `,"usage":null`...)
		}
		if pad := w.p.habits.padding; pad != "" {
			dst = append(append(append(dst, `,"`...), pad...), `":"`...)
			dst = append(append(dst, "abcdefghijklmnop"[:1+w.c.next()%16]...), '"')
		}
		return append(dst, "}\n\n"...)
	})
}

// stream is the answer as events.
func (w *writer) stream() *script {
	s := &script{bytes: make([]byte, 0, 4096)}
	m, h := w.n.model, &w.p.habits
	jitter := func(d time.Duration) time.Duration { return time.Duration(float64(d) * (0.7 + 0.6*w.c.share())) }
	if h.comment != "" {
		s.add(0, func(dst []byte) []byte { return append(append(append(dst, ": "...), h.comment...), "\n\n"...) })
	}
	if h.filters {
		s.add(0, func(dst []byte) []byte {
			return append(dst, `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}`+"\n\n"...)
		})
	}
	w.chunk(s, jitter(m.first), 0, `"role":"assistant","content":""`, "")
	thinking := time.Duration(w.n.count.reasoning) * m.each
	if w.n.reasoning != "" && w.thought("", false, false) != "" {
		rest := len(w.n.reasoning)
		for word := range words(w.n.reasoning) {
			first := rest == len(w.n.reasoning)
			rest -= len(word)
			w.chunk(s, jitter(m.each), 0, w.thought(word, first, rest == 0), "")
		}
	} else if thinking > 0 {
		s.events[len(s.events)-1].pause += thinking
	}
	for i := range w.r.N {
		if i > 0 {
			w.chunk(s, 0, i, `"role":"assistant","content":""`, "")
		}
		if w.n.calls != nil {
			for at, c := range w.n.calls {
				w.callChunks(s, jitter, i, at, c)
			}
		} else {
			for word := range words(w.n.text) {
				w.chunk(s, jitter(m.each+m.each/4), i, `"content":`+string(appendString(nil, word)), "")
			}
		}
		w.chunk(s, 0, i, "", w.n.finish)
	}
	if w.r.StreamOptions.IncludeUsage && h.usage != usageInFinish {
		s.add(0, func(dst []byte) []byte {
			dst = append(w.head(append(dst, "data: "...), "chat.completion.chunk"), `"choices":[],"usage":`...)
			dst = w.usage(dst)
			if h.baseResp {
				dst = append(dst, `,"base_resp":{"status_code":0,"status_msg":""}`...)
			}
			return append(dst, "}\n\n"...)
		})
	}
	s.add(0, func(dst []byte) []byte { return append(dst, "data: [DONE]\n\n"...) })
	return s
}

// callChunks adds the chunks of a call: one, or as many as its arguments take in pieces.
func (w *writer) callChunks(s *script, jitter func(time.Duration) time.Duration, choice, at int, c toolCall) {
	first, rest, each := c.arguments, "", w.n.model.each
	if !w.p.habits.wholeArgs {
		first, rest = "", c.arguments
	}
	w.chunk(s, jitter(each), choice, `"tool_calls":[`+string(w.call(nil, at, c.id, c.name, first))+`]`, "")
	for piece := range pieces(rest) {
		arguments := string(appendString(nil, piece))
		more := `"tool_calls":[{"index":` + strconv.Itoa(at) + `,"function":{"arguments":` + arguments + `}}]`
		if w.p.habits.emptyNames {
			more = `"content":"","role":null,"tool_calls":[{"index":` + strconv.Itoa(at) + `,"id":"` + c.id + `","type":"function","function":{"name":"","arguments":` + arguments + `}}]`
		}
		w.chunk(s, jitter(2*each), choice, more, "")
	}
}

// pieces are a text in pieces of some bytes.
func pieces(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			n := min(len(s), 12)
			for n < len(s) && !utf8.RuneStart(s[n]) {
				n++
			}
			if !yield(s[:n]) {
				return
			}
			s = s[n:]
		}
	}
}

// words are a text in pieces, each a word with the space before it.
func words(s string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			n := strings.IndexByte(s[1:], ' ') + 1
			if n == 0 {
				n = len(s)
			}
			if !yield(s[:n]) {
				return
			}
			s = s[n:]
		}
	}
}

package fidelity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// heard is what an answer says, read without any of Routor's code.
type heard struct {
	Text, Refusal, Reasoning string
	Calls                    []call
	Finish                   string // stop, stop_sequence, length, tool_calls, content_filter, refusal, pause, context; "" = none
	Usage                    usage
	Error                    string // "" = none
	Whole                    bool   // it came to its proper end
}

type call struct{ ID, Name, Arguments string }

// usage has the tokens of caches in Prompt and those of reasoning in Completion.
type usage struct {
	Prompt, CachedRead, CachedWrite, Completion, Reasoning int
	// apart is what a total has besides, audio how much audio there was in the prompt.
	apart, audio int
}

// whole is a usage with everything where it belongs: xAI and Google leave reasoning out of the completion, Mistral audio out of
// the prompt, and only the total has it. More can't have come from a cache than there was (Grok at Azure says so).
func (u usage) whole() usage {
	if u.audio > 0 && u.apart >= u.audio {
		u.Prompt += u.audio
		u.apart -= u.audio
	}
	if u.apart > 0 {
		u.Completion += u.apart
		u.Reasoning = max(u.Reasoning, u.apart)
	}
	u.CachedRead = min(u.CachedRead, u.Prompt)
	u.apart, u.audio = 0, 0
	return u
}

// object is a JSON object.
type object map[string]any

func (o object) text(name string) string { s, _ := o[name].(string); return s }
func (o object) list(name string) []any  { l, _ := o[name].([]any); return l }
func (o object) in(name string) object   { m, _ := o[name].(map[string]any); return m }
func (o object) int(name string) int     { n, _ := o[name].(float64); return int(n) }

func objectOf(v any) object { m, _ := v.(map[string]any); return m }

func parse(body []byte) object {
	var o object
	_ = json.Unmarshal(body, &o)
	return o
}

// event is a server-sent one.
type event struct {
	name string
	data []byte
}

func eventsOf(stream []byte) (list []event) {
	var e event
	for _, line := range strings.Split(strings.ReplaceAll(string(stream), "\r\n", "\n")+"\n\n", "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if e.data != nil {
				list = append(list, e)
			}
			e = event{}
		case field == "event":
			e.name = value
		case field == "data":
			if e.data != nil && json.Valid(e.data) { // some recorders left the empty lines out
				list = append(list, e)
				e = event{}
			} else if e.data != nil {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
		}
	}
	return list
}

// hear reads an answer in a dialect; choice is which of several.
func hear(d chat.Dialect, stream bool, body []byte, choice int) heard {
	if !stream || bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
		o := parse(body)
		if message, is := failure(o); is {
			return heard{Error: message}
		}
		h := heard{Whole: o != nil}
		switch d {
		case chat.Completions:
			h.completion(o, choice, nil)
		case chat.Messages:
			h.message(o)
		case chat.Responses:
			h.response(o)
		case chat.Generate:
			h.generated(o, choice)
			h.settle()
		}
		return h.canonical()
	}
	var h heard
	events := eventsOf(body)
	switch d {
	case chat.Completions:
		h.completionStream(events, choice)
	case chat.Messages:
		h.messageStream(events)
	case chat.Responses:
		for _, e := range events {
			o := parse(e.data)
			switch o.text("type") {
			case "response.completed", "response.incomplete", "response.failed":
				h.Whole = o.text("type") != "response.failed"
				h.response(o.in("response"))
			case "error":
				h.Error = orText(o.in("error").text("message"), o.text("message"))
			}
		}
		h.same(events)
	case chat.Generate:
		for _, e := range events {
			o := parse(e.data)
			if message, is := failure(o); is {
				h.Error = message
				continue
			}
			h.generated(o, choice)
		}
		h.Whole = h.Finish != ""
		h.settle()
	}
	return h.canonical()
}

// failure is the message of an error's body, in any provider's shape.
func failure(o object) (message string, is bool) {
	if base := o.in("base_resp"); base.int("status_code") != 0 {
		return base.text("status_msg"), true
	}
	switch e := o["error"].(type) {
	case string:
		return e, true
	case map[string]any:
		return object(e).text("message"), true
	}
	if o["detail"] != nil {
		if s, ok := o["detail"].(string); ok {
			return s, true
		}
		b, _ := json.Marshal(o["detail"])
		return string(b), true
	}
	if o.text("object") == "error" || o["choices"] == nil && o["message"] != nil && o["code"] != nil {
		return o.text("message"), true
	}
	return "", false
}

func orText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// canonical is what was heard with arguments in one spelling.
func (h heard) canonical() heard {
	for i := range h.Calls {
		h.Calls[i].Arguments = canonicalJSON(h.Calls[i].Arguments)
	}
	return h
}

func canonicalJSON(s string) string {
	var v any
	if strings.TrimSpace(s) == "" {
		return "{}"
	}
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// completion reads a chat completion, or adds what a chunk says; streamed are the calls so far by their index, nil = no stream.
func (h *heard) completion(o object, choice int, streamed map[int]*call) {
	if u := o.in("usage"); u != nil {
		h.Usage = completionUsage(u)
	} else if u := o.in("x_groq").in("usage"); u != nil {
		h.Usage = completionUsage(u)
	}
	for _, c := range o.list("choices") {
		c := objectOf(c)
		if c.int("index") != choice {
			continue
		}
		if u := c.in("usage"); u != nil && h.Usage == (usage{}) {
			h.Usage = completionUsage(u)
		}
		if f := c.text("finish_reason"); f != "" {
			if h.Finish = f; f == "function_call" {
				h.Finish = "tool_calls"
			}
		}
		m := c.in("message")
		if streamed != nil {
			m = c.in("delta")
		}
		h.turn(m, streamed)
	}
}

// turn reads the message of a chat completion, or a delta of it.
func (h *heard) turn(m object, streamed map[int]*call) {
	h.Text += m.text("content")
	for _, p := range m.list("content") {
		p := objectOf(p)
		h.Text += p.text("text")
		for _, thought := range p.list("thinking") {
			h.Reasoning += objectOf(thought).text("text")
		}
	}
	h.Refusal += m.text("refusal")
	switch {
	case m.text("reasoning_content") != "":
		h.Reasoning += m.text("reasoning_content")
	case m.text("reasoning") != "":
		h.Reasoning += m.text("reasoning")
	}
	if f := m.in("function_call"); f != nil {
		h.piece(object{"index": 0., "function": map[string]any(f)}, 0, streamed)
	}
	for i, t := range m.list("tool_calls") {
		h.piece(objectOf(t), i, streamed)
	}
}

// piece adds a tool call, or a piece of one.
func (h *heard) piece(t object, i int, streamed map[int]*call) {
	f := t.in("function")
	arguments := f.text("arguments")
	if a := f.in("arguments"); a != nil {
		b, _ := json.Marshal(a)
		arguments = string(b)
	}
	if custom := t.in("custom"); custom != nil {
		f, arguments = custom, custom.text("input")
	}
	c := call{t.text("id"), f.text("name"), arguments}
	if streamed == nil {
		h.Calls = append(h.Calls, c)
		return
	}
	if n, said := t["index"].(float64); said {
		i = int(n)
	}
	at := streamed[i]
	if at == nil {
		streamed[i] = &c
		return
	}
	at.ID, at.Name = orText(at.ID, c.ID), orText(at.Name, c.Name)
	at.Arguments += c.Arguments
}

func (h *heard) completionStream(events []event, choice int) {
	calls := map[int]*call{}
	for _, e := range events {
		if string(e.data) == "[DONE]" {
			h.Whole = true
			continue
		}
		o := parse(e.data)
		if message, is := failure(o); is {
			h.Error = message
			continue
		}
		h.completion(o, choice, calls)
	}
	var order []int
	for i := range calls {
		order = append(order, i)
	}
	sort.Ints(order)
	for _, i := range order {
		h.Calls = append(h.Calls, *calls[i])
	}
}

// completionUsage reads the usage of a chat completion.
func completionUsage(u object) usage {
	in, out := u.in("prompt_tokens_details"), u.in("completion_tokens_details")
	v := usage{Prompt: u.int("prompt_tokens"), CachedRead: in.int("cached_tokens"), CachedWrite: in.int("cache_write_tokens"), Completion: u.int("completion_tokens"), Reasoning: out.int("reasoning_tokens")}
	if v.CachedRead == 0 {
		v.CachedRead = max(u.int("cached_tokens"), u.int("prompt_cache_hit_tokens"), u.int("num_cached_tokens"))
	}
	v.apart = u.int("total_tokens") - v.Prompt - v.Completion
	v.audio = in.int("audio_tokens")
	return v
}

var stopReasons = map[string]string{
	"end_turn": "stop", "max_tokens": "length", "stop_sequence": "stop_sequence", "tool_use": "tool_calls", "pause_turn": "pause", "refusal": "refusal",
	"model_context_window_exceeded": "context",
}

// message reads an Anthropic message.
func (h *heard) message(o object) {
	for _, b := range o.list("content") {
		h.block(objectOf(b))
	}
	h.Finish = stopReasons[o.text("stop_reason")]
	h.Usage = messageUsage(o.in("usage"))
}

func (h *heard) block(b object) {
	switch b.text("type") {
	case "text":
		h.Text += b.text("text")
	case "thinking":
		h.Reasoning += b.text("thinking")
	case "tool_use":
		input, _ := json.Marshal(b["input"])
		h.Calls = append(h.Calls, call{b.text("id"), b.text("name"), orText(b.text("cut"), string(input))})
	}
}

func messageUsage(u object) usage {
	v := usage{CachedRead: u.int("cache_read_input_tokens"), CachedWrite: u.int("cache_creation_input_tokens"), Completion: u.int("output_tokens"), Reasoning: u.in("output_tokens_details").int("thinking_tokens")}
	v.Prompt = u.int("input_tokens") + v.CachedRead + v.CachedWrite
	return v
}

func (h *heard) messageStream(events []event) {
	var counted object
	blocks := map[int]object{}
	partial := map[int]string{}
	var order []int
	for _, e := range events {
		o := parse(e.data)
		switch o.text("type") {
		case "message_start":
			if counted != nil { // one recorder took a stream up again where it had broken off
				h.Error = "another answer began in it"
				return
			}
			counted = object{}
			for k, v := range o.in("message").in("usage") {
				counted[k] = v
			}
		case "content_block_start":
			i := o.int("index")
			blocks[i] = o.in("content_block")
			order = append(order, i)
		case "content_block_delta":
			b, d := blocks[o.int("index")], o.in("delta")
			switch d.text("type") {
			case "text_delta":
				b["text"] = b.text("text") + d.text("text")
			case "thinking_delta":
				b["thinking"] = b.text("thinking") + d.text("thinking")
			case "input_json_delta":
				partial[o.int("index")] += d.text("partial_json")
			}
		case "message_delta":
			h.Finish = stopReasons[o.in("delta").text("stop_reason")]
			for k, v := range o.in("usage") {
				if v != nil {
					counted[k] = v
				}
			}
		case "message_stop":
			h.Whole = true
		case "error":
			h.Error, _ = failure(o)
		}
	}
	for _, i := range order {
		if text := partial[i]; text != "" {
			var input any
			if json.Unmarshal([]byte(text), &input) == nil {
				blocks[i]["input"] = input
			} else {
				blocks[i]["cut"] = text
			}
		}
		h.block(blocks[i])
	}
	h.Usage = messageUsage(counted)
}

// response reads a response of OpenAI's Responses.
func (h *heard) response(o object) {
	h.Text, h.Refusal, h.Reasoning, h.Calls = "", "", "", nil
	for _, item := range o.list("output") {
		item := objectOf(item)
		switch item.text("type") {
		case "message":
			for _, p := range item.list("content") {
				h.Text += objectOf(p).text("text")
				h.Refusal += objectOf(p).text("refusal")
			}
		case "reasoning":
			for _, name := range []string{"summary", "content"} {
				for _, p := range item.list(name) {
					h.Reasoning += objectOf(p).text("text")
				}
			}
		case "function_call":
			h.Calls = append(h.Calls, call{item.text("call_id"), item.text("name"), item.text("arguments")})
		case "custom_tool_call":
			h.Calls = append(h.Calls, call{item.text("call_id"), item.text("name"), item.text("input")})
		}
	}
	switch status, why := o.text("status"), o.in("incomplete_details").text("reason"); {
	case status == "completed" && len(h.Calls) > 0:
		h.Finish = "tool_calls"
	case status == "completed":
		h.Finish = "stop"
	case status == "incomplete" && why == "max_output_tokens":
		h.Finish = "length"
	case status == "incomplete":
		h.Finish = why
	case status == "failed":
		h.Error = orText(o.in("error").text("message"), "failed")
	}
	u := o.in("usage")
	h.Usage = usage{
		Prompt: u.int("input_tokens"), CachedRead: u.in("input_tokens_details").int("cached_tokens"), CachedWrite: u.in("input_tokens_details").int("cache_write_tokens"),
		Completion: u.int("output_tokens"), Reasoning: u.in("output_tokens_details").int("reasoning_tokens"),
	}
}

// same makes what was streamed in pieces an error where it is not what the last event repeats.
func (h *heard) same(events []event) {
	text, refusal, arguments := "", "", map[string]string{}
	for _, e := range events {
		o := parse(e.data)
		switch o.text("type") {
		case "response.output_text.delta":
			text += o.text("delta")
		case "response.refusal.delta":
			refusal += o.text("delta")
		case "response.function_call_arguments.delta":
			arguments[o.text("item_id")] += o.text("delta")
		}
	}
	if h.Error == "" && h.Whole && (text != h.Text || refusal != h.Refusal) {
		h.Error = fmt.Sprintf("the deltas say %q, the last event %q", text+refusal, h.Text+h.Refusal)
	}
}

var finishNumbers = []string{"", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL"}

// generated reads an answer of Gemini's, or adds a chunk of it.
func (h *heard) generated(o object, choice int) {
	if u := o.in("usageMetadata"); u != nil {
		h.Usage = usage{
			Prompt: u.int("promptTokenCount") + u.int("toolUsePromptTokenCount"), CachedRead: u.int("cachedContentTokenCount"),
			Completion: u.int("candidatesTokenCount") + u.int("thoughtsTokenCount"), Reasoning: u.int("thoughtsTokenCount"),
		}
	}
	if o.in("promptFeedback").text("blockReason") != "" {
		h.Finish = "content_filter"
	}
	for _, c := range o.list("candidates") {
		c := objectOf(c)
		if c.int("index") != choice {
			continue
		}
		for _, p := range c.in("content").list("parts") {
			p := objectOf(p)
			f := p.in("functionCall")
			switch {
			case f != nil:
				h.called(f)
			case p["thought"] == true:
				h.Reasoning += p.text("text")
			default:
				h.Text += p.text("text")
			}
		}
		f := c.text("finishReason")
		if n := c.int("finishReason"); n > 0 && n < len(finishNumbers) { // who asks for enumerations as numbers gets them
			f = finishNumbers[n]
		}
		switch f {
		case "", "FINISH_REASON_UNSPECIFIED":
		case "STOP":
			h.Finish = "stop"
		case "MAX_TOKENS":
			h.Finish = "length"
		case "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "LANGUAGE", "IMAGE_SAFETY":
			h.Finish = "content_filter"
		default:
			h.Finish = f
		}
	}
}

// called adds a function call, or a piece of one that comes in partial arguments.
func (h *heard) called(f object) {
	if f.text("name") != "" {
		arguments, _ := json.Marshal(f["args"])
		if f["args"] == nil {
			arguments = []byte("{}")
		}
		h.Calls = append(h.Calls, call{f.text("id"), f.text("name"), string(arguments)})
	}
	for _, p := range f.list("partialArgs") {
		p, last := objectOf(p), &h.Calls[len(h.Calls)-1]
		var args any
		_ = json.Unmarshal([]byte(last.Arguments), &args)
		var value any
		for _, name := range []string{"stringValue", "numberValue", "boolValue"} {
			if v, is := p[name]; is {
				value = v
			}
		}
		b, _ := json.Marshal(put(args, steps(p.text("jsonPath")), value))
		last.Arguments = string(b)
	}
}

// steps are those of a path such as $.steps[0].name.
func steps(path string) (out []string) {
	return strings.FieldsFunc(strings.TrimPrefix(path, "$"), func(c rune) bool { return c == '.' || c == '[' || c == ']' || c == '\'' })
}

// put sets a value deep inside; texts are added to what is there.
func put(in any, path []string, value any) any {
	if len(path) == 0 {
		if before, ok := in.(string); ok {
			if more, ok := value.(string); ok {
				return before + more
			}
		}
		return value
	}
	var n int
	if _, err := fmt.Sscanf(path[0], "%d", &n); err == nil {
		list, _ := in.([]any)
		for len(list) <= n {
			list = append(list, nil)
		}
		list[n] = put(list[n], path[1:], value)
		return list
	}
	m, _ := in.(map[string]any)
	if m == nil {
		m = map[string]any{}
	}
	m[path[0]] = put(m[path[0]], path[1:], value)
	return m
}

// settle: Gemini says STOP where it calls functions.
func (h *heard) settle() {
	if h.Finish == "stop" && len(h.Calls) > 0 {
		h.Finish = "tool_calls"
	}
}

package gemini

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// madeUp begins the ids that this package gives to function calls, for Google's need to have none. They stay on this side:
// a call is written without such an id.
const madeUp = "call_g_"

// part is one of a content's parts on its way into the hub.
type part struct {
	chat.Part
	partial []byte // a streamed call's partialArgs
	more    bool   // a streamed call goes on
	named   bool   // the call has a name: it is the beginning of one
	thought bool
}

// read reads a part; the problem is a sentence, "" = none.
func (p *part) read(raw []byte) (problem string) {
	members, ok := open(raw, '{')
	if !ok {
		return "must be an object"
	}
	var signature string
	whole := false // the part is one that only Gemini knows
	for members.more() {
		name, value := members.member()
		if string(value) == "null" {
			continue
		}
		switch n := camel(name); n {
		case "text":
			p.Kind, p.Text = chat.Text, text(value)
		case "thought":
			p.thought = string(value) == "true"
		case "thoughtSignature":
			signature = text(value)
		case "inlineData":
			p.media(value, "data")
		case "fileData":
			p.media(value, "fileUri")
		case "functionCall":
			p.call(value)
		case "functionResponse":
			p.result(value)
		case "executableCode", "codeExecutionResult", "toolCall", "toolResponse":
			whole = true
		default:
			p.Extra = append(p.Extra, chat.Member{Name: n, Value: value})
		}
	}
	if p.Kind == "" && signature == "" && !whole && len(p.Extra) == 0 {
		return "" // nothing
	}
	if whole || p.Kind == "" && len(p.Extra) > 0 {
		p.Part = chat.Part{Kind: chat.Other, Dialect: chat.Generate, Raw: compact(raw)}
		return ""
	}
	if p.Kind == "" { // a signature alone: it belongs to a text of which nothing is left to say
		p.Kind = chat.Text
	}
	if p.thought {
		if p.Kind == chat.Text {
			p.Kind = chat.Reasoning
		} else {
			p.Extra = append(p.Extra, chat.Member{Name: "thought", Value: json.RawMessage("true")})
		}
	}
	if signature != "" {
		p.State = &chat.State{Form: ThoughtSignature, Data: signature}
	}
	return ""
}

// fileStore is where the Gemini API keeps files: what lies there, or in Google's cloud storage, only Google can read.
const fileStore = "https://generativelanguage.googleapis.com/"

func (p *part) media(raw []byte, what string) {
	members, ok := open(raw, '{')
	if !ok {
		return
	}
	m := &chat.Media{}
	var rest []byte
	for members.more() {
		name, value := members.member()
		switch n := camel(name); n {
		case "mimeType":
			m.Type = text(value)
		case "displayName":
			m.Name = text(value)
		case what:
			switch s := text(value); {
			case what == "data":
				m.Data = s
			case strings.HasPrefix(s, fileStore), !strings.HasPrefix(s, "http"):
				m.FileID = s
			default:
				m.URL = s
			}
		default:
			rest = putRaw(begin(rest), n, value)
		}
	}
	if rest != nil {
		m.Extra = append(rest, '}')
	}
	p.Kind, p.Media = kindOf(m.Type), m
}

func kindOf(mime string) chat.Kind {
	switch top, _, _ := strings.Cut(mime, "/"); top {
	case "image":
		return chat.Image
	case "audio":
		return chat.Audio
	case "video":
		return chat.Video
	}
	return chat.File
}

func (p *part) call(raw []byte) {
	p.Kind, p.Call = chat.ToolCall, &chat.Call{}
	members, ok := open(raw, '{')
	for ok && members.more() {
		name, value := members.member()
		switch camel(name) {
		case "name":
			p.Call.Name = text(value)
			p.named = p.Call.Name != ""
		case "id":
			p.Call.ID = text(value)
		case "args":
			if string(value) != "null" {
				p.Call.Arguments = string(compact(value))
			}
		case "partialArgs":
			p.partial = value
		case "willContinue":
			p.more = string(value) == "true"
		}
	}
	if p.Call.Arguments == "" && p.partial == nil && !p.more {
		p.Call.Arguments = "{}"
	}
}

func (p *part) result(raw []byte) {
	p.Kind, p.Result = chat.ToolResult, &chat.Result{}
	var rest []byte
	members, ok := open(raw, '{')
	for ok && members.more() {
		name, value := members.member()
		switch n := camel(name); n {
		case "name":
			p.Result.Name = text(value)
		case "id":
			p.Result.CallID = text(value)
		case "response":
			var output chat.Part
			output.Kind = chat.Text
			output.Text, p.Result.Error = outputOf(value)
			p.Result.Parts = append([]chat.Part{output}, p.Result.Parts...)
		case "parts":
			list, ok := open(value, '[')
			for ok && list.more() {
				var inner part
				if inner.read(list.value()) == "" {
					p.Result.Parts = append(p.Result.Parts, inner.Part)
				}
			}
		default:
			rest = putRaw(begin(rest), n, value)
		}
	}
	if rest != nil {
		p.Extra = append(p.Extra, chat.Member{Name: "functionResponse", Value: append(rest, '}')})
	}
}

// outputOf is what a function's response says: the text of its only member "output" or "error", as Google documents these
// two names, else all of it as JSON.
func outputOf(raw []byte) (out string, failed bool) {
	members, ok := open(raw, '{')
	if ok && members.more() {
		name, value := members.member()
		if !members.more() {
			failed = string(name) == "error"
			if s := text(value); (failed || string(name) == "output") && value[0] == '"' && !isObject(s) {
				return s, failed
			}
		}
	}
	return string(raw), failed
}

// isObject is whether a text is a JSON object, which a function's response can be without more.
func isObject(s string) bool {
	b := bytes.TrimSpace([]byte(s))
	return len(b) > 0 && b[0] == '{' && json.Valid(b)
}

// compact takes the line ends out of a value that was written for people: what goes into an event must have none.
func compact(raw []byte) []byte {
	if bytes.IndexByte(raw, '\n') < 0 {
		return raw
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

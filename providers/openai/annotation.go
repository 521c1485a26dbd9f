package openai

import (
	"encoding/json"

	"github.com/routor/routor/engine/chat"
)

// appendAnnotation appends what a text cites, from one dialect's spelling in another's: a web page is what both of OpenAI's
// know. What can't be said is left out.
func appendAnnotation(dst []byte, a json.RawMessage, from, to chat.Dialect) []byte {
	if from == to {
		return append(comma(dst), a...)
	}
	if text(get(a, "type")) != "url_citation" {
		return dst
	}
	switch {
	case from == chat.Responses && to == chat.Completions:
		dst = append(comma(dst), `{"type":"url_citation","url_citation":{`...)
		for name, v := range chat.Object(a) {
			if name != "type" {
				dst = append(append(chat.AppendQuoted(comma(dst), name), ':'), v...)
			}
		}
		return append(dst, "}}"...)
	case from == chat.Completions && to == chat.Responses:
		dst = append(comma(dst), `{"type":"url_citation"`...)
		for name, v := range chat.Object(get(a, "url_citation")) {
			dst = append(append(chat.AppendQuoted(comma(dst), name), ':'), v...)
		}
		return append(dst, '}')
	}
	return dst
}

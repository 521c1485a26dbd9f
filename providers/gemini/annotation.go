package gemini

import (
	"encoding/json"
	"unicode/utf8"
)

// annotations are the sources that Google names for a text, as the chat completions of OpenAI spell them (url_citation, with
// characters where Google counts bytes); nil = none. All that was said of them is kept beside, in the candidate's members.
func annotations(said string, grounding, citations []byte) json.RawMessage {
	if grounding == nil && citations == nil {
		return nil
	}
	out := []byte{'['}
	out = grounded(out, said, grounding)
	out = cited(out, said, citations)
	if len(out) == 1 {
		return nil
	}
	return append(out, ']')
}

func grounded(out []byte, said string, raw []byte) []byte {
	list := membersOf(raw)
	type source struct{ uri, title string }
	var sources []source
	chunks, ok := open(find(list, "groundingChunks"), '[')
	for ok && chunks.more() {
		var s source
		for _, kind := range membersOf(chunks.value()) { // web, retrievedContext, maps
			m := membersOf(kind.Value)
			s = source{text(find(m, "uri")), text(find(m, "title"))}
		}
		sources = append(sources, s)
	}
	supports, ok := open(find(list, "groundingSupports"), '[')
	for ok && supports.more() {
		m := membersOf(supports.value())
		segment := membersOf(find(m, "segment"))
		from, _ := integer(find(segment, "startIndex"))
		to, _ := integer(find(segment, "endIndex"))
		indices, ok := open(find(m, "groundingChunkIndices"), '[')
		for ok && indices.more() {
			if i, ok := integer(indices.value()); ok && i >= 0 && int(i) < len(sources) && sources[i].uri != "" {
				out = citation(out, said, from, to, sources[i].uri, sources[i].title)
			}
		}
	}
	return out
}

func cited(out []byte, said string, raw []byte) []byte {
	list := membersOf(raw)
	sources := find(list, "citationSources")
	if sources == nil {
		sources = find(list, "citations") // Vertex
	}
	each, ok := open(sources, '[')
	for ok && each.more() {
		m := membersOf(each.value())
		from, _ := integer(find(m, "startIndex"))
		to, _ := integer(find(m, "endIndex"))
		if uri := text(find(m, "uri")); uri != "" {
			out = citation(out, said, from, to, uri, text(find(m, "title")))
		}
	}
	return out
}

func citation(out []byte, said string, from, to int64, uri, title string) []byte {
	out = append(comma(out), `{"type":"url_citation","url_citation":{`...)
	out = putInteger(out, "start_index", characters(said, from))
	out = putInteger(out, "end_index", characters(said, to))
	out = putText(out, "title", title)
	return append(putText(out, "url", uri), '}', '}')
}

// characters is how many characters lie before a byte.
func characters(s string, at int64) int64 {
	at = min(max(at, 0), int64(len(s)))
	return int64(utf8.RuneCountInString(s[:at]))
}

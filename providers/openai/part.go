package openai

import (
	"encoding/json"
	"strings"

	"github.com/routor/routor/engine/chat"
)

// readPart reads a part of a message's content, of either dialect; the problem is a sentence, "" = none. Parts whose spelling
// is not OpenAI's own keep it in Raw.
func readPart(raw json.RawMessage, p *chat.Part, d chat.Dialect) (problem string) {
	if len(raw) == 0 || raw[0] != '{' {
		return "must be an object, not " + kindOf(raw)
	}
	kind := text(get(raw, "type"))
	whole := false
	m := &chat.Media{}
	for name, v := range chat.Object(raw) {
		if isNull(v) || name == "type" {
			continue
		}
		switch {
		case kind == "refusal" && name == "refusal":
			p.Text = text(v)
		case name == "text" && (kind == "text" || kind == "input_text" || kind == "output_text"):
			if v[0] != '"' {
				return "text must be a string, not " + kindOf(v)
			}
			p.Text = text(v)
		case name == "cache_control":
			p.Cache = v
		case name == "annotations" && kind != "refusal":
			if !empty(v) {
				p.Annotations, p.Dialect = v, d
			}
		case name == "logprobs" && kind == "output_text":
			if !empty(v) {
				p.Extra = append(p.Extra, chat.Member{Name: name, Value: v})
			}
		case name == "detail" && (kind == "input_image" || kind == "input_file"):
			m.Detail = text(v)
		case name == "image_url" && (kind == "image_url" || kind == "input_image"):
			if v[0] == '"' {
				setURL(m, text(v))
				whole = whole || kind == "image_url"
				continue
			}
			for n, w := range chat.Object(v) {
				switch n {
				case "url":
					setURL(m, text(w))
				case "detail":
					m.Detail = text(w)
				default:
					whole = true
				}
			}
		case name == "input_audio":
			if v[0] == '"' {
				whole = true
				setLoose(m, text(v))
				continue
			}
			for n, w := range chat.Object(v) {
				switch n {
				case "data":
					setLoose(m, text(w))
				case "format":
					m.Type = audioType(text(w))
				default:
					whole = true
				}
			}
		case name == "file":
			for n, w := range chat.Object(v) {
				whole = !fileMember(m, n, w) || whole
			}
		case kind == "input_file" && fileMember(m, name, v):
		case name == "file_id":
			m.FileID = text(v)
		case strings.HasSuffix(name, "_url") && name == kind: // document_url, file_url, video_url, audio_url
			whole = true
			url := text(v)
			if v[0] == '{' {
				url = text(get(v, "url"))
			}
			setURL(m, url)
		case name == "document_name":
			m.Name, whole = text(v), true
		case name == "thinking":
			p.Text = thinkingText(v)
			p.State = &chat.State{Form: formThinking}
			whole = true
		case name == "closed" && kind == "thinking":
		default:
			p.Extra = append(p.Extra, chat.Member{Name: name, Value: v})
		}
	}
	switch kind {
	case "text", "input_text", "output_text":
		p.Kind = chat.Text
	case "refusal":
		p.Kind = chat.Refusal
	case "thinking":
		p.Kind = chat.Reasoning
	case "image_url", "input_image":
		p.Kind, p.Media = chat.Image, m
	case "input_audio", "audio_url":
		p.Kind, p.Media = chat.Audio, m
	case "file", "input_file", "document_url", "file_url":
		p.Kind, p.Media = chat.File, m
	case "video_url":
		p.Kind, p.Media = chat.Video, m
	case "":
		return "needs a type"
	default:
		*p = chat.Part{Kind: chat.Other, Dialect: d, Raw: raw}
		return ""
	}
	if whole {
		p.Raw, p.Dialect = raw, d
	}
	return ""
}

// fileMember takes a member of a file; false = it is none that is known.
func fileMember(m *chat.Media, name string, v json.RawMessage) bool {
	switch name {
	case "file_data":
		setLoose(m, text(v))
	case "file_url":
		m.URL = text(v)
	case "file_id":
		m.FileID = text(v)
	case "filename":
		m.Name = text(v)
	default:
		return false
	}
	return true
}

// setURL takes a URL, or what a data: URL holds.
func setURL(m *chat.Media, url string) {
	rest, inline := strings.CutPrefix(url, "data:")
	if mime, data, ok := strings.Cut(rest, ";base64,"); inline && ok {
		m.Type, m.Data = mime, data
		return
	}
	m.URL = url
}

// setLoose takes what may be base64 alone, too.
func setLoose(m *chat.Media, data string) {
	if setURL(m, data); m.URL != "" && !strings.HasPrefix(data, "http://") && !strings.HasPrefix(data, "https://") && !strings.HasPrefix(data, "data:") {
		m.URL, m.Data = "", data
	}
}

// urlOf is a URL for media: its own, or one that holds the data; "" = there is only a file's id, or text.
func urlOf(m *chat.Media) string {
	if m.Data == "" {
		return m.URL
	}
	return "data:" + m.Type + ";base64," + m.Data
}

// audioType is the MIME type of what OpenAI names by its format.
func audioType(format string) string {
	if format == "mp3" {
		return "audio/mpeg"
	}
	return "audio/" + format
}

func audioFormat(m *chat.Media) string {
	switch kind := strings.TrimPrefix(strings.TrimPrefix(m.Type, "audio/"), "x-"); kind {
	case "mpeg":
		return "mp3"
	case "wave", "vnd.wave", "":
		return "wav"
	default:
		return kind
	}
}

// thinkingText is the text of a Mistral thinking part: a string, or a list of text parts.
func thinkingText(v json.RawMessage) string {
	if s, ok := chat.View(v); ok {
		return s
	}
	var b strings.Builder
	for _, piece := range chat.Array(v) {
		b.WriteString(text(get(piece, "text")))
	}
	return b.String()
}

// putFile appends what a file part says of its file.
func putFile(dst []byte, m *chat.Media) []byte {
	name := m.Name
	switch {
	case m.FileID != "":
		return putText(dst, "file_id", m.FileID)
	case m.Type == "" && m.Data != "":
		dst = putText(dst, "file_data", m.Data)
	case m.Data != "":
		dst = putText(dst, "file_data", urlOf(m))
		if name == "" { // OpenAI refuses data without a name
			name = "file." + m.Type[strings.LastIndexAny(m.Type, "/+.-")+1:]
		}
	case m.URL != "":
		return putText(dst, "file_url", m.URL)
	}
	return optText(dst, "filename", name)
}

// appendPart appends a part of a chat message's content; false = chat completions can't say it.
func appendPart(dst []byte, p *chat.Part) ([]byte, bool) {
	if p.Raw != nil {
		if p.Dialect == chat.Completions {
			return append(comma(dst), p.Raw...), true
		}
		if p.Kind == chat.Other {
			return dst, false
		}
	}
	from := len(dst)
	dst = append(comma(dst), `{"type":`...)
	m := p.Media
	if m == nil {
		m = &chat.Media{}
	}
	switch p.Kind {
	case chat.Text:
		dst = putText(append(dst, `"text"`...), "text", p.Text)
	case chat.Refusal:
		dst = putText(append(dst, `"refusal"`...), "refusal", p.Text)
	case chat.Image:
		if urlOf(m) == "" {
			return dst[:from], false
		}
		dst = putText(append(append(dst, `"image_url"`...), `,"image_url":{`...), "url", urlOf(m))
		dst = append(optText(dst, "detail", m.Detail), '}')
	case chat.Audio:
		if m.Data == "" {
			return dst[:from], false
		}
		dst = putText(append(append(dst, `"input_audio"`...), `,"input_audio":{`...), "data", m.Data)
		dst = append(putText(dst, "format", audioFormat(m)), '}')
	case chat.File:
		switch {
		case m.Text != "": // a document in plain text is text
			dst = putText(append(dst, `"text"`...), "text", m.Text)
		case m.Data == "" && m.FileID == "":
			return dst[:from], false
		default:
			dst = append(putFile(append(append(dst, `"file"`...), `,"file":{`...), m), '}')
		}
	case chat.Video:
		if urlOf(m) == "" {
			return dst[:from], false
		}
		dst = append(putText(append(append(dst, `"video_url"`...), `,"video_url":{`...), "url", urlOf(m)), '}')
	default:
		return dst[:from], false
	}
	return append(dst, '}'), true
}

// closePart adds to a part what stands beside its content: members that only its dialect knows.
func closePart(dst []byte, p *chat.Part) []byte {
	dst = dst[:len(dst)-1]
	dst = optRaw(dst, "cache_control", p.Cache)
	return append(putExtra(dst, p.Extra), '}')
}

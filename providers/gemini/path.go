package gemini

import (
	"net/url"
	"strings"
)

// Path is where a model is called, behind the base URL, with its query.
func Path(model string, stream bool) string {
	p := "/models/" + url.PathEscape(strings.TrimPrefix(model, "models/"))
	if stream {
		return p + ":streamGenerateContent?alt=sse"
	}
	return p + ":generateContent"
}

// ParsePath is the model and the method of a path "/models/MODEL:METHOD" behind the base URL, without its query.
func ParsePath(path string) (model, method string, ok bool) {
	path = strings.TrimPrefix(path, "/")
	path, ok = strings.CutPrefix(path, "models/")
	colon := strings.LastIndexByte(path, ':')
	if !ok || colon <= 0 {
		return "", "", false
	}
	model, err := url.PathUnescape(path[:colon])
	return model, path[colon+1:], err == nil
}

package engine

import (
	"slices"
	"strings"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/providers"
)

// DialectHeaders are the clients' headers that go upstream as they are, by the dialects whose providers understand them; nil
// = all. To others they don't go, and are named in X-Routor-Dropped.
var DialectHeaders = map[string][]chat.Dialect{
	"traceparent": nil, "tracestate": nil,
	"openai-beta":       {chat.Completions, chat.Responses},
	"anthropic-version": {chat.Messages},
	"anthropic-beta":    {chat.Messages},
}

// goes is whether a header goes to providers of a dialect.
func goes(name string, to chat.Dialect) bool {
	only, known := DialectHeaders[strings.ToLower(name)]
	return !known || only == nil || slices.Contains(only, to)
}

// headersFor are the client's headers that go to the current candidate; the others are noted.
func (x *exchange) headersFor() []providers.Header {
	all := true
	for i := range x.header {
		all = all && goes(x.header[i].Name, x.sent.speaks)
	}
	if all {
		return x.header
	}
	var out []providers.Header
	for _, h := range x.header {
		if goes(h.Name, x.sent.speaks) {
			out = append(out, h)
		} else {
			x.sent.dropped = append(x.sent.dropped, strings.ToLower(h.Name))
		}
	}
	return out
}

package api

import (
	"encoding/json"
	"unicode/utf8"

	"github.com/valyala/fasthttp"
)

const jsonType = "application/json"

// writeJSON answers with a value; it is for endpoints where speed is no matter.
func writeJSON(ctx *fasthttp.RequestCtx, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic("BUG: encode an answer: " + err.Error())
	}
	ctx.SetStatusCode(status)
	ctx.SetContentType(jsonType)
	ctx.Response.SetBodyRaw(append(body, '\n'))
}

// readJSON decodes the body of an admin call, which takes JSON only: a form of another site's page cannot send that.
func readJSON(ctx *fasthttp.RequestCtx, v any) *fault {
	if !hasType(ctx, jsonType) {
		return failure(codeMedia, "the content type is %q, not %s", ctx.Request.Header.ContentType(), jsonType)
	}
	if err := json.Unmarshal(ctx.PostBody(), v); err != nil {
		return failure(codeInvalidJSON, "the body is not what is expected here: %v", err)
	}
	return nil
}

// hasType says whether the body has a media type, whatever its parameters.
func hasType(ctx *fasthttp.RequestCtx, want string) bool {
	given := ctx.Request.Header.ContentType()
	for i, c := range given {
		if c == ';' || c == ' ' {
			given = given[:i]
			break
		}
	}
	return string(given) == want
}

// appendString appends a JSON string (RFC 8259, section 7). What is no UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, '\\', 'n')
		case r < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

package api

import (
	"math/rand/v2"

	"github.com/valyala/fasthttp"
)

const requestIDHeader = "X-Request-Id"

// requestID is the client's own id of its request if it is sane, else a new one.
func requestID(h *fasthttp.RequestHeader) string {
	given := h.Peek(requestIDHeader)
	if len(given) == 0 || len(given) > 128 {
		return newRequestID()
	}
	for _, c := range given {
		if c < '!' || c > '~' || c == '"' || c == '\\' {
			return newRequestID()
		}
	}
	return string(given)
}

// newRequestID needs no secret: it only tells requests apart.
func newRequestID() string {
	const letters = "0123456789abcdefghijklmnopqrstuv"
	var id [28]byte
	copy(id[:], "req_")
	for i := 4; i < len(id); {
		for word, k := rand.Uint64(), 0; k < 12 && i < len(id); k++ {
			id[i] = letters[word&31]
			word >>= 5
			i++
		}
	}
	return string(id[:])
}

package api

import (
	"strconv"

	"github.com/valyala/fasthttp"
)

// adminDecisions answers with the latest decisions, newest first.
func (c *call) adminDecisions(string) *fault {
	limit := 50
	if text := c.QueryArgs().Peek("limit"); len(text) > 0 {
		n, err := strconv.Atoi(string(text))
		if err != nil || n < 1 {
			return failure(codeInvalidType, "limit: must be a whole number of at least 1, not %q", text)
		}
		limit = n
	}
	b := []byte(`{"decisions":[`)
	c.s.recent.each(func(r *record) bool {
		if b[len(b)-1] == '}' {
			b = append(b, ',')
		}
		b = r.append(b)
		limit--
		return limit > 0
	})
	c.rawJSON(append(b, "]}\n"...))
	return nil
}

// adminDecision answers with one decision: what became of it, and if it was kept, every candidate with its reasons.
func (c *call) adminDecision(id string) *fault {
	var b []byte
	c.s.recent.each(func(r *record) bool {
		if r.id != id {
			return true
		}
		b = r.append(nil)
		if r.decision != nil {
			b = append(append(append(b[:len(b)-1], `,"decision":`...), r.decision...), '}')
		}
		return false
	})
	if b == nil {
		return failure(codeNotFound, "decision %q is not among the latest %d", id, len(c.s.recent.ring))
	}
	c.rawJSON(append(b, '\n'))
	return nil
}

func (c *call) rawJSON(b []byte) {
	c.SetStatusCode(fasthttp.StatusOK)
	c.SetContentType(jsonType)
	c.Response.SetBodyRaw(b)
}

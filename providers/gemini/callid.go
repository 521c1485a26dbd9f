package gemini

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// callIDs makes ids for the calls of one answer, other ones in every answer: letters, digits, "_" and "-", at most 40.
type callIDs struct {
	response string // the answer's own id, as far as its characters will do
	made     int
}

func (c *callIDs) next() string {
	if c.response == "" {
		c.response = strconv.FormatUint(rand.Uint64(), 36)
	}
	if c.made == 0 {
		c.response = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
				return r
			}
			return -1
		}, c.response)
		c.response = c.response[:min(len(c.response), 26)]
	}
	c.made++
	return madeUp + c.response + "_" + strconv.Itoa(c.made)
}

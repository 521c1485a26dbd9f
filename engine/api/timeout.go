package api

import (
	"strconv"
	"strings"
	"time"
)

// waits reads how long a client says that it waits for its answer, in seconds; 0 = the header says nothing of that.
//
//	X-Request-Timeout, Request-Timeout   the whole answer
//	X-Stainless-Timeout                  OpenAI's and Anthropic's SDKs: until the headers of the answer. A stream has its
//	                                     headers after clients.silence at the latest, so it bounds plain answers alone.
func waits(name, value string, stream bool) time.Duration {
	switch name {
	case "X-Request-Timeout", "Request-Timeout":
	case "X-Stainless-Timeout":
		if stream {
			return 0
		}
	default:
		return 0
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !(seconds > 0) {
		return 0 // an SDK's slip is no reason to refuse a request
	}
	return time.Duration(min(seconds, 24*3600) * float64(time.Second))
}

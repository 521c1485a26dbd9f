package providers

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// longestRetry bounds what a provider can ask for, so that a wrong clock or unit does not park it for ever.
const longestRetry = 24 * time.Hour

// retryAfter is how long a provider asks us to stay away; 0 = it does not say. Where it says so several times, the
// most exact counts: the headers made for it, then the body, then the reset of a limit that is used up.
func retryAfter(h *fasthttp.ResponseHeader, t told, now time.Time) time.Duration {
	for _, d := range []time.Duration{fromHeaders(h, now), t.Delay, fromText(t.Message), untilMillis(t.Reset, now), fromLimits(h, now)} {
		if d > 0 {
			return min(d, longestRetry)
		}
	}
	return 0
}

func fromHeaders(h *fasthttp.ResponseHeader, now time.Time) time.Duration {
	if h == nil {
		return 0
	}
	if ms, err := strconv.ParseFloat(string(h.Peek("Retry-After-Ms")), 64); err == nil && ms > 0 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	v := strings.TrimSpace(string(h.Peek("Retry-After")))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 {
		return time.Duration(min(s, longestRetry.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(v); err == nil {
		return at.Sub(now)
	}
	return 0
}

// waitText finds "try again after 1 seconds", "Please retry in 48.93s", "try again in 6m0s", "try again in 120ms".
var waitText = regexp.MustCompile(`(?i)(?:again|retry)(?:ing)?\s+(?:after|in)\s+(?:about\s+)?((?:\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b?\s*)+)`)

var waitPart = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*([a-z]+)`)

func fromText(message string) (d time.Duration) {
	m := waitText.FindStringSubmatch(message)
	if m == nil {
		return 0
	}
	for _, part := range waitPart.FindAllStringSubmatch(m[1], -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		unit, known := units[strings.ToLower(part[2])]
		if err != nil || !known {
			return 0
		}
		d += time.Duration(min(n*float64(unit), float64(longestRetry)))
	}
	return d
}

var units = map[string]time.Duration{
	"ms": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
}

func untilMillis(ms string, now time.Time) time.Duration {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || n < 1e12 {
		return 0
	}
	return time.UnixMilli(n).Sub(now)
}

// limits are the headers that say what is left of a limit, and when it is full again.
var limits = []struct{ remaining, reset string }{
	{"X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
	{"X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	{"X-Ratelimit-Remaining", "X-Ratelimit-Reset"},
	{"Anthropic-Ratelimit-Requests-Remaining", "Anthropic-Ratelimit-Requests-Reset"},
	{"Anthropic-Ratelimit-Input-Tokens-Remaining", "Anthropic-Ratelimit-Input-Tokens-Reset"},
	{"Anthropic-Ratelimit-Output-Tokens-Remaining", "Anthropic-Ratelimit-Output-Tokens-Reset"},
}

// fromLimits is the longest reset of a limit of which nothing is left.
func fromLimits(h *fasthttp.ResponseHeader, now time.Time) (d time.Duration) {
	if h == nil {
		return 0
	}
	for _, l := range limits {
		left, err := strconv.ParseFloat(string(h.Peek(l.remaining)), 64)
		if err != nil || left > 0 {
			continue
		}
		d = max(d, resetIn(string(h.Peek(l.reset)), now))
	}
	return d
}

// resetIn reads a reset: a duration as Go writes it ("6m0s"), a point in time, milliseconds since 1970, or seconds.
func resetIn(v string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(v); err == nil {
		return d
	}
	if at, err := time.Parse(time.RFC3339, v); err == nil {
		return at.Sub(now)
	}
	if d := untilMillis(v, now); d != 0 {
		return d
	}
	s, err := strconv.ParseFloat(v, 64)
	switch {
	case err != nil || s <= 0:
		return 0
	case s > 1e9: // seconds since 1970
		return time.Unix(int64(s), 0).Sub(now)
	}
	return time.Duration(min(s, longestRetry.Seconds()) * float64(time.Second))
}

package fidelity

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verdict is what a recorded error means for a client who named the model, by its words and its status.
type verdict struct {
	status int
	retry  bool // SDKs may ask again
}

// verdicts are asked from the top; the first whose words are in an error counts. They are a second opinion: nothing of them comes
// from Routor's own rules.
var verdicts = []struct {
	words  string // a regular expression
	status int    // as recorded; 0 = any
	verdict
}{
	{`credit balance is too low|insufficient_quota`, 0, verdict{429, false}},
	{`Request too large for .* on tokens per min`, 0, verdict{429, true}},
	{`Unknown parameter|Unsupported parameter|Tool call validation failed`, 0, verdict{400, false}},
	{`prompt is too long|context window|input token count|maximum context length`, 0, verdict{400, false}},
	{`content management policy|content_filter|violates|flagged|moderation`, 0, verdict{400, false}},
	{`(?i)api key|x-api-key|subscription key|authentication`, 0, verdict{502, false}}, // Routor's key, not the client's
	{`(?i)has not been used in project|permission '`, 0, verdict{502, false}},
	{`(?i)not allowed to sample from this model|plan not support model|supported API model names|invalid model|not a valid model|does not exist|not supported with the Responses API|no endpoints found|not a chat model|deprecated on`, 0, verdict{404, false}},
	{`(?i)cannot fetch content|error while downloading`, 0, verdict{400, false}},
	{``, 404, verdict{404, false}},
	{``, 429, verdict{429, true}},
	{``, 400, verdict{400, false}},
}

// compareStatus holds the status of an error, and what it says about asking again, against the recorded one. An error that came
// inside a stream has none.
func (r *recording) compareStatus(got answered, said string) string {
	if got.status == 200 {
		return ""
	}
	whole := said + " " + string(r.answer)
	for _, v := range verdicts {
		if v.status != 0 && v.status != r.status || !regexp.MustCompile(v.words).MatchString(whole) {
			continue
		}
		again := got.header.Get("X-Should-Retry") != "false"
		if got.status != v.verdict.status || again != v.retry {
			return fmt.Sprintf("HTTP %d, to be asked again: %v, instead of %d, %v: %s", got.status, again, v.verdict.status, v.retry, cut(got.body))
		}
		return r.compareWait(got, v.retry)
	}
	if r.status == 200 && got.status == 502 || strings.Contains(whole, "Provider returned error") && got.status >= 400 {
		return "" // nobody can tell what it means
	}
	return fmt.Sprintf("HTTP %d, and there is no rule for it: %s", got.status, cut(got.body))
}

var delay = regexp.MustCompile(`"retryDelay":\s*"([0-9.]+)s"`)

// compareWait holds Retry-After against what was recorded: in a header, or in Google's details.
func (r *recording) compareWait(got answered, retry bool) string {
	told := time.Duration(0)
	if m := delay.FindSubmatch(r.answer); m != nil {
		s, _ := strconv.ParseFloat(string(m[1]), 64)
		told = time.Duration(s * float64(time.Second))
	} else if s, err := strconv.ParseFloat(r.header["retry-after"], 64); err == nil {
		told = time.Duration(s * float64(time.Second))
	}
	seconds, ms := got.header.Get("Retry-After"), got.header.Get("Retry-After-Ms")
	switch {
	case !retry && ms != "":
		return "no use in asking again, and Retry-After-Ms " + ms
	case !retry:
		return ""
	case seconds == "" || ms == "":
		return "asking again helps, and nothing says when"
	}
	if s, _ := strconv.Atoi(seconds); told > 0 && s != int(math.Ceil(told.Seconds())) {
		return fmt.Sprintf("Retry-After %s instead of %s", seconds, told)
	}
	if n, _ := strconv.Atoi(ms); told > 0 && time.Duration(n)*time.Millisecond > told {
		return fmt.Sprintf("Retry-After-Ms %s is later than %s", ms, told)
	}
	return ""
}

package engine

import (
	"fmt"
	"strconv"
	"time"

	"github.com/routor/routor/providers"
)

// Tried is a candidate that did not answer, and why, as an error's body tells it.
type Tried struct {
	Deployment string
	Class      string // of the error; "skipped" = it was not asked
	Status     int    // HTTP; 0 = none
	Message    string
	Took       time.Duration
	RetryAfter time.Duration // 0 = unknown
}

// skipped is the class of those that were not asked.
const skipped = "skipped"

// whoFailed begins the message of a failure with how many were asked, each counted once.
func (x *exchange) whoFailed(one, all string) string {
	asked := map[*Candidate]bool{}
	for i := range x.Attempts {
		asked[x.Attempts[i].Candidate] = true
	}
	switch n := len(asked); {
	case n > 1:
		return fmt.Sprintf("all %d candidates that were asked %s; the last one said: ", n, all)
	case len(x.Attempts) > 1:
		return fmt.Sprintf("the only candidate %s, %d times: ", one, len(x.Attempts))
	}
	return "the only candidate " + one + ": "
}

var refusals = [...]string{admitted: "", cooling: "", probed: "another request is finding out whether it is back", full: "as many calls as max_concurrency allows are under way",
	spent: "its provider's retry budget is used up (limits.retry_share)"}

// tried are all attempts, and those of the chain that were passed over.
func (x *exchange) tried() (list []Tried) {
	for i := range x.Attempts {
		if a := &x.Attempts[i]; a.Class != "" {
			list = append(list, Tried{a.Candidate.Deployment.ID, string(a.Class), a.Status, a.Message, a.Took, a.RetryAfter})
		}
	}
	for _, u := range x.unfit {
		list = append(list, Tried{Deployment: u.candidate.Deployment.ID, Class: skipped, Message: u.why})
	}
	d, now := x.rt.Decision, time.Now()
	for k, i := range d.Chain {
		c := &d.Candidates[i]
		if n, _ := x.asked(c); n > 0 || k >= len(x.way.passed) || x.way.passed[k].why == admitted {
			continue
		}
		t := Tried{Deployment: c.Deployment.ID, Class: skipped, Message: refusals[x.way.passed[k].why]}
		if h := x.e.Monitor.health(c.Deployment); x.way.passed[k].why == cooling {
			t.Message, t.RetryAfter = h.Why, h.left(now)
		}
		list = append(list, t)
	}
	return list
}

// AppendTried puts the list into an error's body as its member "tried":
//
//	"tried":[{"deployment":"openai/gpt-5.5","class":"rate_limited","status":429,"message":"…","ms":120,"retry_after":12}, …]
//
// body is {"error":{…}}; it is returned as it is where nothing was tried.
func AppendTried(body []byte, list []Tried) []byte {
	if len(list) == 0 || len(body) < 2 || string(body[len(body)-2:]) != "}}" {
		return body
	}
	body = append(body[:len(body)-2], `,"tried":[`...)
	for i := range list {
		t := &list[i]
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, `{"deployment":`...)
		body = appendString(body, t.Deployment)
		body = appendMember(body, "class", t.Class)
		if t.Status > 0 {
			body = strconv.AppendInt(append(body, `,"status":`...), int64(t.Status), 10)
		}
		if t.Message != "" {
			body = appendMember(body, "message", t.Message)
		}
		if t.Took > 0 {
			body = strconv.AppendInt(append(body, `,"ms":`...), t.Took.Milliseconds(), 10)
		}
		if t.RetryAfter > 0 {
			body = appendFigure(body, "retry_after", t.RetryAfter.Seconds(), 3)
		}
		body = append(body, '}')
	}
	return append(body, "]}}"...)
}

// gaveUp is the failure of a request whose chain has ended: what became of it, what was tried, and when it is worth asking
// again.
func (x *exchange) gaveUp() *Failure {
	if x.late(time.Now()) {
		<-x.ctx.Done() // in this moment
	}
	if x.ctx.Err() != nil {
		return x.stopped()
	}
	f := x.verdict()
	f.Tried = x.tried()
	if f.Status != 429 && f.Status < 500 || f.Code == CodeNotConnected {
		return f
	}
	if left := x.soonestBack(time.Now()); left > 0 {
		f.RetryAfter = left
	}
	return f
}

// soonestBack is when the first of the chain can be asked again; 0 = at once, or nobody knows.
func (x *exchange) soonestBack(now time.Time) (soonest time.Duration) {
	known := false
	for _, i := range x.rt.Decision.Chain {
		dep := x.rt.Decision.Candidates[i].Deployment
		at, ok := x.e.Monitor.readyAt(dep, now)
		if !ok || x.isDead(dep.Provider) || x.e.upstreams[dep.Provider] == nil {
			continue
		}
		if left := at.Sub(now); !known || left < soonest {
			soonest, known = left, true
		}
	}
	return soonest
}

// verdict is what the attempts together mean.
func (x *exchange) verdict() *Failure {
	if x.way.filtered != nil && x.refusal == nil {
		return &Failure{Status: 400, Code: CodeContentFiltered, Type: "invalid_request_error", Message: said(x.way.filtered)}
	}
	if f := x.unable(); f != nil {
		return f
	}
	if len(x.Attempts) > 0 {
		f := x.exhausted()
		if x.way.refused && f.Status >= 429 {
			f.Message += "; it was not asked again, because the retry budget of a provider is used up"
		}
		return f
	}
	list := x.tried()
	if len(list) == 0 {
		return x.exhausted()
	}
	f := &Failure{Status: 503, Code: CodeNoHealthy, Type: "server_error", Message: "every model that could answer is unavailable now"}
	for i, t := range list {
		if i < 3 {
			f.Message += fmt.Sprintf("%s%s: %s", []string{": ", "; "}[min(i, 1)], t.Deployment, t.Message)
		}
	}
	for k, i := range x.rt.Decision.Chain {
		c := &x.rt.Decision.Candidates[i]
		busy := k < len(x.way.passed) && x.way.passed[k].why == full
		if busy || x.e.Monitor.health(c.Deployment).State == providers.Limited {
			f.Status, f.Type = 429, "rate_limit_error"
			f.RetryAfter = max(f.RetryAfter, time.Second)
		}
	}
	return f
}

package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// one sends a question and holds the answer against it. A client that leaves does so after a while.
func (r *run) one(ctx context.Context, q *question, leave time.Duration, warm bool) {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	if leave > 0 {
		time.AfterFunc(leave, cancel)
	}
	id := "chaos-" + q.word + "-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	from := r.since()
	status, body, a, err := r.send(ctx, q, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.report.Clients
	if warm {
		if err != nil || status != 200 {
			r.report.wrong("warm-up", "%s: HTTP %d %v %s", q.path, status, err, short(body))
		}
		return
	}
	c.Sent++
	c.By[q.path]++
	if q.stream {
		c.Streams++
	}
	switch {
	case leave > 0 && ctx.Err() != nil:
		c.Left++
		return
	case err != nil:
		r.report.wrong("transport", "%s %s: HTTP %d: %v", id, q.path, status, err)
		return
	case status != 200:
		c.Statuses[status]++
		var e struct{ Error struct{ Code, Type string } }
		if json.Unmarshal([]byte(body), &e) != nil || e.Error.Type == "" {
			r.report.wrong("error without a shape", "%s HTTP %d: %s", q.path, status, short(body))
		}
		r.report.failed = append(r.report.failed, failedRequest{id: id, code: e.Error.Code, status: status, from: from, to: r.since(), body: short(body)})
		return
	}
	r.take(q, a, id, from)
}

// take counts an answer. The caller holds the lock.
func (r *run) take(q *question, a *answer, id string, from time.Duration) {
	c := &r.report.Clients
	mark, err := a.check(q)
	switch {
	case err != nil:
		r.report.wrong("answer", "%s %s stream=%v kind=%s whole=%v broken=%q: %v: %q (%d calls, by %s)", id, q.path, q.stream, q.kind, a.whole, a.broken, err, short(a.text), a.calls, a.model)
	case !a.whole && a.text == "" && a.arguments == "" && a.calls == 0 && (!a.thought || q.path == chatPath): // elsewhere, reasoning binds to its model
		c.Told++
		r.report.failed = append(r.report.failed, failedRequest{id: id, status: 200, from: from, to: r.since(), body: a.broken})
	case !a.whole:
		c.Broken++
	case mark != "" && r.seen[mark]:
		r.report.wrong("twice", "%s got an answer that was given before (%s)", id, mark)
	default:
		c.Whole++
		if mark != "" {
			r.seen[mark] = true
		}
	}
}

func (r *run) send(ctx context.Context, q *question, id string) (status int, body string, a *answer, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", r.base+q.path, bytes.NewReader(q.body))
	if err != nil {
		return 0, "", nil, err
	}
	key, done := r.keys.take()
	defer done()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("X-Request-Id", id)
	res, err := r.client.Do(req)
	if err != nil {
		return 0, "", nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode != 200:
		text, err := io.ReadAll(res.Body)
		return res.StatusCode, string(text), nil, err
	case q.stream:
		if a, err = readStream(q, res.Body); a != nil {
			a.model = res.Header.Get("X-Routor-Model")
		}
		return 200, "", a, err
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 200, "", nil, err
	}
	if a, err = readPlain(q, text); a != nil {
		a.model = res.Header.Get("X-Routor-Model")
	}
	return 200, string(text), a, err
}

// admin calls the admin API. A body that is bytes is sent as a module.
func (r *run) admin(ctx context.Context, method, path string, body, into any) error {
	kind := "application/json"
	src, isModule := body.([]byte)
	if isModule {
		kind = "application/wasm"
	} else if body != nil {
		src, _ = json.Marshal(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(src))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	req.Header.Set("Content-Type", kind)
	res, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: HTTP %d: %s", method, path, res.StatusCode, short(string(text)))
	}
	if b, ok := into.(*[]byte); ok {
		*b = text
		return nil
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}

// ended is whether an error only says that the run is over.
func ended(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.Canceled)
}

package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/replay"
	"github.com/routor/routor/engine/store"
)

func init() {
	adminCalls = append(adminCalls,
		adminCall{"replays", "GET POST", (*call).adminReplays,
			"Replays that run, or ran within the last hour. POST begins one of the ledger's requests under a draft: `policy` and `catalog` (sources), `classifier` (a version's number, or `builtin`) or `module` (a `.wasm` in base64), `balance`; of which requests: `since`, or `from` and `to`, `limit`; and how: `health` (`recorded`, `all-up`), `seed`, `curve`. It answers 202 with the `id`."},
		adminCall{"replays/*", "GET DELETE", (*call).adminReplay,
			"One replay: its `state` (running, done, failed, cancelled), how far it is, and its `result`: see [replay.md](../replay.md). DELETE cancels one that runs, and forgets one that has ended."})
}

const (
	mostReplaying = 2         // at the same time
	mostReplayed  = 20        // results that are kept
	replayKept    = time.Hour // how long
	replayUsual   = 24 * time.Hour
	// replayPause is how long a replay's worker stands back after every few decisions while clients are waiting for answers.
	replayPause = time.Millisecond
)

// replays are the jobs that run or have run.
type replays struct {
	mu   sync.Mutex
	jobs []*replayJob
	last int
}

// replayJob is one replay. What is not atomic is guarded by replays.mu.
type replayJob struct {
	id, by  string
	total   int64
	done    atomic.Int64
	started time.Time
	ended   time.Time // zero = it runs
	state   string
	err     string
	result  *replay.Result
	cancel  context.CancelFunc
}

// replayCard is a job as it is shown.
type replayCard struct {
	ID        string         `json:"id"`
	State     string         `json:"state"`
	By        string         `json:"by,omitempty"`
	Started   time.Time      `json:"started"`
	Ended     *time.Time     `json:"ended,omitempty"`
	Done      int64          `json:"done"`
	Total     int64          `json:"total"`
	PerSecond float64        `json:"per_second"`
	Left      *float64       `json:"left_s"` // null = not known yet
	Error     string         `json:"error,omitempty"`
	Result    *replay.Result `json:"result,omitempty"`
}

func (j *replayJob) card(now time.Time) replayCard {
	card := replayCard{ID: j.id, State: j.state, By: j.by, Started: j.started.UTC(), Done: j.done.Load(), Total: j.total, Error: j.err}
	took := now.Sub(j.started)
	if !j.ended.IsZero() {
		took = j.ended.Sub(j.started)
		ended := j.ended.UTC()
		card.Ended = &ended
	}
	if s := took.Seconds(); s > 0 {
		card.PerSecond = float64(card.Done) / s
	}
	if card.State == "running" && card.PerSecond > 0 {
		left := float64(max(0, card.Total-card.Done)) / card.PerSecond
		card.Left = &left
	}
	return card
}

// begin takes up a job; nil = as many run as may.
func (r *replays) begin(by string, total int, cancel context.CancelFunc) *replayJob {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(time.Now())
	running := 0
	for _, j := range r.jobs {
		if j.ended.IsZero() {
			running++
		}
	}
	if running >= mostReplaying {
		return nil
	}
	r.last++
	j := &replayJob{id: fmt.Sprintf("rpl_%d", r.last), by: by, total: int64(total), started: time.Now(), state: "running", cancel: cancel}
	r.jobs = append(r.jobs, j)
	return j
}

// forget drops what ended long ago.
func (r *replays) forget(now time.Time) {
	ended := 0
	for i := len(r.jobs) - 1; i >= 0; i-- {
		j := r.jobs[i]
		if j.ended.IsZero() {
			continue
		}
		if ended++; ended > mostReplayed || now.Sub(j.ended) > replayKept {
			r.jobs = slices.Delete(r.jobs, i, i+1)
		}
	}
}

func (r *replays) end(j *replayJob, result *replay.Result, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j.ended = time.Now()
	switch {
	case err == nil:
		j.state, j.result = "done", result
		j.total = int64(result.Asked)
		j.done.Store(j.total)
	case errors.Is(err, context.Canceled):
		j.state = "cancelled"
	default:
		j.state, j.err = "failed", err.Error()
	}
}

// stop cancels all that run.
func (r *replays) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range r.jobs {
		j.cancel()
	}
}

// replayBody is the body of POST /admin/replays.
type replayBody struct {
	Policy     *string    `json:"policy"`
	Classifier any        `json:"classifier"` // a version's number, or "builtin"
	Module     []byte     `json:"module"`     // base64
	Catalog    *string    `json:"catalog"`    // the overlay
	Balance    *float64   `json:"balance"`
	Since      string     `json:"since"`
	From       *time.Time `json:"from"`
	To         *time.Time `json:"to"`
	Limit      int        `json:"limit"`
	Health     string     `json:"health"`
	Seed       *uint64    `json:"seed"`
	Curve      bool       `json:"curve"`
}

// filter is which requests a replay is about.
func (b *replayBody) filter(now time.Time) (ledger.Filter, *fault) {
	var f ledger.Filter
	switch {
	case b.Since != "" && b.From != nil:
		return f, invalid("since", "since and from say the same: give one of them")
	case b.Since != "":
		d, err := ledger.ParseAge(b.Since)
		if err != nil {
			return f, invalid("since", "%v", err)
		}
		f.From = now.Add(-d)
	case b.From != nil:
		f.From = *b.From
	default:
		f.From = now.Add(-replayUsual)
	}
	if b.To != nil {
		f.To = *b.To
	}
	switch {
	case b.Limit < 0:
		return f, invalid("limit", "must be 0 (all) or more")
	case b.Health != "" && b.Health != replay.Recorded && b.Health != replay.AllUp:
		return f, invalid("health", "must be %s or %s, not %q", replay.Recorded, replay.AllUp, b.Health)
	case b.Balance != nil && !(*b.Balance >= 0 && *b.Balance <= 1):
		return f, invalid("balance", "must be from 0 to 1")
	case b.Policy == nil && b.Classifier == nil && len(b.Module) == 0 && b.Catalog == nil && b.Balance == nil:
		return f, invalid("policy", "nothing is changed: send a policy, a classifier, a catalog or a balance")
	}
	return f, nil
}

func (c *call) adminReplays(string) *fault {
	if string(c.Method()) == "GET" {
		r, now := &c.s.replays, time.Now()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.forget(now)
		cards := make([]replayCard, 0, len(r.jobs))
		for _, j := range r.jobs {
			cards = append(cards, j.card(now))
		}
		slices.SortStableFunc(cards, func(a, b replayCard) int { return cmp.Compare(b.Started.UnixNano(), a.Started.UnixNano()) })
		writeJSON(c.RequestCtx, 200, map[string]any{"replays": cards})
		return nil
	}
	var body replayBody
	if f := readJSON(c.RequestCtx, &body); f != nil {
		return f
	}
	filter, f := body.filter(time.Now())
	if f != nil {
		return f
	}
	if c.s.Ledger == nil {
		return withoutLedger()
	}
	live := c.s.Engine.Live.Acquire()
	draft, done, f := c.replayDraft(live, &body)
	if f != nil || draft == nil { // which has been answered
		live.Release()
		return f
	}
	release := func() { done(); live.Release() }
	total := c.s.Ledger.Total(filter)
	if body.Limit > 0 {
		total = min(total, body.Limit)
	}
	ctx, cancel := context.WithCancel(context.Background())
	job := c.s.replays.begin(c.who.name, total, cancel)
	if job == nil {
		cancel()
		release()
		f := failure(codeBusy, "%d replays run already, which is as many as may: wait, or cancel one", mostReplaying)
		f.after = 5 * time.Second
		return f
	}
	options := replay.Options{
		Before: live, After: draft, Health: body.Health, Seed: body.Seed, Reclassify: draft.Classifier != live.Classifier, Curve: body.Curve,
		Workers: spareWorkers(), Pace: c.s.standBack, Progress: func(n int) { job.done.Store(int64(n)) },
	}
	s := c.s
	go func() {
		defer cancel()
		defer release()
		settle, stop := context.WithTimeout(ctx, time.Second)
		s.settleLedger(settle)
		stop()
		result, err := replay.Run(ctx, options, replay.Ledger(s.Ledger, filter, body.Limit))
		s.replays.end(job, result, err)
	}()
	writeJSON(c.RequestCtx, 202, map[string]any{"id": job.id})
	return nil
}

// standBack lets clients' requests come first.
func (s *Server) standBack() {
	if s.asking.Load() > 0 {
		time.Sleep(replayPause)
		return
	}
	runtime.Gosched()
}

// replayDraft is the snapshot that a replay decides by afterwards, and what lets go of it. Where the draft does not check the call is
// answered and the snapshot nil.
func (c *call) replayDraft(live *engine.Snapshot, body *replayBody) (*engine.Snapshot, func(), *fault) {
	d := engine.Draft{Balance: body.Balance}
	done := func() {}
	if body.Policy != nil {
		d.Policy = []byte(*body.Policy)
	}
	var err error
	if body.Catalog != nil {
		if d.Catalog, err = c.overlay([]byte(*body.Catalog)); err != nil {
			return nil, nil, c.unchecked(err)
		}
	}
	if body.Classifier != nil || len(body.Module) > 0 {
		module, f := c.replayModule(body)
		if f != nil {
			return nil, nil, f
		}
		if d.Classifier, err = c.classifierOf(module); err != nil {
			return nil, nil, c.unchecked(err)
		}
		done = d.Classifier.Close
	}
	draft, err := c.s.draft(live, d)
	if err != nil {
		done()
		return nil, nil, c.unchecked(err)
	}
	return draft, done, nil
}

// overlay makes a catalog of an overlay, as publishing it would.
func (c *call) overlay(src []byte) (*catalog.Catalog, error) {
	if d := c.s.Documents; d != nil && d.Catalog != nil {
		return d.Catalog("catalog.yaml", src)
	}
	return catalog.Builtin().Overlay("catalog.yaml", src)
}

// replayModule is the module that a replay asks for; none = the built-in one.
func (c *call) replayModule(body *replayBody) ([]byte, *fault) {
	if len(body.Module) > 0 {
		if body.Classifier != nil {
			return nil, invalid("module", "classifier and module say the same: give one of them")
		}
		return body.Module, nil
	}
	number, ok := body.Classifier.(float64)
	if body.Classifier == "builtin" {
		return nil, nil
	}
	if !ok || number < 1 || number != float64(uint64(number)) {
		return nil, invalid("classifier", `must be a version's number or "builtin", not %v`, body.Classifier)
	}
	d, f := c.documents()
	if f != nil {
		return nil, f
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	v, err := d.History().Get(ctx, store.Classifier, store.Live, uint64(number))
	if err != nil {
		return nil, invalid("classifier", "%v", err)
	}
	return v.Content, nil
}

// classifierOf loads a module beside what serves.
func (c *call) classifierOf(module []byte) (*classifiers.Classifier, error) {
	if c.s.Documents == nil || c.s.Documents.Publisher == nil {
		return nil, errors.New("this server takes no other classifier")
	}
	p := c.s.Documents.Publisher
	if len(module) == 0 {
		return classifiers.New(nil, p.Builtin), nil
	}
	m, err := classifiers.Load(context.Background(), module, p.Host)
	if err != nil {
		return nil, err
	}
	return classifiers.New(m, p.Builtin), nil
}

func (c *call) adminReplay(id string) *fault {
	r := &c.s.replays
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.jobs, func(j *replayJob) bool { return j.id == id })
	if i < 0 {
		return failure(codeNotFound, "there is no replay %q: results are kept for %s", id, replayKept)
	}
	j := r.jobs[i]
	if string(c.Method()) == "DELETE" {
		if j.ended.IsZero() {
			j.cancel()
		} else {
			r.jobs = slices.Delete(r.jobs, i, i+1)
		}
	}
	card := j.card(time.Now())
	if card.Result = j.result; j.result != nil && !c.who.prompts {
		card.Result = wordless(j.result)
	}
	writeJSON(c.RequestCtx, 200, card)
	return nil
}

// wordless is a result for those who may not read prompts.
func wordless(r *replay.Result) *replay.Result {
	b := encoded(r)
	var c replay.Result
	if err := json.Unmarshal(b, &c); err != nil {
		panic("BUG: read a result back: " + err.Error())
	}
	c.WithoutPrompts()
	return &c
}

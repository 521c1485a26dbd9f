package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/routor/routor/classifiers"
	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/store"
)

func init() {
	adminCalls = append(adminCalls,
		adminCall{"check/classifier", "GET POST", (*call).adminCheckModule,
			"POST checks a module, sent as `application/wasm`, and publishes nothing: a line of JSON for each step as it ends (`file`, `abi`, `card`, `probes`, `speed`, `tests`, `compare`: `state` ok, warn, failed or skipped, `text`, `detail`), and a last one `done`. GET gives the reports of the modules that were checked here last, the refused ones too."},
		adminCall{"compare/classifier", "GET", (*call).adminCompareModules,
			"Puts the same recorded prompts to two modules: `?a=` and `&b=` are a version's number, `builtin` or `live`; `&limit=500` prompts, `&show=20` of those on which they differ most."})
}

// The steps of a module's check, in their order.
var moduleSteps = []string{"file", "abi", "card", "probes", "speed", "tests", "compare"}

const (
	comparedUsual = 500
	comparedMost  = 5000
	reportsKept   = 20
	// paceSlow is from where on a module is called slow, for a text of 2,000 bytes: a decision is to take well below a millisecond.
	paceSlow = 1000 // µs
)

// moduleStep is what came of a step.
type moduleStep struct {
	Step   string  `json:"step"`
	State  string  `json:"state"` // ok, warn, failed, skipped
	Text   string  `json:"text"`
	MS     float64 `json:"ms"`
	Detail any     `json:"detail,omitempty"`
}

// moduleReport is what came of a module.
type moduleReport struct {
	Time   time.Time         `json:"time"`
	Author string            `json:"author"`
	Name   string            `json:"name,omitempty"` // of the file
	Size   int               `json:"size"`
	SHA256 string            `json:"sha256"`
	Card   *classifiers.Card `json:"card,omitempty"`
	OK     bool              `json:"ok"`    // it could be published
	Still  string            `json:"still"` // serves
	Steps  []moduleStep      `json:"steps"`
	Tell   func(moduleStep)  `json:"-"`
	module *classifiers.Module
}

// reports are those of the modules that were checked last, newest first.
type reports struct {
	mu   sync.Mutex
	list []*moduleReport
}

func (r *reports) add(m *moduleReport) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = slices.DeleteFunc(r.list, func(old *moduleReport) bool { return old.SHA256 == m.SHA256 })
	r.list = slices.Insert(r.list, 0, m)
	r.list = r.list[:min(len(r.list), reportsKept)]
}

func (r *reports) latest() []*moduleReport {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*moduleReport{}, r.list...)
}

// adminCheckModule tells each step as it ends, since a module of megabytes takes seconds.
func (c *call) adminCheckModule(string) *fault {
	if string(c.Method()) == "GET" {
		list := c.s.reports.latest()
		if !c.who.prompts {
			for i, r := range list {
				list[i] = r.withoutPrompts()
			}
		}
		writeJSON(c.RequestCtx, 200, map[string]any{"reports": list})
		return nil
	}
	if c.s.Documents == nil || c.s.Documents.Publisher == nil {
		return failure(codeNotSupported, "this server takes no other classifier")
	}
	p, f := c.module()
	if f != nil {
		return f
	}
	if len(p.Content) == 0 {
		return failure(codeInvalidType, "the body is empty: send the module's bytes")
	}
	sum := sha256.Sum256(p.Content)
	report := &moduleReport{Time: time.Now().UTC(), Author: c.author(""), Name: string(c.QueryArgs().Peek("name")), Size: len(p.Content), SHA256: hex.EncodeToString(sum[:]), Steps: []moduleStep{}}
	id, s, who := c.id, c.s, c.who
	c.SetContentType("application/x-ndjson")
	c.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() {
			if p := recover(); p != nil {
				s.panicked(p, id)
			}
		}()
		line := json.NewEncoder(w)
		report.Tell = func(step moduleStep) {
			if !who.prompts {
				step = step.withoutPrompts()
			}
			_ = line.Encode(step) // a client that has gone still gets its report kept
			_ = w.Flush()
		}
		s.checkModule(report, p.Content)
		s.reports.add(report)
		_ = line.Encode(map[string]any{"step": "done", "ok": report.OK, "still": report.Still, "sha256": report.SHA256, "card": report.Card})
		_ = w.Flush()
	})
	return nil
}

// step does one, and notes what came of it. After a failed one the others are skipped.
func (r *moduleReport) step(name string, do func() (state, text string, detail any)) {
	s := moduleStep{Step: name, State: "skipped", Text: "not reached"}
	if !slices.ContainsFunc(r.Steps, func(s moduleStep) bool { return s.State == "failed" && s.Step != "tests" }) {
		start := time.Now()
		s.State, s.Text, s.Detail = do()
		s.MS = float64(time.Since(start).Microseconds()) / 1000
	}
	r.Steps = append(r.Steps, s)
	r.Tell(s)
}

// checkModule goes through all steps with a module.
func (s *Server) checkModule(r *moduleReport, wasm []byte) {
	live := s.Engine.Live.Acquire()
	defer live.Release()
	r.Still = nameOf(live, s.Documents.Live(store.Classifier))
	var err error
	start := time.Now()
	r.module, err = classifiers.Load(context.Background(), wasm, s.Documents.Publisher.Host)
	loading := time.Since(start)
	if r.module != nil {
		card := r.module.Card()
		r.Card = &card
		defer r.module.Close()
	}
	broken := stepOf(err)
	// Loading is one act of several steps: all before the one that broke have held.
	of := func(name string, ok func() (string, any)) func() (string, string, any) {
		return func() (string, string, any) {
			if broken == name {
				return "failed", strings.TrimPrefix(err.Error(), classifiers.ErrLoad.Error()+": "), nil
			}
			text, detail := ok()
			return "ok", text, detail
		}
	}
	r.step("file", func() (string, string, any) { return "ok", fmt.Sprintf("%d bytes, sha256 %s", r.Size, r.SHA256), nil })
	r.step("abi", of("abi", func() (string, any) {
		if r.module == nil {
			return "follows ABI v1", nil
		}
		a, _ := r.module.Anatomy()
		return fmt.Sprintf("follows ABI v1; loaded in %d ms", loading.Milliseconds()), a
	}))
	r.step("card", of("card", func() (string, any) {
		if r.Card == nil {
			return "its card can be read", nil
		}
		return r.Card.String() + ": " + headsText(r.Card), r.Card.Heads
	}))
	r.step("probes", of("probes", r.probes))
	r.step("speed", r.speed)
	r.step("tests", func() (string, string, any) { return s.moduleTests(live, r.module) })
	r.step("compare", func() (string, string, any) { return s.moduleCompare(live, r.module) })
	r.OK = !slices.ContainsFunc(r.Steps, func(s moduleStep) bool { return s.State == "failed" })
}

// stepOf is the step at which loading broke; "" = it did not.
func stepOf(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, classifiers.ErrCard):
		return "card"
	case strings.Contains(err.Error(), `probe "`):
		return "probes"
	}
	return "abi"
}

// nameOf is what serves, for people.
func nameOf(live *engine.Snapshot, v *store.Version) string {
	name := "no classifier"
	if live.Classifier != nil {
		name = live.Classifier.Card().String()
	}
	if v != nil && v.Size > 0 {
		return fmt.Sprintf("v%d (%s)", v.Number, name)
	}
	return name + " (built-in)"
}

func headsText(card *classifiers.Card) string {
	heads := make([]string, len(card.Heads))
	for i, h := range card.Heads {
		heads[i] = fmt.Sprintf("%s (%d)", h.Name, len(h.Labels))
	}
	return strings.Join(heads, ", ")
}

type probed struct {
	Name  string  `json:"name"`
	Best  string  `json:"best"`
	Share float64 `json:"of_limit"` // fuel used, as a share of what is allowed
	US    float64 `json:"us"`
}

// probes tells what each hostile input took.
func (r *moduleReport) probes() (string, any) {
	var out []probed
	var result classifiers.Result
	most := probed{}
	for _, p := range classifiers.Probes(classifiers.DefaultCut) {
		cost, err := r.module.Measure(&p.Input, &result)
		if err != nil {
			continue // it stood them when it was loaded
		}
		one := probed{p.Name, result.Best().String(), float64(cost.Fuel) / float64(max(cost.Most, 1)), float64(cost.Took.Nanoseconds()) / 1e3}
		if out = append(out, one); one.Share > most.Share {
			most = one
		}
	}
	return fmt.Sprintf("stands %d hostile inputs; %.0f %% of the fuel at most, for %s", len(out), 100*most.Share, most.Name), out
}

// speed measures texts of several lengths.
func (r *moduleReport) speed() (state, text string, detail any) {
	speeds, err := classifiers.Speeds(r.module, []int{50, 500, 2_000, 8_000}, 20*time.Millisecond)
	if err != nil {
		return "failed", err.Error(), speeds
	}
	at := speeds[2]
	if text = fmt.Sprintf("%.0f µs for 2,000 bytes (p99 %.0f µs)", at.P50, at.P99); at.P50 > paceSlow {
		return "warn", text + ": every decision would wait for it", speeds
	}
	return "ok", text, speeds
}

// moduleTests runs the live policy's tests with a module in the place of the one that serves.
func (s *Server) moduleTests(live *engine.Snapshot, m *classifiers.Module) (state, text string, detail any) {
	next := classifiers.New(m, s.Documents.Publisher.Builtin) // the module is the caller's, who closes it
	draft, err := s.draft(live, engine.Draft{Classifier: next})
	if err != nil {
		return "failed", "the policy can't live with it: " + err.Error(), policyProblems(err)
	}
	passed, failed := 0, []string{}
	list := []testOutcome{}
	for _, t := range engine.RunTests(draft) {
		out := testOutcome{Name: t.Name, Line: t.Line, Pass: t.Pass, Warn: t.Warn, Error: t.Error, Items: []testItem{}}
		for _, o := range t.Outcomes {
			out.Items = append(out.Items, testItem{o.Expect, o.Line, o.Pass, o.Got, o.Error})
		}
		list = append(list, out)
		if t.Pass {
			passed++
		} else if !t.Warn {
			failed = append(failed, t.Name)
		}
	}
	if len(failed) > 0 {
		return "failed", fmt.Sprintf("%d of %d policy tests fail: %s", len(failed), len(list), strings.Join(failed, ", ")), list
	}
	return "ok", fmt.Sprintf("%d of %d policy tests pass", passed, len(list)), list
}

// moduleCompare puts recorded prompts to a module and to what serves.
func (s *Server) moduleCompare(live *engine.Snapshot, m *classifiers.Module) (state, text string, detail any) {
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	prompts, err := s.recordedPrompts(ctx, live, comparedUsual)
	switch {
	case err != nil:
		return "warn", "recorded prompts could not be read: " + err.Error(), nil
	case live.Classifier == nil:
		return "warn", "nothing serves that it could be compared with", nil
	case len(prompts) == 0:
		return "warn", "no recorded prompt keeps its words (prompts: text in a profile keeps them)", nil
	}
	c := classifiers.Compare(serving{live.Classifier}, m, prompts, live.Policy.TierOf, 20)
	text = fmt.Sprintf("on %d recorded prompts %.1f %% get another category and %.1f %% another tier (%.1f %% lower, %.1f %% higher)",
		c.Prompts, 100*(1-c.SameCategory), 100*(1-c.SameTier), 100*c.Lower, 100*c.Higher)
	if c.Failed[1] > 0 {
		return "failed", fmt.Sprintf("%d of %d recorded prompts broke it", c.Failed[1], c.Prompts), c
	}
	return "ok", text, c
}

// serving is what serves, as a reader of prompts: it never fails, since another stands in.
type serving struct{ *classifiers.Classifier }

func (s serving) Classify(in *classifiers.Input, out *classifiers.Result) error {
	s.Classifier.Classify(in, out)
	return nil
}

// recordedPrompts are the newest of the ledger whose words are kept, as classifiers read them.
func (s *Server) recordedPrompts(ctx context.Context, live *engine.Snapshot, n int) ([]classifiers.Prompted, error) {
	if s.Ledger == nil {
		return nil, nil
	}
	records, err := s.sample.latest(ctx, s, min(4*n, comparedMost))
	if err != nil {
		return nil, err
	}
	var out []classifiers.Prompted
	recaller := engine.NewRecaller(live)
	for _, rec := range records {
		if rec.Prompt.Text == "" || rec.Facts == nil {
			continue
		}
		if err := recaller.Recall(rec); err != nil {
			continue
		}
		recaller.Request.Context = rec.Prompt.Context
		p := classifiers.Prompted{ID: recordID(rec)}
		engine.ClassifierInput(&recaller.Request, &p.Input)
		p.Input.Text, p.Input.System, p.Input.Context = strings.Clone(p.Input.Text), strings.Clone(p.Input.System), strings.Clone(p.Input.Context)
		if out = append(out, p); len(out) == n {
			break
		}
	}
	return out, nil
}

func recordID(rec *ledger.Record) string {
	if rec.ID != "" {
		return rec.ID
	}
	return rec.Request
}

func (c *call) adminCompareModules(string) *fault {
	d, f := c.documents()
	if f != nil {
		return f
	}
	limit, f := c.number("limit")
	if f != nil {
		return f
	}
	most, f := c.number("show")
	if f != nil {
		return f
	}
	if limit == 0 {
		limit = comparedUsual
	}
	if most == 0 {
		most = 20
	}
	live := c.s.Engine.Live.Acquire()
	defer live.Release()
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	var sides [2]classifiers.Reader
	for i, name := range []string{"a", "b"} {
		reader, done, err := c.s.reader(ctx, d, live, string(c.QueryArgs().Peek(name)))
		if err != nil {
			return invalid(name, "%v", err)
		}
		defer done()
		sides[i] = reader
	}
	prompts, err := c.s.recordedPrompts(ctx, live, int(min(limit, comparedMost)))
	if err != nil {
		return ledgerFault(err)
	}
	result := classifiers.Compare(sides[0], sides[1], prompts, live.Policy.TierOf, int(min(most, 200)))
	if !c.who.prompts {
		result = unworded(result)
	}
	writeJSON(c.RequestCtx, 200, result)
	return nil
}

// reader is the module of a version, the built-in one, or what serves, and how to let go of it.
func (s *Server) reader(ctx context.Context, d *Documents, live *engine.Snapshot, name string) (classifiers.Reader, func(), error) {
	nothing := func() {}
	p := d.Publisher
	switch {
	case name == "live" && live.Classifier != nil:
		return serving{live.Classifier}, nothing, nil
	case name == "builtin" && p != nil && p.Builtin != nil:
		return p.Builtin, nothing, nil
	}
	var number uint64
	if _, err := fmt.Sscanf(name, "%d", &number); err != nil || number == 0 {
		return nil, nil, fmt.Errorf("must be a version's number, builtin or live, not %q", name)
	}
	v, err := d.History().Get(ctx, store.Classifier, store.Live, number)
	if err != nil {
		return nil, nil, err
	}
	if len(v.Content) == 0 {
		return p.Builtin, nothing, nil
	}
	m, err := classifiers.Load(ctx, bytes.Clone(v.Content), p.Host)
	if err != nil {
		return nil, nil, err
	}
	return m, m.Close, nil
}

// unworded is a comparison for those who may not read prompts.
func unworded(c classifiers.Comparison) classifiers.Comparison {
	c.Differences = slices.Clone(c.Differences)
	for i := range c.Differences {
		c.Differences[i].Text = ""
	}
	return c
}

func (s moduleStep) withoutPrompts() moduleStep {
	if c, ok := s.Detail.(classifiers.Comparison); ok {
		s.Detail = unworded(c)
	}
	return s
}

func (r *moduleReport) withoutPrompts() *moduleReport {
	blind := *r
	blind.Steps = make([]moduleStep, len(r.Steps))
	for i, s := range r.Steps {
		blind.Steps[i] = s.withoutPrompts()
	}
	return &blind
}

package api

import (
	"errors"
	"strings"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/policies"
)

// workbenchCalls are the calls that show what a draft of a policy would do, without publishing it.
var workbenchCalls = []adminCall{
	{"check/policy", "POST", (*call).adminCheckPolicy, "Checks a policy, publishes nothing: `{\"source\"}` gives `problems` with place, mend and, where there is no doubt, the text that mends it (`replace`); `rules` with their lines; and what came of the policy's own `tests`. Columns count characters from 1; `end_column` is the first one behind."},
	{"environment", "GET", (*call).adminEnvironment, "What a policy can be written with, for editors: variables with the values that they can have here, functions, and keys of file, rule and test."},
}

func init() { adminCalls = append(adminCalls, workbenchCalls...) }

// draftSource is the body of calls that take a policy nobody has published.
type draftSource struct {
	Source *string `json:"source"`
}

// policyProblem is one thing that is wrong with a policy, or most likely not meant.
type policyProblem struct {
	Severity  string `json:"severity"` // error, warning
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	Path      string `json:"path,omitempty"`
	Rule      string `json:"rule,omitempty"`
	Message   string `json:"message"`
	Mend      string `json:"mend,omitempty"`
	Replace   string `json:"replace,omitempty"`
}

type ruleLine struct {
	Name string `json:"name"`
	Line int    `json:"line"`
}

type testItem struct {
	Expect string `json:"expect"`
	Line   int    `json:"line"`
	Pass   bool   `json:"pass"`
	Actual string `json:"actual"`
	Error  string `json:"error,omitempty"`
}

type testOutcome struct {
	Name  string     `json:"name"`
	Line  int        `json:"line"`
	Pass  bool       `json:"pass"`
	Warn  bool       `json:"warn"`
	Error string     `json:"error,omitempty"`
	Items []testItem `json:"items"`
}

// policyCheck is the answer of /admin/check/policy.
type policyCheck struct {
	OK       bool            `json:"ok"` // it could be published: nothing is wrong, and no test fails that blocks
	Problems []policyProblem `json:"problems"`
	Rules    []ruleLine      `json:"rules"`
	Tests    []testOutcome   `json:"tests"`
}

func (c *call) adminCheckPolicy(string) *fault {
	var body draftSource
	if f := readJSON(c.RequestCtx, &body); f != nil {
		return f
	}
	if body.Source == nil {
		return missingSource()
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	check := policyCheck{OK: true, Problems: []policyProblem{}, Rules: []ruleLine{}, Tests: []testOutcome{}}
	draft, err := c.s.draft(s, engine.Draft{Policy: []byte(*body.Source)})
	if err != nil {
		check.OK, check.Problems = false, policyProblems(err)
		writeJSON(c.RequestCtx, 200, check)
		return nil
	}
	for _, e := range draft.Policy.Warnings() {
		check.Problems = append(check.Problems, problemAt(e, "warning"))
	}
	for i := range draft.Policy.Rules {
		r := &draft.Policy.Rules[i]
		check.Rules = append(check.Rules, ruleLine{r.Name, r.Line})
	}
	for _, t := range engine.RunTests(draft) {
		check.OK = check.OK && (t.Pass || t.Warn)
		out := testOutcome{Name: t.Name, Line: t.Line, Pass: t.Pass, Warn: t.Warn, Error: t.Error, Items: []testItem{}}
		for _, o := range t.Outcomes {
			out.Items = append(out.Items, testItem{o.Expect, o.Line, o.Pass, o.Got, o.Error})
		}
		check.Tests = append(check.Tests, out)
	}
	writeJSON(c.RequestCtx, 200, check)
	return nil
}

func missingSource() *fault {
	f := failure(codeInvalidType, "source: missing: send the policy's YAML as a string")
	f.param = "source"
	return f
}

// draft is a snapshot with a draft in it, under the same settings as if it were published.
func (s *Server) draft(on *engine.Snapshot, d engine.Draft) (*engine.Snapshot, error) {
	if d.Balance == nil && d.Policy != nil && s.Documents != nil && s.Documents.Publisher != nil {
		d.Balance = s.Documents.Publisher.Balance
	}
	return on.With(d)
}

func problemAt(e policies.Error, severity string) policyProblem {
	return policyProblem{severity, e.Line, e.Column, max(e.EndLine, e.Line), max(e.EndColumn, e.Column), e.Path, e.Rule, e.Message, e.Hint, e.Replace}
}

// policyProblems are what is wrong with a draft. What is not about the policy's text alone stands in its first line.
func policyProblems(err error) []policyProblem {
	var list policies.Errors
	if errors.As(err, &list) {
		out := make([]policyProblem, len(list))
		for i, e := range list {
			out[i] = problemAt(e, "error")
		}
		return out
	}
	var out []policyProblem
	for line := range strings.SplitSeq(err.Error(), "\n") {
		out = append(out, policyProblem{Severity: "error", Line: 1, Column: 1, EndLine: 1, EndColumn: 1, Message: line})
	}
	return out
}

// unchecked answers that a draft does not check, with its problems as /admin/check/policy gives them.
func (c *call) unchecked(err error) *fault {
	f := byCode[codeCheckFailed]
	c.record.code = f.Code
	writeJSON(c.RequestCtx, f.Status, map[string]any{"error": map[string]any{
		"message": err.Error(), "type": f.Type, "code": f.Code, "param": "source", "problems": policyProblems(err),
	}})
	return nil
}

func (c *call) adminEnvironment(string) *fault {
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	scope := policies.Scope{Catalog: s.Catalog, Heads: s.Heads, Profiles: s.ProfileNames()}
	writeJSON(c.RequestCtx, 200, policies.GuideFor(scope))
	return nil
}

package policies

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// evaluator runs expressions: a virtual machine and the environment that it reads, pooled with the policy so that
// neither is made anew for a request.
type evaluator struct {
	env  map[string]any
	vm   vm.VM
	view view
}

func newEvaluator() *evaluator {
	return &evaluator{env: map[string]any{}, vm: vm.VM{MemoryBudget: memoryBudget}}
}

// evaluator is one whose environment holds what the policy's rules read of the request.
func (p *Policy) evaluator(r *Request) *evaluator {
	e := p.evaluators.Get().(*evaluator)
	e.view = view{Request: r, now: r.Now.In(p.Timezone)}
	for _, v := range p.requests {
		e.env[v.Name] = v.request(&e.view)
	}
	return e
}

// release gives the evaluator back without the request's text, which must not outlive the request.
func (p *Policy) release(e *evaluator) {
	clear(e.env)
	clear(e.vm.Stack[:cap(e.vm.Stack)])
	clear(e.vm.Variables)
	e.view = view{}
	p.evaluators.Put(e)
}

// candidate puts what the expression reads of a candidate into the environment; index is that of its deployment.
func (e *evaluator) candidate(x *expression, c *Candidate, index int) {
	for i, v := range x.reads {
		switch {
		case v.catalog != nil:
			e.env[v.Name] = x.columns[i][index]
		case v.candidate != nil:
			e.env[v.Name] = v.candidate(c)
		}
	}
}

// run evaluates; err is "" or why it could not.
func (e *evaluator) run(x *expression) (value any, err string) {
	for _, v := range x.needs {
		if e.env[v.Name] == nil {
			return nil, v.Name + " is unknown"
		}
	}
	value, failed := e.vm.Run(x.program, e.env)
	if failed != nil {
		return nil, reason(failed)
	}
	return value, ""
}

func (e *evaluator) bool(x *expression) (yes bool, err string) {
	value, err := e.run(x)
	if err != "" {
		return false, err
	}
	yes, ok := value.(bool)
	if !ok {
		return false, "is neither true nor false"
	}
	return yes, ""
}

func (e *evaluator) number(x *expression) (n float64, err string) {
	value, err := e.run(x)
	if err != "" {
		return 0, err
	}
	switch v := value.(type) {
	case float64:
		return v, ""
	case int:
		return float64(v), ""
	}
	return 0, "is not a number"
}

// reason is expr's message without its drawing of the source, and without the values that it quotes: they may be of the
// request's text, which belongs in no log.
func reason(err error) string {
	message := err.Error()
	var at *file.Error
	if errors.As(err, &at) && at.Message != "" {
		message = at.Message
	}
	if before, _, quoted := strings.Cut(message, `"`); quoted {
		message = strings.TrimRight(before, " :")
	}
	return message
}

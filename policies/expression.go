package policies

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// expression is one compiled expression with what it reads. It is immutable and may be run from many goroutines.
type expression struct {
	source  string
	program *vm.Program
	want    kind // isBool or isFloat
	class   class
	reads   []*variable
	needs   []*variable // of reads: those whose absence means that it can't be evaluated
	columns [][]any     // of reads: a value of the catalog's for every deployment; nil = not of the catalog
	table   *table      // of an expression that reads the catalog alone: its value for every deployment
}

// problem is what is wrong with an expression, and where in it.
type problem struct {
	offset        int // in characters
	message, hint string
}

// The limits that keep a rule's cost in bounds: a rule is a line or two, and expr itself has no deadline.
const (
	maxSource    = 4000 // bytes of one expression
	maxNodes     = 500
	memoryBudget = 10_000
)

// compile checks an expression against what may be read at its site and makes a program of it whose result is want:
// isBool or isFloat.
func (s *sets) compile(source string, at site, want kind) (x *expression, bad *problem) {
	if strings.TrimSpace(source) == "" {
		return nil, &problem{message: "the expression is empty"}
	}
	if len(source) > maxSource {
		return nil, &problem{message: fmt.Sprintf("the expression has %d bytes, more than %d", len(source), maxSource)}
	}
	// The optimizer and the checker are not ours; what people write must never end the process that reads it.
	defer func() {
		if r := recover(); r != nil {
			x, bad = nil, &problem{message: fmt.Sprintf("can't be compiled: %v", r)}
		}
	}()
	text, origin := s.quoteModels(source)
	fail := func(err error) (*expression, *problem) {
		p := problemOf(err)
		p.offset = origin(p.offset)
		return nil, p
	}

	config := configFor(want)
	tree, err := parser.ParseWithConfig(text, config)
	if err != nil {
		return fail(err)
	}
	r := &resolver{sets: s, site: at}
	r.resolve(&tree.Node, nil, false)
	if r.bad != nil {
		r.bad.offset = origin(r.bad.offset)
		return nil, r.bad
	}

	env := make(types.Map, len(r.reads))
	for _, v := range r.reads {
		env[v.Name] = exprTypes[v.kind]
	}
	config.WithEnv(env)
	for changed := true; changed; changed = unifyNumbers(&tree.Node) {
		ast.Walk(&tree.Node, forgetCalls{})
		if _, err := checker.Check(tree, config); err != nil {
			return fail(err)
		}
	}
	if p := checkResult(tree.Node, want); p != nil {
		p.offset = origin(p.offset)
		return nil, p
	}
	if err := optimizer.Optimize(&tree.Node, config); err != nil {
		return fail(err)
	}
	if want == isFloat {
		config.Expect = reflect.Float64
	}
	program, err := compiler.Compile(tree, config)
	if err != nil {
		return fail(err)
	}
	x = &expression{source: source, program: program, want: want, reads: r.reads, needs: r.needs}
	x.class = classOf(r.reads)
	return x, nil
}

var exprTypes = map[kind]types.Type{
	isBool: types.Bool, isInt: types.Int, isFloat: types.Float64, isString: types.String,
	isStrings: types.TypeOf([]string(nil)),
}

// functions are expr's own that rules may call: pure, quick, with a known type of result that is no larger than what goes
// in. What tells the time is not among them, since a decision must be repeatable; nor what makes numbers of texts, since a
// client could send "NaN", which compares false with everything.
var functions = []string{
	"abs", "all", "any", "ceil", "count", "filter", "floor", "hasPrefix", "hasSuffix", "indexOf", "lastIndexOf", "len", "lower",
	"map", "max", "min", "none", "one", "round", "split", "sum", "trim", "trimPrefix", "trimSuffix", "upper",
}

func configFor(want kind) *conf.Config {
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	allowed := make(map[string]bool, len(functions))
	for _, name := range functions {
		allowed[name] = true
	}
	allowed["float"] = true // of unifyNumbers; the resolver lets nobody else call it
	for _, f := range builtin.Builtins {
		if !allowed[f.Name] {
			config.Disabled[f.Name] = true
			delete(config.Builtins, f.Name)
		}
	}
	divide := func(params ...any) (any, error) { return quotient(params[0], params[1]) }
	config.Functions[divideName] = &builtin.Function{
		Name: divideName, Func: divide, Types: []reflect.Type{reflect.TypeFor[func(float64, float64) float64]()},
	}
	return config
}

// divideName is what a division by something that may be zero is compiled to. expr answers infinity or NaN, and a NaN
// compares false with everything: a hard rule would let pass what it could not evaluate.
const divideName = "divide"

var errDivision = errors.New("division by zero")

func quotient(a, b any) (any, error) {
	x, y := float(a), float(b)
	if y == 0 {
		return nil, errDivision
	}
	return x / y, nil
}

func float(v any) float64 {
	switch v := v.(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	panic(fmt.Sprintf("not a number: %v", v))
}

// unifyNumbers makes floats of the integers that stand beside a float in `a ? 0.2 : 0` and `x ?? 1`, which expr would
// otherwise call a value of no type. It says whether it did: what depends on them has its type only at the next check.
func unifyNumbers(n *ast.Node) bool {
	var v numberVisitor
	ast.Walk(n, &v)
	return v.changed
}

type numberVisitor struct{ changed bool }

func (v *numberVisitor) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.ConditionalNode:
		v.unify(&x.Exp1, &x.Exp2)
	case *ast.BinaryNode:
		if x.Operator == "??" {
			v.unify(&x.Left, &x.Right)
		}
	}
}

// forgetCalls has the next check look at calls and their arguments again: the checker takes the type that a call has
// already for final.
type forgetCalls struct{}

func (forgetCalls) Visit(n *ast.Node) {
	if call, ok := (*n).(*ast.CallNode); ok {
		call.SetType(reflect.TypeFor[any]())
	}
}

func (v *numberVisitor) unify(a, b *ast.Node) {
	switch ka, kb := (*a).Type().Kind(), (*b).Type().Kind(); {
	case ka == reflect.Float64 && kb == reflect.Int:
		toFloat(b)
	case ka == reflect.Int && kb == reflect.Float64:
		toFloat(a)
	default:
		return
	}
	v.changed = true
}

func toFloat(n *ast.Node) {
	if i, ok := (*n).(*ast.IntegerNode); ok {
		ast.Patch(n, &ast.FloatNode{Value: float64(i.Value)})
	} else {
		ast.Patch(n, &ast.BuiltinNode{Name: "float", Arguments: []ast.Node{*n}})
	}
}

// checkResult sees to it that the expression has one type, known beforehand, and that it is the wanted one.
func checkResult(root ast.Node, want kind) *problem {
	visitor := &soundVisitor{}
	ast.Walk(&root, visitor)
	if visitor.bad != nil {
		return visitor.bad
	}
	switch got := root.Type().Kind(); {
	case want == isBool && got == reflect.Bool, want == isFloat && (got == reflect.Int || got == reflect.Float64):
		return nil
	case want == isBool:
		return &problem{offset: start(root), message: "must be true or false, but is " + describe(root.Type()), hint: "compare it with something"}
	case got == reflect.Bool:
		return &problem{offset: start(root), message: "must be a number of quality points, but is true or false", hint: "write … ? 0.1 : 0"}
	default:
		return &problem{offset: start(root), message: "must be a number of quality points, but is " + describe(root.Type())}
	}
}

// soundVisitor finds what has no certain type, and what could grow without bound: expr counts the elements of the lists
// that it makes, but neither the bytes of a text (`let a = text + text; let b = a + a; …`) nor lists inside lists.
type soundVisitor struct{ bad *problem }

func (v *soundVisitor) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.ConditionalNode:
		v.oneType(x)
	case *ast.BinaryNode:
		switch {
		case x.Operator == "??":
			v.oneType(x)
		case x.Operator == "+" && x.Type().Kind() != reflect.Int && x.Type().Kind() != reflect.Float64:
			v.fail(x, "only numbers can be added", "compare texts with contains, startsWith, endsWith or matches")
		}
	case *ast.ArrayNode:
		for _, element := range x.Nodes {
			if k := element.Type().Kind(); k == reflect.Slice || k == reflect.Array || k == reflect.Interface {
				v.fail(element, "a list can't hold a list", "")
			}
		}
	}
}

func (v *soundVisitor) oneType(n ast.Node) {
	if n.Type().Kind() == reflect.Interface {
		v.fail(n, "the two values differ in type", "make both numbers, both texts or both true/false")
	}
}

func (v *soundVisitor) fail(n ast.Node, message, hint string) {
	if v.bad == nil {
		v.bad = &problem{offset: start(n), message: message, hint: hint}
	}
}

func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Interface:
		return "of no certain type"
	}
	return t.String()
}

func classOf(reads []*variable) class {
	catalog, request, other := false, false, false
	for _, v := range reads {
		catalog = catalog || v.class == ofCatalog
		request = request || v.class == ofRequest
		other = other || v.class == ofCandidate
	}
	switch {
	case other, catalog && request:
		return ofCandidate
	case request:
		return ofRequest
	}
	return ofCatalog
}

// problemOf takes position and message out of an error of expr's.
func problemOf(err error) *problem {
	var at *file.Error
	if !errors.As(err, &at) {
		return &problem{message: err.Error()}
	}
	p := &problem{offset: at.From, message: at.Message}
	switch {
	case strings.HasPrefix(p.message, "unexpected token EOF"), strings.Contains(p.message, "unexpected end of expression"):
		p.message = "the expression ends too early"
	case strings.Contains(p.message, `Operator("=")`):
		p.hint = "equality is written =="
	}
	return p
}

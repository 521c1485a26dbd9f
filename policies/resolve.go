package policies

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// resolver walks an expression's tree before expr checks it. It finds every name in the environment, makes one flat
// name of `key.team` (one look-up at run time), puts the words of closed sets in the place of what stands for them, and
// refuses figures that may be unknown and are not guarded.
type resolver struct {
	*sets
	site  site
	reads []*variable
	needs []*variable
	lets  []binding
	loops int // depth of any(…), filter(…), …
	bad   *problem
}

// binding is a name of `let`.
type binding struct {
	name string
	set  *set
}

// facts are the names of figures that are known to be known at this point of the expression.
type facts []string

func (f facts) and(more facts) facts { return append(slices.Clip(f), more...) }

func (r *resolver) fail(n ast.Node, message, hint string) *set {
	if r.bad == nil {
		r.bad = &problem{offset: start(n), message: message, hint: hint}
	}
	return nil
}

// resolve returns the closed set that the node's value is of, if it is of one. With maybe, the value may be unknown: it
// stands before a ??.
func (r *resolver) resolve(n *ast.Node, have facts, maybe bool) *set {
	if r.bad != nil || *n == nil {
		return nil
	}
	switch x := (*n).(type) {
	case *ast.IdentifierNode, *ast.MemberNode:
		return r.name(n, have, maybe)
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.PointerNode:
		return nil
	case *ast.NilNode:
		return r.fail(x, "nil is not part of the language", "write known(x), or x ?? 0.5")
	case *ast.UnaryNode:
		r.plain(&x.Node, have)
	case *ast.BinaryNode:
		return r.binary(n, x, have, maybe)
	case *ast.ConditionalNode:
		r.plain(&x.Cond, have)
		yes, no := outcomes(x.Cond)
		a := r.resolve(&x.Exp1, have.and(yes), maybe)
		b := r.resolve(&x.Exp2, have.and(no), maybe)
		if a == b {
			return a
		}
		if a == tiers || b == tiers {
			return r.fail(x.Cond, "one value is a tier and the other is not", "")
		}
	case *ast.CallNode:
		return r.call(n, x, have)
	case *ast.BuiltinNode:
		if !slices.Contains(functions, x.Name) {
			return r.fail(x, "unknown function "+quoted(x.Name), didYouMean(x.Name, functions))
		}
		for i := range x.Arguments {
			r.plain(&x.Arguments[i], have)
		}
	case *ast.PredicateNode:
		if r.loops++; r.loops > 1 {
			return r.fail(x, "a condition over a list can't stand inside another", "")
		}
		r.plain(&x.Node, have)
		r.loops--
	case *ast.VariableDeclaratorNode:
		of := r.resolve(&x.Value, have, false)
		r.lets = append(r.lets, binding{x.Name, of})
		of = r.resolve(&x.Expr, have, maybe)
		r.lets = r.lets[:len(r.lets)-1]
		return of
	case *ast.ArrayNode:
		for i := range x.Nodes {
			r.plain(&x.Nodes[i], have)
		}
	case *ast.SliceNode:
		r.plain(&x.Node, have)
		r.plain(&x.From, have)
		r.plain(&x.To, have)
	case *ast.ChainNode:
		return r.fail(x, "?. is not part of the language", "write a plain dot; known(x) says whether a figure is known")
	default:
		return r.fail(x, "this is not part of the language", "")
	}
	return nil
}

// plain resolves an operand that can't be a tier: tiers are only compared.
func (r *resolver) plain(n *ast.Node, have facts) {
	if of := r.resolve(n, have, false); of == tiers && r.bad == nil {
		r.fail(*n, "a tier can only be compared", "write tier >= STANDARD")
	}
}

// name resolves `category`, `key.team`, `label["x"]`, or an index into a list.
func (r *resolver) name(n *ast.Node, have facts, maybe bool) *set {
	name, ok := path(*n)
	if ok {
		if b := r.let(name); b != nil {
			return b.set
		}
		if base, _, dotted := strings.Cut(name, "."); !dotted || r.let(base) == nil {
			return r.variable(n, name, have, maybe)
		}
	}
	m, ok := (*n).(*ast.MemberNode)
	if !ok {
		return nil
	}
	if m.Optional || m.Method {
		return r.fail(m, "?. and methods are not part of the language", "")
	}
	of := r.resolve(&m.Node, have, false)
	r.plain(&m.Property, have)
	return of // chain[0] is of the set that chain is a list of
}

func (r *resolver) let(name string) *binding {
	for i := range r.lets {
		if r.lets[i].name == name {
			return &r.lets[i]
		}
	}
	return nil
}

func (r *resolver) variable(n *ast.Node, name string, have facts, maybe bool) *set {
	if name == "model" && r.site == inCandidate {
		name = "model.id"
	}
	if i := slices.Index(tiers.words, name); i >= 0 {
		ast.Patch(n, &ast.IntegerNode{Value: i})
		return tiers
	}
	v, p := r.lookup(r.site, name)
	if p != nil {
		if p.hint == "" && r.bareWord(name) {
			p.hint = "write it quoted: " + quoted(name)
		}
		return r.fail(*n, p.message, p.hint)
	}
	guarded := maybe || slices.Contains(have, name)
	if v.MayBeUnknown && !guarded {
		return r.fail(*n, name+" may be unknown", "write ("+name+" ?? "+fallback(v)+"), or test known("+name+") first")
	}
	v = r.read(v)
	if v.sometimes && !guarded && !slices.Contains(r.needs, v) {
		r.needs = append(r.needs, v)
	}
	r.put(n, v)
	return r.setOf(v)
}

// bareWord says that the name is a word of some closed set, standing where it is not compared with that set.
func (r *resolver) bareWord(name string) bool {
	for _, s := range r.byName {
		if _, ok := s.find(name); ok && !s.open {
			return true
		}
	}
	return false
}

func fallback(v *variable) string {
	switch {
	case v.kind == isString:
		return `""`
	case v.kind == isInt:
		return "0"
	}
	return "0.5"
}

func (r *resolver) read(v *variable) *variable {
	for _, seen := range r.reads {
		if seen.Name == v.Name {
			return seen
		}
	}
	r.reads = append(r.reads, v)
	return v
}

// put replaces the node by the variable's one flat name.
func (r *resolver) put(n *ast.Node, v *variable) {
	at := (*n).Location()
	at.From = start(*n)
	*n = &ast.IdentifierNode{Value: v.Name}
	(*n).SetLocation(at)
}

func (r *resolver) setOf(v *variable) *set {
	if head, ok := strings.CutPrefix(v.set, "label."); ok {
		if r.heads == nil {
			return anyLabel
		}
		return r.heads[head]
	}
	return r.byName[v.set]
}

// call resolves known(x) and provider_is_down("x"), which become a comparison and a variable: neither is a call at run
// time. Every other function is expr's own.
func (r *resolver) call(n *ast.Node, x *ast.CallNode, have facts) *set {
	callee, ok := x.Callee.(*ast.IdentifierNode)
	if !ok {
		return r.fail(x, "values have no methods", "known functions are "+strings.Join(functions, ", "))
	}
	switch callee.Value {
	case "known":
		return r.known(n, x)
	case "provider_is_down":
		return r.providerIsDown(n, x)
	}
	return r.fail(x, "unknown function "+quoted(callee.Value),
		didYouMean(callee.Value, append([]string{"known", "provider_is_down"}, functions...)))
}

func (r *resolver) known(n *ast.Node, x *ast.CallNode) *set {
	if len(x.Arguments) != 1 {
		return r.fail(x, "known takes one figure", "known(model.tool_accuracy)")
	}
	name, ok := path(x.Arguments[0])
	if !ok {
		return r.fail(x.Arguments[0], "known takes the name of a figure", "known(model.tool_accuracy)")
	}
	v, p := r.lookup(r.site, name)
	if p != nil {
		return r.fail(x.Arguments[0], p.message, p.hint)
	}
	if !v.MayBeUnknown && !v.sometimes {
		return r.fail(x.Arguments[0], name+" is always known", "leave known(…) out")
	}
	r.put(&x.Arguments[0], r.read(v))
	ast.Patch(n, &ast.BinaryNode{Operator: "!=", Left: x.Arguments[0], Right: &ast.NilNode{}})
	return nil
}

func (r *resolver) providerIsDown(n *ast.Node, x *ast.CallNode) *set {
	if r.site == inExpect {
		return r.fail(x, "provider_is_down is not known to a test", `put the provider under the test's "down"`)
	}
	if len(x.Arguments) != 1 {
		return r.fail(x, "provider_is_down takes one provider", `provider_is_down("openai")`)
	}
	r.expect(&x.Arguments[0], r.byName["provider"], nil)
	if r.bad != nil {
		return nil
	}
	provider, ok := x.Arguments[0].(*ast.StringNode)
	if !ok || provider.Value == "" {
		return r.fail(x.Arguments[0], "provider_is_down takes a provider's name", `provider_is_down("openai")`)
	}
	r.put(n, r.read(providerDown(provider.Value)))
	return nil
}

// path is the dotted name that a node spells, if it is one.
func path(n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.IdentifierNode:
		return x.Value, true
	case *ast.MemberNode:
		property, ok := x.Property.(*ast.StringNode)
		if !ok || x.Method || x.Optional {
			return "", false
		}
		base, ok := path(x.Node)
		return base + "." + property.Value, ok
	}
	return "", false
}

// start is where the node's text begins: expr says where its operator or last name is.
func start(n ast.Node) int {
	from := n.Location().From
	least := func(of ast.Node) {
		if of != nil && of.Location() != (file.Location{}) {
			from = min(from, start(of))
		}
	}
	switch x := n.(type) {
	case *ast.MemberNode:
		return start(x.Node)
	case *ast.BinaryNode:
		least(x.Left)
	case *ast.ConditionalNode:
		return start(x.Cond)
	}
	return from
}

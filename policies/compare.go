package policies

import (
	"math"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/routor/routor/engine/nearest"
)

// binary resolves an operator: comparisons check closed sets, && || and ?? carry what is known of a figure.
func (r *resolver) binary(n *ast.Node, x *ast.BinaryNode, have facts, maybe bool) *set {
	switch x.Operator {
	case "==", "!=", "in":
		r.compare(x, have)
	case "<", "<=", ">", ">=":
		if of := r.peek(x.Left); of != nil && of != tiers {
			return r.fail(x, of.many+" have no order", "compare with ==, != or in")
		}
		if of := r.peek(x.Right); of != nil && of != tiers {
			return r.fail(x, of.many+" have no order", "compare with ==, != or in")
		}
		r.compare(x, have)
	case "&&", "and":
		r.plain(&x.Left, have)
		yes, _ := outcomes(x.Left)
		r.plain(&x.Right, have.and(yes))
	case "||", "or":
		r.plain(&x.Left, have)
		_, no := outcomes(x.Left)
		r.plain(&x.Right, have.and(no))
	case "??":
		left := r.resolve(&x.Left, have, true)
		if left != nil {
			r.expect(&x.Right, left, have)
			return left
		}
		return r.resolve(&x.Right, have, maybe)
	case "/":
		r.plain(&x.Left, have)
		r.plain(&x.Right, have)
		r.divide(n, x)
	case "matches":
		r.plain(&x.Left, have)
		if _, ok := x.Right.(*ast.StringNode); !ok && r.bad == nil {
			return r.fail(x.Right, "a pattern must be a quoted text", `text matches "(?i)invoice"`)
		}
	case "**", "^": // of large numbers it is infinity, and what follows from that is NaN
		return r.fail(x, "powers are not part of the language", "multiply")
	case "..":
		return r.fail(x, "a range can only follow in", "now.hour in 8..18")
	default:
		r.plain(&x.Left, have)
		r.plain(&x.Right, have)
	}
	return nil
}

// compare resolves the two sides of a comparison; a literal beside a value of a closed set must be in the set.
func (r *resolver) compare(x *ast.BinaryNode, have facts) {
	if span, ok := x.Right.(*ast.BinaryNode); ok && x.Operator == "in" && span.Operator == ".." {
		r.plain(&x.Left, have)
		r.span(span, have)
		return
	}
	left, right := r.peek(x.Left), r.peek(x.Right)
	switch {
	case left != nil && right != nil && left != right:
		r.fail(x, "a "+left.one+" is compared with a "+right.one, "")
	case left != nil:
		r.resolve(&x.Left, have, false)
		r.expect(&x.Right, left, have)
	case right != nil:
		r.expect(&x.Left, right, have)
		r.resolve(&x.Right, have, false)
	default:
		r.plain(&x.Left, have)
		r.plain(&x.Right, have)
	}
}

// span resolves 8..18: bounds that are plain numbers, so that no list is made of it.
func (r *resolver) span(x *ast.BinaryNode, have facts) {
	for _, bound := range []*ast.Node{&x.Left, &x.Right} {
		if _, ok := (*bound).(*ast.IntegerNode); !ok {
			r.fail(*bound, "the bounds of a range must be whole numbers", "now.hour in 8..18")
			return
		}
	}
	from, to := x.Left.(*ast.IntegerNode).Value, x.Right.(*ast.IntegerNode).Value
	if from > to || to-from >= memoryBudget {
		r.fail(x, "the range is empty or too long", "compare with >= and <=")
	}
}

// divide refuses a division by a literal zero and has every divisor that is no literal checked when it is known.
func (r *resolver) divide(n *ast.Node, x *ast.BinaryNode) {
	if r.bad != nil {
		return
	}
	switch by := x.Right.(type) {
	case *ast.IntegerNode:
		if by.Value == 0 {
			r.fail(by, "division by zero", "")
		}
		return
	case *ast.FloatNode:
		if by.Value == 0 || math.IsInf(1/by.Value, 0) {
			r.fail(by, "division by zero", "")
		}
		return
	}
	callee := &ast.IdentifierNode{Value: divideName}
	callee.SetLocation(x.Location())
	ast.Patch(n, &ast.CallNode{Callee: callee, Arguments: []ast.Node{x.Left, x.Right}})
}

// peek is the closed set that a node's value is of, without resolving it.
func (r *resolver) peek(n ast.Node) *set {
	if name, ok := path(n); ok {
		if b := r.let(name); b != nil {
			return b.set
		}
		if name == "model" && r.site == inCandidate {
			name = "model.id"
		}
		if slices.Contains(tiers.words, name) {
			return tiers
		}
		if v, p := r.lookup(r.site, name); p == nil {
			return r.setOf(v)
		}
		return nil
	}
	switch x := n.(type) {
	case *ast.MemberNode:
		return r.peek(x.Node)
	case *ast.ConditionalNode:
		if of := r.peek(x.Exp1); of != nil {
			return of
		}
		return r.peek(x.Exp2)
	case *ast.BinaryNode:
		if x.Operator == "??" {
			return r.peek(x.Left)
		}
	}
	return nil
}

// expect resolves what is compared with a value of the set: a literal, quoted or bare, a list of them, or a value of the
// same set.
func (r *resolver) expect(n *ast.Node, of *set, have facts) {
	if r.bad != nil || *n == nil {
		return
	}
	switch x := (*n).(type) {
	case *ast.StringNode:
		r.literal(n, x.Value, of)
	case *ast.IdentifierNode:
		_, taken := sites[r.site][x.Value]
		if r.let(x.Value) != nil || taken && r.peek(x) == of {
			r.resolve(n, have, false)
			return
		}
		if _, ok := of.find(x.Value); taken && (of.open || !ok && of != tiers) {
			r.resolve(n, have, false) // an open value, such as asked, as it stands
			return
		} else if !ok && nearest.Word(x.Value, of.words) == "" {
			if p := r.unknownName(r.site, x.Value); strings.HasPrefix(p.hint, "did you mean") {
				r.fail(x, p.message, p.hint)
				return
			}
		}
		r.literal(n, x.Value, of)
	case *ast.ArrayNode:
		for i := range x.Nodes {
			r.expect(&x.Nodes[i], of, have)
		}
	case *ast.ConditionalNode:
		r.plain(&x.Cond, have)
		yes, no := outcomes(x.Cond)
		r.expect(&x.Exp1, of, have.and(yes))
		r.expect(&x.Exp2, of, have.and(no))
	case *ast.BinaryNode:
		if x.Operator == "-" && of != tiers { // team-a, written bare
			r.fail(x, "a name with a dash must be quoted", "known are "+strings.Join(of.words[:min(8, len(of.words))], ", "))
			return
		}
		r.other(n, of, have)
	default:
		r.other(n, of, have)
	}
}

func (r *resolver) other(n *ast.Node, of *set, have facts) {
	if got := r.resolve(n, have, false); of == tiers && got != tiers && r.bad == nil {
		r.fail(*n, "a tier can only be compared with a tier", "write tier >= STANDARD")
	}
}

// literal puts the set's own word in the place of how it was written.
func (r *resolver) literal(n *ast.Node, word string, of *set) {
	found, ok := of.find(word)
	if !ok {
		message, hint := of.unknown(word)
		r.fail(*n, message, hint)
		return
	}
	if of == tiers {
		ast.Patch(n, &ast.IntegerNode{Value: slices.Index(tiers.words, found)})
		return
	}
	ast.Patch(n, &ast.StringNode{Value: found})
}

// outcomes are the figures that are known to be known when a resolved condition is true, and when it is false.
func outcomes(n ast.Node) (yes, no facts) {
	switch x := n.(type) {
	case *ast.UnaryNode:
		if x.Operator == "!" || x.Operator == "not" {
			yes, no = outcomes(x.Node)
			return no, yes
		}
	case *ast.BinaryNode:
		switch x.Operator {
		case "!=":
			_, isNil := x.Right.(*ast.NilNode)
			if figure, ok := x.Left.(*ast.IdentifierNode); ok && isNil {
				return facts{figure.Value}, nil
			}
		case "&&", "and":
			a, _ := outcomes(x.Left)
			b, _ := outcomes(x.Right)
			return a.and(b), nil
		case "||", "or":
			_, a := outcomes(x.Left)
			_, b := outcomes(x.Right)
			return nil, a.and(b)
		}
	}
	return nil, nil
}

// quoteModels puts quotes around the model ids of the catalog that an expression writes bare (openai/gpt-5.4 would be a
// division and a subtraction) and returns the way back from an offset in the result to one in the source.
func (s *sets) quoteModels(source string) (string, func(int) int) {
	var out strings.Builder
	var added []int // offsets in out of the quotes put in
	runes := []rune(source)
	length := 0
	write := func(text string) {
		out.WriteString(text)
		length += len([]rune(text))
	}
	quote := func() {
		added = append(added, length)
		write(`"`)
	}
	for i := 0; i < len(runes); {
		c := runes[i]
		if c == '"' || c == '\'' || c == '`' {
			end := i + 1
			for end < len(runes) && runes[end] != c {
				if runes[end] == '\\' && c != '`' {
					end++
				}
				end++
			}
			end = min(end+1, len(runes))
			write(string(runes[i:end]))
			i = end
			continue
		}
		end := i
		for end < len(runes) && inModelID(runes[end]) {
			end++
		}
		if end == i {
			write(string(c))
			i++
			continue
		}
		word := string(runes[i:end])
		if s.isModelID(word) {
			quote()
			write(word)
			quote()
		} else {
			write(word)
		}
		i = end
	}
	return out.String(), func(offset int) int {
		before := 0
		for _, at := range added {
			if at < offset {
				before++
			}
		}
		return max(0, offset-before)
	}
}

func inModelID(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.-/@", c)
}

// isModelID says that a word is a maker or a provider, a slash and more: nothing else begins that way, since no value of
// the environment has such a name.
func (s *sets) isModelID(word string) bool {
	first, rest, ok := strings.Cut(word, "/")
	if !ok || rest == "" || rest[0] == '/' {
		return false
	}
	_, maker := s.byName["maker"].means[first]
	_, provider := s.byName["provider"].means[first]
	_, variable := sites[inCandidate][first]
	return (maker || provider) && !variable
}

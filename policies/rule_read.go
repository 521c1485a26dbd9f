package policies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/label"
)

// maxRules is how many rules a policy may have: each is looked at for every request.
const maxRules = 1000

func (r *reader) rules(f field) {
	if f.value.Kind != yaml.SequenceNode {
		if f.value.Tag != "!!null" { // "rules:" with nothing under it
			r.at(f.value, f.path, "must be a list", "begin each rule with - name: …")
		}
		return
	}
	if len(f.value.Content) > maxRules {
		r.at(f.value, f.path, fmt.Sprintf("%d rules are more than %d", len(f.value.Content), maxRules), "")
		return
	}
	taken := map[string]int{}
	for i, node := range f.value.Content {
		path := fmt.Sprintf("%s[%d]", f.path, i)
		r.rule = ruleLabel(i, nameOf(node))
		rule := Rule{Index: i, Line: node.Line}
		if node.Kind == yaml.AliasNode || node.Anchor != "" {
			r.at(node, path, "YAML anchors and aliases are not read in a policy", "")
			continue
		}
		fields := r.fields(node, path, keys(ruleReference)...)
		for _, g := range fields {
			r.part(&rule, g)
		}
		r.whole(&rule, node, fields, path)
		if rule.Name == "" {
			rule.Name = unnamed(i)
		}
		if other, ok := taken[rule.Name]; ok {
			r.at(node, path, fmt.Sprintf("rule %d has the same name", other+1), "names tell rules apart in decisions and metrics")
		}
		taken[rule.Name] = i
		rule.salt = xxhash.Sum64String(rule.Name)
		r.policy.Rules = append(r.policy.Rules, rule)
	}
	r.rule = ""
}

// nameOf is a rule's name for messages, before the rule is read.
func nameOf(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == "name" && n.Content[i+1].Kind == yaml.ScalarNode {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func (r *reader) part(rule *Rule, f field) {
	switch f.name {
	case "name":
		rule.Name, _ = r.text(f)
	case "when":
		rule.When, rule.when = r.expression(f, inWhen, isBool)
	case "only":
		rule.Only, rule.only = r.expression(f, inCandidate, isBool)
	case "never":
		rule.Never, rule.never = r.expression(f, inCandidate, isBool)
	case "prefer":
		rule.Prefer, rule.prefer = r.expression(f, inCandidate, isFloat)
	case "avoid":
		rule.Avoid, rule.avoid = r.expression(f, inCandidate, isFloat)
	case "use":
		rule.Use = r.modelList(f)
	case "shadow":
		rule.Shadow = r.modelList(f)
	case "split":
		rule.Split = r.split(f)
	case "floor":
		rule.Floor = r.bound(f)
	case "ceiling":
		rule.Ceiling = r.bound(f)
	case "deny":
		s, ok := r.text(f)
		if ok && strings.TrimSpace(s) == "" {
			r.at(f.value, f.path, "has no message", "say why: the client reads it")
		}
		rule.Deny = s
	case "stop":
		rule.Stop = r.flag(f)
	case "soft":
		rule.Soft = r.flag(f)
	}
}

func (r *reader) bound(f field) *label.Tier {
	if t, ok := r.tier(f); ok {
		return &t
	}
	return nil
}

// expression reads and compiles the expression of a field.
func (r *reader) expression(f field, at site, want kind) (string, *expression) {
	source, ok := r.text(f)
	if !ok {
		return "", nil
	}
	x, p := r.compile(source, at, want)
	if p != nil {
		r.problem(f, p)
		return source, nil
	}
	if want == isFloat {
		if points, ok := constant(source); ok && (points < 0 || points > 1) {
			r.at(f.value, f.path, "quality points go from 0 to 1, not "+figure(points), "")
		}
	}
	return source, x
}

// constant is the number that a source consists of.
func constant(source string) (float64, bool) {
	tree, err := parser.Parse(source)
	if err != nil {
		return 0, false
	}
	sign, node := 1.0, tree.Node
	if minus, ok := node.(*ast.UnaryNode); ok && minus.Operator == "-" {
		sign, node = -1, minus.Node
	}
	switch x := node.(type) {
	case *ast.IntegerNode:
		return sign * float64(x.Value), true
	case *ast.FloatNode:
		return sign * x.Value, true
	}
	return 0, false
}

// split reads {model: 5%}; what is left of 100% stays as it would be without the rule.
func (r *reader) split(f field) []Share {
	var shares []Share
	total := 0.0
	for _, g := range r.fields(f.value, f.path) {
		if strings.Contains(g.name, "*") {
			r.at(g.key, g.path, "must name one model", "")
			continue
		}
		ids, message, hint := r.models.find(g.name)
		if message != "" {
			r.at(g.key, g.path, message, hint)
			continue
		}
		part, ok := percent(g.value)
		if !ok {
			r.at(g.value, g.path, "must be a share above 0% and up to 100%", "write "+g.name+": 5%")
			continue
		}
		if slices.ContainsFunc(shares, func(s Share) bool { return s.Model == ids[0] }) {
			r.at(g.key, g.path, quoted(ids[0])+" is given twice", "keep one of them")
		}
		shares = append(shares, Share{Model: ids[0], Part: part})
		total += part
	}
	if total > 1+1e-9 {
		r.at(f.value, f.path, "the shares add up to "+figure(total*100)+"%", "100% is all there is")
	}
	if f.value.Kind == yaml.MappingNode && len(f.value.Content) == 0 {
		r.at(f.value, f.path, "the split is empty", "write {openai/gpt-5.4: 5%}")
	}
	return shares
}

func percent(n *yaml.Node) (float64, bool) {
	digits, ok := strings.CutSuffix(n.Value, "%")
	if !ok || n.Kind != yaml.ScalarNode || n.Style&yaml.TaggedStyle != 0 {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	return x / 100, err == nil && x > 0 && x <= 100
}

// whole checks what the parts of a rule mean together.
func (r *reader) whole(rule *Rule, node *yaml.Node, fields []field, path string) {
	has := func(name string) bool {
		return slices.ContainsFunc(fields, func(f field) bool { return f.name == name })
	}
	effects := []string{"only", "never", "prefer", "avoid", "use", "floor", "ceiling", "split", "shadow", "deny", "stop"}
	refused := node.Kind == yaml.MappingNode && len(fields) < len(node.Content)/2 // a key was, which may have been meant as an effect
	if node.Kind == yaml.MappingNode && !refused && !slices.ContainsFunc(effects, has) {
		r.at(node, path, "the rule does nothing", "give it one of "+strings.Join(effects, ", "))
	}
	if has("use") && has("split") {
		r.at(node, path, "use and split are both given", "make two rules of them: the first that applies wins")
	}
	if rule.Floor != nil && rule.Ceiling != nil && *rule.Floor > *rule.Ceiling {
		r.at(node, path, fmt.Sprintf("the floor %s is above the ceiling %s", rule.Floor, rule.Ceiling), "")
	}
	if rule.Soft && !has("only") && !has("never") && !has("ceiling") {
		r.at(node, path, "soft has no meaning here", "it lets only, never or ceiling yield when nothing is left; all else is soft already, and deny never yields")
	}
}

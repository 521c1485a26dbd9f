package policies

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/label"
	"github.com/routor/routor/engine/nearest"
)

// document is a policy file as YAML nodes with their positions, and the errors found so far.
type document struct {
	file   string
	lines  [][]rune
	errors Errors
	rule   string // the rule that is being read, for messages
}

// maxFile is the longest policy file, in bytes.
const maxFile = 1 << 20

// read parses the YAML. The root is nil where the file is no mapping; the errors say why.
func read(file string, src []byte) (*document, *yaml.Node) {
	d := &document{file: file}
	if len(src) > maxFile {
		d.add(1, 1, "", fmt.Sprintf("the file has %d bytes, more than %d", len(src), maxFile), "")
		return d, nil
	}
	for line := range strings.SplitSeq(string(src), "\n") {
		d.lines = append(d.lines, []rune(strings.TrimSuffix(line, "\r")))
	}
	decoder := yaml.NewDecoder(bytes.NewReader(src))
	var root, second yaml.Node
	switch err := decoder.Decode(&root); {
	case errors.Is(err, io.EOF), err == nil && root.Kind == 0:
		d.add(1, 1, "", "the policy is empty", "begin with name: my-policy")
		return d, nil
	case err != nil:
		d.syntax(err)
		return d, nil
	}
	if err := decoder.Decode(&second); err == nil {
		d.at(&second, "", "a policy file holds one document", "remove what follows ---")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	top := root.Content[0]
	if top.Kind != yaml.MappingNode {
		d.at(top, "", "a policy is a mapping", "begin with name: my-policy")
		return d, nil
	}
	return d, top
}

func (d *document) add(line, column int, path, message, hint string) {
	d.errors = append(d.errors, Error{
		File: d.file, Line: max(1, line), Column: max(1, column), Path: path, Rule: d.rule, Message: message, Hint: hint,
	})
}

func (d *document) at(n *yaml.Node, path, message, hint string) {
	d.add(n.Line, n.Column, path, message, hint)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// syntax reports an error of the YAML parser. Most of them come from an expression that YAML took for something else.
func (d *document) syntax(err error) {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = m[2]
	}
	column, hint := 1, ""
	// The parser names the line before or after the fault as often as the line itself.
	for _, l := range []int{line, line + 1, line - 1} {
		if c, form := d.unquoted(l); form != "" {
			line, column, hint = l, c, "write it quoted: "+form
			break
		}
	}
	d.add(line, column, "", "not YAML: "+message, hint)
}

var plainValue = regexp.MustCompile(`^\s*(?:- )?\s*([A-Za-z_]+):[ \t]+(.*?)\s*$`)

// unquoted is the column and the quoted form of a line's value if YAML reads it otherwise than its writer meant.
func (d *document) unquoted(line int) (column int, form string) {
	if line < 1 || line > len(d.lines) {
		return 0, ""
	}
	text := string(d.lines[line-1])
	m := plainValue.FindStringSubmatch(text)
	if m == nil || m[2] == "" {
		return 0, ""
	}
	value := m[2]
	switch {
	case value[0] == '\'' || strings.ContainsRune("[{|>", rune(value[0])):
		return 0, ""
	case value[0] == '"' && strings.Count(value, `"`) == 2 && strings.HasSuffix(value, `"`):
		return 0, ""
	case strings.ContainsRune("!&*%@`\"", rune(value[0])), strings.Contains(value, ": "), strings.Contains(value, " #"):
		return len([]rune(text)) - len([]rune(strings.TrimLeft(text[strings.Index(text, ":")+1:], " \t"))) + 1, m[1] + ": " + inQuotes(value)
	}
	return 0, ""
}

// inQuotes is the YAML form of an expression that is read as it stands.
func inQuotes(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// field is one member of a mapping.
type field struct {
	key, value *yaml.Node
	name, path string
}

// fields lists a mapping's members and reports unknown and repeated keys.
func (d *document) fields(n *yaml.Node, path string, known ...string) []field {
	if n.Kind != yaml.MappingNode {
		d.at(n, path, "must be a mapping", "keys are "+strings.Join(known, ", "))
		return nil
	}
	var list []field
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := key.Value
		f := field{key, value, name, join(path, name)}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.at(key, path, "a key must be a word", "")
			continue
		case len(known) > 0 && !slices.Contains(known, name):
			d.at(key, path, "unknown key "+quoted(name), keyHint(name, known))
			continue
		case slices.ContainsFunc(list, func(g field) bool { return g.name == name }):
			d.at(key, path, "the key "+quoted(name)+" is given twice", "keep one of them")
			continue
		}
		if value.Kind == yaml.AliasNode || value.Anchor != "" {
			d.at(value, f.path, "YAML anchors and aliases are not read in a policy", d.quoteHint(f))
			continue
		}
		list = append(list, f)
	}
	return list
}

func keyHint(name string, known []string) string {
	if w := nearest.Word(name, known); w != "" {
		return "did you mean " + quoted(w) + "?"
	}
	return "keys are " + strings.Join(known, ", ")
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// raw is what the file has after the key's colon on its line: what the writer meant, whatever YAML made of it.
func (d *document) raw(key *yaml.Node) string {
	if key.Line < 1 || key.Line > len(d.lines) {
		return ""
	}
	line := d.lines[key.Line-1]
	for i := min(len(line), key.Column-1+len([]rune(key.Value))); i < len(line); i++ {
		if line[i] == ':' {
			return strings.TrimSpace(string(line[i+1:]))
		}
	}
	return ""
}

func (d *document) quoteHint(f field) string {
	raw := d.raw(f.key)
	if raw == "" {
		return ""
	}
	return "write it quoted: " + f.name + ": " + inQuotes(raw)
}

// text reads a string. What YAML took for a tag, a number, a boolean or a null is an error that shows the quoted form.
func (d *document) text(f field) (string, bool) {
	n := f.value
	switch {
	case n.Style&yaml.TaggedStyle != 0:
		d.at(n, f.path, "YAML reads "+n.Tag+" as a tag, not as text", d.quoteHint(f))
	case n.Kind != yaml.ScalarNode:
		d.at(n, f.path, "must be a text, but is "+nodeKind(n), d.quoteHint(f))
	case n.Tag == "!!null" && d.raw(f.key) == "":
		d.at(n, f.path, "has no value", "")
	case n.Tag != "!!str":
		d.at(n, f.path, "must be a text, but YAML reads "+n.Value+" as "+tagName(n.Tag), "write it quoted: "+f.name+": "+inQuotes(n.Value))
	default:
		return n.Value, true
	}
	return "", false
}

func nodeKind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a value"
}

func tagName(tag string) string {
	switch tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a time"
	}
	return "a value of type " + strings.TrimPrefix(tag, "!!")
}

// number reads a number within bounds.
func (d *document) number(f field, least, most float64) (float64, bool) {
	n := f.value
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float") && n.Style&yaml.TaggedStyle == 0 {
		var x float64
		if err := n.Decode(&x); err == nil && x >= least && x <= most && !math.IsNaN(x) {
			return x, true
		}
	}
	d.at(n, f.path, "must be a number from "+figure(least)+" to "+figure(most), "")
	return 0, false
}

func figure(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// flag reads true or false.
func (d *document) flag(f field) bool {
	if f.value.Kind == yaml.ScalarNode && f.value.Tag == "!!bool" {
		var b bool
		if f.value.Decode(&b) == nil {
			return b
		}
	}
	d.at(f.value, f.path, "must be true or false", "")
	return false
}

// tier reads a tier's name.
func (d *document) tier(f field) (label.Tier, bool) {
	s, ok := d.text(f)
	if !ok {
		return 0, false
	}
	t, ok := label.ParseTier(s)
	if !ok {
		d.at(f.value, f.path, "unknown tier "+quoted(s), didYouMean(s, tiers.words))
	}
	return t, ok
}

// texts reads a list of texts, or one text.
func (d *document) texts(f field) []field {
	if f.value.Kind != yaml.SequenceNode {
		if _, ok := d.text(f); !ok {
			return nil
		}
		return []field{f}
	}
	if len(f.value.Content) == 0 {
		d.at(f.value, f.path, "the list is empty", "")
	}
	var list []field
	for i, item := range f.value.Content {
		g := field{key: item, value: item, name: f.name, path: fmt.Sprintf("%s[%d]", f.path, i)}
		if item.Kind == yaml.AliasNode || item.Anchor != "" {
			d.at(item, g.path, "YAML anchors and aliases are not read in a policy", "")
			continue
		}
		if item.Kind != yaml.ScalarNode || item.Tag != "!!str" || item.Style&yaml.TaggedStyle != 0 {
			meant := item.Value
			if item.Style&yaml.TaggedStyle != 0 {
				meant = d.line(item)
			}
			d.at(item, g.path, "must be a text", "write it quoted: "+inQuotes(meant))
			continue
		}
		list = append(list, g)
	}
	return list
}

// line is what the file has from the node to the end of its line.
func (d *document) line(n *yaml.Node) string {
	if n.Line < 1 || n.Line > len(d.lines) {
		return n.Value
	}
	line := d.lines[n.Line-1]
	return strings.TrimSpace(string(line[min(len(line), max(0, n.Column-1)):]))
}

// problem reports what is wrong with an expression, at its place in the file.
func (d *document) problem(f field, p *problem) {
	line, column := d.position(f.value, p.offset)
	hint := p.hint
	if comment := f.value.LineComment; comment != "" && f.value.Style == 0 {
		// Written plain, everything after " #" is a comment: what is left of the expression makes no sense.
		hint = "a comment cut the expression; write it quoted: " + inQuotes(f.value.Value+" "+comment)
		if f.name != "" && f.key != f.value {
			hint = "a comment cut the expression; write it quoted: " + f.name + ": " + inQuotes(f.value.Value+" "+comment)
		}
	}
	d.add(line, column, f.path, p.message, hint)
	d.errors[len(d.errors)-1].Source = f.value.Value
}

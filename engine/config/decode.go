package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/nearest"
)

// Decode reads YAML into the struct that v points to, strictly: keys are those of its yaml tags, an unknown one gets the
// nearest, values must have the field's type and bounds. Fields that src does not name get their defaults. The error is Errors
// with all that is wrong; what could be read is in v even so.
func Decode(file string, src []byte, v any) error {
	_, err := decodeSource(file, src, reflect.ValueOf(v).Elem())
	return err
}

// DecodeNode is Decode for a node of a file that has been parsed.
func DecodeNode(file, path string, node *yaml.Node, v any) error {
	d := decoder{file: file}
	target := reflect.ValueOf(v).Elem()
	setDefaults(target)
	d.value(node, target, path, "")
	return d.result()
}

func decodeSource(file string, src []byte, target reflect.Value) (warnings Errors, err error) {
	setDefaults(target)
	d := decoder{file: file}
	var doc yaml.Node
	reader := yaml.NewDecoder(bytes.NewReader(veil(src)))
	switch err := reader.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil // an empty file says nothing
	case err != nil:
		return nil, Errors{syntaxError(file, err)}
	}
	unveilNode(&doc)
	if err := reader.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, Errors{{File: file, Message: "holds more than one document", Hint: "remove the line ---"}}
	}
	if root := doc.Content[0]; !(root.Kind == yaml.ScalarNode && root.Tag == "!!null") {
		d.value(root, target, "", "")
	}
	return d.warnings, d.result()
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

func syntaxError(file string, err error) Error {
	e := Error{File: file, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil && m[1] != "" {
		e.Line, _ = strconv.Atoi(m[1])
		e.Column, e.Message = 1, m[2]
	}
	e.Message = "is not YAML: " + e.Message
	return e
}

type decoder struct {
	file     string
	errors   Errors
	warnings Errors
}

func (d *decoder) result() error {
	if len(d.errors) == 0 {
		return nil
	}
	return d.errors
}

func (d *decoder) fail(n *yaml.Node, path, hint, format string, args ...any) {
	d.errors = append(d.errors, Error{File: d.file, Line: n.Line, Column: n.Column, Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// value decodes one node into target. tag is the tag of the field that holds it.
func (d *decoder) value(n *yaml.Node, target reflect.Value, path string, tag reflect.StructTag) {
	for hops := 0; n.Kind == yaml.AliasNode; hops++ {
		if hops > 8 {
			d.fail(n, path, "", "is an alias of itself")
			return
		}
		n = n.Alias
	}
	if section, ok := target.Addr().Interface().(*Section); ok {
		d.section(n, section, path)
		return
	}
	switch kind := target.Kind(); {
	case kind == reflect.Pointer:
		fresh := reflect.New(target.Type().Elem())
		before := len(d.errors)
		d.value(n, fresh.Elem(), path, tag)
		if len(d.errors) == before {
			target.Set(fresh)
		}
	case kind == reflect.Struct:
		d.structure(n, target, path, tag)
	case kind == reflect.Map:
		d.mapping(n, target, path, tag)
	case kind == reflect.Slice:
		d.list(n, target, path, tag)
	default:
		d.scalar(n, target, path, tag)
	}
}

func (d *decoder) section(n *yaml.Node, s *Section, path string) {
	switch n.Kind {
	case yaml.MappingNode:
		s.Node, s.In = n, d.file
	case yaml.ScalarNode:
		d.scalar(n, reflect.ValueOf(&s.File).Elem(), path, "")
	default:
		d.wrong(n, path, "the name of a file or a mapping", "profiles.yaml")
	}
}

func (d *decoder) structure(n *yaml.Node, target reflect.Value, path string, tag reflect.StructTag) {
	if n.Kind == yaml.ScalarNode {
		for i := range target.NumField() {
			if f := target.Type().Field(i); f.Tag.Get("short") != "" {
				d.value(n, target.Field(i), path, f.Tag)
				return
			}
		}
	}
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "a mapping of "+strings.Join(keysOf(target.Type()), ", "), tag.Get("example"))
		return
	}
	d.members(n, path, func(key, value *yaml.Node) {
		for i := range target.NumField() {
			f := target.Type().Field(i)
			if name := f.Tag.Get("yaml"); name == key.Value && name != "-" && name != "" {
				d.value(value, target.Field(i), join(path, name), f.Tag)
				return
			}
		}
		d.fail(key, join(path, key.Value), nearest.Hint(key.Value, keysOf(target.Type())), "unknown key")
	})
}

func (d *decoder) mapping(n *yaml.Node, target reflect.Value, path string, tag reflect.StructTag) {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, path, "a mapping", tag.Get("example"))
		return
	}
	fresh := reflect.MakeMap(target.Type())
	d.members(n, path, func(key, value *yaml.Node) {
		element := reflect.New(target.Type().Elem()).Elem()
		setDefaults(element)
		d.value(value, element, join(path, key.Value), tag)
		fresh.SetMapIndex(reflect.ValueOf(key.Value), element)
	})
	target.Set(fresh)
}

// members calls f for each member of a mapping, once a key.
func (d *decoder) members(n *yaml.Node, path string, f func(key, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.fail(key, path, "", "a key must be a word")
			continue
		}
		if line, twice := seen[key.Value]; twice {
			d.fail(key, join(path, key.Value), "remove one", "is there twice, first in line %d", line)
			continue
		}
		seen[key.Value] = key.Line
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" && value.Value == "" {
			continue // "key:" with nothing after it says nothing
		}
		f(key, value)
	}
}

func (d *decoder) list(n *yaml.Node, target reflect.Value, path string, tag reflect.StructTag) {
	items := n.Content
	switch n.Kind {
	case yaml.SequenceNode:
	case yaml.ScalarNode: // a single item needs no brackets
		items = []*yaml.Node{n}
	default:
		d.wrong(n, path, "a list", tag.Get("example"))
		return
	}
	fresh := reflect.MakeSlice(target.Type(), len(items), len(items))
	for i, item := range items {
		setDefaults(fresh.Index(i))
		d.value(item, fresh.Index(i), fmt.Sprintf("%s[%d]", path, i), tag)
	}
	target.Set(fresh)
}

func (d *decoder) scalar(n *yaml.Node, target reflect.Value, path string, tag reflect.StructTag) {
	expected, example := describe(target.Type(), tag)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.wrong(n, path, expected, example)
		return
	}
	text := n.Value
	_, secret := target.Interface().(Secret)
	if strings.Contains(text, "${") {
		if !secret && tag.Get("env") == "" {
			d.fail(n, path, "write the value itself, or give the flag's own variable (ROUTOR_…)", "variables are read in keys, headers and base_url alone")
			return
		}
		missing := ""
		if text, missing = interpolate(text); missing != "" {
			e := Error{File: d.file, Line: n.Line, Column: n.Column, Path: path, Message: "the variable " + missing + " is not set"}
			d.warnings = append(d.warnings, e)
			text = ""
		}
	} else if secret && n.Tag != "!!str" {
		n.Tag = "!!str" // a key of digits alone is a key
	}
	if err := set(target, text, n.Tag, tag); err != nil {
		if secret {
			text = "a secret"
		} else {
			text = strconv.Quote(text)
		}
		var bound *boundError
		if errors.As(err, &bound) {
			d.fail(n, path, "", "%s %s", text, bound.message)
			return
		}
		var closed *closedError
		if errors.As(err, &closed) {
			d.fail(n, path, nearest.Hint(n.Value, closed.words), "%s is not one of the words known here", text)
			return
		}
		d.wrong(n, path, expected, example)
		return
	}
	if p, ok := target.Addr().Interface().(*Path); ok && *p != "" && d.file != "" && !filepath.IsAbs(string(*p)) {
		*p = Path(filepath.Join(filepath.Dir(d.file), string(*p)))
	}
}

func (d *decoder) wrong(n *yaml.Node, path, expected, example string) {
	found := "a mapping"
	switch {
	case n.Kind == yaml.SequenceNode:
		found = "a list"
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		found = "nothing"
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool":
		found = "the yes-or-no " + n.Value
	case n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float"):
		found = "the number " + n.Value
	case n.Kind == yaml.ScalarNode && len(n.Value) <= 60:
		found = strconv.Quote(n.Value)
	case n.Kind == yaml.ScalarNode:
		found = "a text"
	}
	hint := ""
	if example != "" {
		hint = "write for instance " + example
		if path != "" {
			hint = "write for instance " + path[strings.LastIndexByte(path, '.')+1:] + ": " + example
		}
	}
	d.fail(n, path, hint, "expected %s, found %s", expected, found)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			keys = append(keys, name)
		}
	}
	return keys
}

package catalog

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/nearest"
)

// Error is one thing wrong with a catalog file.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 = not at one place
	Path         string // `models."acme/large".context`
	Message      string
	Hint         string // what to write instead, "" = no idea
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Path != "" {
		b.WriteString(": " + e.Path)
	}
	b.WriteString(": " + e.Message)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// Errors are all the things wrong with a catalog file, in its order.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// decoder reads a YAML document into Go values over what is there already: mappings merge key by key, lists and scalars
// replace, null takes away. It is strict: unknown and repeated keys are errors, and so are anchors and aliases, which
// have no use here and can be made to explode. It never changes a map or a value behind a pointer in place, so a shallow
// copy of the earlier document is enough to keep that one as it was.
type decoder struct {
	file   string
	errors Errors
	// places remembers where entries stand, for problems that show only when the whole is put together; nil = nobody asks.
	places map[string]*yaml.Node
}

func (d *decoder) read(src []byte, into *document) {
	var root yaml.Node
	dec := yaml.NewDecoder(strings.NewReader(string(src)))
	switch err := dec.Decode(&root); {
	case errors.Is(err, io.EOF):
		return // an empty file changes nothing
	case err != nil:
		d.errors = append(d.errors, syntaxError(d.file, err))
		return
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		d.errors = append(d.errors, &Error{File: d.file, Message: "more than one YAML document, or text after it", Hint: "keep one document and no --- line after it"})
		return
	}
	d.value(root.Content[0], reflect.ValueOf(into).Elem(), "")
}

// syntaxError takes the line out of the parser's message; it knows no column.
func syntaxError(file string, err error) *Error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var line int
	if n, _ := fmt.Sscanf(text, "line %d:", &line); n == 1 {
		_, text, _ = strings.Cut(text, ": ")
		return &Error{File: file, Line: line, Column: 1, Message: text}
	}
	return &Error{File: file, Message: text}
}

func (d *decoder) fail(n *yaml.Node, path, message, hint string) {
	d.errors = append(d.errors, &Error{File: d.file, Line: n.Line, Column: n.Column, Path: path, Message: message, Hint: hint})
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		d.fail(n, path, "anchors and aliases are not supported", "write the value out")
		return
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		if !entries(v.Type()) { // an empty section takes nothing away
			v.SetZero()
		}
		return
	}
	if s, ok := v.Addr().Interface().(scalar); ok {
		if !d.scalar(n, path) {
			return
		}
		if err := s.parse(n.Value); err != nil {
			hint := ""
			var s *suggestion
			if errors.As(err, &s) {
				hint = s.hint
			}
			d.fail(n, path, err.Error(), hint)
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		if !v.IsNil() {
			fresh.Elem().Set(v.Elem())
		}
		d.value(n, fresh.Elem(), path)
		v.Set(fresh)
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Map:
		d.mapping(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	default:
		d.plain(n, v, path)
	}
}

// entries are the document and its sections.
func entries(t reflect.Type) bool {
	return t == reflect.TypeFor[document]() || t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Struct
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, path string) {
	t := v.Type()
	fields := make([]string, t.NumField())
	for i := range fields {
		fields[i] = t.Field(i).Tag.Get("yaml")
	}
	d.pairs(n, path, func(key, value *yaml.Node, at string) {
		i := slices.Index(fields, key.Value)
		if i < 0 {
			hint := nearest.Hint(key.Value, fields)
			if strings.Contains(key.Value, "key") && strings.HasPrefix(path, "providers.") {
				hint = "keys belong in routor.yaml or the environment, never in the catalog; key_env names the variable"
			}
			d.fail(key, path, fmt.Sprintf("unknown field %q", key.Value), hint)
			return
		}
		d.value(value, v.Field(i), at)
	})
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	merged := reflect.MakeMap(v.Type())
	for k, old := range v.Seq2() {
		merged.SetMapIndex(k, old)
	}
	d.pairs(n, path, func(key, value *yaml.Node, at string) {
		if key.Value == "" {
			d.fail(key, path, "empty name", "")
			return
		}
		k := reflect.ValueOf(key.Value)
		element := reflect.New(v.Type().Elem()).Elem()
		if value.Kind == yaml.ScalarNode && value.Tag == "!!null" && element.Kind() != reflect.Struct {
			merged.SetMapIndex(k, reflect.Value{}) // null takes the key away
			return
		}
		if old := merged.MapIndex(k); old.IsValid() {
			element.Set(old)
		}
		if element.Kind() == reflect.Struct && value.Kind == yaml.ScalarNode && value.Tag == "!!null" {
			d.fail(value, at, "has no fields", "to take an entry away write `disabled: true` under it")
			return
		}
		d.value(value, element, at)
		merged.SetMapIndex(k, element)
	})
	v.Set(merged)
}

// pairs calls f for each key of a mapping, and fails what is no mapping or names a key twice.
func (d *decoder) pairs(n *yaml.Node, path string, f func(key, value *yaml.Node, at string)) {
	if n.Kind != yaml.MappingNode {
		d.fail(n, path, "expected `name: value` pairs", "")
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Anchor != "":
			d.fail(key, path, "a name must be plain text", "")
		case seen[key.Value]:
			d.fail(key, path, fmt.Sprintf("%q is here twice", key.Value), "keep one of them")
		default:
			seen[key.Value] = true
			at := join(path, key.Value)
			if d.places != nil {
				d.places[at] = key
			}
			f(key, value, at)
		}
	}
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, path, "expected a list", "write [a, b] or one `- item` a line")
		return
	}
	fresh := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		d.value(item, fresh.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(fresh)
}

func (d *decoder) scalar(n *yaml.Node, path string) bool {
	if n.Kind != yaml.ScalarNode {
		d.fail(n, path, "expected a single value", "")
	}
	return n.Kind == yaml.ScalarNode
}

func (d *decoder) plain(n *yaml.Node, v reflect.Value, path string) {
	if !d.scalar(n, path) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
	case reflect.Bool:
		var k Known
		if err := k.parse(n.Value); err != nil || k == Unknown {
			d.fail(n, path, fmt.Sprintf("%q is not yes or no", n.Value), "")
			return
		}
		v.SetBool(k == Yes)
	case reflect.Int:
		i, err := strconv.Atoi(strings.ReplaceAll(n.Value, "_", ""))
		if err != nil || i < 0 {
			d.fail(n, path, fmt.Sprintf("%q is not a whole number of 0 or more", n.Value), "")
			return
		}
		v.SetInt(int64(i))
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.Value, 64)
		if err != nil || !(f >= 0) || math.IsInf(f, 0) {
			d.fail(n, path, fmt.Sprintf("%q is not a number of 0 or more", n.Value), "")
			return
		}
		v.SetFloat(f)
	default:
		panic("BUG: catalog: no way to read a " + v.Type().String())
	}
}

// join appends a name to a path, quoted if it would be misread.
func join(path, name string) string {
	if strings.ContainsAny(name, `./ "`) {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// clone is a copy of which decode may change every field without touching the original.
func (doc document) clone() document {
	return document{maps.Clone(doc.Providers), maps.Clone(doc.Models), maps.Clone(doc.Deployments), maps.Clone(doc.Difficulty)}
}

package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference is the reference of routor.yaml in Markdown, made from the types and their tags.
func Reference() []byte {
	var b strings.Builder
	b.WriteString(`# Configuration

Routor needs no configuration. What it can be told stands in one optional YAML file: ` + "`--config FILE`" + `, else
` + "`routor.yaml`" + ` in the working folder if there is one. Where a flag is named, the environment variable beside it does the same; a
flag comes before the variable, the variable before the file, the file before the default.

Durations are written ` + "`5s`, `2m`, `500ms`" + `; sizes ` + "`10MB`, `64KB`" + ` (powers of 1024); paths are relative to the file that
names them. ` + "`${NAME}`" + ` in a key, a header or a base_url is replaced by that environment variable. An unknown key, a value of the
wrong type or out of bounds is an error that says where and what to write instead: ` + "`routor check`" + `.

`)
	for _, s := range sections {
		Table(&b, s.title, s.intro, s.t)
	}
	return []byte(b.String())
}

var sections = []struct {
	title, intro string
	t            reflect.Type
}{
	{"routor.yaml", "", reflect.TypeFor[Config]()},
	{"tls", "", reflect.TypeFor[TLS]()},
	{"nats", "", reflect.TypeFor[NATS]()},
	{"timeouts", "Zero, or not set for a provider, means the general one.", reflect.TypeFor[Timeouts]()},
	{"clients", "", reflect.TypeFor[Clients]()},
	{"limits", "", reflect.TypeFor[Limits]()},
	{"ledger", "What profiles let be kept of prompts stands in profiles (`prompts`).", reflect.TypeFor[Ledger]()},
	{"providers.ID", "", reflect.TypeFor[Provider]()},
	{"providers.ID.api_keys", "A key alone, or a mapping:", reflect.TypeFor[ProviderKey]()},
	{"providers.ID.models", "A name alone, or a mapping:", reflect.TypeFor[Model]()},
}

// Table writes the keys of a struct as a Markdown table under a heading.
func Table(b *strings.Builder, title, intro string, t reflect.Type) {
	fmt.Fprintf(b, "## %s\n\n", title)
	if intro != "" {
		b.WriteString(intro + "\n\n")
	}
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		doc := f.Tag.Get("doc")
		if words := f.Tag.Get("oneof"); words != "" {
			doc += " One of " + strings.ReplaceAll(words, ",", ", ") + "."
		}
		if low, high := f.Tag.Get("min"), f.Tag.Get("max"); high != "" {
			doc += fmt.Sprintf(" From %s to %s.", low, high)
		}
		if flag := f.Tag.Get("flag"); flag != "" {
			doc += fmt.Sprintf(" `--%s`, `%s`.", flag, Env(flag))
		}
		if example := f.Tag.Get("example"); example != "" {
			doc += fmt.Sprintf(" Example: `%s`.", example)
		}
		fallback := f.Tag.Get("default")
		if fallback != "" {
			fallback = "`" + fallback + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", name, typeName(f.Type), fallback, strings.ReplaceAll(doc, "|", "\\|"))
	}
	b.WriteString("\n")
}

func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return typeName(t.Elem())
	case reflect.Slice:
		return "list of " + typeName(t.Elem())
	case reflect.Map:
		return "mapping to " + typeName(t.Elem())
	case reflect.Struct:
		if t != reflect.TypeFor[Section]() {
			return "mapping"
		}
		return "mapping or file"
	}
	return kindName(t)
}

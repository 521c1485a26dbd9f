// Package spectest checks JSON against the providers' own OpenAPI documents. It is for tests only: the documents lie beside
// the repository, not in it, and where they are not there the test is skipped.
package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// Spec is one of the documents, by its file's name in ../shared/data/specs.
type Spec string

// The documents there are.
const (
	OpenAI    Spec = "openai.yaml"
	Anthropic Spec = "anthropic-2026-01.yaml"
	Gemini    Spec = "google-generativelanguage-2026-01.json"
	Mistral   Spec = "mistral.yaml"
)

// Validate fails the test if body is not what the document's components/schemas has under that name:
//
//	spectest.Validate(t, spectest.OpenAI, "CreateChatCompletionRequest", body)
func Validate(tb testing.TB, spec Spec, schema string, body []byte) {
	tb.Helper()
	if err := Check(tb, spec, schema, body); err != nil {
		tb.Errorf("%s by %s:\n%s\n%v", schema, spec, shorten(body), err)
	}
}

// Check is Validate for tests that decide themselves what an error means.
//
// The documents are read so that they can be used at all: an OpenAPI 3.0 "nullable" becomes a type of null; every oneOf
// becomes an anyOf, because the alternatives overlap and the discriminator that decides is nothing that JSON Schema knows;
// Google's int64 may come as numbers, its "model" stands in the path, and what its objects don't name they refuse, as its
// servers do.
func Check(tb testing.TB, spec Spec, schema string, body []byte) error {
	tb.Helper()
	s, err := load(tb, spec).schema(schema)
	if err != nil {
		tb.Fatalf("%s: %v", spec, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("invalid JSON: %w", err)
	}
	return s.Validate(value)
}

func shorten(body []byte) []byte {
	if len(body) > 2000 {
		return append(append([]byte(nil), body[:2000]...), "…"...)
	}
	return body
}

// document is a loaded one with the schemas that were asked for.
type document struct {
	once     sync.Once
	err      error
	missing  bool
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
}

var documents sync.Map // Spec → *document

func load(tb testing.TB, spec Spec) *document {
	tb.Helper()
	v, _ := documents.LoadOrStore(spec, new(document))
	d := v.(*document)
	d.once.Do(func() { d.read(spec) })
	if d.missing {
		tb.Skipf("no OpenAPI documents beside the repository (../shared/data/specs/%s)", spec)
	}
	if d.err != nil {
		tb.Fatalf("%s: %v", spec, d.err)
	}
	return d
}

func (d *document) read(spec Spec) {
	raw, err := os.ReadFile(filepath.Join(root(), "../shared/data/specs", string(spec)))
	if err != nil {
		d.missing = os.IsNotExist(err)
		d.err = err
		return
	}
	var v any
	if d.err = yaml.Unmarshal(raw, &v); d.err != nil { // JSON is YAML
		return
	}
	v = mend(v, spec)
	if raw, d.err = json.Marshal(v); d.err != nil {
		return
	}
	if v, d.err = jsonschema.UnmarshalJSON(bytes.NewReader(raw)); d.err != nil {
		return
	}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.schemas = map[string]*jsonschema.Schema{}
	d.err = d.compiler.AddResource("mem:///"+string(spec), v)
}

func (d *document) schema(name string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.schemas[name]; s != nil {
		return s, nil
	}
	var url string
	for _, spec := range []Spec{OpenAI, Anthropic, Gemini, Mistral} {
		if v, _ := documents.Load(spec); v == d {
			url = "mem:///" + string(spec)
		}
	}
	s, err := d.compiler.Compile(url + "#/components/schemas/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	if err == nil {
		d.schemas[name] = s
	}
	return s, err
}

// root is the repository's root.
func root() string {
	dir, _ := os.Getwd()
	for dir != "/" {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

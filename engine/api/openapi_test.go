package api

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestOpenAPI holds the document against what the running server says: every schema in it compiles, every call of the table is in
// it, and the answers of those that are described are as described.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	r := serve(t, setup{})
	r.do("POST", "/admin/keys", `{"name":"app","limits":{"usd_per_day":1}}`, asAdmin)
	r.do("POST", "/admin/admin-keys", `{"name":"dash"}`, asAdmin)
	r.signedIn(`{"key":"` + adminKey + `"}`)
	a := r.do("GET", "/admin/openapi.json", "", asAdmin)
	if a.status != 200 || !bytes.Equal(bytes.TrimSpace(a.body), bytes.TrimSpace(OpenAPI())) {
		t.Fatalf("%d", a.status)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	root := document.(map[string]any)
	if root["openapi"] != "3.1.0" || root["info"] == nil {
		t.Errorf("%v %v", root["openapi"], root["info"])
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("http://routor/openapi.json", document); err != nil {
		t.Fatal(err)
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1")
	operations := map[any]bool{}
	paths := root["paths"].(map[string]any)
	for i := range adminCalls {
		c := &adminCalls[i]
		path := "/admin/" + strings.Replace(c.path, "*", "{name}", 1)
		item, _ := paths[path].(map[string]any)
		for _, method := range strings.Fields(c.methods) {
			op, _ := item[strings.ToLower(method)].(map[string]any)
			if op == nil || op["summary"] == "" || operations[op["operationId"]] {
				t.Errorf("%s %s is not in the document, or its name is not its own", method, path)
				continue
			}
			operations[op["operationId"]] = true
			if notJSON[c.path] != "" {
				continue
			}
			schema, err := compiler.Compile("http://routor/openapi.json#/paths/" + pointer.Replace(path) + "/" + strings.ToLower(method) + "/responses/2XX/content/application~1json/schema")
			if err != nil {
				t.Errorf("%s %s: %v", method, path, err)
				continue
			}
			if adminShapes[method+" "+c.path].Gives == nil || method != "GET" {
				continue
			}
			name := map[string]string{"keys/*": "app", "admin-keys/*": "dash", "history/*": "policy", "demo/faults/*": "openai"}[c.path]
			answer := r.do("GET", strings.Replace(path, "{name}", name, 1), "", asAdmin)
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer.body))
			if err != nil || answer.status != 200 {
				t.Errorf("%s: %d %v", path, answer.status, err)
			} else if err := schema.Validate(value); err != nil {
				t.Errorf("%s answers otherwise: %v\n%s", path, err, answer.body)
			}
		}
	}
	for name := range adminShapes {
		method, path, _ := strings.Cut(name, " ")
		if item, _ := paths["/admin/"+strings.Replace(path, "*", "{name}", 1)].(map[string]any); item[strings.ToLower(method)] == nil {
			t.Errorf("%s has a shape and is no call", name)
		}
	}
	failure := r.do("GET", "/admin/nothing", "", asAdmin)
	value, _ := jsonschema.UnmarshalJSON(bytes.NewReader(failure.body))
	if schema, err := compiler.Compile("http://routor/openapi.json#/components/schemas/Error"); err != nil || schema.Validate(value) != nil {
		t.Errorf("an error is otherwise: %v %s", err, failure.body)
	}
}

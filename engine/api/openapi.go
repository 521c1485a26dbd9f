package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/store"
)

// shape is what an admin call takes and gives, as values of the Go types; nil = JSON that is not described further.
type shape struct{ Takes, Gives any }

// adminShapes are the shapes of admin calls, by method and path as in the table of calls. Whoever adds a call adds its shape.
var adminShapes = map[string]shape{
	"GET session":          {nil, sessionCard{}},
	"POST session":         {signInBody{}, sessionCard{}},
	"DELETE session":       {nil, struct{ Ended bool }{}},
	"GET sessions":         {nil, struct{ Sessions []sessionInfo }{}},
	"DELETE sessions":      {nil, struct{ Ended int }{}},
	"POST links":           {struct{}{}, linkCard{}},
	"GET admin-keys":       {nil, struct{ Keys []access.Key }{}},
	"POST admin-keys":      {adminKeyBody{}, madeKey{}},
	"GET admin-keys/*":     {nil, access.Key{}},
	"DELETE admin-keys/*":  {nil, access.Key{}},
	"GET snapshot":         {nil, snapshotCard{}},
	"GET providers":        {nil, struct{ Providers []providerCard }{}},
	"GET keys":             {nil, struct{ Keys []access.Key }{}},
	"POST keys":            {access.Key{}, madeKey{}},
	"GET keys/*":           {nil, clientKey{}},
	"PATCH keys/*":         {struct{ Limits *access.Limits }{}, clientKey{}},
	"DELETE keys/*":        {nil, clientKey{}},
	"GET profiles":         {nil, struct{ Profiles []*access.Profile }{}},
	"GET audit":            {nil, struct{ Events []store.Event }{}},
	"GET fleet":            {nil, fleetCard{}},
	"GET history/*":        {nil, struct{ Versions []*store.Version }{}},
	"POST policy":          {documentChange{}, nil},
	"PUT policy":           {documentChange{}, nil},
	"POST documents/*":     {documentChange{}, nil},
	"POST rollback/*":      {documentChange{}, nil},
	"POST adopt/*":         {documentChange{}, nil},
	"PUT drafts/*":         {store.Draft{}, nil},
	"PUT demo/faults/*":    {faultList{}, faultList{}},
	"POST demo/faults/*":   {faultList{}, faultList{}},
	"GET demo/faults/*":    {nil, faultList{}},
	"DELETE demo/faults/*": {nil, faultList{}},
}

func init() {
	adminCalls = append(adminCalls, adminCall{"openapi.json", "GET", (*call).adminOpenAPI, "The admin API as OpenAPI 3.1."})
}

func (c *call) adminOpenAPI(string) *fault {
	c.rawJSON(OpenAPI())
	return nil
}

// notJSON are the calls that answer with something else, by path.
var notJSON = map[string]string{"events": "text/event-stream", "decisions/tail": "text/event-stream", "decisions/export": "application/x-ndjson", "backup": "application/octet-stream", "pprof/*": "application/octet-stream"}

// OpenAPI is the admin API in OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.0), of the table of calls and the Go types.
func OpenAPI() []byte {
	type object = map[string]any
	schemas, paths := object{"Error": errorSchema()}, object{}
	gives, takes := &schemer{schemas, false}, &schemer{schemas, true}
	content := func(of *schemer, kind string, v any) object {
		if v == nil {
			return object{kind: object{"schema": object{}}}
		}
		return object{kind: object{"schema": of.schema(reflect.TypeOf(v))}}
	}
	for i := range adminCalls {
		a := &adminCalls[i]
		path, item := "/admin/"+strings.Replace(a.path, "*", "{name}", 1), object{}
		if strings.HasSuffix(a.path, "*") {
			item["parameters"] = []any{object{"name": "name", "in": "path", "required": true, "schema": object{"type": "string"}}}
		}
		for _, method := range strings.Fields(a.methods) {
			s := adminShapes[method+" "+a.path]
			kind := jsonType
			if k := notJSON[a.path]; k != "" {
				kind = k
			}
			good := object{"description": "Done.", "content": content(gives, kind, s.Gives)}
			op := object{"summary": a.Means, "operationId": operation(method, a.path),
				"responses": object{"2XX": good, "default": object{"description": "What went wrong.", "content": object{jsonType: object{"schema": object{"$ref": "#/components/schemas/Error"}}}}}}
			if s.Takes != nil {
				op["requestBody"] = object{"required": true, "content": content(takes, jsonType, s.Takes)}
			}
			if a.path == "session" && method == "POST" {
				op["security"] = []any{}
			}
			item[strings.ToLower(method)] = op
		}
		paths[path] = item
	}
	b, err := json.MarshalIndent(object{
		"openapi": "3.1.0", "info": object{"title": "Routor admin API", "version": "1", "description": "Changes that come by the cookie of a session carry its csrf as X-Routor-CSRF."},
		"security": []any{object{"key": []any{}}, object{"session": []any{}}}, "paths": paths,
		"components": object{"schemas": schemas, "securitySchemes": object{
			"key": object{"type": "http", "scheme": "bearer"}, "session": object{"type": "apiKey", "in": "cookie", "name": sessionCookie}}},
	}, "", "  ")
	if err != nil {
		panic("BUG: encode the OpenAPI document: " + err.Error())
	}
	return append(b, '\n')
}

// operation is a name of its own for each call.
func operation(method, path string) string {
	return strings.ToLower(method) + "_" + strings.NewReplacer("/", "_", "-", "_", ".", "_", "*", "one").Replace(path)
}

func errorSchema() map[string]any {
	text := map[string]any{"type": "string"}
	return map[string]any{"type": "object", "required": []string{"error"}, "properties": map[string]any{"error": map[string]any{
		"type": "object", "required": []string{"message", "type", "code"}, "properties": map[string]any{"message": text, "type": text, "code": text, "param": map[string]any{"type": []string{"string", "null"}}}}}}
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	marshalJSON = reflect.TypeFor[json.Marshaler]()
	marshalText = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

// schemer describes types. Of what a call takes nothing is required: what must be there is the call's own matter.
type schemer struct {
	named map[string]any // schemas of types with a name
	takes bool
}

// schema is the JSON schema (2020-12) of a type as encoding/json writes it.
func (x *schemer) schema(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Implements(marshalText), t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(marshalText):
		return map[string]any{"type": []string{"string", "null"}}
	case t.Implements(marshalJSON):
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{x.schema(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": []string{"string", "null"}}
		}
		return map[string]any{"type": []string{"array", "null"}, "items": x.schema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []string{"object", "null"}, "additionalProperties": x.schema(t.Elem())}
	case reflect.Struct:
		return x.structure(t)
	case reflect.Interface:
		return map[string]any{}
	}
	return map[string]any{"type": "integer"}
}

func (x *schemer) structure(t reflect.Type) map[string]any {
	named := x.named
	name := ""
	if t.Name() != "" {
		name = strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
		if path := t.PkgPath(); !strings.HasSuffix(path, "/api") {
			name = path[strings.LastIndexByte(path, '/')+1:] + "." + name
		}
		if x.takes {
			name = "Input." + name
		}
		if named[name] != nil {
			return map[string]any{"$ref": "#/components/schemas/" + name}
		}
		named[name] = map[string]any{} // a type may be of itself
	}
	properties, required := map[string]any{}, []string{}
	x.fields(t, properties, &required)
	slices.Sort(required)
	s := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 && !x.takes {
		s["required"] = required
	}
	if name == "" {
		return s
	}
	named[name] = s
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

// fields describes the members of a struct as encoding/json names them; embedded structs' are its own.
func (x *schemer) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Anonymous && tag == "" && inner.Kind() == reflect.Struct {
			var own []string
			if x.fields(inner, properties, &own); f.Type.Kind() != reflect.Pointer {
				*required = append(*required, own...)
			}
			continue
		}
		if !f.IsExported() || tag == "-" {
			continue
		}
		name := tag
		if name == "" {
			if name = f.Name; t.Name() == "" { // of a shape that is written down here
				name = strings.ToLower(name)
			}
		}
		if properties[name] = x.schema(f.Type); !strings.Contains(options, "omit") && !slices.Contains(*required, name) {
			*required = append(*required, name)
		}
	}
}

package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Setenv("TEST_ROUTOR_KEY", "sk-abcdefghijkl1234")
	c, err := Parse("/etc/routor.yaml", []byte(`
listen: 0.0.0.0:9000
policy: rules/policy.yaml
balance: 0.7
access_log: true
catalog: more.yaml
timeouts: {idle: 45s}
limits: {body: 10MB}
providers:
  openai:
    base_url: http://127.0.0.1:9999/v1
    api_key: ${TEST_ROUTOR_KEY}
    timeouts: {total: 1m}
    headers: {X-Team: "team ${TEST_ROUTOR_KEY}"}
  vllm:
    base_url: http://gpu:8000/v1
    models: [llama3.3:70b, {name: qwen, context: 32768, input: 0.1}]
profiles:
  cheap: {ceiling: LIGHT}
`))
	if err != nil {
		t.Fatal(err)
	}
	openai, vllm := c.Providers["openai"], c.Providers["vllm"]
	for _, x := range []struct{ name, got, want any }{
		{"listen", c.Listen, "0.0.0.0:9000"},
		{"policy relative to the file", c.Policy, Path("/etc/rules/policy.yaml")},
		{"balance", *c.Balance, 0.7},
		{"access_log", c.AccessLog, true},
		{"one item as a list", c.Catalog[0], Path("/etc/more.yaml")},
		{"idle", c.Timeouts.Idle, 45 * time.Second},
		{"default beside it", c.Timeouts.Connect, 5 * time.Second},
		{"body", c.Limits.Body, Size(10 << 20)},
		{"default of a size", c.HoldSize, Size(64 << 10)},
		{"base_url", openai.BaseURL, "http://127.0.0.1:9999/v1"},
		{"api_key", openai.APIKey.Reveal(), "sk-abcdefghijkl1234"},
		{"header", openai.Headers["X-Team"].Reveal(), "team sk-abcdefghijkl1234"},
		{"default in a map", openai.MaxConns, 512},
		{"provider's total", openai.Timeouts.Or(c.Timeouts).Total, time.Minute},
		{"provider's idle", openai.Timeouts.Or(c.Timeouts).Idle, 45 * time.Second},
		{"model by name", vllm.Models[0].Name, "llama3.3:70b"},
		{"model by mapping", vllm.Models[1].Context, 32768},
		{"price", *vllm.Models[1].Input, 0.1},
		{"profiles inline", c.Profiles.Node != nil, true},
	} {
		if !reflect.DeepEqual(x.got, x.want) {
			t.Errorf("%s: got %v, want %v", x.name, x.got, x.want)
		}
	}
	if addr, own := c.Admin(); addr != "127.0.0.1:8485" || !own {
		t.Errorf("admin of a public listen: %s, %v", addr, own)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if s := fmt.Sprintf(verb, c); strings.Contains(s, "abcdefgh") {
			t.Errorf("%s shows a secret: %s", verb, s)
		}
	}
}

func TestErrors(t *testing.T) {
	t.Setenv("TEST_ROUTOR_UNSET", "")
	for _, x := range []struct{ name, src, want string }{
		{"unknown key", "listn: x", `f.yaml:1:1: listn: unknown key; did you mean listen?`},
		{"unknown key deep", "providers:\n  openai:\n    timeuts: {}", `f.yaml:3:5: providers.openai.timeuts: unknown key; did you mean timeouts?`},
		{"unknown key, none near", "tls: {zzzzzz: 1}", `f.yaml:1:7: tls.zzzzzz: unknown key; it is one of cert, key`},
		{"number for a duration", "drain_delay: 5", `f.yaml:1:14: drain_delay: expected a duration, found the number 5; write for instance drain_delay: 5s`},
		{"text for a flag", "access_log: \"yes\"", `f.yaml:1:13: access_log: expected true or false, found "yes"; write for instance access_log: false`},
		{"bad size", "limits: {body: 10 potatoes}", `limits.body: expected a size, found "10 potatoes"; write for instance body: 32MB`},
		{"too small", "limits: {body: 10}", `"10" is too small: at least 1KB`},
		{"too large", "balance: 2", `"2" is too large: at most 1`},
		{"list for a text", "listen: [a]", `expected a text, found a list; write for instance listen: 127.0.0.1:8484`},
		{"text for a mapping", "timeouts: 5s", `timeouts: expected a mapping of connect, first_token, thinking, idle, plain, total, found "5s"`},
		{"twice", "listen: a:1\nlisten: b:2", `f.yaml:2:1: listen: is there twice, first in line 1; remove one`},
		{"closed set", "providers: {x: {dialect: opnai}}", `providers.x.dialect: "opnai" is not one of the words known here; did you mean openai?`},
		{"no address", "listen: nowhere", `f.yaml:1:1: listen: "nowhere" is not HOST:PORT; write for instance listen: 127.0.0.1:8484`},
		{"half of tls", "tls: {cert: a}", `tls: cert and key go together; give both, or neither`},
		{"base url", "providers: {openai: {base_url: api.openai.com}}", `f.yaml:1:22: providers.openai.base_url: is not a URL that begins with http:// or https://`},
		{"variable elsewhere", "policy: ${HOME}/p.yaml", `policy: variables are read in keys, headers and base_url alone`},
		{"not YAML", "a: [", `f.yaml:1:1: is not YAML: `},
		{"two documents", "listen: a:1\n---\nlisten: b:1", `more than one document`},
		{"a list at the top", "- a", `expected a mapping of listen, `},
		{"two keys", "providers: {x: {api_key: 'abc', api_key_file: f}}", `providers.x.api_key_file: there is api_key as well`},
		{"secret not shown", "providers: {x: {api_key: [sk-supersecret]}}", `expected a text, found a list`},
	} {
		_, err := Parse("f.yaml", []byte(x.src))
		var wrong Errors
		if !errors.As(err, &wrong) {
			t.Errorf("%s: no Errors but %v", x.name, err)
		} else if !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s:\n got %s\nwant %s", x.name, err, x.want)
		} else if strings.Contains(err.Error(), "supersecret") {
			t.Errorf("%s: shows a secret: %s", x.name, err)
		}
	}
	if _, err := Parse("f.yaml", []byte("listn: 1\ndrain_delay: 5\nprovidrs: {}")); len(err.(Errors)) != 3 {
		t.Errorf("not all errors are told: %v", err)
	}
	c, err := Parse("f.yaml", []byte("providers: {openai: {api_key: \"${TEST_ROUTOR_UNSET}\"}}"))
	if err != nil || len(c.Warnings()) != 1 || c.Providers["openai"].APIKey != "" {
		t.Errorf("a variable that is not set: %v, %v", err, c.Warnings())
	}
}

func TestSaysNothing(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"", "# nothing\n", "providers:\n", "~", "{}"} {
		c, err := Parse("f.yaml", []byte(src))
		if err != nil || c.Listen != "127.0.0.1:8484" || !c.ResponseHeaders {
			t.Errorf("%q: %v", src, err)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml")); err == nil || !strings.Contains(err.Error(), "routor init") {
		t.Errorf("a file that is not there: %v", err)
	}
	file := filepath.Join(t.TempDir(), "routor.yaml")
	if err := os.WriteFile(file, []byte("hold: 3s"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(file); err != nil || c.Hold != 3*time.Second || c.File() != file {
		t.Errorf("%+v, %v", c, err)
	}
	if c, err := Load(""); err != nil || c.Hold != 2*time.Second {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, o := range Options() {
		if seen[o.Flag] || o.Doc == "" || !strings.HasSuffix(o.Doc, ".") {
			t.Errorf("option %+v: twice, or without a sentence", o)
		}
		seen[o.Flag] = true
	}
	c := Default()
	for _, x := range []struct {
		flag   string
		values []string
		want   string // error
	}{
		{"drain-delay", []string{"7s"}, ""},
		{"catalog", []string{"a.yaml", "b.yaml"}, ""},
		{"balance", []string{"0.25"}, ""},
		{"profiles", []string{"p.yaml"}, ""},
		{"max-body", []string{"1MB"}, ""},
		{"access-log", []string{"true"}, ""},
		{"drain-delay", []string{"5"}, `ROUTOR_DRAIN_DELAY: expected a duration, found "5"; write for instance 5s`},
		{"balance", []string{"7"}, `"7" is too large: at most 1`},
	} {
		err := c.Set(x.flag, Env(x.flag), x.values...)
		if (err == nil) != (x.want == "") || err != nil && !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s %v: got %v, want %q", x.flag, x.values, err, x.want)
		}
	}
	if c.DrainDelay != 7*time.Second || len(c.Catalog) != 2 || *c.Balance != 0.25 || c.Profiles.File != "p.yaml" || c.Limits.Body != 1<<20 || !c.AccessLog {
		t.Errorf("%+v", c)
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Size{"10MB": 10 << 20, "64KB": 64 << 10, "1GiB": 1 << 30, "5": 5, "5B": 5, "2 MB": 2 << 20, "-1": -1, "MB": -1, "": -1, "9999999999GB": -1} {
		got, err := ParseSize(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	if s := Size(64 << 10).String(); s != "64KB" {
		t.Error(s)
	}
}

func TestReferenceNamesEveryKey(t *testing.T) {
	t.Parallel()
	doc := string(Reference())
	for _, s := range sections {
		for _, key := range keysOf(s.t) {
			if !strings.Contains(doc, "| `"+key+"` |") {
				t.Errorf("%s.%s is missing", s.title, key)
			}
		}
		for i := range s.t.NumField() {
			if f := s.t.Field(i); f.IsExported() && !strings.HasSuffix(f.Tag.Get("doc"), ".") {
				t.Errorf("%s.%s has no sentence", s.title, f.Name)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("listen: 127.0.0.1:1\nproviders: {openai: {api_key: '${HOME}', models: [a, {name: b}]}}"))
	f.Add([]byte("a: &a [*a]\nprofiles: *a\ntimeouts: {idle: 5}"))
	f.Add([]byte("catalog: [a, b]\nlimits: {body: 10MB}\n---\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := Parse("f.yaml", src)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		var wrong Errors
		if err != nil && (!errors.As(err, &wrong) || len(wrong) == 0 || err.Error() == "") {
			t.Fatalf("no Errors but %v", err)
		}
	})
}

// TestVariablesInBraces: the short form of a provider is the one that people write.
func TestVariablesInBraces(t *testing.T) {
	t.Setenv("TEST_ROUTOR_KEY", "sk-1{with}\"all\":#kinds")
	c, err := Parse("f.yaml", []byte("providers: {openai: {base_url: http://127.0.0.1:9/v1, api_key: ${TEST_ROUTOR_KEY}}, xai: {api_key: ${TEST_ROUTOR_KEY}}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"openai", "xai"} {
		if got := c.Providers[id].APIKey.Reveal(); got != "sk-1{with}\"all\":#kinds" {
			t.Errorf("%s: %q", id, got)
		}
	}
	_, err = Parse("f.yaml", []byte("providers: {openai: {api_key: ${TEST_ROUTOR_KEY}, bse_url: x}}\n"))
	if err == nil || !strings.Contains(err.Error(), "f.yaml:1:51: providers.openai.bse_url") {
		t.Errorf("%v", err)
	}
}

package main

import (
	"strings"
	"testing"

	"github.com/routor/routor/engine/config"
)

func parse(t *testing.T, src string) *config.Config {
	t.Helper()
	c, err := config.Parse("routor.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	cat, err := catalogOf(parse(t, `providers:
  microsoft: {resource: mine, api_key: "0123456789abcdef", deployments: {microsoft/phi-4: my-phi}}
  local:
    base_url: http://127.0.0.1:8000/v1
    models:
      - llama3.3:70b
      - {name: big, context: 32000, max_output: 4000, input: 0.2, output: 0.6, tools: true, images: true, schema: true, ability: 0.6}
      - {name: glm, is: zai/glm-5.2}
`))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := cat.Find("microsoft/phi-4")
	if d := cat.DeploymentsOf(m); len(d) == 0 || d[0].Upstream != "my-phi" {
		t.Errorf("a deployment of one's own: %+v", d)
	}
	if m, d := cat.Find("local/llama3.3:70b"); m == nil || d != nil && d.Upstream != "llama3.3:70b" || m.Context != 0 {
		t.Errorf("a model by name: %+v", m)
	}
	if m, _ := cat.Find("local/big"); m == nil || m.Context != 32000 || m.MaxOutput != 4000 || m.Caps.Tools.String() != "yes" || m.Caps.Image.String() != "yes" || cat.DeploymentsOf(m)[0].Prices.Input.USD() != 0.2 {
		t.Errorf("a model with figures: %+v", m)
	}
	m, _ = cat.Find("zai/glm-5.2")
	second := false
	for _, d := range cat.DeploymentsOf(m) {
		second = second || d.Provider == "local" && d.Upstream == "glm"
	}
	if !second {
		t.Error("a second home of a known model is missing")
	}
	for _, x := range []struct{ name, src, want string }{
		{"misspelt", "providers: {opnai: {api_key: '0123456789abcdef'}}", "providers.opnai: is not a provider that the catalog knows, and has no base_url; did you mean openai?"},
		{"no models", "providers: {local: {base_url: 'http://h/v1'}}", "providers.local: has no models; write for instance models: [llama3.3:70b]"},
		{"deployment of an unknown model", "providers: {microsoft: {deployments: {phi-44: x}}}", `the catalog has no model "phi-44"`},
		{"unknown model at an endpoint", "providers: {local: {base_url: 'http://h/v1', models: [{name: a, is: nobody/nothing}]}}", `providers.local.models[0].is: the catalog has no model "nobody/nothing"`},
	} {
		if _, err := catalogOf(parse(t, x.src)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

func TestConnectAll(t *testing.T) {
	clean(t)
	t.Setenv("MISTRAL_API_KEY", "from-the-environment")
	t.Setenv("OPENAI_API_KEY", "not-this-one")
	key := write(t, "key", "from-a-file\n")
	c := parse(t, `providers:
  openai: {api_key: from-the-file-itself}
  xai: {api_key_file: `+key+`}
  zai: {api_key: "${ROUTOR_TEST_UNSET}"}
  microsoft: {api_key: some-key-of-ours}
  deepseek: {api_key: some-key-of-ours, disabled: true}
  local: {base_url: "http://127.0.0.1:1/v1", models: [a]}
`)
	cat, err := catalogOf(c)
	if err != nil {
		t.Fatal(err)
	}
	made, missing, err := connectAll(c, cat)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{"openai": "from-the-file-itself", "mistral": "from-the-environment", "xai": "from-a-file"} {
		if p, ok := made[id]; !ok || p.key.get() != want {
			t.Errorf("%s is not connected with its key", id)
		}
	}
	if p, ok := made["local"]; !ok || p.key != nil {
		t.Error("an endpoint that needs no key is not connected")
	}
	for id, want := range map[string]string{"zai": "no key: set", "microsoft": "no resource"} {
		if _, ok := made[id]; ok || !strings.Contains(missing[id], want) {
			t.Errorf("%s: %q", id, missing[id])
		}
	}
	if len(made) != 4 || len(missing) != 2 {
		t.Errorf("%d connected, %v missing", len(made), missing)
	}
}

func TestProxyFor(t *testing.T) {
	t.Parallel()
	if got := proxyFor("https://api.openai.com/v1", "", "http://proxy:3128"); got != "http://proxy:3128" {
		t.Error(got)
	}
	if got := proxyFor("http://127.0.0.1:8000/v1"); got != "" {
		t.Errorf("a loopback address goes through %q", got)
	}
}

// TestDialects: a provider is called in its own dialect, unless its address or the configuration says another.
func TestDialects(t *testing.T) {
	t.Parallel()
	c := parse(t, `providers:
  anthropic: {api_key: "0123456789abcdef"}
  google: {api_key: "0123456789abcdef", base_url: "https://google.example/v1beta/openai"}
  openai: {api_key: "0123456789abcdef"}
  minimax: {api_key: "0123456789abcdef", base_url: "https://api.minimax.io/anthropic/v1", dialect: anthropic}
  microsoft: {api_key: "0123456789abcdef", resource: mine, api_version: "2025-01-01"}
`)
	cat, err := catalogOf(c)
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := connectAll(c, cat)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"anthropic": "anthropic x-api-key", "google": "openai bearer", "openai": "openai bearer", "minimax": "anthropic x-api-key", "microsoft": "openai api-key",
	} {
		p := made[id].Connection
		if p == nil {
			t.Errorf("%s is not connected", id)
		} else if got := p.Provider().Dialect + " " + p.Provider().Auth; got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	if base, _ := baseURL(cat.Provider("microsoft"), c.Providers["microsoft"]); base != "https://mine.services.ai.azure.com/models?api-version=2025-01-01" {
		t.Errorf("microsoft is at %s", base)
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// routor runs a command in this process.
func routor(t *testing.T, in string, args ...string) (code int, out, notes string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(in), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// clean gives a test an environment and a working folder of its own.
func clean(t *testing.T) string {
	t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "ROUTOR_") || strings.HasSuffix(name, "_API_KEY") || strings.HasSuffix(name, "_proxy") || strings.HasSuffix(name, "_PROXY") {
			t.Setenv(name, "")
		}
	}
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("NO_COLOR", "1")
	t.Chdir(dir)
	return dir
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const hi = `{"model":"auto","messages":[{"role":"user","content":"hi"}]}`

func TestGrammar(t *testing.T) {
	clean(t)
	write(t, "bad.yaml", "listn: x\n")
	write(t, "good.yaml", "drain_delay: 3s\n")
	write(t, "bad-policy.yaml", "name: x\nrules:\n  - name: r\n    when: teir == NANO\n    only: provider == \"mistral\"\n")
	write(t, "good-policy.yaml", "name: good\n")
	write(t, "good-profiles.yaml", "cheap: {ceiling: LIGHT}\n")
	write(t, "failing.yaml", "name: x\ntests:\n  - prompt: hi\n    expect: tier == COMPLEX\n")
	write(t, "bad-catalog.yaml", "models:\n  a/b: {contxt: 1}\n")
	write(t, "bad.wasm", "no module")
	write(t, "bad-profiles.yaml", "cheap: {ceilng: LIGHT}\n")
	for _, x := range []struct {
		name, in   string
		args       string // words
		code       int
		out, notes string // parts of stdout and stderr; "" = nothing there, "*" = anything
	}{
		{"nothing is help", "", "", 0, "routor serve --demo", ""},
		{"help has examples", "", "help serve", 0, "routor serve --demo", ""},
		{"help of a verb", "", "help key add", 0, "--expires", ""},
		{"help says where a command looks", "", "help key", 0, "keys.json", ""},
		{"help of an unknown noun", "", "help polcy", 2, "", "did you mean `routor policy`?"},
		{"help of an unknown verb", "", "help policy lst", 2, "", "did you mean `routor policy list`?"},
		{"unknown noun", "", "polcy list", 2, "", "did you mean `routor policy`?"},
		{"unknown verb", "", "policy lst", 2, "", "did you mean `routor policy list`?"},
		{"unknown verb, none near", "", "policy zzzzzz", 2, "", "`routor policy --help`"},
		{"no verb", "", "policy", 2, "", "needs a verb: list, show"},
		{"unknown flag", "", "serve --lisen x", 2, "", "did you mean --listen?"},
		{"unknown shorthand", "", "serve -z", 2, "", "unknown shorthand flag"},
		{"an argument too many", "", "version 1", 2, "", `"1" is one too many`},
		{"an argument missing", "", "key show", 2, "", "something is missing"},
		{"flag of a wrong type", "", "serve --drain-delay 5", 2, "", "--drain-delay: expected a duration, found \"5\"; write for instance 5s"},
		{"flag out of bounds", "", "check --balance 7", 2, "", "--balance: \"7\" is too large: at most 1"},
		{"wrong address", "", "serve --listen nowhere", 2, "", "is not HOST:PORT"},
		{"unknown format", "", "version -o yml", 2, "", "-o yml"},

		{"version", "", "version", 0, `"version": "dev"`, ""},
		{"version as a table", "", "version -o table", 0, "version   dev", ""},
		{"completion", "", "completion bash", 0, "__start_routor", ""},

		{"check", "", "check", 0, "ok       policy tests", ""},
		{"check as JSON lines", "", "check -o jsonl", 0, `{"level":"ok","what":"catalog"`, ""},
		{"check of a wrong file", "", "check --config bad.yaml", 1, "bad.yaml:1:1: listn: unknown key; did you mean listen?", ""},
		{"check of a file that is not there", "", "check --config none.yaml", 1, "routor init", ""},
		{"check of a wrong policy", "", "check --policy bad-policy.yaml", 1, `bad-policy.yaml:4:11: rule 1 "r": when:`, ""},
		{"check of a certificate that is not there", "", "check --tls-cert none.crt --tls-key none.key", 1, "none.crt", ""},
		{"check of a wrong catalog", "", "check --catalog bad-catalog.yaml", 1, "contxt", ""},
		{"check of a wrong classifier", "", "check --classifier bad.wasm", 1, "bad.wasm", ""},
		{"check of wrong profiles", "", "check --profiles bad-profiles.yaml", 1, "did you mean ceiling?", ""},
		{"check of failing tests", "", "check --policy failing.yaml", 1, "expected tier == COMPLEX", ""},

		{"policy list", "", "policy list", 0, `"name":"default"`, ""},
		{"policy show", "", "policy show", 0, "name: default", ""},
		{"policy check", "", "policy check", 0, "ok", ""},
		{"policy check of a wrong one", "", "policy check bad-policy.yaml", 1, "teir", ""},
		{"policy test", "", "policy test", 0, `"pass":true`, "0 failed"},
		{"policy test that fails", "", "policy test failing.yaml -o table", 1, "FAIL", "1 failed"},
		{"policy diff", "", "policy diff failing.yaml bad-policy.yaml", 0, "+rules:", ""},
		{"policy publish of failing tests, without a server", "", "policy publish failing.yaml", 1, "", "expected tier == COMPLEX"},
		{"policy publish, without a server", "", "policy publish good-policy.yaml --note first --author ann", 0, "", "good-policy.yaml is live as version 1"},
		{"policy publish of a change to another version", "", "policy publish good-policy.yaml --on 0", 4, "", "version 1 of the policy, by ann"},
		{"policy history", "", "policy history -o csv", 0, "ann,store", ""},
		{"policy show of what was published", "", "policy show", 0, "name: good", ""},
		{"policy show of a version that is not", "", "policy show --version 9", 1, "", "no such version"},
		{"policy diff of versions", "", "policy diff 1 good-policy.yaml", 0, "+++ good-policy.yaml", ""},
		{"policy diff of the last change", "", "policy diff", 0, "+name: good", ""},
		{"policy rollback to nothing", "", "policy rollback x", 2, "", "is no version"},
		{"policy rollback", "", "policy rollback 1 --note again", 0, "", "version 2"},
		{"policy adopt of what no file owns", "", "policy adopt", 1, "", "belongs to no file"},
		{"catalog publish of a wrong one", "", "catalog publish bad-catalog.yaml", 1, "", "contxt"},
		{"classifier publish of a wrong one", "", "classifier publish bad.wasm", 1, "", "module"},
		{"profile publish", "", "profile publish good-profiles.yaml", 0, "", "version 1"},
		{"profile show of the document", "", "profile show", 0, "ceiling: LIGHT", ""},
		{"audit list", "", "audit list -o csv", 0, "rollback,policy", ""},
		{"fleet status", "", "fleet status -o csv", 0, "serving", "kept on 1"},
		{"backup", "", "backup all.backup", 0, "", "all.backup: "},
		{"restore", "", "restore all.backup --data other", 0, "", "restored"},
		{"restore over something", "", "restore all.backup --data other", 1, "", "not empty"},
		{"restore of something else", "", "restore good-policy.yaml --data third", 1, "", "no backup"},
		{"policy show of what was restored", "", "policy show --data other", 0, "name: good", ""},
		{"no server there", "", "policy publish failing.yaml --server http://127.0.0.1:1", 3, "", "no server answers at http://127.0.0.1:1"},
		{"no URL", "", "key list --server http://", 2, "", "is not a URL"},

		{"catalog list", "", "catalog list --provider mistral -o csv", 0, "mistral/mistral-large-3,mistral,active", ""},
		{"catalog list, unknown provider", "", "catalog list --provider mistrl", 2, "", "did you mean mistral?"},
		{"catalog show", "", "catalog show claude-opus-4.8", 0, `"id": "anthropic/claude-opus-4.8"`, ""},
		{"catalog show, unknown model", "", "catalog show claude-opus-9", 1, "", "did you mean"},
		{"catalog check", "", "catalog check bad-catalog.yaml -o json", 1, `"level": "error"`, ""},
		{"classifier show", "", "classifier show", 0, `"heads"`, ""},
		{"classifier check of a wrong one", "", "classifier check bad.wasm", 1, "error", ""},

		{"profile list", "", "profile list -o csv", 0, "cheap,,LIGHT", ""},
		{"profile list of files, none", "", "profile list -o json --data fourth", 0, "[]", ""},
		{"profile show, unknown", "", "profile show chap", 1, "", "there is no profile"},
		{"key list, none", "", "key list -o json", 0, "[]", ""},
		{"key add without a name", "", "key add", 2, "", "--name app"},
		{"key add, wrong expiry", "", "key add --name x --expires soon", 2, "", "90d"},
		{"key add, wrong limit", "", "key add --name x --usd-per-day much", 2, "", "--usd-per-day 60"},
		{"key add, limit out of bounds", "", "key add --name x --usd-per-day -1", 2, "", "limits.usd_per_day is -1"},
		{"key set without a key", "", "key set nobody --usd-per-day 1", 1, "", "there is no key"},
		{"key add, dry run", "", "key add --name app --dry-run", 0, "", "would make key"},
		{"key revoke, unknown", "", "key revoke nobody --yes", 1, "", "there is no key"},
		{"provider list", "", "provider list", 0, `"id":"openai"`, ""},
		{"provider show", "", "provider show openai -o table", 0, "set OPENAI_API_KEY", ""},
		{"provider show, unknown", "", "provider show opnai", 1, "", "did you mean openai?"},
		{"provider check, no keys", "", "provider check", 0, "", "no provider has a key"},
		{"decision list without a server", "", "decision list -o json", 0, "[]", ""},
		{"decision list, no figure", "", "decision list --min-cost much", 1, "", "is no figure"},
		{"decision show, unknown", "", "decision show req_none", 1, "", "there is no such decision"},
		{"decision export of nothing", "", "decision export -o csv", 0, "", "0 records"},
		{"decision export, no format", "", "decision export -o xml", 2, "", "jsonl or csv"},
		{"decision test", "", "decision test hi -o table", 0, "RANK", "NANO"},
		{"decision test of a body", hi, "decision test", 0, `"asked": "auto"`, "NANO"},
		{"decision test of nothing", "", "decision test", 2, "", "give a prompt"},

		{"classify", `{"id":"7","text":"hi","tools":0}`, "classify", 0, `{"id":"7","category":"chat_roleplay","probs":{`, ""},
		{"classify what is not JSON", "\n\nhi", "classify", 1, "", "line 3: "},
		{"classify, wrong module", "", "classify --classifier bad.wasm", 1, "", "bad.wasm"},
		{"route", hi + "\n" + hi, "route", 0, `"tier":"NANO"`, ""},
		{"route, unknown model", strings.Replace(hi, "auto", "gpt-99", 1), "route", 1, `"code":"model_not_found"`, "1 requests got no model"},
		{"route, wrong policy", hi, "route --policy bad-policy.yaml", 1, "", "bad-policy.yaml:4:11"},
		{"train, no prompts", "", "train none.jsonl", 1, "", "there are no prompts at none.jsonl"},
		{"bench without a verb", "", "bench", 2, "", "classify"},
		{"init, dry run", "", "init --dry-run --yes --balance 0.7", 0, "balance: 0.7", "no provider key was found"},
		{"init, wrong balance", "", "init --yes --balance 7", 2, "", "from 0 (cheapest) to 1 (best)"},
	} {
		code, out, notes := routor(t, x.in, strings.Fields(x.args)...)
		if code != x.code {
			t.Errorf("%s: exit %d, want %d\nstdout: %s\nstderr: %s", x.name, code, x.code, out, notes)
		}
		for _, s := range []struct{ which, got, want string }{{"stdout", out, x.out}, {"stderr", notes, x.notes}} {
			if s.want == "" && s.got != "" || !strings.Contains(s.got, s.want) {
				t.Errorf("%s: %s is %.600q, want %q", x.name, s.which, s.got, s.want)
			}
		}
	}
}

func TestPrecedence(t *testing.T) {
	clean(t)
	write(t, "routor.yaml", "policy: from-file.yaml\n")
	for name := range map[string]bool{"from-file": true, "from-env": true, "from-flag": true} {
		write(t, name+".yaml", "name: "+name+"\n")
	}
	live := func(args ...string) string {
		_, out, notes := routor(t, "", append([]string{"policy", "list"}, args...)...)
		var p struct{ Name string }
		line, _, _ := strings.Cut(out, "\n")
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v: %s%s", err, out, notes)
		}
		return p.Name
	}
	if got := live(); got != "from-file" {
		t.Errorf("the file before the default: %s", got)
	}
	t.Setenv("ROUTOR_POLICY", "from-env.yaml")
	if got := live(); got != "from-env" {
		t.Errorf("the variable before the file: %s", got)
	}
	if got := live("--policy", "from-flag.yaml"); got != "from-flag" {
		t.Errorf("the flag before the variable: %s", got)
	}
	t.Setenv("ROUTOR_DRAIN_DELAY", "5")
	if code, _, notes := routor(t, "", "serve"); code != 2 || !strings.Contains(notes, "ROUTOR_DRAIN_DELAY: expected a duration") {
		t.Errorf("a wrong variable: %d, %s", code, notes)
	}
}

func TestKeyLife(t *testing.T) {
	clean(t)
	code, out, notes := routor(t, "", "key", "add", "--name", "app", "--team", "search", "--tag", "a,b", "--expires", "90d")
	secret := strings.TrimSpace(out)
	if code != 0 || !strings.HasPrefix(secret, "rtr_") || !strings.Contains(notes, "shown this once") {
		t.Fatalf("%d, %q, %q", code, out, notes)
	}
	if _, out, _ := routor(t, "", "key", "show", "app"); strings.Contains(out, secret) || !strings.Contains(out, `"team": "search"`) {
		t.Errorf("show: %s", out)
	}
	if code, out, notes := routor(t, "", "key", "rotate", "app", "--keep", "2h"); code != 0 || !strings.HasPrefix(out, "rtr_") || strings.TrimSpace(out) == secret {
		t.Errorf("rotate: %d, %q, %s", code, out, notes)
	}
	if code, _, notes := routor(t, "", "key", "revoke", "app"); code != 2 || !strings.Contains(notes, "--yes") {
		t.Errorf("revoke without anybody to ask: %d, %s", code, notes)
	}
	if code, _, notes := routor(t, "", "key", "revoke", "app", "--yes"); code != 0 || !strings.Contains(notes, "is revoked") {
		t.Errorf("revoke: %d, %s", code, notes)
	}
	if _, out, _ := routor(t, "", "key", "list", "-o", "table"); !strings.Contains(out, "revoked") {
		t.Errorf("list: %s", out)
	}
}

func TestInit(t *testing.T) {
	clean(t)
	t.Setenv("MISTRAL_API_KEY", "key-that-must-not-be-shown-1234")
	code, out, notes := routor(t, "", "init", "--yes", "--offline")
	if code != 0 || out != "" || !strings.Contains(notes, "…1234") {
		t.Fatalf("%d, %s, %s", code, out, notes)
	}
	content, err := os.ReadFile("routor.yaml")
	if err != nil || !strings.Contains(string(content), "api_key: ${MISTRAL_API_KEY}") || strings.Contains(string(content)+notes, "must-not-be-shown") {
		t.Errorf("%v\n%s%s", err, content, notes)
	}
	if code, out, _ := routor(t, "", "check"); code != 0 || !strings.Contains(out, "1 have what they need") {
		t.Errorf("check of what init wrote: %s", out)
	}
	if code, _, notes := routor(t, "", "init", "--yes"); code != 1 || !strings.Contains(notes, "--force") {
		t.Errorf("a second init: %d, %s", code, notes)
	}
}

// TestEveryCommandHelps: each has a line, an example, and flags that say what they do.
func TestEveryCommandHelps(t *testing.T) {
	t.Parallel()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" {
			t.Errorf("%s has no line", c.CommandPath())
		}
		if c.Runnable() && !c.HasSubCommands() && !c.Hidden && !strings.Contains(c.Example, "routor ") {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
}

// TestReferences: docs/reference is what the code says.
func TestReferences(t *testing.T) {
	t.Parallel()
	for name, want := range references(newRoot()) {
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference", name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/reference/%s is not what the code says: run `make docs` (%v)", name, err)
		}
	}
}

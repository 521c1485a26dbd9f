package policies

import (
	"encoding/json"
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/routor/routor/engine/chat"
)

// maxTests is how many tests a policy may have: all of them run before it goes live.
const maxTests = 10_000

func (r *reader) tests(f field) {
	if f.value.Kind != yaml.SequenceNode {
		if f.value.Tag != "!!null" {
			r.at(f.value, f.path, "must be a list", "begin each test with - prompt: …")
		}
		return
	}
	if len(f.value.Content) > maxTests {
		r.at(f.value, f.path, fmt.Sprintf("%d tests are more than %d", len(f.value.Content), maxTests), "")
		return
	}
	for i, node := range f.value.Content {
		path := fmt.Sprintf("%s[%d]", f.path, i)
		if node.Kind == yaml.AliasNode || node.Anchor != "" {
			r.at(node, path, "YAML anchors and aliases are not read in a policy", "")
			continue
		}
		r.policy.Tests = append(r.policy.Tests, r.test(node, path))
	}
}

func (r *reader) test(node *yaml.Node, path string) Test {
	t := Test{Line: node.Line}
	given := map[string]bool{}
	for _, g := range r.fields(node, path, keys(testReference)...) {
		given[g.name] = true
		switch g.name {
		case "name":
			t.Name, _ = r.text(g)
		case "prompt":
			t.Prompt, _ = r.text(g)
		case "system":
			t.System, _ = r.text(g)
		case "messages":
			t.Messages = r.messages(g)
		case "tools":
			t.Tools = r.tools(g)
		case "images":
			t.Images = r.count(g)
		case "key":
			r.key(g, &t.Key)
		case "profile":
			t.Key.Profile = r.profile(g)
		case "now":
			t.Now = r.instant(g)
		case "down":
			t.Down = r.providers(g)
		case "expect":
			t.Expect = r.expectations(g)
		case "live":
			t.Live = r.flag(g)
		case "warn":
			t.Warn = r.flag(g)
		}
	}
	if node.Kind == yaml.MappingNode {
		if !given["prompt"] && !given["messages"] {
			r.at(node, path, "asks nothing", "give it a prompt or messages")
		}
		if !given["expect"] {
			r.at(node, path, "expects nothing", "expect: tier == NANO")
		}
	}
	return t
}

// messages turns a YAML list into the JSON of a conversation.
func (r *reader) messages(f field) json.RawMessage {
	value, ok := r.plain(f)
	if !ok {
		return nil
	}
	if _, list := value.([]any); !list || len(value.([]any)) == 0 {
		r.at(f.value, f.path, "must be a list of messages", `- {role: user, content: "hi"}`)
		return nil
	}
	for i, m := range value.([]any) {
		if object, ok := m.(map[string]any); !ok || object["role"] == nil {
			r.at(f.value.Content[i], fmt.Sprintf("%s[%d]", f.path, i), "must be a message with a role", `- {role: user, content: "hi"}`)
			return nil
		}
	}
	b, err := json.Marshal(value)
	if err != nil {
		r.at(f.value, f.path, "can't be written as JSON: "+err.Error(), "")
		return nil
	}
	return b
}

// tools reads a number of tools, or a list in OpenAI's shape.
func (r *reader) tools(f field) chat.Tools {
	if f.value.Kind == yaml.ScalarNode {
		return chat.Tools{Count: r.count(f)}
	}
	value, ok := r.plain(f)
	if !ok {
		return chat.Tools{}
	}
	if _, list := value.([]any); !list {
		r.at(f.value, f.path, "must be a number or a list of tools", "tools: 3")
		return chat.Tools{}
	}
	b, err := json.Marshal(value)
	if err != nil {
		r.at(f.value, f.path, "can't be written as JSON: "+err.Error(), "")
		return chat.Tools{}
	}
	return chat.Tools{List: b}
}

// plain decodes YAML into what JSON knows. Aliases are refused: a few lines of them can stand for gigabytes.
func (r *reader) plain(f field) (any, bool) {
	if alias := findAlias(f.value); alias != nil {
		r.at(alias, f.path, "YAML anchors and aliases are not read in a policy", "")
		return nil, false
	}
	var value any
	if err := f.value.Decode(&value); err != nil {
		r.at(f.value, f.path, "can't be read: "+err.Error(), "")
		return nil, false
	}
	return value, true
}

func findAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n
	}
	for _, child := range n.Content {
		if a := findAlias(child); a != nil {
			return a
		}
	}
	return nil
}

func (r *reader) count(f field) int {
	x, ok := r.number(f, 0, 1000)
	if ok && x != float64(int(x)) {
		r.at(f.value, f.path, "must be a whole number", "")
	}
	return int(x)
}

func (r *reader) key(f field, key *Key) {
	for _, g := range r.fields(f.value, f.path, "name", "team", "owner", "tags", "profile") {
		switch g.name {
		case "name":
			key.Name, _ = r.text(g)
		case "team":
			key.Team, _ = r.text(g)
		case "owner":
			key.Owner, _ = r.text(g)
		case "profile":
			key.Profile = r.profile(g)
		case "tags":
			for _, tag := range r.texts(g) {
				key.Tags = append(key.Tags, tag.value.Value)
			}
		}
	}
}

func (r *reader) profile(f field) string {
	s, ok := r.text(f)
	if of := r.byName["profile"]; ok {
		if _, found := of.find(s); !found {
			message, hint := of.unknown(s)
			r.at(f.value, f.path, message, hint)
		}
	}
	return s
}

// instant reads a time, in the policy's timezone where it names none. YAML knows times, so it may be quoted or not.
func (r *reader) instant(f field) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, f.value.Value, r.policy.Timezone); err == nil {
			return t
		}
	}
	r.at(f.value, f.path, "must be a time", "now: 2026-11-27T03:00:00Z")
	return time.Time{}
}

func (r *reader) providers(f field) []string {
	var list []string
	of := r.byName["provider"]
	for _, item := range r.texts(f) {
		id := item.value.Value
		if _, ok := of.find(id); !ok || id == "" {
			message, hint := of.unknown(id)
			r.at(item.value, item.path, message, hint)
			continue
		}
		list = append(list, id)
	}
	return list
}

func (r *reader) expectations(f field) []Expectation {
	var list []Expectation
	for _, item := range r.texts(f) {
		x, p := r.compile(item.value.Value, inExpect, isBool)
		if p != nil {
			r.problem(item, p)
			continue
		}
		list = append(list, Expectation{Source: item.value.Value, Line: item.value.Line, x: x})
	}
	return list
}

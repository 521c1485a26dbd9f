package policies

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/routor/routor/engine/chat"
	"github.com/routor/routor/engine/label"
)

// Test is one of a policy's own tests: what to ask, under which circumstances, and what to expect of the decision. The
// engine asks; Check compares.
type Test struct {
	Name string // "" = it has none
	Line int    // in the file

	Prompt   string
	Messages json.RawMessage // a conversation in OpenAI's shape; nil = Prompt alone
	System   string
	Tools    chat.Tools
	Images   int // inline images beside the prompt
	Key      Key // zero = no key
	Now      time.Time
	Down     []string // providers that are down
	Expect   []Expectation
	Live     bool // prices and health are those of now, not frozen
	Warn     bool // a failure does not block the publish
}

// Expectation is one condition of a test.
type Expectation struct {
	Source string
	Line   int
	x      *expression
}

// Actual is what came of a test's decision.
type Actual struct {
	Tier                   label.Tier
	Category               label.Category
	Domain                 label.Domain
	Difficulty, Confidence float64
	Model, Provider        string  // of the chosen deployment; "" = none
	Cost                   float64 // expected USD; NaN = unknown
	Quality                float64 // expected, 0..1; NaN = unknown
	Effort                 string
	Chain                  []string // model ids, best first
	Denied                 bool
	Error, Reason          string // code and message of the error; "" = none
}

// Outcome is whether one expectation holds.
type Outcome struct {
	Expect string `json:"expect"`
	Line   int    `json:"line"`
	Pass   bool   `json:"pass"`
	Warn   bool   `json:"warn,omitempty"` // a failure does not block
	Got    string `json:"got"`            // the values that it reads: "tier = SIMPLE, cost = 0.00012"
	Error  string `json:"error,omitempty"`
}

// Label is how messages name the test.
func (t *Test) Label() string {
	switch {
	case t.Name != "":
		return quoted(t.Name)
	case t.Prompt != "":
		prompt := []rune(strings.Join(strings.Fields(t.Prompt), " "))
		if len(prompt) > 48 {
			prompt = append(prompt[:47], '…')
		}
		return quoted(string(prompt))
	}
	return fmt.Sprintf("the test in line %d", t.Line)
}

// pixel is the smallest PNG: a test says how many images there are, not what is on them.
const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="

// AppendBody appends the chat-completions body that the test asks with.
func (t *Test) AppendBody(dst []byte) []byte {
	p := chat.Prompt{Text: t.Prompt, System: t.System, Messages: t.Messages, Tools: t.Tools}
	if t.Images > 0 {
		p.Messages = t.withImages()
	}
	return p.AppendBody(dst)
}

// withImages is the test's messages with a last user turn that holds prompt and images.
func (t *Test) withImages() json.RawMessage {
	parts := []any{map[string]string{"type": "text", "text": t.Prompt}}
	for range t.Images {
		parts = append(parts, map[string]any{"type": "image_url", "image_url": map[string]string{"url": pixel}})
	}
	var messages []any
	if t.Messages != nil {
		_ = json.Unmarshal(t.Messages, &messages) // written by us from YAML: it is a list
	}
	list, err := json.Marshal(append(messages, map[string]any{"role": "user", "content": parts}))
	if err != nil {
		panic("BUG: a test's messages are no JSON: " + err.Error())
	}
	return list
}

// Check compares each expectation with what came of the decision. One that can't be evaluated does not hold.
func (t *Test) Check(actual Actual) []Outcome {
	outcomes := make([]Outcome, 0, len(t.Expect))
	for _, expect := range t.Expect {
		e := newEvaluator()
		var got []string
		for _, v := range expect.x.reads {
			value := v.actual(&actual)
			e.env[v.Name] = value
			got = append(got, v.Name+" = "+show(v, value))
		}
		pass, err := e.bool(expect.x)
		outcomes = append(outcomes, Outcome{
			Expect: expect.Source, Line: expect.Line, Pass: pass, Warn: t.Warn, Got: strings.Join(got, ", "), Error: err,
		})
	}
	return outcomes
}

// show writes a value as a rule would.
func show(v *variable, value any) string {
	switch x := value.(type) {
	case nil:
		return "unknown"
	case int:
		if v.set == "tier" {
			return label.Tier(x).String()
		}
	case float64:
		return fmt.Sprintf("%.4g", x)
	case string:
		return quoted(x)
	case []string:
		return "[" + strings.Join(x, ", ") + "]"
	}
	return fmt.Sprint(value)
}

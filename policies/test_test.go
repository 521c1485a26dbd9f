package policies

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/engine/label"
)

func TestTestsAreRead(t *testing.T) {
	t.Parallel()
	p := must(t, `
timezone: Europe/Berlin
tests:
  - name: all of it
    messages:
      - {role: user, content: "Refactor this"}
      - role: assistant
        content: done
    prompt: and now the tests
    system: You are terse
    tools: 3
    images: 2
    key: {name: ci, team: platform, owner: ann, tags: [eu], profile: batch}
    now: 2026-11-27 03:30
    down: [openai, google]
    expect:
      - tier >= LIGHT
      - chain[0] == model
    live: true
    warn: true
  - {prompt: hi, profile: interactive, tools: [{type: function, function: {name: f}}], expect: tier == NANO}
`)
	if len(p.Tests) != 2 {
		t.Fatalf("%+v", p.Tests)
	}
	a, b := p.Tests[0], p.Tests[1]
	if a.Label() != `"all of it"` || a.Line != 4 || b.Label() != `"hi"` || !a.Live || !a.Warn || len(a.Expect) != 2 || a.Expect[1].Line != 18 {
		t.Errorf("%+v", a)
	}
	if want := (Key{Name: "ci", Team: "platform", Owner: "ann", Tags: []string{"eu"}, Profile: "batch"}); !reflect.DeepEqual(a.Key, want) || b.Key.Profile != "interactive" {
		t.Errorf("%+v, %+v", a.Key, b.Key)
	}
	if want := time.Date(2026, 11, 27, 2, 30, 0, 0, time.UTC); !a.Now.Equal(want) {
		t.Errorf("now is %v", a.Now)
	}
	var body struct {
		Model    string
		Messages []struct {
			Role    string
			Content any
		}
		Tools []any
	}
	if err := json.Unmarshal(a.AppendBody(nil), &body); err != nil {
		t.Fatal(err)
	}
	if body.Model != "auto" || len(body.Messages) != 4 || len(body.Tools) != 3 || len(body.Messages[3].Content.([]any)) != 3 {
		t.Errorf("%+v", body)
	}
	if body.Messages[0].Role != "system" || body.Messages[3].Role != "user" {
		t.Errorf("%+v", body)
	}
	if err := json.Unmarshal(b.AppendBody(nil), &body); err != nil || len(body.Tools) != 1 {
		t.Errorf("%v %+v", err, body)
	}
}

func TestExpectationsPassOrFailSingly(t *testing.T) {
	t.Parallel()
	p := must(t, `
tests:
  - prompt: hi
    warn: true
    expect:
      - tier == NANO && cost < 0.0001
      - tier >= STANDARD
      - category in [coding, math] and domain != law
      - model == moonshot/kimi-k2.6 and provider == moonshot
      - '"openai/gpt-5.4" in chain'
      - chain[7] == "openai/gpt-5.4"
      - quality > 0.5
      - denied or error == "no_eligible_model" and reason contains "left"
`)
	outcomes := p.Tests[0].Check(Actual{
		Tier: label.Simple, Category: label.Math, Domain: 0, Model: "moonshot/kimi-k2.6", Provider: "moonshot", Cost: 0.00012,
		Quality: math.NaN(), Chain: []string{"moonshot/kimi-k2.6", "openai/gpt-5.4"},
	})
	var got []string
	for _, o := range outcomes {
		word := "fails"
		if o.Pass {
			word = "holds"
		}
		if !o.Warn || o.Line == 0 {
			t.Errorf("%+v", o)
		}
		got = append(got, word+": "+o.Got+" "+o.Error)
	}
	want := []string{
		"fails: tier = SIMPLE, cost = 0.00012 ",
		"fails: tier = SIMPLE ",
		`holds: category = "math", domain = "math" `,
		`holds: model = "moonshot/kimi-k2.6", provider = "moonshot" `,
		"holds: chain = [moonshot/kimi-k2.6, openai/gpt-5.4] ",
		"fails: chain = [moonshot/kimi-k2.6, openai/gpt-5.4] index out of range: 7 (array length is 2)",
		"fails: quality = unknown quality is unknown",
		`fails: denied = false, error = "", reason = "" `,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

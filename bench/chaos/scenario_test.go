package chaos

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/providers/sim"
)

const example = "../../docs/scenario.yaml"

func TestExampleIsAScenario(t *testing.T) {
	t.Parallel()
	s, err := ReadScenario(example)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Steps) < 8 || s.Steps[0].Share <= 0 {
		t.Errorf("%+v", s)
	}
	f := sim.New(sim.Options{})
	defer f.Close()
	if err := f.Play(s); err != nil {
		t.Error(err)
	}
}

func TestScenariosAreChecked(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"":                                  "s.yaml: steps: there are none; write for instance steps: [{",
		"steps: [{do: {eror: server}}]":     `s.yaml:1:15: steps[0].do.eror: unknown key; did you mean error?`,
		"steps:\n- do: {error: overlaoded}": `s.yaml:2:15: steps[0].do.error: "overlaoded" is not one of the words known here; did you mean overloaded?`,
		"steps:\n- share: 2\n  do: {error: server}":                                  "s.yaml:2:10: steps[0].share",
		"steps:\n- at: soon\n  do: {error: server}":                                  "s.yaml:2:7: steps[0].at: expected a duration",
		"steps:\n- providers: opanai\n  do: {reset: true}":                           `s.yaml:2:3: steps[0].providers: no simulated provider "opanai"; did you mean openai?`,
		"steps:\n- name: calm":                                                       "s.yaml:2:3: steps[0].do: nothing goes wrong here",
		"repeat: 5s\nsteps:\n- at: 6s\n  do: {reset: true}":                          "s.yaml:3:3: steps[0].at: 6s is never reached",
		"steps:\n- {share: 0.6, do: {reset: true}}\n- {share: 0.5, do: {stall: 5s}}": "s.yaml:3:4: steps[1].share: from 0s on the shares of the steps at openai add up to 1.10",
		"steps:\n- do: {cut_at: -1}":                                                 "steps[0].do.cut_at",
		"steps: 5":                                                                   "steps",
		"steps:\n- [":                                                                "is not YAML",
	} {
		s, err := ParseScenario("s.yaml", []byte(src))
		if err == nil {
			t.Errorf("%q is taken: %+v", src, s)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n%v\nwant %s", src, err, want)
		}
	}
	s, err := ParseScenario("", []byte("steps: [{answers: streams, dialects: messages, share: .5, for: 2s, do: {cut_at: 9}}, {answers: plain, do: {garbage: true}}]"))
	if err != nil || s.Steps[0].For != 2*time.Second || s.Steps[1].Share != 1 {
		t.Errorf("%+v %v", s, err)
	}
}

func FuzzScenario(f *testing.F) {
	src, err := os.ReadFile(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte("steps: [{share: .5, do: {error: server}}]"))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := ParseScenario("s.yaml", src)
		if err == nil && (len(s.Steps) == 0 || s.Check() != nil) {
			t.Errorf("%+v", s)
		}
	})
}

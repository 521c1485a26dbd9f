package engine

import (
	"strings"
	"testing"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/label"
)

// TestSnapshotRefuses names what is wrong with parts that do not fit together.
func TestSnapshotRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup setup
		want  []string // in the error; none = it is accepted
	}{
		"fine":                    {setup: setup{policy: plainPolicy + "tests: [{name: a, prompt: hi, expect: tier == LIGHT}]"}},
		"a test that fails":       {setup: setup{policy: plainPolicy + "tests: [{name: small talk, prompt: hi, expect: [tier == COMPLEX, cost < 1]}]"}, want: []string{`test "small talk"`, "tier == COMPLEX", "tier = LIGHT"}},
		"a test that only warns":  {setup: setup{policy: plainPolicy + "tests: [{name: a, prompt: hi, expect: tier == COMPLEX, warn: true}]"}},
		"tests know down":         {setup: setup{policy: plainPolicy + "tests: [{name: a, prompt: hi, down: [cedar, relay], expect: 'provider in [\"ash\", \"birch\"]'}]"}},
		"tests need no keys":      {setup: setup{absent: "cedar", policy: plainPolicy + "tests: [{name: a, prompt: hi, expect: provider == cedar}]"}},
		"floor above ceiling":     {setup: setup{policy: plainPolicy, profiles: map[string]*access.Profile{"p": {Floor: tier(label.Complex), Ceiling: tier(label.Nano)}}}, want: []string{`profile "p"`, "floor"}},
		"a glob that hits nobody": {setup: setup{policy: plainPolicy, profiles: map[string]*access.Profile{"p": {Allow: []string{"ceder/*"}}}}, want: []string{`"ceder/*"`}},
		"aliases to nowhere":      {setup: setup{policy: plainPolicy, profiles: map[string]*access.Profile{"p": {Models: map[string]string{"x": "ash/minu"}, Override: "auto/q", Fallbacks: map[string][]string{"y": {"z"}}}}}, want: []string{"ash/mini", `"q"`, `"z"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.setup.try(t)
			if (err != nil) != (len(c.want) > 0) {
				t.Fatalf("error %v", err)
			}
			for _, s := range c.want {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q is not in: %v", s, err)
				}
			}
		})
	}
}

package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"testing"

	builtin "github.com/routor/routor/classifiers/default"
)

// stepsOf are the lines of a module's check.
func stepsOf(t *testing.T, body []byte) (states map[string]string, last map[string]any) {
	t.Helper()
	states = map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var step map[string]any
		if err := json.Unmarshal(lines.Bytes(), &step); err != nil {
			t.Fatalf("%v: %.100s", err, lines.Bytes())
		}
		name, _ := step["step"].(string)
		states[name], _ = step["state"].(string)
		last = step
	}
	return states, last
}

func TestAModuleIsCheckedStepByStep(t *testing.T) {
	r := serve(t, setup{})
	const wasm = "Content-Type: application/wasm"
	for name, c := range map[string]struct {
		module string
		want   map[string]string
		ok     bool
	}{
		"good":      {string(builtin.Module), map[string]string{"file": "ok", "abi": "ok", "card": "ok", "probes": "ok", "tests": "ok"}, true},
		"no module": {"\x00asm\x01\x00\x00\x00garbage", map[string]string{"file": "ok", "abi": "failed", "card": "skipped", "compare": "skipped"}, false},
	} {
		got := r.do("POST", "/admin/check/classifier?name="+name[:2], c.module, asAdmin, wasm)
		if got.status != 200 {
			t.Fatalf("%s: %d %.200s", name, got.status, got.body)
		}
		states, last := stepsOf(t, got.body)
		for step, want := range c.want {
			if states[step] != want {
				t.Errorf("%s: %s is %s, want %s", name, step, states[step], want)
			}
		}
		if len(states) != len(moduleSteps)+1 || last["step"] != "done" || last["ok"] != c.ok {
			t.Errorf("%s: %v, %v", name, states, last)
		}
	}
	var kept struct{ Reports []moduleReport }
	if got := r.do("GET", "/admin/check/classifier", "", asAdmin); json.Unmarshal(got.body, &kept) != nil || len(kept.Reports) != 2 {
		t.Errorf("reports: %d %.300s", got.status, got.body)
	}
}

func TestCompareModules(t *testing.T) {
	r := serve(t, setup{})
	for query, want := range map[string]int{"a=builtin&b=live": 200, "a=live&b=9": 400, "a=live&b=mine": 400, "a=live&b=builtin&limit=x": 400} {
		if got := r.do("GET", "/admin/compare/classifier?"+query, "", asAdmin); got.status != want {
			t.Errorf("%s: %d %.200s, want %d", query, got.status, got.body, want)
		}
	}
}

package policies

import "testing"

func TestWarnings(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"rules:\n  - {name: a, floor: NANO, stop: true}\n  - {name: b, floor: LIGHT}": `p.yaml:3:3: rule 2 "b": is never looked at: rule 1 "a" applies to every request and stops (give that rule a when, or move this one above it)`,
		"rules:\n  - {name: a, only: '(model.context ?? 0) > 90000000'}":              `p.yaml:2:3: rule 1 "a": no model of the catalog passes it (a request to which it applies gets no model)`,
		"rules:\n  - {name: a, when: turns > 1, stop: true}\n  - {floor: LIGHT}":      "",
		"rules:\n  - {only: provider == mistral}":                                     "",
		"name: a": "",
	} {
		p, err := Parse("p.yaml", []byte(src), testScope())
		if err != nil {
			t.Errorf("%s: %v", src, err)
			continue
		}
		got := ""
		if w := p.Warnings(); len(w) > 0 {
			got = w.Error()
		}
		if got != want {
			t.Errorf("%s\n%q\nwant\n%q", src, got, want)
		}
	}
}

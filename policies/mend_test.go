package policies

import (
	"errors"
	"strings"
	"testing"
)

// mended is a file with an error's place replaced.
func mended(src string, e Error) string {
	lines := strings.Split(src, "\n")
	line := []rune(lines[e.Line-1])
	lines[e.Line-1] = string(line[:e.Column-1]) + e.Replace + string(line[e.EndColumn-1:])
	return strings.Join(lines, "\n")
}

func TestMends(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"rules:\n  - when: category == \"codng\"\n    floor: LIGHT":         "rules:\n  - when: category == \"coding\"\n    floor: LIGHT",
		"rules:\n  - when: 'category == ''codng'''\n    floor: LIGHT":       "rules:\n  - when: 'category == ''coding'''\n    floor: LIGHT",
		"rules:\n  - when: category == codng\n    floor: LIGHT":             "rules:\n  - when: category == coding\n    floor: LIGHT",
		"rules:\n  - when: \"category == \\\"codng\\\"\"\n    floor: LIGHT": "rules:\n  - when: \"category == \\\"coding\\\"\"\n    floor: LIGHT",
		"rules:\n  - when: trns > 1\n    floor: LIGHT":                      "rules:\n  - when: turns > 1\n    floor: LIGHT",
		"rules:\n  - when: turns > 1\n      && trns > 1\n    floor: LIGHT":  "rules:\n  - when: turns > 1\n      && turns > 1\n    floor: LIGHT",
		"rules:\n  - when: key.taem == \"a\"\n    floor: LIGHT":             "rules:\n  - when: key.team == \"a\"\n    floor: LIGHT",
		"rules:\n  - when: turns = 1\n    floor: LIGHT":                     "rules:\n  - when: turns == 1\n    floor: LIGHT",
		"rules:\n  - flor: LIGHT":                                           "rules:\n  - floor: LIGHT",
		"rules:\n  - floor: LIGTH":                                          "rules:\n  - floor: LIGHT",
		"rules:\n  - use: gpt-4":                                            "rules:\n  - use: openai/gpt-5.4",
		"rules:\n  - when: !unsure && turns > 1\n    floor: LIGHT":          "rules:\n  - when: '!unsure && turns > 1'\n    floor: LIGHT",
		"rules:\n  - when: true\n    floor: LIGHT":                          "rules:\n  - when: 'true'\n    floor: LIGHT",
		"rules:\n  - prefer: 0.2":                                           "rules:\n  - prefer: '0.2'",
		"rules:\n  - prefer: cost < 0.002 ? 0.2 : 0.0":                      "rules:\n  - prefer: 'cost < 0.002 ? 0.2 : 0.0'",
		"rules:\n  - when: any(key.tags, # == \"x\")\n    floor: LIGHT":     "rules:\n  - when: 'any(key.tags, # == \"x\")'\n    floor: LIGHT",
		"rules:\n  - use: opena/*":                                          "", // which of its models is not said
		"rules:\n  - {when: !tools, floor: LIGHT}":                          "",
		"rules:\n  - prefer: latency":                                       "",
		"rules: 3":                                                          "",
	} {
		_, err := Parse("p.yaml", []byte(src), testScope())
		var list Errors
		if !errors.As(err, &list) {
			t.Errorf("%s\nis not wrong: %v", src, err)
			continue
		}
		got := ""
		if list[0].Replace != "" {
			got = mended(src, list[0])
		}
		if got != want {
			t.Errorf("%s\nbecomes\n%s\nwant\n%s\n(%+v)", src, got, want, list[0])
		} else if _, err := Parse("p.yaml", []byte(got), testScope()); want != "" && err != nil {
			t.Errorf("mended, %s\nis still wrong: %v", got, err)
		}
	}
}

func TestErrorsHaveEnds(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"rules:\n  - when: category == \"codng\"\n    floor: LIGHT": `"codng"`,
		"rules:\n  - only: latency < 2":                             "latency",
		"rules:\n  - floor: HARD":                                   "HARD",
		"tiers: {nano: 2}":                                          "2",
	} {
		_, err := Parse("p.yaml", []byte(src), testScope())
		e := err.(Errors)[0]
		line := []rune(strings.Split(src, "\n")[e.Line-1])
		if got := string(line[e.Column-1 : e.EndColumn-1]); got != want {
			t.Errorf("%s: the place is %q, not %q", src, got, want)
		}
	}
}

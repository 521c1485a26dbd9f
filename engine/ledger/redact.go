package ledger

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Redactor blackens what should not be kept, before a prompt's text is written: "mail me at a@b.example" becomes "mail me at
// [email]". It runs when records are written, never while a request waits.
type Redactor struct {
	rules []redaction
}

type redaction struct {
	name    string
	pattern *regexp.Regexp
	hint    func(text string) bool // quickly, whether it can match at all; nil = not known
	is      func(match string) bool
}

// builtin are what is blackened whatever the configuration says.
var builtin = []redaction{
	{"private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(-----END [A-Z ]*PRIVATE KEY-----|$)`), has("PRIVATE KEY"), nil},
	{"key", regexp.MustCompile(`\b(?:sk|pk|rk|rtr|xai|nvapi|gsk|hf|ghp|gho|ghs|glpat|xox[abprs]|AIza|AKIA|ASIA)[-_]?[A-Za-z0-9_-]{16,}`), nil, secretive},
	{"key", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`), has("eyJ"), nil}, // JSON web tokens
	{"key", regexp.MustCompile(`(?i)\b(?:bearer|api[-_ ]?key|password|passwd|secret|token)["']?\s*[:=]\s*["']?[^\s"',;]{8,}`), nil, nil},
	{"email", regexp.MustCompile(`[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}`), has("@"), nil},
	{"card", regexp.MustCompile(`\b\d(?:[ -]?\d){12,18}\b`), nil, luhn},
}

func has(part string) func(string) bool {
	return func(text string) bool { return strings.Contains(text, part) }
}

// secretive is whether a word that begins like a key has a figure in it, as keys have and words have not.
func secretive(match string) bool { return strings.ContainsAny(match, "0123456789") }

// luhn is whether the figures of a number add up as those of a payment card do (ISO/IEC 7812-1, annex B).
func luhn(number string) bool {
	sum, n := 0, 0
	for i := len(number) - 1; i >= 0; i-- {
		d := int(number[i]) - '0'
		if d < 0 || d > 9 {
			continue
		}
		if n%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		n++
	}
	return n >= 13 && sum%10 == 0
}

// NewRedactor makes a redactor of the built-in rules and of patterns by name (Go's regexp syntax), which run after them.
func NewRedactor(patterns map[string]string) (*Redactor, error) {
	r := &Redactor{rules: slices.Clone(builtin)}
	for _, name := range slices.Sorted(maps.Keys(patterns)) {
		p, err := regexp.Compile(patterns[name])
		if err != nil {
			return nil, fmt.Errorf("redact %q: %w", name, err)
		}
		if p.MatchString("") {
			return nil, fmt.Errorf("redact %q: %s matches nothing at all too, and so everywhere: ask for at least one character", name, patterns[name])
		}
		r.rules = append(r.rules, redaction{name: name, pattern: p})
	}
	return r, nil
}

// Redact gives the text with what should not be kept replaced by the rule's name in brackets, and how many places were.
func (r *Redactor) Redact(text string) (string, int) {
	places := 0
	for i := range r.rules {
		x := &r.rules[i]
		if text == "" || x.hint != nil && !x.hint(text) {
			continue
		}
		text = x.pattern.ReplaceAllStringFunc(text, func(match string) string {
			if x.is != nil && !x.is(match) {
				return match
			}
			places++
			return "[" + x.name + "]"
		})
	}
	return text, places
}

// Redact gives a text as the ledger may keep it, and how many places were blackened.
func (l *Ledger) Redact(text string) (string, int) { return l.options.Redactor.Redact(text) }

package policies

import (
	"fmt"
	"strings"
)

// Error is one thing that is wrong with a policy file: where it is, what it is, and what to write instead.
type Error struct {
	File    string `json:"file"`
	Line    int    `json:"line"`             // from 1
	Column  int    `json:"column"`           // from 1, in characters
	Path    string `json:"path"`             // "rules[2].when"; "" = the file as a whole
	Rule    string `json:"rule,omitempty"`   // `rule 3 "eu only"`, as people call it; "" = outside the rules
	Message string `json:"message"`          // what is wrong
	Hint    string `json:"hint,omitempty"`   // the mend
	Source  string `json:"source,omitempty"` // the expression, where it is about one

	// EndLine and EndColumn are the first character behind the place; the same as Line and Column where there is nothing.
	EndLine   int    `json:"end_line,omitempty"`
	EndColumn int    `json:"end_column,omitempty"`
	Replace   string `json:"replace,omitempty"` // what to put into its place; "" = there is no mend without doubt
}

// Error reads: default.yaml:12:11: rule 3 "eu only": only: unknown name "provder" (did you mean "provider"?)
func (e Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: ", e.File, e.Line, e.Column)
	if e.Rule != "" {
		b.WriteString(e.Rule + ": ")
	}
	if field := e.field(); field != "" {
		b.WriteString(field + ": ")
	}
	b.WriteString(e.Message)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

// field is the part of Path that Rule does not say already.
func (e Error) field() string {
	if e.Rule == "" {
		return e.Path
	}
	_, field, _ := strings.Cut(e.Path, "].")
	return field
}

// Errors is everything that is wrong with a policy file, in the order of the file. It is never empty.
type Errors []Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

package config

import (
	"fmt"
	"strings"
)

// Error is one thing that is wrong in a YAML file, where, and what to write instead. It never holds a secret.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 = no place in the file
	Path         string // "providers.openai.timeouts"
	Message      string
	Hint         string // what to write instead; "" = the message says it
}

func (e Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
		}
		b.WriteString(": ")
	}
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors are all that is wrong in a file, in its order.
type Errors []Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, x := range e {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

package policies

import (
	"slices"
	"strings"
)

// Warnings are what is most likely not meant, though it can be done: rules that are never looked at, and rules that no model
// passes, in the order of the file.
func (p *Policy) Warnings() Errors {
	var list Errors
	lines := strings.Split(string(p.Source), "\n")
	warn := func(r *Rule, path, message, hint string) {
		e := Error{File: p.File, Line: r.Line, Column: 1, EndLine: r.Line, EndColumn: 1, Path: path, Rule: r.Label(), Message: message, Hint: hint}
		if r.Line >= 1 && r.Line <= len(lines) {
			line := strings.TrimRight(lines[r.Line-1], " \t\r")
			e.EndColumn = len([]rune(line)) + 1
			e.Column = min(e.EndColumn, len([]rune(line))-len([]rune(strings.TrimLeft(line, " \t")))+1)
		}
		list = append(list, e)
	}
	end := -1
	for i := range p.Rules {
		r := &p.Rules[i]
		if end >= 0 {
			warn(r, "", "is never looked at: "+p.Rules[end].Label()+" applies to every request and stops", "give that rule a when, or move this one above it")
			continue
		}
		if r.pass != nil && (r.only != nil || r.never != nil) && !slices.ContainsFunc(r.pass, func(x uint64) bool { return x != 0 }) {
			hint := "a request to which it applies gets no model"
			if r.Soft {
				hint = "it is soft, so it does nothing"
			}
			warn(r, "", "no model of the catalog passes it", hint)
		}
		if r.Stop && r.when == nil {
			end = i
		}
	}
	return list
}

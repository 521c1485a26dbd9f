package policies

import (
	"strings"
	"unicode"
)

// mend says where an error ends, and with what its place can be replaced where there is one mend and no doubt about it. It reads
// the mend from the hint, which is the one place where it is worded.
func (d *document) mend(e *Error) {
	e.EndLine, e.EndColumn = e.Line, e.Column
	if e.Line > len(d.lines) {
		return
	}
	line := d.lines[e.Line-1]
	if e.Column > len(line) {
		return
	}
	at := line[e.Column-1:]
	e.EndColumn += tokenLength(at)
	replace := func(from int, was, with string) {
		e.Column, e.EndColumn, e.Replace = from, from+len([]rune(was)), with
	}
	if word, ok := between(e.Hint, `did you mean "`, `"?`); ok && strings.HasPrefix(e.Message, "unknown ") {
		if was, ok := lastQuoted(e.Message); ok {
			if open := opening(at, was); open != "none" {
				replace(e.Column, open+was+open, open+word+open)
			}
		}
		return
	}
	if word, ok := between(e.Hint, `use "`, `"`); ok && strings.HasSuffix(e.Message, " is retired") {
		// The message gives the model's id, which may not be how the file names it.
		was := strings.Trim(string(at[:e.EndColumn-e.Column]), `"'`)
		if open := opening(at, was); open != "none" && was != "" {
			replace(e.Column, open+was+open, open+word+open)
		}
		return
	}
	if e.Hint == "equality is written ==" && at[0] == '=' && (len(at) == 1 || at[1] != '=') {
		replace(e.Column, "=", "==")
		return
	}
	form, ok := strings.CutPrefix(strings.TrimPrefix(e.Hint, "a comment cut the expression; "), "write it quoted: ")
	if !ok {
		return
	}
	name, form, keyed := cutKey(form)
	if content, ok := fromQuotes(form); ok && keyed {
		column, value := plainAt(line, name)
		if column > 0 && sameWords(value, content) {
			replace(column, value, form)
		}
	} else if rest := strings.TrimSpace(string(at)); ok && sameWords(rest, content) {
		replace(e.Column, rest, form)
	}
}

// tokenLength is how many characters of a line belong together from its beginning on: a quoted text, a name, a number, else one.
func tokenLength(at []rune) int {
	if q := at[0]; q == '"' || q == '\'' {
		for i := 1; i < len(at); i++ {
			if at[i] == q {
				return i + 1
			}
		}
		return len([]rune(strings.TrimRightFunc(string(at), unicode.IsSpace)))
	}
	n := 0
	for n < len(at) && (unicode.IsLetter(at[n]) || unicode.IsDigit(at[n]) || strings.ContainsRune("_./-", at[n])) {
		n++
	}
	return max(1, n)
}

// opening is the quotes in which a word stands at the beginning of a line, "" = in none; "none" = it does not stand there.
func opening(at []rune, word string) string {
	text := string(at)
	for _, q := range [...]string{`''`, `\"`, `"`, `'`, ""} {
		if rest, ok := strings.CutPrefix(text, q+word); ok && strings.HasPrefix(rest, q) {
			return q
		}
	}
	return "none"
}

func between(s, before, after string) (string, bool) {
	rest, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(rest, after)
}

// lastQuoted is the last word in double quotes.
func lastQuoted(s string) (string, bool) {
	end := strings.LastIndexByte(s, '"')
	if end < 1 {
		return "", false
	}
	begin := strings.LastIndexByte(s[:end], '"')
	return s[begin+1 : end], begin >= 0 && begin+1 < end
}

// cutKey takes `when: ` off a form.
func cutKey(form string) (name, rest string, ok bool) {
	if strings.HasPrefix(form, "'") || strings.HasPrefix(form, `"`) {
		return "", form, false
	}
	return strings.Cut(form, ": ")
}

// fromQuotes is what inQuotes made a form of.
func fromQuotes(form string) (string, bool) {
	content, ok := between(form, "'", "'")
	return strings.ReplaceAll(content, "''", "'"), ok
}

// plainAt is the value of a key that a line of its own gives, with its column; 0 = the line does not.
func plainAt(line []rune, name string) (column int, value string) {
	m := plainValue.FindStringSubmatchIndex(string(line))
	if m == nil || string(line)[m[2]:m[3]] != name {
		return 0, ""
	}
	value = string(line)[m[4]:m[5]]
	return len([]rune(string(line)[:m[4]])) + 1, value
}

// sameWords is whether two texts differ in white space at most: then quotes around the one give the other, and nothing of it
// stands on another line.
func sameWords(a, b string) bool {
	return a != "" && strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

package policies

import (
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// position is the line and column of the character at an offset in a scalar's value. Folding, indentation and quotes
// change nothing but white space and escapes, so the n-th visible character of the value is the n-th of the file.
func (d *document) position(n *yaml.Node, offset int) (line, column int) {
	visible, value := 0, []rune(n.Value)
	offset = min(offset, len(value))
	for _, r := range value[:offset] {
		if !unicode.IsSpace(r) {
			visible++
		}
	}
	more := strings.TrimSpace(string(value[offset:])) != ""
	c := &cursor{lines: d.lines, line: n.Line - 1, column: n.Column - 1, style: n.Style}
	c.open()
	line, column = c.line, c.column
	for i := 0; c.next(); i++ {
		if i == visible {
			if more {
				line, column = c.line, c.column
			}
			break
		}
		c.step()
		line, column = c.line, c.column
	}
	return line + 1, column + 1
}

// cursor goes over the visible characters of a scalar as it stands in the file.
type cursor struct {
	lines        [][]rune
	line, column int // from 0
	style        yaml.Style
}

// open steps over what introduces the scalar.
func (c *cursor) open() {
	switch {
	case c.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		c.line, c.column = c.line+1, 0
	case c.style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		c.column++
	}
}

// next goes to the next visible character, and says whether there is one.
func (c *cursor) next() bool {
	for c.line >= 0 && c.line < len(c.lines) {
		line := c.lines[c.line]
		for c.column >= 0 && c.column < len(line) {
			if length, space := c.escape(); length > 0 && space {
				c.column += length
				continue
			}
			if !unicode.IsSpace(line[c.column]) {
				return true
			}
			c.column++
		}
		c.line, c.column = c.line+1, 0
	}
	return false
}

// step goes past the character at the cursor, which may be written as an escape.
func (c *cursor) step() {
	length, _ := c.escape()
	c.column += max(1, length)
}

// escape is the length of the escape at the cursor, 0 if there is none, and whether it stands for white space or nothing.
func (c *cursor) escape() (length int, space bool) {
	line := c.lines[c.line]
	at := line[c.column]
	last := c.column+1 >= len(line)
	switch {
	case c.style&yaml.SingleQuotedStyle != 0 && at == '\'' && !last && line[c.column+1] == '\'':
		return 2, false
	case c.style&yaml.DoubleQuotedStyle == 0 || at != '\\':
		return 0, false
	case last:
		return 1, true // a folded line's end
	}
	switch line[c.column+1] {
	case 'x':
		return 4, false
	case 'u':
		return 6, false
	case 'U':
		return 10, false
	case 'n', 't', 'r', 'v', 'f', ' ', '\t', 'N', '_', 'L', 'P':
		return 2, true
	}
	return 2, false
}

package plot

import (
	"fmt"
	"html"
	"strings"
)

// Tables makes HTML of the Markdown that reports are written in: headings, paragraphs and tables.
func Tables(markdown string) string {
	var b strings.Builder
	open := false
	for _, line := range strings.Split(markdown, "\n") {
		row := strings.HasPrefix(line, "|")
		if open && !row {
			b.WriteString("</table>\n")
			open = false
		}
		switch {
		case strings.HasPrefix(line, "|--"), strings.TrimSpace(line) == "", strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "## "):
			b.WriteString("<h2>" + html.EscapeString(line[3:]) + "</h2>\n")
		case row:
			cell := "td"
			if !open {
				b.WriteString("<table>\n")
				open, cell = true, "th"
			}
			b.WriteString("<tr>")
			for _, c := range strings.Split(strings.Trim(line, "| "), " | ") {
				c = html.EscapeString(strings.TrimSpace(c))
				if inner, ok := strings.CutPrefix(c, "**"); ok {
					c = "<strong>" + strings.TrimSuffix(inner, "**") + "</strong>"
				}
				fmt.Fprintf(&b, "<%s>%s</%s>", cell, c, cell)
			}
			b.WriteString("</tr>\n")
		default:
			b.WriteString("<p>" + html.EscapeString(line) + "</p>\n")
		}
	}
	if open {
		b.WriteString("</table>\n")
	}
	return b.String()
}

package store

import (
	"fmt"
	"strings"
)

// Escape writes any name as one token of a subject or bucket key: letters, digits, - and _ stay, every other byte becomes = and
// two hexadecimal digits (a model's name has dots, which would split the subject). The empty name becomes "=".
func Escape(name string) string {
	const hex = "0123456789abcdef"
	if name == "" {
		return "="
	}
	b := make([]byte, 0, len(name)+8)
	for i := range len(name) {
		if c := name[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '=', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// Unescape reads what Escape wrote.
func Unescape(token string) (string, error) {
	if token == "=" {
		return "", nil
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		c := token[i]
		if plain(c) {
			b.WriteByte(c)
			continue
		}
		if c != '=' || i+2 >= len(token) {
			return "", fmt.Errorf("%q is no escaped name", token)
		}
		high, low := nibble(token[i+1]), nibble(token[i+2])
		if high < 0 || low < 0 || plain(byte(high<<4|low)) { // one spelling a name
			return "", fmt.Errorf("%q is no escaped name", token)
		}
		b.WriteByte(byte(high<<4 | low))
		i += 2
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("%q is no escaped name", token)
	}
	return b.String(), nil
}

func nibble(c byte) int { return strings.IndexByte("0123456789abcdef", c) }

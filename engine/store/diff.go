package store

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// mostCells bounds the table of Lines; parts of texts that differ by more are shown as replaced whole.
const mostCells = 4 << 20

// Diff is how a text differs from an older one, as Lines has it, cut at 16 KB; "" for what is no text, or the same.
func Diff(old, next []byte) string {
	if bytes.Equal(old, next) || !text(old) || !text(next) {
		return ""
	}
	var b strings.Builder
	for _, line := range Lines(split(old), split(next)) {
		if b.Len()+len(line) > 16<<10 {
			b.WriteString("…\n")
			break
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

func text(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

func split(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return strings.Split(strings.TrimRight(string(b), "\n"), "\n")
}

// Lines is how b differs from a, line by line: "-" gone, "+" new, " " up to two lines around them.
func Lines(a, b []string) []string {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []string
	put := func(mark string, lines []string) {
		for _, l := range lines {
			all = append(all, mark+l)
		}
	}
	put(" ", a[:head])
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	if len(x)*len(y) > mostCells {
		put("-", x)
		put("+", y)
	} else {
		all = append(all, middle(x, y)...)
	}
	put(" ", a[len(a)-tail:])
	var near []string
	for i, line := range all {
		for _, k := range all[max(0, i-2):min(len(all), i+3)] {
			if k[0] != ' ' {
				near = append(near, line)
				break
			}
		}
	}
	return near
}

// middle compares what is left once equal lines at both ends are gone, by the longest common subsequence.
func middle(a, b []string) (all []string) {
	common := make([][]int32, len(a)+1) // length of the longest common part of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, " "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			all = append(all, "-"+a[i])
			i++
		default:
			all = append(all, "+"+b[j])
			j++
		}
	}
	return all
}

// Package nearest finds the word that a misspelt one was meant to be. It knows of nothing else.
package nearest

import "strings"

// longest is the length in bytes beyond which a word is near to nothing: it is no name, and not worth the time.
const longest = 200

// Word is the word among those given that word was most likely meant to be, "" if none is near. One of up to four letters
// may differ by one, a longer one by a third of its letters and at least two; capitals do not count.
func Word(word string, among []string) string {
	typos := 1
	if len(word) > 4 {
		typos = max(2, len(word)/3)
	}
	lower := strings.ToLower(word)
	best, least := "", min(typos+1, len(word)) // what would have to change wholly is not near
	for _, w := range among {
		if abs(len(w)-len(word)) >= least {
			continue
		}
		if d := Distance(lower, strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// Hint is a hint that names the nearest word, else all of them if they are few; "" where neither helps.
func Hint(word string, among []string) string {
	if w := Word(word, among); w != "" {
		return "did you mean " + w + "?"
	}
	if len(among) > 0 && len(among) <= 24 {
		return "it is one of " + strings.Join(among, ", ")
	}
	return ""
}

// Distance is the number of bytes to add, drop, change or swap with a neighbour to make b of a (optimal string alignment).
// Words of over 200 bytes are as far apart as they can be.
func Distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int { return max(n, -n) }

package policies

import "strings"

// nearest is the word of words that word was most likely meant to be, "" if none is near.
func nearest(word string, words []string) string {
	typos := 1
	if len(word) > 4 {
		typos = max(2, len(word)/3)
	}
	best, least := "", typos+1
	for _, w := range words {
		if strings.EqualFold(w, word) {
			return w
		}
		if d := distance(strings.ToLower(word), strings.ToLower(w), least); d < least {
			best, least = w, d
		}
	}
	if least >= len(word) {
		return "" // everything of it would have to change
	}
	return best
}

// didYouMean is a hint, or the whole of a small set where nothing is near.
func didYouMean(word string, words []string) string {
	if w := nearest(word, words); w != "" {
		return "did you mean " + quoted(w) + "?"
	}
	if len(words) > 0 && len(words) <= 16 {
		return "known are " + strings.Join(words, ", ")
	}
	return ""
}

func quoted(s string) string { return `"` + s + `"` }

// distance is the number of letters to add, drop, change or swap (Damerau and Levenshtein's, restricted), cut off at
// limit so that a long word among thousands of names costs little.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit || len(a) > 200 {
		return limit
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

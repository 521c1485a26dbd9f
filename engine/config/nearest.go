package config

import "strings"

// Nearest is the word among those given that word most probably stands for; "" if none is near. Words are near when at most
// a third of the letters differ, counting two neighbours that changed places as one.
func Nearest(word string, among []string) string {
	word = strings.ToLower(word)
	best, least := "", max(1, (len(word)+1)/3)+1
	for _, w := range among {
		if d := distance(word, strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	return best
}

// DidYouMean is a hint that names the nearest word, else all of them if they are few.
func DidYouMean(word string, among []string) string {
	if n := Nearest(word, among); n != "" {
		return "did you mean " + n + "?"
	}
	if len(among) > 0 && len(among) <= 20 {
		return "it is one of " + strings.Join(among, ", ")
	}
	return ""
}

// distance is the optimal string alignment distance of two words in bytes; a word of over 64 bytes is far from all.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			same := 1
			if a[i-1] == b[j-1] {
				same = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+same)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

package policies

import (
	"strings"

	"github.com/routor/routor/engine/nearest"
)

// didYouMean is a hint, or the whole of a small set where nothing is near.
func didYouMean(word string, words []string) string {
	if w := nearest.Word(word, words); w != "" {
		return "did you mean " + quoted(w) + "?"
	}
	if len(words) > 0 && len(words) <= 16 {
		return "known are " + strings.Join(words, ", ")
	}
	return ""
}

func quoted(s string) string { return `"` + s + `"` }

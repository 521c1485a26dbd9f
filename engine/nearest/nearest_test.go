package nearest

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"codng", "coding", 1}, {"kitten", "sitting", 3}} {
		if got := Distance(c.a, c.b); got != c.want || Distance(c.b, c.a) != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestWord(t *testing.T) {
	t.Parallel()
	words := []string{"listen", "admin_listen", "providers", "policy", "rule"}
	for word, want := range map[string]string{
		"lisen": "listen", "LISTEN": "listen", "provdiers": "providers", "polcy": "policy", "rlue": "rule",
		"": "", "x": "", "zebra": "", "listen_address_of_the_server": "", strings.Repeat("rule", 1000): "",
	} {
		if got := Word(word, words); got != want {
			t.Errorf("Word(%.20q) = %q, want %q", word, got, want)
		}
	}
	if got := Hint("zebra", words[:2]); got != "it is one of listen, admin_listen" {
		t.Error(got)
	}
}

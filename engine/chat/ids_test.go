package chat

import (
	"strings"
	"testing"
)

func TestEncodeID(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		id         string
		form       IDForm
		want       string
		reversible bool
	}{
		{"toolu_01-a", AnthropicIDs, "toolu_01-a", true},
		{"functions.get_weather:0", AnthropicIDs, "ridxfunctionsZ2eget_weatherZ3a0", true},
		{"Z.", AnthropicIDs, "ridxZ5aZ2e", true},
		{"", AnthropicIDs, "ridx", true},
		{"ridxZ2e", AnthropicIDs, "ridxridxZ5a2e", true},
		{"ä", AnthropicIDs, "ridxZc3Za4", true},
		{"abcdefghi", MistralIDs, "abcdefghi", true},
		{"a.b", MistralIDs, "ridxaZ2eb", true},
		{"call_1", OpenAIIDs, "call_1", true},
	} {
		got := EncodeID(c.id, c.form)
		if got != c.want {
			t.Errorf("%q became %q, want %q", c.id, got, c.want)
		}
		if back, ok := DecodeID(got); ok != c.reversible || back != c.id {
			t.Errorf("%q came back as %q, %t", c.id, back, ok)
		}
	}
	long := strings.Repeat("x.", 100)
	for _, f := range []IDForm{AnthropicIDs, OpenAIIDs, MistralIDs, {Max: 5}} {
		a, b := EncodeID(long, f), EncodeID(long+"y", f)
		if !f.takes(a) || !f.takes(b) || a == b || a != EncodeID(long, f) {
			t.Errorf("%+v: %q, %q", f, a, b)
		}
	}
	if _, ok := DecodeID(EncodeID(long, AnthropicIDs)); ok {
		t.Error("a digest is taken for an id")
	}
}

func FuzzEncodeID(f *testing.F) {
	f.Add("a", "b.", "_-", 1, 40)
	f.Add("ridxZ2e", "Z", "", 9, 9)
	f.Fuzz(func(t *testing.T, a, b, marks string, least, most int) {
		form := IDForm{Marks: marks, Min: min(max(least, 0), 16), Max: min(max(most, 0), 200)}
		if form.Max > 0 && form.Max < max(form.Min, 8) {
			return
		}
		x, y := EncodeID(a, form), EncodeID(b, form)
		if !form.takes(x) {
			t.Fatalf("%q became %q, which is not of the form %+v", a, x, form)
		}
		if a != b && x == y {
			t.Fatalf("%q and %q both became %q", a, b, x)
		}
		fits := form.Max == 0 || len(a)*3+len(escapedID) <= form.Max
		if back, ok := DecodeID(x); strings.HasPrefix(x, escapedID) && (!ok || back != a) {
			t.Fatalf("%q became %q and came back as %q", a, x, back)
		} else if fits && len(a) >= form.Min && back != a && ok {
			t.Fatalf("%q became the digest %q although there was room", a, x)
		}
	})
}

package chat

import "testing"

func TestSeal(t *testing.T) {
	t.Parallel()
	for _, s := range []State{{}, {Maker: "google", Form: "thought_signature", Data: "a:b=="}, {Maker: "my:own one", Form: "details", Data: `[{"a":1}]`}} {
		if got, ok := Unseal(s.Seal()); !ok || got != s {
			t.Errorf("%+v came back as %+v, %t", s, got, ok)
		}
	}
	for _, text := range []string{"", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h", "routor:", "routor:a", "routor:%zz:b:c"} {
		if _, ok := Unseal(text); ok {
			t.Errorf("%q is taken for a sealed state", text)
		}
	}
}

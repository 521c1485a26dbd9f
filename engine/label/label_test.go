package label

import "testing"

func TestNamesRoundTrip(t *testing.T) {
	for i, n := range Tiers {
		if got, ok := ParseTier(n); !ok || got != Tier(i) || got.String() != n {
			t.Errorf("tier %s: got %v %v", n, got, ok)
		}
		var read Tier
		if text, _ := Tier(i).MarshalText(); read.UnmarshalText(text) != nil || read != Tier(i) {
			t.Errorf("tier %s is written as %s and read as %v", n, text, read)
		}
	}
	for i, n := range Categories {
		if got, ok := ParseCategory(n); !ok || got != Category(i) || got.String() != n {
			t.Errorf("category %s: got %v %v", n, got, ok)
		}
	}
	for i, n := range Domains {
		if got, ok := ParseDomain(n); !ok || got != Domain(i) || got.String() != n {
			t.Errorf("domain %s: got %v %v", n, got, ok)
		}
	}
	for _, bad := range []string{"", "codng", "UNKNOWN"} {
		if _, ok := ParseCategory(bad); ok {
			t.Errorf("%q is no category", bad)
		}
		if _, ok := ParseTier(bad); ok {
			t.Errorf("%q is no tier", bad)
		}
		if err := new(Tier).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as a tier", bad)
		}
	}
}

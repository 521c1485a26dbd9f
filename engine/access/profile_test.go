package access

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/engine/label"
)

func TestParseProfiles(t *testing.T) {
	t.Parallel()
	profiles, err := ParseProfiles("p.yaml", []byte(`
cheap:
  ceiling: light
  max_cost: 0.01
  allow: [deepseek/*, openai/gpt-5.5]
  modes: auto
agents:
  floor: STANDARD
  models: {"claude-*": auto, claude-opus-4-8: auto/cheap}
  fallbacks: {openai/gpt-5.5: [anthropic/claude-opus-4.8]}
`))
	if err != nil {
		t.Fatal(err)
	}
	if p := profiles["cheap"]; p.Name != "cheap" || *p.Ceiling != label.Light || *p.MaxCostUSD != 0.01 || len(p.Allow) != 2 || p.Modes[0] != "auto" {
		t.Errorf("%+v", p)
	}
	for _, x := range []struct{ name, src, want string }{
		{"unknown key", "a: {cieling: LIGHT}", `p.yaml:1:5: a.cieling: unknown key; did you mean ceiling?`},
		{"unknown tier", "a: {ceiling: LIHGT}", `a.ceiling: "LIHGT" is not one of the words known here; did you mean LIGHT?`},
		{"unknown mode", "a: {modes: [atuo]}", `a.modes[0]: "atuo" is not one of the words known here; did you mean auto?`},
		{"floor above ceiling", "a:\n  ceiling: LIGHT\n  floor: COMPLEX", `p.yaml:3:3: a.floor: COMPLEX is above the ceiling LIGHT`},
		{"out of bounds", "a: {bfcl_min: 7}", `a.bfcl_min: "7" is too large: at most 1`},
		{"unknown profile", "cheap: {}\na: {override_model: auto/chaep}", `a.override_model: there is no profile "chaep"; did you mean cheap?`},
		{"bad name", "'a b': {}", `is not a name`},
		{"not a mapping", "[a]", `expected a mapping, found a list`},
	} {
		if _, err := ParseProfiles("p.yaml", []byte(x.src)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s:\n got %v\nwant %s", x.name, err, x.want)
		}
	}
}

func TestReadProfiles(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("routor.yaml", []byte("profiles:\n  cheap: {ceiling: LIGHT}"))
	if err != nil {
		t.Fatal(err)
	}
	if profiles, err := ReadProfiles(c.Profiles); err != nil || profiles["cheap"] == nil {
		t.Errorf("%v, %v", profiles, err)
	}
	c, _ = config.Parse("routor.yaml", []byte("profiles:\n  cheap: {ceilin: LIGHT}"))
	if _, err := ReadProfiles(c.Profiles); err == nil || !strings.Contains(err.Error(), "routor.yaml:2:11: profiles.cheap.ceilin: unknown key") {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "p.yaml")
	if err := os.WriteFile(file, []byte("fast: {}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if profiles, err := ReadProfiles(config.Section{File: config.Path(file)}); err != nil || profiles["fast"] == nil {
		t.Errorf("%v, %v", profiles, err)
	}
	if profiles, err := ReadProfiles(config.Section{}); err != nil || len(profiles) != 0 {
		t.Errorf("%v, %v", profiles, err)
	}
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	tier := func(t label.Tier) *label.Tier { return &t }
	usd := func(f float64) *float64 { return &f }
	p := &Profile{Name: "mid", Floor: tier(label.Simple), Ceiling: tier(label.Standard), MaxCostUSD: usd(0.05), BFCLMin: usd(0.6), Modes: []string{"auto", "tier"}}
	for _, x := range []struct {
		name           string
		asked          Asked
		floor, ceiling label.Tier
		refused        string // part of a LimitError
		conflict       string // part of a ConflictError
	}{
		{"nothing asked", Asked{}, label.Simple, label.Standard, "", ""},
		{"narrower", Asked{Floor: tier(label.Light), Ceiling: tier(label.Light), MaxCostUSD: usd(0.01), BFCLMin: usd(0.9)}, label.Light, label.Light, "", ""},
		{"a tier", Asked{Tier: tier(label.Light)}, label.Light, label.Light, "", ""},
		{"the bounds themselves", Asked{Floor: tier(label.Simple), Ceiling: tier(label.Standard), MaxCostUSD: usd(0.05), BFCLMin: usd(0.6)}, label.Simple, label.Standard, "", ""},
		{"floor above ceiling", Asked{Floor: tier(label.Complex)}, 0, 0, `routor_tier_floor COMPLEX is beyond profile "mid": ceiling STANDARD`, ""},
		{"ceiling above ceiling", Asked{Ceiling: tier(label.Complex)}, 0, 0, `routor_tier_ceiling COMPLEX is beyond profile "mid": ceiling STANDARD`, ""},
		{"ceiling below floor", Asked{Ceiling: tier(label.Nano)}, 0, 0, `routor_tier_ceiling NANO is beyond profile "mid": floor SIMPLE`, ""},
		{"tier above ceiling", Asked{Tier: tier(label.Complex)}, 0, 0, `routor_tier COMPLEX is beyond profile "mid": ceiling STANDARD`, ""},
		{"cost over the cap", Asked{MaxCostUSD: usd(0.06)}, 0, 0, `routor_max_cost 0.06 is beyond profile "mid": max_cost 0.05`, ""},
		{"weaker accuracy", Asked{BFCLMin: usd(0.5)}, 0, 0, `routor_bfcl_min 0.5 is beyond profile "mid": bfcl_min 0.6`, ""},
		{"mode not granted", Asked{Mode: "direct"}, 0, 0, `routor_mode direct is beyond profile "mid": modes auto, tier`, ""},
		{"its own contradiction", Asked{Floor: tier(label.Standard), Ceiling: tier(label.Light)}, 0, 0, "", "routor_tier_floor STANDARD contradicts routor_tier_ceiling LIGHT"},
		{"tier below its floor", Asked{Floor: tier(label.Standard), Tier: tier(label.Light)}, 0, 0, "", "routor_tier_floor STANDARD contradicts routor_tier LIGHT"},
	} {
		b, err := p.Narrow(x.asked)
		var limit *LimitError
		var conflict *ConflictError
		switch {
		case x.refused != "":
			if !errors.As(err, &limit) || err.Error() != x.refused {
				t.Errorf("%s: %v", x.name, err)
			}
		case x.conflict != "":
			if !errors.As(err, &conflict) || err.Error() != x.conflict {
				t.Errorf("%s: %v", x.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", x.name, err)
		case *b.Floor != x.floor || *b.Ceiling != x.ceiling:
			t.Errorf("%s: %v to %v", x.name, b.Floor, b.Ceiling)
		}
	}
	if b, err := new(Profile).Narrow(Asked{Floor: tier(label.Complex)}); err != nil || *b.Floor != label.Complex || b.Ceiling != nil || b.FloorBy != "routor_tier_floor" {
		t.Errorf("the zero profile bounds: %+v, %v", b, err)
	}
}

func FuzzParseProfiles(f *testing.F) {
	f.Add([]byte("cheap: {ceiling: LIGHT, models: {a: auto/cheap}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		profiles, err := ParseProfiles("p.yaml", src)
		if (profiles == nil) == (err == nil) {
			t.Fatalf("%v, %v", profiles, err)
		}
	})
}

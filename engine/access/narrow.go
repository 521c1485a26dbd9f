package access

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/label"
)

// Asked is what a request's routor_* fields say; nil and "" = nothing.
type Asked struct {
	Mode                     string // auto, tier, direct
	Tier, Floor, Ceiling     *label.Tier
	MaxCostUSD, BFCLMin      *float64
	CodeQuality, ChatQuality *int
}

// Bounds are what profile and request together allow; nil = no bound.
type Bounds struct {
	Floor, Ceiling           *label.Tier
	FloorBy, CeilingBy       string // who set it: `profile "cheap"`, routor_tier_floor
	MaxCostUSD, BFCLMin      *float64
	Balance                  *float64
	CodeQuality, ChatQuality *int
}

// LimitError is a request that asks for more than its profile allows: HTTP 403.
type LimitError struct {
	Profile string
	Field   string // routor_tier_floor
	Asked   string
	Limit   string // ceiling LIGHT
	Err     error
}

func (e *LimitError) Error() string {
	if e.Profile == "" {
		return fmt.Sprintf("%s %s is beyond %s", e.Field, e.Asked, e.Limit)
	}
	return fmt.Sprintf("%s %s is beyond profile %q: %s", e.Field, e.Asked, e.Profile, e.Limit)
}

func (e *LimitError) Unwrap() error { return e.Err }

// ConflictError is a request whose own fields contradict each other: HTTP 400.
type ConflictError struct{ One, Other string } // "routor_tier_floor COMPLEX"

func (e *ConflictError) Error() string { return e.One + " contradicts " + e.Other }

// Narrow is what is left of the profile's bounds within what a request asks for. A request that asks for anything weaker than
// the profile is a *LimitError that names the limit; one that contradicts itself a *ConflictError.
func (p *Profile) Narrow(a Asked) (Bounds, error) {
	b := Bounds{Balance: p.Balance, CodeQuality: or(a.CodeQuality, p.CodeQuality), ChatQuality: or(a.ChatQuality, p.ChatQuality)}
	if a.Mode != "" && len(p.Modes) > 0 && !slices.Contains(p.Modes, a.Mode) {
		return b, p.beyond("routor_mode", a.Mode, "modes "+strings.Join(p.Modes, ", "))
	}
	if err := a.consistent(); err != nil {
		return b, err
	}
	floor, floorField := a.Floor, "routor_tier_floor"
	ceiling, ceilingField := a.Ceiling, "routor_tier_ceiling"
	if a.Tier != nil {
		floor, ceiling, floorField, ceilingField = a.Tier, a.Tier, "routor_tier", "routor_tier"
	}
	for _, x := range []struct {
		field string
		tier  *label.Tier
	}{{floorField, floor}, {ceilingField, ceiling}} {
		if x.tier != nil && p.Ceiling != nil && *x.tier > *p.Ceiling {
			return b, p.beyond(x.field, x.tier.String(), "ceiling "+p.Ceiling.String())
		}
		if x.tier != nil && p.Floor != nil && *x.tier < *p.Floor {
			return b, p.beyond(x.field, x.tier.String(), "floor "+p.Floor.String())
		}
	}
	if a.MaxCostUSD != nil && p.MaxCostUSD != nil && *a.MaxCostUSD > *p.MaxCostUSD {
		return b, p.beyond("routor_max_cost", decimal(*a.MaxCostUSD), "max_cost "+decimal(*p.MaxCostUSD))
	}
	if a.BFCLMin != nil && p.BFCLMin != nil && *a.BFCLMin < *p.BFCLMin {
		return b, p.beyond("routor_bfcl_min", decimal(*a.BFCLMin), "bfcl_min "+decimal(*p.BFCLMin))
	}
	b.Floor, b.FloorBy = either(floor, floorField, p.Floor, p.Name)
	b.Ceiling, b.CeilingBy = either(ceiling, ceilingField, p.Ceiling, p.Name)
	b.MaxCostUSD, b.BFCLMin = or(a.MaxCostUSD, p.MaxCostUSD), or(a.BFCLMin, p.BFCLMin)
	return b, nil
}

func (a Asked) consistent() error {
	conflict := func(one string, x *label.Tier, other string, y *label.Tier) error {
		if x != nil && y != nil && *x > *y {
			return &ConflictError{one + " " + x.String(), other + " " + y.String()}
		}
		return nil
	}
	if err := conflict("routor_tier_floor", a.Floor, "routor_tier_ceiling", a.Ceiling); err != nil {
		return err
	}
	if err := conflict("routor_tier_floor", a.Floor, "routor_tier", a.Tier); err != nil {
		return err
	}
	return conflict("routor_tier", a.Tier, "routor_tier_ceiling", a.Ceiling)
}

// beyond is in a place of its own so that a request within bounds allocates nothing.
func (p *Profile) beyond(field, asked, limit string) error {
	return &LimitError{Profile: p.Name, Field: field, Asked: asked, Limit: limit}
}

func or[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

func either(asked *label.Tier, field string, bound *label.Tier, profile string) (*label.Tier, string) {
	switch {
	case asked != nil:
		return asked, field
	case bound != nil:
		return bound, "profile " + profile
	}
	return nil, ""
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

package chat

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/routor/routor/engine/label"
)

// FieldNames are the routor_* fields without their prefix. As headers they are written X-Routor-Tier-Floor.
var FieldNames = []string{
	"profile", "mode", "tier", "tier_floor", "tier_ceiling", "max_cost", "bfcl_min", "code_quality", "chat_quality",
}

// readField reads a routor_* field. An unknown one is refused: it may be a bound that the caller counts on.
func (r *Request) readField(s *scan, key string) *Error {
	at := s.i
	var value string
	switch c := s.peek(); {
	case c == '"':
		value = r.text(s.quoted())
	case c == 'n':
		s.value()
		return nil
	case c == '-' || c >= '0' && c <= '9':
		in := s.value()
		value = view(r.Body[in.from:in.to])
	default:
		return s.want(key, "a string or a number")
	}
	if err := r.Routor.Set(key[len("routor_"):], value); err != nil {
		message := strings.TrimPrefix(err.Error(), key+": ")
		return &Error{Path: strings.Clone(key), Offset: at, Message: message}
	}
	return nil
}

// Set sets a field by its name without prefix, as a request field or as a header has it: "tier_floor", "Tier-Floor". The
// error names the field and what it takes.
func (f *Fields) Set(name, value string) (err error) {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	switch name {
	case "profile":
		f.Profile = value
	case "mode":
		switch value = strings.ToLower(value); value {
		case "auto", "tier", "direct":
			f.Mode = value
		default:
			err = fmt.Errorf("routor_mode: must be auto, tier or direct, not %q", value)
		}
	case "tier":
		f.Tier, err = tier(name, value)
	case "tier_floor":
		f.TierFloor, err = tier(name, value)
	case "tier_ceiling":
		f.Ceiling, err = tier(name, value)
	case "max_cost":
		f.MaxCostUSD, err = number(name, value, math.MaxFloat64, "USD of at least 0")
	case "bfcl_min":
		f.BFCLMin, err = number(name, value, 1, "a number from 0 to 1")
	case "code_quality":
		f.CodeQuality, err = quality(name, value)
	case "chat_quality":
		f.ChatQuality, err = quality(name, value)
	default:
		err = fmt.Errorf("routor_%s: unknown; the fields are routor_%s", name, strings.Join(FieldNames, ", routor_"))
	}
	return err
}

// Check refuses fields that contradict each other.
func (f *Fields) Check() error {
	if f.TierFloor != nil && f.Ceiling != nil && *f.TierFloor > *f.Ceiling {
		return fmt.Errorf("routor_tier_floor: %s is above routor_tier_ceiling, which is %s", *f.TierFloor, *f.Ceiling)
	}
	if f.Mode == "tier" && f.Tier == nil {
		return fmt.Errorf("routor_tier: missing: routor_mode is tier, so say which of %s", strings.Join(label.Tiers[:], ", "))
	}
	return nil
}

var (
	tiers     = [label.NumTiers]label.Tier{label.Nano, label.Simple, label.Light, label.Standard, label.Complex}
	qualities = [3]int{0, 1, 2}
)

func tier(name, value string) (*label.Tier, error) {
	t, ok := label.ParseTier(value)
	if !ok {
		return nil, fmt.Errorf("routor_%s: must be one of %s, not %q", name, strings.Join(label.Tiers[:], ", "), value)
	}
	return &tiers[t], nil
}

func number(name, value string, most float64, what string) (*float64, error) {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || !(n >= 0 && n <= most) {
		return nil, fmt.Errorf("routor_%s: must be %s, not %q", name, what, value)
	}
	return &n, nil
}

func quality(name, value string) (*int, error) {
	switch strings.ToLower(value) {
	case "0", "fast":
		return &qualities[0], nil
	case "1", "balanced":
		return &qualities[1], nil
	case "2", "best":
		return &qualities[2], nil
	}
	return nil, fmt.Errorf("routor_%s: must be 0 (fast), 1 (balanced) or 2 (best), not %q", name, value)
}

package catalog

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Money is an amount in nano-dollars (1e-9 USD).
type Money int64

// UnknownMoney is a cost that can't be told because a price is missing. Every negative Money is unknown.
const UnknownMoney Money = -1

// Known is whether the amount is a figure at all.
func (m Money) Known() bool { return m >= 0 }

// USD is the amount in dollars, for people and for rules; NaN when unknown.
func (m Money) USD() float64 {
	if m < 0 {
		return math.NaN()
	}
	return float64(m) / 1e9
}

// String is the exact amount in dollars, such as "$0.0028", or "unknown".
func (m Money) String() string {
	if m < 0 {
		return "unknown"
	}
	return "$" + decimal(int64(m), 9)
}

// Rate is a price in nano-dollars per million units (tokens, images, calls): $0.0028 per million tokens is 2,800,000.
// Below zero it is unknown.
type Rate int64

// UnknownRate is the price that no source gives.
const UnknownRate Rate = -1

// Known is whether the price is a figure at all.
func (r Rate) Known() bool { return r >= 0 }

// USD is the price in dollars per million units, for people and for rules; NaN when unknown.
func (r Rate) USD() float64 { return Money(r).USD() }

// String is the exact price in dollars per million units, or "unknown".
func (r Rate) String() string { return Money(r).String() }

// For is the price of n units, rounded half up to a nano-dollar; UnknownMoney if the rate is unknown.
func (r Rate) For(n int64) Money {
	if r < 0 {
		return UnknownMoney
	}
	var s sum
	s.add(r, n)
	return s.total(Even)
}

// Factor multiplies a cost, in millionths: half price is 500,000.
type Factor int64

// Even is the factor that changes nothing.
const Even Factor = 1_000_000

// String is the exact factor, such as "2.5".
func (f Factor) String() string { return decimal(int64(f), 6) }

// sum adds prices in units of 1e-15 USD over 128 bits, so that a cost is rounded once and never overflows on the way.
type sum struct{ hi, lo uint64 }

// add counts n units at r. A negative count counts as none: usage comes from foreign bytes.
func (s *sum) add(r Rate, n int64) {
	if r <= 0 || n <= 0 {
		return
	}
	hi, lo := bits.Mul64(uint64(r), uint64(n))
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi, _ = bits.Add64(s.hi, hi, carry)
}

// total is the sum times the factor in nano-dollars, rounded half up; it sticks at the largest Money.
func (s *sum) total(f Factor) Money {
	const unit = 1_000_000 * uint64(Even) // 1e-15 USD → 1e-9 USD, and the factor's millionths
	over, hi := bits.Mul64(s.hi, uint64(f))
	mid, lo := bits.Mul64(s.lo, uint64(f))
	hi, carry := bits.Add64(hi, mid, 0)
	lo, up := bits.Add64(lo, unit/2, 0)
	hi, more := bits.Add64(hi, 0, up)
	if over+carry+more > 0 || hi >= unit {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, unit)
	return Money(min(q, math.MaxInt64))
}

// decimal writes n / 10^places exactly, without trailing zeros.
func decimal(n int64, places int) string {
	s := fmt.Sprintf("%0*d", places+1, n)
	whole, part := s[:len(s)-places], strings.TrimRight(s[len(s)-places:], "0")
	if part == "" {
		return whole
	}
	return whole + "." + part
}

// parseDecimal reads a non-negative decimal such as "0.0028" as a whole number of 10^-places, exactly. A figure with more
// places than that, a sign or an exponent is an error: money never passes through a float.
func parseDecimal(s string, places int) (int64, error) {
	whole, part, point := strings.Cut(s, ".")
	if whole == "" || point && part == "" {
		return 0, fmt.Errorf("%q is not a decimal number such as 0.25", s)
	}
	part = strings.TrimRight(part, "0")
	if len(part) > places {
		return 0, fmt.Errorf("%q has more than %d decimal places", s, places)
	}
	n := int64(0)
	for _, d := range whole + part + strings.Repeat("0", places-len(part)) {
		if d < '0' || d > '9' {
			return 0, fmt.Errorf("%q is not a decimal number such as 0.25", s)
		}
		if n > (math.MaxInt64-9)/10 {
			return 0, fmt.Errorf("%q is too large", s)
		}
		n = n*10 + int64(d-'0')
	}
	return n, nil
}

package catalog

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in     string
		places int
		want   int64
		ok     bool
	}{
		{"0", 9, 0, true},
		{"0.0028", 9, 2_800_000, true},
		{"0.003625", 9, 3_625_000, true},
		{"180", 9, 180_000_000_000, true},
		{"22.50", 9, 22_500_000_000, true},
		{"0.1000000000000", 9, 100_000_000, true},
		{"2.5", 6, 2_500_000, true},
		{"0.0000000001", 9, 0, false},
		{"", 9, 0, false},
		{".", 9, 0, false},
		{"1.", 9, 0, false},
		{".5", 9, 0, false},
		{"-1", 9, 0, false},
		{"+1", 9, 0, false},
		{"1e3", 9, 0, false},
		{"1,5", 9, 0, false},
		{"NaN", 9, 0, false},
		{"9223372036", 9, 9_223_372_036_000_000_000, true},
		{"9223372037", 9, 0, false},
		{"99999999999999999999", 9, 0, false},
	} {
		got, err := parseDecimal(c.in, c.places)
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("parseDecimal(%q, %d) = %d, %v; want %d, %t", c.in, c.places, got, err, c.want, c.ok)
		}
	}
}

func TestMoneyForPeople(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"$0.0028":         Rate(2_800_000).String(),
		"$5":              Rate(5_000_000_000).String(),
		"$0.000000001":    Money(1).String(),
		"$1234.000005":    Money(1_234_000_005_000).String(),
		"unknown":         UnknownMoney.String(),
		"2.5":             Factor(2_500_000).String(),
		"unknown\x00rate": UnknownRate.String() + "\x00rate",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !math.IsNaN(UnknownMoney.USD()) || Money(1_500_000_000).USD() != 1.5 {
		t.Error("USD: an unknown amount is NaN, a known one its dollars")
	}
}

// Cost arithmetic against exact integers of any size.
func TestSumIsExact(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(top int64) int64 { return rng.Int64N(int64(1) << rng.IntN(64-int(63-big.NewInt(top).BitLen()))) }
	for range 20_000 {
		var s sum
		want := new(big.Int)
		for range 3 {
			r, n := pick(int64(maxRate)), pick(1<<40)
			s.add(Rate(r), n)
			want.Add(want, new(big.Int).Mul(big.NewInt(r), big.NewInt(n)))
		}
		f := 1 + rng.Int64N(3_000_000)
		want.Mul(want, big.NewInt(f)).Add(want, big.NewInt(5e11)).Div(want, big.NewInt(1e12))
		expected := int64(math.MaxInt64)
		if want.IsInt64() {
			expected = want.Int64()
		}
		if got := s.total(Factor(f)); int64(got) != expected {
			t.Fatalf("got %d, want %d", got, expected)
		}
	}
}

func TestRateForNeverOverflows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate Rate
		n    int64
		want Money
	}{
		{180_000_000_000, 1_000_000_000, 180_000_000_000_000},
		{1, 499_999, 0}, {1, 500_000, 1},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{5, -1, 0}, {UnknownRate, 1, UnknownMoney},
	} {
		if got := c.rate.For(c.n); got != c.want {
			t.Errorf("Rate(%d).For(%d) = %d, want %d", c.rate, c.n, got, c.want)
		}
	}
}

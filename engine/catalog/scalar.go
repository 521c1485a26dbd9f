package catalog

import (
	"fmt"
	"strings"
	"time"

	"github.com/routor/routor/engine/nearest"
)

// scalar is a YAML scalar that reads itself.
type scalar interface{ parse(s string) error }

// perMillion is a price written as USD per million units, perThousand one as USD per thousand.
type (
	perMillion  Rate
	perThousand Rate
)

// A price has nine decimal places at most (a nano-dollar), and is at most 900,000 USD: cost arithmetic then has room to spare.
const maxRate = Rate(900_000 * 1_000_000_000)

func (r *perMillion) parse(s string) error {
	n, err := parseDecimal(s, 9)
	if err == nil && Rate(n) > maxRate {
		err = fmt.Errorf("%q is too large for a price in USD per million", s)
	}
	*r = perMillion(n)
	return err
}

func (r *perThousand) parse(s string) error {
	n, err := parseDecimal(s, 9)
	if err == nil && Rate(n) > maxRate/1000 {
		err = fmt.Errorf("%q is too large for a price in USD per thousand", s)
	}
	*r = perThousand(n * 1000)
	return err
}

func (f *Factor) parse(s string) error {
	n, err := parseDecimal(s, 6)
	if err == nil && (n == 0 || n > 1000*int64(Even)) {
		err = fmt.Errorf("%q is no factor above 0 and up to 1000", s)
	}
	*f = Factor(n)
	return err
}

func (k *Known) parse(s string) error {
	switch strings.ToLower(s) {
	case "yes", "true":
		*k = Yes
	case "no", "false":
		*k = No
	case "unknown":
		*k = Unknown
	default:
		return fmt.Errorf("%q is not yes, no or unknown", s)
	}
	return nil
}

// String is yes, no or unknown.
func (k Known) String() string { return [...]string{"unknown", "no", "yes"}[min(k, 2)] }

// MarshalText writes yes, no or unknown.
func (k Known) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

func (s *Status) parse(v string) error {
	*s = Status(v)
	return oneOf(v, string(Active), string(Preview), string(Unlisted), string(Retired))
}

func (s *Surface) parse(v string) error {
	*s = Surface(v)
	return oneOf(v, string(ChatCompletions), string(Responses), string(Messages), string(GenerateContent), string(Embeddings))
}

// date is a day, YYYY-MM-DD.
type date struct{ time.Time }

func (d *date) parse(s string) error {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return fmt.Errorf("%q is not a date such as 2026-07-02", s)
	}
	d.Time = t
	return nil
}

// oneOf is an error that suggests the nearest of the allowed words, unless v is one of them.
func oneOf(v string, allowed ...string) error {
	for _, a := range allowed {
		if v == a {
			return nil
		}
	}
	return &suggestion{fmt.Sprintf("%q is not one of %s", v, strings.Join(allowed, ", ")), nearest.Hint(v, allowed)}
}

// suggestion is an error with what to write instead.
type suggestion struct{ message, hint string }

func (s *suggestion) Error() string { return s.message }

package classifiers

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Speed is what a module takes for texts of one length.
type Speed struct {
	Bytes int     `json:"bytes"`    // of the text; beyond the host's cut the module sees its head and tail
	Fuel  uint64  `json:"fuel"`     // of one call
	Share float64 `json:"of_limit"` // Fuel as a share of what is allowed
	P50   float64 `json:"p50_us"`   // microseconds through the host
	P99   float64 `json:"p99_us"`
}

// Lengths are the texts that Speeds measures by default, in bytes.
var Lengths = []int{0, 50, 200, 500, 2_000, 8_000, 100_000, 1_000_000}

// sample is prose, code and figures in turn, so that no kind of text alone sets the pace.
const sample = `The committee met on Tuesday to decide which of the three proposals should go forward, and why.
for i := range rows { total += rows[i].Price * rows[i].Count } // then the discount
Revenue rose 12.4 % to 3,218 million; costs fell. ¿Puede explicar la diferencia? Wie hängt das zusammen?
`

// Speeds measures calls one at a time, for that long a length; 0 = 100 ms.
func Speeds(m *Module, lengths []int, long time.Duration) ([]Speed, error) {
	if long == 0 {
		long = 100 * time.Millisecond
	}
	var out []Speed
	var r Result
	for _, n := range lengths {
		in := Input{Text: strings.Repeat(sample, n/len(sample)+1)[:n], Turns: 1, Tokens: uint32(n / 4), Bytes: uint32(n)}
		s := Speed{Bytes: n}
		var took []float64
		for end := time.Now().Add(long); len(took) < 20 || time.Now().Before(end); {
			c, err := m.Measure(&in, &r)
			if err != nil {
				return out, fmt.Errorf("a text of %d bytes: %w", n, err)
			}
			took = append(took, float64(c.Took.Nanoseconds())/1e3)
			s.Fuel, s.Share = c.Fuel, float64(c.Fuel)/float64(c.Most)
		}
		slices.Sort(took)
		s.P50, s.P99 = took[len(took)/2], took[len(took)*99/100]
		out = append(out, s)
	}
	return out, nil
}

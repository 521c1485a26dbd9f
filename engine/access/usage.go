package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/routor/routor/engine/catalog"
)

// Tally is what was used in a span of time.
type Tally struct {
	Requests int64         `json:"requests"`
	Tokens   int64         `json:"tokens"` // prompt and completion
	Spent    catalog.Money `json:"nano_usd"`
}

func (t *Tally) add(o Tally) {
	t.Requests += o.Requests
	t.Tokens += o.Tokens
	t.Spent += o.Spent
}

// Use is what a key or a profile has used, in the whole fleet: days and months are UTC. Another replica's last second may be
// missing.
type Use struct{ Day, Month Tally }

// MarshalJSON writes amounts in USD: {"day": {"requests": 3, "tokens": 1200, "usd": 0.0042}, "month": {…}}.
func (u Use) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]used{"day": usedOf(u.Day), "month": usedOf(u.Month)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (u *Use) UnmarshalJSON(src []byte) error {
	var read struct{ Day, Month used }
	err := json.Unmarshal(src, &read)
	u.Day, u.Month = read.Day.tally(), read.Month.tally()
	return err
}

type used struct {
	Requests int64   `json:"requests"`
	Tokens   int64   `json:"tokens"`
	USD      float64 `json:"usd"`
}

func usedOf(t Tally) used   { return used{t.Requests, t.Tokens, t.Spent.USD()} }
func (u used) tally() Tally { return Tally{u.Requests, u.Tokens, nano(u.USD)} }

// account is the record of a key or profile in the state: what the fleet has used today and this month, and what replicas hold
// of its budgets. It is changed by compare-and-swap only.
type account struct {
	Day    string           `json:"day"` // 2026-01-31, UTC
	Today  Tally            `json:"today"`
	Month  Tally            `json:"month"`
	Leases map[string]lease `json:"leases,omitempty"` // by the id of the process that holds it
}

// lease is a part of a budget that one replica may spend without asking.
type lease struct {
	Amount catalog.Money `json:"nano_usd"`
	Until  time.Time     `json:"until"` // after which it is nobody's
	Change uint64        `json:"change"`
}

func parseAccount(src []byte) (account, error) {
	var a account
	if err := json.Unmarshal(src, &a); err != nil {
		return account{}, fmt.Errorf("is no account: %w", err)
	}
	if _, err := time.Parse(time.DateOnly, a.Day); err != nil {
		return account{}, errors.New("has no day")
	}
	return a, nil
}

// turn begins the day that it is. An account that another replica has taken into a later day stays there.
func (a *account) turn(day string) {
	if day <= a.Day {
		return
	}
	if a.Day == "" || day[:7] != a.Day[:7] {
		a.Month = Tally{}
	}
	a.Day, a.Today = day, Tally{}
}

// book adds what was used on a day. What comes too late for its day counts in its month still, or not at all.
func (a *account) book(day string, t Tally) {
	if day >= a.Day {
		a.Today.add(t)
	}
	if day[:7] >= a.Day[:7] {
		a.Month.add(t)
	}
}

// held is what others hold of the budgets.
func (a *account) held(self string, now time.Time) (amount catalog.Money, holders int) {
	for id, l := range a.Leases {
		if id != self && now.Before(l.Until) {
			amount += l.Amount
			holders++
		}
	}
	return amount, holders
}

// counters are a tally that many requests add to.
type counters struct{ requests, tokens, spent atomic.Int64 }

func (c *counters) add(t Tally) {
	if t.Requests != 0 {
		c.requests.Add(t.Requests)
	}
	if t.Tokens != 0 {
		c.tokens.Add(t.Tokens)
	}
	if t.Spent != 0 {
		c.spent.Add(int64(t.Spent))
	}
}

func (c *counters) read() Tally {
	return Tally{c.requests.Load(), c.tokens.Load(), catalog.Money(c.spent.Load())}
}

func (c *counters) take() Tally {
	return Tally{c.requests.Swap(0), c.tokens.Swap(0), catalog.Money(c.spent.Swap(0))}
}

// dayNumber counts days (UTC) since 1970.
func dayNumber(now time.Time) int64 { return now.Unix() / 86400 }

func dayName(number int64) string { return time.Unix(number*86400, 0).UTC().Format(time.DateOnly) }

// nextDay and nextMonth are when budgets are whole again.
func nextDay(now time.Time) time.Time {
	y, m, d := now.UTC().Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC)
}

func nextMonth(now time.Time) time.Time {
	y, m, _ := now.UTC().Date()
	return time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC)
}

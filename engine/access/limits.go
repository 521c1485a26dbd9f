package access

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/routor/routor/engine/catalog"
)

// Limits bound how much may be used: by a key, or by all callers of a profile together. What is not set is not limited.
type Limits struct {
	Requests int64    `yaml:"requests_per_minute" json:"requests_per_minute,omitempty" min:"0" max:"1000000000" example:"600" doc:"Most requests a minute; as many may come at once after a minute of rest. 0 = no limit."`
	Tokens   int64    `yaml:"tokens_per_minute" json:"tokens_per_minute,omitempty" min:"0" max:"1000000000" example:"200000" doc:"Most tokens a minute, prompt and completion, cached ones included. 0 = no limit."`
	DayUSD   *float64 `yaml:"usd_per_day" json:"usd_per_day,omitempty" min:"0" example:"20" doc:"Most that may be spent in a day (UTC), USD."`
	MonthUSD *float64 `yaml:"usd_per_month" json:"usd_per_month,omitempty" min:"0" example:"300" doc:"Most that may be spent in a month (UTC), USD."`
}

// The names of the limits, as in profiles, keys, errors and metrics.
const (
	LimitRequests = "requests_per_minute"
	LimitTokens   = "tokens_per_minute"
	LimitDay      = "usd_per_day"
	LimitMonth    = "usd_per_month"
)

// Whose a limit is.
const (
	ScopeKey     = "key"
	ScopeProfile = "profile"
)

// mostRate bounds limits a minute, so that one unit is a time that can be told.
const mostRate = 1_000_000_000

// Check says what is wrong with limits that came as JSON.
func (l *Limits) Check() error {
	if l == nil {
		return nil
	}
	for _, r := range [...]struct {
		name string
		n    int64
	}{{LimitRequests, l.Requests}, {LimitTokens, l.Tokens}} {
		if r.n < 0 || r.n > mostRate {
			return fmt.Errorf("limits.%s is %d: it must be from 0 (no limit) to %d", r.name, r.n, mostRate)
		}
	}
	for _, r := range [...]struct {
		name string
		usd  *float64
	}{{LimitDay, l.DayUSD}, {LimitMonth, l.MonthUSD}} {
		if r.usd != nil && !(*r.usd >= 0 && *r.usd <= 1e9) {
			return fmt.Errorf("limits.%s is %g: it must be an amount of USD from 0 to 1e9", r.name, *r.usd)
		}
	}
	return nil
}

// budgeted is whether money is limited.
func (l *Limits) budgeted() bool { return l != nil && (l.DayUSD != nil || l.MonthUSD != nil) }

// rated is whether requests or tokens a minute are.
func (l *Limits) rated() bool { return l != nil && (l.Requests > 0 || l.Tokens > 0) }

// Any is whether anything is limited.
func (l *Limits) Any() bool { return l.budgeted() || l.rated() }

// same is whether two limits say the same.
func (l *Limits) same(o *Limits) bool {
	if l == nil || o == nil {
		return l == o
	}
	equal := func(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }
	return l.Requests == o.Requests && l.Tokens == o.Tokens && equal(l.DayUSD, o.DayUSD) && equal(l.MonthUSD, o.MonthUSD)
}

// free is what of the budgets is left after so much was spent today and this month; without a budget more than anybody has.
func (l *Limits) free(day, month catalog.Money) catalog.Money {
	free := catalog.Money(math.MaxInt64 / 4)
	if l != nil && l.DayUSD != nil {
		free = min(free, nano(*l.DayUSD)-day)
	}
	if l != nil && l.MonthUSD != nil {
		free = min(free, nano(*l.MonthUSD)-month)
	}
	return free
}

func nano(usd float64) catalog.Money { return catalog.Money(math.Round(min(usd, 1e9) * 1e9)) }

// Refusal is a request that would go over a limit: HTTP 429, or 503 where what is left can't be found out.
type Refusal struct {
	Limit string  // usd_per_day
	Scope string  // ScopeKey, ScopeProfile
	Name  string  // of the key or profile
	Value float64 // of the limit
	// Spent and Reserved are of a budget, USD: what is gone, and what requests under way may still cost. Needs is what this
	// request is expected to take, USD or tokens.
	Spent, Reserved, Needs float64
	Resets                 time.Time     // a budget: when it is whole again; a rate: when there is room for this request
	After                  time.Duration // when to ask again
	// Held is a budget that is not spent yet, but what is left is with other replicas for the moment.
	Held bool
	Err  error // not nil = nobody knows what is left, because the state can't be asked
}

// ErrBudgetUnknown says that what is left of a budget can't be found out.
var ErrBudgetUnknown = errors.New("what is left of the budget can't be found out while the state's NATS servers are away")

// Budget is whether it is a limit of money.
func (r *Refusal) Budget() bool { return r.Limit == LimitDay || r.Limit == LimitMonth }

func (r *Refusal) Unwrap() error { return r.Err }

func (r *Refusal) Error() string {
	whose := fmt.Sprintf("%s %q", r.Scope, r.Name)
	if r.Err != nil {
		return fmt.Sprintf("Routor's limit of %s, %s = $%g: %v", whose, r.Limit, r.Value, r.Err)
	}
	switch r.Limit {
	case LimitRequests:
		return fmt.Sprintf("Routor's limit of %s is reached (not a provider's): %g requests a minute (%s); there is room again in %s", whose, r.Value, r.Limit, people(r.After))
	case LimitTokens:
		return fmt.Sprintf("Routor's limit of %s is reached (not a provider's): %g tokens a minute (%s), and this request needs about %g; there is room again in %s",
			whose, r.Value, r.Limit, r.Needs, people(r.After))
	}
	span := "day"
	if r.Limit == LimitMonth {
		span = "month"
	}
	left := "it resets at " + r.Resets.Format(time.RFC3339)
	if r.Held {
		left = "what is left is held by other replicas for the moment: ask again in " + people(r.After)
	}
	return fmt.Sprintf("Routor's budget of %s is reached (not a provider's): $%g a %s (%s), of which $%.6g is spent and $%.6g reserved by requests under way; this request is expected to cost $%.4g; %s",
		whose, r.Value, span, r.Limit, r.Spent, r.Reserved, r.Needs, left)
}

// people is a while for people, as Retry-After tells it.
func people(d time.Duration) string {
	return max((d + time.Second - 1).Truncate(time.Second), time.Second).String()
}

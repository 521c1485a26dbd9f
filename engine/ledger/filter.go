package ledger

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filter says which records are wanted; a zero field asks for nothing. Text is looked for where text is kept.
type Filter struct {
	From, To     time.Time // of arrival; From included, To not
	Request      string    // X-Request-Id
	Conversation string
	Key          string // id or name
	Team         string
	Profile      string
	Model        string // that answered, or would have been asked first
	Provider     string // its
	Attempted    string // provider that was asked at all
	Tier         string
	Category     string
	Outcome      string // ok, or an error's code
	Failed       bool   // the client got no answer, by no doing of its own
	Fallback     bool   // another than the first candidate answered
	MinCostUSD   float64
	MinTook      time.Duration
	Text         string // in the prompt, in any case
}

// Parameters are a filter's names in a query, with what they mean, in order.
var Parameters = [][2]string{
	{"since", "arrived within that long before now: 15m, 24h, 7d"}, {"from", "arrived at or after, RFC 3339"}, {"to", "arrived before, RFC 3339"},
	{"request", "X-Request-Id"}, {"conversation", "id of the conversation"}, {"key", "API key, id or name"}, {"team", "of the key"},
	{"profile", "that it ran under"}, {"model", "that answered, provider/model"}, {"provider", "that answered"},
	{"attempted", "provider that was asked, whether or not it answered"}, {"tier", "NANO to COMPLEX"}, {"category", "task category"},
	{"outcome", "ok, or an error's code"}, {"failed", "true = the client got no answer, by no doing of its own"},
	{"fallback", "true = another than the first candidate answered"}, {"min_cost", "USD"}, {"min_ms", "whole request, milliseconds"},
	{"text", "in the prompt, where its text is kept"},
}

// ParseFilter reads a filter from a query. Names that are none of Parameters are left to the caller. The error names the
// parameter and says what it takes.
func ParseFilter(q url.Values, now time.Time) (Filter, error) {
	var f Filter
	for name, to := range map[string]*string{
		"request": &f.Request, "conversation": &f.Conversation, "key": &f.Key, "team": &f.Team, "profile": &f.Profile, "model": &f.Model,
		"provider": &f.Provider, "attempted": &f.Attempted, "outcome": &f.Outcome, "text": &f.Text, "category": &f.Category, "tier": &f.Tier,
	} {
		*to = q.Get(name)
	}
	f.Tier, f.Category = strings.ToUpper(f.Tier), strings.ToLower(f.Category)
	for name, to := range map[string]*bool{"failed": &f.Failed, "fallback": &f.Fallback} {
		if text := q.Get(name); text != "" {
			is, err := strconv.ParseBool(text)
			if err != nil {
				return f, fmt.Errorf("%s: %q is neither true nor false", name, text)
			}
			*to = is
		}
	}
	for name, to := range map[string]*time.Time{"from": &f.From, "to": &f.To} {
		if text := q.Get(name); text != "" {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				return f, fmt.Errorf("%s: %q is no time: write for instance 2026-10-03T12:00:00Z", name, text)
			}
			*to = at
		}
	}
	if text := q.Get("since"); text != "" {
		d, err := ParseAge(text)
		if err != nil {
			return f, fmt.Errorf("since: %w", err)
		}
		f.From = now.Add(-d)
	}
	ms := 0.
	for name, to := range map[string]*float64{"min_cost": &f.MinCostUSD, "min_ms": &ms} {
		if text := q.Get(name); text != "" {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || !(v >= 0) || v > 1e12 {
				return f, fmt.Errorf("%s: %q is no figure of 0 or more", name, text)
			}
			*to = v
		}
	}
	f.MinTook = time.Duration(min(ms*1e6, math.MaxInt64/2))
	return f, nil
}

// ParseAge reads a duration that may be in days: 90s, 15m, 24h, 7d.
func ParseAge(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseFloat(days, 64); err == nil && n > 0 && n < 36_500 {
			return time.Duration(n * 24 * float64(time.Hour)), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, fmt.Errorf("%q is no duration: write for instance 15m, 24h or 7d", text)
}

// Empty is whether every record is wanted.
func (f *Filter) Empty() bool { return *f == Filter{} }

// BoundsTimeOnly is whether nothing but the time counts, so that the index alone knows how many records there are.
func (f *Filter) BoundsTimeOnly() bool {
	g := *f
	g.From, g.To = time.Time{}, time.Time{}
	return g.Empty()
}

// tokens are what a block must have among its own to be worth opening.
func (f *Filter) tokens() (t []uint32) {
	for _, x := range [...]struct {
		kind byte
		s    string
	}{
		{byRequest, f.Request}, {byConversation, f.Conversation}, {byKey, f.Key}, {byTeam, f.Team}, {byModel, f.Model}, {byProvider, f.Provider},
		{byAttempted, f.Attempted}, {byTier, f.Tier}, {byCategory, f.Category}, {byOutcome, f.Outcome}, {byProfile, f.Profile},
	} {
		if x.s != "" {
			t = append(t, token(x.kind, x.s))
		}
	}
	if f.Failed {
		t = append(t, token(byFlag, "failed"))
	}
	if f.Fallback {
		t = append(t, token(byFlag, "fallback"))
	}
	if f.Text != "" {
		t = append(t, token(byFlag, "text"))
	}
	return t
}

// mayHave is whether a block, by its header, may have records that are wanted.
func (f *Filter) mayHave(h *Header, tokens []uint32) bool {
	if !f.spans(h.From, h.To) || h.MaxCost.USD() < f.MinCostUSD || h.MaxTook.Duration() < f.MinTook {
		return false
	}
	for _, t := range tokens {
		if _, ok := slices.BinarySearch(h.Tokens, t); !ok {
			return false
		}
	}
	return true
}

// spans is whether a span of time, both ends included, has any that is wanted.
func (f *Filter) spans(from, to int64) bool {
	return (f.From.IsZero() || to >= f.From.UnixNano()) && (f.To.IsZero() || from < f.To.UnixNano())
}

// Match is whether a record is wanted.
func (f *Filter) Match(r *Record) bool {
	if !f.From.IsZero() && r.Time.Before(f.From) || !f.To.IsZero() && !r.Time.Before(f.To) {
		return false
	}
	same := func(want, is string) bool { return want == "" || want == is }
	var d Decision
	if r.Decision != nil {
		d.Tier, d.Category, d.Profile = r.Decision.Tier, r.Decision.Category, r.Decision.Profile
	}
	switch {
	case !same(f.Request, r.Request), !same(f.Conversation, r.World.Conversation.ID), !same(f.Team, r.Who.Team), !same(f.Model, r.Model),
		!same(f.Provider, r.Provider), !same(f.Outcome, r.Outcome), !same(f.Tier, d.Tier), !same(f.Category, d.Category), !same(f.Profile, d.Profile):
		return false
	case f.Key != "" && f.Key != r.Who.Key && f.Key != r.Who.Name:
		return false
	case f.Failed && !r.Failed(), f.Fallback && !r.Fallback:
		return false
	case r.Cost.USD() < f.MinCostUSD, r.Took.Duration() < f.MinTook:
		return false
	case f.Attempted != "" && !slices.ContainsFunc(r.Attempts, func(a Attempt) bool { return a.Provider == f.Attempted }):
		return false
	case f.Text != "":
		p, lower := &r.Prompt, strings.ToLower(f.Text)
		if p.Keep != KeepText {
			return false
		}
		return contains(p.Text, lower) || contains(p.System, lower) || contains(p.Context, lower)
	}
	return true
}

func contains(text, lower string) bool {
	return text != "" && strings.Contains(strings.ToLower(text), lower)
}

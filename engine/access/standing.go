package access

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/store"
)

// Standing is how a limit stands.
type Standing struct {
	Limit     string    `json:"limit"` // requests_per_minute, tokens_per_minute, usd_per_day, usd_per_month
	Scope     string    `json:"scope"` // key, profile
	Name      string    `json:"name"`  // of the key or profile
	Value     float64   `json:"value"`
	Used      float64   `json:"used"`
	Reserved  float64   `json:"reserved,omitempty"` // USD that requests under way may still cost
	Remaining float64   `json:"remaining"`
	Resets    time.Time `json:"resets"` // when all of it is there again
}

// Rate is how a limit a minute stands, for headers.
type Rate struct {
	Limit, Remaining int64
	Reset            time.Duration // until all of it is there again
}

// Rates are the limits a minute that a request is under, of key and profile the one of which less is left; a Limit of 0 =
// there is none.
func (h *Hold) Rates(now time.Time) (requests, tokens Rate) {
	for _, p := range h.parts[:h.n] {
		p.meter.rates(h.meters.at(now), p.limits, &requests, &tokens)
	}
	return requests, tokens
}

// RatesOf is Rates for a caller that has nothing reserved, as one that was refused.
func (ms *Meters) RatesOf(now time.Time, key *Key, profile *Profile) (requests, tokens Rate) {
	if key != nil && key.Limits.rated() {
		m := ms.hold(&ms.keys, ScopeKey, key.ID)
		m.rates(ms.at(now), key.Limits, &requests, &tokens)
		m.open.Add(-1)
	}
	if profile != nil && profile.Limits.rated() {
		m := ms.hold(&ms.profiles, ScopeProfile, profile.Name)
		m.rates(ms.at(now), profile.Limits, &requests, &tokens)
		m.open.Add(-1)
	}
	return requests, tokens
}

func (m *meter) rates(at int64, l *Limits, requests, tokens *Rate) {
	tighter := func(r *Rate, g *gcra, limit int64) {
		if limit <= 0 {
			return
		}
		if n, reset := g.left(at, limit); r.Limit == 0 || n < r.Remaining {
			*r = Rate{limit, n, reset}
		}
	}
	if l != nil {
		tighter(requests, &m.requests, l.Requests)
		tighter(tokens, &m.tokens, l.Tokens)
	}
}

// OfKey and OfProfile are what was used, and how the limits stand. What other replicas have used is asked for if it was not
// within the last second; with the state away it is what was last known.
func (ms *Meters) OfKey(ctx context.Context, now time.Time, k *Key) (Use, []Standing) {
	return ms.look(ctx, now, &ms.keys, part{name: k.Name, limits: k.Limits}, ScopeKey, k.ID)
}

// OfProfile is OfKey for a profile.
func (ms *Meters) OfProfile(ctx context.Context, now time.Time, p *Profile) (Use, []Standing) {
	return ms.look(ctx, now, &ms.profiles, part{name: p.Name, limits: p.Limits}, ScopeProfile, p.Name)
}

func (ms *Meters) look(ctx context.Context, now time.Time, in *meters, p part, scope, id string) (Use, []Standing) {
	m := ms.hold(in, scope, id)
	defer m.open.Add(-1)
	if v := m.view.Load(); v == nil || now.Sub(v.asOf) > time.Second {
		ms.refresh(ctx, m, now)
	}
	m.last.Store(now.UnixNano())
	use, reserved := m.known(now)
	return use, standings(m, p, ms.at(now), now, use, reserved)
}

// refresh reads the account again.
func (ms *Meters) refresh(ctx context.Context, m *meter, now time.Time) {
	kv, err := ms.bucket(ctx)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loaded = false
	if ms.load(ctx, kv, m) == nil {
		m.view.Store(&view{m.account, m.amount, now})
	}
}

func standings(m *meter, p part, at int64, now time.Time, use Use, reserved catalog.Money) []Standing {
	list := []Standing{}
	l := p.limits
	if l == nil {
		return list
	}
	rate := func(name string, g *gcra, limit int64) {
		if limit > 0 {
			n, reset := g.left(at, limit)
			list = append(list, Standing{Limit: name, Scope: m.scope, Name: p.name, Value: float64(limit), Used: float64(limit - n), Remaining: float64(n),
				Resets: now.Add(reset).UTC().Truncate(time.Millisecond)})
		}
	}
	budget := func(name string, usd *float64, spent catalog.Money, resets time.Time) {
		if usd != nil {
			list = append(list, Standing{Limit: name, Scope: m.scope, Name: p.name, Value: *usd, Used: spent.USD(), Reserved: reserved.USD(),
				Remaining: max(nano(*usd)-spent-reserved, 0).USD(), Resets: resets})
		}
	}
	rate(LimitRequests, &m.requests, l.Requests)
	rate(LimitTokens, &m.tokens, l.Tokens)
	budget(LimitDay, l.DayUSD, use.Day.Spent, nextDay(now))
	budget(LimitMonth, l.MonthUSD, use.Month.Spent, nextMonth(now))
	return list
}

// All is what every key (by id) and profile (by name) has used that was used this month, as the state knows it, with what is
// under way to it from here.
func (ms *Meters) All(ctx context.Context, now time.Time) (keys, profiles map[string]Use, err error) {
	if _, err := ms.bucket(ctx); err != nil {
		return nil, nil, err
	}
	keys, profiles = map[string]Use{}, map[string]Use{}
	today := dayName(dayNumber(now))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	whole := false
	ms.state.Watch(ctx, store.Watch{
		Stream: "KV_" + usageBucket, Subjects: []string{"$KV." + usageBucket + ".>"},
		Each: func(m store.Message) {
			scope, id, ok := strings.Cut(strings.TrimPrefix(m.Subject, "$KV."+usageBucket+"."), ".")
			id, err := store.Unescape(id)
			a, wrong := parseAccount(m.Data)
			if !ok || err != nil || wrong != nil {
				return
			}
			in, of := &ms.keys, keys
			if scope == ScopeProfile {
				in, of = &ms.profiles, profiles
			}
			a.turn(today)
			if known := in.find(id); known != nil {
				a.book(today, known.pending())
			}
			if a.Month != (Tally{}) {
				of[id] = Use{a.Today, a.Month}
			}
		},
		Current: func() { whole = true; stop() },
	})
	if !whole {
		return nil, nil, fmt.Errorf("state: read what was used: %w", context.Cause(ctx))
	}
	return keys, profiles, nil
}

func (in *meters) find(id string) *meter {
	s := &in.shards[shardOf(id)]
	s.RLock()
	defer s.RUnlock()
	return s.m[id]
}

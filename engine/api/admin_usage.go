package api

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/ledger"
)

// clientKey is a key as the admin API shows it by itself.
type clientKey struct {
	access.Key
	Use      *access.Use       `json:"use,omitempty"`
	Standing []access.Standing `json:"standing,omitempty"` // its own limits, and those of its profile
}

// clientKey adds to a key what it has used, and how its limits stand.
func (c *call) clientKey(k access.Key) clientKey {
	card := clientKey{Key: k}
	ms := c.s.Meters
	if ms == nil {
		return card
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	now := time.Now()
	use, standing := ms.OfKey(ctx, now, &k)
	card.Use, card.Standing = &use, standing
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	if p := s.Profile(k.ProfileName()); p != nil {
		_, of := ms.OfProfile(ctx, now, p)
		card.Standing = append(card.Standing, of...)
	}
	return card
}

// setKey answers PATCH of a key: its limits, as a whole.
func (c *call) setKey(id string) *fault {
	var change struct {
		Limits *access.Limits `json:"limits"`
	}
	if f := readJSON(c.RequestCtx, &change); f != nil {
		return f
	}
	if err := change.Limits.Check(); err != nil {
		f := failure(codeCheckFailed, "%v", err)
		f.param = "limits"
		return f
	}
	k, err := c.s.keys.SetLimits(id, change.Limits, c.author(""))
	if err != nil {
		return failure(codeCheckFailed, "%v", err)
	}
	writeJSON(c.RequestCtx, 200, c.clientKey(k))
	return nil
}

// rotateKey answers POST of a key: its successor, with its secret. Both work for as long as is said, a day unless it is.
func (c *call) rotateKey(id string) *fault {
	var want struct {
		Keep string `json:"keep"`
	}
	if f := readJSON(c.RequestCtx, &want); f != nil {
		return f
	}
	keep := 24 * time.Hour
	if want.Keep != "" && want.Keep != "0" {
		d, err := ledger.ParseAge(want.Keep)
		if err != nil {
			f := failure(codeInvalidType, "keep: %v", err)
			f.param = "keep"
			return f
		}
		keep = d
	} else if want.Keep == "0" {
		keep = 0
	}
	secret, made, err := c.s.keys.Rotate(id, keep, c.author(""))
	if err != nil {
		return failure(codeCheckFailed, "%v", err)
	}
	writeJSON(c.RequestCtx, 201, madeKey{secret, made})
	return nil
}

// usageCard is what a key or a profile has used.
type usageCard struct {
	ID      string         `json:"id,omitempty"` // of a key
	Name    string         `json:"name"`
	Team    string         `json:"team,omitempty"`
	Profile string         `json:"profile,omitempty"`
	State   string         `json:"state,omitempty"`
	Limits  *access.Limits `json:"limits,omitempty"`
	Use     access.Use     `json:"use"`
}

// adminUsage answers what keys and profiles have used today and this month, those that spent most first.
func (c *call) adminUsage(string) *fault {
	ms := c.s.Meters
	if ms == nil || c.s.keys == nil {
		return failure(codeNotSupported, "this server meters nobody")
	}
	q, err := url.ParseQuery(string(c.URI().QueryString()))
	if err != nil {
		return failure(codeInvalidType, "the query can't be read: %v", err)
	}
	limit := 1000
	if text := q.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 {
			return failure(codeInvalidType, "limit: %q is no number from 1", text)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	now := time.Now()
	byKey, byProfile, err := ms.All(ctx, now)
	if err != nil {
		return failure(codeStateAway, "%v", err)
	}
	keys, profiles := make([]usageCard, 0, len(byKey)), make([]usageCard, 0, len(byProfile))
	for id, use := range byKey {
		card := usageCard{ID: id, Name: id, State: "unknown", Use: use}
		if k, ok := c.s.keys.Get(id); ok {
			card = usageCard{k.ID, k.Name, k.Team, k.ProfileName(), k.State(now), k.Limits, use}
		}
		if want := q.Get("profile"); want == "" || want == card.Profile {
			keys = append(keys, card)
		}
	}
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	for name, use := range byProfile {
		card := usageCard{Name: name, Use: use}
		if p := s.Profile(name); p != nil {
			card.Limits = p.Limits
		}
		if want := q.Get("profile"); want == "" || want == name {
			profiles = append(profiles, card)
		}
	}
	total := len(keys)
	writeJSON(c.RequestCtx, 200, map[string]any{
		"as_of": now.UTC().Truncate(time.Millisecond), "keys": most(keys, limit), "keys_total": total, "profiles": most(profiles, limit),
	})
	return nil
}

// most are those that spent most this month.
func most(list []usageCard, limit int) []usageCard {
	slices.SortFunc(list, func(a, b usageCard) int {
		return cmp.Or(cmp.Compare(b.Use.Month.Spent, a.Use.Month.Spent), cmp.Compare(b.Use.Month.Requests, a.Use.Month.Requests), cmp.Compare(a.Name, b.Name))
	})
	return list[:min(limit, len(list))]
}

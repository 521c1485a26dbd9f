package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine"
	"github.com/routor/routor/engine/access"
)

// reserve holds a decided request to the limits of its key and profile. What it reserves is settled or released when the
// exchange is closed.
func (c *call) reserve(rt *engine.Routed, key *access.Key) *fault {
	d := rt.Decision
	return c.admitted(key, rt.Snapshot.Profile(d.Profile), d.Expected(rt.Request.Facts.PromptTokens))
}

// admitted reserves what a request needs; on every answer of a limited caller its headers tell what is left.
func (c *call) admitted(key *access.Key, profile *access.Profile, need access.Need) *fault {
	ms := c.s.Meters
	if ms == nil {
		return nil
	}
	now := time.Now()
	if r := ms.Admit(&c.hold, now, key, profile, need); r != nil {
		requests, tokens := ms.RatesOf(now, key, profile)
		setRates(&c.Response.Header, requests, tokens)
		c.s.metrics.limited(r)
		return overLimit(r)
	}
	requests, tokens := c.hold.Rates(now)
	setRates(&c.Response.Header, requests, tokens)
	return nil
}

// overLimit is the fault of a request over a limit: the message says whose limit it is, so that nobody takes it for a
// provider's.
func overLimit(r *access.Refusal) *fault {
	code := codeRateLimit
	switch {
	case errors.Is(r, access.ErrBudgetUnknown):
		code = codeBudgetUnknown
	case r.Budget():
		code = codeBudget
	}
	f := failure(code, "%s", r.Error())
	f.after = r.After
	return f
}

// setRates sets x-ratelimit-* as OpenAI's API does: the limit, what is left, and in what time all of it will be.
func setRates(h *fasthttp.ResponseHeader, requests, tokens access.Rate) {
	var room [32]byte
	for _, x := range [...]struct {
		limit, remaining, reset string
		access.Rate
	}{
		{"X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests", requests},
		{"X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens", tokens},
	} {
		if x.Limit > 0 {
			h.SetBytesV(x.limit, strconv.AppendInt(room[:0], x.Limit, 10))
			h.SetBytesV(x.remaining, strconv.AppendInt(room[:0], x.Remaining, 10))
			h.SetBytesV(x.reset, appendWhile(room[:0], x.Reset))
		}
	}
}

// appendWhile writes a time as OpenAI does: 6m0s, 1s, 20ms.
func appendWhile(b []byte, d time.Duration) []byte {
	ms := (d + time.Millisecond - 1).Milliseconds()
	if ms > 0 && ms < 1000 {
		return append(strconv.AppendInt(b, ms, 10), "ms"...)
	}
	seconds := (ms + 999) / 1000
	if seconds >= 60 {
		b = append(strconv.AppendInt(b, seconds/60, 10), 'm')
	}
	return append(strconv.AppendInt(b, seconds%60, 10), 's')
}

// holderCard is what GET /v1/key tells the holder of a key. It holds no secret.
type holderCard struct {
	ID       string            `json:"id,omitempty"`
	Name     string            `json:"name,omitempty"`
	Team     string            `json:"team,omitempty"`
	Profile  string            `json:"profile"`
	Profiles []string          `json:"profiles,omitempty"` // others that may be asked for
	Created  time.Time         `json:"created,omitzero"`
	Expires  time.Time         `json:"expires,omitzero"`
	Limits   []access.Standing `json:"limits"`
	Use      *access.Use       `json:"use,omitempty"`
}

// holder answers GET /v1/key: the caller's own limits, use and resets.
func (c *call) holder() *fault {
	key, f := c.s.caller(c.RequestCtx)
	if f != nil {
		return f
	}
	c.record.key = key
	s := c.s.Engine.Live.Acquire()
	defer s.Release()
	card := holderCard{Profile: profileOf(key), Limits: []access.Standing{}}
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	now := time.Now()
	if key != nil {
		card.ID, card.Name, card.Team, card.Profiles, card.Created, card.Expires = key.ID, key.Name, key.Team, key.Also, key.Created, key.Expires
	}
	profile := s.Profile(card.Profile)
	if ms := c.s.Meters; ms != nil {
		if key != nil {
			use, limits := ms.OfKey(ctx, now, key)
			card.Use, card.Limits = &use, limits
		}
		if profile != nil {
			_, limits := ms.OfProfile(ctx, now, profile)
			card.Limits = append(card.Limits, limits...)
		}
		requests, tokens := ms.RatesOf(now, key, profile)
		setRates(&c.Response.Header, requests, tokens)
	}
	c.Response.Header.Set("Cache-Control", "no-store")
	writeJSON(c.RequestCtx, 200, card)
	return nil
}

package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// usedSubject is where replicas tell each other what requests have taken of limits a minute. Nobody keeps these messages: one
// that is lost lets through as much as it told of.
const usedSubject = "routor.used"

// usage is such a message.
type usage struct {
	From string      `json:"from"`
	Used []usedRates `json:"used"`
}

// usedRates is what requests at one replica have taken of a key's or profile's limits, with the limits that counted there.
type usedRates struct {
	Scope    string `json:"scope"`
	ID       string `json:"id"`
	PerMin   int64  `json:"rpm,omitempty"`
	Requests int64  `json:"requests,omitempty"`
	TokMin   int64  `json:"tpm,omitempty"`
	Tokens   int64  `json:"tokens,omitempty"` // below 0: less was used than had been told
}

const mostTold = 2000 // entries of a message

// tell tells the fleet what was taken of limits a minute.
func (ms *Meters) tell(used []*meter) {
	u := usage{From: ms.id}
	send := func() {
		if len(u.Used) == 0 {
			return
		}
		if src, err := json.Marshal(u); err == nil {
			_ = ms.state.Conn().Publish(usedSubject, src)
		}
		u.Used = u.Used[:0]
	}
	for _, m := range used {
		l := m.limits.Load()
		requests, tokens := m.shared[0].Swap(0), m.shared[1].Swap(0)
		if !l.rated() || requests == 0 && tokens == 0 {
			continue
		}
		r := usedRates{Scope: m.scope, ID: m.id}
		if l.Requests > 0 {
			r.PerMin, r.Requests = l.Requests, requests
		}
		if l.Tokens > 0 {
			r.TokMin, r.Tokens = l.Tokens, tokens
		}
		if u.Used = append(u.Used, r); len(u.Used) == mostTold {
			send()
		}
	}
	send()
}

// hear takes what another replica tells for used here.
func (ms *Meters) hear(msg *nats.Msg) {
	u, err := parseUsage(msg.Data)
	if err != nil || u.From == ms.id {
		return
	}
	now := ms.clock()
	for i := range u.Used {
		ms.learn(&u.Used[i], now)
	}
}

func (ms *Meters) learn(r *usedRates, now time.Time) {
	in := &ms.keys
	if r.Scope == ScopeProfile {
		in = &ms.profiles
	}
	m := ms.hold(in, r.Scope, r.ID)
	defer m.open.Add(-1)
	m.last.Store(now.UnixNano())
	if r.PerMin > 0 && r.Requests != 0 {
		m.requests.charge(ms.at(now), r.Requests, r.PerMin)
	}
	if r.TokMin > 0 && r.Tokens != 0 {
		m.tokens.charge(ms.at(now), r.Tokens, r.TokMin)
	}
}

func parseUsage(src []byte) (u usage, err error) {
	if err := json.Unmarshal(src, &u); err != nil {
		return u, fmt.Errorf("is no usage: %w", err)
	}
	for _, r := range u.Used {
		rate := func(limit, n int64) bool { return limit >= 0 && limit <= mostRate && n > -1e12 && n < 1e12 }
		if r.Scope != ScopeKey && r.Scope != ScopeProfile || r.ID == "" || len(r.ID) > 200 || !rate(r.PerMin, r.Requests) || !rate(r.TokMin, r.Tokens) {
			return usage{}, errors.New("has an entry that makes no sense")
		}
	}
	return u, nil
}

package providers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Account is what a provider's answers say about our account there.
type Account struct {
	State     State
	Until     time.Time // of RateLimited; zero = unknown
	Detail    string    // for people; holds no secret
	KeyLast4  string
	CheckedAt time.Time
}

// State is whether a provider can be used.
type State string

// The states.
const (
	NotConfigured State = "not_configured"
	Unchecked     State = "unchecked"
	Healthy       State = "healthy"
	Degraded      State = "degraded"
	Limited       State = "rate_limited"
	OutOfCredit   State = "out_of_credit"
	KeyRejected   State = "key_rejected"
	Down          State = "down"
)

// Usable is whether requests may be sent there.
func (s State) Usable() bool { return s == Unchecked || s == Healthy || s == Degraded }

// Account is what is known by now: from Validate, and from the answers to calls. A key that was changed is unchecked, and a
// rate limit ends by itself.
func (c *Connection) Account() Account {
	a := Account{State: Unchecked}
	key, ok := c.currentKey()
	if known := c.account.Load(); known != nil && known.key == key {
		a = known.Account
	}
	if !ok {
		a = Account{State: NotConfigured, Detail: c.noKey()}
	}
	if a.State == Limited && !a.Until.IsZero() && time.Now().After(a.Until) {
		a = Account{State: Healthy, CheckedAt: a.CheckedAt}
	}
	a.KeyLast4 = last4(key)
	return a
}

// standing is an account with the key that it is about.
type standing struct {
	Account
	key string
}

func (c *Connection) noteAccount(key string, a Account) Account {
	a.CheckedAt, a.KeyLast4 = time.Now(), last4(key)
	c.account.Store(&standing{a, key})
	return a
}

// noteSuccess costs one comparison when nothing has changed.
func (c *Connection) noteSuccess(key string) {
	if s := c.account.Load(); s == nil || s.State != Healthy || s.key != key {
		c.noteAccount(key, Account{State: Healthy})
	}
}

// noteError keeps what a failed call says about the account. A 403 can be about one model, so only a 401, or an error that
// speaks of the key, rejects the key.
func (c *Connection) noteError(key string, e *Error) {
	if a, ok := accountOf(e); ok && (e.Class == Quota || e.Class == Auth && e.Status != 403) {
		c.noteAccount(key, a)
	}
}

// accountOf is what an error says about the account; not ok where it says nothing.
func accountOf(e *Error) (a Account, ok bool) {
	a.Detail = e.Message
	if a.Detail == "" && e.Err != nil {
		a.Detail = e.Err.Error()
	}
	if e.Status != 0 {
		a.Detail = fmt.Sprintf("HTTP %d: %s", e.Status, a.Detail)
	}
	switch e.Class {
	case Auth:
		a.State = KeyRejected
	case Quota:
		a.State = OutOfCredit
	case RateLimited:
		a.State, a.Until = Limited, time.Now().Add(max(e.RetryAfter, time.Second))
	case Server, Overloaded, InBand:
		a.State = Degraded
	case Network, Timeout:
		a.State = Down
	default:
		return a, false
	}
	return a, true
}

// Validate asks for the provider's list of models with the key: it costs no tokens. It never fails, and what it finds is
// what Account says from then on.
func (c *Connection) Validate(ctx context.Context) Account {
	key, ok := c.currentKey()
	if !ok {
		return c.noteAccount("", Account{State: NotConfigured, Detail: c.noKey()})
	}
	path := c.o.Provider.Models
	if path == "" {
		return c.noteAccount(key, Account{State: Unchecked, Detail: "no call is known that checks a key of this provider without spending tokens"})
	}
	call := Call{Timeouts: Timeouts{Total: 10 * time.Second}}
	defer context.AfterFunc(ctx, call.Cancel)()
	x, e := c.exchange(&call, "GET", path)
	if e != nil {
		switch {
		case e.Class == Canceled:
			return c.noteAccount(key, Account{State: Down, Detail: "no answer in time"})
		case e.Status == 404 || e.Status == 405:
			return c.noteAccount(key, Account{State: Unchecked, Detail: fmt.Sprintf("there is no list of models at %s (HTTP %d); the key is checked by the first request", path, e.Status)})
		}
		a, known := accountOf(e)
		if !known {
			a = Account{State: Unchecked, Detail: a.Detail}
		}
		return c.noteAccount(key, a)
	}
	defer x.Close()
	var list struct {
		Data json.RawMessage // OpenRouter answers with an object: what is known of the key
	}
	if err := json.Unmarshal(x.Body, &list); err != nil {
		return c.noteAccount(key, Account{State: Degraded, Detail: "the answer to " + path + " is no JSON; is base_url right?"})
	}
	a := Account{State: Healthy, Detail: "key accepted"}
	var models []json.RawMessage
	if json.Unmarshal(list.Data, &models) == nil && len(models) > 0 {
		a.Detail = fmt.Sprintf("key accepted, %d models", len(models))
	}
	return c.noteAccount(key, a)
}

// last4 is what may be shown of a key; short ones show nothing.
func last4(key string) string {
	if len(key) < 12 {
		return ""
	}
	return key[len(key)-4:]
}

package providers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"time"
)

// Account is what a provider's answers say about our account there, or about one of its keys.
type Account struct {
	State     State
	Until     time.Time // of a cooldown; zero = unknown
	Detail    string    // for people; holds no secret
	KeyLast4  string
	CheckedAt time.Time
	Since     time.Time // since when it has been in that state
	// Models are the names in the provider's list of models; nil = it has none, or not all of it is known.
	Models []string
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

// KeyAccount is how things stand with one key of a provider.
type KeyAccount struct {
	Account
	ID       string // of the key, the same on every machine and no help in finding the key; "" = the provider wants none
	Weight   int
	InFlight int
}

// Keys are the accounts by key, in the order in which the keys were given.
func (c *Connection) Keys() []KeyAccount {
	now := time.Now()
	var out []KeyAccount
	for _, cred := range c.keys().creds {
		out = append(out, KeyAccount{cred.standing(now), cred.id(), int(cred.weight), int(cred.load.Load())})
	}
	return out
}

// id names a key without telling anything of it: a truncated hash of what has too many possible values to be tried.
func (c *credential) id() string {
	if c.key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("routor key " + c.key))
	return hex.EncodeToString(sum[:6])
}

// standing is what is known of a key. A rate limit ends by itself.
func (c *credential) standing(now time.Time) Account {
	a := Account{State: Unchecked}
	if known := c.account.Load(); known != nil {
		a = *known
	}
	if a.State == Limited && !a.Until.IsZero() && now.After(a.Until) {
		a = Account{State: Healthy, CheckedAt: a.CheckedAt, Since: a.Until, Models: a.Models}
	}
	a.KeyLast4 = last4(c.key)
	return a
}

// worst orders the states in which a provider cannot be used by how soon that may change.
var worst = map[State]int{Limited: 1, Down: 2, OutOfCredit: 3, KeyRejected: 4, NotConfigured: 5}

// Account is what is known of the provider by now: from Validate, and from the answers to calls. With several keys it is
// usable as long as one of them is.
func (c *Connection) Account() Account {
	creds := c.keys().creds
	now := time.Now()
	switch len(creds) {
	case 0:
		return Account{State: NotConfigured, Detail: c.noKey()}
	case 1:
		return creds[0].standing(now)
	}
	var sum Account
	out, told := 0, ""
	for i, cred := range creds {
		a := cred.standing(now)
		if !a.State.Usable() {
			if out++; told == "" {
				told = "…" + a.KeyLast4 + " " + string(a.State)
			}
		}
		if better := worst[a.State] - worst[sum.State]; i == 0 || better < 0 || better == 0 && !a.Until.IsZero() && a.Until.Before(sum.Until) {
			sum = a
		}
	}
	if out > 0 && sum.State.Usable() {
		sum.State, sum.Detail = Degraded, fmt.Sprintf("%d of %d keys are out: %s", out, len(creds), told)
	}
	return sum
}

func (c *Connection) note(cred *credential, a Account) Account {
	a.CheckedAt, a.KeyLast4 = time.Now(), last4(cred.key)
	a.Since = a.CheckedAt
	if old := cred.account.Load(); old != nil {
		if old.State == a.State {
			a.Since = old.Since
		}
		if a.Models == nil {
			a.Models = old.Models
		}
	}
	parked := int64(0)
	if !a.State.Usable() {
		until := a.Until
		if until.IsZero() {
			until = a.CheckedAt.Add(parkFor)
		}
		parked = until.UnixNano()
	}
	cred.account.Store(&a)
	cred.parked.Store(parked)
	return a
}

// parkFor is how long a key stays aside whose provider did not say for how long: until it is worth asking again.
const parkFor = 5 * time.Minute

// Learn takes over what another replica of the fleet has found out about a key, by its id.
func (c *Connection) Learn(key string, a Account) {
	for _, cred := range c.keys().creds {
		if cred.id() == key {
			c.note(cred, a)
		}
	}
}

// noteSuccess costs one comparison when nothing has changed.
func (c *Connection) noteSuccess(cred *credential) {
	if a := cred.account.Load(); a == nil || a.State != Healthy {
		c.note(cred, Account{State: Healthy})
	}
}

// noteError keeps what a failed call says about the key, and tells the error whose key it was. A 403 can be about one
// model, so only a 401, or an error that speaks of the key, rejects the key. Beside other keys a key that is at its limit
// stands aside as well; a lone one does not, because limits are by model as a rule.
func (c *Connection) noteError(key string, e *Error) {
	r := c.keys()
	cred := r.of(key)
	if cred == nil {
		return
	}
	e.Key, e.KeyID = last4(key), cred.id()
	ofKey := e.Class == Quota || e.Class == Auth && e.Status != 403 || e.Class == RateLimited && len(r.creds) > 1
	if a, ok := accountOf(e); ok && ofKey {
		c.note(cred, a)
		e.OtherKeys = r.another(cred, time.Now())
	}
}

// accountOf is what an error says about the account; not ok where it says nothing.
func accountOf(e *Error) (a Account, ok bool) {
	a.Detail = e.Message
	if a.Detail == "" && e.Err != nil {
		a.Detail = e.Err.Error()
	}
	if e.Status != 0 {
		a.Detail = "HTTP " + strconv.Itoa(e.Status) + ": " + a.Detail
	}
	switch e.Class {
	case Auth:
		a.State = KeyRejected
	case Quota:
		a.State = OutOfCredit
		if e.RetryAfter > 0 {
			a.Until = time.Now().Add(e.RetryAfter)
		}
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

// Validate asks for the provider's list of models with each key at once: it costs no tokens. It never fails, and what it
// finds is what Account and Keys say from then on.
func (c *Connection) Validate(ctx context.Context) Account {
	var all sync.WaitGroup
	for _, cred := range c.keys().creds {
		all.Go(func() { c.note(cred, c.check(ctx, cred)) })
	}
	all.Wait()
	return c.Account()
}

// check is what the provider says of one key.
func (c *Connection) check(ctx context.Context, cred *credential) Account {
	path := c.o.Provider.Models
	if path == "" {
		return Account{State: Unchecked, Detail: "no call is known that checks a key of this provider without spending tokens"}
	}
	call := Call{Timeouts: Timeouts{Total: 10 * time.Second}}
	defer context.AfterFunc(ctx, call.Cancel)()
	x, e := c.exchange(&call, cred, "", "GET", c.withQuery(c.path+path+listAll[c.o.Provider.Dialect]))
	if e != nil {
		switch {
		case e.Class == Canceled:
			return Account{State: Down, Detail: "no answer in time"}
		case e.Status == 404 || e.Status == 405:
			return Account{State: Unchecked, Detail: fmt.Sprintf("there is no list of models at %s (HTTP %d); the key is checked by the first request", path, e.Status)}
		}
		a, known := accountOf(e)
		if !known {
			a = Account{State: Unchecked, Detail: a.Detail}
		}
		return a
	}
	defer x.Close()
	a := Account{State: Healthy, Detail: "key accepted"}
	models, whole, err := listed(x.Body)
	switch {
	case err != nil:
		return Account{State: Degraded, Detail: "the answer to " + path + " is no JSON; is base_url right?"}
	case len(models) > 0:
		a.Detail = fmt.Sprintf("key accepted, %d models", len(models))
	}
	if whole {
		a.Models = models
	}
	return a
}

// last4 is what may be shown of a key; short ones show nothing.
func last4(key string) string {
	if len(key) < 12 {
		return ""
	}
	return key[len(key)-4:]
}

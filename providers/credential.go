package providers

import (
	"strings"
	"sync/atomic"
	"time"
)

// Key is one of the keys with which a provider can be called.
type Key struct {
	Value  string
	Weight int // its share of the calls beside the others'; below 1 counts as 1
}

// authHeaders are the headers in which providers take a key, and what stands before it.
var authHeaders = map[string]Header{
	"":               {"Authorization", "Bearer "},
	"bearer":         {"Authorization", "Bearer "},
	"x-api-key":      {"X-Api-Key", ""},
	"api-key":        {"Api-Key", ""},
	"x-goog-api-key": {"X-Goog-Api-Key", ""},
}

// credential is a key as it is sent, and how things stand with it. It goes to the provider's host alone.
type credential struct {
	key string
	Header
	weight  int64
	load    atomic.Int64 // calls that use it now
	parked  atomic.Int64 // until when others are preferred, in Unix nanoseconds
	account atomic.Pointer[Account]
}

// well is whether nothing speaks against using a key now.
func (c *credential) well(now int64) bool { return c.parked.Load() <= now }

// ring is the keys of a provider as they are known now; it is replaced when they change.
type ring struct {
	from  []Key
	creds []*credential
	turn  atomic.Uint64 // where the search begins, so that equal keys take turns
}

// same is whether a ring was made of these keys. Whoever changes them makes a new slice.
func (r *ring) same(keys []Key) bool {
	return len(r.from) == len(keys) && (len(keys) == 0 || &r.from[0] == &keys[0])
}

// keys is the current ring. A key that stays keeps what is known of it.
func (c *Connection) keys() *ring {
	given := c.o.Keys()
	old := c.ring.Load()
	if old != nil && old.same(given) {
		return old
	}
	next := &ring{from: given}
	h := authHeaders[c.o.Provider.Auth]
	for _, k := range given {
		if k.Value = strings.TrimSpace(k.Value); k.Value == "" && !c.o.keyless {
			continue
		}
		cred := old.of(k.Value)
		if cred == nil {
			cred = &credential{key: k.Value}
			if k.Value != "" {
				cred.Header = Header{h.Name, h.Value + k.Value}
			}
		}
		cred.weight = int64(max(k.Weight, 1))
		next.creds = append(next.creds, cred)
	}
	if !c.ring.CompareAndSwap(old, next) {
		return c.ring.Load()
	}
	return next
}

// of is the credential of a key, nil = it is none of these.
func (r *ring) of(key string) *credential {
	if r == nil {
		return nil
	}
	for _, cred := range r.creds {
		if cred.key == key {
			return cred
		}
	}
	return nil
}

// pick is the key for the next call: of those that are well the least loaded for its weight; where none is well, the one
// that is parked for the shortest time. nil = there is no key.
func (r *ring) pick(now time.Time) *credential {
	switch len(r.creds) {
	case 0:
		return nil
	case 1:
		return r.creds[0]
	}
	n, at := uint64(len(r.creds)), now.UnixNano()
	start := r.turn.Add(1)
	var best, soonest *credential
	var bestLoad int64
	for i := range n {
		cred := r.creds[(start+i)%n]
		if !cred.well(at) {
			if soonest == nil || cred.parked.Load() < soonest.parked.Load() {
				soonest = cred
			}
			continue
		}
		// load/weight compared without a division; the call itself counts, so that idle keys are told apart by weight.
		if load := cred.load.Load() + 1; best == nil || load*best.weight < bestLoad*cred.weight {
			best, bestLoad = cred, load
		}
	}
	if best == nil {
		return soonest
	}
	return best
}

// another is whether a key besides one is well.
func (r *ring) another(than *credential, now time.Time) bool {
	at := now.UnixNano()
	for _, cred := range r.creds {
		if cred != than && cred.well(at) {
			return true
		}
	}
	return false
}

// keysOf are Options' keys as a function: one that is asked for anew each time, or none at all.
func keysOf(key func() string) (keys func() []Key, keyless bool) {
	if key == nil {
		none := []Key{{}}
		return func() []Key { return none }, true
	}
	var last atomic.Pointer[[]Key]
	return func() []Key {
		value := key()
		if known := last.Load(); known != nil && (*known)[0].Value == value {
			return *known
		}
		fresh := []Key{{Value: value}}
		last.Store(&fresh)
		return fresh
	}, false
}

func (c *Connection) noKey() string {
	if env := c.o.Provider.KeyEnv; len(env) > 0 {
		return "no key: set " + strings.Join(env, " or ") + ", or api_key in the configuration"
	}
	return "no key: set api_key in the configuration"
}

// scrub takes the key out of a text that is to be shown.
func (c *credential) scrub(text string) string {
	if c.key == "" {
		return text
	}
	return strings.ReplaceAll(text, c.key, "…"+last4(c.key))
}

// ownHeader says of a header of the client's that it is not the client's to set: credentials, and what belongs to the
// connection.
func ownHeader(name string) bool {
	switch strings.ToLower(name) {
	case "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization", "host", "connection",
		"content-length", "content-type", "transfer-encoding", "accept-encoding", "accept", "user-agent", "te", "trailer", "upgrade", "expect":
		return true
	}
	return len(name) >= 8 && strings.EqualFold(name[:8], "x-routor")
}

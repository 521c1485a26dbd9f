package providers

import "strings"

// authHeaders are the headers in which providers take a key, and what stands before it.
var authHeaders = map[string]Header{
	"":               {"Authorization", "Bearer "},
	"bearer":         {"Authorization", "Bearer "},
	"x-api-key":      {"X-Api-Key", ""},
	"api-key":        {"Api-Key", ""},
	"x-goog-api-key": {"X-Goog-Api-Key", ""},
}

// credential is a key as it is sent. It goes to the provider's host alone.
type credential struct {
	key string
	Header
}

// credential is the current key; nil = there is none.
func (c *Connection) credential() *credential {
	key, ok := c.currentKey()
	if !ok {
		return nil
	}
	if known := c.auth.Load(); known != nil && known.key == key {
		return known
	}
	h := authHeaders[c.o.Provider.Auth]
	cred := &credential{key, Header{h.Name, h.Value + key}}
	if key == "" {
		cred.Header = Header{}
	}
	c.auth.Store(cred)
	return cred
}

// currentKey is the key to send; not ok = the provider wants one and there is none.
func (c *Connection) currentKey() (string, bool) {
	if c.o.Key == nil {
		return "", true
	}
	key := strings.TrimSpace(c.o.Key())
	return key, key != ""
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

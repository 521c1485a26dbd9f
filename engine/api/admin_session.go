package api

import (
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/routor/routor/engine/access"
)

// accessCalls are the calls about who may use the admin API.
var accessCalls = []adminCall{
	{"session", "GET POST DELETE", (*call).adminSession, "Who is here. POST `{\"key\"}` or `{\"link\"}` (of `routor open`) begins a session: its cookie stands in for the key, and calls that change something then carry `X-Routor-CSRF`; DELETE ends it."},
	{"sessions", "GET DELETE", (*call).adminSessions, "The sessions of this process; DELETE ends all of them, `?id=` one."},
	{"links", "POST", (*call).adminLinks, "Makes a link that signs in once, within a minute, whoever made it."},
	{"admin-keys", "GET POST", (*call).adminAdminKeys, "Keys of the admin API besides the one of the configuration; POST `{\"name\", \"role\": \"admin\" | \"viewer\", \"read_prompts\", \"expires\"}` makes one, whose secret is shown this once."},
	{"admin-keys/*", "GET DELETE", (*call).adminAdminKey, "One key of the admin API, by id or name; DELETE revokes it for good and ends its sessions."},
}

func init() { adminCalls = append(adminCalls, accessCalls...) }

// identify finds out who makes an admin call: by the key that was sent, else by the session of the cookie.
func (c *call) identify() (*identity, *fault) {
	s := c.s
	if secret := credential(&c.Request.Header); len(secret) > 0 {
		return s.byKey(secret)
	}
	x := s.sessions.of(c.Request.Header.Cookie(sessionCookie), time.Now())
	if x == nil || !s.holds(&x.who) {
		return nil, failure(codeAdminKey, "the admin API needs the admin key: send it as Authorization: Bearer, or sign in")
	}
	return &x.who, nil
}

// byKey is who an admin key stands for.
func (s *Server) byKey(secret []byte) (*identity, *fault) {
	if s.adminKey != "" && same(string(secret), s.adminKey) {
		return &identity{name: "admin", prompts: true}, nil
	}
	if s.keys == nil {
		return nil, failure(codeAdminKey, "this is not the admin key")
	}
	k, err := s.keys.LookupAdmin(secret)
	switch {
	case err == nil:
		return &identity{name: k.Name, key: k.ID, viewer: k.Admin.Role != access.RoleAdmin, prompts: k.Admin.ReadPrompts}, nil
	case errors.Is(err, access.ErrRevoked):
		return nil, failure(codeAdminKey, "this key of the admin API (…%s) was revoked", last4(secret))
	case errors.Is(err, access.ErrExpired):
		return nil, failure(codeAdminKey, "this key of the admin API (…%s) has expired", last4(secret))
	}
	return nil, failure(codeAdminKey, "this is not the admin key, nor one that `routor admin-key add` made")
}

// holds says whether the key that somebody signed in by is still good.
func (s *Server) holds(who *identity) bool {
	if who.key == "" {
		return true
	}
	k, ok := s.keys.Admin(who.key)
	return ok && k.State(time.Now()) == "active"
}

// may says whether whoever is here may make a call.
func (c *call) may(path string) *fault {
	switch {
	case c.who == nil: // signs in
		return nil
	case string(c.Method()) == "GET" && c.who.viewer && onlyAdmins(path):
		return failure(codeReadOnly, "%s may not see this: it takes a key with the role admin", c.who.name)
	case string(c.Method()) == "GET":
		return nil
	}
	if x := c.who.session; x != nil && !same(string(c.Request.Header.Peek(csrfHeader)), x.csrf) {
		return failure(codeCSRF, "the call changes something and comes by a session: send its csrf as X-Routor-CSRF")
	}
	if c.who.viewer && !slices.Contains(viewersToo, string(c.Method())+" "+path) {
		return failure(codeReadOnly, "%s may look, and change nothing: it takes a key with the role admin", c.who.name)
	}
	return nil
}

// viewersToo are calls with a body that change nothing, or only what is the caller's own.
var viewersToo = []string{"POST session", "DELETE session", "POST links", "POST check/policy", "POST explain", "POST impact", "POST replays"}

// onlyAdmins are reads of secrets or of the process itself.
func onlyAdmins(path string) bool {
	return path == "backup" || path == "sessions" || strings.HasPrefix(path, "admin-keys") || strings.HasPrefix(path, "pprof/")
}

// sessionCard is who is here.
type sessionCard struct {
	Role        string    `json:"role"` // admin, viewer
	Name        string    `json:"name"`
	ReadPrompts bool      `json:"read_prompts"`
	CSRF        string    `json:"csrf"`             // "" = the key itself was sent: none is needed
	Expires     time.Time `json:"expires,omitzero"` // of a session that is not used again
	Demo        bool      `json:"demo"`
}

func (c *call) sessionCard(who *identity) sessionCard {
	card := sessionCard{Role: who.role(), Name: who.name, ReadPrompts: who.prompts, Demo: c.s.Demo != nil}
	if x := who.session; x != nil {
		c.s.sessions.mu.Lock()
		card.CSRF, card.Expires = x.csrf, x.expires().UTC()
		c.s.sessions.mu.Unlock()
	}
	return card
}

func (c *call) adminSession(string) *fault {
	switch string(c.Method()) {
	case "POST":
		return c.signIn()
	case "DELETE":
		c.s.sessions.end(func(x *session) bool { return x == c.who.session })
		setCookie(c.RequestCtx, "")
		writeJSON(c.RequestCtx, 200, map[string]bool{"ended": c.who.session != nil})
		return nil
	}
	writeJSON(c.RequestCtx, 200, c.sessionCard(c.who))
	return nil
}

// signInBody is how somebody signs in: one of both.
type signInBody struct {
	Key  string `json:"key,omitempty"`
	Link string `json:"link,omitempty"` // one-time token of `routor open`
}

// signIn begins a session. Nobody is known yet when it is called.
func (c *call) signIn() *fault {
	var by signInBody
	if f := readJSON(c.RequestCtx, &by); f != nil {
		return f
	}
	now, address := time.Now(), addressOf(c.RemoteAddr())
	if wait := c.s.tries.take(address, now); wait > 0 {
		f := failure(codeTooManyTries, "too many tries to sign in")
		f.after = wait
		return f
	}
	var who identity
	switch {
	case by.Link != "" && by.Key != "":
		return failure(codeInvalidType, "key, link: give one of them")
	case by.Link != "":
		invited, ok := c.s.sessions.redeem(by.Link, now)
		if !ok || !c.s.holds(&invited) {
			return failure(codeAdminKey, "this link was used already, or is too old: run `routor open` for another")
		}
		who = invited
	default:
		found, f := c.s.byKey([]byte(by.Key))
		if f != nil {
			return f
		}
		who = *found
	}
	c.s.tries.back(address)
	token, x := c.s.sessions.begin(who, address, now)
	setCookie(c.RequestCtx, token)
	writeJSON(c.RequestCtx, 200, c.sessionCard(&x.who))
	return nil
}

// addressOf is an address without its port.
func addressOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

func (c *call) adminSessions(string) *fault {
	if string(c.Method()) == "DELETE" {
		id := string(c.QueryArgs().Peek("id"))
		n := c.s.sessions.end(func(x *session) bool { return id == "" || x.ID == id })
		writeJSON(c.RequestCtx, 200, map[string]int{"ended": n})
		return nil
	}
	writeJSON(c.RequestCtx, 200, map[string]any{"sessions": c.s.sessions.list(c.who.session, time.Now())})
	return nil
}

// linkCard is a one-time link.
type linkCard struct {
	Link    string    `json:"link"` // the token
	Path    string    `json:"path"` // where a browser goes with it
	Expires time.Time `json:"expires"`
}

func (c *call) adminLinks(string) *fault {
	now := time.Now()
	token := c.s.sessions.invite(*c.who, linkLife, now)
	writeJSON(c.RequestCtx, 201, linkCard{token, loginPath(token), now.Add(linkLife).UTC()})
	return nil
}

func loginPath(token string) string { return "/login?token=" + token }

// Invite is the path of a one-time link for the admin, which is good for a while: a demo prints one when it starts.
func (s *Server) Invite(life time.Duration) string {
	return loginPath(s.sessions.invite(identity{name: "admin", prompts: true}, life, time.Now()))
}

// adminKeyBody is a key of the admin API that somebody wants.
type adminKeyBody struct {
	Name        string    `json:"name"`
	Role        string    `json:"role"`
	ReadPrompts bool      `json:"read_prompts"`
	Expires     time.Time `json:"expires,omitzero"`
}

func (c *call) adminAdminKeys(string) *fault {
	if c.s.keys == nil {
		return failure(codeNotSupported, "this server has no keys")
	}
	if string(c.Method()) == "GET" {
		writeJSON(c.RequestCtx, 200, map[string]any{"keys": c.s.keys.Admins()})
		return nil
	}
	var want adminKeyBody
	if f := readJSON(c.RequestCtx, &want); f != nil {
		return f
	}
	if want.Role == "" {
		want.Role = access.RoleViewer
	}
	secret, made, err := c.s.keys.Create(access.Key{Name: want.Name, Expires: want.Expires, Admin: &access.Scope{Role: want.Role, ReadPrompts: want.ReadPrompts}}, c.author(""))
	if err != nil {
		return failure(codeCheckFailed, "%v", err)
	}
	writeJSON(c.RequestCtx, 201, madeKey{secret, made})
	return nil
}

func (c *call) adminAdminKey(id string) *fault {
	if c.s.keys == nil {
		return failure(codeNotSupported, "this server has no keys")
	}
	k, ok := c.s.keys.Admin(id)
	if !ok {
		return failure(codeNotFound, "there is no key %q of the admin API", id)
	}
	if string(c.Method()) == "DELETE" {
		revoked, err := c.s.keys.Revoke(k.ID, c.author(""))
		if err != nil {
			return failure(codeInternal, "the key could not be revoked: %v", err)
		}
		k = revoked
		c.s.sessions.end(func(x *session) bool { return x.who.key == k.ID })
	}
	writeJSON(c.RequestCtx, 200, k)
	return nil
}

package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/routor/routor/engine/access"
)

// A session stands in for an admin key in a browser: the page gets a cookie that scripts can't read and other sites can't make
// it send, and never keeps the key. Sessions live in this process's memory alone, so that a restart ends them all.
const (
	sessionCookie = "routor_session"
	csrfHeader    = "X-Routor-Csrf"
	// A session ends when nobody used it for sessionIdle, and after sessionLife in any case.
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour
	// mostSessions bounds them: the one that was not used for longest makes room.
	mostSessions = 1000
	// linkLife is how long a one-time link is good for.
	linkLife  = time.Minute
	mostLinks = 100
)

// identity is who makes an admin call.
type identity struct {
	name    string
	key     string // id of the admin key; "" = the one of the configuration
	viewer  bool
	prompts bool     // may read what is kept of prompts
	session *session // nil = the key itself was sent
}

func (i *identity) role() string {
	if i.viewer {
		return access.RoleViewer
	}
	return access.RoleAdmin
}

// session is somebody who is signed in.
type session struct {
	ID    string // public
	csrf  string
	began time.Time
	used  time.Time // under the lock of sessions
	from  string    // address
	who   identity
}

func (s *session) expires() time.Time {
	idle, life := s.used.Add(sessionIdle), s.began.Add(sessionLife)
	if idle.Before(life) {
		return idle
	}
	return life
}

// sessions are all sessions, by the SHA-256 of their tokens: comparing those tells nothing of a token.
type sessions struct {
	mu    sync.Mutex
	by    map[[sha256.Size]byte]*session
	links map[[sha256.Size]byte]link
}

// link is a one-time way in.
type link struct {
	who  identity
	ends time.Time
}

func newSessions() *sessions {
	return &sessions{by: map[[sha256.Size]byte]*session{}, links: map[[sha256.Size]byte]link{}}
}

// randomToken is 256 bits as a word.
func randomToken() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// begin makes a session.
func (s *sessions) begin(who identity, from string, now time.Time) (token string, made *session) {
	token, made = randomToken(), &session{ID: "ses_" + randomToken()[:12], csrf: randomToken(), began: now, used: now, from: from}
	made.who = who
	made.who.session = made
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if len(s.by) >= mostSessions {
		var oldest [sha256.Size]byte
		var at time.Time
		for sum, x := range s.by {
			if at.IsZero() || x.used.Before(at) {
				oldest, at = sum, x.used
			}
		}
		delete(s.by, oldest)
	}
	s.by[sha256.Sum256([]byte(token))] = made
	return token, made
}

func (s *sessions) sweep(now time.Time) {
	for sum, x := range s.by {
		if !now.Before(x.expires()) {
			delete(s.by, sum)
		}
	}
	for sum, l := range s.links {
		if !now.Before(l.ends) {
			delete(s.links, sum)
		}
	}
}

// of is the session of a token, which counts as used now; nil = there is none.
func (s *sessions) of(token []byte, now time.Time) *session {
	if len(token) == 0 || len(token) > 256 {
		return nil
	}
	sum := sha256.Sum256(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.by[sum]
	if x == nil {
		return nil
	}
	if !now.Before(x.expires()) {
		delete(s.by, sum)
		return nil
	}
	x.used = now
	return x
}

// lives says whether a session has not ended, without using it.
func (s *sessions) lives(x *session, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, y := range s.by {
		if y == x {
			return now.Before(x.expires())
		}
	}
	return false
}

// end ends the sessions that a test picks, and says how many they were.
func (s *sessions) end(is func(*session) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sum, x := range s.by {
		if is(x) {
			delete(s.by, sum)
			n++
		}
	}
	return n
}

// sessionInfo is a session as lists show it.
type sessionInfo struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Role        string    `json:"role"`
	ReadPrompts bool      `json:"read_prompts"`
	Address     string    `json:"address"`
	Began       time.Time `json:"began"`
	Used        time.Time `json:"used"`
	Expires     time.Time `json:"expires"`
	Own         bool      `json:"own,omitempty"` // of whoever asks
}

func (s *sessions) list(own *session, now time.Time) []sessionInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	list := make([]sessionInfo, 0, len(s.by))
	for _, x := range s.by {
		list = append(list, sessionInfo{x.ID, x.who.name, x.who.role(), x.who.prompts, x.from, x.began.UTC(), x.used.UTC(), x.expires().UTC(), x == own})
	}
	slices.SortFunc(list, func(a, b sessionInfo) int { return b.Used.Compare(a.Used) })
	return list
}

// invite makes a one-time link for somebody.
func (s *sessions) invite(who identity, life time.Duration, now time.Time) (token string) {
	who.session = nil
	token = randomToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if len(s.links) >= mostLinks {
		clear(s.links) // somebody makes them for no use
	}
	s.links[sha256.Sum256([]byte(token))] = link{who, now.Add(life)}
	return token
}

// redeem uses a link up; ok is false when it was used, is too old or never was.
func (s *sessions) redeem(token string, now time.Time) (who identity, ok bool) {
	sum := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.links[sum]
	delete(s.links, sum)
	return l.who, ok && now.Before(l.ends)
}

// same compares two secrets in constant time.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// tries bounds how often somebody may try to sign in: a bucket of tries an address, and one for all together. What succeeds
// costs nothing.
type tries struct {
	mu  sync.Mutex
	by  map[string]*bucket
	all bucket
}

type bucket struct {
	left float64
	at   time.Time
}

const (
	triesAddress, triesAll       = 10, 100 // at once
	refillAddress, refillAll     = 10. / 60, 1.
	mostAddresses            int = 10_000
)

// take takes a try and says how long to wait where there is none.
func (b *bucket) take(most, perSecond float64, now time.Time) (wait time.Duration) {
	if b.at.IsZero() {
		b.left = most
	} else {
		b.left = min(b.left+now.Sub(b.at).Seconds()*perSecond, most)
	}
	b.at = now
	if b.left < 1 {
		return time.Duration((1 - b.left) / perSecond * float64(time.Second))
	}
	b.left--
	return 0
}

// take takes a try of an address.
func (t *tries) take(address string, now time.Time) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil || len(t.by) >= mostAddresses {
		t.by = map[string]*bucket{} // the one for all together still counts
	}
	b := t.by[address]
	if b == nil {
		b = &bucket{}
		t.by[address] = b
	}
	if wait = b.take(triesAddress, refillAddress, now); wait > 0 {
		return wait
	}
	if wait = t.all.take(triesAll, refillAll, now); wait > 0 {
		b.left++
	}
	return wait
}

// back gives the try of an address back: it was right.
func (t *tries) back(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.by[address]; b != nil {
		b.left++
	}
	t.all.left++
}

// setCookie hands a session to the browser; "" takes it back.
func setCookie(ctx *fasthttp.RequestCtx, token string) {
	var k fasthttp.Cookie
	k.SetKey(sessionCookie)
	k.SetValue(token)
	k.SetPath("/")
	k.SetHTTPOnly(true)
	k.SetSameSite(fasthttp.CookieSameSiteStrictMode)
	k.SetSecure(ctx.IsTLS())
	if k.SetMaxAge(int(sessionLife / time.Second)); token == "" {
		k.SetExpire(fasthttp.CookieExpireDelete)
	}
	ctx.Response.Header.SetCookie(&k)
}

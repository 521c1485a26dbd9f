package providers_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routor/routor/providers"
)

// keyed is a peer whose answer depends on the key, and that counts by key.
type keyed struct {
	*peer
	mu     sync.Mutex
	counts map[string]int
}

const keyA, keyB, keyC = "sk-aaaaaaaaaaaa-aaaa", "sk-bbbbbbbbbbbb-bbbb", "sk-cccccccccccc-cccc"

func newKeyed(t *testing.T, status map[string]string) *keyed {
	k := &keyed{counts: map[string]int{}}
	k.peer = newPeer(t, func(conn net.Conn, _ int) bool {
		req := k.last.Load()
		own := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
		k.mu.Lock()
		k.counts[own]++
		answer := status[own]
		k.mu.Unlock()
		switch {
		case answer != "":
			body := `{"error":{"message":"no"}}`
			return say(conn, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", answer, len(body), body)
		case strings.HasSuffix(req.URL.Path, "/models"):
			return say(conn, "%s", plain(`{"data":[{"id":"m-1"},{"id":"m-2"}]}`))
		}
		return say(conn, "%s", plain(good))
	})
	return k
}

func call(c *providers.Connection) *providers.Error {
	a, e := c.Do(&providers.Call{Body: []byte(`{"model":"m-1"}`)})
	if e != nil {
		return e
	}
	a.Close()
	return nil
}

// TestKeysShare: idle keys share the calls by their weights.
func TestKeysShare(t *testing.T) {
	t.Parallel()
	k := newKeyed(t, nil)
	list := []providers.Key{{Value: keyA, Weight: 3}, {Value: keyB}}
	c := k.connect(t, func(o *providers.Options) { o.Keys = func() []providers.Key { return list } })
	held := make([]*providers.Answer, 0, 8)
	for range 8 {
		a, e := c.Do(&providers.Call{Body: []byte(`{}`)})
		if e != nil {
			t.Fatal(e)
		}
		held = append(held, a) // an answer that is not closed is a call in flight
	}
	if k.counts[keyA] != 6 || k.counts[keyB] != 2 {
		t.Errorf("%v, want 6 and 2", k.counts)
	}
	if keys := c.Keys(); keys[0].InFlight != 6 || keys[1].InFlight != 2 || keys[0].KeyLast4 != "aaaa" || keys[0].ID == keys[1].ID || strings.Contains(keys[0].ID, "aaaa") {
		t.Errorf("%+v", keys)
	}
	for _, a := range held {
		a.Close()
	}
	if keys := c.Keys(); keys[0].InFlight+keys[1].InFlight != 0 {
		t.Errorf("%+v", keys)
	}
}

// TestKeyParkedAlone: one key's trouble leaves the provider usable, and the key aside.
func TestKeyParkedAlone(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		status string
		class  providers.Class
		state  providers.State
	}{
		"rejected":      {"401 Unauthorized", providers.Auth, providers.KeyRejected},
		"out of credit": {"402 Payment Required", providers.Quota, providers.OutOfCredit},
		"rate limit":    {"429 Too Many Requests\r\nRetry-After: 30", providers.RateLimited, providers.Limited},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeyed(t, map[string]string{keyB: x.status})
			list := []providers.Key{{Value: keyA}, {Value: keyB}}
			c := k.connect(t, func(o *providers.Options) { o.Keys = func() []providers.Key { return list } })
			failed := 0
			for range 10 {
				if e := call(c); e != nil {
					failed++
					if e.Class != x.class || e.Key != "bbbb" || !e.OtherKeys || strings.Contains(e.Error(), keyB) {
						t.Errorf("%+v", e)
					}
				}
			}
			if failed != 1 || k.counts[keyB] != 1 {
				t.Errorf("%d calls failed, the bad key was used %d times", failed, k.counts[keyB])
			}
			if a := c.Account(); a.State != providers.Degraded || !strings.Contains(a.Detail, "1 of 2 keys") || strings.Contains(a.Detail, keyB) {
				t.Errorf("%+v", a)
			}
			if keys := c.Keys(); keys[0].State != providers.Healthy || keys[1].State != x.state || keys[1].Since.IsZero() {
				t.Errorf("%+v", keys)
			}
		})
	}
}

// TestAllKeysParked: the one that is back soonest is used, and the provider is not usable.
func TestAllKeysParked(t *testing.T) {
	t.Parallel()
	k := newKeyed(t, map[string]string{keyA: "401 Unauthorized", keyB: "429 Too Many Requests\r\nRetry-After: 30"})
	list := []providers.Key{{Value: keyA}, {Value: keyB}}
	c := k.connect(t, func(o *providers.Options) { o.Keys = func() []providers.Key { return list } })
	var last *providers.Error
	for range 4 {
		last = call(c)
	}
	if last == nil || last.OtherKeys || last.Class != providers.RateLimited || k.counts[keyA] != 1 {
		t.Errorf("%+v %v", last, k.counts)
	}
	if a := c.Account(); a.State != providers.Limited || a.Until.Before(time.Now().Add(20*time.Second)) {
		t.Errorf("%+v", a)
	}
}

// TestKeysChange: a key that stays keeps what is known of it, a new one is unchecked.
func TestKeysChange(t *testing.T) {
	t.Parallel()
	k := newKeyed(t, map[string]string{keyB: "401 Unauthorized"})
	list := []providers.Key{{Value: keyA}, {Value: keyB}}
	var mu sync.Mutex
	c := k.connect(t, func(o *providers.Options) {
		o.Keys = func() []providers.Key { mu.Lock(); defer mu.Unlock(); return list }
	})
	if a := c.Validate(t.Context()); a.State != providers.Degraded || fmt.Sprint(c.Keys()[0].Models) != "[m-1 m-2]" {
		t.Errorf("%+v", a)
	}
	mu.Lock()
	list = []providers.Key{{Value: keyB}, {Value: keyC}}
	mu.Unlock()
	if keys := c.Keys(); len(keys) != 2 || keys[0].State != providers.KeyRejected || keys[1].State != providers.Unchecked {
		t.Errorf("%+v", keys)
	}
	if e := call(c); e != nil || k.counts[keyC] != 1 {
		t.Errorf("%v %v", e, k.counts)
	}
	mu.Lock()
	list = nil
	mu.Unlock()
	if e := call(c); e == nil || e.Class != providers.Auth || c.Account().State != providers.NotConfigured {
		t.Errorf("%v %+v", e, c.Account())
	}
}

// TestLearn: what another replica found out about a key counts here.
func TestLearn(t *testing.T) {
	t.Parallel()
	k := newKeyed(t, nil)
	list := []providers.Key{{Value: keyA}, {Value: keyB}}
	c := k.connect(t, func(o *providers.Options) { o.Keys = func() []providers.Key { return list } })
	c.Learn(c.Keys()[0].ID, providers.Account{State: providers.OutOfCredit})
	for range 4 {
		if e := call(c); e != nil {
			t.Fatal(e)
		}
	}
	if k.counts[keyA] != 0 || k.counts[keyB] != 4 {
		t.Errorf("%v", k.counts)
	}
}

// TestServersKeepAlive: a server that says how long it keeps a connection is not surprised by a later request.
func TestServersKeepAlive(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, _ int) bool {
		return say(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nKeep-Alive: timeout=1, max=100\r\nContent-Length: %d\r\n\r\n%s", len(good), good)
	})
	c := p.connect(t, nil)
	until(t, func() bool { // as soon as a millisecond lies between two calls
		if e := call(c); e != nil {
			t.Fatal(e)
		}
		return p.conns.Load() > 1
	})
}

// TestPlainLimit: a plain answer's first byte has a limit of its own, and only that.
func TestPlainLimit(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(conn net.Conn, n int) bool {
		if n == 0 {
			half := plain(good)
			say(conn, "%s", half[:30])
			time.Sleep(150 * time.Millisecond)
			return say(conn, "%s", half[30:])
		}
		time.Sleep(time.Second)
		return false
	})
	c := p.connect(t, func(o *providers.Options) { o.Timeouts.Plain = 100 * time.Millisecond })
	if e := call(c); e != nil {
		t.Errorf("what had begun was ended: %v", e)
	}
	if e := call(c); e == nil || e.Class != providers.Timeout || e.Message != "no first byte within 100ms" {
		t.Errorf("%v", e)
	}
}

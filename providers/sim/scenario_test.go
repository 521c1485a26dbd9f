package sim

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestWeather is what falls at which provider, when, and on how many.
func TestWeather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &Fleet{providers: map[string]*provider{}}
		for _, id := range Providers() {
			p := &provider{fleet: f, id: id}
			p.faults.Store(&Faults{})
			f.providers[id] = p
		}
		s := &Scenario{Repeat: time.Minute, Steps: []Step{
			{Providers: []string{"openai"}, At: 10 * time.Second, For: 10 * time.Second, Share: 1, Do: Faults{Error: "quota"}},
			{Share: 0.25, At: 30 * time.Second, Do: Faults{Reset: true}},
			{Share: 0.25, At: 30 * time.Second, Answers: "streams", Do: Faults{CutWithin: 10}},
			{Share: 0.7, At: 30 * time.Second, Do: Faults{Refuse: true}},
		}}
		if err := f.Play(s); err != nil {
			t.Fatal(err)
		}
		count := func(id string, stream bool) (hit map[string]int) {
			hit = map[string]int{}
			c := chance(7)
			for range 1000 {
				switch f := f.providers[id].faultsNow(&c, "completions", stream); {
				case f.Error != "":
					hit["error"]++
				case f.Reset:
					hit["reset"]++
				case f.CutAt > 0 && f.CutAt <= 10:
					hit["cut"]++
				case f != (Faults{}):
					hit["other"]++
				}
			}
			return hit
		}
		near := func(n, want int) bool { return n > want-60 && n < want+60 }
		if h := count("openai", true); len(h) != 0 {
			t.Errorf("at first: %v", h)
		}
		time.Sleep(15 * time.Second)
		if h := count("openai", true); h["error"] != 1000 {
			t.Errorf("at 15 s: %v", h)
		}
		if h := count("xai", true); len(h) != 0 {
			t.Errorf("at 15 s, elsewhere: %v", h)
		}
		time.Sleep(20 * time.Second)
		if h := count("xai", true); !near(h["reset"], 250) || !near(h["cut"], 250) || len(h) != 2 {
			t.Errorf("streams at 35 s: %v", h)
		}
		if h := count("xai", false); !near(h["reset"], 250) || len(h) != 1 {
			t.Errorf("plain answers at 35 s: %v", h)
		}
		refused := 0
		for range 1000 {
			if f.providers["xai"].dialled().Refuse {
				refused++
			}
		}
		if !near(refused, 700) {
			t.Errorf("%d of 1000 connections refused", refused)
		}
		time.Sleep(40 * time.Second)
		if h := count("openai", false); h["error"] != 1000 {
			t.Errorf("again, after a minute: %v", h)
		}
		f.providers["openai"].faults.Store(&Faults{Reset: true})
		if h := count("openai", false); h["reset"] != 1000 {
			t.Errorf("what is set goes before the weather: %v", h)
		}
		_ = f.Play(nil)
		if h := count("xai", false); len(h) != 0 {
			t.Errorf("after the end: %v", h)
		}
	})
}

// TestBareFaults are those of a connection, as a client sees them.
func TestBareFaults(t *testing.T) {
	t.Parallel()
	f, ask := tcp(t, Options{Seed: 3})
	plain, streamed := body(f, "openai", ""), body(f, "openai", `,"stream":true`)
	for name, x := range map[string]struct {
		faults, body string
		status       int
		want         string
	}{
		"longer than there is":        {"wrong_length=25", plain, 0, "unexpected EOF"},
		"shorter than there is":       {"wrong_length=-5", plain, 200, `"usage"`},
		"a stream longer than it is":  {"wrong_length=25", streamed, 0, "unexpected EOF"},
		"a stream shorter than it is": {"wrong_length=-9", streamed, 200, "data: "},
		"in drops":                    {"drip=1us&drip_bytes=7", plain, 200, `"total_tokens"`},
		"a stream in drops":           {"drip=1us", streamed, 200, "data: [DONE]\n\n"},
		"half a body":                 {"malformed", plain, 200, `{"id"`},
		"half an event":               {"malformed&malformed_after=2", streamed, 200, "data: [DONE]"},
		"an error in drops":           {"error=server&drip=1us&retry_after=3s", plain, 500, `"error"`},
		"cut at any byte":             {"cut_within=200", plain, 0, "unexpected EOF"},
		"reset in the middle":         {"cut_at=100&reset", streamed, 0, "reset"},
		"silence after the headers":   {"stall=5ms&stall_after=1", streamed, 200, "data: [DONE]"},
	} {
		if status, text := ask("PUT", "/openai/faults?"+x.faults, "", ""); status != 200 {
			t.Fatal(text)
		}
		status, text := ask("POST", "/openai/v1/chat/completions", "k", x.body)
		if status != x.status || !strings.Contains(text, x.want) {
			t.Errorf("%s: %d\n%s", name, status, text)
		}
	}
	if status, text := ask("PUT", "/openai/faults?tls=broken", "", ""); status != 400 || !strings.Contains(text, "expired, name, handshake") {
		t.Errorf("%d %s", status, text)
	}
}

// TestTLSFaults needs TLS that is served.
func TestTLSFaults(t *testing.T) {
	t.Parallel()
	f := New(Options{Seed: 1})
	t.Cleanup(f.Close)
	at, roots, err := f.ListenTLS("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	get := func() string {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", at.String())
			}}
		r, _ := http.NewRequest("GET", "https://mistral.sim/mistral/v1/models", nil)
		r.Header.Set("Authorization", "Bearer k")
		resp, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return string(b)
	}
	for fault, want := range map[string]string{"": `"object":"list"`, "expired": "expired", "name": "not mistral.sim", "handshake": "remote error"} {
		if err := f.Set("mistral", Faults{TLS: fault}); err != nil {
			t.Fatal(err)
		}
		if got := get(); !strings.Contains(got, want) {
			t.Errorf("%q: %s", fault, got)
		}
	}
}

// TestMarks: a text is whole, or it is not, and any model can go on with it.
func TestMarks(t *testing.T) {
	t.Parallel()
	f := New(Options{Seed: 1, Marked: true})
	t.Cleanup(f.Close)
	p := f.providers["mistral"]
	c := chance(3)
	whole := p.marked(&request{Messages: []message{{Role: "user"}}}, "Quebec", &c)
	if m, err := CheckMark(whole); err != nil || m.Word != "Quebec" {
		t.Fatal(m, err)
	}
	for _, text := range []string{"", whole[1:], whole[:len(whole)-1], whole + whole, strings.Replace(whole, "the", "teh", 1), whole[:60] + whole[50:]} {
		if _, err := CheckMark(text); err == nil {
			t.Errorf("taken for whole: %s", text)
		}
	}
	for cut := 2; cut < len(whole); cut++ {
		if err := CheckPart(whole[:cut]); err != nil {
			t.Fatal(cut, err)
		}
		content := appendString(nil, whole[:cut])
		more := p.marked(&request{Messages: []message{{Role: "user"}, {Role: "assistant", Content: content}}}, "Quebec", &c)
		said := strings.TrimSpace(whole[:cut])
		joined := false
		for back := 0; back <= min(len(said), len(more)); back++ {
			if said[len(said)-back:] == more[:back] {
				_, err := CheckMark(said + more[back:])
				_, spaced := CheckMark(said + " " + strings.TrimPrefix(more[back:], " "))
				joined = joined || err == nil || spaced == nil
			}
		}
		if cut > 18 && !joined {
			t.Errorf("%q + %q", said, more)
		}
	}
	if CheckPart(whole[:40]+whole[60:]) == nil {
		t.Error("a part with a hole in it is taken")
	}
}

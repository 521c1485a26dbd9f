package engine

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers"
)

// goingOn makes the default profile go on with broken streams.
func (w *world) goingOn() {
	w.e.Live.current.Load().bounds[defaultProfile] = &bound{Profile: &access.Profile{Name: defaultProfile, Continue: true}}
}

// spoken is what the client of a chat completion read, and whether it was whole.
func spoken(out string) (text string, whole bool) {
	for line := range strings.Lines(out) {
		_, rest, ok := strings.Cut(line, `"content":"`)
		if ok {
			rest, _, _ = strings.Cut(rest, `"`)
			text += rest
		}
	}
	return text, strings.HasSuffix(out, "data: [DONE]\n\n") && !strings.Contains(out, `"error"`)
}

// TestContinue: a stream that broke after its first words is gone on with by a model that can, without a word twice.
func TestContinue(t *testing.T) {
	t.Parallel()
	said := []step{role(), text("The harbour was "), text("quiet when "), broken(providers.Network)}
	for name, x := range map[string]struct {
		first, then []step
		body        string
		off         bool
		text        string // "" = it ends with an error
		calls       string
	}{
		"it goes on":                       {first: said, then: []step{role(), text("we left it."), finish(), told(), done()}, text: "The harbour was quiet when we left it.", calls: "birch 1, cedar 1"},
		"words said again go":              {first: said, then: []step{role(), text("was quiet"), text(" when we"), text(" left it."), finish(), done()}, text: "The harbour was quiet when we left it.", calls: "birch 1, cedar 1"},
		"so does its reasoning":            {first: said, then: []step{role(), think("hm"), text("we left."), finish(), done()}, text: "The harbour was quiet when we left.", calls: "birch 1, cedar 1"},
		"the space between counts once":    {first: said, then: []step{role(), text(" we left."), finish(), done()}, text: "The harbour was quiet when we left.", calls: "birch 1, cedar 1"},
		"in the middle of a word":          {first: []step{role(), text("qui"), broken(providers.Network)}, then: []step{role(), text("quiet"), finish(), done()}, text: "quiet", calls: "birch 1, cedar 1"},
		"not unless the profile says so":   {first: said, then: []step{role(), text("no"), finish(), done()}, off: true, calls: "cedar 1"},
		"not after a tool call":            {first: []step{role(), {data: `{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{"}}]}}]}`}, broken(providers.Network)}, calls: "cedar 1"},
		"not in structured output":         {first: said, body: `,"response_format":{"type":"json_object"}`, calls: "cedar 1"},
		"not with several answers at once": {first: said, body: `,"n":2`, calls: "cedar 1"},
		"nobody goes on":                   {first: said, then: []step{broken(providers.Overloaded)}, calls: "birch 2, cedar 1, relay 1"},
		"the end was there already":        {first: []step{role(), text("All."), finish(), broken(providers.Network)}, text: "All.", calls: "cedar 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := engineOf(t, map[string][]act{"cedar": {{steps: x.first}}, "birch": {{steps: x.then}}, "relay": {{steps: x.then}}}, Limits{})
				for _, m := range w.e.Live.current.Load().Catalog.Models {
					if strings.HasPrefix(m.ID, "birch/") {
						m.Caps.Prefill = catalog.Yes
					}
				}
				if !x.off {
					w.goingOn()
				}
				a := w.send(t, t.Context(), says("auto", "prove it", `,"stream":true,"stream_options":{"include_usage":true}`+x.body))
				out := outcomeOf(a)
				got, whole := spoken(out)
				switch {
				case x.text != "" && (got != x.text || !whole):
					t.Errorf("%q, whole: %v, want %q\n%s", got, whole, x.text, out)
				case x.text == "" && (whole || !strings.Contains(out, "broke off")):
					t.Errorf("no error: %s", out)
				}
				if calls := w.calls(); calls != x.calls {
					t.Errorf("calls: %s, want %s", calls, x.calls)
				}
				if name == "it goes on" {
					if last := a.Attempts[1]; last.Seam != len("The harbour was quiet when ") || a.Attempts[0].Class != providers.Network || a.Attempts[0].Cost <= 0 {
						t.Errorf("%+v", a.Attempts)
					}
					if body := w.fakes["birch"].bodies[0]; !strings.Contains(body, `{"role":"assistant","content":"The harbour was quiet when"}`) {
						t.Errorf("asked with %s", body)
					}
					if !strings.Contains(out, `"model":"birch/mid"`) || !strings.Contains(out, `"attempts":2`) || strings.Contains(out, `"prompt_tokens":10,`) {
						t.Errorf("%s", out)
					}
				}
				w.idle(t)
			})
		})
	}
}

// TestOverlap is what of a text was said before.
func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, x := range [][3]string{
		{"the cat sat", " on it", " on it"}, {"the cat sat ", " on it", "on it"}, {"the cat sat ", "on it", "on it"}, {"the cat sat", "cat sat on it", " on it"},
		{"the cat sat ", "cat sat on it", "on it"}, {"the cat sat ", "sat  on it", " on it"}, {"hel", "lo you", "lo you"}, {"say hel", "hello you", "lo you"},
		{"had", " had been", " had been"}, {"one\n\n", "two", "two"}, {"one\n\n", "\n\ntwo", "two"}, {"", "all", "all"}, {"zwölf Bö", "Bögen", "gen"},
	} {
		if got := x[1][overlap(x[0], x[1]):]; got != x[2] {
			t.Errorf("%q + %q: %q, want %q", x[0], x[1], got, x[2])
		}
	}
}

func FuzzOverlap(f *testing.F) {
	f.Add("the cat sat ", "cat sat on it")
	f.Fuzz(func(t *testing.T, said, fresh string) {
		n := overlap(said, fresh)
		if n < 0 || n > len(fresh) || !strings.Contains(said+" "+said, strings.TrimSpace(fresh[:n])) {
			t.Errorf("%q + %q: %d", said, fresh, n)
		}
		_ = overlaps(said, fresh)
	})
}

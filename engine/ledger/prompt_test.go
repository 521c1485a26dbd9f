package ledger

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	r, err := NewRedactor(map[string]string{"ticket": `\bTCK-\d+\b`})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"write to ann.o'neil+x@mail.example.org, please":                       "write to ann.o'[email], please",
		"no address: @home, a@b, me at home.org":                               "no address: @home, a@b, me at home.org",
		"card 4111 1111 1111 1111 and 4111-1111-1111-1112":                     "card [card] and 4111-1111-1111-1112",
		"call 0800 123456 or order 1234567890":                                 "call 0800 123456 or order 1234567890",
		"use sk-proj-abcdEFGH12345678ijkl now":                                 "use [key] now",
		"my rtr_0123456789abcdefghijklmnop":                                    "my [key]",
		"skilful sk-erfahrungsbericht-lang":                                    "skilful sk-erfahrungsbericht-lang",
		"Authorization: Bearer: abcdefgh12345":                                 "Authorization: [key]",
		`"password": "hunter2hunter2"`:                                         `"[key]"`,
		"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----x": "[private key]x",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig":                             "[key]",
		"see TCK-1234": "see [ticket]",
		"":             "",
	} {
		got, n := r.Redact(text)
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
		if (n > 0) != (got != text) {
			t.Errorf("%q: %d places", text, n)
		}
	}
	for name, p := range map[string]string{"bad": "(", "all": "x*"} {
		if _, err := NewRedactor(map[string]string{name: p}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

func TestPromptIsKeptByLevel(t *testing.T) {
	t.Parallel()
	redact, _ := NewRedactor(nil)
	keyed := newKeyed([]byte("secret"))
	make := func(level, text, system string) Prompt {
		r := new(Record)
		r.KeepPrompt(level, text, system, "")
		r.settle(redact, keyed)
		return r.Prompt
	}
	const words = "mail a@b.example the Grüße"
	if p := make(KeepNone, words, "sys"); p != (Prompt{Keep: KeepNone}) {
		t.Errorf("none keeps %+v", p)
	}
	hashed := make(KeepHash, words, "sys")
	if hashed.Hash == "" || hashed.Text != "" || hashed.System != "" {
		t.Errorf("hash keeps %+v", hashed)
	}
	if other := make(KeepFeatures, words+"!", "sys"); other.Hash == hashed.Hash || other.Text != "" {
		t.Errorf("another prompt: %+v", other)
	}
	text := make(KeepText, words, "sys")
	if text.Hash != hashed.Hash || text.Text != "mail [email] the Grüße" || text.System != "sys" || text.Redacted != 1 || text.Cut {
		t.Errorf("text keeps %+v", text)
	}
	long := strings.Repeat("界", mostText)
	p := make(KeepText, long, "")
	if !p.Cut || len(p.Text) > mostText+len(gap) || !utf8.ValidString(p.Text) || !strings.Contains(p.Text, gap) {
		t.Errorf("of %d bytes %d are kept, cut: %v", len(long), len(p.Text), p.Cut)
	}
	if p.Hash != make(KeepHash, long, "").Hash {
		t.Error("the hash of a long prompt depends on the level")
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("a@b.example 4111 1111 1111 1111 sk-abcdefgh12345678")
	r, err := NewRedactor(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out, n := r.Redact(text)
		if n == 0 && out != text {
			t.Errorf("%q became %q without a place", text, out)
		}
	})
}

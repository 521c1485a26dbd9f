package classifiers

import (
	"encoding/hex"
	"testing"
	"unicode/utf8"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	in := &Input{Text: "häuser", System: "sys", Context: "ctx", Flags: HasSystem | WantsJSON, Turns: 3, Tokens: 17, Bytes: 99}
	s := Cut{TextHead: 4, TextTail: 4, System: 2, Context: 2}.of(in)
	b := make([]byte, s.recordLen())
	s.put(b, in)
	want := "01000000" + "40000000" + "14000000" + "03000000" +
		"11000000" + "63000000" + "40000000" + "07000000" +
		"47000000" + "02000000" + "49000000" + "02000000" +
		"01000000" + "00000000" + "00000000" + "00000000" +
		hex.EncodeToString([]byte("häuser"+"sy"+"tx"))
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("record\n%s\nwant\n%s", got, want)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, head, tail string }{
		{"12345678", "12345678", ""},
		{"123456789", "1234", "6789"},
		{"123ä56789", "123", "6789"},
		{"12345ä789", "1234", "789"},
		{"12345\u20ac89", "1234", "89"},
		{"123😀😀789", "123", "789"},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80", "\x80", "\x80"},
	} {
		s := Cut{TextHead: 4, TextTail: 4}.of(&Input{Text: c.text})
		if s.head != c.head || s.tail != c.tail {
			t.Errorf("%q is cut to %q and %q, want %q and %q", c.text, s.head, s.tail, c.head, c.tail)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("häuser und \xff bäume", 4, 3)
	f.Fuzz(func(t *testing.T, text string, head, tail int) {
		if head < 0 || tail < 0 || head > 1<<20 || tail > 1<<20 {
			return
		}
		in := &Input{Text: text, System: text, Context: text}
		s := Cut{TextHead: head, TextTail: tail, System: head, Context: tail}.of(in)
		if len(s.system) > head || len(s.context) > tail || s.textLen() > max(head+tail+1, 0) {
			t.Errorf("cut to %d, %d and %d bytes", s.textLen(), len(s.system), len(s.context))
		}
		if utf8.ValidString(text) && !(utf8.ValidString(s.head) && utf8.ValidString(s.tail) && utf8.ValidString(s.system) && utf8.ValidString(s.context)) {
			t.Error("cut within a character")
		}
		s.put(make([]byte, s.recordLen()), in)
	})
}

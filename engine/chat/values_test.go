package chat

import (
	"encoding/json"
	"errors"
	"testing"
	"unicode/utf8"
)

func TestValues(t *testing.T) {
	t.Parallel()
	var got []string
	for name, value := range Object([]byte(` { "a" : 1 , "b\n":[ {"c":"}"} ,2], "a":"\u00e4" } `)) {
		got = append(got, name, string(value))
	}
	want := []string{"a", "1", "b\n", `[ {"c":"}"} ,2]`, "a", `"\u00e4"`}
	if a, b := quoted(got), quoted(want); a != b {
		t.Errorf("members %s, want %s", a, b)
	}
	got = nil
	for _, value := range Array([]byte(`[1, "a,]" ,{"x":[]}]`)) {
		got = append(got, string(value))
	}
	if a, b := quoted(got), quoted([]string{"1", `"a,]"`, `{"x":[]}`}); a != b {
		t.Errorf("elements %s, want %s", a, b)
	}
	for range Object([]byte(`[1]`)) {
		t.Error("an array has members")
	}
	for range Array([]byte(`"x"`)) {
		t.Error("a string has elements")
	}
	for in, want := range map[string]string{`"a"`: "a", `"\"\ud83d\ude00"`: `"😀`, `""`: ""} {
		if a, ok := View([]byte(in)); a != want || !ok {
			t.Errorf("View(%s) = %q, %t", in, a, ok)
		}
		if a, ok := Unquote([]byte(in)); a != want || !ok {
			t.Errorf("Unquote(%s) = %q, %t", in, a, ok)
		}
	}
	if _, ok := View([]byte("null")); ok {
		t.Error("null is no string")
	}
	if got := string(AppendQuoted(nil, "a\xff\"")); got != "\"a\uFFFD\\\"\"" {
		t.Errorf("quoted as %s", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, good := range []string{`{}`, ` [1,"a\u00e4"] `} {
		if err := Check([]byte(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{``, `{`, `{"a":1}x`, "\"a\nb\"", `"\x"`} {
		var e *Error
		if err := Check([]byte(bad)); !errors.As(err, &e) || e.Message == "" {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzValues(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for _, v := range Object(b) {
			View(v)
			n++
		}
		for _, v := range Array(b) {
			View(v)
			n++
		}
		if n > len(b) {
			t.Fatalf("%d values in %d bytes", n, len(b))
		}
		text, ok := Unquote(b)
		var want string
		if utf8.Valid(b) && json.Unmarshal(b, &want) == nil && ok && text != want {
			t.Fatalf("%q says %q, not %q", b, want, text)
		}
	})
}

func quoted(list []string) string {
	b, _ := json.Marshal(list)
	return string(b)
}

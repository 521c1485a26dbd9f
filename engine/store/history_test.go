package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func history(t testing.TB, s *Store) *History {
	t.Helper()
	h, err := s.History(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func publish(t testing.TB, h *History, kind Kind, content string, on uint64) *Version {
	t.Helper()
	v, err := h.Publish(t.Context(), Version{Kind: kind, Name: Live, Author: "ann", Note: "why", Owner: OwnerStore, Content: []byte(content)}, on)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestHistoryKeepsEveryVersion(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	h := history(t, s)
	if v, err := h.Current(t.Context(), Policy, Live); v != nil || err != nil {
		t.Fatalf("a fresh store has %v, %v", v, err)
	}
	const many = 80 // more than a KV bucket keeps of a key
	for i := range many {
		publish(t, h, Policy, fmt.Sprintf("name: p\nn: %d\n", i), uint64(i))
	}
	publish(t, h, Catalog, "models: {}\n", 0)
	v, err := h.Current(t.Context(), Policy, Live)
	if err != nil || v.Number != many || v.Author != "ann" || v.Note != "why" || string(v.Content) != "name: p\nn: 79\n" || v.Hash != Hash(v.Content) {
		t.Fatalf("%+v, %v", v, err)
	}
	if v.Diff != " name: p\n-n: 78\n+n: 79\n" {
		t.Errorf("the diff is %q", v.Diff)
	}
	if v, err = h.Get(t.Context(), Policy, Live, 3); err != nil || string(v.Content) != "name: p\nn: 2\n" {
		t.Errorf("version 3: %+v, %v", v, err)
	}
	if _, err = h.Get(t.Context(), Policy, Live, many+1); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a version that is not: %v", err)
	}
	list, err := h.List(t.Context(), Policy, Live, 0, 0)
	if err != nil || len(list) != many || list[0].Number != many || list[many-1].Number != 1 || list[0].Size == 0 {
		t.Errorf("%d versions, %v", len(list), err)
	}
	if list, err = h.List(t.Context(), Policy, Live, 50, 2); err != nil || len(list) != 2 || list[0].Number != 49 || list[1].Number != 48 {
		t.Errorf("a page: %+v, %v", list, err)
	}
	content := []byte("name: p\nn: 2\n")
	if same, last, err := h.FromFile(t.Context(), Policy, Live, Hash(content)); same != nil || last != nil || err != nil {
		t.Errorf("what came from no file: %+v, %+v, %v", same, last, err)
	}
	for i, file := range []string{"p.yaml", "", "p.yaml"} {
		if _, err := h.Publish(t.Context(), Version{Kind: Policy, Name: Live, File: file, Content: fmt.Append(content, i)}, many+uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if same, last, err := h.FromFile(t.Context(), Policy, Live, Hash(fmt.Append(content, 0))); err != nil || same == nil || same.Number != many+1 || last.Number != many+3 {
		t.Errorf("what came from a file: %+v, %+v, %v", same, last, err)
	}
}

func TestConflictShowsTheOtherChange(t *testing.T) {
	t.Parallel()
	h := history(t, open(t, t.TempDir()))
	publish(t, h, Policy, "a\nb\n", 0)
	publish(t, h, Policy, "a\nc\n", 1)
	_, err := h.Publish(t.Context(), Version{Kind: Policy, Name: Live, Author: "bob", Content: []byte("a\nd\n")}, 1)
	var conflict *ErrConflict
	if !errors.As(err, &conflict) || conflict.Other.Number != 2 {
		t.Fatalf("%v", err)
	}
	for _, part := range []string{"by ann", `"why"`, "-b", "+c", "version 2"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the conflict does not say %q:\n%v", part, err)
		}
	}
	if v, _ := h.Current(t.Context(), Policy, Live); string(v.Content) != "a\nc\n" {
		t.Error("a change that lost was written")
	}
}

func TestOfManyPublishersOneWins(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	h := history(t, s)
	var wg sync.WaitGroup
	var mu sync.Mutex
	acked := map[uint64]string{}
	for i := range 8 {
		wg.Go(func() {
			for n := range 10 {
				content := fmt.Sprintf("%d/%d", i, n)
				current, err := h.Current(t.Context(), Policy, Live)
				if err != nil {
					t.Error(err)
					return
				}
				on := uint64(0)
				if current != nil {
					on = current.Number
				}
				v, err := h.Publish(t.Context(), Version{Kind: Policy, Name: Live, Content: []byte(content)}, on)
				var conflict *ErrConflict
				if errors.As(err, &conflict) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if acked[v.Number] != "" {
					t.Errorf("version %d was given to %s and %s", v.Number, acked[v.Number], content)
				}
				acked[v.Number] = content
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	list, err := h.List(t.Context(), Policy, Live, 0, 0)
	if err != nil || len(list) != len(acked) {
		t.Fatalf("%d versions were acknowledged, %d are there (%v)", len(acked), len(list), err)
	}
	for _, v := range list {
		full, err := h.Get(t.Context(), Policy, Live, v.Number)
		if err != nil || string(full.Content) != acked[v.Number] {
			t.Errorf("version %d: %v, %v, want %s", v.Number, full, err, acked[v.Number])
		}
	}
}

func TestLargeContentIsAnObject(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	h := history(t, s)
	big := bytes.Repeat([]byte("\x00asm"), 300_000)
	v := publish(t, h, Classifier, string(big), 0)
	if v.Object == "" {
		t.Error("a module is kept in the message")
	}
	v, err := h.Get(t.Context(), Classifier, Live, 1)
	if err != nil || !bytes.Equal(v.Content, big) {
		t.Errorf("%d bytes, %v", len(v.Content), err)
	}
	publish(t, h, Classifier, "", 1) // the built-in one
	if v, err = h.Get(t.Context(), Classifier, Live, 2); err != nil || len(v.Content) != 0 || v.Object != "" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestFollowLeavesNothingOut(t *testing.T) {
	t.Parallel()
	h := history(t, open(t, t.TempDir()))
	first := publish(t, h, Policy, "1", 0)
	publish(t, h, Policy, "2", 1)
	got := make(chan *Version, 100)
	go h.Follow(t.Context(), Live, first.Seq, nil, func(v *Version) { got <- v })
	publish(t, h, Policy, "3", 2)
	publish(t, h, Classifier, "\x00asm", 0)
	for _, want := range []string{"2", "3", "\x00asm"} {
		select {
		case v := <-got:
			if string(v.Content) != want {
				t.Errorf("got %q, want %q", v.Content, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q did not come", want)
		}
	}
}

func TestAuditShowsWhatPeopleDid(t *testing.T) {
	t.Parallel()
	h := history(t, open(t, t.TempDir()))
	for i := range 100 {
		publish(t, h, Catalog, fmt.Sprint(i), uint64(i))
	}
	if err := h.Record(t.Context(), Event{Author: "bob", Action: "key.create", What: "key", Name: "app"}); err != nil {
		t.Fatal(err)
	}
	publish(t, h, Policy, "x", 0)
	all, err := h.Events(t.Context(), "", 0, 5)
	if err != nil || len(all) != 5 || all[0].What != "policy" || all[1].Action != "key.create" || all[1].Author != "bob" || all[2].Version != 100 {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err = h.Events(t.Context(), "catalog", all[2].Seq, 1000); err != nil || len(all) != 99 || all[0].Version != 99 || all[98].Version != 1 {
		t.Errorf("%d events, %v", len(all), err)
	}
	if all, err = h.Events(t.Context(), "nothing", 0, 5); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestDrafts(t *testing.T) {
	t.Parallel()
	d, err := open(t, t.TempDir()).Drafts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one, err := d.Save(t.Context(), Draft{Kind: Policy, Author: "ann@example.org", Name: "next week", Base: 3, Content: "name: x\n"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Save(t.Context(), Draft{Kind: Policy, Author: "ann@example.org", Name: "next week"}); !errors.Is(err, ErrDraftChanged) {
		t.Errorf("a draft was overwritten: %v", err)
	}
	two := one
	two.Content = "name: y\n"
	if two, err = d.Save(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Save(t.Context(), one); !errors.Is(err, ErrDraftChanged) {
		t.Errorf("a draft was overwritten: %v", err)
	}
	if _, err := d.Save(t.Context(), Draft{Kind: Policy, Author: "bob", Name: "a"}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Get(t.Context(), Policy, "ann@example.org", "next week")
	if err != nil || got.Base != 3 || got.Content != "name: y\n" || got.Revision != two.Revision {
		t.Errorf("%+v, %v", got, err)
	}
	if list, err := d.List(t.Context(), Policy, ""); err != nil || len(list) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	if list, err := d.List(t.Context(), Policy, "bob"); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := d.Delete(t.Context(), Policy, "bob", "a"); err != nil {
		t.Error(err)
	}
	if _, err := d.Get(t.Context(), Policy, "bob", "a"); !errors.Is(err, ErrNoDraft) {
		t.Errorf("a deleted draft: %v", err)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "gpt-5.4", "a b", "=", "=20", "日本", "*.>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		token := Escape(s)
		if strings.ContainsAny(token, ".*> \t\r\n") || token == "" {
			t.Fatalf("%q is no token", token)
		}
		if back, err := Unescape(token); err != nil || back != s {
			t.Fatalf("%q → %q → %q, %v", s, token, back, err)
		}
		if name, err := Unescape(s); err == nil && Escape(name) != s {
			t.Fatalf("%q has two spellings", s)
		}
	})
}

package engine

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/label"
)

// votesOf are as many votes of each of some voters of one key each.
func votesOf(voters, each int, score, expected float64) (list []judgement) {
	for v := range voters {
		for range each {
			list = append(list, judgement{voter{key: fmt.Sprint("key_", v)}, score, expected})
		}
	}
	return list
}

func TestVotesMoveAbilities(t *testing.T) {
	t.Parallel()
	users := votesOf(1, 300, 0, .8)
	for i := range users {
		users[i].who = voter{"key_0", fmt.Sprint(i % 10)}
	}
	crowd := append(votesOf(1, 1000, 0, .8), judgement{voter{key: "a"}, 1, .8}, judgement{voter{key: "b"}, 1, .8})
	for _, x := range []struct {
		name     string
		votes    []judgement
		from, to float64
	}{
		{"nothing", nil, 0, 0},
		{"one voter alone", votesOf(1, 1000, 0, .8), 0, 0},
		{"two voters", votesOf(2, 1000, 0, .8), 0, 0},
		{"three votes move little", votesOf(3, 1, 0, .8), -.6, -.3},
		{"many bad ones are bounded", votesOf(50, 20, 0, .8), -1, -1},
		{"many good ones are bounded", votesOf(50, 20, 1, .8), 1, 1},
		{"as expected", votesOf(10, 10, .8, .8), 0, 0},
		// 40 % of the evidence is the loud one's, however often it says so, and both others liked it.
		{"one loud voter among three", crowd, -.2, 0},
		{"users of one key count no more than the catalog", users, -1, -.5},
	} {
		e := evidence{votes: map[spot][]judgement{{"m", label.Coding}: x.votes}}
		s := e.standings(nil)[0]
		if s.Shift < x.from-1e-9 || s.Shift > x.to+1e-9 {
			t.Errorf("%s: %+v, want %v to %v", x.name, s, x.from, x.to)
		}
	}
	// One key's users outweigh the catalog never: the expectation falls to half at most.
	e := evidence{votes: map[spot][]judgement{{"m", label.Coding}: users}}
	if s := e.standings(nil)[0]; s.Counted > s.Prior+1e-9 {
		t.Errorf("one key counts %v against a prior of %v", s.Counted, s.Prior)
	}
}

func TestWhatWasSeenMovesAbilities(t *testing.T) {
	t.Parallel()
	by := func(voters int, answers, wrong float64) map[voter]clean {
		m := map[voter]clean{}
		for v := range voters {
			m[voter{key: fmt.Sprint(v)}] = clean{answers, wrong}
		}
		return m
	}
	e := evidence{seen: map[spot]map[voter]clean{
		{"bad", label.Coding}: by(5, 100, 30), {"good", label.Coding}: by(5, 100, 2), {"single", label.Coding}: by(1, 500, 500), {"rare", label.Coding}: by(3, 2, 2),
		{"alone", label.Math}: by(5, 100, 90),
	}}
	shift := map[string]float64{}
	for _, s := range e.standings(nil) {
		shift[s.Model] = s.Shift
	}
	if shift["bad"] >= 0 || shift["good"] <= 0 || shift["single"] != 0 || shift["rare"] != 0 || shift["alone"] != 0 {
		t.Errorf("%v", shift)
	}
}

// TestLearnedDecides is that a table counts for profiles that learn alone, that nothing else moves, and that the record names it.
func TestLearnedDecides(t *testing.T) {
	t.Parallel()
	s := setup{policy: "name: p\n", profiles: map[string]*access.Profile{"learns": {Learn: true}, "not": {}}}.snapshot(t)
	table := newLearned(map[string]Shift{"cedar/max": {label.Coding: -1}})
	quality := func(profile string, l *Learned) (float64, float64, *Decision) {
		d, err := decide(t, s, says("auto", "x", `,"routor_profile":"`+profile+`"`), World{Classification: light, Learned: l, Key: &access.Key{Profile: profile}})
		if err != nil {
			t.Fatal(err)
		}
		return d.of("cedar/max").Quality, d.of("birch/mid").Quality, d
	}
	before, other, _ := quality("learns", nil)
	after, same, d := quality("learns", table)
	if after >= before-.05 || same != other || d.Learned != table.Version {
		t.Errorf("%v → %v, %v → %v, table %q", before, after, other, same, d.Learned)
	}
	if q, _, d := quality("not", table); q != before || d.Learned != "" {
		t.Errorf("a profile that does not learn: %v, want %v", q, before)
	}
	if newLearned(map[string]Shift{"cedar/max": {label.Coding: -1}}).Version != table.Version {
		t.Error("the same table has another version")
	}
}

func FuzzFeedbackMessages(f *testing.F) {
	f.Add([]byte(`{"request":"r","model":"m","category":"coding","score":1,"expected":0.5}`))
	f.Add([]byte(`{"rows":[{"model":"m","category":"math","answers":3,"wrong":1}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		if v, err := parseVote(src); err == nil && (math.IsNaN(v.Score) || v.Score < 0 || v.Score > 1) {
			t.Errorf("%+v", v)
		}
		if d, err := parseSeen(src); err == nil {
			if _, err := json.Marshal(d); err != nil {
				t.Error(err)
			}
		}
	})
}

// BenchmarkDecideLearned is a decision without a table, with one that does not count, and with one that does.
func BenchmarkDecideLearned(b *testing.B) {
	s := setup{policy: "name: p\n", profiles: map[string]*access.Profile{"learns": {Learn: true}, "not": {}}}.snapshot(b)
	table := newLearned(map[string]Shift{"cedar/max": {label.Coding: -1}})
	r := read(b, says("auto", "x", ""))
	for _, x := range []struct {
		name, profile string
		l             *Learned
	}{{"none", "not", nil}, {"off", "not", table}, {"on", "learns", table}} {
		b.Run(x.name, func(b *testing.B) {
			w := World{Now: noon, Classification: light, Learned: x.l, Key: &access.Key{Profile: x.profile}}
			d := new(Decision)
			b.ReportAllocs()
			for b.Loop() {
				if err := Decide(s, r, &w, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

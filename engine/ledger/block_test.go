package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"

	"github.com/routor/routor/bench/cputime"
)

var noon = time.Date(2026, 10, 3, 12, 0, 0, 0, time.UTC)

// sampleBlock is a block of n records, and the records as JSON.
func sampleBlock(t testing.TB, seed uint64, n int) ([]byte, []string) {
	t.Helper()
	s := newSampler(seed, noon, time.Millisecond)
	p := newPacker("r1")
	p.begin()
	var want []string
	rec := new(Record)
	for range n {
		rec.reset()
		s.fill(rec)
		rec.Replica = "r1"
		p.add(rec)
		src, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, string(src))
	}
	return p.end(), want
}

func TestBlockGivesBackItsRecords(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 256} {
		b, want := sampleBlock(t, uint64(n), n)
		o, err := openBlock(b)
		if err != nil {
			t.Fatal(err)
		}
		if o.Records != n || o.Replica != "r1" || o.From != noon.Add(time.Millisecond).UnixNano() || o.To != noon.Add(time.Duration(n)*time.Millisecond).UnixNano() {
			t.Errorf("header of %d: %+v", n, o.Header)
		}
		var rec Record
		seen := 0
		err = o.each(&rec, func(place int, r *Record) bool {
			seen++
			got, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want[place] {
				t.Fatalf("record %d\n got %s\nwant %s", place, got, want[place])
			}
			var again Record
			if err := json.Unmarshal(got, &again); err != nil {
				t.Fatal(err)
			}
			if back, _ := json.Marshal(&again); !bytes.Equal(back, got) {
				t.Fatalf("through JSON\n got %s\nwant %s", back, got)
			}
			return true
		})
		if err != nil || seen != n {
			t.Errorf("%d records of %d, %v", seen, n, err)
		}
	}
}

// fullRecord has something of everything.
func fullRecord() *Record {
	return &Record{
		Request: "a", Time: noon, Dialect: "messages", Asked: "claude-x", Status: 403, Outcome: "denied_by_policy", Rule: "no", Limit: "l", Demo: true,
		Who:    Who{Key: "key_1", Name: "n", Team: "t", Owner: "o", Tags: []string{"x", "y"}, Profile: "p", Also: []string{"q"}},
		Fields: Fields{Profile: "p", Mode: "tier", Tier: "LIGHT", Floor: "NANO", Ceiling: "COMPLEX", MaxCostUSD: new(.5), BFCLMin: new(.25), CodeQuality: new(2), ChatQuality: new(0)},
		Facts: &Facts{Models: []string{"a", "b"}, MaxTokens: 1, N: 2, Effort: "high", ServiceTier: "flex", Format: 2, Turns: 3, Messages: 4, Tools: 5, HostedTools: 6,
			Images: 7, Files: 8, Audio: 9, Video: 10, ImageURLs: 11, Unknown: 12, PromptTokens: 13, TextBytes: 14, ForcedTool: true, AudioOut: true,
			Logprobs: true, EndsInTool: true, LastIsAssist: true, Continuation: true, Thanks: true, HasSystem: true},
		Class: &Class{Module: "m 1", Fallback: "trap", Category: []Share{{"coding", 1}}, Domain: "law", Heads: []Head{{"intent", []Share{{"billing", 1}, {"other", 0}}}}},
		World: World{Seed: 1 << 63, Patience: 3, Left: []Budget{{"day of key_1", -5}}, Learned: "3f9a"}, Seen: []string{"cut", "retried"},
		Decision: &Decision{Method: "direct", Notes: []string{"note"}, Unsure: true, HistoryFloor: true, ToolLoop: true, Affinity: true, History: .5,
			Chain: []Candidate{{Deployment: "d", Effort: "low", Bonus: -1, CacheLoss: 3, Guessed: true, Estimated: true}}, Fell: []Fell{{"rule", "no", 2}},
			Rules: []Rule{{"r", true, "stopped", "an error"}}},
		Attempts: []Attempt{{Deployment: "d", Class: "server", Status: 500, RetryAfter: 7, Source: "unknown", Sent: true, Tokens: Tokens{1, 2, 3, 4}}},
		Versions: Versions{1, "a", "b", "c", "d"},
		Prompt:   Prompt{Keep: KeepText, Hash: "h", Text: "Grüße, 世界", System: "s", Context: "c", Redacted: 2, Cut: true},
		Trial:    &Trial{ID: "rollout_4", Arm: ArmShadow, Moved: true, Impossible: "no_eligible_model", Model: "m", Provider: "p", Tier: "LIGHT", Cost: 12, Quality: .5},
		Tied:     &Tied{Client: "responses", Hosted: []string{"web_search"}, Kept: "file", In: "generate", Stateful: "background", GoesOn: true, Store: true, Keeper: "p"},
	}
}

func TestBlockKeepsWhatIsRare(t *testing.T) {
	t.Parallel()
	full := fullRecord()
	p := newPacker("")
	p.begin()
	p.add(full)
	p.add(new(Record)) // and nothing at all
	o, err := openBlock(p.end())
	if err != nil {
		t.Fatal(err)
	}
	empty := &Record{Time: time.Unix(0, time.Time{}.UnixNano()).UTC()}
	for i, want := range []*Record{full, empty} {
		var rec Record
		if err := o.each(&rec, func(place int, r *Record) bool {
			if place != i {
				return true
			}
			got, _ := json.Marshal(r.Cloned())
			if src, _ := json.Marshal(want); !bytes.Equal(got, src) {
				t.Errorf("\n got %s\nwant %s", got, src)
			}
			return false
		}); err != nil {
			t.Error(err)
		}
	}
}

func TestDamagedBlockIsRefused(t *testing.T) {
	t.Parallel()
	b, _ := sampleBlock(t, 1, 20)
	for i := range b {
		broken := bytes.Clone(b)
		broken[i] ^= 0x41
		if _, err := openBlock(broken); !errors.Is(err, ErrBlock) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for i := range len(b) {
		if _, err := openBlock(b[:i]); !errors.Is(err, ErrBlock) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

func FuzzBlock(f *testing.F) {
	for _, n := range []int{1, 3} {
		b, _ := sampleBlock(f, uint64(n), n)
		f.Add(b[:len(b)-4])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := openBlock(sealed(b)) // or nothing would come past the checksum
		if err != nil {
			return
		}
		var rec Record
		_ = o.each(&rec, func(_ int, r *Record) bool {
			if _, err := json.Marshal(r.Cloned()); err != nil && r.Time.Year() < 10_000 && r.Time.Year() >= 0 {
				t.Error(err)
			}
			return true
		})
	})
}

func FuzzRecords(f *testing.F) {
	for _, n := range []int{1, 3} {
		b, _ := sampleBlock(f, uint64(n), n)
		o, _ := openBlock(b)
		raw, _ := o.unpack(nil)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r reader
		if r.open(raw) != nil {
			return
		}
		var rec Record
		p := newPacker("")
		p.begin()
		n := 0
		for {
			more, err := r.next(&rec)
			if err != nil || !more {
				break
			}
			p.add(&rec)
			n++
		}
		o, err := openBlock(p.end())
		if err != nil && len(p.raw) < maxRaw {
			t.Fatal(err)
		}
		if err == nil && o.Records != n {
			t.Errorf("%d records became %d", n, o.Records)
		}
	})
}

func BenchmarkPack(b *testing.B) {
	s := newSampler(1, noon, time.Millisecond)
	recs := make([]*Record, maxRecords)
	for i := range recs {
		recs[i] = s.fill(NewRecord())
	}
	p := newPacker("r1")
	b.ReportAllocs()
	bytes := 0
	stop := cputime.Start(b)
	for i := 0; i < b.N; {
		p.begin()
		for _, r := range recs {
			p.add(r)
			i++
		}
		bytes = len(p.end())
	}
	stop(b.N)
	b.ReportMetric(float64(bytes)/maxRecords, "B/record")
}

func BenchmarkUnpack(b *testing.B) {
	block, _ := sampleBlock(b, 1, maxRecords)
	var rec Record
	b.ReportAllocs()
	for i := 0; i < b.N; {
		o, err := openBlock(block)
		if err != nil {
			b.Fatal(err)
		}
		if err := o.each(&rec, func(int, *Record) bool { i++; return true }); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompression is why blocks are packed by S2.
func BenchmarkCompression(b *testing.B) {
	block, _ := sampleBlock(b, 1, maxRecords)
	o, _ := openBlock(block)
	raw, _ := o.unpack(nil)
	run := func(name string, pack func(dst, src []byte) []byte) {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			for i := 0; i < b.N; i += maxRecords {
				dst = pack(dst[:0], raw)
			}
			b.ReportMetric(float64(len(raw))/maxRecords, "rawB/record")
			b.ReportMetric(float64(len(dst))/maxRecords, "B/record")
		})
	}
	run("s2", func(dst, src []byte) []byte { return s2.Encode(dst[:cap(dst)], src) })
	run("s2better", func(dst, src []byte) []byte { return s2.EncodeBetter(dst[:cap(dst)], src) })
	for _, l := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression} {
		e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(l), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		run("zstd-"+l.String(), func(dst, src []byte) []byte { return e.EncodeAll(src, dst) })
	}
}

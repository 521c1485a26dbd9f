package classifiers

import (
	"encoding/binary"
	"errors"
	"testing"
)

func TestProbabilitiesAreMadeToSumTo1(t *testing.T) {
	t.Parallel()
	b := testResult()
	c, err := ParseCard([]byte(cardJSON(t)))
	if err != nil {
		t.Fatal(err)
	}
	for at := 20; at < 20+14*4; at += 4 {
		copy(b[at:], floats(nil, float(b[at:])*1.04))
	}
	copy(b[4:], floats(nil, 1.5, -0.5))
	var r Result
	if err := c.read(b, &r); err != nil {
		t.Fatal(err)
	}
	var sum float32
	for _, p := range r.Category {
		sum += p
	}
	if sum < 0.9999 || sum > 1.0001 || r.Difficulty != 1 || r.Confidence != 0 {
		t.Errorf("sum %v, difficulty %v, confidence %v; want 1, 1, 0", sum, r.Difficulty, r.Confidence)
	}
}

func FuzzResult(f *testing.F) {
	f.Add(testResult())
	c, err := ParseCard([]byte(cardJSON(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r Result
		if err := c.read(b, &r); err != nil {
			if !errors.Is(err, errResult) {
				t.Error(err)
			}
			return
		}
		for _, p := range append(append(r.Category[:], r.Domain[:]...), r.Heads[0].P...) {
			if !(p >= 0 && p <= 1) {
				t.Errorf("probability %v", p)
			}
		}
		if binary.LittleEndian.Uint16(b) != 1 {
			t.Error("another version is read")
		}
	})
}

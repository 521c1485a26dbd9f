package ledger

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestJSONIsWhatTheTypesSay is that the encoder, which is there for speed, writes what the struct tags say.
func TestJSONIsWhatTheTypesSay(t *testing.T) {
	t.Parallel()
	s := newSampler(11, noon, time.Millisecond)
	list := []*Record{fullRecord(), {Time: noon}}
	for range 20 {
		list = append(list, s.fill(new(Record)))
	}
	var e Encoder
	for _, r := range list {
		got := e.AppendJSON(nil, r)
		var a, b any
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatalf("%v\n%s", err, got)
		}
		if err := json.Unmarshal(want, &b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(dropNull(a), dropNull(b)) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
		row := AppendRow(nil, r)
		if !json.Valid(row) {
			t.Errorf("row: %s", row)
		}
		if len(Row(r)) != len(RowColumns) {
			t.Errorf("%d cells", len(Row(r)))
		}
	}
	if row := string(AppendRow(nil, list[0])); !strings.Contains(row, `"chain":"o"`) || !strings.Contains(row, `"prompt":"Grüße, 世界"`) {
		t.Error(row)
	}
}

// dropNull takes lists that are null or empty as the same.
func dropNull(v any) any {
	if m, ok := v.(map[string]any); ok {
		for k, x := range m {
			if l, ok := x.([]any); x == nil || ok && len(l) == 0 {
				delete(m, k)
				continue
			}
			m[k] = dropNull(x)
		}
	}
	return v
}

func BenchmarkJSON(b *testing.B) {
	r := newSampler(1, noon, time.Millisecond).fill(new(Record))
	var e Encoder
	var out []byte
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out = e.AppendJSON(out[:0], r)
		}
		b.SetBytes(int64(len(out)))
	})
	b.Run("row", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out = AppendRow(out[:0], r)
		}
		b.SetBytes(int64(len(out)))
	})
}

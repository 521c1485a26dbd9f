package ledger

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files")

func TestStory(t *testing.T) {
	time.Local = time.UTC
	s := newSampler(21, noon, time.Millisecond)
	plain := s.fill(new(Record))
	plain.ID = decisionID(7, 3)
	failed := s.fill(new(Record))
	failed.Status, failed.Outcome, failed.Priced = 502, "upstream_failed", false
	failed.Attempts[0].Class, failed.Attempts[0].Status, failed.Attempts[0].RetryAfter = "rate_limited", 429, 12_000_000
	refused := &Record{Request: "req_x", Time: noon, Dialect: "chat", Asked: "auto", Status: 403, Outcome: "denied_by_policy", Rule: "no secrets"}
	for name, c := range map[string]struct {
		r *Record
		e *Explained
	}{
		"plain":  {plain, &Explained{[]ExplainedCandidate{{"xai/grok", "preview", "status"}, {"a/b", "takes no images", "capability"}}}},
		"failed": {failed, nil}, "refused": {refused, nil}, "everything": {fullRecord(), nil}, "nothing": {&Record{Time: noon}, nil},
	} {
		var b strings.Builder
		if err := Story(&b, c.r, c.e); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", "story", name+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, b.String(), want)
		}
	}
}

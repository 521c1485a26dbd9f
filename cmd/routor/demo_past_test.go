package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/routor/routor/policies"
)

// asked is what a command gives as JSON.
func asked(t *testing.T, into any, args ...string) {
	t.Helper()
	code, out, notes := routor(t, "", args...)
	if code != 0 {
		t.Fatalf("%v: %d %s", args, code, notes)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
}

func TestDemoHasAPast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	s := serve(t, "--demo", "--demo-history", "600", "--demo-traffic", "20", "--data", dir)
	t.Setenv("ROUTOR_URL", s.base)
	t.Setenv("ROUTOR_ADMIN_KEY", demoAdminKey)
	s.says(t, "demo: 600 decisions of the last 24 hours are made up")
	var rows []struct {
		Time time.Time `json:"time"`
		Demo bool      `json:"demo"`
	}
	s.until(t, "traffic of now", func() bool {
		asked(t, &rows, "decision", "list", "--limit", "1000", "-o", "json")
		return len(rows) > 620 && time.Since(rows[0].Time) < time.Minute
	})
	old := 0
	for _, r := range rows {
		if !r.Demo {
			t.Fatalf("a decision is not marked: %+v", r)
		}
		if time.Since(r.Time) > 5*time.Minute {
			old++
		}
	}
	if old < 590 {
		t.Errorf("%d decisions of the past among %d", old, len(rows))
	}
	var keys, versions []map[string]any
	asked(t, &keys, "key", "list", "-o", "json")
	asked(t, &versions, "policy", "history", "-o", "json")
	if len(keys) != 3 || len(versions) != 3 || versions[0]["note"] == "" {
		t.Errorf("%d keys, %v", len(keys), versions)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("%d %s", code, s.notes)
	}

	// What is made up and what is real never share a folder.
	if code, _, notes := routor(t, "", "serve", "--data", dir, "--listen", "127.0.0.1:0"); code != 1 || !strings.Contains(notes, "records of a demo") {
		t.Errorf("%d %s", code, notes)
	}
	taken := t.TempDir()
	if err := os.Mkdir(filepath.Join(taken, "nats"), 0o700); err != nil {
		t.Fatal(err)
	}
	if code, _, notes := routor(t, "", "serve", "--demo", "--data", taken, "--listen", "127.0.0.1:0"); code != 1 || !strings.Contains(notes, "real keys and records") {
		t.Errorf("%d %s", code, notes)
	}
}

func TestDemoPoliciesDiffer(t *testing.T) {
	t.Parallel()
	list := demoPolicies(time.Now())
	if len(list) != 3 || !strings.Contains(string(list[2].Content), "structured output wants care") || strings.Contains(string(list[1].Content), "structured output wants care") {
		t.Error("the rule is not what the third version adds")
	}
	for i, want := range []string{"balance: 0.6", "balance: 0.4", "balance: 0.4"} {
		if !strings.Contains(string(list[i].Content), want) {
			t.Errorf("version %d lacks %q", i+1, want)
		}
	}
	if strings.Count(string(list[2].Content), "\n") != strings.Count(string(policies.Default()), "\n") {
		t.Error("the third version is another than the shipped policy in more than its balance")
	}
}

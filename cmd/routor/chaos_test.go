package main

import (
	"os"
	"sort"
	"testing"
	"time"

	"github.com/routor/routor/bench/chaos"
)

// TestChaos is a short run in bad weather; `make chaos` is a longer one.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute and more")
	}
	t.Setenv(roleVariable, "routor")
	report, err := chaos.Run(t.Context(), chaos.Options{
		Program: os.Args[0], Seed: 1, Duration: 20 * time.Second, Rate: 60, Running: 200, Sample: 5 * time.Second, Settle: time.Minute,
		Told: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if t.Logf("%s", report); len(report.Wrong) > 0 || report.Clients.Whole == 0 || len(report.Failovers) == 0 {
		sort.Strings(report.Wrong)
		t.Errorf("%v", report.Wrong)
	}
}

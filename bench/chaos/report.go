package chaos

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a run found.
type Report struct {
	Seed      uint64         `json:"seed"`
	Took      time.Duration  `json:"took"`
	Clients   Clients        `json:"clients"`
	Failovers map[string]int `json:"failovers"` // by class of the error
	Swaps     map[string]int `json:"swaps"`
	Unhelped  map[string]int `json:"unhelped"` // failures that nobody could have helped, by what was said
	Before    *Sample        `json:"before"`
	After     *Sample        `json:"after"`
	Curve     []Sample       `json:"curve"`
	Wrong     []string       `json:"wrong"` // what should not have been; empty = all is well
	Kinds     map[string]int `json:"wrong_by_kind"`

	failed []failedRequest
}

// Clients is what clients saw.
type Clients struct {
	Sent     int            `json:"sent"`
	Streams  int            `json:"streams"`
	By       map[string]int `json:"by_path"`
	Whole    int            `json:"whole"`    // complete answers, each its own, held against their marks
	Broken   int            `json:"broken"`   // streams that broke after their first words, and said so
	Told     int            `json:"told"`     // streams that failed before their first words, and said so
	Left     int            `json:"left"`     // clients that went away
	Statuses map[int]int    `json:"statuses"` // of errors
}

func (r *Report) init(o *Options) {
	r.Seed = o.Seed
	r.Swaps, r.Unhelped, r.Kinds = map[string]int{}, map[string]int{}, map[string]int{}
	r.Clients.By, r.Clients.Statuses = map[string]int{}, map[int]int{}
}

// mostWrong bounds how much of what went wrong is kept.
const mostWrong = 50

func (r *Report) wrong(kind, format string, args ...any) {
	r.Kinds[kind]++
	if len(r.Wrong) < mostWrong {
		r.Wrong = append(r.Wrong, kind+": "+fmt.Sprintf(format, args...))
	}
}

// judge looks at each request that failed: whether a candidate of its chain was well all the while, and would have answered.
func (r *run) judge(ctx context.Context) {
	for i := range r.report.failed {
		f := &r.report.failed[i]
		var story struct {
			Record struct {
				Decision struct {
					Chain []struct{ Deployment, Provider string }
				}
				Attempts []struct{ Deployment, Class string }
			}
		}
		d := &story.Record
		if err := r.admin(ctx, "GET", "/admin/decisions/"+f.id, nil, &story); err != nil {
			r.report.wrong("no record", "%s HTTP %d %s: %v", f.id, f.status, f.code, err)
			continue
		}
		helped := ""
		for _, c := range d.Decision.Chain {
			if well(r.weather, c.Provider, f.from, f.to) {
				helped = c.Deployment
			}
		}
		final := f.code == "content_filter" || f.code == "invalid_request"
		if helped != "" && !final {
			r.report.wrong("not answered", "%s HTTP %d %s (%.1f to %.1f s): %s was well; attempts %v; %s", f.id, f.status, f.code, f.from.Seconds(), f.to.Seconds(), helped, d.Attempts, f.body)
			continue
		}
		r.report.Unhelped[fmt.Sprintf("%d %s", f.status, f.code)]++
	}
}

// String is the report for people.
func (r *Report) String() string {
	var b strings.Builder
	c := &r.Clients
	fmt.Fprintf(&b, "seed %d, %s, %d requests (%.0f/s), %d of them streams", r.Seed, r.Took.Round(time.Second), c.Sent, float64(c.Sent)/r.Took.Seconds(), c.Streams)
	for _, path := range slices.Sorted(maps.Keys(c.By)) {
		fmt.Fprintf(&b, ", %d %s", c.By[path], path)
	}
	fmt.Fprintf(&b, "\nclients saw: %d whole answers, %d streams that broke and said so, %d that failed before their first words and said so, %d clients left\n", c.Whole, c.Broken, c.Told, c.Left)
	fmt.Fprintf(&b, "errors: %v; nobody could have answered: %v\n", c.Statuses, r.Unhelped)
	fmt.Fprintf(&b, "failovers by class: %v\nswapped: %v\n", r.Failovers, r.Swaps)
	if r.Before != nil && r.After != nil {
		fmt.Fprintf(&b, "before: %s\nafter:  %s\n", r.Before, r.After)
	}
	if len(r.Kinds) == 0 {
		b.WriteString("nothing wrong\n")
	} else {
		fmt.Fprintf(&b, "WRONG: %v\n  %s\n", r.Kinds, strings.Join(r.Wrong, "\n  "))
	}
	return b.String()
}

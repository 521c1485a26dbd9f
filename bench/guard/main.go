// Command guard holds the cost of a request and of its steps against what they cost before.
//
// Processor time counts as a ratio to a bare proxy's in the same rounds, so that neither another machine nor other work on it
// looks like a regression: a step fails when it takes twice its ratio, in two measurements, one after the other. What is
// allocated is counted with the collector off, which makes the counts exact.
//
//	go run ./bench/guard            # compare: what make guard runs
//	go run ./bench/guard -write     # write the baselines: what make baselines runs
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	var o options
	flag.StringVar(&o.baseline, "baseline", "bench/baselines/guard.txt", "file of the baseline, in Go's format of benchmarks")
	flag.StringVar(&o.measured, "measured", "bench/reports/guard.txt", "file for what was measured, in the same format")
	flag.IntVar(&o.rounds, "rounds", 6, "how often everything is measured")
	flag.BoolVar(&o.write, "write", false, "write the baseline in place of comparing with it")
	flag.Parse()
	if err := guard(&o); err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}

type options struct {
	baseline, measured string
	rounds             int
	write              bool
}

func guard(o *options) error {
	dir, err := os.MkdirTemp("", "guard-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := build(dir); err != nil {
		return err
	}
	now, err := measure(dir, o.rounds, nil)
	if err != nil {
		return err
	}
	if o.write {
		return now.write(o.baseline)
	}
	before, err := readFigures(o.baseline)
	if err != nil {
		return fmt.Errorf("%w: write it with make baselines", err)
	}
	if err := now.write(o.measured); err != nil {
		return err
	}
	found := compare(before, now)
	if slow := slower(found); len(slow) > 0 {
		// What else ran may have hit one benchmark alone: only what is slow again is slow.
		again, err := measure(dir, o.rounds, slow)
		if err != nil {
			return err
		}
		found = confirm(found, compare(before, again))
	}
	benchstat(o.baseline, o.measured)
	return report(os.Stdout, found)
}

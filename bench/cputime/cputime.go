// Package cputime has benchmarks report the processor time of an operation: other work on a machine stretches wall time as it
// likes, but hardly changes the work in an operation.
package cputime

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Unit is the name under which benchmarks report it: nanoseconds of processor time, user and system, of the whole process.
const Unit = "cpu-ns/op"

// Start begins to count. stop is called behind the loop, and reports.
func Start(b *testing.B) (stop func()) {
	before := Used()
	return func() { b.ReportMetric(float64(Used()-before)/float64(b.N), Unit) }
}

// Used is what the process has used of its processors since its start, in user and system mode; 0 = the system does not say.
func Used() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Package cputime counts processor time: other work on a machine stretches wall time as it likes, but hardly changes the work
// in an operation.
package cputime

// Unit is the name under which benchmarks report it: nanoseconds of processor time, user and system, of the whole process.
const Unit = "cpu-ns/op"

// Benchmark is a testing.B, which programs need not carry.
type Benchmark interface {
	ReportMetric(n float64, unit string)
}

// Start begins to count. stop is called behind the loop with b.N, and reports.
func Start(b Benchmark) (stop func(n int)) {
	before := Used()
	return func(n int) { b.ReportMetric(float64(Used()-before)/float64(n), Unit) }
}

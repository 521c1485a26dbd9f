//go:build unix

package cputime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Used is what the process has used of its processors since its start, in user and system mode; 0 = the system does not say.
func Used() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

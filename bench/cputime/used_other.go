//go:build !unix

package cputime

import "time"

// Used is wall time here: this system does not tell the processor's.
func Used() time.Duration { return time.Since(start) }

var start = time.Now()

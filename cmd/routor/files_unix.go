//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// enoughFiles is how many open files a gateway wants to be allowed: two sockets for each of some 30,000 streams.
const enoughFiles = 1 << 16

// raiseFiles lets this process have as many open files as it may, and enough of them where it is privileged to say so; 0 = the
// system does not tell. Processes that it starts have the same limit.
func raiseFiles() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil {
		return 0
	}
	if want := (unix.Rlimit{Cur: max(l.Max, enoughFiles), Max: max(l.Max, enoughFiles)}); unix.Setrlimit(unix.RLIMIT_NOFILE, &want) == nil {
		return int(want.Cur)
	}
	if want := (unix.Rlimit{Cur: l.Max, Max: l.Max}); unix.Setrlimit(unix.RLIMIT_NOFILE, &want) == nil {
		return int(want.Cur)
	}
	return int(l.Cur)
}

package load

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used.
type Usage struct {
	CPU    time.Duration // user and system, since its start
	RSS    int64         // bytes resident now
	Peak   int64         // most bytes resident so far
	Thread int           // threads now
}

// clockTick is the unit of /proc/PID/stat: Linux shows user space 100 a second on all architectures that Go runs on.
const clockTick = time.Second / 100

// UsageOf reads a process's usage from /proc; false = there is none, or this system has no /proc.
func UsageOf(pid int) (u Usage, ok bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil || pid <= 0 {
		return u, false
	}
	// The name, in brackets, may hold anything.
	_, rest, found := strings.Cut(string(stat[max(strings.LastIndexByte(string(stat), ')'), 0):]), " ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 18 {
		return u, false
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	u.CPU = time.Duration(user+system) * clockTick
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		return u, false
	}
	for _, line := range strings.Split(string(status), "\n") {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			u.RSS = n << 10
		case "VmHWM":
			u.Peak = n << 10
		case "Threads":
			u.Thread = int(n)
		}
	}
	return u, true
}

package api

import (
	"bytes"
	"runtime/pprof"
	"time"
)

// longestProfile bounds how long one request may watch the processor.
const longestProfile = 2 * time.Minute

// adminPprof gives one profile of the running process in the format of go tool pprof: cpu for so many seconds, or one of those that
// runtime/pprof keeps. Profiles hold addresses and names of functions, nothing of requests.
func (c *call) adminPprof(name string) *fault {
	var profile bytes.Buffer
	if name == "cpu" {
		seconds, err := c.QueryArgs().GetUfloat("seconds")
		if err != nil {
			seconds = 10
		}
		if seconds <= 0 || seconds > longestProfile.Seconds() {
			return failure(codeBadHeader, "seconds: %g is not above 0 and up to %g", seconds, longestProfile.Seconds())
		}
		if err := pprof.StartCPUProfile(&profile); err != nil {
			return failure(codeBusy, "a profile of the processor is being made already: ask again when it has ended")
		}
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		pprof.StopCPUProfile()
	} else {
		p := pprof.Lookup(name)
		if p == nil {
			return failure(codeNotFound, "there is no profile %q: cpu, allocs, heap, goroutine, threadcreate, block, mutex", name)
		}
		if err := p.WriteTo(&profile, 0); err != nil {
			return failure(codeInternal, "the profile could not be written: %v", err)
		}
	}
	c.Response.Header.SetContentType("application/octet-stream")
	c.Response.SetBodyRaw(profile.Bytes())
	return nil
}

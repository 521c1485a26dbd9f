package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Sample is what the server's process holds at a moment.
type Sample struct {
	At         time.Duration `json:"at"`
	Goroutines float64       `json:"goroutines"`
	Files      float64       `json:"files"`     // open, connections among them
	Upstream   int           `json:"upstream"`  // connections that the simulated providers have
	Resident   float64       `json:"resident"`  // bytes
	Heap       float64       `json:"heap"`      // bytes in use
	InFlight   float64       `json:"in_flight"` // requests
}

func (s *Sample) String() string {
	return fmt.Sprintf("%.0f goroutines, %.0f open files, %d connections to providers, %.1f MB resident, %.1f MB heap", s.Goroutines, s.Files, s.Upstream, s.Resident/1e6, s.Heap/1e6)
}

// metrics are the server's figures whose name begins with one of the prefixes.
func (r *run) metrics(ctx context.Context) (map[string]float64, error) {
	var text []byte
	if err := r.admin(ctx, "GET", "/metrics", nil, &text); err != nil {
		return nil, err
	}
	out := map[string]float64{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, value, ok := cutLast(lines.Text(), ' ')
		if f, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.HasPrefix(name, "#") {
			out[name] = f
		}
	}
	return out, nil
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func (r *run) sample(ctx context.Context) (*Sample, error) {
	m, err := r.metrics(ctx)
	if err != nil {
		return nil, err
	}
	return &Sample{At: r.since(), Goroutines: m["go_goroutines"], Files: openFiles(r.child.PID()), Upstream: r.fleet.Connections(),
		Resident: m["process_resident_memory_bytes"], Heap: m["go_memstats_heap_inuse_bytes"], InFlight: m["routor_requests_in_flight"]}, nil
}

// openFiles is how many files and connections a process has; 0 where that is not told.
func openFiles(pid int) float64 {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return float64(len(list))
}

// watch looks at the server from time to time.
func (r *run) watch(ctx context.Context) {
	for told := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.o.Sample):
		}
		s, err := r.sample(ctx)
		if err != nil {
			continue
		}
		r.mu.Lock()
		r.report.Curve = append(r.report.Curve, *s)
		c := r.report.Clients
		wrong := r.report.Wrong
		r.mu.Unlock()
		for ; told < len(wrong); told++ {
			r.tell("WRONG: %s", wrong[told])
		}
		r.tell("%4.0f s: %d sent, %d whole, %d broken; %.0f in flight, %s; %d wrong", s.At.Seconds(), c.Sent, c.Whole, c.Broken, s.InFlight, s, len(wrong))
	}
}

// spare is how much more there may be in the end than there was before: what a runtime keeps for later.
const spare = 20

// settled waits until goroutines and open files are back to what they were, and gives what there is then.
func (r *run) settled(ctx context.Context, before *Sample) (s *Sample, err error) {
	r.client.CloseIdleConnections()
	for end := time.Now().Add(r.o.Settle); ; {
		if s, err = r.sample(ctx); err != nil {
			return nil, err
		}
		if before == nil && s.InFlight == 0 {
			return s, nil
		}
		if before != nil && s.InFlight == 0 && s.Goroutines <= before.Goroutines+spare && s.Files <= before.Files+spare {
			return s, nil
		}
		if time.Now().After(end) {
			break
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
	if before != nil {
		r.report.wrong("leak", "after %s: %s; before: %s", r.o.Settle, s, before)
	}
	return s, nil
}

// failovers are the server's own count, by the class of the error.
func (r *run) failovers(ctx context.Context) (map[string]int, error) {
	m, err := r.metrics(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for name, n := range m {
		if class, ok := strings.CutPrefix(name, `routor_failovers_total{class="`); ok && n > 0 {
			out[strings.TrimSuffix(class, `"}`)] = int(n)
		}
		if strings.HasPrefix(name, "routor_panics_total") && n > 0 {
			r.report.wrong("panics", "%g: %s", n, r.child.Said())
		}
	}
	return out, nil
}

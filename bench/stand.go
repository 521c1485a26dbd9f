package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/routor/routor/bench/load"
)

// Stand is what a comparison is made of: an upstream, a bare proxy and Routor before it, each in a process of its own so that
// processor time and memory are told apart.
type Stand struct {
	Targets  []load.Target
	children []*load.Child
	dir      string
}

// servesMark is what each of the processes says before its address.
const servesMark = " serves "

// standConfig is Routor as its users run it, with one provider. Everything is on: rules, metrics, records.
const standConfig = `providers:
  openai: {base_url: "http://%s/v1", api_key: sk-bench-0000000000000000, max_conns: 20000}
`

// NewStand starts the processes of a comparison with the program itself. It must be closed.
func NewStand(ctx context.Context, program string, pace Pace) (_ *Stand, err error) {
	s := &Stand{}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "routor-bench-"); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	upstream, err := s.start(ctx, load.Direct, program, "bench", "upstream", "--delay", pace.Delay.String(), "--chunk-delay", pace.Chunk.String())
	if err != nil {
		return nil, err
	}
	if _, err := s.start(ctx, load.Bare, program, "bench", "bare-proxy", upstream.Addr); err != nil {
		return nil, err
	}
	config := filepath.Join(s.dir, "routor.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, standConfig, upstream.Addr), 0o600); err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	_, err = s.start(ctx, load.Routor, program, "serve", "--config", config, "--listen", "127.0.0.1:0", "--data", filepath.Join(s.dir, "data"))
	return s, err
}

func (s *Stand) start(ctx context.Context, name, program string, args ...string) (*load.Child, error) {
	c, err := load.Start(ctx, servesMark, program, args...)
	if err != nil {
		return nil, fmt.Errorf("bench: %s: %w", name, err)
	}
	s.children = append(s.children, c)
	s.Targets = append(s.Targets, load.Target{Name: name, URL: "http://" + c.Addr + "/v1/chat/completions", PID: c.PID()})
	return c, nil
}

// Close ends the processes.
func (s *Stand) Close() {
	for _, c := range s.children {
		c.Stop()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// StandardCases are what the goals are stated in: throughput of short and longer prompts and of streams at 32 connections, and
// latency at 1,000 requests a second.
func StandardCases(d time.Duration) []load.Case {
	warm := d / 4
	closed := func(name string, w load.Workload) load.Case {
		return load.Case{Name: name, Workload: w, Plan: load.Plan{Connections: 32, Duration: d, WarmUp: warm}}
	}
	return []load.Case{
		closed("plain, 150 B", load.Sized("150 B", 150, false)),
		closed("plain, 2 KB", load.Sized("2 KB", 2<<10, false)),
		closed("stream of 20 chunks", load.Sized("stream", 150, true)),
		{Name: "plain, 150 B, 1,000 a second", Workload: load.Sized("150 B", 150, false), Plan: load.Plan{Connections: 64, Rate: 1000, Duration: d, WarmUp: warm}},
	}
}

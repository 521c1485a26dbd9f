// Package chaos runs Routor in bad weather: simulated providers that fail in every way, clients in all dialects, and policies,
// classifiers and keys that are swapped meanwhile. It holds every answer against what a client may expect.
package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/routor/routor/bench/load"
	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/providers/sim"
)

// Options say how a run is.
type Options struct {
	Program   string        // the routor to run
	Seed      uint64        // of weather, requests and answers
	Duration  time.Duration // of the weather
	Rate      float64       // requests a second
	Running   int           // most requests at the same time
	Scenario  *sim.Scenario // nil = drawn from the seed
	Sample    time.Duration // between two looks at memory, goroutines and connections
	Settle    time.Duration // how long everything may take to come back to what it was
	Kill      bool          // kill it in the middle and start it again
	Told      func(string)  // what goes on, for people
	Listen    string        // "" = a free port of loopback
	KeepState string        // "" = a folder that is removed in the end
}

// run is a run under way.
type run struct {
	o       Options
	fleet   *sim.Fleet
	weather *sim.Scenario
	dir     string
	child   *load.Child
	base    string
	client  *http.Client
	began   time.Time // of the weather
	models  []string
	keys    keyRing
	report  Report

	mu   sync.Mutex
	seen map[string]bool // ids of answers
}

const adminKey = "chaos-admin-key-of-one-run"

// Run makes a run. The error is for what kept it from being made; what it found is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &run{o: o, seen: map[string]bool{}, weather: o.Scenario}
	if r.weather == nil {
		r.weather = Weather(o.Seed, o.Duration)
	}
	r.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: o.Running, MaxConnsPerHost: 0, IdleConnTimeout: 5 * time.Second}}
	defer r.client.CloseIdleConnections()
	r.report.init(&o)
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	defer r.stop()
	if err := r.keys.fill(ctx, r, 8); err != nil {
		return nil, err
	}
	r.ask(ctx, 3*time.Second, "warm-up") // the state of a server at work, in good weather
	before, err := r.settled(ctx, nil)
	if err != nil {
		return nil, err
	}
	r.report.Before = before
	if err := r.fleet.Play(r.weather); err != nil {
		return nil, err
	}
	r.began = time.Now()
	during, stop := context.WithCancel(ctx)
	var around sync.WaitGroup
	around.Go(func() { r.swapPolicies(during) })
	around.Go(func() { r.swapClassifiers(during) })
	around.Go(func() { r.swapKeys(during) })
	around.Go(func() { r.watch(during) })
	r.ask(ctx, o.Duration, "")
	r.report.Took = time.Since(r.began)
	stop()
	around.Wait()
	_ = r.fleet.Play(nil)
	r.judge(ctx)
	r.report.Failovers, err = r.failovers(ctx)
	if err != nil {
		return &r.report, err
	}
	r.report.After, err = r.settled(ctx, before)
	return &r.report, err
}

// profiles of the run: one goes on with broken streams.
const settings = `admin_key: %s
profiles:
  default: {on_filter: next}
  go-on: {on_filter: next, continue: true}
timeouts: {connect: 2s, first_token: 2s, thinking: 3s, idle: 2s, plain: 4s, total: 60s}
clients: {silence: 1s, heartbeat: 1s}
limits: {attempts: 8}
providers:
`

func (r *run) start(ctx context.Context) error {
	r.fleet = sim.New(sim.Options{Seed: r.o.Seed, Latency: 0.01, Marked: true, Strict: true})
	at, err := r.fleet.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	if r.dir, err = os.MkdirTemp("", "routor-chaos-"); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	config := fmt.Sprintf(settings, adminKey)
	cat := catalog.Builtin()
	for _, p := range cat.Providers {
		if r.fleet.Models(p.ID) != nil {
			config += fmt.Sprintf("  %s: {base_url: %q, api_key: simulated}\n", p.ID, r.fleet.URL(p, at.String()))
		}
	}
	for _, d := range cat.Deployments {
		if m := d.Model; m.Status == catalog.Active && m.Caps.Tools == catalog.Yes && m.Caps.Schema == catalog.Yes && r.fleet.Models(d.Provider) != nil {
			r.models = append(r.models, m.ID)
		}
	}
	if err := os.WriteFile(r.configFile(), []byte(config), 0o600); err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	return r.serve(ctx, r.o.Listen)
}

func (r *run) configFile() string { return filepath.Join(r.dir, "routor.yaml") }

// serve starts the server, at an address of its own choice if listen is "".
func (r *run) serve(ctx context.Context, listen string) (err error) {
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	r.child, err = load.Start(ctx, " serves ", r.o.Program, "serve", "--config", r.configFile(), "--listen", listen, "--data", filepath.Join(r.dir, "state"))
	if err != nil {
		return fmt.Errorf("chaos: %w", err)
	}
	r.base = "http://" + r.child.Addr
	return nil
}

func (r *run) stop() {
	if r.child != nil {
		r.child.Stop()
	}
	r.fleet.Close()
	_ = os.RemoveAll(r.dir)
}

func (r *run) tell(format string, args ...any) {
	if r.o.Told != nil {
		r.o.Told(fmt.Sprintf(format, args...))
	}
}

// ask sends requests at the rate for a while, and waits for their answers. Whoever is over Running is left out.
func (r *run) ask(ctx context.Context, d time.Duration, phase string) {
	var all sync.WaitGroup
	defer all.Wait()
	places := make(chan struct{}, r.o.Running)
	random := rand.New(rand.NewPCG(r.o.Seed, uint64(len(phase))))
	start := time.Now()
	for n := 0; ; n++ {
		due := start.Add(time.Duration(float64(n) / r.o.Rate * float64(time.Second)))
		if due.Sub(start) >= d {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		q := draw(random, r.models)
		leave := time.Duration(0)
		if random.IntN(40) == 0 {
			leave = time.Duration(1+random.IntN(400)) * time.Millisecond
		}
		if phase != "" {
			leave = 0
		}
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		all.Go(func() {
			defer func() { <-places }()
			r.one(ctx, q, leave, phase != "")
		})
	}
}

// failedRequest is one that got no answer, to be judged in the end.
type failedRequest struct {
	id, code string
	status   int
	from, to time.Duration
	body     string
}

func (r *run) since() time.Duration { return time.Since(r.began) }

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return s[:min(len(s), 400)]
}

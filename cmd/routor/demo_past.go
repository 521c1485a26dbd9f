package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/engine/access"
	"github.com/routor/routor/engine/demo"
	"github.com/routor/routor/engine/ledger"
	"github.com/routor/routor/engine/store"
	"github.com/routor/routor/policies"
	"github.com/routor/routor/providers/sim"
)

func addDemoFlags(cmd *cobra.Command) {
	cmd.Flags().Bool("demo", false, "simulated providers inside the process: no key, no network; real keys are ignored")
	cmd.Flags().Float64("demo-traffic", 2, "with --demo: requests a second that made-up clients send; 0 = none")
	cmd.Flags().Int("demo-history", 20_000, "with --demo: decisions of the last 24 hours that are made up at the start; 0 = none")
}

// demoMark is the file that tells a demo's folder from one with real records.
const demoMark = "demo"

// keepApart sees to it that a demo's records and real ones never share a folder.
func keepApart(dir string, isDemo bool) error {
	mark := filepath.Join(dir, demoMark)
	_, err := os.Stat(mark)
	marked := err == nil
	if !isDemo {
		if marked {
			return fmt.Errorf("%s holds the records of a demo: name another folder with --data, or remove this one", dir)
		}
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "nats")); err == nil && !marked {
		return fmt.Errorf("%s holds real keys and records: name another folder for the demo with --data, or leave --data out", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	return os.WriteFile(mark, []byte("The records in this folder are made up by routor serve --demo.\n"), 0o600)
}

// The demo's profiles; they keep the text of prompts, which are made up.
const demoProfiles = `# Profiles of the demo: what each key may use and spend.
default: {prompts: text}
web:
  ceiling: STANDARD
  max_cost: 0.05
  balance: 0.4
  prompts: text
  limits: {requests_per_minute: 600, usd_per_day: 20}
agents:
  floor: LIGHT
  max_cost: 0.2
  prompts: text
  limits: {usd_per_day: 60, usd_per_month: 900}
batch:
  ceiling: LIGHT
  balance: 0.2
  prompts: text
`

var demoKeys = []access.Key{
	{Name: "web-app", Team: "shop", Owner: "mara@harbour.example", Profile: "web", Tags: []string{"production"}},
	{Name: "coding-agents", Team: "platform", Owner: "jonas@harbour.example", Profile: "agents", Tags: []string{"internal"}},
	{Name: "nightly-batch", Team: "data", Owner: "ines@harbour.example", Profile: "batch", Tags: []string{"production", "batch"}},
}

// demoPolicies are the versions that the demo's policy has had; the last is the one that Routor comes with, a little
// thriftier.
func demoPolicies(now time.Time) []store.Version {
	third := string(policies.Default())
	rule := strings.Index(third, "  # The smallest models break JSON")
	second := third[:rule] + third[strings.Index(third, "tests:"):]
	first := strings.Replace(second, "balance: 0.5", "balance: 0.6", 1)
	second, third = strings.Replace(second, "balance: 0.5", "balance: 0.4", 1), strings.Replace(third, "balance: 0.5", "balance: 0.4", 1)
	list := []store.Version{
		{Author: "mara", Note: "Begin with quality before cost", Content: []byte(first), Time: now.Add(-31 * time.Hour)},
		{Author: "jonas", Note: "Balance 0.6 to 0.4: answers stay as good, for less", Content: []byte(second), Time: now.Add(-15 * time.Hour)},
		{Author: "mara", Note: "Tickets came back as broken JSON: no longer from the smallest models", Content: []byte(third), Time: now.Add(-5 * time.Hour)},
	}
	for i := range list {
		list[i].Kind, list[i].Time = store.Policy, list[i].Time.UTC().Truncate(time.Millisecond)
	}
	return list
}

// playDemo makes up the demo's past, and then sends its traffic until ctx ends. It is called when the server listens: nobody waits
// for it.
func (s *service) playDemo(ctx context.Context, cmd *cobra.Command) {
	if s.fleet == nil || !s.state.Embedded() {
		return
	}
	n, _ := cmd.Flags().GetInt("demo-history")
	rate, _ := cmd.Flags().GetFloat64("demo-traffic")
	outage := ""
	if n > 0 && s.ledger != nil && s.ledger.Len() == 0 {
		began := time.Now()
		o, err := s.makePast(ctx, n)
		if outage = o.Provider; err != nil && ctx.Err() == nil {
			note(cmd, "warning: the demo's past could not be made up: %v", err)
		} else if err == nil {
			note(cmd, "demo: %d decisions of the last 24 hours are made up (%d ms)", n, time.Since(began).Milliseconds())
		}
	}
	if rate <= 0 || ctx.Err() != nil {
		return
	}
	if outage != "" { // the last of the trouble, for real: what comes back is seen to come back
		_ = s.fleet.Set(outage, sim.Faults{Error: "overloaded", Rate: 1})
		over := time.AfterFunc(6*time.Second, func() { _ = s.fleet.Set(outage, sim.Faults{}) })
		defer over.Stop()
	}
	if s.c.TLS.Cert != "" {
		return // the certificate is for the server's name, by which it need not be reachable here
	}
	if !s.visitors() && s.demoSecrets != nil {
		s.demoSecrets[""] = s.demoSecrets[demoKeys[0].Name]
	}
	(&demo.Traffic{Base: "http://" + reachable(s.server.Addr()), Secrets: s.demoSecrets, Rate: rate, Seed: uint64(time.Now().UnixNano())}).Run(ctx)
}

// reachable is an address as this machine reaches it.
func reachable(addr net.Addr) string {
	if host, port, err := net.SplitHostPort(addr.String()); err == nil && net.ParseIP(host).IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr.String()
}

// makePast makes up profiles, keys, versions of the policy, and a day of decisions.
func (s *service) makePast(ctx context.Context, n int) (demo.Outage, error) {
	now := time.Now()
	if s.documents.Live(store.Profiles) == nil {
		v := store.Version{Kind: store.Profiles, Author: "mara", Note: "A profile for each kind of client", Content: []byte(demoProfiles), Time: now.Add(-32 * time.Hour).UTC().Truncate(time.Millisecond)}
		if err := s.documents.Past(ctx, v); err != nil {
			return demo.Outage{}, err
		}
	}
	keys := map[string]*access.Key{}
	s.demoSecrets = map[string]string{}
	profiles := s.engine.Live.Acquire()
	defer profiles.Release()
	for _, k := range demoKeys {
		if profiles.Profile(k.Profile) == nil {
			continue // somebody brought profiles of their own
		}
		secret, made, err := s.store.Create(k, "mara")
		if err != nil {
			return demo.Outage{}, err
		}
		keys[k.Name], s.demoSecrets[k.Name] = &made, secret
	}
	var eras []demo.Era
	defer func() {
		for _, e := range eras {
			e.Snapshot.Release()
		}
	}()
	if s.documents.Live(store.Policy) == nil {
		for _, v := range demoPolicies(now) {
			if err := s.documents.Past(ctx, v); err != nil {
				return demo.Outage{}, err
			}
			eras = append(eras, demo.Era{Snapshot: s.engine.Live.Acquire(), Since: v.Time})
		}
	} else {
		eras = append(eras, demo.Era{Snapshot: s.engine.Live.Acquire()})
	}
	past := demo.Past{Eras: eras, Keys: keys, To: now, Over: 24 * time.Hour, N: n, Seed: 1, Put: func(r *ledger.Record) { s.ledger.Put(r) }}
	outage, err := past.Make(ctx)
	if err != nil {
		return outage, err
	}
	return outage, s.ledger.Flush(ctx)
}

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/routor/routor/engine/catalog"
	"github.com/routor/routor/engine/config"
	"github.com/routor/routor/providers"
	"github.com/routor/routor/providers/sim"
)

// demoAdminKey is the admin key of a demo that only this machine can reach. It guards nothing but simulations.
const demoAdminKey = "demo-admin-key"

// demoLink is how long the link is good that a demo prints when it starts: whoever tries it reads first.
const demoLink = 15 * time.Minute

// visitors says whether requests without a key are answered although there are keys: in a demo that only this machine can reach
// the keys are there to be looked at.
func (s *service) visitors() bool { return s.fleet != nil && s.c.Loopback() }

// startDemo connects the simulated providers in place of real ones, each in its own dialect and as strict as the real one;
// ignored are the variables with real keys that were found.
func startDemo(c *config.Config, cat *catalog.Catalog) (fleet *sim.Fleet, made map[string]connected, ignored []string, err error) {
	fleet, made = sim.New(sim.Options{Catalog: cat, Latency: 1, Seed: 1, Strict: true}), map[string]connected{}
	for _, p := range cat.Providers {
		for _, name := range p.KeyEnv {
			if os.Getenv(name) != "" {
				ignored = append(ignored, name)
			}
		}
		if fleet.Models(p.ID) == nil {
			continue
		}
		connection, err := providers.Connect(providers.Options{
			Provider: fleet.Native(p), Dial: fleet.Dial(p.ID), Key: func() string { return "simulated" },
			Timeouts: providers.Timeouts(c.Timeouts), UserAgent: "routor/" + version,
		})
		if err != nil {
			fleet.Close()
			return nil, nil, nil, fmt.Errorf("demo: %w", err)
		}
		made[p.ID] = connected{connection, nil}
	}
	return fleet, made, ignored, nil
}

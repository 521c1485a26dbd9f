package main

import (
	"github.com/spf13/cobra"

	"github.com/routor/routor/bench/chaos"
	"github.com/routor/routor/providers/sim"
)

// addScenarioFlag adds the flag for the weather of the simulated providers.
func addScenarioFlag(cmd *cobra.Command) {
	cmd.Flags().String("scenario", "", "a YAML file with what goes wrong at the simulated providers, when and how often (docs/scenario.yaml)")
}

// playScenario plays the weather that was asked for, if any was.
func playScenario(cmd *cobra.Command, fleet *sim.Fleet) error {
	file, _ := cmd.Flags().GetString("scenario")
	if file == "" {
		return nil
	}
	s, err := chaos.ReadScenario(file)
	if err != nil {
		return err
	}
	return fleet.Play(s)
}

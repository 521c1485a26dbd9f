package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"github.com/routor/routor/bench/chaos"
)

func benchChaos() *cobra.Command {
	cmd := &cobra.Command{
		Use: "chaos", Short: "Run Routor in bad weather and hold every answer against what clients may expect", Args: arguments(0, 0),
		Long: `Starts a server in a process of its own before simulated providers in random weather (errors of each class, stalls, cuts at any byte,
resets, pages of HTML, half events, wrong lengths), asks it in the three dialects, with tools and as streams, and swaps policies,
classifiers and keys meanwhile. Every answer carries a mark of its own, so that one that is cut, mixed, doubled or another's is found;
every request that failed is held against what was well then; goroutines and open files must come back to what they were. The same
seed gives the same weather. It ends with 1 if anything was wrong.`,
		Example: `  routor bench chaos
  routor bench chaos --seed 7 --duration 5m --rate 400
  routor bench chaos --duration 20m --sample 10s --scenario docs/scenario.yaml`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := cmd.Flags()
			o := chaos.Options{Settle: time.Minute, Told: func(s string) { note(cmd, "%s", s) }}
			o.Seed, _ = f.GetUint64("seed")
			o.Duration, _ = f.GetDuration("duration")
			o.Rate, _ = f.GetFloat64("rate")
			o.Running, _ = f.GetInt("running")
			o.Sample, _ = f.GetDuration("sample")
			var err error
			if file, _ := f.GetString("scenario"); file != "" {
				if o.Scenario, err = chaos.ReadScenario(file); err != nil {
					return err
				}
			}
			if o.Program, err = os.Executable(); err != nil {
				return fmt.Errorf("bench: %w", err)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt)
			defer stop()
			report, err := chaos.Run(ctx, o)
			if report != nil {
				fmt.Fprint(cmd.OutOrStdout(), report)
			}
			if err == nil && len(report.Wrong) > 0 {
				err = errors.New("chaos: not everything was as it should be")
			}
			return err
		},
	}
	cmd.Flags().Uint64("seed", 1, "of weather, requests and answers")
	cmd.Flags().Duration("duration", 2*time.Minute, "how long")
	cmd.Flags().Float64("rate", 300, "requests a second")
	cmd.Flags().Int("running", 500, "most requests at the same time")
	cmd.Flags().Duration("sample", 5*time.Second, "between two looks at memory, goroutines and connections")
	addScenarioFlag(cmd)
	return cmd
}
